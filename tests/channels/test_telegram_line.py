"""What became of a call to the Bot API, in the five words of the sender."""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable

import pytest
from aiogram import Bot
from aiogram.methods import GetMe

from bot.speech import Gone, Rejected, TooFast, Unreachable, Unsure
from channels import telegram_line
from channels.telegram_line import NO_NUMBER_SECONDS, Line, Taken, TokenRefused, result_of

TOKEN = "123456:secret-of-the-tests"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def refused(status, description="", **more):
    """Return an answer by which Telegram itself says no."""
    told = {"ok": False, "error_code": status, "description": description} | more
    return status, json.dumps(told).encode()


def fast(retry_after, description="Too Many Requests"):
    """Return a 429 with a number as somebody might write it."""
    return refused(429, description, parameters={"retry_after": retry_after})


TABLE = [
    (refused(403, "Forbidden: bot was blocked by the user"), Gone),
    (refused(403, "Forbidden: user is deactivated"), Gone),
    (refused(403, "Forbidden: bot can't initiate conversation with a user"), Gone),
    (refused(400, "Bad Request: chat not found"), Gone),
    (refused(400, "Bad Request: PEER_ID_INVALID"), Gone),
    (refused(400, "Bad Request: message is too long"), Rejected),
    (refused(400, "Bad Request: BUTTON_DATA_INVALID"), Rejected),
    (refused(413, "Request Entity Too Large"), Rejected),
    (refused(401, "Unauthorized"), TokenRefused),
    (refused(404, "Not Found"), TokenRefused),
    (refused(409, "Conflict: terminated by other getUpdates request"), Taken),
    (refused(418, "?"), Unreachable),
    (refused(500, "Internal Server Error: restart"), Unsure),
    (refused(502, "Bad Gateway"), Unsure),
    ((502, b"<html>502 Bad Gateway</html>"), Unsure),
    ((504, b""), Unsure),
    ((403, b"<html>403 Forbidden</html>"), Unreachable),
    ((400, b"<html>400</html>"), Unreachable),
    ((404, b"nothing here"), Unreachable),
    ((301, b""), Unreachable),
    ((407, b""), Unreachable),
    ((200, b"<html>Welcome to our network</html>"), Unsure),
    ((200, b'{"ok": 1, "result": {}}'), Unsure),
    ((200, b"[]"), Unsure),
    ((200, b"[" * 100_000), Unsure),
]


@pytest.mark.parametrize(("answer", "error"), TABLE)
def test_what_an_answer_means(answer, error):
    """Each refusal is named by what to do next; a gateway's page never ends a letter or a person."""
    with pytest.raises(error) as raised:
        result_of(*answer)
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (fast(7), 7.0),
        (fast(5.5), 5.5),
        (fast("12"), 12.0),
        (fast(0, "Too Many Requests: retry after 9"), 9.0),
        (refused(429, "Too Many Requests: retry after 31"), 31.0),
        (refused(429, "Too Many Requests", parameters=None), NO_NUMBER_SECONDS),
        (refused(429, "Too Many Requests", parameters=[]), NO_NUMBER_SECONDS),
        (fast(-3), NO_NUMBER_SECONDS),
        (fast("soon"), NO_NUMBER_SECONDS),
        ((429, b'{"ok": false, "parameters": {"retry_after": NaN}}'), NO_NUMBER_SECONDS),
        ((429, b"<html>429</html>"), NO_NUMBER_SECONDS),
        (fast(10**12), 24 * 3600.0),
        (fast(10**400), NO_NUMBER_SECONDS),
    ],
)
def test_too_fast_says_exactly_how_long(answer, seconds):
    """Every spelling of `retry_after` is read, and one that cannot be read is still a wait."""
    with pytest.raises(TooFast) as raised:
        result_of(*answer)
    assert raised.value.seconds == seconds
    assert raised.value.for_all


def test_a_result_is_what_telegram_said():
    """What was accepted is accepted, however new the message in the answer looks."""
    assert result_of(200, b'{"ok": true, "result": {"message_id": 5, "new": {"x": []}}}') == {
        "message_id": 5,
        "new": {"x": []},
    }


@pytest.mark.parametrize("by_webhook", [True, False])
def test_who_takes_the_updates_is_told(by_webhook):
    """A webhook that stands is told apart from another program that fetches."""
    words = "can't use getUpdates method while webhook is active" if by_webhook else "terminated"
    with pytest.raises(Taken) as raised:
        result_of(*refused(409, f"Conflict: {words}"))
    assert raised.value.by_webhook is by_webhook


@pytest.mark.parametrize("status", [400, 403, 409, 429, 500])
def test_what_telegram_describes_is_not_passed_on(status):
    """A description may hold words of a person; nothing of it stands in an error."""
    answer = refused(status, "can't parse Nguyễn Thị Mẫu 0912345678")
    with pytest.raises((Gone, TooFast, Rejected, Unreachable, Unsure)) as raised:
        result_of(*answer)
    error = raised.value
    assert "Mẫu" not in f"{error!r}{error}{error.__cause__}{error.__context__}"


# --- the line itself -------------------------------------------------------------------------


async def call(serve: Serve) -> object:
    """Call getMe of a server that behaves like *serve*."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    bot = Bot(TOKEN, session=Line(f"http://127.0.0.1:{port}"))
    try:
        return await bot(GetMe())
    finally:
        await bot.session.close()
        server.close()
        await server.wait_closed()


async def hang_up(reader, writer):
    """Take a call and say nothing."""
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def half(reader, writer):
    """Begin an answer and break off."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"ok": tr')
    await writer.drain()
    writer.transport.abort()


async def garbage(reader, writer):
    """Answer with what is no HTTP."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    await writer.drain()
    writer.close()


async def silence(reader, writer):
    """Never answer."""
    await reader.read()
    writer.close()


@pytest.mark.parametrize("serve", [hang_up, half, garbage, silence])
def test_a_line_that_breaks_leaves_it_open(serve, monkeypatch):
    """When the call was written and no whole answer came, nobody knows whether it was done."""
    monkeypatch.setattr(telegram_line, "CALL_SECONDS", 0.5)
    with pytest.raises(Unsure) as raised:
        asyncio.run(call(serve))
    assert raised.value.__cause__ is None


def test_nobody_there_means_nothing_was_said():
    """A refused connection is certain: nothing has arrived."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def ring() -> None:
        bot = Bot(TOKEN, session=Line(f"http://127.0.0.1:{port}"))
        try:
            await bot(GetMe())
        finally:
            await bot.session.close()

    with pytest.raises(Unreachable) as raised:
        asyncio.run(ring())
    assert TOKEN not in f"{raised.value!r}"


def test_a_redirection_is_not_followed():
    """The token goes to the address that was set, and to no other."""
    asked = []

    async def elsewhere(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split()[1])
        if len(asked) == 1:
            writer.write(b"HTTP/1.1 307 Moved\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n")
        else:
            writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 24\r\n\r\n{"ok":true,"result":true}')
        await writer.drain()
        writer.close()

    with pytest.raises(Unreachable):
        asyncio.run(call(elsewhere))
    assert asked == [f"/bot{TOKEN}/getMe".encode()]


def test_a_call_ends_before_the_sender_gives_up(monkeypatch):
    """A server that says nothing is left after the time of one call."""
    monkeypatch.setattr(telegram_line, "CALL_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(Unsure):
        asyncio.run(call(silence))
    assert time.monotonic() - began < 5
    monkeypatch.undo()
    assert telegram_line.CALL_SECONDS < 30
