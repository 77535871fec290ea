"""Events on their way to a webhook: two seconds each, a ladder of retries, then the end."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fakes.botapi.line import Broken, Line
from fakes.zaloapi.people import Json
from fakes.zaloapi.refusals import Misused
from fakes.zaloapi.signing import mac

if TYPE_CHECKING:
    from fakes.zaloapi.account import Platform

HERE = frozenset({"127.0.0.1", "localhost"})
LADDER = (30.0, 300.0, 900.0, 1800.0, 3600.0)
MOST_AT_ONCE = 40


def checked_address(platform: "Platform", url: str) -> str:
    """An address that the console takes: https, a name, no port; or one of this machine."""
    try:
        said = urlsplit(url)
        port = said.port
    except ValueError:
        raise Misused("a webhook is an address") from None
    if said.hostname in HERE and said.scheme == "http":
        return url
    named = said.hostname and not said.hostname.replace(".", "").isdigit()
    if said.scheme != "https" or not named or port:
        raise Misused("a webhook is https on a verified domain, without a port")
    if not any(url.startswith(prefix) for prefix in platform.routes):
        raise Misused("say with route where on this machine that is")
    return url


@dataclass(eq=False)
class Event:
    """One event. `oa`: whose secret signs it; None: a bot's, which bears the secret itself."""

    body: bytes
    oa: str | None = None
    timestamp: str = ""
    tries: int = 0


@dataclass(eq=False)
class Postman:
    """Carries events to one webhook. `gives_up`: at the ladder's end it is switched off."""

    platform: "Platform"
    gives_up: bool
    url: str | None = None
    secret: str = ""
    is_on: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    waiting: set[Event] = field(default_factory=set)
    lanes: dict[str, deque[Event]] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    idle: list[Line] = field(default_factory=list)
    limit: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))

    def post(self, body: Json, person: str, oa: str | None = None) -> None:
        """Send an event; those of one person set out one after another."""
        if not self.url or not self.is_on:
            self.counts["lost"] += 1
            return
        # Bodies differ in their spaces, so that who writes them anew is found out.
        spaced = self.platform.chance.choice([(",", ":"), (", ", ": ")])
        raw = json.dumps(body, ensure_ascii=False, separators=spaced).encode()
        event = Event(raw, oa, str(body.get("timestamp", "")))
        self.waiting.add(event)
        if self.platform.faults.happens("reorder", self.platform.chance):
            self.spawn(self.late(event))
            return
        lane = self.lanes.setdefault(person, deque())
        lane.append(event)
        if len(lane) == 1:
            self.spawn(self.walk(person, lane))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def clear(self) -> None:
        """Forget what waits."""
        own = asyncio.current_task()
        for task in self.tasks - ({own} if own else set()):
            task.cancel()
        self.waiting.clear()
        self.lanes.clear()

    async def walk(self, person: str, lane: deque[Event]) -> None:
        """The first try of each event of one person."""
        while lane:
            if not await self.attempt(lane[0]):
                self.spawn(self.climb(lane[0]))
            lane.popleft()
        self.lanes.pop(person, None)

    async def late(self, event: Event) -> None:
        """An event that others overtake."""
        await asyncio.sleep(self.platform.chance.uniform(0.02, 0.3))
        if not await self.attempt(event):
            await self.climb(event)

    async def climb(self, event: Event) -> None:
        """Again after 30 s, 5, 15, 30 and 60 min of the fake's clock; then no more."""
        clock = self.platform.clock
        for wait in LADDER:
            await clock.until(clock.now() + wait / self.platform.speed)
            if await self.attempt(event):
                return
        self.counts["given_up"] += 1
        if self.gives_up:
            self.is_on = False
            self.counts["lost"] += len(self.waiting)
            self.clear()
        else:
            self.counts["lost"] += 1
            self.waiting.discard(event)

    async def attempt(self, event: Event) -> bool:
        """Whether the webhook took it: HTTP 200 within the time."""
        while self.platform.faults.plain["hold"]:  # noqa: ASYNC110 - a test's switch
            await asyncio.sleep(0.01)
        self.counts["requests"] += 1
        self.counts["redelivered"] += event.tries > 0
        async with self.limit:
            status = await self.asked(event)
        event.tries += 1
        self.counts["accepted" if status == 200 else "failed"] += 1
        if status != 200:
            return False
        self.waiting.discard(event)
        if self.platform.faults.happens("duplicate", self.platform.chance):
            self.counts["duplicates"] += 1
            again = Event(event.body, event.oa, event.timestamp)
            self.waiting.add(again)
            self.spawn(self.late(again))
        return True

    async def asked(self, event: Event) -> int | None:
        """The status that the webhook answered; None: none in time, or it was lost."""
        seconds = float(self.platform.faults.plain["webhook_timeout"])
        self.idle = [line for line in self.idle if line.open]
        line = None
        if not self.url:
            return None
        try:
            async with asyncio.timeout(seconds):
                line = self.idle.pop() if self.idle else await self.connected()
                answer = await line.ask(self.request(event), seconds + 1)
        except (Broken, OSError, TimeoutError):
            if line:
                line.close()
            return None
        if line.open:
            self.idle.append(line)
        if self.platform.faults.happens("lose_answer", self.platform.chance):
            return None
        return answer.status

    async def connected(self) -> Line:
        there = urlsplit(self.routed(self.url or ""))
        _, line = await asyncio.get_running_loop().create_connection(
            Line, there.hostname or "", there.port or 80
        )
        return line

    def routed(self, url: str) -> str:
        """Where an address leads on this machine."""
        for prefix, to in self.platform.routes.items():
            if url.startswith(prefix):
                return to + url.removeprefix(prefix)
        return url

    def request(self, event: Event) -> bytes:
        there = urlsplit(self.url or "")
        headers = {
            "Host": there.netloc,
            "Content-Type": "application/json",
            "Content-Length": str(len(event.body)),
            "Connection": "keep-alive",
            **(self.signed(event) if self.gives_up else {"X-Bot-Api-Secret-Token": self.secret}),
        }
        if event.tries and self.platform.faults.plain["num_retry"]:
            headers["num_retry"] = str(event.tries)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {there.path or '/'} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + event.body

    def signed(self, event: Event) -> dict[str, str]:
        """The header of the signature, right or as wrong as was ordered."""
        how = self.platform.faults.plain["signature"]
        oa = self.platform.oas.get(event.oa or "") or next(iter(self.platform.oas.values()))
        found = mac(self.platform.app.id, event.body, event.timestamp, oa.secret)
        shapes = {
            "right": f"mac={found}",
            "bare": found,
            "upper": f"mac={found.upper()}",
            "wrong": f"mac={found[::-1]}",
        }
        return {} if how == "missing" else {"X-ZEvent-Signature": shapes[how]}
