"""What Zalo is to an installation: settings, what is loaded, its mouths, what is announced."""

import asyncio
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.speech import Pace, TooFast, Unreachable
from channels.telegram import ABILITIES as TELEGRAM
from channels.web import ABILITIES as WEB
from channels.zalo_bot_speaking import ZaloBotMouth
from channels.zalo_speaking import ZaloMouth
from webhook import announce as announcing
from webhook import metrics_page, zalo, zalo_bot
from webhook.announce import announce_zalo_bot
from webhook.app import create_app
from webhook.examination import in_force
from webhook.settings import read_settings
from webhook.trouble import SettingTrouble
from webhook.wiring import LAW, abilities, doors, mouths

ROOT = Path(__file__).parents[2]
API = "http://127.0.0.1:9"
SECRETS = {
    "zalo_app_secret": "app-secret-of-the-tests",
    "zalo_oa_secret": "oa-secret-of-the-tests",
    "zalo_access_token": "AT-of-the-tests",
    "zalo_refresh_token": "RT-of-the-tests",
    "zalo_bot_token": "123456:bot-of-the-tests",
    "zalo_bot_secret": "bot-secret-of-the-tests",
}
OA = {"zalo_app_id": "1122", "zalo_oa_id": "3344", "zalo_app_secret": "a", "zalo_oa_secret": "o"}
BOT = {"zalo_bot_token": "123456:bot-of-the-tests"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zalo_app_id", "x"),
        ("zalo_app_id", "12 34"),
        ("zalo_oa_id", "https://zalo.me/1"),
        ("zalo_app_secret", "a b"),
        ("zalo_oa_secret", "mẫu"),
        ("zalo_access_token", "a\r\nx: y"),
        ("zalo_refresh_token", "a\tb"),
        ("zalo_card_url", "http://k.example/logo.png"),
        ("zalo_card_url", "https://k.example/logo.svg"),
        ("zalo_signature", "off"),
        ("zalo_signature", "LOG"),
        ("zalo_per_second", "0"),
        ("zalo_per_second", "fast"),
        ("zalo_buttons", "perhaps"),
        ("zalo_api_url", "openapi.zalo.me"),
        ("zalo_oauth_url", "ftp://x.example"),
        ("zalo_bot_api_url", "x"),
        ("zalo_bot_token", "no-number"),
        ("zalo_bot_token", "123:a/../b"),
        ("zalo_bot_secret", "short"),
        ("zalo_bot_secret", "x" * 257),
        ("zalo_bot_secret", "with space"),
        ("zalo_bot_per_second", "0"),
        ("zalo_bot_per_second", "fast"),
        ("zalo_bot_per_chat_seconds", "-1"),
        ("zalo_bot_per_chat_seconds", "61"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(tmp_path, name, value):
    """A setting that cannot be is named in one line, and a secret in it is not repeated."""
    with pytest.raises(SettingTrouble) as raised:
        read_settings(data_dir=tmp_path, **(OA | {name: value}))
    assert f"KETDOAN_{name}".upper() in str(raised.value)
    if name in SECRETS:
        assert value not in str(raised.value)


@pytest.mark.parametrize("missing", OA)
def test_half_an_account_is_told(tmp_path, missing):
    """Some of the four without the others are a typing error, and the first that lacks is named."""
    with pytest.raises(SettingTrouble, match=f"KETDOAN_{missing}".upper()):
        read_settings(
            data_dir=tmp_path, **{name: value for name, value in OA.items() if name != missing}
        )


@pytest.mark.parametrize(
    "value", ["14", "1441", "0", "-30", "30.5", "", " ", "half an hour", "1e3"]
)
def test_a_code_is_good_for_a_quarter_of_an_hour_to_a_day(tmp_path, value):
    """Shorter is too short for who installs Zalo first, longer lies about; neither is taken."""
    with pytest.raises(SettingTrouble) as raised:
        read_settings(data_dir=tmp_path, arrival_minutes=value)
    assert "KETDOAN_ARRIVAL_MINUTES: " in str(raised.value)
    if value.lstrip("-").isdigit():
        assert "must be 15 to 1440 minutes" in str(raised.value)


def test_a_code_is_good_for_half_an_hour_unless_told(tmp_path):
    """The default, and both ends."""
    assert read_settings(data_dir=tmp_path).arrival_minutes == 30
    for value in ("15", "1440"):
        assert read_settings(data_dir=tmp_path, arrival_minutes=value).arrival_minutes == int(
            value
        )


@pytest.mark.parametrize(
    "value", ["zalo.me/x", "http://zalo.me/x", "https://", "javascript:x", "x"]
)
def test_a_bots_link_is_an_https_address(tmp_path, value):
    """What people are led to is no address without encryption, and no script."""
    with pytest.raises(SettingTrouble, match="KETDOAN_ZALO_BOT_LINK: must be"):
        read_settings(data_dir=tmp_path, zalo_bot_link=value)


LINK = {"zalo_bot_link": "https://zalo.example/bot"}


@pytest.mark.parametrize(
    ("given", "door"),
    [
        ({}, None),
        (OA, "https://zalo.me/3344"),
        (OA | {"zalo_url": "https://zalo.example/ours"}, "https://zalo.example/ours"),
        ({"zalo_url": "https://zalo.example/ours"}, "https://zalo.example/ours"),
        (BOT, None),
        (LINK, None),
        (BOT | LINK, "https://zalo.example/bot"),
        (OA | BOT | LINK, "https://zalo.me/3344"),
    ],
)
def test_the_door_to_zalo_is_the_accounts_or_the_bots(tmp_path, given, door):
    """The account is found by its id; a bot, which has no such address, by the link that is set."""
    assert doors(read_settings(data_dir=tmp_path, **given)).get("zalo") == door


def test_secrets_show_in_no_listing(tmp_path):
    """Tokens and secrets stand in no representation of the settings and in no examination."""
    made = read_settings(data_dir=tmp_path, **(OA | SECRETS))
    shown = f"{made!r}{made}{in_force(made)}"
    assert not [one for one in SECRETS.values() if one in shown]


def test_without_settings_nothing_is_a_channel(tmp_path):
    """What is not configured is neither a channel nor a mouth; each of both stands by itself."""
    assert mouths(read_settings(data_dir=tmp_path)) == {}
    assert not {"zalo", "zalo-bot"} & set(abilities(read_settings(data_dir=tmp_path)))
    account, bot = read_settings(data_dir=tmp_path, **OA), read_settings(data_dir=tmp_path, **BOT)
    assert set(mouths(account)) == {"zalo"}
    assert set(mouths(bot)) == {"zalo-bot"}
    assert isinstance(mouths(account)["zalo"], ZaloMouth)
    assert isinstance(mouths(bot)["zalo-bot"], ZaloBotMouth)
    able = abilities(account)["zalo"]
    assert (able.pushes, able.asks_identity, able.longest, able.most_choices) == (
        True,
        False,
        2000,
        5,
    )
    assert able.news_line == "receipt-news-zalo"
    bare = abilities(bot)["zalo-bot"]
    assert (bare.lists, bare.most_choices, bare.asks_identity) == (True, None, False)


def test_as_fast_and_with_buttons_as_the_operator_says(tmp_path):
    """The pace is 1.5 a second unless it is set; without buttons lists are whole."""
    assert mouths(read_settings(data_dir=tmp_path, **OA))["zalo"].pace == Pace(1.5, 0)
    made = read_settings(data_dir=tmp_path, **OA, zalo_per_second=5, zalo_buttons=False)
    assert mouths(made)["zalo"].pace == Pace(5, 0)
    assert abilities(made)["zalo"].most_choices is None


def test_a_number_is_asked_for_where_a_picture_is_set(tmp_path):
    """Zalo's form needs a picture; whose number it brings is never taken as proven."""
    assert not abilities(read_settings(data_dir=tmp_path, **OA))["zalo"].asks_contact
    made = read_settings(data_dir=tmp_path, **OA, zalo_card_url="https://k.example/logo.png")
    assert (abilities(made)["zalo"].asks_contact, abilities(made)["zalo"].vouches) == (True, False)


def test_a_bot_is_as_fast_as_the_operator_says(tmp_path):
    """1.5 a second in all and one to a chat, unless it is set otherwise."""
    assert mouths(read_settings(data_dir=tmp_path, **BOT))["zalo-bot"].pace == Pace(1.5, 1.0)
    faster = {"zalo_bot_per_second": 9, "zalo_bot_per_chat_seconds": 0}
    made = read_settings(data_dir=tmp_path, **BOT, **faster)
    assert mouths(made)["zalo-bot"].pace == Pace(9, 0)


def test_the_window_comes_from_the_delivered_terms(tmp_path):
    """For how long and for what price is data with a date; nothing is spent unless it is set."""
    day = date(2026, 11, 20)
    window = abilities(read_settings(data_dir=tmp_path, **OA), day)["zalo"].window
    assert (window.free, window.paid) == (timedelta(hours=48), timedelta(days=7))
    assert (window.price, window.budget, window.template_price) == (55, 0, None)
    paying = {"zalo_budget": 50_000, "zalo_template_id": "12", "zalo_template_price": 300}
    window = abilities(read_settings(data_dir=tmp_path, **OA, **paying), day)["zalo"].window
    assert (window.budget, window.template_price) == (50_000, 300)
    assert abilities(read_settings(data_dir=tmp_path, **BOT), day)["zalo-bot"].window is None
    assert {one.window for one in (TELEGRAM, WEB)} == {None}


def test_every_term_of_a_channel_says_where_it_is_from():
    """No term without source, day of checking and a day to look again."""
    rows = tomllib.loads((LAW / "channels.toml").read_text("utf-8"))["term"]
    assert {row["key"] for row in rows} == {
        "zalo_free_hours",
        "zalo_paid_hours",
        "zalo_message_price",
    }
    for row in rows:
        assert row["kind"] == "channel"
        assert row["source"]
        assert row["checked_on"] < row["review_on"]
        assert row["certainty"] != "seen"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"zalo_budget": -1}, "ZALO_BUDGET"),
        ({"zalo_budget": "nhiều"}, "ZALO_BUDGET"),
        ({"zalo_template_id": "12 34"}, "ZALO_TEMPLATE_ID"),
        ({"zalo_template_id": "12"}, "ZALO_TEMPLATE_PRICE"),
        ({"zalo_template_id": "12", "zalo_template_price": -5}, "ZALO_TEMPLATE_PRICE"),
        ({"zalo_template_id": "12", "zalo_template_price": 1, "zalo_template_field": "a b"},
         "ZALO_TEMPLATE_FIELD"),
    ],
)  # fmt: skip
def test_a_wrong_price_or_template_is_named(tmp_path, given, named):
    """What would spend money is refused at the start, by the name of its setting."""
    with pytest.raises(SettingTrouble, match=f"KETDOAN_{named}"):
        read_settings(data_dir=tmp_path, **OA, **given)


LOADED = """
import sys
from pathlib import Path
from webhook import __main__, serving, wiring, clockwork, announce
from webhook.app import create_app
from webhook.settings import read_settings
from bot.office import Office
from bot.words import Words
from storage.database import Database
from storage.sealed import Keyring
given = dict(one.split("=", 1) for one in sys.argv[2:])
settings = read_settings(data_dir=Path(sys.argv[1]), **given)
database = Database(f"sqlite:///{sys.argv[1]}/x.db", Keyring({1: b"0" * 32}))
office = Office(database, Words.load(wiring.LOCALES), "http://x", wiring.abilities(settings))
create_app(settings, office)
database.close()
known = ("aiohttp", "aiogram", "webhook.zalo", "webhook.zalo_bot")
print(sorted({one for one in sys.modules if one in known or one.startswith("channels.zalo_")}))
"""


@pytest.mark.parametrize(
    ("given", "loaded"),
    [
        ({}, ["channels.zalo_bot"]),
        (OA, ["aiohttp", "channels.zalo_bot", "channels.zalo_letters", "channels.zalo_line",
              "channels.zalo_oauth", "channels.zalo_pair", "channels.zalo_reading", "channels.zalo_speaking",
              "channels.zalo_tokens", "webhook.zalo"]),
        (BOT, ["aiohttp", "channels.zalo_bot", "channels.zalo_bot_reading",
               "channels.zalo_bot_speaking", "webhook.zalo_bot"]),
    ],
)  # fmt: skip
def test_nothing_is_loaded_that_is_not_configured(tmp_path, given, loaded):
    """An installation carries no more of a channel than what it can do there until it is set up."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path), *[f"{a}={b}" for a, b in given.items()]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.strip() == str(loaded), ran.stderr


# --- announcing ------------------------------------------------------------------------------


class Paper:
    """A bot that notes what it was asked and fails as told, then works."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.asked = []

    async def set_webhook(self, address, secret):
        self.asked.append((address, secret))
        if self.errors:
            raise self.errors.pop(0)


@pytest.mark.parametrize(
    ("public", "api", "address"),
    [
        ("https://ketdoan.example", "", "https://ketdoan.example/zalo-bot"),
        ("http://ketdoan.example", "", ""),
        ("http://ketdoan.example", API, "http://ketdoan.example/zalo-bot"),
        ("", API, ""),
    ],
)
def test_the_bot_platform_is_told_where_to_deliver(
    office, tmp_path, monkeypatch, public, api, address
):
    """It is told until it has worked, and only an address that it takes."""
    waited = []

    async def wait(seconds):
        waited.append(seconds)

    monkeypatch.setattr(announcing.asyncio, "sleep", wait)
    given = (
        BOT
        | ({"public_url": public} if public else {})
        | ({"zalo_bot_api_url": api} if api else {})
    )
    bot = Paper(Unreachable(), TooFast(7))
    asyncio.run(announce_zalo_bot(read_settings(data_dir=tmp_path, **given), office, bot))
    assert [one for one, _ in bot.asked] == ([address] * 3 if address else [])
    assert all(len(secret) >= 8 for _, secret in bot.asked)
    assert waited[1:] == ([7] if address else [])


def test_start_up_waits_for_nobody_and_lets_the_lines_go(office, tmp_path):
    """Pages open and close in a moment while neither Zalo can be reached."""
    settings = read_settings(
        data_dir=tmp_path, public_url="http://127.0.0.1:1", zalo_api_url=API, zalo_bot_api_url=API, **OA, **BOT
    )  # fmt: skip
    app = create_app(settings, replace(office, doors={}))

    async def live():
        async with asyncio.timeout(10), app.router.lifespan_context(app):
            await asyncio.sleep(0.05)

    asyncio.run(live())


def test_deliveries_are_counted_by_platform():
    """Who watches sees which platform brought what; the words are ours."""
    zalo.heard_kinds.clear()
    zalo_bot.heard_kinds.clear()
    zalo.heard_kinds["text"] = 3
    zalo_bot.heard_kinds["text"] = 2
    shown = metrics_page._kinds()
    assert shown[("zalo text",)] == 3
    assert shown[("zalo-bot text",)] == 2
    zalo.heard_kinds.clear()
    zalo_bot.heard_kinds.clear()
