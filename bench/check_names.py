"""Names of a run: each stands as its person left it, with its text, consent, receipt and count."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.court import Court
from bench.evidence import Deed, Row, fingerprint

# A place of work by its code, and a name.
Key = tuple[str, str]


@dataclass
class Standing:
    """How one name at one place must stand, by what its person did."""

    state: str = "valid"
    texts: int = 0
    withdrawn: int = 0
    consent: str = ""
    phone: str = ""


def stand(deeds: Sequence[Deed]) -> Mapping[Key, Standing]:
    """Return how somebody's names stand after all that she did."""
    names: dict[Key, Standing] = {}
    for deed in deeds:
        if deed.kind == "put-name":
            mine = names.setdefault((deed.facts["place"], deed.facts["name"]), Standing())
            mine.state = "valid"
            mine.texts += 1
            mine.consent, mine.phone = deed.facts["consent"], deed.facts["phone"]
        elif deed.kind == "withdraw-now":
            for one in names.values():
                one.withdrawn += one.state == "valid"
                one.state = "withdrawn"
    return names


def judge(court: Court) -> None:
    """Look at every name, every receipt and every case."""
    names = _Names(court)
    names.people()
    names.cases()


class _Names:
    """The names of a run beside what must stand there."""

    def __init__(self, court: Court) -> None:
        self.court = court
        self.kept = court.kept
        self.wanted = {chat: stand(deeds) for chat, deeds in court.lives.items()}
        self.places = self.kept.by_id("enterprise")
        self.case = self.kept.by_id("case_file")
        self.person = self.kept.by_id("person")
        self.receipt = self.kept.by_id("receipt")
        self.texts = self.kept.grouped("signed_text", "signature_id")
        self.consents = self.kept.grouped("consent", "person_id")
        self.receipts = self.kept.grouped("receipt", "conversation_id")

    @cached_property
    def key_of(self) -> Mapping[int, Key]:
        """The place and the name of every signature, by its id."""
        return {row["id"]: self._key(row) for row in self.kept["signature"]}

    def _key(self, row: Row) -> Key:
        person = self.person.get(row["person_id"])
        name = self.court.opened("person", person, "name_sealed") if person else None
        return self._place(self.case.get(row["case_id"])), name or "?"

    def _place(self, case: Row | None) -> str:
        known = self.places.get(case["enterprise_id"]) if case else None
        return str(known["code"]) if known else "?"

    # --- people ------------------------------------------------------------------------------

    def people(self) -> None:
        """Compare each person's names and receipts with what she did."""
        signatures = self.kept.grouped("signature", "conversation_id")
        for chat, names in self.wanted.items():
            for known in self.court.chats.get(chat, ()):
                self._names(chat, names, signatures.get(known["id"], ()))
                self._receipts(chat, known["id"])

    def _names(self, chat: int, names: Mapping[Key, Standing], rows: Sequence[Row]) -> None:
        found: dict[Key, list[Row]] = defaultdict(list)
        for row in rows:
            found[self.key_of[row["id"]]].append(row)
        for key, wanted in names.items():
            mine = found.pop(key, [])
            self.court.compares(f"signatures of {chat} {key}", len(mine), 1)
            for row in mine:
                self._signature(f"{chat} {key}", row, wanted)
        for key in found:
            self.court.finds("doubled", f"{chat} never put down {key}")

    def _signature(self, who: str, row: Row, wanted: Standing) -> None:
        if row["state"] != wanted.state:
            self.court.finds("lost", f"name of {who}: {row['state']}, not {wanted.state}")
        texts = self.texts.get(row["id"], [])
        self.court.compares(f"texts of {who}", len(texts), wanted.texts)
        for one in texts:
            self._text("signed_text", one, self.key_of[row["id"]][1])
        self._consent(who, row, wanted)
        self._phone(who, row, wanted)
        self._receipt(who, row)

    def _text(self, table: str, row: Row, holds: str = "") -> None:
        text = self.court.opened(table, row, "text_sealed") or ""
        if fingerprint(text) != row["fingerprint"] or holds not in text:
            self.court.finds("wrong", f"{table} {row['id']} is not the text that was agreed to")

    def _consent(self, who: str, row: Row, wanted: Standing) -> None:
        given = self.consents.get(row["person_id"], [])
        self.court.compares(f"consents of {who}", len(given), wanted.texts)
        live = [one for one in given if one["ended_at"] is None]
        if [one["id"] for one in live] != [row["consent_id"]]:
            self.court.finds("lost", f"the consent of {who} is not the one that holds")
        for one in live:
            self._text("consent", one)
            said = tuple(bool(one[name]) for name in ("handling", "contact", "statistics"))
            letters = wanted.consent.removeprefix("consent-")
            if said != tuple(letter in letters for letter in "abc"):
                self.court.finds("lost", f"the consent of {who} is {said}, not {wanted.consent}")

    def _phone(self, who: str, row: Row, wanted: Standing) -> None:
        person = self.person[row["person_id"]]
        phone = self.court.opened("person", person, "phone_sealed") or ""
        if phone != (f"+84{wanted.phone[1:]}" if wanted.phone else ""):
            self.court.finds("lost", f"the phone of {who} is not the one given last")

    def _receipt(self, who: str, row: Row) -> None:
        receipt = self.receipt.get(row["receipt_id"])
        if receipt is None or receipt["conversation_id"] != row["conversation_id"]:
            self.court.finds("lost", f"the receipt of {who} is not there")
        elif receipt["name_blind"] != self.person[row["person_id"]]["name_blind"]:
            self.court.finds("wrong", f"the receipt of {who} carries another name")

    def _receipts(self, chat: int, conversation_id: int) -> None:
        deeds = [one for one in self.court.lives[chat] if one.kind in ("put-name", "put-off")]
        names = {one.facts["name"] for one in deeds}
        found = self.receipts.get(conversation_id, [])
        self.court.compares(f"receipts of {chat}", len(found), len(names))
        if deeds and all(one.kind == "put-off" for one in deeds):
            drafts = sum(row["draft_until_on"] is not None for row in found)
            self.court.compares(f"drafts of {chat}", drafts, 1)

    # --- cases and the ledger ----------------------------------------------------------------

    def cases(self) -> None:
        """See that a place has one petition, counters equal rows, the ledger tells acts once."""
        acts: dict[int, Counter[str]] = defaultdict(Counter)
        for row in self.kept["ledger"]:
            acts[row["case_id"]][row["act"]] += 1
        signatures = self.kept.grouped("signature", "case_id")
        petitions: Counter[str] = Counter()
        for case in self.kept["case_file"]:
            mine = signatures.get(case["id"], [])
            if case["kind"] == "petition":
                petitions[self._place(case)] += bool(case["is_live"])
                self._count(case, mine)
            self._ledger(case, mine, acts[case["id"]])
        for place, number in petitions.items():
            self.court.compares(f"live petitions of {place}", number, 1)

    def _count(self, case: Row, mine: Sequence[Row]) -> None:
        counted = sum(one["state"] == "valid" and not one["is_foreign"] for one in mine)
        if case["counted"] != counted:
            name, says = case["code"], case["counted"]
            self.court.finds("wrong", f"petition {name} counts {says}, its rows are {counted}")

    def _ledger(self, case: Row, mine: Sequence[Row], acts: Counter[str]) -> None:
        wanted = [one for row in mine if (one := self._wanted(row)) is not None]
        name = f"ledger of {case['kind']} {case['code']}"
        put_down, taken_back = acts["signed"] + acts["confirmed"], acts["withdrawn"]
        self.court.compares(f"{name}: opened", acts["opened"], 1)
        self.court.compares(f"{name}: put down", put_down, sum(one.texts for one in wanted))
        self.court.compares(
            f"{name}: taken back", taken_back, sum(one.withdrawn for one in wanted)
        )
        if case["kind"] == "petition" and acts["ready"] - acts["fell"] not in (0, 1):
            self.court.finds("doubled", f"{name}: ready {acts['ready']}, fell {acts['fell']}")
        if acts["taken"] > 1 + acts["fell"]:
            self.court.finds("doubled", f"{name}: taken {acts['taken']} times")
        if acts["taken"] and not acts["fell"] and case["officer_id"] is None:
            self.court.finds("lost", f"{name}: taken, and nobody has it")

    def _wanted(self, row: Row) -> Standing | None:
        chat = self.court.chat_of.get(row["conversation_id"], 0)
        return self.wanted.get(chat, {}).get(self.key_of[row["id"]])
