"""The fake Zalo as a server: OAuth, OpenAPI, Bot Platform and control on one port."""

import asyncio
import json
import os
import socket
import sys
import time
from random import Random
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
import uvloop

from fakes.botapi.server import Protocol, answer, cut, until_gone
from fakes.zaloapi import bot_methods, oauth, openapi
from fakes.zaloapi.account import Oa, Platform
from fakes.zaloapi.arrivals import Arrival
from fakes.zaloapi.bot import Bot
from fakes.zaloapi.control import controlled, postmen
from fakes.zaloapi.refusals import Cut, Hung, Misused, Refused, Spoilt
from fakes.zaloapi.requests import Request

FIRST_OA, FIRST_SECRET = "3579246801357924680", "oaSecretDemo0001"
FIRST_PAIR = ("AT_first_demo", "RT_first_demo")
FIRST_BOT, FIRST_NAME = "1234567890:TEST-zalo-bot-token", "Bot Kết Đoàn"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
MAX_BODY = 20_000_000
# An answer of 408 is how polling ends; nothing was refused.
NOTHING_NEW = 408


def founded(seed: int, speed: float, keep: int) -> Platform:
    """A Zalo with one OA that has granted the app, and one bot."""
    platform = Platform(Random(seed), speed, keep)
    platform.oas[FIRST_OA] = Oa(platform, FIRST_OA, FIRST_SECRET)
    platform.tokens.first(FIRST_OA, *FIRST_PAIR)
    platform.bots[FIRST_BOT] = Bot(platform, FIRST_BOT, FIRST_NAME)
    return platform


async def request_of(scope: Any, receive: Any) -> Request:
    parts, length = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Hung
        parts.append(event.get("body", b""))
        length += len(parts[-1])
        if length > MAX_BODY:
            raise Cut
        if not event.get("more_body"):
            break
    query = dict(parse_qsl(scope["query_string"].decode("utf-8", "replace")))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["path"], query, headers, b"".join(parts))


def family_of(path: str) -> ModuleType:
    """Which of the three contracts a path is under."""
    if path.startswith("/bot"):
        return bot_methods
    return oauth if path.startswith("/v4/oa/") else openapi


class Server:
    """The application."""

    def __init__(self, made: tuple[int, float, int]) -> None:
        self.made = made
        self.platform = founded(*made)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        try:
            request = await request_of(scope, receive)
            if request.path.startswith("/_fake/"):
                await self.control(request, send)
            elif (request.method, request.path) == ("GET", oauth.CONSENT_PATH):
                await self.consent(request, send)
            else:
                await self.call(scope, request, receive, send)
        except Hung:
            await until_gone(receive)
        except Cut:
            cut(scope["transport"])

    async def call(self, scope: Any, request: Request, receive: Any, send: Any) -> None:
        """One call of OAuth, the OpenAPI or the Bot Platform."""
        platform = self.platform
        arrival = platform.log.open(scope["arrived_at"], "?")
        latency = platform.faults.latency(platform.chance)
        await asyncio.sleep(latency / 2)
        try:
            status, said = await self.outcome(request, arrival, receive)
        except Spoilt as spoilt:
            await torn(send, spoilt.answer)
            scope["transport"].close()
            return
        await asyncio.sleep(latency / 2)
        arrival.status, arrival.answered_at = status, time.monotonic()
        kind = b"text/html" if said == HTML else b"application/json"
        more = [(n.encode(), v.encode()) for n, v in request.answer_headers.items()]
        await answer(send, status, said, [(b"content-type", kind), *more])

    async def outcome(self, request: Request, arrival: Arrival, receive: Any) -> tuple[int, bytes]:
        """Status and body of the answer; Cut, Hung or Spoilt when it is to be none, or half."""
        family = family_of(request.path)
        try:
            told = await self.heard(family, request, arrival, receive)
        except Refused as refused:
            return self.refused(family, arrival, refused)
        except Spoilt as spoilt:
            return self.spoilt(family, arrival, spoilt)
        except (Cut, Hung):
            raise
        except Exception as broken:
            self.platform.log.refused(arrival, 500, f"the fake itself broke: {broken!r}")
            return 500, b"{}"
        return 200, json.dumps(told).encode()

    async def heard(
        self, family: ModuleType, request: Request, arrival: Arrival, receive: Any
    ) -> Any:
        """The answer; nobody's update is taken from the queue once she has hung up."""
        work = asyncio.ensure_future(family.perform(self.platform, request, arrival))
        if not request.path.endswith("/getUpdates"):
            return await work
        gone = asyncio.ensure_future(until_gone(receive))
        await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not work.done():
            work.cancel()
            raise Hung
        return work.result()

    def refused(self, family: ModuleType, arrival: Arrival, refused: Refused) -> tuple[int, bytes]:
        arrival.error = refused.error
        if refused.error != NOTHING_NEW:
            self.platform.log.refused(arrival, refused.error, refused.why)
        return self.told(family, refused)

    def told(self, family: ModuleType, refused: Refused) -> tuple[int, bytes]:
        said = family.refusal(refused)
        same = family is bot_methods and self.platform.faults.plain["bot_status"] == "same"
        return (said["error_code"] if same else 200), json.dumps(said).encode()

    def spoilt(self, family: ModuleType, arrival: Arrival, spoilt: Spoilt) -> tuple[int, bytes]:
        """What was ordered: an answer that was not deserved, or none."""
        if spoilt.name in ("reset_before", "reset_after"):
            raise Cut
        if spoilt.name in ("hang", "timeout_after"):
            raise Hung
        if spoilt.name == "cut_answer":
            raise spoilt
        if spoilt.name == "html":
            return 502, HTML
        number = arrival.error = int(spoilt.name)
        if family is bot_methods or number < 0:
            return self.told(family, Refused(number, ORDERED.get(number, "as ordered")))
        return number, HTML

    async def consent(self, request: Request, send: Any) -> None:
        """The page on which an administrator agrees: she does so at once."""
        oa = next(iter(self.platform.oas))
        try:
            there = oauth.consented(self.platform, request.query, oa)
            await answer(send, 302, b"", [(b"location", there.encode())])
        except Refused as refused:
            arrival = self.platform.log.open(time.monotonic(), "consent")
            status, said = self.refused(oauth, arrival, refused)
            await answer(send, status, said, [(b"content-type", b"application/json")])

    async def control(self, request: Request, send: Any) -> None:
        """One request of the control API."""
        status, path = 200, request.path.removeprefix("/_fake/")
        try:
            asked = json.loads(request.body) if request.body else {}
            if path == "reset":
                found: Any = self.reset()
            else:
                found = await controlled(self.platform, request.method, path, request.query, asked)
        except (Misused, Refused, ValueError, KeyError, TypeError, AttributeError) as wrong:
            status, found = 400, {"error": f"{type(wrong).__name__}: {wrong}"}
        said = json.dumps(found).encode()
        await answer(send, status, said, [(b"content-type", b"application/json")])

    def reset(self) -> dict[str, Any]:
        """Begin anew."""
        for postman in postmen(self.platform):
            postman.url = None
            postman.clear()
        self.platform = founded(*self.made)
        return {}


ORDERED = {
    -216: "Access token is invalid",
    -220: "access_token is expired or removed",
    -32: "Rate limit exceeded",
    -201: "Params is invalid",
    -230: "User has not interacted with the OA in the past 7 days",
    429: "Quota exceeded",
    403: "Forbidden",
}


async def torn(send: Any, body: bytes) -> None:
    """Half an answer that promises to be whole."""
    length = (b"content-length", str(len(body)).encode())
    head = [(b"content-type", b"application/json"), length]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    half = body[: len(body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})


def serve(port: int, seed: int, speed: float, keep: int, *, tied: bool) -> None:
    """Listen until told to stop; *tied*: or until standard input ends."""
    listening = socket.create_server(("127.0.0.1", port), backlog=2048)
    server = uvicorn.Server(configured((seed, speed, keep)))
    server.force_exit = True

    def until_end() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            server.should_exit = True

    async def run() -> None:
        loop = asyncio.get_running_loop()
        if tied:
            loop.add_reader(sys.stdin, until_end)
        number = listening.getsockname()[1]
        loop.call_soon(lambda: print(f"ready {number}", flush=True))
        await server.serve([listening])

    uvloop.run(run())


def configured(made: tuple[int, float, int]) -> uvicorn.Config:
    return uvicorn.Config(
        Server(made),
        http=Protocol,
        lifespan="off",
        ws="none",
        access_log=False,
        proxy_headers=False,
        log_level="critical",
        timeout_keep_alive=120,
        backlog=2048,
        server_header=False,
        date_header=False,
    )
