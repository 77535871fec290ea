"""One bot of the Bot Platform: her chats, her plan, what waits to be fetched."""

import asyncio
import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from fakes.zaloapi.account import Platform
from fakes.zaloapi.delivery import Postman
from fakes.zaloapi.people import Chat, Json
from fakes.zaloapi.refusals import Misused, Refused

NAME = re.compile(r"[0-9a-f]{20}")


@dataclass
class Bot:
    """A bot. Her ids are 80 bits in hexadecimals, and never numbers."""

    platform: Platform
    token: str
    name: str
    chats: dict[str, Chat] = field(default_factory=dict)
    updates: deque[Json] = field(default_factory=deque)
    fetching: deque["asyncio.Future[None]"] = field(default_factory=deque)
    updated_at: int = 0
    users: dict[str, None] = field(default_factory=dict)
    groups: dict[str, None] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        number, _, rest = self.token.partition(":")
        if not number.isdigit() or not rest:
            raise Misused("a bot's token is DIGITS:SECRET")
        if not self.name.startswith("Bot"):
            raise Misused("a bot's name begins with Bot")
        self.postman = Postman(self.platform, gives_up=False)

    def chat(self, number: Any) -> Chat:
        """A person's chat or a group's, known or not."""
        if not isinstance(number, str) or not NAME.fullmatch(number):
            raise Misused(f"an id of the Bot Platform is 20 hexadecimals, not {number!r}")
        if number not in self.chats:
            self.chats[number] = Chat(number, name=f"Người {number[-3:]}")
        return self.chats[number]

    def happened(self, update: Json, person: str) -> None:
        """An update goes to the webhook, or waits for who fetches it."""
        if self.postman.url:
            self.postman.post(self.wrapped(update), person)
            return
        self.updates.append(update)
        while self.fetching:
            waiting = self.fetching.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return

    def wrapped(self, update: Json) -> Json:
        """With `ok` and `result` around it, or, as was seen of the real one, without."""
        how = self.platform.faults.plain["wrapper"]
        if how == "mixed":
            how = self.platform.chance.random() < 0.5
        return {"ok": True, "result": update} if how else update

    async def fetched(self, seconds: float) -> Json:
        """The oldest update, once; Refused with 408 when none comes in time."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not self.updates:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise Refused(408, "Request Timeout")
            waiting = asyncio.get_running_loop().create_future()
            self.fetching.append(waiting)
            await asyncio.wait([waiting], timeout=left)
            waiting.cancel()
        return self.updates.popleft()

    def planned(self, chat: Chat) -> None:
        """Refused with 429 when the plan has no more of what this message needs."""
        plan = self.platform.faults.plain["plan"]
        members, most = (self.groups, "groups") if chat.is_group else (self.users, "users")
        if list(members).index(chat.id) >= plan[most]:
            raise Refused(429, "Quota exceeded", f"more than {plan[most]} {most}")
        if self.sent.get(self.month(), 0) >= plan["messages"]:
            raise Refused(429, "Quota exceeded", f"more than {plan['messages']} a month")

    def month(self) -> str:
        return f"{self.platform.clock.in_vietnam():%Y-%m}"

    def count(self) -> None:
        self.sent[self.month()] = self.sent.get(self.month(), 0) + 1
