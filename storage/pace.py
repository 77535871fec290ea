"""How fast an account may speak: slots in time given away in advance, and halts.

A slot is reserved in the transaction that claims its letter, so that all processes together, and
those of before a restart, keep within one limit. There is no burst: slots lie evenly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import Any, Protocol

from sqlalchemy import select

from storage.desk import Desk
from storage.tables import pace

# So far ahead slots are given away: an answer is never behind more of a campaign than this.
HORIZON = 0.25
# A slot may be used this much late, not later; slots lie that much further apart. So a late letter
# followed by punctual ones never makes a second too full.
SLACK = 0.01
# What the way from the claim to the call may take. Who was late asks for more, up to the most.
PATIENCE = 0.05
MOST_PATIENCE = 1.0
# Nobody gives slots away this far ahead, nor notes a halt this long before it begins: a moment
# beyond is one of a clock that was set back. Waiting for a lock takes at most ten seconds.
_IMPOSSIBLE = 30.0
# After such a jump: until everything that was given away before has been used.
AFRESH = 1.0 + HORIZON + MOST_PATIENCE


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
class Slots:
    """When letters may go. Each may be used until *good_for* seconds later, and not after that."""

    send_at: tuple[datetime, ...]
    good_for: float
    next_free_at: datetime

    def after(self, used: int) -> datetime:
        """Return when the next slot may lie if only the first *used* of these are taken."""
        return self.send_at[used - 1] + (self.next_free_at - self.send_at[-1])


@dataclass(frozen=True)
class Account:
    """One account at this moment: when its next slot may lie, how long nobody may speak for it."""

    name: str
    next_free_at: datetime | None
    halted_for: float


def slots(
    per_second: float,
    now: datetime,
    next_free_at: datetime | None,
    most: int,
    patience: float = PATIENCE,
) -> Slots:
    """Return the slots that may be given away *now*, at most *most*, and when the next may lie.

    Any slots that keep to it, each used at most *good_for* late, never make more than *per_second*
    in a second: `per_second` slots in a row last one second and their own lateness.
    """
    gap = timedelta(seconds=(1 + SLACK) / per_second)
    first = max(now, next_free_at or now)
    if first > now + gap + timedelta(seconds=_IMPOSSIBLE):
        return Slots((), 0.0, now + timedelta(seconds=AFRESH))
    room = floor((now + timedelta(seconds=HORIZON) - first) / gap) + 1
    given = tuple(first + number * gap for number in range(max(0, min(room, most))))
    if not given:
        return Slots((), 0.0, first)
    good_for = max(SLACK, min(patience, MOST_PATIENCE) - (first - now).total_seconds())
    # Whoever may be later than the rest leaves a longer gap behind.
    return Slots(given, good_for, given[-1] + gap + timedelta(seconds=good_for - SLACK))


def halted_for(now: datetime, halted_at: datetime | None, until: datetime | None) -> float:
    """Return how many seconds a halt still lasts: never longer than it was at its beginning."""
    if halted_at is None or until is None:
        return 0.0
    return max(0.0, min((until - now).total_seconds(), (until - halted_at).total_seconds()))


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
        if row.halted_at is not None and _is_ahead(row.halted_at, self.now):
            # Written under a clock that has been set back since: it lasts as long from here.
            self._halt(account, halted_for(self.now, row.halted_at, row.halted_until_at))
            row = self._first(pace, account=account)
        return row

    def _account(self, row: Any) -> Account:
        left = halted_for(self.now, row.halted_at, row.halted_until_at)
        return Account(row.account, row.next_free_at, left)

    def keep(self, account: str, next_free_at: datetime) -> None:
        """Keep when the next slot of a locked account may lie."""
        self._change_where(pace, {"account": account}, next_free_at=next_free_at)

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
        known = self.connection.execute(select(pace).where(pace.c.halted_until_at.is_not(None)))
        left = {row.account: self._account(row).halted_for for row in known}
        return {account: seconds for account, seconds in left.items() if seconds > 0}


def _is_ahead(at: datetime, now: datetime) -> bool:
    return at > now + timedelta(seconds=_IMPOSSIBLE)
