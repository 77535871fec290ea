"""`ketdoan zalo login` and `retry`, `doctor`, the proofs that the address is ours, the gauges."""

import asyncio
import base64
import json
import os

import pytest
from chat import KEYS
from commands import run_command
from httpx import ASGITransport, AsyncClient
from keeping import HOUR, LIFE, Desk, until
from oauth_server import APP_ID, APP_SECRET, OA_ID, VERIFIER

from webhook.app import create_app
from webhook.settings import read_settings
from webhook.trouble import SettingTrouble


@pytest.fixture
def environment(server, office, tmp_path):
    """What an operator has set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KETDOAN_")}
    return kept | {
        "KETDOAN_DATABASE_URL": office.database.url,
        "KETDOAN_DATA_DIR": str(tmp_path),
        "KETDOAN_KEY": f"1 {base64.b64encode(KEYS.keys[1]).decode()}",
        "KETDOAN_PUBLIC_URL": "https://kd.example",
        "KETDOAN_ZALO_APP_ID": APP_ID,
        "KETDOAN_ZALO_APP_SECRET": APP_SECRET,
        "KETDOAN_ZALO_OA_ID": OA_ID,
        "KETDOAN_ZALO_OA_SECRET": "oa-secret-of-the-tests",
        "KETDOAN_ZALO_API_URL": server.url,
        "KETDOAN_ZALO_OAUTH_URL": server.url,
        "KETDOAN_ZALO_CODE_VERIFIER": VERIFIER,
    }


@pytest.fixture
def bare(server, database, clock) -> Desk:
    """A store without a pair."""
    return Desk(server, database, clock)


CALLBACK = f"https://kd.example/?code=code-of-a-consent&oa_id={OA_ID}"


# --- login ----------------------------------------------------------------------------------------


def test_login_leads_through_consent(bare, environment):
    """The address is printed, what the browser was sent to is pasted, the pair is stored."""
    ran = run_command(["zalo", "login"], environment, f"{CALLBACK}\n")
    assert ran.code == 0, ran.errors
    assert (
        f"{bare.server.url}/v4/oa/permission?app_id={APP_ID}&redirect_uri=https%3A%2F%2Fkd"
        in ran.printed
    )
    assert "it speaks for Công đoàn Mẫu" in ran.printed
    assert "the pair is stored" in ran.printed
    assert bare.is_whole()
    assert bare.held().source == "consent"
    for secret in (bare.held().access, APP_SECRET, VERIFIER, "code-of-a-consent"):
        assert secret not in ran.printed + ran.errors


def test_login_takes_a_pair_from_the_console(bare, environment):
    """Two lines, the access token and the refresh token; nothing of them is printed."""
    now = bare.server.state()
    said = f"{now['access']}\n{now['refresh']}\n"
    ran = run_command(["zalo", "login", "--pair"], environment, said)
    assert ran.code == 0, ran.errors
    assert bare.is_whole()
    assert now["access"] not in ran.printed + ran.errors


def test_login_ends_the_need_for_consent(desk, environment):
    """Whatever stood in the way before is forgotten; the next keeper speaks with the new pair."""
    desk.server.faults({"kind": "error", "code": -14014})
    desk.advance(26 * HOUR)
    with pytest.raises(Exception, match="-14014"):
        asyncio.run(desk.keeper().access())
    assert run_command(["zalo", "login"], environment, f"{CALLBACK}\n").code == 0
    assert desk.held().trouble == ""
    assert desk.is_whole()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "paste the whole address"),
        ("https://kd.example/\n", "there is no code"),
        ("https://kd.example/?code=wrong\n", "-14005"),
        ("https://kd.example/?code=code-of-a-consent&oa_id=999\n", "account 999"),
    ],
)
def test_wrong_consent_stores_nothing(bare, environment, said, told):
    """One line, exit 1, nothing stored; the code is not used up where the account is another one."""
    ran = run_command(["zalo", "login"], environment, said)
    assert ran.code == 1
    assert told in ran.errors
    assert len(ran.errors.strip().splitlines()) == 1
    with bare.database.read() as store:
        assert store.tokens.look("zalo") is None
    assert run_command(["zalo", "login"], environment, f"{CALLBACK}\n").code == 0


def test_a_pair_of_another_account_is_not_stored(desk, environment):
    """What is pasted tells no account: Zalo is asked before it is stored."""
    desk.server.account(oa_id="999")
    now = desk.server.state()
    ran = run_command(
        ["zalo", "login", "--pair"], environment, f"{now['access']} {now['refresh']}\n"
    )
    assert ran.code == 1
    assert "nothing was stored" in ran.errors
    assert desk.held().version == 1


def test_without_an_app_there_is_no_login(bare, environment):
    """The setting is named, exit 2."""
    for name in ("KETDOAN_ZALO_APP_ID", "KETDOAN_ZALO_APP_SECRET"):
        without = {key: value for key, value in environment.items() if key != name}
        ran = run_command(["zalo", "login"], without, f"{CALLBACK}\n")
        assert (ran.code, name in ran.errors) == (2, True)


def test_a_code_is_no_argument(bare, environment):
    """What is typed as an argument stands in the list of processes: it is not taken."""
    assert run_command(["zalo", "login", "code-of-a-consent"], environment).code == 2


def test_retry_tries_the_pair_again(desk, environment):
    """After a wrong secret was put right; without trouble it says so."""
    assert "nothing stood in its way" in run_command(["zalo", "retry"], environment).printed
    desk.server.faults({"kind": "error", "code": -14004})
    desk.advance(26 * HOUR)
    with pytest.raises(Exception, match="-14004"):
        asyncio.run(desk.keeper().access())
    assert "it will be tried again" in run_command(["zalo", "retry"], environment).printed
    assert desk.server.takes(asyncio.run(desk.keeper().access()))


# --- doctor ---------------------------------------------------------------------------------------


def test_doctor_tells_how_old_the_pair_is_and_asks_zalo(desk, environment):
    """Age and end without the network; the account, its verification and its package with it."""
    quiet = run_command(["doctor"], environment)
    assert "zalo: pair 1 (from consent) is " in quiet.printed
    assert "the account is" not in quiet.printed
    asked = run_command(["doctor", "zalo"], environment)
    assert (
        f"zalo: the account is Công đoàn Mẫu ({OA_ID}), package Mẫu until 31/12/2126"
        in asked.printed
    )
    assert "zalo: the account is verified" in asked.printed
    assert "TROUBLE: zalo" not in asked.printed
    assert desk.held().access not in quiet.printed + asked.printed
    assert desk.server.state()["calls"] == 0


def test_doctor_says_that_consent_is_needed(desk, environment):
    """Since when, why, in words, and what to do; exit 1."""
    desk.server.faults({"kind": "error", "code": -14014})
    desk.advance(26 * HOUR)
    with pytest.raises(Exception, match="-14014"):
        asyncio.run(desk.keeper().access())
    ran = run_command(["doctor"], environment)
    assert ran.code == 1
    assert "TROUBLE: zalo: CONSENT NEEDED since 2026-11-21T" in ran.printed
    assert (
        "zalo -14014 (the refresh token is not valid or was used before); run `ketdoan zalo login`"
        in ran.printed
    )


def test_doctor_says_that_there_is_no_pair_or_that_one_is_lost(bare, environment):
    """Neither is silence: no pair yet, a renewal without an end, two of them, an ended token."""
    assert (
        "TROUBLE: zalo: there is no pair of tokens yet"
        in run_command(["doctor"], environment).printed
    )
    bare.store_pair()
    for unsure, told in (
        (1, "zalo: a renewal was begun at "),
        (2, "zalo: 2 renewals of this pair had no known end"),
    ):
        bare.database.write(
            lambda store, n=unsure: store.tokens.take(
                "zalo", (1, n - 1), f"dead{n}", f"dead{n - 1}", 0
            )
        )
        assert told in run_command(["doctor"], environment).printed
    assert "CONSENT NEEDED" not in run_command(["doctor"], environment).printed


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"verified": False}, "the account is not verified"),
        ({"oa_id": "999"}, "KETDOAN_ZALO_OA_ID: the token speaks for account 999"),
    ],
)
def test_doctor_names_what_is_missing(desk, environment, wrong, told):
    """Another account, one that is not verified, a token that is refused, nobody there."""
    desk.server.account(**wrong)
    ran = run_command(["doctor", "zalo"], environment)
    assert ran.code == 1
    assert told in ran.printed
    desk.server.expire()
    assert (
        "getoa was answered with -216: the token is not valid"
        in run_command(["doctor", "zalo"], environment).printed
    )
    away = environment | {"KETDOAN_ZALO_API_URL": "http://127.0.0.1:9"}
    assert "getoa could not be asked" in run_command(["doctor", "zalo"], away).printed


def test_doctor_knows_whom_it_can_ask(bare, environment):
    """A channel that there is not is one line, exit 2."""
    ran = run_command(["doctor", "zalox"], environment)
    assert (ran.code, len(ran.errors.splitlines())) == (2, 1)


# --- settings and proofs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zalo_app_id", "abc"), ("zalo_oa_id", "12 34"), ("zalo_app_secret", "with space"),
        ("zalo_access_token", "mã"), ("zalo_refresh_token", "line\nline"), ("zalo_code_verifier", "too-short"),
        ("zalo_api_url", "openapi.zalo.me"), ("zalo_oauth_url", "ftp://x"), ("zalo_site_verification", '"><script>'),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_and_not_shown(tmp_path, name, value):
    """One line with its name, and without its value."""
    with pytest.raises(SettingTrouble) as raised:
        read_settings(data_dir=tmp_path, **{name: value})
    assert f"KETDOAN_{name}".upper() in str(raised.value)
    assert value not in str(raised.value)


def pages(office, tmp_path, *paths, **more):
    """Return what these addresses answer."""
    app = create_app(read_settings(data_dir=tmp_path, **more), office)

    async def get():
        async with AsyncClient(
            transport=ASGITransport(app), base_url="http://127.0.0.1:8000"
        ) as browser:
            return [await browser.get(path) for path in paths]

    return asyncio.run(get())


def test_the_address_is_shown_to_be_ours(office, tmp_path):
    """The file under its own name, byte for byte; the mark in the head of the first page; else neither."""
    file = tmp_path / "zalo_verifierAbC-12_3.html"
    file.write_bytes(b"<!DOCTYPE html>\r\n<html><head>\xc4\x90</head></html>")
    shown, first = pages(
        office,
        tmp_path,
        f"/{file.name}",
        "/",
        zalo_verifier_file=file,
        zalo_site_verification="AbC_12==",
    )
    assert (shown.status_code, shown.content) == (200, file.read_bytes())
    assert shown.headers["content-type"].startswith("text/html")
    mark = '<meta name="zalo-platform-site-verification" content="AbC_12==">'
    assert mark in first.text.partition("</head>")[0]
    missing, plain = pages(office, tmp_path, f"/{file.name}", "/")
    assert missing.status_code == 404
    assert "site-verification" not in plain.text


@pytest.mark.parametrize(
    "name", ["other.html", "zalo_verifier.html", "zalo_verifierA.html", "zalo_verifierA.html.txt"]
)
def test_a_file_that_is_none_of_zalos_is_refused_at_the_start(office, tmp_path, name):
    """Wrong name, not there, too big: the setting is named."""
    if name == "zalo_verifier.html":
        (tmp_path / name).touch()
    with pytest.raises(SettingTrouble, match="KETDOAN_ZALO_VERIFIER_FILE"):
        pages(office, tmp_path, zalo_verifier_file=tmp_path / name)
    big = tmp_path / "zalo_verifierBig.html"
    big.write_bytes(b"x" * 100_000)
    with pytest.raises(SettingTrouble, match="too big"):
        pages(office, tmp_path, zalo_verifier_file=big)


def test_serving_renews_and_ends_with_the_renewal(desk, office, tmp_path):
    """`serve` renews the pair by itself, whether or not there is anything to send."""
    desk.advance(21 * HOUR)
    settings = read_settings(
        data_dir=tmp_path, zalo_app_id=APP_ID, zalo_app_secret=APP_SECRET,
        zalo_oa_id=OA_ID, zalo_oa_secret="oa-secret-of-the-tests",
        zalo_api_url=desk.server.url, zalo_oauth_url=desk.server.url,
    )  # fmt: skip
    app = create_app(settings, office)

    async def live():
        async with app.router.lifespan_context(app):
            await until(lambda: desk.held().version > 1)
            assert desk.is_whole()

    asyncio.run(live())


def test_the_gauges_tell_the_end_and_the_alarm(desk, office):
    """When the token ends, and whether a person must consent; no token among them."""
    from prometheus_client import CollectorRegistry, generate_latest

    from webhook.metrics_page import Counts

    def shown() -> str:
        registry = CollectorRegistry()
        registry.register(Counts(office))
        return generate_latest(registry).decode()

    ends = desk.held().made_at.timestamp() + LIFE
    text = shown()
    assert 'ketdoan_consent_needed{channel="zalo"} 0.0' in text
    found = next(
        one for one in text.splitlines() if one.startswith("ketdoan_token_ends_timestamp")
    )
    assert float(found.split()[1]) == pytest.approx(ends, abs=1)
    desk.server.faults({"kind": "error", "code": -14014})
    desk.advance(26 * HOUR)
    with pytest.raises(Exception, match="-14014"):
        asyncio.run(desk.keeper().access())
    text = shown()
    assert 'ketdoan_consent_needed{channel="zalo"} 1.0' in text
    assert "AT-" not in text
    assert json.dumps(desk.held().access) not in text
