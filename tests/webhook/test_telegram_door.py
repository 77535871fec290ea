"""The door for Telegram: the secret before everything, the answer after the commit."""

import json
import logging
import re
from dataclasses import replace
from typing import Any

import knocking
import pytest
from chat import MAY
from fastapi import FastAPI
from knocking import Answer

from bot.office import Office
from bot.speech import Reply
from storage.database import NotWritten, TooBusy
from webhook.app import create_app
from webhook.limits import Bucket
from webhook.settings import Settings, read_settings
from webhook.telegram import PATH, heard_kinds, webhook_secret
from webhook.wiring import abilities

TOKEN = "123456:secret-of-the-tests"
SECRET = "what-telegram-shows"
HEADER = b"x-telegram-bot-api-secret-token"
SHE = {"id": 5550001, "is_bot": False, "first_name": "Mẫu", "language_code": "vi"}
CHAT = {"id": 5550001, "type": "private"}


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings with a bot whose Bot API is not there."""
    return read_settings(
        data_dir=tmp_path,
        telegram_token=TOKEN,
        telegram_api_url="http://127.0.0.1:9",
        telegram_webhook_secret=SECRET,
    )


@pytest.fixture
def office(office: Office, settings: Settings) -> Office:
    """The installation with Telegram as a channel."""
    return replace(office, abilities=abilities(settings))


@pytest.fixture
def app(settings: Settings, office: Office) -> FastAPI:
    """The application; only asked here, never started."""
    heard_kinds.clear()
    return create_app(settings, office)


def knock(
    app: FastAPI, *pieces: bytes, secret: bytes | None = SECRET.encode(), **how: Any
) -> Answer:
    """Send a body, in pieces, to the door."""
    return knocking.knock(
        app, PATH, *pieces, header=None if secret is None else (HEADER, secret), **how
    )


def update(number: int = 1, **what: object) -> bytes:
    """Return an update with a message of hers, or another kind."""
    return json.dumps({"update_id": number, **what}).encode()


def said(text: str, number: int = 1, app: FastAPI | None = None) -> bytes:
    """Return the update of a line that she typed just now."""
    at = app.state.door.office.database.clock() if app else None
    date = int(at.timestamp()) if at else 1795136400
    return update(number, message={"message_id": 1, "date": date, "chat": CHAT, "from": SHE, "text": text})  # fmt: skip


def tapped(payload: str, number: int = 1, chat: dict = CHAT) -> bytes:
    """Return the update of a tap."""
    under = {"message_id": 9, "date": 1, "chat": chat}
    tap = {"id": "77", "from": SHE, "chat_instance": "1", "message": under, "data": payload}
    return update(number, callback_query=tap)


def letters(app: FastAPI) -> list[Reply]:
    """Return what lies in the outbox for her, oldest first."""
    return knocking.letters(app, "telegram", "5550001")


# --- the secret ------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [None, b"", b"wrong"])
def test_without_the_secret_nothing_is_read(app, monkeypatch, secret):
    """A wrong secret is refused before the body is asked for, parsed, or the database is touched."""
    database = app.state.door.office.database

    def never(*_: object) -> None:
        raise AssertionError("the database was asked")

    for name in ("read", "write", "submit", "clock"):
        monkeypatch.setattr(database, name, never)
    monkeypatch.setattr("json.loads", never)
    answer = knock(app, said("1"), secret=secret)
    assert (answer.status, answer.reads) == (403, 0)
    assert answer.headers[b"connection"] == b"close"
    assert heard_kinds == {"wrong secret": 1}


def test_the_secret_is_made_from_the_key_where_none_is_set(office, tmp_path):
    """Each installation and each bot has a secret of its own that Telegram takes."""
    keys = office.database.keys
    made = {
        webhook_secret(read_settings(data_dir=tmp_path, telegram_token=token), keys)
        for token in (TOKEN, "123456:another", "")
    }
    assert len(made) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{16,256}", one) for one in made)
    given = read_settings(data_dir=tmp_path, telegram_token=TOKEN, telegram_webhook_secret="a-b")
    assert webhook_secret(given, keys) == "a-b"


# --- what is no update -----------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"x=1", b"[]", b"{}", b'{"update_id": "1"}', b"[" * 90_000])
def test_what_is_no_update_is_refused(app, body):
    """What is not JSON, or has no number, is refused and counted."""
    assert knock(app, body).status == 400
    assert heard_kinds == {"not an update": 1}


@pytest.mark.parametrize(
    "body",
    [
        update(message={"chat": {"id": -5, "type": "group"}, "from": SHE, "text": "1", "date": 1}),
        tapped("1.menu.X", chat={"id": -5, "type": "group"}),
        update(channel_post={"text": "x"}),
        update(inline_query={"id": "1", "query": "x"}),
        update(something_of_2031={}),
        update(edited_message={"text": "x"}),
        update(message={"text": 5}),
    ],
)
def test_what_nobody_answers_is_taken_and_left(app, body):
    """Groups, channels, unknown kinds: taken, so that it does not come again, and kept nowhere."""
    answer = knock(app, body)
    assert (answer.status, answer.body) == (200, b"")
    assert letters(app) == []
    assert sum(heard_kinds.values()) == 1


# --- what is heard ---------------------------------------------------------------------------


def test_it_is_answered_after_the_commit(app, town):
    """When the answer is there, what she did is written and her letter lies ready."""
    answer = knock(app, said(f"/start {town.tokens[MAY]}", app=app))
    assert (answer.status, answer.body) == (200, b"")
    assert "Công ty May Ví Dụ" in letters(app)[0].text
    assert heard_kinds == {"scan": 1}


def test_the_same_update_twice_is_one(app, town):
    """A delivery that comes again is answered and changes nothing."""
    body = said(f"/start {town.tokens[MAY]}", app=app)
    assert [knock(app, body).status for _ in range(3)] == [200, 200, 200]
    assert len(letters(app)) == 1
    assert heard_kinds["repeat"] == 2


def test_a_tap_stops_its_button_in_the_answer(app, town):
    """The answer to a tap carries the call that ends the spinning; it costs no call of its own."""
    knock(app, said(f"/start {town.tokens[MAY]}", app=app))
    payload = next(one.payload for one in letters(app)[0].choices if one.id == "sign")
    answer = knock(app, tapped(payload, 2))
    assert json.loads(answer.body) == {
        "method": "answerCallbackQuery",
        "callback_query_id": "77",
    }
    assert answer.headers[b"content-type"] == b"application/json"
    assert "đồng ý" in letters(app)[-1].text


@pytest.mark.parametrize("payload", ["1.put-name.AAAA", "x", "\x00", "\ud800", "1" * 900, "a.b.c"])
def test_a_forged_button_does_nothing(app, town, payload):
    """A payload that was not offered to her is refused in words."""
    knock(app, said(f"/start {town.tokens[MAY]}", app=app))
    before = town.petition()
    assert knock(app, tapped(payload, 2)).status == 200
    assert town.petition() == before
    assert letters(app)[1].text != letters(app)[0].text


@pytest.mark.parametrize("text", ["\x00", "a\ud800b", "\u202egnp.exe", "x" * 4096, "😀" * 2000])
def test_whatever_is_typed_is_answered(app, text):
    """NULs, half characters, direction marks and long texts get an answer like anything else."""
    assert knock(app, said(text, app=app)).status == 200
    assert len(letters(app)) == 1


def test_a_week_old_line_is_heard_once_and_not_obeyed(app, town):
    """A line that is older than Telegram keeps one is answered by a request to say it again."""
    knock(app, said(f"/start {town.tokens[MAY]}", app=app))
    town.clock.advance(days=7)
    old = said("1", 2).replace(
        b"1795136400", str(int(town.clock().timestamp()) - 7 * 86400).encode()
    )
    assert [knock(app, old).status for _ in range(2)] == [200, 200]
    assert [one.text[:30] for one in letters(app)[1:]] == ["Tin vừa rồi của bạn tới đây mu"]
    assert heard_kinds["late"] == 2


def test_who_blocked_us_is_written_to_no_more(app, town):
    """Blocking is remembered, and coming back is; neither is answered nor moves the talk on."""
    knock(app, said(f"/start {town.tokens[MAY]}", app=app))

    def now():
        with app.state.door.office.database.read() as store:
            return store.conversations.find("telegram", "5550001")

    def member(status, number):
        changed = {"chat": CHAT, "from": SHE, "date": 1, "new_chat_member": {"status": status}}
        return update(number, my_chat_member=changed)

    before = now()
    town.clock.advance(hours=1)
    assert knock(app, member("kicked", 2)).status == 200
    assert now() == replace(before, gone_at=town.clock())
    assert knock(app, member("member", 3)).status == 200
    assert now() == before
    assert len(letters(app)) == 1


def test_a_stranger_who_blocks_us_leaves_nothing(app):
    """Nobody is remembered for having blocked a bot she never spoke to."""
    changed = {"chat": CHAT, "from": SHE, "date": 1, "new_chat_member": {"status": "kicked"}}
    assert knock(app, update(my_chat_member=changed)).status == 200
    with app.state.door.office.database.read() as store:
        assert store.conversations.find("telegram", "5550001") is None


# --- when it cannot be heard -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"), [(TooBusy(), 503), (NotWritten("x"), 503), (ZeroDivisionError(), 500)]
)
def test_what_was_not_written_is_not_acknowledged(app, monkeypatch, error, status):
    """Telegram is asked to come again; the tap is not told that it was heard."""

    async def hear(_: object) -> None:
        raise error

    monkeypatch.setattr(app.state.door, "hear", hear)
    answer = knock(app, tapped("1.menu.X"))
    assert (answer.status, answer.body) == (status, b"")
    assert (b"retry-after" in answer.headers) == (status == 503)


def test_one_person_cannot_flood_the_store(app):
    """Who sends faster than anybody taps is held back at Telegram, and nobody else is."""
    app.state.door.limits.talk = Bucket(burst=3, rate=0)
    ends = [knock(app, said("1", number, app)).status for number in range(5)]
    assert ends == [200, 200, 200, 503, 503]
    other = said("1", 9, app).replace(b"5550001", b"5550002")
    assert knock(app, other).status == 200
    assert heard_kinds["flood"] == 2


def test_nothing_of_it_is_logged(app, caplog, capsys):
    """Neither the number of a person, nor words, nor the token, nor the secret stand in the log."""
    caplog.set_level(logging.DEBUG)
    knock(app, said("Nguyễn Thị Mẫu 0912345678", app=app))
    knock(app, b"{", secret=b"wrong")
    knock(app, b"{Nguyen")
    told = caplog.text + "".join(capsys.readouterr())
    for secret in ("Mẫu", "0912", "5550001", TOKEN, SECRET, "Nguyen"):
        assert secret not in told


# --- beside the pages ------------------------------------------------------------------------


def test_without_a_token_there_is_no_door(office, tmp_path):
    """An installation without Telegram answers like any address that is not there."""
    plain = create_app(read_settings(data_dir=tmp_path), office)
    assert knock(plain, said("1")).status in (404, 405)
