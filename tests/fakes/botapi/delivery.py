"""Updates on their way to a webhook: in order per key, side by side across keys, until taken."""

import asyncio
import heapq
import itertools
import json
import time
from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from fakes.botapi.line import Answer, Broken, Line
from fakes.botapi.methods import NOT_IN_ANSWERS
from fakes.botapi.queue import Update

if TYPE_CHECKING:
    from fakes.botapi.account import Account, Platform

HERE = frozenset({"127.0.0.1", "localhost", "::1"})
PORTS = frozenset({443, 80, 88, 8443})
LONGEST_WAIT = 60.0  # s; the ceiling of a wait is drawn between this and twice as much
MAX_RETRY_AFTER = 3600.0
# While the last success is this far back, one connection is tried at a time, one every 2 s.
FORGIVEN = 10.0


def routed(platform: "Platform", url: str) -> str:
    """Where an address leads on this machine."""
    for prefix, to in platform.routes.items():
        if url.startswith(prefix):
            return to + url.removeprefix(prefix)
    return url


def refused_address(platform: "Platform", url: str) -> str | None:
    """Why a webhook cannot be there, in the real server's words; None when it can."""
    try:
        said = urlsplit(url)
        port = said.port or (80 if said.scheme == "http" else 443)
        real = urlsplit(routed(platform, url))
    except ValueError:
        return "invalid webhook URL specified"
    if said.scheme not in ("http", "https") or not said.hostname:
        return "invalid webhook URL specified"
    if said.hostname not in HERE and said.scheme == "http":
        return "bad webhook: An HTTPS URL must be provided for webhook"
    if said.hostname not in HERE and port not in PORTS:
        return "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
    if real.hostname not in HERE or real.scheme != "http":
        return "bad webhook: Failed to resolve host: Name or service not known"
    return None


class Postman:
    """Carries one bot's updates to its webhook."""

    def __init__(self, account: "Account") -> None:
        self.account = account
        self.platform = account.platform
        self.counts: Counter[str] = Counter()
        self.generation = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.number = itertools.count()
        self.clear()
        account.queue.arrived = self.take

    def clear(self) -> None:
        """Forget lanes and connections; what is under way ends unheard."""
        self.generation += 1
        for line in getattr(self, "idle", []):
            line.close()
        self.lanes: dict[tuple[str, int], deque[Update]] = {}
        self.ready: list[tuple[float, int, tuple[str, int]]] = []
        self.idle: list[Line] = []
        self.busy = 0
        self.success_at = float("-inf")
        self.made: deque[float] = deque(maxlen=10)
        self.timer: asyncio.TimerHandle | None = None
        self.gone_since: float | None = None

    def restart(self) -> None:
        """A webhook was set or removed."""
        self.clear()
        for update in list(self.account.queue.waiting.values()):
            update.sending = False
            update.ready_at, update.delay, update.failures = 0.0, 1.0, 0
            self.take(update)

    def take(self, update: Update) -> None:
        """A new update takes its place in its lane."""
        if not self.account.webhook:
            return
        if self.platform.faults.happens("reorder", self.platform.chance):
            update.ready_at = time.monotonic() + self.platform.chance.uniform(0.02, 0.3)
        lane = self.lanes.setdefault(update.key, deque())
        lane.append(update)
        if len(lane) == 1:
            self.line_up(update)
            self.pump()

    def line_up(self, update: Update) -> None:
        """The head of a lane may leave from its time on."""
        heapq.heappush(self.ready, (update.ready_at, next(self.number), update.key))

    def next_in(self, key: tuple[str, int]) -> None:
        """The head of a lane is done with."""
        lane = self.lanes[key]
        lane.popleft()
        if lane:
            self.line_up(lane[0])
        else:
            del self.lanes[key]

    def pump(self) -> None:
        """Send what may leave now."""
        while self.ready and self.account.webhook and not self.account.queue.held:
            when, _, key = self.ready[0]
            wait = when - time.monotonic()
            if wait <= 0 and self.busy >= self.connections():
                return
            if wait <= 0 and not self.idle:
                wait = self.before_connecting()
            if wait > 0:
                self.wake_in(wait)
                return
            heapq.heappop(self.ready)
            update = self.lanes[key][0]
            if self.useless(update):
                self.next_in(key)
                continue
            self.busy += 1
            update.sending = True
            line = self.idle.pop() if self.idle else None
            if line is None:
                self.made.append(time.monotonic())
            task = asyncio.get_running_loop().create_task(
                self.carry(update, line, self.generation)
            )
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def useless(self, update: Update) -> bool:
        """Dropped or expired in the meantime."""
        if update.repeated:
            return False
        if update.expires_at <= time.monotonic():
            self.account.queue.forget(update.id)
            self.account.queue.expired += 1
            return True
        return update.id not in self.account.queue.waiting

    def wake_in(self, seconds: float) -> None:
        if self.timer:
            self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(max(seconds, 0.001), self.pump)

    def lively(self) -> bool:
        return time.monotonic() < self.success_at + FORGIVEN / self.platform.speed

    def connections(self) -> int:
        assert self.account.webhook
        return self.account.webhook.max_connections if self.lively() else 1

    def before_connecting(self) -> float:
        """Seconds until a connection may be opened: ten in half a second, or one every two."""
        self.idle = [line for line in self.idle if line.open]
        if self.idle or not self.made:
            return 0.0
        now, speed = time.monotonic(), self.platform.speed
        if not self.lively():
            return self.made[-1] + 2 / speed - now
        return self.made[0] + 0.5 / speed - now if len(self.made) == 10 else 0.0

    async def carry(self, update: Update, line: Line | None, generation: int) -> None:
        """One attempt."""
        self.counts["requests"] += 1
        if update.failures:
            self.counts["redelivered"] += 1
        answer, why = None, None
        try:
            line = line or await self.connect()
            answer = await self.ask(line, update)
        except Broken as broken:
            why = str(broken)
            self.counts["broken"] += 1
        if generation != self.generation:
            if line:
                line.close()
            return
        self.busy -= 1
        update.sending = False
        if line and line.open:
            self.idle.append(line)
        elif line:
            line.close()
        if answer and 200 <= answer.status <= 299:
            self.accepted(update, answer)
        else:
            if answer:
                why = f"Wrong response from the webhook: {answer.status} {answer.reason}"
                self.counts["refused"] += 1
            self.failed(update, why or "", answer)
        self.pump()

    async def connect(self) -> Line:
        assert self.account.webhook
        there = urlsplit(routed(self.platform, self.account.webhook.url))
        try:
            _, line = await asyncio.get_running_loop().create_connection(
                Line, there.hostname or "", there.port or 80
            )
        except OSError as why:
            raise Broken(why.strerror or "Connection failed") from None
        return line

    async def ask(self, line: Line, update: Update) -> Answer:
        """Send the update; sometimes the answer is lost on the way, early or late."""
        loses = self.platform.faults.happens("lose_answer", self.platform.chance)
        if loses and self.platform.chance.random() < 0.5:
            assert line.transport
            line.transport.write(self.request(update))
            await asyncio.sleep(0.001)
            line.close()
            raise Broken("Webhook connection closed")
        seconds = float(self.platform.faults.plain["webhook_timeout"])
        answer = await line.ask(self.request(update), seconds)
        if loses:
            line.close()
            raise Broken("Webhook connection closed")
        return answer

    def request(self, update: Update) -> bytes:
        hook = self.account.webhook
        if hook is None:
            raise Broken("Webhook was deleted")
        there = urlsplit(hook.url)
        path = (there.path or "/") + (f"?{there.query}" if there.query else "")
        secret = f"X-Telegram-Bot-Api-Secret-Token: {hook.secret}\r\n" if hook.secret else ""
        return (
            f"POST {path} HTTP/1.1\r\nHost: {there.netloc}\r\n{secret}"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(update.body)}\r\nConnection: keep-alive\r\n"
            "Accept-Encoding: gzip, deflate\r\n\r\n"
        ).encode("latin-1") + update.body

    def accepted(self, update: Update, answer: Answer) -> None:
        self.counts["accepted"] += 1
        self.success_at = time.monotonic()
        self.gone_since = None
        if not update.repeated:
            self.account.queue.forget(update.id)
        self.next_in(update.key)
        if self.platform.faults.happens("duplicate", self.platform.chance):
            self.repeat(update)
        if method := self.method_in(answer):
            self.counts["methods_in_answers"] += 1
            assert self.platform.in_answer
            task = asyncio.get_running_loop().create_task(
                self.platform.in_answer(self.account, *method)
            )
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def repeat(self, update: Update) -> None:
        """The same update again, later, whatever came between."""
        self.counts["duplicates"] += 1
        later = time.monotonic() + self.platform.chance.uniform(0, 0.3)
        key = ("repeat", next(self.number))
        again = replace(update, key=key, repeated=True, ready_at=later, failures=0, delay=1.0)
        self.lanes[key] = deque([again])
        self.line_up(again)

    def method_in(self, answer: Answer) -> tuple[str, dict[str, Any]] | None:
        """A call of the Bot API that the webhook's answer holds."""
        if not answer.body:
            return None
        try:
            if "json" in answer.headers.get("content-type", ""):
                given = json.loads(answer.body)
            else:
                given = dict(parse_qsl(answer.body.decode(), keep_blank_values=True))
        except ValueError:
            return None
        if not isinstance(given, dict):
            return None
        method = str(given.pop("method", "")).lower()
        if not method or method in NOT_IN_ANSWERS or method.startswith("get"):
            return None
        return method, given

    def failed(self, update: Update, why: str, answer: Answer | None) -> None:
        """Try again at once, then after 2, 4, 8 .. s; or give the update, or the webhook, up."""
        hook = self.account.webhook
        if hook is None:
            return
        hook.error_at, hook.error = int(time.time()), why
        if self.is_gone(answer):
            return
        now, chance = time.monotonic(), self.platform.chance
        wait = min(retry_after(answer), MAX_RETRY_AFTER)
        if not wait and update.failures:
            ceiling = chance.uniform(LONGEST_WAIT, 2 * LONGEST_WAIT)
            wait = update.delay = min(ceiling, update.delay * 2)
        wait /= self.platform.speed
        if now + wait > update.expires_at:
            self.account.queue.forget(update.id)
            self.account.queue.expired += 1
            self.next_in(update.key)
            return
        update.failures += 1
        update.ready_at = now + wait
        self.line_up(update)

    def is_gone(self, answer: Answer | None) -> bool:
        """410 for 23 hours, and nothing else between, removes the webhook."""
        now = time.monotonic()
        if answer is None or answer.status != 410:
            self.gone_since = None
        elif self.gone_since is None:
            self.gone_since = now
        elif now > self.gone_since + float(self.platform.faults.plain["gone_after"]):
            self.counts["removed"] += 1
            self.account.webhook = None
            self.restart()
            return True
        return False

    def hurry(self) -> None:
        """Everything that waits may leave now."""
        for lane in self.lanes.values():
            lane[0].ready_at = 0.0
        self.ready = [(0.0, number, key) for _, number, key in self.ready]
        heapq.heapify(self.ready)
        self.made.clear()
        self.pump()


def retry_after(answer: Answer | None) -> float:
    said = answer.headers.get("retry-after", "") if answer else ""
    return float(said) if said.isdigit() else 0.0
