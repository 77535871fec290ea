"""What Telegram is to an installation: settings, one bot for a database, its door in our pages."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from chat import MAY

from bot.speech import Gone, TooFast, Unreachable
from storage.store import Store
from webhook import announce as announcing
from webhook.announce import announce, until_done
from webhook.app import create_app
from webhook.clockwork import Clockwork
from webhook.settings import read_settings
from webhook.setup import know_bot
from webhook.trouble import SettingTrouble
from webhook.wiring import abilities, mouths

ROOT = Path(__file__).parents[2]
TOKEN = "123456:secret-of-the-tests"
API = "http://127.0.0.1:9"


def settings_of(tmp_path, **more):
    """Return settings with a bot."""
    return read_settings(**{"data_dir": tmp_path, "telegram_token": TOKEN} | more)


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("telegram_token", "no-number:abc"),
        ("telegram_token", "123456"),
        ("telegram_token", "123456:"),
        ("telegram_token", "123456:a b"),
        ("telegram_token", "123456:a/../../x"),
        ("telegram_token", "123456:a?x=1"),
        ("telegram_webhook_secret", "with space"),
        ("telegram_webhook_secret", "mẫu"),
        ("telegram_webhook_secret", "x" * 257),
        ("telegram_api_url", "api.telegram.org"),
        ("telegram_api_url", "ftp://example.org"),
        ("telegram_ask_contact", "perhaps"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(tmp_path, name, value):
    """A setting that cannot be is named in one line, and a secret in it is not repeated."""
    with pytest.raises(SettingTrouble) as raised:
        settings_of(tmp_path, **{name: value})
    assert f"KETDOAN_{name}".upper() in str(raised.value)
    assert value not in str(raised.value)


def test_secrets_show_in_no_listing(tmp_path):
    """Token and secret stand in no representation of the settings."""
    made = settings_of(tmp_path, telegram_webhook_secret="what-telegram-shows")
    assert TOKEN not in f"{made!r}{made}"
    assert "what-telegram-shows" not in f"{made!r}{made}"


@pytest.mark.parametrize(
    ("public", "api", "updates"),
    [
        ("https://ketdoan.example", "", "https://ketdoan.example/telegram"),
        ("https://ketdoan.example/", "", "https://ketdoan.example/telegram"),
        ("http://ketdoan.example", "", ""),
        ("http://ketdoan.example", "https://api.telegram.org/", ""),
        ("http://ketdoan.example", API, "http://ketdoan.example/telegram"),
        ("", API, ""),
        ("", "", ""),
    ],
)
def test_where_telegram_delivers(tmp_path, public, api, updates):
    """Updates are asked for only at an address that Telegram's servers take."""
    given = {"public_url": public} | ({"telegram_api_url": api} if api else {})
    assert settings_of(tmp_path, **given).updates_url == updates


def test_a_channel_with_its_leave(tmp_path):
    """The channel is there with a token, asks nobody's name, and asks for numbers where allowed."""
    assert "telegram" not in abilities(read_settings(data_dir=tmp_path))
    able = abilities(settings_of(tmp_path))["telegram"]
    assert (able.pushes, able.asks_identity, able.asks_contact) == (True, False, False)
    allowed = abilities(settings_of(tmp_path, telegram_ask_contact=True))["telegram"]
    assert allowed.asks_contact
    assert not allowed.asks_identity


# --- what is loaded --------------------------------------------------------------------------

LOADED = """
import sys
from pathlib import Path
from webhook import __main__, serving, telegram, wiring, clockwork
from webhook.app import create_app
from webhook.clockwork import Clockwork
from webhook.settings import read_settings
from bot.office import Office
from bot.words import Words
from storage.database import Database
from storage.sealed import Keyring
settings = read_settings(data_dir=Path(sys.argv[1]), telegram_token=sys.argv[2])
database = Database(f"sqlite:///{sys.argv[1]}/x.db", Keyring({1: b"0" * 32}))
office = Office(database, Words.load(wiring.LOCALES), "http://x", wiring.abilities(settings))
create_app(settings, office)
database.close()
print(sorted({one.split(".")[0] for one in sys.modules} & {"aiogram", "aiohttp"}))
"""


@pytest.mark.parametrize(("token", "loaded"), [("", "[]"), (TOKEN, "['aiogram', 'aiohttp']")])
def test_nothing_of_telegram_is_loaded_without_a_token(tmp_path, token, loaded):
    """An installation without Telegram carries none of its library."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path), token],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.strip() == loaded, ran.stderr


# --- one database, one bot -------------------------------------------------------------------


def test_a_database_belongs_to_its_first_bot(database):
    """Another bot's token is refused by a clear line; a new token of the same bot is not."""
    know_bot(database, TOKEN)
    know_bot(database, "123456:renewed-by-its-owner")
    with pytest.raises(
        SettingTrouble, match=r"bot 777, but .* bot 123456; `ketdoan bot --replace`"
    ):
        know_bot(database, "777:another")
    know_bot(database, TOKEN)


def test_a_database_is_handed_over_by_hand(database):
    """After an explicit command it belongs to the other bot, and the first one is refused."""
    know_bot(database, TOKEN)
    know_bot(database, "777:another", replaces=True)
    know_bot(database, "777:another")
    with pytest.raises(SettingTrouble):
        know_bot(database, TOKEN)


def test_the_first_of_two_keeps_it(database):
    """A value that is kept first stands, whoever comes second."""
    assert database.write(lambda store: store.settings.keep_first("x", "1")) == "1"
    assert database.write(lambda store: store.settings.keep_first("x", "2")) == "1"


# --- the door in our pages -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("door_url", "shown"),
    [
        ("https://t.me/ketdoan_bot", "https://t.me/ketdoan_bot?start="),
        ("https://telegram.example/?bot=1", "https://telegram.example/?bot=1&amp;start="),
    ],
)
def test_the_door_hands_the_poster_over(browser, door, town, door_url, shown):
    """Who taps the door arrives with the token of the poster she scanned."""
    door.office.doors.update(telegram=door_url)
    token = town.tokens[MAY]
    assert f'href="{shown}{token}"' in browser.goes(f"/q/{token}").text


def test_an_unknown_poster_hands_nothing_over(browser, door):
    """The page of a token that opens nothing passes nothing on."""
    door.office.doors.update(telegram="https://t.me/ketdoan_bot")
    page = browser.goes("/q/no-such-token").text
    assert 'href="https://t.me/ketdoan_bot"' in page
    assert "start=" not in page


# --- announcing ------------------------------------------------------------------------------


class Paper:
    """A bot that notes what it was asked and fails as told, then works."""

    def __init__(self, *errors, name="ketdoan_test_bot"):
        self.errors = list(errors)
        self.username = name
        self.asked = []

    async def name(self):
        self._note("name")
        return self.username

    async def set_webhook(self, address, secret):
        self._note(address, secret)

    def _note(self, *what):
        self.asked.append(what)
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def no_waiting(monkeypatch):
    """Note for how long it would have been waited."""
    waited = []

    async def wait(seconds):
        waited.append(seconds)

    monkeypatch.setattr(announcing.asyncio, "sleep", wait)
    return waited


def test_telegram_is_told_and_the_door_opens(office, tmp_path):
    """The address and our secret are told, and the bot's name becomes the door."""
    bot = Paper()
    settings = settings_of(tmp_path, public_url="https://ketdoan.example")
    asyncio.run(announce(settings, office, bot))
    (address, secret), (asked,) = bot.asked
    assert (address, asked) == ("https://ketdoan.example/telegram", "name")
    assert len(secret) >= 16
    assert office.doors == {"telegram": "https://t.me/ketdoan_test_bot"}


def test_a_door_that_was_set_stays(office, tmp_path):
    """The operator's own address of the bot is not replaced, and no name is asked for."""
    bot = Paper()
    mine = replace(office, doors={"telegram": "https://example.org/tg"})
    asyncio.run(announce(settings_of(tmp_path), mine, bot))
    assert bot.asked == []
    assert mine.doors == {"telegram": "https://example.org/tg"}


@pytest.mark.parametrize("name", ["", "a/b", "x?y", "javascript:1", "ké"])
def test_a_name_that_is_none_opens_no_door(office, tmp_path, name):
    """Only what can be a name of Telegram's stands in our pages."""
    asyncio.run(announce(settings_of(tmp_path), office, Paper(name=name)))
    assert office.doors == {}


def test_it_is_tried_until_it_works(office, tmp_path, no_waiting):
    """Errors wait longer each time, a 429 exactly as long as it says, and then it is done."""
    bot = Paper(Unreachable(), Unreachable(), TooFast(7), Gone(), ValueError("x"))
    settings = settings_of(tmp_path, public_url="https://ketdoan.example")
    asyncio.run(announce(settings, office, bot))
    assert len(bot.asked) == 7
    assert no_waiting[2] == 7
    assert 0.5 <= no_waiting[0] <= 1 <= no_waiting[1] <= 2 <= no_waiting[3] <= 4
    assert office.doors


def test_waiting_has_an_end(no_waiting):
    """The longest pause is five minutes."""
    bot = Paper(*[Unreachable()] * 30)
    asyncio.run(until_done("name", bot.name))
    assert max(no_waiting) <= 300
    assert min(no_waiting[-5:]) >= 150


def test_start_up_does_not_wait_for_telegram(office, tmp_path):
    """Pages open and close in a moment while Telegram can not be reached."""
    settings = settings_of(tmp_path, public_url="http://127.0.0.1:1", telegram_api_url=API)
    app = create_app(settings, replace(office, doors={}))

    async def live():
        async with asyncio.timeout(10), app.router.lifespan_context(app):
            await asyncio.sleep(0)

    asyncio.run(live())


@pytest.mark.parametrize("inside", [True, False])
def test_the_line_is_let_go(office, tmp_path, monkeypatch, inside):
    """What sends is closed with the application, and sends here only where that is not left to others."""
    settings = settings_of(tmp_path, telegram_api_url=API, send_inside=inside)
    app = create_app(settings, office)
    (line,) = app.state.mouths.values()
    given, closed = [], []

    class Watched(Clockwork):
        def __init__(self, *place, mouths, **named):
            given.append(mouths)
            super().__init__(*place, mouths=mouths, **named)

    async def close(real=line.close):
        closed.append(line)
        await real()

    async def live():
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0)

    monkeypatch.setattr("webhook.app.Clockwork", Watched)
    line.close = close
    asyncio.run(live())
    assert given == [{"telegram": line} if inside else {}]
    assert closed == [line]


def test_without_a_token_nobody_speaks(tmp_path):
    """No token, no mouth."""
    assert mouths(read_settings(data_dir=tmp_path)) == {}
    assert set(mouths(settings_of(tmp_path))) == {"telegram"}


def test_presence_survives_a_turn(town):
    """Who speaks again after blocking is reachable again."""
    she = town.person("Mẫu")
    she.scans(MAY)

    def gone(store: Store):
        return store.conversations.find(she.channel, she.address).gone_at

    she._does("(chặn)", left=True)
    assert town.read(gone) is not None
    assert she.received[1:] == []
    she.says("menu")
    assert town.read(gone) is None
