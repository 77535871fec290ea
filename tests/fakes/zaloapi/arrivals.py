"""The arrival log: what came, for whom, and how it ended; never what it said."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Arrival:
    """One call. `at`, `answered_at`: monotonic seconds of this machine."""

    seq: int
    at: float
    call: str
    account: str | None = None
    user: str | None = None
    kind: str | None = None
    names: tuple[str, ...] = ()
    hash: str | None = None
    paid: bool = False
    error: int | None = None
    status: int | None = None
    outcome: str = "open"
    message_id: str | None = None
    answered_at: float | None = None

    def told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass
class Log:
    """All arrivals in order, with counts, and every request that was refused."""

    kept: list[Arrival] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    refusals: list[dict[str, Any]] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def open(self, at: float, call: str) -> Arrival:
        self.kept.append(Arrival(len(self.kept) + 1, at, call))
        return self.kept[-1]

    def refused(self, arrival: Arrival, error: int, why: str) -> None:
        """Keep what a test asserts to be empty."""
        arrival.outcome = "refused"
        self.counts["refused"] += 1
        self.refusals.append(
            {"seq": arrival.seq, "call": arrival.call, "error": error, "why": why}
        )

    def delivered(self, arrival: Arrival) -> None:
        """Count a message that stands in a chat, and whether it stood there before."""
        self.counts["accepted"] += 1
        self.counts["paid"] += arrival.paid
        known = hash((arrival.account, arrival.user, arrival.hash))
        self.counts["duplicates_sent"] += known in self.seen
        self.seen.add(known)


def hashed(text: str) -> str:
    """A short mark of a text that does not give it away."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
