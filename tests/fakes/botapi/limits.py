"""How fast a bot may speak, and who spoke before a 429's time was over."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# A sleeper may wake up to this much early: timers count in whole milliseconds.
TOLERANCE = 0.002


@dataclass(slots=True)
class Silence:
    """A 429 that was answered: until when, and for which chat alone (None: for all)."""

    answered_at: float
    until: float
    chat: int | None


@dataclass
class Limits:
    """The rate of one bot: what is let through, and what was asked of it in vain.

    A token bucket (`per_second`, `burst`) or a strict window (at most `per_second` sends in any
    second), and beside it one message each `chat_seconds` to a chat with `chat_burst` in advance.
    """

    tokens: float = math.inf
    filled_at: float = 0.0
    window: deque[float] = field(default_factory=deque)
    chats: dict[int, float] = field(default_factory=dict)
    closed_until: float = 0.0
    chats_closed_until: dict[int, float] = field(default_factory=dict)
    silences: list[Silence] = field(default_factory=list)
    over_limit: int = 0
    second: deque[float] = field(default_factory=deque)
    busiest_second: int = 0
    closest_in_chat: float = math.inf

    def closed(self, chat: int, now: float) -> int:
        """Whole seconds that a 429 still lasts; 0: none is in force."""
        until = self.closed_until
        if self.chats_closed_until:
            until = max(until, self.chats_closed_until.get(chat, 0.0))
        return max(0, math.ceil(until - now)) if until > now else 0

    def close(self, seconds: int, chat: int | None, now: float) -> None:
        """Begin a 429."""
        if chat is None:
            self.closed_until = max(self.closed_until, now + seconds)
        else:
            self.chats_closed_until[chat] = max(
                self.chats_closed_until.get(chat, 0.0), now + seconds
            )

    def promised(self, seconds: int, chat: int | None, now: float) -> None:
        """The 429 has been answered: from now on the bot knows."""
        self.silences = [one for one in self.silences if one.until > now - 1]
        self.silences.append(Silence(now, now + seconds, chat))

    def judge(self, chat: int, arrived: float, grace: float) -> tuple[str | None, bool]:
        """Whether a send came "early" or was "in_flight", and whether the scope covers it."""
        verdict, covered = None, False
        for one in self.silences:
            if arrived >= one.until - TOLERANCE:
                continue
            if arrived < one.answered_at + grace:
                verdict = verdict or "in_flight"
            else:
                verdict = "early"
                covered = covered or one.chat in (None, chat)
        return verdict, covered

    def exceeded(self, rule: Mapping[str, Any], chat: int, now: float) -> tuple[float, bool]:
        """Seconds this send comes too soon (0: it fits) and whether only for this chat."""
        per_second = float(rule["per_second"])
        if per_second > 0:
            if rule.get("kind") == "window":
                while self.window and self.window[0] <= now - 1:
                    self.window.popleft()
                if len(self.window) >= per_second:
                    return max(self.window[0] + 1 - now, 0.001), False
            else:
                burst = float(rule.get("burst", per_second))
                gained = (now - self.filled_at) * per_second
                self.tokens = min(burst, self.tokens + gained)
                self.filled_at = now
                if self.tokens < 1:
                    return (1 - self.tokens) / per_second, False
        gap = float(rule.get("chat_seconds", 0))
        if gap and self.too_soon_for(chat, gap, rule, now) > 0:
            return self.too_soon_for(chat, gap, rule, now), True
        return 0.0, False

    def too_soon_for(self, chat: int, gap: float, rule: Mapping[str, Any], now: float) -> float:
        """GCRA: each message moves the chat's theoretical time on by the gap."""
        burst = int(rule.get("chat_burst", 3))
        return self.chats.get(chat, 0.0) - (burst - 1) * gap - now

    def spent(self, rule: Mapping[str, Any], chat: int, now: float) -> None:
        """A send was let through: take its token."""
        self.tokens -= 1
        self.window.append(now)
        if gap := float(rule.get("chat_seconds", 0)):
            self.chats[chat] = max(self.chats.get(chat, 0.0), now) + gap

    def accepted(self, since: float, now: float) -> None:
        """Keep count of the busiest second and of the closest pair in one chat."""
        self.second.append(now)
        while self.second[0] <= now - 1:
            self.second.popleft()
        self.busiest_second = max(self.busiest_second, len(self.second))
        self.closest_in_chat = min(self.closest_in_chat, now - since)
