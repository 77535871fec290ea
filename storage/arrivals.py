"""Arrival codes: typed once on Zalo, they say which poster's page somebody comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import delete, func, select

from storage.desk import Desk
from storage.fresh import has_digit, written
from storage.ids import new_id
from storage.posters import CODE_LENGTH, Posters
from storage.tables import arrival_code
from union.codes import QUIET, readings

# So many are good at once: beyond it somebody fills the store, and pages show the poster's code.
MOST_LIVE = 50_000
# Old ones are swept away a few at a time, more than are given meanwhile.
_SWEPT = 20
_MOST_TRIES = 50


@dataclass(frozen=True)
class ArrivalCode:
    """A code to type, and until when it is good."""

    code: str
    expires_at: datetime


@dataclass(frozen=True)
class Arrival:
    """A code that was typed and is good: where it leads, and the language of its page."""

    id: int
    code: str
    poster_id: int
    language: str


class Arrivals(Desk):
    """Gives, finds and uses up. The code is stored only as a keyed index.

    It is made from the number of the page that asks for it (*asked*), so that a page that is
    loaded or sent again shows the same one without its being kept anywhere.
    """

    def give(self, poster_id: int, asked: str, language: str, minutes: int) -> ArrivalCode | None:
        """Return a code that leads to a poster for *minutes*; None where there are too many."""
        self._sweep(asked)
        given = self.given(asked)
        if given is not None or self._is_full():
            return given
        posters = Posters(self.connection, self.keys, self.now, self.known)
        expires_at = self.now + timedelta(minutes=minutes)
        for code in self._codes(asked):
            if not posters.has_code(code) and self._add_once(
                arrival_code,
                id=new_id(),
                code_blind=self._blind(code),
                asked_blind=self.keys.blind("arrival-asked", asked),
                poster_id=poster_id,
                language=language,
                expires_at=expires_at,
            ):
                return ArrivalCode(code, expires_at)
            # Another process may have given it to the same page just now.
            if (given := self.given(asked)) is not None:
                return given
        return None

    def given(self, asked: str) -> ArrivalCode | None:
        """Return the code that a page was given, also a used one; None where it has expired."""
        row = self._first(arrival_code, asked_blind=self.keys.blind("arrival-asked", asked))
        if row is None or row.expires_at <= self.now:
            return None
        found = (code for code in self._codes(asked) if self._blind(code) == row.code_blind)
        code = next(found, None)
        return None if code is None else ArrivalCode(code, row.expires_at)

    def find(self, typed: str, at: datetime) -> Arrival | None:
        """Return what a typed code leads to; None for one unknown, used up or expired *at*."""
        known = {self._blind(code): code for code in readings(typed, CODE_LENGTH)}
        if not known:
            return None
        rows = self.connection.execute(
            select(arrival_code).where(
                arrival_code.c.code_blind.in_(known),
                arrival_code.c.expires_at > at,
                arrival_code.c.poster_id.is_not(None),
            )
        ).all()
        if len(rows) != 1:
            return None
        row = rows[0]
        return Arrival(row.id, known[row.code_blind], row.poster_id, row.language)

    def use_up(self, found: Arrival) -> bool:
        """Let a code open nothing any more; it forgets where it led. False: it was used before."""
        still = {"id": found.id, "poster_id": found.poster_id}
        return self._change_where(arrival_code, still, poster_id=None) == 1

    def forget_before(self, moment: datetime) -> int:
        """Forget codes that expired before *moment*; return how many."""
        old = arrival_code.c.expires_at < moment
        return self.connection.execute(delete(arrival_code).where(old)).rowcount

    def _sweep(self, asked: str) -> None:
        """Forget some codes that have expired, that of the page that asks now before all others.

        What another process forgets just now is left to it.
        """
        is_old = arrival_code.c.expires_at <= self.now
        is_its_own = arrival_code.c.asked_blind == self.keys.blind("arrival-asked", asked)
        self.connection.execute(delete(arrival_code).where(is_old, is_its_own))
        some = (
            select(arrival_code.c.id)
            .where(is_old)
            .order_by(arrival_code.c.expires_at)
            .limit(_SWEPT)
            .with_for_update(skip_locked=True)
        )
        ids = [row.id for row in self.connection.execute(some)]
        if ids:
            self.connection.execute(delete(arrival_code).where(arrival_code.c.id.in_(ids)))

    def _is_full(self) -> bool:
        good = arrival_code.c.expires_at > self.now
        live = select(arrival_code.c.id).where(good).limit(MOST_LIVE).subquery()
        counted = self.connection.execute(select(func.count()).select_from(live)).scalar()
        return counted == MOST_LIVE

    def _codes(self, asked: str) -> Iterator[str]:
        return islice((code for code in self._made_of(asked) if has_digit(code)), _MOST_TRIES)

    def _made_of(self, asked: str) -> Iterator[str]:
        for number in range(10 * _MOST_TRIES):
            mark = self.keys.blind("arrival-made", f"{asked}|{number}")
            yield written(int.from_bytes(mark, "big"), CODE_LENGTH, QUIET)

    def _blind(self, code: str) -> bytes:
        return self.keys.blind("arrival-code", code)
