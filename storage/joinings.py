"""Joinings: two conversations on their way to become one, by a code or a verified number."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from storage.desk import Desk
from storage.fresh import fresh_code
from storage.ids import new_id
from storage.tables import joining, person
from union.codes import readings

CODE_LENGTH = 6
# How long a code is good, and how long a question about it waits for its answer.
MINUTES = 15


@dataclass(frozen=True)
class Joining:
    """One on its way. `conversation_id` is the address that showed the code, `asked_by_id` the
    one where it was typed: both name rows, not persons.
    """

    id: int
    conversation_id: int
    asked_by_id: int | None


class Joinings(Desk):
    """Makes codes, and notes who asked with one. A code is used once and stored as an index."""

    def make(self, row_id: int) -> str:
        """Return a fresh code of this address; the one before it is good no more."""
        self._end_shown_by(row_id)
        code = fresh_code(CODE_LENGTH)
        self._keep(row_id, code_blind=self._blind(code))
        return code

    def offer(self, row_id: int, by: int) -> None:
        """Ask the address *row_id* on behalf of *by*, without a code: both verified one number."""
        self._end_asked_by(by)
        self._end_shown_by(row_id)
        self._keep(row_id, asked_by_id=by, asked_at=self.now)

    def find(self, typed: str) -> Joining | None:
        """Return what a typed code leads to; None for one wrong, expired or used."""
        codes = readings(typed, CODE_LENGTH)
        if not codes:
            return None
        query = select(joining).where(
            joining.c.code_blind.in_([self._blind(code) for code in codes]),
            joining.c.asked_at.is_(None),
            *self._is_open(),
        )
        row = self.connection.execute(query).first()
        return _made_of(row) if row else None

    def by_id(self, row_id: int) -> Joining | None:
        """Return one on its way, whatever became of it, or None."""
        row = self._row(joining, row_id)
        return _made_of(row) if row else None

    def ask(self, row_id: int, by: int) -> bool:
        """Use a code up: *by* asks to be joined. False where it is good no more.

        The question waits as long again as the code was good.
        """
        self._end_asked_by(by)
        change = (
            update(joining)
            .where(joining.c.id == row_id, joining.c.asked_at.is_(None), *self._is_open())
            .values(asked_by_id=by, asked_at=self.now, expires_at=self._until())
        )
        return self.connection.execute(change).rowcount == 1

    def asked_of(self, row_id: int) -> Joining | None:
        """Return the newest question that waits for an answer from this address, locked."""
        query = (
            select(joining)
            .where(
                joining.c.conversation_id == row_id,
                joining.c.asked_at.is_not(None),
                *self._is_open(),
            )
            .order_by(joining.c.id.desc())
            .limit(1)
            .with_for_update()
        )
        row = self.connection.execute(query).first()
        return _made_of(row) if row else None

    def end_all(self, *row_ids: int) -> None:
        """End what these addresses showed, asked or were asked."""
        change = update(joining).where(
            or_(joining.c.conversation_id.in_(row_ids), joining.c.asked_by_id.in_(row_ids)),
            joining.c.ended_at.is_(None),
        )
        self.connection.execute(change.values(ended_at=self.now))

    def forget_before(self, *, days: int) -> int:
        """Forget what expired so many days ago; return how many."""
        past = joining.c.expires_at < self.now - timedelta(days=days)
        return self.connection.execute(delete(joining).where(past)).rowcount

    def with_same_number(self, conversation_id: int) -> int | None:
        """Return another person whose channel verified the number verified here too, or None.

        A number that was merely typed joins nobody.
        """
        here = person.alias("here")
        query = (
            select(person.c.conversation_id)
            .join(here, here.c.phone_blind == person.c.phone_blind)
            .where(
                here.c.conversation_id == conversation_id,
                here.c.known == "verified",
                person.c.known == "verified",
                person.c.conversation_id != conversation_id,
            )
            .order_by(person.c.id)
            .limit(1)
        )
        found = self.connection.execute(query).scalar()
        return None if found is None else int(found)

    def _keep(self, row_id: int, **values: Any) -> None:
        self._add(
            joining,
            id=new_id(),
            conversation_id=row_id,
            made_at=self.now,
            expires_at=self._until(),
            **values,
        )

    def _end_asked_by(self, row_id: int) -> None:
        self._change_where(joining, {"asked_by_id": row_id, "ended_at": None}, ended_at=self.now)

    def _end_shown_by(self, row_id: int) -> None:
        """One question at a time: what is agreed to is what was read last."""
        still = {"conversation_id": row_id, "ended_at": None}
        self._change_where(joining, still, ended_at=self.now)

    def _until(self) -> Any:
        return self.now + timedelta(minutes=MINUTES)

    def _is_open(self) -> tuple[Any, Any]:
        return joining.c.ended_at.is_(None), joining.c.expires_at > self.now

    def _blind(self, code: str) -> bytes:
        return self.keys.blind("joining", code)


def _made_of(row: Any) -> Joining:
    return Joining(row.id, row.conversation_id, row.asked_by_id)
