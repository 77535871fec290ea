"""The arrival log: what came, when, and how it was answered; never what it said."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Arrival:
    """One call of the Bot API. Times are monotonic seconds of this machine."""

    seq: int
    at: float
    bot: int | None
    method: str
    names: tuple[str, ...] = ()
    chat: Any = None
    status: int | None = None
    outcome: str = "open"
    hash: str | None = None
    flood: str | None = None
    message_id: int | None = None
    answered_at: float | None = None
    in_answer: bool = False

    def told(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__}
        return {**told, "in_flood": self.flood is not None}


@dataclass
class Log:
    """All arrivals in order; with a limit the oldest are dropped. Counts stay whole."""

    limit: int = 0
    kept: list[Arrival] = field(default_factory=list)
    seq: int = 0
    dropped: int = 0
    methods: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)

    def open(self, at: float, bot: int | None, method: str) -> Arrival:
        """Write down that a call has come."""
        self.seq += 1
        arrival = Arrival(self.seq, at, bot, method)
        self.kept.append(arrival)
        if self.limit and len(self.kept) >= 2 * self.limit:
            self.dropped += len(self.kept) - self.limit
            del self.kept[: -self.limit]
        return arrival

    def told(self, after: int, at_most: int) -> list[dict[str, Any]]:
        """The arrivals with a higher number."""
        first = self.kept[0].seq if self.kept else 1
        start = max(after + 1 - first, 0)
        return [one.told() for one in self.kept[start : start + at_most]]

    def delivered(self, chat: int, hashed: str) -> None:
        """Count an accepted send, and whether the chat had the same text before."""
        self.counts["accepted"] += 1
        known = hash((chat, hashed))
        if known in self.seen:
            self.counts["duplicates_sent"] += 1
        self.seen.add(known)


def hashed(text: str) -> str:
    """A short mark of a text that does not give it away."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
