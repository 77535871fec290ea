"""The fake Telegram as a server: the Bot API and its control API on one port of this machine."""

import asyncio
import json
import os
import socket
import struct
import sys
import time
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
import uvloop
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fakes.botapi.account import FIRST_NAME, FIRST_TOKEN, Account, Platform
from fakes.botapi.answers import SAID
from fakes.botapi.arrivals import Arrival, Log
from fakes.botapi.calls import Html, Silenced, perform
from fakes.botapi.control import controlled
from fakes.botapi.methods import named
from fakes.botapi.refusals import Cut, Hung, Misused, Refused, bad
from fakes.botapi.speaking import Uploaded

JSON = (b"content-type", b"application/json")
MAX_BODY = 60_000_000
BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
    b"Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)


class Protocol(HttpToolsProtocol):
    """Notes when a request began to arrive, and gives a fault the socket to cut."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["arrived_at"] = time.monotonic()  # type: ignore[typeddict-unknown-key]
        self.scope["transport"] = self.transport  # type: ignore[typeddict-unknown-key]


async def body_of(receive: Any) -> bytes:
    parts, length = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Hung
        parts.append(event.get("body", b""))
        length += len(parts[-1])
        if length > MAX_BODY:
            raise Refused(413, "Request Entity Too Large")
        if not event.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def pairs(raw: bytes) -> dict[str, Any]:
    try:
        return dict(parse_qsl(raw.decode(), keep_blank_values=True))
    except UnicodeDecodeError:
        raise bad("strings must be encoded in UTF-8") from None


async def parameters(scope: Any, body: bytes) -> tuple[dict[str, Any], dict[str, Uploaded]]:
    """A call's parameters, however they came, and its files."""
    given = pairs(scope["query_string"]) if scope["query_string"] else {}
    if not body:
        return given, {}
    headers = dict(scope["headers"])
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind == b"application/x-www-form-urlencoded":
        return {**given, **pairs(body)}, {}
    if kind == b"application/json":
        try:
            more = json.loads(body)
        except ValueError:
            raise bad("can't parse JSON object") from None
        if not isinstance(more, dict):
            raise bad("can't parse JSON object")
        return {**given, **more}, {}
    if kind == b"multipart/form-data":
        return await multipart(scope, body, given)
    raise bad("unsupported content type")


async def multipart(
    scope: Any, body: bytes, given: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Uploaded]]:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    files = {}
    async with Request(scope, receive).form(max_part_size=MAX_BODY) as form:
        for name, value in form.items():
            if isinstance(value, str):
                given[name] = value
            else:
                files[name] = Uploaded(
                    value.filename or "file", value.content_type or "", await value.read()
                )
    return given, files


def refusal(refused: Refused) -> bytes:
    said: dict[str, Any] = {
        "ok": False,
        "error_code": refused.status,
        "description": refused.description,
    }
    if refused.parameters:
        said["parameters"] = dict(refused.parameters)
    return json.dumps(said).encode()


def success(method: str, result: Any) -> bytes:
    if method == "getUpdates":
        return b'{"ok":true,"result":[' + b",".join(result) + b"]}"
    if method in SAID:
        return json.dumps({"ok": True, "result": result, "description": SAID[method]}).encode()
    return b'{"ok":true,"result":' + json.dumps(result).encode() + b"}"


class Server:
    """The application."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        platform.in_answer = self.in_answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        path = scope["path"]
        try:
            if path.startswith("/_/"):
                await self.control(scope, receive, send)
            else:
                await self.call(scope, receive, send)
        except Hung:
            await until_gone(receive)
        except Cut:
            cut(scope["transport"])

    async def call(self, scope: Any, receive: Any, send: Any) -> None:
        """One call of the Bot API."""
        arrival = self.platform.log.open(scope["arrived_at"], None, "?")
        account, status, headers = None, 200, [JSON]
        silenced: Silenced | None = None
        latency = self.platform.faults.latency(self.platform.chance)
        try:
            account, name = self.addressed(scope["path"])
            arrival.bot = account.id
            body = await body_of(receive)
            if latency:
                await asyncio.sleep(latency / 2)
            given, files = await parameters(scope, body)
            method = named(name or str(given.pop("method", "")))
            arrival.method = method
            self.count(method)
            said = success(method, await perform(account, method, given, files, arrival))
        except Html:
            status, headers, said = 502, [(b"content-type", b"text/html")], BAD_GATEWAY
        except Refused as refused:
            status, said = refused.status, refusal(refused)
            if isinstance(refused, Silenced):
                silenced = refused
            self.refused(arrival, status)
            if refused.parameters and "retry_after" in refused.parameters:
                after = str(refused.parameters["retry_after"]).encode()
                headers = [JSON, (b"retry-after", after)]
        if latency:
            await asyncio.sleep(latency / 2)
        arrival.status, arrival.answered_at = status, time.monotonic()
        if silenced and account:
            account.limits.promised(silenced.seconds, silenced.chat, arrival.answered_at)
        await answer(send, status, said, headers)

    def addressed(self, path: str) -> tuple[Account, str]:
        """The bot and the method that a path names."""
        if not path.startswith("/bot"):
            raise Refused(404, "Not Found")
        token, slash, name = path[4:].partition("/")
        if not slash:
            raise Refused(404, "Not Found")
        account = self.platform.bots.get(token)
        if account is None:
            well_made = token[:1] not in ("0", "") and ":" in token and len(token) <= 80
            more = "" if well_made else ": invalid token specified"
            raise Refused(401, f"Unauthorized{more}")
        return account, name

    def count(self, method: str) -> None:
        self.platform.log.methods[method] += 1
        if method == "getUpdates":
            self.platform.log.counts["polls"] += 1

    def refused(self, arrival: Arrival, status: int) -> None:
        if arrival.outcome == "open":
            arrival.outcome = "refused"
        self.platform.log.counts["answered_429" if status == 429 else "refused"] += 1

    async def in_answer(self, account: Account, method: str, given: dict[str, Any]) -> None:
        """A method that a webhook's answer held; nobody hears how it went."""
        arrival = self.platform.log.open(time.monotonic(), account.id, method)
        arrival.in_answer = True
        try:
            arrival.method = named(method)
            self.count(arrival.method)
            await perform(account, arrival.method, given, {}, arrival)
            arrival.status = 200
        except Refused as refused:
            self.refused(arrival, refused.status)
            arrival.status = refused.status
        except (Cut, Hung, Html):
            pass

    async def control(self, scope: Any, receive: Any, send: Any) -> None:
        """One request of the control API."""
        status = 200
        try:
            body = await body_of(receive)
            asked = json.loads(body) if body else {}
            if not isinstance(asked, dict):
                raise Misused("the body must be a JSON object")  # noqa: TRY301
            query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
            found = await controlled(
                self.platform, scope["method"], scope["path"][3:], query, asked
            )
        except (Misused, ValueError, KeyError, TypeError) as wrong:
            status, found = 400, {"error": f"{type(wrong).__name__}: {wrong}"}
        await answer(send, status, json.dumps(found).encode(), [JSON])


async def answer(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def until_gone(receive: Any) -> None:
    """Say nothing until the other side gives up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def cut(transport: Any) -> None:
    """End a connection the hard way, so that the other side sees a reset."""
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def serve(port: int, seed: int, speed: float, log_limit: int, keep: int, tied: bool) -> None:  # noqa: FBT001
    """Listen until told to stop; `tied`: or until standard input ends."""
    platform = Platform(seed, speed, Random(seed), Log(log_limit), keep)
    platform.register(FIRST_TOKEN, FIRST_NAME)
    listening = socket.create_server(("127.0.0.1", port), backlog=2048)
    config = uvicorn.Config(
        Server(platform),
        http=Protocol,
        lifespan="off",
        ws="none",
        access_log=False,
        proxy_headers=False,
        log_level="error",
        timeout_keep_alive=120,
        backlog=2048,
        server_header=False,
        date_header=False,
    )
    server = uvicorn.Server(config)
    server.force_exit = True

    async def run() -> None:
        if tied:
            asyncio.get_running_loop().add_reader(sys.stdin, until_end, server)
        asyncio.get_running_loop().call_soon(ready, listening.getsockname()[1])
        await server.serve([listening])

    def ready(number: int) -> None:
        print("ready" if port else f"ready {number}", flush=True)

    uvloop.run(run())


def until_end(server: uvicorn.Server) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        server.should_exit = True
