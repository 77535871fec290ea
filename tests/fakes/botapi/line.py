"""A connection to a webhook: one request at a time, kept open, with nothing between it and TCP."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import httptools


class Broken(Exception):
    """The connection ended without a whole answer."""


@dataclass
class Answer:
    """What a webhook said."""

    status: int = 0
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Line(asyncio.Protocol):
    """An HTTP/1.1 client on one socket."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiting: asyncio.Future[Answer] | None = None
        self.answer = Answer()
        self.open = False

    async def ask(self, request: bytes, seconds: float) -> Answer:
        """Send a request and return the answer; Broken when none comes whole and in time."""
        if not self.transport or not self.open:
            raise Broken("Webhook connection closed")
        self.answer = Answer()
        self.parser = httptools.HttpResponseParser(self)
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        try:
            return await asyncio.wait_for(self.waiting, seconds)
        except TimeoutError:
            self.close()
            raise Broken("Read timeout expired") from None

    def close(self) -> None:
        self.open = False
        if self.transport:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport does not inherit from asyncio's.
        self.transport, self.open = cast("asyncio.Transport", transport), True

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self.waiting and not self.waiting.done():
            self.waiting.set_exception(Broken("Webhook connection closed"))

    def data_received(self, data: bytes) -> None:
        if self.waiting is None or self.waiting.done():
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.waiting.set_exception(Broken("Wrong response from the webhook"))
            self.close()

    def on_status(self, reason: bytes) -> None:
        self.answer.reason = reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.answer.body += body

    def on_message_complete(self) -> None:
        self.answer.status = self.parser.get_status_code()
        if not self.parser.should_keep_alive():
            self.open = False
        if self.waiting and not self.waiting.done():
            self.waiting.set_result(self.answer)
