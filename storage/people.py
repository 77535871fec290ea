"""People: who they say they are, what they agreed to, and the code each receipt carries."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, literal_column, select, update

from storage.desk import Desk
from storage.fresh import fresh_code
from storage.ids import new_id
from storage.ready import Ready
from storage.tables import case_file, consent, person, receipt
from union.folding import fold

CODE_LENGTH = 6


_code = bindparam("code", type_=receipt.c.code.type)
_taken = Ready(
    select(receipt.c.id)
    .where(receipt.c.code == _code)
    .union_all(select(case_file.c.id).where(case_file.c.code == _code))
    .limit(literal_column("1")),
    "code",
)


@dataclass(frozen=True)
class Person:
    """A person apart from her signatures. `known` is verified, claimed or none (no phone)."""

    id: int
    conversation_id: int
    name: str
    phone: str
    phone_blind: bytes | None
    known: str
    is_new: bool = False


@dataclass(frozen=True)
class Receipt:
    """The code somebody holds. `is_draft` until she puts her name down."""

    id: int
    code: str
    conversation_id: int
    name_blind: bytes | None
    draft_until_on: date | None


@dataclass(frozen=True)
class Agreed:
    """A consent as it was given: version of the facts shown, three answers, when."""

    id: int
    version: str
    handling: bool
    contact: bool
    statistics: bool
    given_at: datetime


class People(Desk):
    """Keeps people, their consents and their receipts."""

    _name: tuple[int, str] = (0, "")
    _blind = b""

    # --- persons -----------------------------------------------------------------------------

    def name_blind(self, conversation_id: int, name: str) -> bytes:
        """Return the index by which the same name from the same address is found again."""
        # A turn asks for the same name's index several times.
        if self._name != (conversation_id, name):
            self._name = conversation_id, name
            self._blind = self.keys.blind("name", f"{conversation_id}|{fold(name)}")
        return self._blind

    def phone_blind(self, phone: str) -> bytes:
        """Return the index of a phone number in E.164."""
        return self.keys.blind("phone", phone)

    def keep(self, conversation_id: int, name: str, phone: str | None, known: str) -> Person:
        """Return the person of this name at this address, made where she is new, phone renewed."""
        blind = self.name_blind(conversation_id, name)
        row = self._first(person, conversation_id=conversation_id, name_blind=blind)
        row_id = new_id() if row is None else row.id
        said: dict[str, Any] = {
            "name_sealed": self._seal(person, row_id, "name_sealed", name),
            "phone_sealed": self._seal(person, row_id, "phone_sealed", phone) if phone else None,
            "phone_blind": self.phone_blind(phone) if phone else None,
            "known": known if phone else "none",
        }
        if row is None:
            self._add(
                person,
                id=row_id,
                conversation_id=conversation_id,
                name_blind=blind,
                made_at=self.now,
                **said,
            )
        else:
            self._change(person, row_id, **said)
        return Person(
            row_id,
            conversation_id,
            name,
            phone or "",
            said["phone_blind"],
            said["known"],
            is_new=row is None,
        )

    def by_id(self, row_id: int) -> Person:
        """Return a person. Raises LookupError."""
        row = self._row(person, row_id)
        if row is None:
            raise LookupError("person")
        return self._person(row)

    def at(self, conversation_id: int) -> list[Person]:
        """Return everybody who gave a name at this address."""
        rows = self._rows(person, conversation_id=conversation_id, erased_at=None, order="id")
        return [self._person(row) for row in rows]

    def made_at(self, row_id: int) -> datetime:
        """Return when somebody first gave her name. Raises LookupError."""
        row = self._row(person, row_id)
        if row is None:
            raise LookupError("person")
        return row.made_at  # type: ignore[no-any-return]

    def rename(self, row_id: int, conversation_id: int, name: str) -> None:
        """Correct a name. The code and the count do not move."""
        self._change(
            person,
            row_id,
            name_sealed=self._seal(person, row_id, "name_sealed", name),
            name_blind=self.name_blind(conversation_id, name),
        )

    def set_phone(self, row_id: int, phone: str | None, known: str) -> None:
        """Correct or take away a phone number."""
        self._change(
            person,
            row_id,
            phone_sealed=self._seal(person, row_id, "phone_sealed", phone) if phone else None,
            phone_blind=self.phone_blind(phone) if phone else None,
            known=known if phone else "none",
        )

    def erase(self, conversation_id: int) -> int:
        """Wipe every name and phone given at this address; return how many persons.

        Its receipts lose the index of the name too: the codes stay, and lead to nobody.
        """
        self.connection.execute(
            update(receipt)
            .where(receipt.c.conversation_id == conversation_id)
            .values(name_blind=None, draft_until_on=None)
        )
        change = (
            update(person)
            .where(person.c.conversation_id == conversation_id, person.c.erased_at.is_(None))
            .values(
                name_sealed=None,
                name_blind=None,
                phone_sealed=None,
                phone_blind=None,
                known="none",
                erased_at=self.now,
            )
        )
        return self.connection.execute(change).rowcount

    def _person(self, row: Any) -> Person:
        return Person(
            id=row.id,
            conversation_id=row.conversation_id,
            name=self._open(person, row.id, "name_sealed", row.name_sealed),
            phone=self._open(person, row.id, "phone_sealed", row.phone_sealed),
            phone_blind=row.phone_blind,
            known=row.known,
        )

    # --- consents ----------------------------------------------------------------------------

    def agree(  # noqa: PLR0913 -- a consent has these sides
        self,
        conversation_id: int,
        who: Person,
        *,
        version: str,
        language: str,
        text: str,
        fingerprint: str,
        handling: bool,
        contact: bool,
        statistics: bool,
        channel: str,
    ) -> int:
        """Keep a consent with the text shown; the person's earlier one ends. Return its id.

        Source: Luật 91/2025/QH15, Điều 9 (specific, informed, none by default).
        """
        if not who.is_new:
            still = {"person_id": who.id, "ended_at": None}
            self._change_where(consent, still, ended_at=self.now)
        row_id = new_id()
        return self._add(
            consent,
            id=row_id,
            conversation_id=conversation_id,
            person_id=who.id,
            version=version,
            language=language,
            fingerprint=fingerprint,
            text_sealed=self._seal(consent, row_id, "text_sealed", text),
            handling=handling,
            contact=contact,
            statistics=statistics,
            channel=channel,
            given_at=self.now,
        )

    def agreed(self, conversation_id: int) -> list[Agreed]:
        """Return the consents in force at this address, oldest first."""
        rows = self._rows(consent, conversation_id=conversation_id, ended_at=None, order="id")
        return [
            Agreed(row.id, row.version, row.handling, row.contact, row.statistics, row.given_at)
            for row in rows
        ]

    def may_contact(self, conversation_id: int) -> bool:
        """Whether somebody at this address said yes to being written to about her matter."""
        return any(one.contact for one in self.agreed(conversation_id))

    def change_consents(self, conversation_id: int, *, contact: bool, statistics: bool) -> None:
        """Change answers B and C of every consent in force here."""
        self.connection.execute(
            update(consent)
            .where(consent.c.conversation_id == conversation_id, consent.c.ended_at.is_(None))
            .values(contact=contact, statistics=statistics)
        )

    def end_consents(self, conversation_id: int) -> None:
        """End every consent given here."""
        self.connection.execute(
            update(consent)
            .where(consent.c.conversation_id == conversation_id, consent.c.ended_at.is_(None))
            .values(ended_at=self.now)
        )

    # --- receipts ----------------------------------------------------------------------------

    def new_code(self) -> str:
        """Return a code that no receipt and no case carries."""
        while True:
            code = fresh_code(CODE_LENGTH)
            if not self._is_taken(code):
                return code

    def _is_taken(self, code: str) -> bool:
        return _taken.first(self.line, (code,)) is not None

    def receipt_for(
        self, conversation_id: int, name: str | None, draft_until_on: date | None = None
    ) -> Receipt:
        """Return the receipt of this name at this address, so that a lost code is found again.

        Without a name: the newest receipt of the address, or one made up, so that taking back
        where nothing was recorded reads like taking back.
        """
        found = self._receipt(conversation_id, name)
        if found is None:
            code = self.new_code()
            blind = self.name_blind(conversation_id, name) if name else None
            row_id = self._add(
                receipt,
                code=code,
                conversation_id=conversation_id,
                name_blind=blind,
                draft_until_on=draft_until_on,
                made_at=self.now,
            )
            return Receipt(row_id, code, conversation_id, blind, draft_until_on)
        if found.draft_until_on != draft_until_on and name:
            self._change(receipt, found.id, draft_until_on=draft_until_on)
            return self._receipt_row(found.id)
        return found

    def _receipt(self, conversation_id: int, name: str | None) -> Receipt | None:
        named: dict[str, Any] = (
            {"name_blind": self.name_blind(conversation_id, name)} if name else {}
        )
        row = self._first(receipt, order="-id", conversation_id=conversation_id, **named)
        return _receipt(row) if row else None

    def _receipt_row(self, row_id: int) -> Receipt:
        row = self._row(receipt, row_id)
        assert row is not None
        return _receipt(row)

    def receipt_by_code(self, code: str) -> Receipt | None:
        """Return the receipt with this code, or the one that it was joined to, or None."""
        row = self._first(receipt, code=code)
        if row is not None and row.joined_to_id is not None:
            row = self._row(receipt, row.joined_to_id)
        return _receipt(row) if row else None

    def receipts_at(self, conversation_id: int) -> list[Receipt]:
        """Return every receipt of this address, oldest first."""
        rows = self._rows(receipt, conversation_id=conversation_id, order="id")
        return [_receipt(row) for row in rows]

    def rename_receipt(self, row_id: int, conversation_id: int, name: str) -> None:
        """Let a receipt follow a corrected name."""
        self._change(receipt, row_id, name_blind=self.name_blind(conversation_id, name))

    def end_drafts(self, conversation_id: int) -> None:
        """Turn the drafts of this address into receipts of nothing."""
        self.connection.execute(
            update(receipt)
            .where(receipt.c.conversation_id == conversation_id)
            .values(draft_until_on=None)
        )

    def with_old_drafts(self) -> list[int]:
        """Return the conversations that hold drafts past their day, in one order."""
        query = select(receipt.c.conversation_id).where(receipt.c.draft_until_on < self.today)
        rows = self.connection.execute(query.distinct().order_by(receipt.c.conversation_id))
        return [row.conversation_id for row in rows]

    def end_old_drafts(self) -> None:
        """Turn drafts past their day into receipts of nothing."""
        past = receipt.c.draft_until_on < self.today
        change = update(receipt).where(past).values(draft_until_on=None, name_blind=None)
        self.connection.execute(change)


def _receipt(row: Any) -> Receipt:
    return Receipt(row.id, row.code, row.conversation_id, row.name_blind, row.draft_until_on)
