"""What goes wrong on purpose, and what is not known of Zalo and may be so or so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fakes.zaloapi.refusals import Misused

SENDS = frozenset({"cs", "template", "sendMessage", "sendPhoto", "sendSticker", "sendVoice"})
# Before anything happened; a number is an answer of Zalo (-216) or a status (429, 503).
BEFORE = ("reset_before", "hang", "html")
# The call took effect; its answer is late, lost, torn, or lacks something.
AFTER = ("reset_after", "timeout_after", "cut_answer", "slow", "no_refresh_token")
NUMBER = re.compile(r"-\d{1,5}|[45]\d\d")
PLAIN: dict[str, Any] = {
    "latency_ms": None,
    "limit": {"per_second": None, "per_minute": 4000},
    "paid_left": None,
    "hold": False,
    "duplicate": 0.0,
    "reorder": 0.0,
    "lose_answer": 0.0,
    "webhook_timeout": 2.0,
    "num_retry": True,
    "signature": "right",
    "echoes": True,
    "receipts": False,
    "old_token_lives": False,
    "echo_state": False,
    "media_buttons": False,
    "only_pdf": False,
    "uploads": 5000,
    "wrapper": True,
    "photo_field": "photo_url",
    "bot_status": 200,
    "plan": {"users": 50, "messages": 3000, "groups": 3},
}
ONE_OF = {
    "signature": ("right", "wrong", "missing", "upper", "bare"),
    "wrapper": (True, False, "mixed"),
    "photo_field": ("photo_url", "photo"),
    "bot_status": (200, "same"),
}
WORDS = frozenset({"chance", "next", "calls", "users", "seconds", "status"})


@dataclass
class Fault:
    """One way to fail: by chance, or for the next so many calls; for some calls and users."""

    name: str
    chance: float
    next: int
    calls: frozenset[str] | None
    users: frozenset[str] | None
    more: Mapping[str, Any]

    def strikes(self, chance: Random, call: str, user: str | None) -> bool:
        if self.calls is not None and call not in self.calls:
            return False
        if self.users is not None and user not in self.users:
            return False
        if self.next > 0:
            self.next -= 1
            return True
        return self.chance > 0 and chance.random() < self.chance


def usual_calls(name: str) -> frozenset[str]:
    """What a fault is about when the test does not say: sends, or refreshing."""
    if name == "no_refresh_token" or re.fullmatch(r"-14\d{3}", name):
        return frozenset({"refresh"})
    return SENDS


def read_fault(name: str, value: Any) -> Fault:
    """A number below 1 is a chance, a whole one how many calls; an object says more."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = {"next": value} if isinstance(value, int) else {"chance": value}
    if not isinstance(value, dict) or set(value) - WORDS:
        raise Misused(f"{name}: a number or an object of {sorted(WORDS)}, not {value!r}")
    calls = frozenset(value.get("calls", usual_calls(name)))
    users = frozenset(value["users"]) if "users" in value else None
    sure = 1.0 if users is not None and "next" not in value else 0.0
    return Fault(
        name,
        float(value.get("chance", sure)),
        int(value.get("next", 0)),
        None if "*" in calls else calls,
        users,
        value,
    )


@dataclass
class Faults:
    """Everything that is ordered, in the order of its orders, and every setting."""

    ordered: dict[str, Fault] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=lambda: dict(PLAIN))

    def switch(self, wanted: Mapping[str, Any]) -> None:
        """Set what is named; None turns it off."""
        for name, value in wanted.items():
            if name in PLAIN:
                self.plain[name] = PLAIN[name] if value is None else self.setting(name, value)
            elif name not in (*BEFORE, *AFTER) and not NUMBER.fullmatch(name):
                raise Misused(f"no fault {name!r}; there are {[*BEFORE, *AFTER, *PLAIN]}")
            elif value is None:
                self.ordered.pop(name, None)
            else:
                self.ordered[name] = read_fault(name, value)

    def setting(self, name: str, value: Any) -> Any:
        if name in ONE_OF and value not in ONE_OF[name]:
            raise Misused(f"{name}: one of {ONE_OF[name]}")
        if isinstance(PLAIN[name], dict):
            if not isinstance(value, dict) or set(value) - set(PLAIN[name]):
                raise Misused(f"{name}: an object of {sorted(PLAIN[name])}")
            return {**self.plain[name], **value}
        return value

    def strike(self, chance: Random, call: str, user: str | None) -> Fault | None:
        """The first order that is about this call."""
        for fault in self.ordered.values():
            if fault.strikes(chance, call, user):
                return fault
        return None

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
