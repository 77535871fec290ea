"""How fast an account may speak: slots in time given away in advance, and halts.

A slot is reserved in the transaction that claims its letter, so that all processes together, and
those of before a restart, keep within one limit. There is no burst: slots lie evenly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Any, Protocol

from sqlalchemy import select

from storage.desk import Desk
from storage.ready import Ready
from storage.tables import pace

# So far ahead slots are given away: an answer is never behind more of a campaign than this.
HORIZON = 0.25
# A slot may be used a little late and no later. Who is late now and then asks for more slack.
LEAST_SLACK = 0.01
MOST_SLACK = 1.0
# What the way from the claim to the call may take, where the account was idle.
PATIENCE = 0.05
# Nobody gives slots away this far ahead, nor notes a halt this long before it begins: a moment
# beyond is one of a clock that was set back. Waiting for a lock takes at most ten seconds.
_IMPOSSIBLE = 30.0
# After such a jump: until everything that was given away before has been used.
AFRESH = 1.0 + HORIZON + MOST_SLACK


_HALTED = Ready(select(pace).where(pace.c.halted_until_at.is_not(None)))


class Pacing(Protocol):
    """A limit: letters a second for the account, seconds between two letters to one address.

    0 is no limit.
    """

    @property
    def per_second(self) -> float:
        """How many letters the account may send in any second."""

    @property
    def per_address_seconds(self) -> float:
        """How many seconds lie between two letters to one address."""


@dataclass(frozen=True)
class Line:
    """Where an account's slots end: the next not before *free_at*; *slack* is that of the last."""

    free_at: datetime | None = None
    slack: float = 0.0


@dataclass(frozen=True)
class Slots:
    """When letters may go. Each may be used until *slack* seconds later, and not after that."""

    send_at: tuple[datetime, ...]
    slack: float
    gap: timedelta

    def line(self, used: int) -> Line:
        """Return where slots end if only the first *used* of these are taken."""
        return Line(self.send_at[used - 1] + self.gap, self.slack)


def slots(
    per_second: float, now: datetime, line: Line, most: int, slack: float = LEAST_SLACK
) -> Slots:
    """Return the slots that may be given away *now* behind *line*, at most *most*.

    Used however late within their slack they never make more than *per_second* in a second. For
    that many slots in a row last a second and the slack of the first: gaps are as much longer as
    slots have slack, and where it shrinks the difference is left out once.
    """
    free_at = line.free_at or now
    ahead = max(0.0, (free_at - now).total_seconds())
    slack = max(min(slack, MOST_SLACK), PATIENCE - ahead)
    first = max(now, free_at + timedelta(seconds=max(0.0, line.slack - slack)))
    gap = timedelta(seconds=(1 + slack) / per_second) + timedelta.resolution
    room = floor((now + timedelta(seconds=HORIZON) - first) / gap) + 1
    given = tuple(first + number * gap for number in range(max(0, min(room, most))))
    return Slots(given, slack, gap)


def halted_for(now: datetime, halted_at: datetime | None, until: datetime | None) -> float:
    """Return how many seconds a halt still lasts: never longer than it was at its beginning."""
    if halted_at is None or until is None:
        return 0.0
    return max(0.0, min((until - now).total_seconds(), (until - halted_at).total_seconds()))


@dataclass(frozen=True)
class Account:
    """One account at this moment: where its slots end, and how long nobody may speak for it."""

    name: str
    line: Line
    halted_for: float


class Paces(Desk):
    """The accounts of this installation, one row each."""

    def locked(self, accounts: Iterable[str]) -> dict[str, Account]:
        """Return these accounts, held until this transaction ends: claims come one by one."""
        return {name: self._account(self._locked_row(name)) for name in sorted(accounts)}

    def _locked_row(self, account: str) -> Any:
        row = self._first(pace, account=account, lock=True)
        while row is None:
            self._add_once(pace, account=account)
            row = self._first(pace, account=account, lock=True)
        return self._mended(row)

    def _mended(self, row: Any) -> Any:
        """Put right what was written under a clock that has been set back since."""
        furthest = self.now + timedelta(seconds=_IMPOSSIBLE)
        has_slots = row.next_free_at is not None and row.next_free_at > furthest
        has_halt = row.halted_at is not None and row.halted_at > furthest
        if has_slots:
            self.keep(row.account, Line(self.now + timedelta(seconds=AFRESH)))
        if has_halt:
            # It lasts as long, from here.
            self._halt(row.account, halted_for(self.now, row.halted_at, row.halted_until_at))
        return self._first(pace, account=row.account) if has_slots or has_halt else row

    def _account(self, row: Any) -> Account:
        left = halted_for(self.now, row.halted_at, row.halted_until_at)
        return Account(row.account, Line(row.next_free_at, row.slack_ms / 1000), left)

    def keep(self, account: str, line: Line) -> None:
        """Keep where the slots of a locked account end."""
        slack_ms = ceil(line.slack * 1000)
        self._change_where(
            pace, {"account": account}, next_free_at=line.free_at, slack_ms=slack_ms
        )

    def halt(self, account: str, seconds: float) -> None:
        """Let nobody speak for this account for so many *seconds* from now, or longer."""
        if seconds > self._account(self._locked_row(account)).halted_for:
            self._halt(account, seconds)

    def _halt(self, account: str, seconds: float) -> None:
        self._change_where(
            pace,
            {"account": account},
            halted_at=self.now,
            halted_until_at=self.now + timedelta(seconds=seconds),
        )

    def halts(self) -> dict[str, float]:
        """Return the accounts for which nobody may speak now, and for how many seconds."""
        left = {row.account: self._account(row).halted_for for row in _HALTED.all(self.line)}
        return {account: seconds for account, seconds in left.items() if seconds > 0}
