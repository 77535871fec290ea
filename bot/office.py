"""What every turn needs beside the person: memory, words, public address, channels."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.speech import Abilities
from bot.words import Words
from storage.database import Database
from storage.spool import Spool


class Watch(Protocol):
    """Whoever counts what happens here, for the people who watch the machine.

    Called on the way of every turn and every letter, from any thread: it must cost next to
    nothing, never raise, and learn nothing of a person or an enterprise.
    """

    def turned(self, channel: str, outcome: str, seconds: float) -> None:
        """Note a turn: "answered", "repeat", "broke", "busy" or "not written"."""

    def sent(self, channel: str, outcome: str, seconds: float) -> None:
        """Note a call: "sent", "gone", "shut", "too fast", "rejected", "unreachable", "unsure"."""

    def refused(self, where: str, why: str) -> None:
        """Note that a request was turned away at *where* ("page", "telegram") before any turn."""

    def round_ended(self, job: str) -> None:
        """Note that a round went through, whether or not there was something to do."""


class NoWatch:
    """Counts nothing: nobody watches."""

    def turned(self, channel: str, outcome: str, seconds: float) -> None:
        """Note nothing."""

    def sent(self, channel: str, outcome: str, seconds: float) -> None:
        """Note nothing."""

    def refused(self, where: str, why: str) -> None:
        """Note nothing."""

    def round_ended(self, job: str) -> None:
        """Note nothing."""


@dataclass(frozen=True)
class Office:
    """The installation as the conversation sees it. `abilities` names every configured channel.

    `spool`: where what a platform delivered waits while the store does not take it.
    """

    database: Database
    words: Words
    public_url: str
    abilities: Mapping[str, Abilities]
    doors: dict[str, str] = field(default_factory=dict)
    letters_wait: threading.Event = field(default_factory=threading.Event)
    watch: Watch = field(default_factory=NoWatch)
    spool: Spool | None = None

    def can(self, channel: str) -> Abilities:
        """Return what a channel can do; one that is not configured (any more) can do nothing."""
        return self.abilities.get(channel, Abilities(pushes=False, asks_identity=True))

    def page(self, path: str) -> str:
        """Return the full address of a page of ours."""
        return f"{self.public_url.rstrip('/')}{path}"
