"""What people speak over in a run: how their words reach a server, and what they see there.

Nothing is delivered by the platform itself: the load generator brings every event, so that it
knows which were taken. The platform shows what was said to whom, and refuses what is wrong.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from bench.grounds import PUBLIC_URL, SECRET, TOKEN, telegram_settings
from bench.load import Door, fetched, posted, tapped, typed, update

CHANNELS = ("telegram", "zalo")
_CHATS = 400_000
_PAGE = 5000
Json = dict[str, Any]


class Button(NamedTuple):
    """A button as somebody sees it: what it chooses, what a press sends, where it leads."""

    choice: str
    payload: str
    url: str


class Platform(Protocol):
    """A platform in a run. *door* is the line to it, *first_chat* the number of the first chat."""

    channel: str
    first_chat: int
    door: Door

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:
        """Run it, a process of its own."""

    def settings(self, port: int) -> Mapping[str, Any]:
        """Return what a server must know of it; it listens on *port*."""

    async def prepare(self, servers: list[int], rounds: int) -> None:
        """Make ready for so many rounds with servers on these ports."""

    async def meets(self, chat: int) -> None:
        """Note that somebody does something in her chat."""

    def event(self, number: int) -> str:
        """Return the name by which a server will know an event."""

    def typed(self, chat: int, number: int, text: str) -> bytes:
        """Return the request that brings a line that somebody types."""

    def tapped(self, chat: int, number: int, payload: str) -> bytes:
        """Return the request that brings the press of a button."""

    def arriving(self, token: str, code: str) -> str:
        """Return what somebody types who comes by a poster with this token and this code."""

    async def said(self, chat: int, after: int, wait: float) -> tuple[list[Json], int]:
        """Return what was said in a chat since *after*, and until when; wait a little."""

    def buttons(self, message: Json) -> Iterator[Button]:
        """Return the buttons under a message."""

    async def disturb(self) -> None:
        """Let happen what happens there from time to time."""

    async def is_mended(self) -> bool:
        """Whether the servers have got over what happened there last."""

    def arrivals(self) -> AsyncIterator[Json]:
        """Return every letter that came, in order."""

    async def ending(self) -> Mapping[str, Any]:
        """Return what else the checker must know."""


async def asked(door: Door, request: bytes) -> Any:
    """Ask the platform's control for something."""
    answer = await door.ask(request)
    told = json.loads(answer.body)
    assert answer.status == 200, told
    return told


class Telegram:
    """The bot that everybody writes to."""

    channel = "telegram"
    first_chat = 1_000_000

    def __init__(self) -> None:
        self.door = Door(0)
        self._bot = TOKEN.partition(":")[0]

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:
        """Run it, a process of its own."""
        from fakes.client import FakeTelegram

        with FakeTelegram(seed=seed) as fake:
            self.door = Door(fake.port)
            yield

    def settings(self, port: int) -> Mapping[str, Any]:
        """Return the bot's token and address."""
        del port
        return telegram_settings(self.door.port)

    async def prepare(self, servers: list[int], rounds: int) -> None:
        """Let people have started the bot, so that it may write to them."""
        del servers
        # It delivers to nobody by itself; that it is asked to is part of each start.
        await self._control("route", prefix=PUBLIC_URL, to="http://127.0.0.1:9")
        await self._control("faults", latency_ms=[0, 12])
        number = min(_CHATS, 5000 + 60 * rounds)
        await self._control("crowd", first=self.first_chat, count=number)

    async def meets(self, chat: int) -> None:
        """Everybody is known already."""

    def event(self, number: int) -> str:
        """Return the name of an update: the bot's number and its own."""
        return f"{self._bot}:{number}"

    def typed(self, chat: int, number: int, text: str) -> bytes:
        """Return an update with a message."""
        return update(SECRET, **typed(chat, number, text))

    def tapped(self, chat: int, number: int, payload: str) -> bytes:
        """Return an update with the press of a button."""
        return update(SECRET, **tapped(chat, number, payload))

    def arriving(self, token: str, code: str) -> str:
        """Return what pressing Start sends."""
        del code
        return f"/start {token}"

    async def said(self, chat: int, after: int, wait: float) -> tuple[list[Json], int]:
        """Return what the bot said in a chat."""
        told = await asked(self.door, fetched(f"/_/chat/{chat}?after={after}&wait={wait}"))
        return [one for one in told["messages"] if one["from_bot"]], int(told["change"])

    def buttons(self, message: Json) -> Iterator[Button]:
        """Return the buttons under a message."""
        for row in message["buttons"]:
            for one in row:
                payload = one.get("callback_data", "")
                yield Button(choice_of(payload), payload, one.get("url", ""))

    async def disturb(self) -> None:
        """Nothing: a bot's token never ends."""

    async def is_mended(self) -> bool:
        """Nothing was disturbed."""
        return True

    async def arrivals(self) -> AsyncIterator[Json]:
        """Return every letter that came."""
        kept = ("chat", "hash", "message_id", "outcome", "method")
        after = 0
        while True:
            found = await asked(self.door, fetched(f"/_/log?after={after}&limit={_PAGE}"))
            assert not found["dropped"]
            for one in found["log"]:
                if one["method"].startswith("send"):
                    yield {name: one[name] for name in kept}
            if len(found["log"]) < _PAGE:
                return
            after = found["log"][-1]["seq"]

    async def ending(self) -> Mapping[str, Any]:
        """Nothing more."""
        return {}

    async def _control(self, what: str, **given: Any) -> None:
        await asked(self.door, posted(f"/_/{what}", json.dumps(given).encode()))


def choice_of(payload: str) -> str:
    """Return the choice in a payload: between the number of its question and its mark."""
    parts = payload.split(".")
    return parts[1] if len(parts) > 1 else ""
