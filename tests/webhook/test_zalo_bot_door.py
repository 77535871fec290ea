"""The door for Zalo's Bot Platform, and fetching from it: the secret, 200 after the commit."""

import asyncio
import json
import logging
import os
import signal
from dataclasses import replace

import knocking
import pytest
from chat import MAY
from commands import run_command
from fastapi import FastAPI
from knocking import AT, letters

from bot.feeding import feed
from bot.office import Office
from bot.speech import Pace, TooFast, Unreachable
from storage.database import NotWritten, TooBusy
from storage.spool import Spool
from webhook import zalo_bot_polling
from webhook.app import create_app
from webhook.settings import Settings, read_settings
from webhook.wiring import abilities
from webhook.zalo_bot import PATH, bot_secret, heard_kinds
from webhook.zalo_bot_polling import Polling

TOKEN = "123456:secret-of-the-tests"
SECRET = "what-zalo-shows"
HEADER = b"x-bot-api-secret-token"
SHE = "7f3a0c51d2e94b86a1f0"


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings with a bot whose API is not there."""
    return read_settings(
        data_dir=tmp_path,
        zalo_bot_token=TOKEN,
        zalo_bot_api_url="http://127.0.0.1:9",
        zalo_bot_secret=SECRET,
    )


@pytest.fixture
def office(office: Office, settings: Settings) -> Office:
    """The installation with the bot as a channel."""
    return replace(office, abilities=abilities(settings))


@pytest.fixture
def app(settings: Settings, office: Office) -> FastAPI:
    """The application; only asked here, never started."""
    heard_kinds.clear()
    return create_app(settings, office)


def knock(app, *pieces, secret=SECRET, **how):
    """Send a body to the door."""
    header = None if secret is None else (HEADER, secret.encode())
    return knocking.knock(app, PATH, *pieces, header=header, **how)


def said(text, number=1, *, wrapped=True):
    """Return the update of a line that she typed."""
    message = {
        "from": {"id": SHE, "display_name": "Mẫu", "is_bot": False}, "date": AT, "text": text,
        "chat": {"id": SHE, "chat_type": "PRIVATE"}, "message_id": f"{number:020x}",
    }  # fmt: skip
    told = {"event_name": "message.text.received", "message": message}
    return json.dumps({"ok": True, "result": told} if wrapped else told).encode()


def hers(app):
    """Return the letters that lie ready for her."""
    return letters(app, "zalo-bot", SHE)


@pytest.mark.parametrize("secret", [None, "", "wrong"])
def test_without_the_secret_nothing_is_read(app, monkeypatch, secret):
    """A wrong secret is refused before the body is asked for, parsed, or the database is touched."""

    def never(*_: object) -> None:
        raise AssertionError("it was asked")

    body = said("1")
    for name in ("read", "write", "submit", "clock"):
        monkeypatch.setattr(app.state.door.office.database, name, never)
    monkeypatch.setattr("json.loads", never)
    answer = knock(app, body, secret=secret)
    assert (answer.status, answer.reads) == (403, 0)
    assert heard_kinds == {"wrong secret": 1}


def test_the_secret_is_made_from_the_key_where_none_is_set(office, tmp_path):
    """Each installation and each bot has a secret of its own, long enough for the platform."""
    keys = office.database.keys
    made = {
        bot_secret(read_settings(data_dir=tmp_path, zalo_bot_token=token), keys)
        for token in (TOKEN, "123456:another", "")
    }
    assert len(made) == 3
    assert all(8 <= len(one) <= 256 for one in made)


@pytest.mark.parametrize(
    "body", [b"", b"x=1", b"{}", b"[]", b"[" * 90_000, b'{"event_name":"message.text.received"}']
)
def test_what_can_not_be_read_is_taken_and_counted(app, body):
    """Shown the secret and yet no update: 200, and counted."""
    assert knock(app, body).status == 200
    assert heard_kinds == {"malformed": 1}


@pytest.mark.parametrize("wrapped", [True, False])
def test_numbers_lead_on(app, town, wrapped):
    """She types a poster's code and then a number, and what she chose is written when 200 is there."""
    with app.state.door.office.database.read() as store:
        code = store.posters.by_token(town.tokens[MAY]).code
    assert knock(app, said(f"/start {code}", wrapped=wrapped)).status == 200
    assert "1. Ghi tên" in hers(app)[-1].listed
    assert knock(app, said("1", 2, wrapped=wrapped)).status == 200
    asked = hers(app)
    assert "đồng ý" in asked[-1].text
    assert [knock(app, said("1", 2)).status for _ in range(2)] == [200, 200]
    assert hers(app) == asked
    assert heard_kinds == {"start": 1, "text": 3, "repeat": 2}


@pytest.mark.parametrize("error", [TooBusy(), NotWritten("x"), ZeroDivisionError()])
def test_what_was_not_written_is_not_acknowledged(app, monkeypatch, error):
    """The platform is asked to come again, whatever stood in the way."""

    async def hear(_: object) -> None:
        raise error

    monkeypatch.setattr(app.state.door, "hear", hear)
    assert knock(app, said("1")).status == 503


def test_nothing_of_it_is_logged(app, caplog, capsys):
    """Neither ids, nor words, nor the token, nor the secret stand in the log."""
    caplog.set_level(logging.DEBUG)
    knock(app, said("Nguyễn Thị Mẫu 0912345678"))
    knock(app, said("Mẫu"), secret="wrong")
    told = caplog.text + "".join(capsys.readouterr())
    for secret in ("Mẫu", "0912", SHE, TOKEN, SECRET):
        assert secret not in told


def test_without_a_token_there_is_no_door(office, tmp_path):
    """An installation without the bot answers like any address that is not there."""
    plain = create_app(read_settings(data_dir=tmp_path), office)
    assert knock(plain, said("1")).status in (403, 404, 405)


# --- fetching ------------------------------------------------------------------------------------


class Paper:
    """A platform that gives what it is told to, one by one, and then has the fetching stopped."""

    def __init__(self, stop, *comes):
        self.stop = stop
        self.comes = list(comes)
        self.asked = []

    async def delete_webhook(self):
        self.asked.append("away")

    async def update(self, seconds):
        self.asked.append(seconds)
        if not self.comes:
            self.stop.set()
            return None
        come = self.comes.pop(0)
        if isinstance(come, Exception):
            raise come
        return come


def fetches(office, *comes):
    """Fetch what comes until it is stopped; return what was asked."""

    async def fetching():
        stop = asyncio.Event()
        bot = Paper(stop, *comes)
        await Polling(office, bot, stop).run()
        return bot.asked

    return asyncio.run(fetching())


def test_updates_are_fetched_one_by_one(app, office, monkeypatch):
    """Each is heard before the next is asked for; nothing, nonsense and a broken line end nothing."""
    monkeypatch.setattr(zalo_bot_polling, "FIRST_WAIT", 0.01)
    one, two = json.loads(said("menu")), json.loads(said("menu", 2, wrapped=False))
    asked = fetches(office, one, None, "?", Unreachable(), TooFast(0.01), ValueError("x"), two)
    assert asked == ["away", *[zalo_bot_polling.WAIT_SECONDS] * 8]
    assert len(hers(app)) == 2
    assert +heard_kinds == {"text": 2, "malformed": 1}


def test_what_was_fetched_waits_for_the_store(app, office, monkeypatch):
    """Nobody brings it again: it is tried until it is written; what breaks always is given up."""
    monkeypatch.setattr(zalo_bot_polling, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(zalo_bot_polling, "LONGEST_WAIT", 0.001)
    real, ends = zalo_bot_polling.hear, [TooBusy(), NotWritten("x"), ZeroDivisionError()]

    def hear(heard, office):
        if ends:
            raise ends.pop(0)
        return real(heard, office)

    monkeypatch.setattr(zalo_bot_polling, "hear", hear)
    fetches(office, json.loads(said("menu")))
    assert len(hers(app)) == 1
    ends += [ZeroDivisionError()] * 100
    fetches(office, json.loads(said("menu", 3)))
    assert heard_kinds["given up"] == 1


def test_what_can_not_be_heard_waits_in_the_spool(app, office, tmp_path, monkeypatch):
    """Told to stop while the store is away: what was fetched is not lost, it is fed later."""
    monkeypatch.setattr(zalo_bot_polling, "FIRST_WAIT", 0.001)
    spool = Spool(tmp_path / "spool", office.database.keys, 1_000_000)
    with_spool = replace(office, spool=spool)

    def away(*_):
        raise NotWritten("x")

    async def told_to_stop():
        stop = asyncio.Event()
        stop.set()
        await Polling(with_spool, Paper(stop), stop)._take(json.loads(said("menu")))

    with monkeypatch.context() as patch:
        patch.setattr(zalo_bot_polling, "hear", away)
        asyncio.run(told_to_stop())
    assert heard_kinds["given up"] == 0
    assert hers(app) == []
    feed(with_spool)
    assert len(hers(app)) == 1
    spool.close()


def test_told_to_stop_it_ends_and_lets_the_line_go(app, office, settings, monkeypatch):
    """A signal ends it after the update in hand; letters are sent beside it and the line is closed."""
    done = []

    class Stopped:
        pace = Pace(0, 0)

        async def delete_webhook(self):
            done.append("away")

        async def update(self, seconds):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)
            return json.loads(said("menu"))

        async def send(self, address, reply):
            done.append(address)
            return "m1"

        async def close(self):
            done.append("closed")

    monkeypatch.setattr(zalo_bot_polling, "zalo_bot_of", lambda _: Stopped())
    zalo_bot_polling.run(settings, office, sends=True)
    assert len(hers(app)) + done.count(SHE) == 1
    assert (done[0], done[-1]) == ("away", "closed")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["poll", "zalo-bot"], "KETDOAN_ZALO_BOT_TOKEN: must be set"),
        (["poll", "sms"], "only telegram and zalo-bot"),
    ],
)
def test_what_can_not_be_fetched_is_told_in_one_line(tmp_path, words, told):
    """A channel that is not set up, or none, ends the command with a clear line."""
    environment = {"KETDOAN_DATA_DIR": str(tmp_path / "var")}
    assert run_command(["init"], environment).code == 0
    ran = run_command(words, environment)
    assert ran.code != 0
    assert told in ran.errors
    assert len(ran.errors.strip().split("\n")) == 1
