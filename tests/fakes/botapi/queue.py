"""Updates that wait for a bot: numbered, dated, taken by polling or handed to the webhook."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fakes.botapi.methods import KINDS, NOT_BY_DEFAULT
from fakes.botapi.refusals import conflict

TWICE = "terminated by other getUpdates request; make sure that only one bot instance is running"
HOOKED = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
    "webhook first"
)
DEFAULT_KINDS = frozenset(KINDS) - NOT_BY_DEFAULT


@dataclass(slots=True)
class Update:
    """One update as it goes out. Those with one `key` are delivered one after the other."""

    id: int
    kind: str
    key: tuple[str, int]
    body: bytes
    expires_at: float
    ready_at: float = 0.0
    delay: float = 1.0
    failures: int = 0
    repeated: bool = False
    sending: bool = False


@dataclass
class Queue:
    """The pending updates of one bot and the one getUpdates that may wait for them."""

    chance: Random
    next_id: int
    allowed: frozenset[str] = DEFAULT_KINDS
    waiting: dict[int, Update] = field(default_factory=dict)
    arrived: Callable[[Update], None] = lambda _: None
    expired: int = 0
    held: bool = False
    poll: "asyncio.Future[bool] | None" = None
    last_poll: tuple[int, float] = (-1, float("-inf"))
    next_conflict_at: float = 0.0

    def put(self, kind: str, content: Any, key: tuple[str, int], seconds: float) -> Update | None:
        """Number an update and let it wait at most so long; None when its kind is not wanted."""
        if kind in KINDS and kind not in self.allowed:
            return None
        update_id, self.next_id = self.next_id, self.next_id + 1
        body = json.dumps({"update_id": update_id, kind: content}).encode()
        update = Update(update_id, kind, key, body, time.monotonic() + seconds)
        self.waiting[update_id] = update
        self.arrived(update)
        self.wake()
        return update

    def wake(self) -> None:
        """Let the long poll look again."""
        if self.poll and not self.poll.done() and not self.held:
            self.poll.set_result(True)

    def forget(self, update_id: int) -> None:
        self.waiting.pop(update_id, None)

    def expire(self) -> None:
        """Drop what nobody took in time."""
        now = time.monotonic()
        late = [one.id for one in self.waiting.values() if one.expires_at <= now]
        for update_id in late:
            if not self.waiting[update_id].sending:
                del self.waiting[update_id]
                self.expired += 1

    def confirm(self, offset: int) -> None:
        """An offset says that everything before it has been taken; -n keeps the last n."""
        if offset < 0:
            doomed = list(self.waiting)[:offset]
        else:
            doomed = [one for one in self.waiting if one < offset]
        for update_id in doomed:
            del self.waiting[update_id]

    def ready(self, limit: int) -> list[Update]:
        if self.held:
            return []
        self.expire()
        return list(self.waiting.values())[:limit]

    async def take(self, offset: int, limit: int, seconds: float) -> list[Update]:
        """getUpdates: at once when there is something, else when something comes.

        A second call ends the first with 409. The same offset asked again at once is slowed down,
        as on the real server.
        """
        asked_at = time.monotonic()
        if offset > self.next_id:  # numbers began anew, lower: the bot's old offset means nothing
            offset = 0
        before, before_at = self.last_poll
        if offset == before and seconds < 3 and asked_at < before_at + 3:
            seconds = 3
        if offset == before and asked_at < before_at + 0.5:
            limit = 1
        self.last_poll = (offset, asked_at)
        self.confirm(offset)
        self.interrupt(TWICE)
        deadline = asked_at + seconds
        while not (found := self.ready(limit)) and time.monotonic() < deadline:
            self.poll = asyncio.get_running_loop().create_future()
            mine = self.poll
            try:
                await asyncio.wait_for(mine, deadline - time.monotonic())
            except TimeoutError:
                break
            finally:
                if self.poll is mine:
                    self.poll = None
        return found

    def interrupt(self, why: str) -> None:
        """End the call that waits."""
        if self.poll and not self.poll.done():
            self.poll.set_exception(conflict(why))
        self.poll = None

    async def refuse(self, speed: float) -> None:
        """409 while a webhook is set; the second one within 3 s comes late."""
        now = time.monotonic()
        if now < self.next_conflict_at:
            await asyncio.sleep(3 / speed)
        else:
            self.next_conflict_at = now + 3 / speed
        raise conflict(HOOKED)
