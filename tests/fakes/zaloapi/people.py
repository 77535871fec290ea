"""Who is there and what was said: chats with persons and with groups, and their messages."""

from asyncio import Future
from dataclasses import asdict, dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Message:
    """One message. `at` is in milliseconds, `buttons` and `attachment` are as they were sent."""

    id: str
    from_bot: bool
    kind: str
    text: str
    at: int
    change: int
    buttons: list[Json] = field(default_factory=list)
    attachment: Json | None = None
    paid: bool = False
    is_shown: bool = True
    reactions: int = 0


@dataclass(slots=True)
class Chat:
    """A conversation. `is_known`: she did something once; `last_at`: her last interaction."""

    id: str
    is_known: bool = False
    is_follower: bool = False
    has_left: bool = False
    refuses: bool = False
    is_group: bool = False
    last_at: float = 0.0
    name: str = ""
    shared: Json = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    waiting: list["Future[None]"] = field(default_factory=list)

    def keep(self, message: Message, at_most: int) -> None:
        self.messages[message.id] = message
        while at_most and len(self.messages) > at_most:
            del self.messages[next(iter(self.messages))]
        self.wake()

    def wake(self) -> None:
        for one in self.waiting:
            if not one.done():
                one.set_result(None)
        self.waiting.clear()

    def said(self) -> list[Message]:
        """What was said to her, newest first."""
        return [one for one in reversed(self.messages.values()) if one.from_bot]

    def seen(self, after: int) -> list[Json]:
        """The messages as a test sees them; a hidden press shows in no chat."""
        return [
            {**asdict(one), "message_id": one.id}
            for one in self.messages.values()
            if one.change > after and one.is_shown
        ]
