"""What a load generator is made of: lines to a server, updates as Telegram sends them, a history.

Nothing here is measured; it must only be cheap, and write down what it was told and what not.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast
from urllib.parse import urlencode

import httptools

HOST = "127.0.0.1"
_SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 -- the name of a header


class Cut(Exception):
    """The line broke before the whole answer was there; nobody knows what became of it."""


@dataclass
class Answer:
    """What a server said."""

    status: int = 0
    body: bytes = b""


class Line(asyncio.Protocol):
    """One connection that is kept alive, one request at a time."""

    def __init__(self) -> None:
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._answer = Answer()

    async def ask(self, request: bytes, seconds: float) -> Answer:
        """Send a request and return the answer. Raises Cut."""
        if self._transport is None or not self.is_open:
            raise Cut("closed")
        self._answer = Answer()
        self._parser = httptools.HttpResponseParser(self)
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            async with asyncio.timeout(seconds):
                return await self._waiting
        except TimeoutError:
            raise Cut("no answer in time") from None
        finally:
            if not self._waiting.done() or self._waiting.cancelled():
                self.close()

    def close(self) -> None:
        """Break the line."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport, self.is_open = cast("asyncio.Transport", transport), True

    def connection_lost(self, exc: Exception | None) -> None:
        """End what waits."""
        self.is_open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Cut(type(exc).__name__))

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._parser is None or self._waiting is None or self._waiting.done():
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._waiting.set_exception(Cut("no HTTP"))
            self.close()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the answer."""
        self._answer.body += body

    def on_message_complete(self) -> None:
        """Hand the whole answer over."""
        assert self._parser is not None
        self._answer.status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._answer)


@dataclass
class Door:
    """A server by its port, with the lines to it that are free."""

    port: int
    _free: list[Line] = field(default_factory=list)

    async def ask(self, request: bytes, seconds: float = 30) -> Answer:
        """Send a request over a free line or a new one. Raises Cut, OSError (nobody listens)."""
        return await self.over(await self.line(), request, seconds)

    async def line(self) -> Line:
        """Return a free line or a new one. Raises OSError where nobody listens."""
        while self._free:
            line = self._free.pop()
            if line.is_open:
                return line
        _, line = await asyncio.get_running_loop().create_connection(Line, HOST, self.port)
        return line

    async def over(self, line: Line, request: bytes, seconds: float = 30) -> Answer:
        """Send a request over this line, and keep it for the next. Raises Cut."""
        try:
            return await line.ask(request, seconds)
        finally:
            if line.is_open:
                self._free.append(line)

    def close(self) -> None:
        """Break every free line."""
        while self._free:
            self._free.pop().close()


# --- requests ------------------------------------------------------------------------------------


def fetched(path: str) -> bytes:
    """Return a GET as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def posted(path: str, body: bytes, kind: str = "application/json", **headers: str) -> bytes:
    """Return a POST as it goes over the wire."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


def form(path: str, **fields: str) -> bytes:
    """Return a form as a browser sends it."""
    return posted(path, urlencode(fields).encode(), "application/x-www-form-urlencoded")


def update(secret: str, **what: Any) -> bytes:
    """Return an update as Telegram delivers it."""
    return posted("/telegram", json.dumps(what).encode(), **{_SECRET: secret})


def typed(chat: int, number: int, text: str) -> dict[str, Any]:
    """Return what an update holds when somebody writes a line."""
    message = _message(chat, number, text) | {"from": _person(chat)}
    if text.startswith("/"):
        length = len(text.split(maxsplit=1)[0])
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    return {"update_id": number, "message": message}


def tapped(chat: int, number: int, payload: str) -> dict[str, Any]:
    """Return what an update holds when somebody taps a button."""
    under = _message(chat, number, "?")
    tap = {"id": str(number), "from": _person(chat), "message": under, "data": payload}
    return {"update_id": number, "callback_query": tap | {"chat_instance": str(chat)}}


def _person(chat: int) -> dict[str, Any]:
    return {"id": chat, "is_bot": False, "first_name": "M", "language_code": "vi"}


def _message(chat: int, number: int, text: str) -> dict[str, Any]:
    private = {"id": chat, "first_name": "M", "type": "private"}
    return {"message_id": number, "date": int(time.time()), "chat": private, "text": text}


# --- what happened -------------------------------------------------------------------------------


class History:
    """Everything that was tried, acknowledged, killed and delivered: one JSON object a line."""

    def __init__(self, path: Path) -> None:
        """Begin a new one at *path*."""
        self.path = path
        self._file: TextIO = path.open("x", encoding="utf-8")

    def note(self, **what: Any) -> None:
        """Write one thing down."""
        self._file.write(json.dumps(what, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Bring everything to the file."""
        self._file.close()
