"""Signatures: a statement of will with its exact text, kept apart from the person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, bindparam, func, select, update

from storage.desk import Desk
from storage.ids import new_id
from storage.people import Person
from storage.ready import Ready
from storage.tables import case_file, person, receipt, signature, signed_text
from union.petitions import Signature as Fact


@dataclass(frozen=True)
class Signature:
    """One signature as it stands; `code` is hers, never the petition's."""

    id: int
    case_id: int
    person_id: int
    conversation_id: int
    receipt_id: int
    consent_id: int
    code: str
    state: str
    is_foreign: bool
    known: str
    channel: str
    signed_at: datetime
    confirmed_at: datetime
    withdrawn_at: datetime | None
    withdraw_asked_at: datetime | None


@dataclass(frozen=True)
class SignedText:
    """The text as it was agreed to, word for word."""

    version: str
    language: str
    fingerprint: str
    text: str
    signed_at: datetime


# A person's first on this case, one she had taken back, or one that stood already.
Kept = Literal["first", "again", "confirmed"]

_WITH_CODE = select(signature, receipt.c.code).join(
    receipt, receipt.c.id == signature.c.receipt_id
)
_BY = {
    column: Ready(
        _WITH_CODE.where(column == bindparam("value", type_=column.type)).order_by(signature.c.id),
        "value",
    )
    for column in (
        signature.c.conversation_id,
        signature.c.receipt_id,
        signature.c.case_id,
    )
}
_LIKE = (signature.c.state, signature.c.is_foreign, signature.c.known)
_alike = Ready(
    select(*_LIKE, func.count().label("times"))
    .where(signature.c.case_id == bindparam("case_id", type_=signature.c.case_id.type))
    .group_by(*_LIKE),
    "case_id",
)


class Signatures(Desk):
    """Keeps signatures and counts them. The count is always that of the rows."""

    def sign(  # noqa: PLR0913 -- a signature has these sides
        self,
        *,
        case_id: int,
        who: Person,
        conversation_id: int,
        receipt_id: int,
        consent_id: int,
        is_foreign: bool,
        known: str,
        channel: str,
        version: str,
        language: str,
        fingerprint: str,
        text: str,
    ) -> Kept:
        """Keep a signature, or confirm the same person's anew; return which of these it was.

        The text is kept each time: the old one stays in the history. What an officer has set
        aside stays so.
        """
        known_row = None if who.is_new else self._of_person(case_id, who.id)
        row_id = new_id() if known_row is None else known_row.id
        values: dict[str, Any] = {
            "consent_id": consent_id,
            "is_foreign": is_foreign,
            "known": known,
            "confirmed_at": self.now,
        }
        if known_row is None:
            self._add(
                signature,
                id=row_id,
                case_id=case_id,
                person_id=who.id,
                conversation_id=conversation_id,
                receipt_id=receipt_id,
                state="valid",
                channel=channel,
                signed_at=self.now,
                **values,
            )
        else:
            state = "set_aside" if known_row.state == "set_aside" else "valid"
            self._change(
                signature,
                row_id,
                state=state,
                withdrawn_at=None,
                withdraw_asked_at=None,
                **values,
            )
        self._keep_text(row_id, version, language, fingerprint, text)
        if known_row is None:
            return "first"
        return "again" if known_row.state == "withdrawn" else "confirmed"

    def _keep_text(
        self, signature_id: int, version: str, language: str, fingerprint: str, text: str
    ) -> None:
        text_id = new_id()
        self._add(
            signed_text,
            id=text_id,
            signature_id=signature_id,
            version=version,
            language=language,
            fingerprint=fingerprint,
            text_sealed=self._seal(signed_text, text_id, "text_sealed", text),
            signed_at=self.now,
        )

    def newest_text(self, signature_id: int) -> SignedText | None:
        """Return the text that was agreed to last, or None where it was erased."""
        row = self.connection.execute(
            select(signed_text)
            .where(signed_text.c.signature_id == signature_id)
            .order_by(signed_text.c.id.desc())
            .limit(1)
        ).first()
        if row is None:
            return None
        opened = self._open(signed_text, row.id, "text_sealed", row.text_sealed)
        return SignedText(row.version, row.language, row.fingerprint, opened, row.signed_at)

    def withdraw(self, row_id: int) -> None:
        """Take a signature back; signing again makes it valid again."""
        self._change(signature, row_id, state="withdrawn", withdrawn_at=self.now)

    def ask_withdrawal(self, row_id: int) -> None:
        """Note that the signer asked an officer to take her name out of a dossier already sent."""
        self._change(signature, row_id, withdraw_asked_at=self.now)

    def keep_after_all(self, row_id: int) -> None:
        """Note that the signer leaves her name in a dossier already sent."""
        self._change(signature, row_id, withdraw_asked_at=None)

    def set_aside(self, row_id: int) -> None:
        """Let a signature not count until an officer has looked."""
        self._change(signature, row_id, state="set_aside")

    def restore(self, row_id: int) -> None:
        """Let a signature that was set aside count again."""
        self._change(signature, row_id, state="valid")

    # --- finding -----------------------------------------------------------------------------

    def _of_person(self, case_id: int, person_id: int) -> Any | None:
        return self._first(signature, case_id=case_id, person_id=person_id)

    def at(self, conversation_id: int) -> list[Signature]:
        """Return every signature given from this address, oldest first."""
        return self._where(signature.c.conversation_id, conversation_id)

    def by_receipt(self, receipt_id: int) -> list[Signature]:
        """Return the signatures behind a receipt, oldest first."""
        return self._where(signature.c.receipt_id, receipt_id)

    def of_case(self, case_id: int) -> list[Signature]:
        """Return the signatures of a case, oldest first."""
        return self._where(signature.c.case_id, case_id)

    def by_code(self, code: str) -> list[Signature]:
        """Return the signatures whose receipt carries this code, or leads to that which does."""
        row = self._first(receipt, code=code)
        return self.by_receipt(row.joined_to_id or row.id) if row else []

    def facts(self, case_id: int) -> list[Fact]:
        """Return what the rules need to count, alike ones together: no name, no phone."""
        rows = _alike.all(self.line, (case_id,))
        return [
            Fact(
                valid=row.state != "withdrawn",
                foreign=row.is_foreign,
                set_aside=row.state == "set_aside",
                known=row.known,
                times=row.times,
            )
            for row in rows
        ]

    def doubles(self, case_id: int) -> tuple[int, int]:
        """Return how many valid signatures share an address, and how many share a phone number."""
        valid = (signature.c.case_id == case_id, signature.c.state == "valid")
        by_address = self._shared(select(signature.c.conversation_id).where(*valid))
        by_phone = self._shared(
            select(person.c.phone_blind)
            .join(signature, signature.c.person_id == person.c.id)
            .where(*valid, person.c.phone_blind.is_not(None))
        )
        return by_address, by_phone

    def _shared(self, query: Any) -> int:
        inner = query.subquery()
        column = inner.c[0]
        groups = (
            select(func.count().label("n"))
            .select_from(inner)
            .group_by(column)
            .having(func.count() > 1)
        )
        return sum(row.n for row in self.connection.execute(groups))

    def _where(self, column: Column[Any], value: int) -> list[Signature]:
        rows = _BY[column].all(self.line, (value,))
        return [
            Signature(
                id=row.id,
                case_id=row.case_id,
                person_id=row.person_id,
                conversation_id=row.conversation_id,
                receipt_id=row.receipt_id,
                consent_id=row.consent_id,
                code=row.code,
                state=row.state,
                is_foreign=row.is_foreign,
                known=row.known,
                channel=row.channel,
                signed_at=row.signed_at,
                confirmed_at=row.confirmed_at,
                withdrawn_at=row.withdrawn_at,
                withdraw_asked_at=row.withdraw_asked_at,
            )
            for row in rows
        ]

    def erase_texts(self, conversation_id: int) -> None:
        """Wipe every text signed from this address; its fingerprint stays."""
        mine = select(signature.c.id).where(signature.c.conversation_id == conversation_id)
        self.connection.execute(
            update(signed_text).where(signed_text.c.signature_id.in_(mine)).values(text_sealed=b"")
        )

    def live_addresses(self, case_id: int) -> list[int]:
        """Return the addresses with a valid signature on a case, oldest first, each once."""
        rows = self.connection.execute(
            select(signature.c.conversation_id)
            .where(signature.c.case_id == case_id, signature.c.state == "valid")
            .order_by(signature.c.id)
        )
        return list(dict.fromkeys(row.conversation_id for row in rows))

    def cases_of(self, conversation_id: int) -> list[int]:
        """Return the cases signed from this address, newest first."""
        rows = self.connection.execute(
            select(signature.c.case_id)
            .join(case_file, case_file.c.id == signature.c.case_id)
            .where(signature.c.conversation_id == conversation_id)
            .order_by(signature.c.confirmed_at.desc())
        )
        return list(dict.fromkeys(row.case_id for row in rows))
