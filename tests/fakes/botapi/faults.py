"""What goes wrong on purpose: the switches of the control API, and when they strike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fakes.botapi.methods import SENDS, TABLE
from fakes.botapi.refusals import Misused

ANSWERS = ("reset_before", "hang", "html_502", "500", "429", "403", "reset_after")
PLAIN: dict[str, Any] = {
    "latency_ms": None,
    "limit": None,
    "grace_ms": 100.0,
    "callbacks_too_old": False,
    "hold": False,
    "duplicate": 0.0,
    "reorder": 0.0,
    "lose_answer": 0.0,
    "webhook_timeout": 60.0,
    "expiry": None,
    "gone_after": 82800.0,
}
LIMIT = frozenset(
    ("per_second", "burst", "chat_seconds", "chat_burst", "kind", "retry_after", "enforce")
)
FAULT = frozenset(
    ("chance", "next", "methods", "chats", "retry_after", "scope", "description")
)  # fmt: skip


@dataclass
class Fault:
    """One way to fail: by chance, or for the next so many calls; for some methods and chats."""

    chance: float
    next: int
    methods: frozenset[str]
    chats: frozenset[int] | None
    more: Mapping[str, Any]

    def strikes(self, chance: Random, method: str, chat: int | None) -> bool:
        if method not in self.methods or not (self.chats is None or chat in self.chats):
            return False
        if self.next > 0:
            self.next -= 1
            return True
        return self.chance > 0 and chance.random() < self.chance


def read_fault(name: str, value: Any) -> Fault:
    """A number is a chance; an object says more."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = {"chance": value}
    if not isinstance(value, dict) or set(value) - FAULT:
        raise Misused(f"{name}: a chance or an object of {sorted(FAULT)}, not {value!r}")
    methods = frozenset(value.get("methods", SENDS))
    if "*" in methods:
        methods = frozenset(TABLE)
    if unknown := methods - set(TABLE):
        raise Misused(f"{name}: no method {sorted(unknown)}")
    chats = value.get("chats")
    sure = 1.0 if chats is not None and "next" not in value else 0.0
    return Fault(
        float(value.get("chance", sure)),
        int(value.get("next", 0)),
        methods,
        None if chats is None else frozenset(chats),
        value,
    )


@dataclass
class Faults:
    """Everything that is switched on."""

    said: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Fault] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=lambda: dict(PLAIN))

    def switch(self, wanted: Mapping[str, Any]) -> None:
        """Set what is named; None turns it off."""
        for name, value in wanted.items():
            if name in ANSWERS:
                if value is None:
                    self.answers.pop(name, None)
                else:
                    self.answers[name] = read_fault(name, value)
            elif name in PLAIN:
                self.plain[name] = PLAIN[name] if value is None else checked_plain(name, value)
            else:
                raise Misused(f"no fault {name!r}; there are {sorted([*ANSWERS, *PLAIN])}")
            self.said[name] = value

    def strikes(self, name: str, chance: Random, method: str, chat: int | None) -> Fault | None:
        fault = self.answers.get(name)
        return fault if fault and fault.strikes(chance, method, chat) else None

    def happens(self, name: str, chance: Random) -> bool:
        """Whether one of the plain chances comes true."""
        likely = self.plain[name]
        return bool(likely) and chance.random() < likely

    def latency(self, chance: Random) -> float:
        """Seconds until an answer."""
        span = self.plain["latency_ms"]
        if not span:
            return 0.0
        low, high = span if isinstance(span, list) else (span, span)
        return chance.uniform(low, high) / 1000

    def seconds(self, fault: Fault, chance: Random) -> int:
        """A whole number of seconds to stay silent."""
        span = fault.more.get("retry_after", 1)
        low, high = span if isinstance(span, list) else (span, span)
        return chance.randint(int(low), int(high))


def checked_plain(name: str, value: Any) -> Any:
    if name == "limit" and (
        not isinstance(value, dict) or set(value) - LIMIT or "per_second" not in value
    ):
        raise Misused(f"limit: an object of {sorted(LIMIT)} with per_second, not {value!r}")
    if name == "expiry" and (not isinstance(value, dict) or set(value) - {"message", "callback"}):
        raise Misused(f"expiry: an object of message and callback, not {value!r}")
    return value
