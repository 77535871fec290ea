"""What the database says at the end of a talk, in lines that are the same on every channel.

Ids, codes, addresses and moments are left out; who is meant is called as in the talk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, select

from conformance.installation import Installation
from storage import tables as t
from storage.desk import VIETNAM
from storage.store import Store

Row = Mapping[str, Any]


def facts_of(ground: Installation, people: Mapping[str, int | None]) -> str:
    """Return the facts, a line each."""
    return ground.read(lambda store: "".join(f"{line}\n" for line in Facts(store, people).lines()))


class Facts:
    """Everything that the database says about these people and about all cases."""

    def __init__(self, store: Store, people: Mapping[str, int | None]) -> None:
        self.store = store
        self.people = people
        joined = {row["id"]: row["joined_to_id"] for row in self._rows(t.conversation)}
        self.owners = {
            name: joined[number] or number for name, number in people.items() if number is not None
        }
        self.names = {owner: name for name, owner in reversed(self.owners.items())}
        self.bodies = {row["id"]: row["code"] for row in self._rows(t.body)}
        self.places = {row["id"]: row for row in self._rows(t.enterprise)}
        self.officers = {row["id"]: row for row in self._rows(t.officer)}
        self.cases = {row["id"]: row for row in self._rows(t.case_file)}

    def lines(self) -> Iterator[str]:
        """Give the lines: each person with what she left, then cases, then what was noted."""
        for name, number in self.people.items():
            if number is None:
                yield f"{name}: unknown"
            else:
                yield from self._person(name, number)
        for row in self.cases.values():
            yield self._case(row)
        for row in self._rows(t.enterprise):
            if row["state"] != "checked" or row["merged_into_id"]:
                yield _line("place", row["name"], state=row["state"], at=row["commune_code"])
        acts = [row["act"] for row in self._rows(t.ledger)]
        yield f"ledger: {', '.join(_counted(acts)) or 'nothing'}"

    def _person(self, name: str, number: int) -> Iterator[str]:
        talk = next(row for row in self._rows(t.conversation) if row["id"] == number)
        owner = self.owners[name]
        hers = next(row for row in self._rows(t.conversation) if row["id"] == owner)
        yield f"{name}: " + _line(
            "talk",
            with_=self.names[owner] if self.names[owner] != name else None,
            language=talk["language"],
            place=self._place(talk["enterprise_id"]),
            locked=talk["is_locked"],
            wants_news=hers["wants_news"],
            stopped_news=hers["stopped_news_at"] is not None,
            stopped_all=hers["stopped_all_at"] is not None,
            gone=talk["gone_at"] is not None,
        )
        if self.names[owner] != name:
            # What is hers stands where she is named first.
            return
        for table, told in (
            (t.person, self._named),
            (t.consent, self._consent),
            (t.receipt, self._receipt),
            (t.signature, self._signature),
            (t.committee_member, self._member),
            (t.news, self._news),
            (t.officer, self._officer),
        ):
            for row in self._rows(table):
                if row["conversation_id"] == owner:
                    yield f"{name}: {told(row)}"

    def _named(self, row: Row) -> str:
        return _line(
            "person",
            name=self._open(t.person, row, "name_sealed"),
            phone=self._open(t.person, row, "phone_sealed"),
            known=row["known"],
            erased=row["erased_at"] is not None,
        )

    def _consent(self, row: Row) -> str:
        marks = "".join(
            letter
            for letter, name in zip("ABC", ("handling", "contact", "statistics"), strict=True)
            if row[name]
        )
        return _line(
            "consent",
            marks,
            version=row["version"],
            language=row["language"],
            text=row["fingerprint"][:8],
            ended=row["ended_at"] is not None,
        )

    def _receipt(self, row: Row) -> str:
        return _line("receipt", named=row["name_blind"] is not None, draft=row["draft_until_on"])

    def _signature(self, row: Row) -> str:
        texts = [one for one in self._rows(t.signed_text) if one["signature_id"] == row["id"]]
        return _line(
            "signature",
            self._named_case(row["case_id"]),
            state=row["state"],
            known=row["known"],
            foreign=row["is_foreign"],
            withdraw_asked=row["withdraw_asked_at"] is not None,
            texts=",".join(f"{one['version']}-{one['fingerprint'][:8]}" for one in texts),
        )

    def _member(self, row: Row) -> str:
        return _line("committee", row["state"], of=self._named_case(row["case_id"]))

    def _news(self, row: Row) -> str:
        return _line("news", row["key"], opened=row["opened_at"] is not None)

    def _officer(self, row: Row) -> str:
        roles = [
            f"{one['role']}@{self.bodies[one['body_id']]}={one['state']}"
            for one in self._rows(t.officer_role)
            if one["officer_id"] == row["id"]
        ]
        name = self._open(t.officer, row, "name_sealed")
        return _line("officer", *sorted(roles), name=name, digest=row["digest_hour"])

    def _case(self, row: Row) -> str:
        band = next((one for one in self._rows(t.band) if one["case_id"] == row["id"]), None)
        return _line(
            "case",
            self._named_case(row["id"]),
            state=row["state"],
            live=row["is_live"],
            body=self.bodies[row["body_id"]],
            cdcs=row["wants_cdcs"],
            officer=self._officer_name(row["officer_id"]),
            counted=row["counted"],
            band=None if band is None else band["low"],
            due=row["due_on"],
            answered=row["answered_at"] is not None,
            sent=row["sent_at"] is not None,
            congress=row["congress_at"],
            congress_at=self._open(t.case_file, row, "congress_place_sealed"),
            decision=row["decision_no"],
            decided=row["decision_on"],
            reason=self._open(t.case_file, row, "reason_sealed"),
            escalated=row["escalated_at"] is not None,
            urgent=row["is_urgent"],
            about=row["about"],
            text=self._open(t.case_file, row, "text_sealed"),
            call=self._open(t.case_file, row, "call_sealed"),
        )

    # --- names ---------------------------------------------------------------------------------

    def _named_case(self, row_id: int) -> str:
        row = self.cases[row_id]
        whose = self.names.get(row["conversation_id"], "")
        return "-".join(filter(None, (row["kind"], self._place(row["enterprise_id"]), whose)))

    def _place(self, row_id: int | None) -> str | None:
        if row_id is None:
            return None
        # What somebody registered has a code that was made of a number.
        row = self.places[row_id]
        return str(row["name"] if row["code"].startswith("M-") else row["code"])

    def _officer_name(self, row_id: int | None) -> str | None:
        return None if row_id is None else self.names.get(self.officers[row_id]["conversation_id"])

    def _rows(self, table: Table) -> list[Row]:
        order = list(table.primary_key.columns)
        return list(self.store.connection.execute(select(table).order_by(*order)).mappings())

    def _open(self, table: Table, row: Row, column: str) -> str:
        sealed = row[column]
        return self.store.keys.open(table.name, row["id"], column, sealed) if sealed else ""


def _line(*words: str, **told: Any) -> str:
    """Return words and what is told of them; what is not, is false or is empty is left out."""
    parts = [
        f"{name.rstrip('_')}={_plain(one)}"
        for name, one in told.items()
        if one not in (None, "", False)
    ]
    return " ".join([*words, *parts])


def _plain(value: object) -> str:
    if value is True:
        return "yes"
    if isinstance(value, datetime):
        return f"{value.astimezone(VIETNAM):%Y-%m-%dT%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value).replace("\n", " / ")


def _counted(words: list[str]) -> list[str]:
    """Return words in the order of their first, with how often each stands there."""
    return [
        f"{one} {words.count(one)}" if words.count(one) > 1 else one
        for one in dict.fromkeys(words)
    ]
