"""`ketdoan doctor zalo` and its first day: what is missing, what is not verified, and no secret."""

import base64
import json
import os
import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chat import KEYS
from commands import run_command
from fakes.zalo_client import APP_ID, OA_ID, OA_SECRET, FakeZalo
from sqlalchemy import update

from bot.hear import hear
from bot.speech import Heard
from storage.spool import Spool
from storage.tables import inbox
from webhook.examination_zalo_day import OPEN

pytestmark = pytest.mark.store("sqlite", reason="what is asked elsewhere knows no store")
BOTH = pytest.mark.store("sqlite", "postgresql", reason="what the store knows")
TOKEN, BOT_TOKEN = "AT-of-the-tests", "123456:bot-of-the-tests"
ACCOUNT = {
    "oa_id": OA_ID, "name": "Công đoàn Mẫu", "is_verified": True, "package_name": "Mẫu",
    "package_valid_through_date": "31/12/2126",
}  # fmt: skip
BOT = {"ok": True, "result": {"account_name": "Bot Mẫu", "url": ""}}


class Elsewhere(ThreadingHTTPServer):
    """Everything that is asked: answers by path, each (status, body), and headers for all."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.headers = {}
        self.ahead = timedelta(0)
        self.asked = []
        self.answers = {
            "/v2.0/oa/getoa": (200, {"error": 0, "data": ACCOUNT}),
            f"/bot{BOT_TOKEN}/getMe": (200, BOT),
            f"/bot{BOT_TOKEN}/getWebhookInfo": (200, BOT),
        }


class _Answer(BaseHTTPRequestHandler):
    server: Elsewhere

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        status, body = self.server.answers.get(self.path.partition("?")[0], (404, {}))
        told = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()

    def date_time_string(self, timestamp=None) -> str:
        del timestamp
        return format_datetime(datetime.now(UTC) + self.server.ahead, usegmt=True)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def elsewhere():
    """Zalo, its Bot Platform and our own address, as a test wants them."""
    server = Elsewhere()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(office, elsewhere, tmp_path):
    """What an operator has set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KETDOAN_")}
    key = tmp_path / "key"
    key.write_text(f"1 {base64.b64encode(KEYS.keys[1]).decode()}\n")
    return kept | {
        "KETDOAN_DATABASE_URL": office.database.url, "KETDOAN_DATA_DIR": str(tmp_path),
        "KETDOAN_KEY_FILE": str(key), "KETDOAN_PUBLIC_URL": elsewhere.url,
        "KETDOAN_ZALO_APP_ID": APP_ID, "KETDOAN_ZALO_APP_SECRET": "app-secret-of-the-tests",
        "KETDOAN_ZALO_OA_ID": OA_ID, "KETDOAN_ZALO_OA_SECRET": OA_SECRET,
        "KETDOAN_ZALO_ACCESS_TOKEN": TOKEN, "KETDOAN_ZALO_REFRESH_TOKEN": "RT-of-the-tests",
        "KETDOAN_ZALO_API_URL": elsewhere.url, "KETDOAN_ZALO_OAUTH_URL": elsewhere.url,
    }  # fmt: skip


def asked(environment, **more):
    """Return what the command printed."""
    named = {f"KETDOAN_{name}".upper(): value for name, value in more.items()}
    ran = run_command(["doctor", "zalo"], environment | named)
    assert "Traceback" not in ran.errors
    for secret in (TOKEN, "app-secret-of-the-tests", OA_SECRET, BOT_TOKEN):
        assert secret not in ran.printed + ran.errors
    return ran.printed


def troubles(printed):
    """Return the lines that say what is wrong."""
    return [line for line in printed.splitlines() if line.startswith("TROUBLE: ")]


# --- what Zalo says ------------------------------------------------------------------------------


def test_everything_open_is_told_with_how_to_verify_it(environment):
    """Each thing that no document settles is one line with a way to find it out."""
    printed = asked(environment)
    for what, how in OPEN.items():
        assert f"zalo, not verified: {what}. To verify: {how}" in printed
    assert "not verified" not in run_command(["doctor"], environment).printed


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, "no X-RateLimit headers came"),
        ({"X-RateLimit-Limit": "4000", "X-RateLimit-Remain": "3999"}, "Limit 4000, Remain 3999"),
        ({"X-RateLimit-Limit": "60"}, "TROUBLE: KETDOAN_ZALO_PER_SECOND: 1.5 a second are more"),
        ({"X-RateLimit-Limit": "a lot"}, "X-RateLimit-Limit a lot, Remain ?"),
    ],
)
def test_the_limit_of_the_account_is_shown(environment, elsewhere, headers, told):
    """What the headers say stands beside our own pace; slower than ours is a trouble."""
    elsewhere.headers = headers
    assert told in asked(environment)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong_by_an_hour_is_told(environment, elsewhere, hours):
    """Beside Zalo's and the Bot Platform's own clock ours is right, or it is a trouble."""
    more = {"zalo_bot_token": BOT_TOKEN, "zalo_bot_api_url": elsewhere.url}
    right = asked(environment, **more)
    assert re.search(r"^zalo: our clock is [+-][0-5] s", right, re.MULTILINE)
    elsewhere.ahead = timedelta(hours=hours)
    wrong = asked(environment, **more)
    for channel in ("zalo", "zalo-bot"):
        (line,) = [one for one in troubles(wrong) if one.startswith(f"TROUBLE: {channel}: our")]
        assert abs(int(line.split(" s from")[0].rpartition(" ")[2]) + hours * 3600) < 10


@pytest.mark.parametrize(
    ("until", "is_trouble"),
    [
        ("01/01/2020", True), ("31/12/2126", False), ("", False), ("99/99/2126", False),
        ("2026-12-31", False), (5, False),
    ],
)  # fmt: skip
def test_a_package_that_ends_is_told(environment, elsewhere, until, is_trouble):
    """Two weeks before its end, and not where no date can be read."""
    told = {"error": 0, "data": ACCOUNT | {"package_valid_through_date": until}}
    elsewhere.answers["/v2.0/oa/getoa"] = (200, told)
    assert any("the package ends" in one for one in troubles(asked(environment))) == is_trouble


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>"), (200, b"[]"), (200, b"null"), (200, {"error": "x"}), (502, b"x"),
        (200, {"error": 0}), (200, {"error": -221}), (200, {"error": 0, "data": []}),
    ],
)  # fmt: skip
def test_whatever_zalo_answers_is_one_trouble(environment, elsewhere, answer):
    """No answer of Zalo's breaks the look; the rest is told all the same."""
    elsewhere.answers["/v2.0/oa/getoa"] = answer
    printed = asked(environment)
    assert len([one for one in troubles(printed) if "getoa" in one]) == 1
    assert "not verified: " in printed


# --- our own address -----------------------------------------------------------------------------


def test_the_address_and_its_proofs_are_looked_at(environment, elsewhere, tmp_path):
    """The door, the file and the mark: each is shown from here, or it is said that it is not."""
    file = tmp_path / "zalo_verifierABC.html"
    file.write_text("proof")
    more = {"zalo_verifier_file": str(file), "zalo_site_verification": "mark-1"}
    missing = asked(environment, **more)
    assert f"{elsewhere.url}/zalo does not answer from here" in missing
    assert missing.count("is not shown from here") == 2
    assert "Zalo delivers to https on a verified domain alone" in missing
    sign = b'<meta name="zalo-platform-site-verification" content="mark-1">'
    elsewhere.answers |= {
        "/zalo": (200, b""), "/zalo_verifierABC.html": (200, b"proof"), "/": (200, sign),
    }  # fmt: skip
    shown = asked(environment, **more)
    assert f"{elsewhere.url}/zalo answers" in shown
    assert shown.count("is shown as it is set") == 2
    elsewhere.answers["/zalo_verifierABC.html"] = (200, b"another")
    assert asked(environment, **more).count("is not shown from here") == 1
    assert "neither KETDOAN_ZALO_VERIFIER_FILE nor" in asked(environment)


def test_the_counts_of_serve_are_shown(environment, elsewhere):
    """Where `serve` shows its counts, the kinds of events that came stand in the look."""
    port = {"metrics_port": str(elsewhere.server_port)}
    assert "counts of `serve` can not be read" in asked(environment, **port)
    page = b'# HELP x\nketdoan_updates_total{kind="zalo text"} 3.0\nketdoan_updates_total{kind="x"} 1\n'
    elsewhere.answers["/metrics"] = (200, page)
    assert "kinds of events since `serve` began: text 3" in asked(environment, **port)


# --- what the store knows --------------------------------------------------------------------


@BOTH
def test_whether_events_come_is_told(environment, office, town):
    """Never one, some today, none since yesterday: each is said, with what to look at."""
    assert "no event was ever heard; is the webhook set" in asked(environment)
    hear(Heard("zalo", "77", "m1", text="menu"), office)

    def move(days):
        at = datetime.now(UTC) - timedelta(days=days)
        mine = update(inbox).where(inbox.c.channel == "zalo").values(heard_at=at)
        office.database.write(lambda store: store.connection.execute(mine) and None)

    move(0)
    printed = asked(environment)
    assert "zalo: 1 events heard in a day, the newest 0.0 h ago" in printed
    assert "signatures are enforced, and events passed" in printed
    move(3)
    assert "0 events heard in a day, the newest 72.0 h ago: is the webhook" in asked(environment)


@BOTH
def test_one_database_belongs_to_one_account(environment, office, elsewhere):
    """A changed account is refused by whatever would speak for it, until it is handed over."""
    assert run_command(["zalo", "own"], environment).code == 0
    other = environment | {"KETDOAN_ZALO_OA_ID": "999"}
    elsewhere.answers["/v2.0/oa/getoa"] = (200, {"error": 0, "data": ACCOUNT | {"oa_id": "999"}})
    for words in (["zalo", "own"], ["send"], ["serve"], ["zalo", "login", "--pair"]):
        ran = run_command(words, other, "AT\nRT\n")
        assert ran.code != 0, words
        assert f"belong to account {OA_ID}" in ran.errors
    looked = run_command(["doctor"], other)
    assert looked.code == 1
    assert f"belong to account {OA_ID}" in looked.printed
    assert office.database.write(lambda store: store.tokens.look("zalo")) is None
    assert run_command(["zalo", "own", "--replace"], other).code == 0
    assert f"belong to account {OA_ID}" not in run_command(["doctor"], other).printed
    assert run_command(["zalo", "own"], environment).code != 0


# --- the spool -------------------------------------------------------------------------------


def test_what_waits_in_the_spool_is_told(environment, tmp_path, office):
    """Nothing, something, something old, nearly full, laid aside, not to be written."""
    folder = tmp_path / "own-spool"
    named = environment | {"KETDOAN_SPOOL": str(folder), "KETDOAN_SPOOL_MB": "1"}

    def looked():
        return run_command(["doctor"], named).printed

    assert f"spool: nothing waits in {folder}" in looked()
    spool = Spool(folder, KEYS, 10_000_000)
    now = datetime.now(UTC)
    spool.lay_up("{}", now).result(10)
    assert "spool: about 1 events wait for the store, the first for " in looked()
    assert "TROUBLE: spool" not in looked()
    (path,) = spool.waiting()
    assert spool.drop(spool.read(path), aside=True)
    spool.lay_up("x" * 900_000, now - timedelta(hours=1)).result(10)
    spool.close()
    told = [one for one in troubles(looked()) if "spool" in one]
    assert [("is `serve` running" in one, "MB are full" in one, "aside" in one) for one in told] == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip
    (tmp_path / "file").write_text("")
    broken = environment | {"KETDOAN_SPOOL": str(tmp_path / "file" / "x")}
    assert "cannot be written; events would be refused" in run_command(["doctor"], broken).printed


@pytest.mark.parametrize(("name", "value"), [("SPOOL_MB", "0"), ("SPOOL_MB", "much")])
def test_a_wrong_setting_of_the_spool_is_named(environment, name, value):
    """One line with its name."""
    ran = run_command(["doctor"], environment | {f"KETDOAN_{name}": value})
    assert (ran.code, f"KETDOAN_{name}" in ran.errors) == (2, True)


# --- the Bot Platform ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({}, "zalo-bot: no webhook is set"),
        ({"getMe": (200, {"ok": False, "error_code": 401})}, "TROUBLE: zalo-bot: getMe was answered with 401"),
        ({"getMe": (503, b"x")}, "TROUBLE: zalo-bot: getMe was answered with 503"),
        ({"getMe": (200, b"[]")}, "TROUBLE: zalo-bot: getMe could not be asked"),
        ({"getWebhookInfo": (200, {"ok": True, "result": {"url": "https://x"}})}, "to another address than ours"),
    ],
)  # fmt: skip
def test_the_bot_is_asked_as_well(environment, elsewhere, answers, told):
    """Which bot it is, where it delivers, what its platform refuses; never its token."""
    for method, answer in answers.items():
        elsewhere.answers[f"/bot{BOT_TOKEN}/{method}"] = answer
    printed = asked(environment, zalo_bot_token=BOT_TOKEN, zalo_bot_api_url=elsewhere.url)
    assert told in printed


# --- the probe -------------------------------------------------------------------------------


@contextmanager
def probing(environment):
    """The fake Zalo with one follower, and what an operator has set for it."""
    with FakeZalo() as zalo:
        zalo.follow(1001)
        yield zalo, environment | zalo.environment()


def test_the_probe_shows_what_zalo_takes(environment):
    """To the only follower: a text, a button, six buttons, her profile, the quota; each answered."""
    with probing(environment) as (zalo, named):
        ran = run_command(["zalo", "probe"], named)
        assert ran.code == 0, ran.errors
        lines = ran.printed.splitlines()
        assert lines[:2] == ["a text: taken", "a text with a button, without template_type: taken"]
        assert lines[2].startswith("six buttons (a refusal is expected): -201")
        assert lines[3:5] == ["her profile: taken", "her window and the quota: taken"]
        assert [one["text"] for one in zalo.chat(1001) if one["from_bot"]] == [
            "Thử: chữ.",
            "Thử: một nút. Bấm giúp.",
        ]
        zalo.faults(**{"-201": 2})
        assert (
            "-201: Zalo refuses that; set KETDOAN_ZALO_BUTTONS=false"
            in run_command(["zalo", "probe"], named).printed
        )
        zalo.follow(1002)
        assert "say with --to whom" in run_command(["zalo", "probe"], named).errors
        other = run_command(["zalo", "probe", "--to", zalo.id_of(1002)], named)
        assert "a text: taken" in other.printed
        nobody = run_command(["zalo", "probe", "--to", "5"], named)
        assert (nobody.code, "a text: -201" in nobody.printed) == (0, True)


def test_the_probe_without_zalo_is_one_line(environment):
    """Nobody there: said in one line, without an address and without the token."""
    ran = run_command(
        ["zalo", "probe"], environment | {"KETDOAN_ZALO_API_URL": "http://127.0.0.1:9"}
    )
    assert ran.code == 1
    assert ran.errors.count("\n") == 1
    assert TOKEN not in ran.errors
