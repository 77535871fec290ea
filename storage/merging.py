"""Merging: what was recorded in several conversations becomes what is recorded of one person."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update

from storage.desk import Desk
from storage.people import People
from storage.tables import (
    case_file,
    committee_member,
    consent,
    news,
    officer,
    person,
    receipt,
    signature,
    signed_text,
)

_SURENESS = ("verified", "claimed", "none")
# What simply changes hands.
_PLAIN = (consent, signature, case_file, news, officer)


class Merging(Desk):
    """Moves facts to the row that owns them. The cases they stand on must be locked."""

    def cases_of(self, *conversation_ids: int) -> list[int]:
        """Return every case that these people have to do with, in order: lock them so."""
        signed = select(signature.c.case_id).where(
            signature.c.conversation_id.in_(conversation_ids)
        )
        seats = select(committee_member.c.case_id).where(
            committee_member.c.conversation_id.in_(conversation_ids)
        )
        query = select(case_file.c.id).where(
            or_(
                case_file.c.conversation_id.in_(conversation_ids),
                case_file.c.id.in_(signed),
                case_file.c.id.in_(seats),
            )
        )
        return [row.id for row in self.connection.execute(query.order_by(case_file.c.id))]

    def have_officers(self, *conversation_ids: int) -> int:
        """Return how many of these are an officer's, of whatever state."""
        query = select(officer.c.id).where(officer.c.conversation_id.in_(conversation_ids))
        return len(self.connection.execute(query).all())

    def move(
        self, sources: Iterable[int], owner_id: int, names: Sequence[str] = ()
    ) -> list[tuple[int, int]]:
        """Give *owner_id* all that is recorded of *sources*; the same name is the same person.

        *names* were given in drafts that are no persons yet. Returns, for each signature that was
        one too many, its case and the signature that stands for both.
        """
        sources = sorted(set(sources) - {owner_id})
        answers = self._stricter_answers([owner_id, *sources])
        doubled: list[tuple[int, int]] = []
        for source in sources:
            blinds = self._move_people(source, owner_id, doubled)
            self._move_receipts(source, owner_id, blinds | self._of(names, source, owner_id))
            for table in _PLAIN:
                self._hand_over(table, source, owner_id)
            self._move_seats(source, owner_id)
        self.known.look_again()
        if answers is not None:
            contact, statistics = answers
            self._people().change_consents(owner_id, contact=contact, statistics=statistics)
        return doubled

    def _people(self) -> People:
        return People(self.connection, self.keys, self.now, self.known)

    def _stricter_answers(self, sides: Sequence[int]) -> tuple[bool, bool] | None:
        """Return answers B and C where several sides gave them: a no of one is a no."""
        given = [agreed for one in sides if (agreed := self._people().agreed(one))]
        if len(given) < 2:
            return None
        contact = all(any(one.contact for one in agreed) for agreed in given)
        statistics = all(any(one.statistics for one in agreed) for agreed in given)
        return contact, statistics

    def _hand_over(self, table: Any, source: int, owner_id: int) -> None:
        mine = table.c.conversation_id == source
        self.connection.execute(update(table).where(mine).values(conversation_id=owner_id))

    # --- persons -----------------------------------------------------------------------------

    def _of(self, names: Iterable[str], source: int, owner_id: int) -> dict[bytes, bytes]:
        people = self._people()
        return {people.name_blind(source, one): people.name_blind(owner_id, one) for one in names}

    def _move_people(
        self, source: int, owner_id: int, doubled: list[tuple[int, int]]
    ) -> dict[bytes, bytes]:
        """Move the persons; return the new index of each of their names by the old one."""
        people, blinds = self._people(), {}
        for row in self._rows(person, conversation_id=source, order="id"):
            if row.name_blind is None:
                self._change(person, row.id, conversation_id=owner_id)
                continue
            name = self._open(person, row.id, "name_sealed", row.name_sealed)
            blind = blinds[row.name_blind] = people.name_blind(owner_id, name)
            known = self._first(person, conversation_id=owner_id, name_blind=blind)
            if known is None:
                self._change(person, row.id, conversation_id=owner_id, name_blind=blind)
            else:
                self._become_one(known, row, owner_id, doubled)
        return blinds

    def _become_one(
        self, kept: Any, ended: Any, owner_id: int, doubled: list[tuple[int, int]]
    ) -> None:
        """Let two persons of one name be the first of them; the other keeps no word of hers."""
        best = min((kept, ended), key=lambda one: _SURENESS.index(one.known))
        if best is ended:
            phone = self._open(person, ended.id, "phone_sealed", ended.phone_sealed)
            self._people().set_phone(kept.id, phone, ended.known)
        for mine in self._rows(signature, person_id=ended.id, order="id"):
            other = self._first(signature, case_id=mine.case_id, person_id=kept.id)
            if other is None:
                self._change(signature, mine.id, person_id=kept.id)
            else:
                self._sign_once(other, mine)
                doubled.append((mine.case_id, other.id))
        self._change_where(consent, {"person_id": ended.id}, person_id=kept.id)
        self._change(
            person,
            ended.id,
            conversation_id=owner_id,
            name_sealed=None,
            name_blind=None,
            phone_sealed=None,
            phone_blind=None,
            known="none",
            erased_at=self.now,
        )

    def _sign_once(self, kept: Any, ended: Any) -> None:
        """Let one of two signatures stand for both, as strictly as either; no text is lost.

        What was set aside stays so: joining must not undo what somebody claimed.
        """
        states = {kept.state, ended.state}
        state = next(one for one in ("set_aside", "valid", "withdrawn") if one in states)
        alike = [one for one in (kept, ended) if one.state == state]
        newest = max(alike, key=lambda one: one.confirmed_at)
        self._change(
            signature,
            kept.id,
            state=state,
            is_foreign=newest.is_foreign,
            consent_id=newest.consent_id,
            known=min((kept.known, ended.known), key=_SURENESS.index),
            signed_at=min(kept.signed_at, ended.signed_at),
            confirmed_at=newest.confirmed_at,
            withdrawn_at=newest.withdrawn_at,
            withdraw_asked_at=kept.withdraw_asked_at or ended.withdraw_asked_at,
        )
        self._change_where(signed_text, {"signature_id": ended.id}, signature_id=kept.id)
        gone: dict[str, Any] = {
            "state": "withdrawn",
            "withdrawn_at": ended.withdrawn_at or self.now,
        }
        self._change(signature, ended.id, **gone)

    # --- codes and seats ---------------------------------------------------------------------

    def _move_receipts(self, source: int, owner_id: int, blinds: Mapping[bytes, bytes]) -> None:
        """Move the receipts: two of one name say the same from now on, and both codes are good."""
        for row in self._rows(receipt, conversation_id=source, order="id"):
            blind = blinds.get(row.name_blind or b"", row.name_blind)
            known = self._standing(owner_id, blind) if blind else None
            moved: dict[str, Any] = {"conversation_id": owner_id, "name_blind": blind}
            if known is not None:
                days = filter(None, (known.draft_until_on, row.draft_until_on))
                self._change(receipt, known.id, draft_until_on=max(days, default=None))
                moved |= {"joined_to_id": known.id, "name_blind": None, "draft_until_on": None}
                # Also those that led to it before: a code leads to its receipt in one step.
                self._change_where(receipt, {"joined_to_id": row.id}, joined_to_id=known.id)
                self._change_where(signature, {"receipt_id": row.id}, receipt_id=known.id)
            self._change(receipt, row.id, **moved)

    def _standing(self, owner_id: int, blind: bytes) -> Any | None:
        return self._first(receipt, order="-id", conversation_id=owner_id, name_blind=blind)

    def _move_seats(self, source: int, owner_id: int) -> None:
        """Move what she said to organising committees; of two answers the later one holds."""
        for row in self._rows(committee_member, conversation_id=source, order="id"):
            known = self._first(committee_member, case_id=row.case_id, conversation_id=owner_id)
            if known is None:
                self._change(committee_member, row.id, conversation_id=owner_id)
                continue
            if row.changed_at > known.changed_at:
                said = {"state": row.state, "changed_at": row.changed_at}
                self._change(committee_member, known.id, **said)
            self.connection.execute(
                delete(committee_member).where(committee_member.c.id == row.id)
            )
