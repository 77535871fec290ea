"""`ketdoan doctor`, `letters` and `replay`: what an operator sees and may do, and no words of anybody."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from chat import KEYS, MAY
from typer.testing import CliRunner

from bot import hear as hearing
from bot.hear import hear, replay
from bot.speech import Heard
from storage.sealed import Keyring
from webhook import examination_store, setup
from webhook.__main__ import app
from webhook.examination import in_force
from webhook.settings import PREFIX, Settings, read_settings
from webhook.trouble import Trouble

ROOT = Path(__file__).parents[2]
TOKEN = "123456:TEST-TOKEN-ketdoan_test_bot-000000"
SECRETS = {
    "key": f"1 {base64.b64encode(KEYS.keys[1]).decode()}",
    "telegram_token": TOKEN,
    "telegram_webhook_secret": "a-secret-of-the-webhook",
}


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """An empty folder, and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def installed(town, monkeypatch, tmp_path):
    """The town as an installation that commands find, on either store."""
    monkeypatch.setenv("KETDOAN_DATABASE_URL", town.office.database.url)
    monkeypatch.setenv("KETDOAN_KEY", SECRETS["key"])
    monkeypatch.setenv("KETDOAN_DATA_DIR", str(tmp_path))
    return town


def run(*words):
    """Run a command and return what it printed and its exit code."""
    ran = CliRunner().invoke(app, list(words))
    if isinstance(ran.exception, Trouble):
        return f"ketdoan: {ran.exception}", ran.exception.code
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran.stdout, ran.exit_code


# --- settings -------------------------------------------------------------------------------------


def test_every_setting_is_shown_and_every_secret_masked():
    """Whatever setting there is stands in the list; a secret is only said to be set."""
    url = "postgresql://ketdoan:hunter2@db.example/ketdoan?password=hunter3&sslmode=require"
    settings = read_settings(database_url=url, **SECRETS)
    shown = in_force(settings)
    assert set(shown) == {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in SECRETS:
        assert shown[f"{PREFIX}{name}".upper()] == "(set, not shown)"
    for secret in ("hunter2", "hunter3", *SECRETS.values()):
        assert secret not in json.dumps(shown)
    assert shown["KETDOAN_DATABASE_URL"].startswith("postgresql://ketdoan:***@db.example/ketdoan?")
    assert in_force(read_settings())["KETDOAN_TELEGRAM_TOKEN"] == ""


def test_settings_that_smell_of_a_secret_are_masked():
    """Nobody adds a token, key, secret or password that is shown as it is."""
    for name, about in Settings.model_fields.items():
        if any(word in name for word in ("token", "secret", "password")) or name.endswith("key"):
            assert not about.repr, name


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("sqlite:///x.db", "sqlite:///x.db"),
        ("postgresql://h/db", "postgresql://h/db"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        ("postgresql://u:p@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:p:q@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:p/q@r@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:p?q@h/db?sslmode=require", "postgresql://u:***@h/db?sslmode=require"),
        ("postgresql+psycopg://u:p%40@[::1]:5432/db", "postgresql+psycopg://u:***@[::1]:5432/db"),
        ("postgresql:///db?host=/tmp&user=u&password=p", "postgresql:///db?host=/tmp&user=u&password=***"),
        ("postgresql:///db?Passphrase=p&sslpassword=q", "postgresql:///db?Passphrase=***&sslpassword=***"),
        ("postgresql://:p@h/db", "postgresql://:***@h/db"),
        ("http://bot:p@127.0.0.1:8081", "http://bot:***@127.0.0.1:8081"),
        ("nonsense", "nonsense"),
    ],
)  # fmt: skip
def test_no_address_shows_its_password(url, shown):
    """Before the host or among what follows: a password is three stars."""
    assert setup.shown(url) == shown


def test_a_wrong_metrics_port_is_one_line(installed, monkeypatch):
    """A port that is none, and 0, are named."""
    for wrong in ("abc", "0", "70000", "-1"):
        monkeypatch.setenv("KETDOAN_METRICS_PORT", wrong)
        out, code = run("doctor")
        assert code == 2
        assert out.startswith("ketdoan: KETDOAN_METRICS_PORT: ")
        assert "\n" not in out


# --- a look over the installation -----------------------------------------------------------------


def test_a_sound_installation_is_told_so(installed):
    """Which store, its version, room, channels, backlog; exit code 0; the same as JSON."""
    out, code = run("doctor")
    assert code == 0, out
    assert "TROUBLE" not in out
    assert "reachable, schema up to date" in out
    assert "channels: " in out
    assert "letters: none waits to be sent" in out
    found = json.loads(run("doctor", "--json")[0])
    assert found["troubles"] == []
    assert {"settings", "notes", "backlog", "stuck"} <= set(found)


@pytest.mark.store("sqlite", reason="a server's disk cannot be seen from here")
def test_a_disk_that_is_nearly_full_is_trouble(installed, monkeypatch):
    """Room is told in megabytes; under 200 the exit code is 1."""
    assert "free disk space beside the database: " in run("doctor")[0]
    room = shutil.disk_usage("/")._replace(free=5_000_000)
    monkeypatch.setattr(examination_store.shutil, "disk_usage", lambda _: room)
    out, code = run("doctor")
    assert code == 1
    assert "TROUBLE: the disk is nearly full: 5 MB are left" in out


@pytest.mark.store("postgresql", reason="a file has no clock of its own")
def test_clocks_that_differ_are_trouble(installed, monkeypatch):
    """The server's version and clock are told; a minute apart is trouble."""
    out, code = run("doctor")
    assert code == 0, out
    assert "database: postgresql " in out
    assert "database clock: " in out
    ahead = examination_store.utc_now() + timedelta(minutes=1)
    monkeypatch.setattr(examination_store, "utc_now", lambda: ahead)
    out, code = run("doctor")
    assert code == 1
    assert "the clocks of database and machine are -60 s apart" in out


def test_a_server_that_is_down_is_one_sentence(monkeypatch, tmp_path):
    """PostgreSQL away: one clear line, no password, no stack, exit code 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://ketdoan:hunter2@127.0.0.1:{taken.getsockname()[1]}/ketdoan"
        monkeypatch.setenv("KETDOAN_DATABASE_URL", url)
        monkeypatch.setenv("KETDOAN_KEY", SECRETS["key"])
        out, code = run("doctor")
    assert code == 1
    assert "hunter2" not in out
    (trouble,) = [line for line in out.splitlines() if line.startswith("TROUBLE")]
    assert trouble.startswith("TROUBLE: KETDOAN_DATABASE_URL: the server of postgresql://")
    assert "does not answer, or does not let us in" in trouble


def test_another_key_and_another_bot_are_trouble(installed, monkeypatch):
    """What keeps `serve` from starting is told by `doctor`, with exit code 1."""
    installed.write(lambda store: store.settings.put("telegram_bot", "77"))
    monkeypatch.setenv("KETDOAN_TELEGRAM_TOKEN", TOKEN)
    out, code = run("doctor")
    assert code == 1
    assert "TROUBLE: KETDOAN_TELEGRAM_TOKEN: this database belongs to bot 77" in out
    for key in ("nonsense", f"1 {base64.b64encode(b'another key of thirty-two bytes!').decode()}"):
        setup.know_key(installed.office.database)
        monkeypatch.setenv("KETDOAN_KEY", key)
        out, code = run("doctor")
        assert code == 1
        assert "TROUBLE: KETDOAN_KEY" in out
        assert key not in out


def test_a_database_that_breaks_while_it_is_read_is_one_line(installed, monkeypatch):
    """A page of the file that is gone, a line that breaks: told with its place, no words, exit 1."""

    def broken(*_):
        raise OSError("0912345678")

    monkeypatch.setattr("webhook.examination.look_at_store", broken)
    out, code = run("doctor")
    assert code == 1
    assert "TROUBLE: the database broke while it was read: OSError at " in out
    assert "0912345678" not in out


def test_the_metrics_that_others_can_read_are_noted(installed, monkeypatch):
    """A page bound to more than this machine is worth a note."""
    monkeypatch.setenv("KETDOAN_METRICS_PORT", "9100")
    assert "metrics: other machines" not in run("doctor")[0]
    monkeypatch.setenv("KETDOAN_METRICS_HOST", "192.0.2.7")
    assert "metrics: other machines can read them on 192.0.2.7" in run("doctor")[0]


# --- letters --------------------------------------------------------------------------------------


def bury(town, *, held=False, reason="chat not found"):
    """Let what somebody was to read end without having been sent; return its number."""
    heard = Heard("paper", "addr-buried", f"e{held}{reason}", text="alo")
    hear(heard, town.office)

    def end(store):
        (one,) = store.outbox.claim("lease", 60, ["paper"])
        if held:
            store.outbox.hold(one.id, "lease", "unsure")
        else:
            store.outbox.dead(one.id, "lease", reason)
        return one.id

    return town.write(end)


def test_backlog_and_dead_letters_are_told_without_words(installed):
    """By channel, lane and reason; no address, no words; a lost channel is noted."""
    bury(installed)
    mau = installed.person("Nguyễn Thị Mẫu")
    mau.says("alo")

    def lay(store):
        for key, late in (("x", None), ("y", store.now + timedelta(days=400))):
            store.outbox.post(
                key=key, conversation_id=mau.conversation_id(), reply="{}", not_before_at=late,
                channel="abroad" if late else "zalo",
            )  # fmt: skip

    installed.write(lay)
    out, code = run("doctor")
    assert code == 0, out
    assert "letters: 1 waiting for zalo, lane talk" in out
    assert "zalo is not set up, nobody sends them" in out
    assert "letters: 1 waiting for abroad, lane talk, none is due yet" in out
    assert "letters: 1 dead for paper: chat not found" in out
    found = json.loads(run("doctor", "--json")[0])
    assert found["stuck"] == [
        {"channel": "paper", "state": "dead", "reason": "chat not found", "letters": 1}
    ]
    assert [one["channel"] for one in found["backlog"]] == ["abroad", "zalo"]
    for word in ("addr-", "Mẫu", "Chào"):
        assert word not in out


def test_a_dead_letter_goes_again(installed):
    """Listed by number, sent again once, and the ledger says from where it was ordered."""
    number = bury(installed)
    (listed,) = json.loads(run("letters", "--json")[0])["letters"]
    assert (listed["id"], listed["state"], listed["channel"]) == (number, "dead", "paper")
    assert "addr-" not in json.dumps(listed)
    out, code = run("letters", "--again", str(number))
    assert code == 0, out
    assert run("letters")[0].strip() == "no letter waits to be looked at"
    assert run("letters", "--again", str(number))[1] == 1
    received = installed.deliver()
    del received
    states = installed.read(lambda store: store.outbox.counts())
    assert "dead" not in states
    entry = installed.read(lambda store: store.ledger.newest())[-1]
    assert entry.act == "letter_again"
    assert entry.facts["letter"] == number
    by = installed.read(lambda store: store.conversations.by_id(entry.facts["by"]))
    assert by.channel == "operator"


def test_all_that_are_certainly_lost_go_again_and_nothing_that_is_held(installed):
    """`--again dead` takes every dead letter; one that may have arrived goes by its number only."""
    bury(installed)
    held = bury(installed, held=True)
    out, code = run("letters", "--again", "dead", "--json")
    assert code == 0, out
    assert json.loads(out)["again"] == 1
    (left,) = json.loads(run("letters", "--json")[0])["letters"]
    assert (left["id"], left["state"]) == (held, "held")


def test_a_held_letter_is_laid_aside(installed):
    """Its words are wiped, it is not listed any more and can not be sent; doctor is content."""
    number = bury(installed, held=True)
    assert "1 held for paper: unsure" in run("doctor")[0]
    assert run("letters", "--aside", str(number))[1] == 0
    assert "held for paper" not in run("doctor")[0]
    assert run("letters", "--again", str(number))[1] == 1
    assert installed.read(lambda store: store.outbox.counts())["held"] == 1
    assert installed.read(lambda store: store.ledger.newest())[-1].act == "letter_aside"


@pytest.mark.parametrize("number", ["0", "x", "-1", "1e3", "９", "9" * 30, "all", "' or 1=1"])
def test_a_number_that_is_none_is_one_english_line(installed, number):
    """What is no number of such a letter changes nothing and is said in one line."""
    bury(installed)
    for option in ("--again", "--aside"):
        out, code = run("letters", f"{option}={number}")
        assert code == 1
        assert out.startswith("ketdoan: No letter ")
        assert "\n" not in out
    assert len(json.loads(run("letters", "--json")[0])["letters"]) == 1


def test_one_thing_at_a_time(installed):
    """Both options together are refused."""
    assert run("letters", "--again", "1", "--aside", "1")[1] == 2


def test_nobody_but_the_operator_touches_letters(town):
    """The same forms from any other channel are refused and change nothing."""
    number = bury(town)
    for channel in ("paper", "web", "terminal"):
        chat = town.person("Người Lạ Thử", channel=channel)
        for form in ("letter-again", "letter-aside"):
            chat.submits(form, letter=str(number))
            chat.submits(form, letter="dead")
    assert [one.id for one in town.read(lambda store: store.backlog.stuck_letters())] == [number]


# --- replay ---------------------------------------------------------------------------------------


@contextmanager
def broken(monkeypatch):
    """Let every turn break, as a fault in our software does."""
    with monkeypatch.context() as patch:
        patch.setattr("bot.dialogue.find", lambda _: 1 / 0)
        yield


def test_what_broke_passes_after_the_fault_is_mended(installed, monkeypatch):
    """A whole day later: her name, typed while it was broken, is taken as the answer it was."""
    mau = installed.person("Nguyễn Thị Mẫu")
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-ab")
    with broken(monkeypatch):
        mau.says("Nguyễn Thị Mẫu")
    out, code = run("doctor")
    assert code == 1
    assert "1 events broke their turn; see `ketdoan replay`" in out
    installed.clock.advance(days=1)
    assert replay(installed.office) == (1, 0, 0)
    installed.deliver()
    assert mau.labels != []
    mau.taps("no-phone")
    assert "Nguyễn Thị Mẫu" in mau.last or "ghi tên" in mau.last.lower()


def test_the_command_replays(installed, monkeypatch):
    """`ketdoan replay` says how many passed; a second time there is nothing to do."""
    with broken(monkeypatch):
        installed.person("Nguyễn Thị Mẫu").says("menu")
        out, code = run("replay", "--json")
        assert (json.loads(out), code) == ({"passed": 0, "broke": 1, "aside": 0}, 1)
    assert json.loads(run("replay", "--json")[0]) == {"passed": 1, "broke": 0, "aside": 0}
    assert "0 passed, 0 broke again" in run("replay")[0]


def test_what_was_typed_to_an_earlier_question_answers_no_later_one(town, monkeypatch):
    """Her "1" of yesterday must not take her name back today: it is laid aside, and said so."""
    mau = town.person("Nguyễn Thị Mẫu")
    mau.signs(MAY)
    with broken(monkeypatch):
        mau.says("1")
    town.clock.advance(minutes=5)
    mau.says("rút tên")
    assert replay(town.office) == (0, 0, 1)
    assert town.petition().counted == 1
    assert town.read(lambda store: store.backlog.failed_events()) == 0


def test_a_button_of_yesterday_presses_nothing_of_today(town, monkeypatch):
    """A tap that broke and was repeated by hand comes to nothing twice."""
    mau = town.person("Nguyễn Thị Mẫu")
    mau.scans(MAY)
    tap = mau.button("sign").payload
    with broken(monkeypatch):
        mau.presses(tap)
    mau.presses(tap)
    before = mau.last
    assert replay(town.office)[1] == 0
    assert before


def test_one_event_that_cannot_be_read_stops_no_other(town, monkeypatch):
    """What an older version kept and this one cannot read is counted; the rest passes."""
    first, second = town.person("Nguyễn Thị Mẫu"), town.person("Trần Văn Thử")
    with broken(monkeypatch):
        first.says("menu")
        second.says("menu")
    read = Heard.from_json

    def odd(text):
        heard = read(text)
        if heard.address == first.address:
            raise TypeError("an unexpected keyword")
        return heard

    monkeypatch.setattr(hearing.Heard, "from_json", odd)
    assert replay(town.office) == (1, 1, 0)


def test_a_search_is_searched_again(town, monkeypatch):
    """A place typed while it was broken is looked for when it is replayed."""
    mau = town.person("Nguyễn Thị Mẫu")
    mau.says("alo")
    mau.says("tìm nơi làm")
    with broken(monkeypatch):
        mau.says("Giày Thí Nghiệm")
    assert replay(town.office) == (1, 0, 0)
    town.deliver()
    assert "Giày Thí Nghiệm" in " ".join([mau.last, *mau.labels])


# --- Telegram, only where it is asked for ---------------------------------------------------------


class _Api(BaseHTTPRequestHandler):
    answers: dict = {}  # noqa: RUF012 -- each test sets its own

    def do_GET(self):
        status, body = self.answers.get(self.path, (404, {"ok": False}))
        said = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


@pytest.fixture
def api(installed, monkeypatch):
    """Something that answers as the Bot API does; returns its answers by method, to be set."""
    with HTTPServer(("127.0.0.1", 0), _Api) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        monkeypatch.setenv("KETDOAN_TELEGRAM_TOKEN", TOKEN)
        monkeypatch.setenv("KETDOAN_TELEGRAM_API_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("KETDOAN_PUBLIC_URL", "https://ketdoan.example")
        _Api.answers = {}

        def set_answers(**methods):
            _Api.answers = {f"/bot{TOKEN}/{name}": told for name, told in methods.items()}

        yield set_answers
        server.shutdown()
        serving.join()


ME = (200, {"ok": True, "result": {"id": 123456, "username": "ketdoan_test_bot"}})


def hook(**more):
    """Return an answer to getWebhookInfo."""
    told = {"url": "https://ketdoan.example/telegram", "pending_update_count": 3} | more
    return (200, {"ok": True, "result": told})


def test_online_tells_the_bot_and_where_its_updates_go(api):
    """The bot's name and that updates come to us; without --online nobody is asked."""
    api(getMe=ME, getWebhookInfo=hook(last_error_message="Wrong response: 503"))
    out, code = run("doctor", "--online")
    assert code == 0, out
    assert "telegram: the bot is @ketdoan_test_bot" in out
    assert "telegram: updates are delivered to this installation" in out
    assert "telegram: 3 updates wait" in out
    assert "Wrong response: 503" in out
    assert TOKEN not in out
    assert "@ketdoan_test_bot" not in run("doctor")[0]


def test_updates_that_go_elsewhere_are_trouble(api):
    """A webhook of another installation takes our updates away; none at all is for polling."""
    api(getMe=ME, getWebhookInfo=hook(url="https://other.example/telegram"))
    out, code = run("doctor", "--online")
    assert code == 1
    assert "another address than ours" in out
    api(getMe=ME, getWebhookInfo=hook(url=""))
    out, code = run("doctor", "--online")
    assert code == 0
    assert "`ketdoan poll` fetches the updates" in out


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ((401, {"ok": False}), "the token is not known there"),
        ((404, {"ok": False}), "the token is not known there"),
        ((502, b"<html>"), "it is in trouble"),
        ((200, b"<html>"), "could not be asked (JSONDecodeError)"),
        ((200, [1]), "could not be asked (TypeError)"),
        ((200, {"ok": True}), "could not be asked (KeyError)"),
        ((200, {"ok": True, "result": 7}), "could not be asked (TypeError)"),
    ],
)
def test_odd_answers_are_one_line_without_the_token(api, told, said):
    """Whatever comes back instead of an answer is told in a line; the rest is looked at all the same."""
    api(getMe=told)
    out, code = run("doctor", "--online")
    assert code == 1
    assert said in out
    assert TOKEN not in out
    assert "letters: none waits" in out


def test_a_bot_api_that_is_away_is_one_line(api, monkeypatch):
    """Nobody listens there: a line, exit code 1, no token."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv(
            "KETDOAN_TELEGRAM_API_URL", f"http://127.0.0.1:{taken.getsockname()[1]}"
        )
        out, code = run("doctor", "--online")
    assert code == 1
    assert "telegram: getMe could not be asked (URLError)" in out
    assert TOKEN not in out


def test_doctor_asks_nobody_unless_told(installed):
    """Without --online doctor makes no connection beyond the database's own, and loads no channel."""
    program = (
        "import sys, socket\n"
        "from webhook.examination import examine\n"
        "examine()\n"
        "print(sorted(n for n in sys.modules if n.split('.')[0] in ('aiogram','prometheus_client')))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_the_wrong_key_does_not_open_what_is_listed(installed):
    """Counting and listing open nothing: they work whatever key there is."""
    bury(installed)
    other = replace(installed.office)
    other.database.keys = Keyring({1: b"x" * 32})
    assert installed.read(lambda store: len(store.backlog.stuck_letters())) == 1
