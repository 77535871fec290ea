"""Cases: petitions, joins and requests, who handles them now and what has been decided."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import and_, bindparam, func, select, text, update

from storage.desk import Desk
from storage.ids import new_id
from storage.ready import Ready
from storage.tables import band, case_file, committee_member

LIVE = True


@dataclass(frozen=True)
class Case:
    """What a body handles. `kind` is petition, join or request; `code` is its name at the desk."""

    id: int
    kind: str
    code: str
    state: str
    is_live: bool
    enterprise_id: int | None
    body_id: int
    conversation_id: int | None
    cdcs_id: int | None
    wants_cdcs: bool
    officer_id: int | None
    taken_at: datetime | None
    opened_at: datetime
    ready_at: datetime | None
    due_on: date | None
    sent_at: datetime | None
    answered_at: datetime | None
    congress_at: datetime | None
    congress_place: str
    decision_no: str
    decision_on: date | None
    reason: str
    escalated_at: datetime | None
    late_told_at: datetime | None
    is_urgent: bool
    about: str
    text: str
    call: str
    counted: int
    version: int


@dataclass(frozen=True)
class Band:
    """What outsiders may know of a petition: the band of a day, and whether enough have signed."""

    case_id: int
    counted_on: date
    low: int
    is_enough: bool
    enough_told_on: date | None


def _is_live_petition(case: Case, enterprise_id: int) -> bool:
    return case.enterprise_id == enterprise_id and case.kind == "petition" and case.is_live


_SEALED = {
    "reason": "reason_sealed",
    "text": "text_sealed",
    "call": "call_sealed",
    "congress_place": "congress_place_sealed",
}
# Where nothing is kept of these, a case says "".
_TEXTS = frozenset((*_SEALED, "decision_no", "about"))


# Its condition stands in the words of the index that holds live petitions alone: with gaps in
# their place neither store would look there.
_OF_ENTERPRISE = select(case_file).where(
    case_file.c.enterprise_id == bindparam("enterprise_id", type_=case_file.c.id.type),
    text("kind = 'petition' and is_live"),
)
_live_petition = Ready(_OF_ENTERPRISE, "enterprise_id")
_live_petition_locked = Ready(_OF_ENTERPRISE.with_for_update(key_share=True), "enterprise_id")


class Cases(Desk):
    """Opens, finds, locks and changes cases."""

    def open(self, kind: str, code: str, state: str, body_id: int, **values: Any) -> Case:
        """Open a case; *values* are columns, with `reason`, `text` and `call` sealed here."""
        opened = self.open_once(kind, code, state, body_id, **values)
        if opened is None:
            raise LookupError("case: its code or its place is taken")
        return opened

    def open_once(
        self, kind: str, code: str, state: str, body_id: int, **values: Any
    ) -> Case | None:
        """Open a case, or return None where the code or the one place of a petition is taken."""
        while True:
            row_id = new_id()
            is_new = self._add_once(
                case_file,
                id=row_id,
                kind=kind,
                code=code,
                state=state,
                is_live=True,
                body_id=body_id,
                opened_at=self.now,
                **self._sealing(row_id, values),
            )
            if is_new:
                return self.by_id(row_id)
            # Two keys say which case it is; only an id that another process made goes again.
            if self._row(case_file, row_id) is None:
                return None

    def by_id(self, row_id: int) -> Case:
        """Return a case. Raises LookupError."""
        held = self._held(row_id)
        if held is not None:
            return held
        row = self._row(case_file, row_id)
        if row is None:
            raise LookupError("case")
        return self._made_of(row)

    def by_code(self, code: str) -> Case | None:
        """Return the case with this code, or None."""
        row = self._first(case_file, code=code)
        return self._made_of(row) if row else None

    def locked(self, row_id: int) -> Case:
        """Return a case, locked until this turn ends: two officers never decide at once."""
        held = self._held(row_id)
        if held is not None:
            return held
        row = self._first(case_file, id=row_id, lock=True)
        if row is None:
            raise LookupError("case")
        return self._hold(self._made_of(row))

    def _held(self, row_id: int) -> Case | None:
        return cast("Case | None", self.known.held.get(("case", row_id)))

    def _hold(self, case: Case) -> Case:
        self.known.held["case", case.id] = case
        return case

    def live_petition(self, enterprise_id: int, *, lock: bool = False) -> Case | None:
        """Return the one live petition of an enterprise, locked if so told, or None."""
        for held in self.known.held.values():
            if isinstance(held, Case) and _is_live_petition(held, enterprise_id):
                return held
        found = _live_petition_locked if lock else _live_petition
        row = found.first(self.line, (enterprise_id,))
        if row is None:
            return None
        return self._hold(self._made_of(row)) if lock else self._made_of(row)

    def live_join(self, conversation_id: int, enterprise_id: int) -> list[Case]:
        """Return the live joins from one address to one enterprise."""
        rows = self._rows(
            case_file,
            conversation_id=conversation_id,
            enterprise_id=enterprise_id,
            kind="join",
            is_live=True,
            order="id",
        )
        return [self._made_of(row) for row in rows]

    def change(self, case: Case, **values: Any) -> Case:
        """Change columns of a case; `reason`, `text` and `call` are sealed. Return it anew."""
        self._change(case_file, case.id, bump="version", **self._sealing(case.id, values))
        held = self._held(case.id)
        if held is None:
            return self.by_id(case.id)
        shown: dict[str, Any] = {
            name: "" if value is None and name in _TEXTS else value
            for name, value in values.items()
        }
        return self._hold(replace(held, version=held.version + 1, **shown))

    def _sealing(self, row_id: int, values: dict[str, Any]) -> dict[str, Any]:
        kept = {}
        for name, value in values.items():
            column = _SEALED.get(name)
            if column is None:
                kept[name] = value
            else:
                kept[column] = self._seal(case_file, row_id, column, value) if value else None
        return kept

    # --- the officer's queue -----------------------------------------------------------------

    def queue(self, body_ids: list[int], limit: int = 200) -> list[Case]:
        """Return the live cases of these bodies that officers must see; no open petition."""
        rows = self.connection.execute(
            select(case_file)
            .where(
                case_file.c.body_id.in_(body_ids),
                case_file.c.is_live,
                case_file.c.state != "open",
            )
            .order_by(case_file.c.is_urgent.desc(), case_file.c.due_on, case_file.c.id)
            .limit(limit)
        )
        return [self._made_of(row) for row in rows]

    def held_by(self, officer_id: int) -> list[Case]:
        """Return the live cases that an officer holds."""
        rows = self.connection.execute(
            select(case_file).where(case_file.c.officer_id == officer_id, case_file.c.is_live)
        )
        return [self._made_of(row) for row in rows]

    def overdue(self, limit: int = 200) -> list[Case]:
        """Return live cases past their day of which the body above was not told yet."""
        rows = self.connection.execute(
            select(case_file)
            .where(
                case_file.c.is_live,
                case_file.c.state != "open",
                case_file.c.due_on < self.today,
                case_file.c.escalated_at.is_(None),
                case_file.c.answered_at.is_(None),
            )
            .order_by(case_file.c.due_on, case_file.c.id)
            .limit(limit)
        )
        return [self._made_of(row) for row in rows]

    def is_overdue(self, case: Case) -> bool:
        """Whether a case is one of those that `overdue` returns."""
        is_late = case.due_on is not None and case.due_on < self.today
        waits = case.is_live and case.state != "open"
        return is_late and waits and case.escalated_at is None and case.answered_at is None

    def release_of(self, officer_id: int) -> int:
        """Take every live case out of an officer's hands; return how many."""
        self.known.look_again()
        change = (
            update(case_file)
            .where(case_file.c.officer_id == officer_id, case_file.c.is_live)
            .values(officer_id=None, taken_at=None, version=case_file.c.version + 1)
        )
        return self.connection.execute(change).rowcount

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many cases of each kind stand in each state."""
        rows = self.connection.execute(
            select(case_file.c.kind, case_file.c.state, func.count().label("n")).group_by(
                case_file.c.kind, case_file.c.state
            )
        )
        return {(row.kind, row.state): row.n for row in rows}

    def requests_of(self, conversation_id: int) -> list[Case]:
        """Return the requests somebody sent from this address."""
        rows = self.connection.execute(
            select(case_file)
            .where(case_file.c.conversation_id == conversation_id, case_file.c.kind == "request")
            .order_by(case_file.c.id)
        )
        return [self._made_of(row) for row in rows]

    def wipe_requests(self, conversation_id: int) -> None:
        """Wipe words and numbers of requests sent from this address, and what was answered."""
        self.known.look_again()
        self.connection.execute(
            update(case_file)
            .where(case_file.c.conversation_id == conversation_id, case_file.c.kind == "request")
            .values(text_sealed=None, call_sealed=None, reason_sealed=None)
        )

    # --- what outsiders may know -------------------------------------------------------------

    def band(self, case_id: int) -> Band | None:
        """Return the band of a petition as the last daily run left it, or None before it."""
        row = self._first(band, case_id=case_id)
        return Band(**row._asdict()) if row else None

    def set_band(self, case_id: int, low: int, *, is_enough: bool) -> None:
        """Renew the band of a petition for today."""
        values = {"counted_on": self.today, "low": low, "is_enough": is_enough}
        if not self._add_once(band, case_id=case_id, **values):
            self.connection.execute(update(band).where(band.c.case_id == case_id).values(**values))

    def enough_was_told(self, case_id: int) -> None:
        """Note that the signers were told that enough have signed: once, and not taken back."""
        self.connection.execute(
            update(band).where(band.c.case_id == case_id).values(enough_told_on=self.today)
        )

    def live_petitions(self, after: int = 0, limit: int = 500) -> list[Case]:
        """Return live petitions by id, for the daily run."""
        rows = self.connection.execute(
            select(case_file)
            .where(case_file.c.kind == "petition", case_file.c.is_live, case_file.c.id > after)
            .order_by(case_file.c.id)
            .limit(limit)
        )
        return [self._made_of(row) for row in rows]

    # --- the organising committee ------------------------------------------------------------

    def committee_state(self, case_id: int, conversation_id: int) -> str | None:
        """Return where somebody stands with the organising committee (ban vận động), or None."""
        return self.connection.execute(
            select(committee_member.c.state).where(
                committee_member.c.case_id == case_id,
                committee_member.c.conversation_id == conversation_id,
            )
        ).scalar()

    def set_committee_state(self, case_id: int, conversation_id: int, state: str) -> None:
        """Keep where somebody stands with the organising committee."""
        values = {"state": state, "changed_at": self.now}
        if not self._add_once(
            committee_member,
            id=new_id(),
            case_id=case_id,
            conversation_id=conversation_id,
            **values,
        ):
            self.connection.execute(
                update(committee_member)
                .where(
                    committee_member.c.case_id == case_id,
                    committee_member.c.conversation_id == conversation_id,
                )
                .values(**values)
            )

    def committee(self, case_id: int, *states: str) -> list[int]:
        """Return the conversations in one of *states* with a committee, oldest first."""
        rows = self.connection.execute(
            select(committee_member.c.conversation_id)
            .where(
                and_(committee_member.c.case_id == case_id, committee_member.c.state.in_(states))
            )
            .order_by(committee_member.c.id)
        )
        return [row.conversation_id for row in rows]

    def committees_of(self, conversation_id: int) -> list[tuple[int, str]]:
        """Return (case, state) for every committee that somebody has to do with."""
        rows = self.connection.execute(
            select(committee_member.c.case_id, committee_member.c.state).where(
                committee_member.c.conversation_id == conversation_id
            )
        )
        return [(row.case_id, row.state) for row in rows]

    def _made_of(self, row: Any) -> Case:
        columns = row._asdict()
        for name, column in _SEALED.items():
            columns[name] = self._open(case_file, row.id, column, columns.pop(column))
        for name in _TEXTS - _SEALED.keys():
            columns[name] = columns[name] or ""
        return Case(**columns)
