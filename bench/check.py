"""Judge a run of kills: was anything lost that was acknowledged, was anything done twice?

    python -m bench.check HISTORY --database URL --key-file FILE [--json]

Reads the history that the load generator wrote and the database that the killed servers left, and
imports nothing of them. Every acknowledged turn must have been heard once and have had its effect
once; every letter laid out must have ended; counters must equal rows. Letters of which nobody
could know whether they had arrived may have been sent again where they say so: these are counted
apart as resent, and there may be no more than were in flight when a server died.
"""

import argparse
import json
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidTag

from bench.evidence import (
    Deed,
    Kept,
    Row,
    Story,
    fingerprint,
    mark_of,
    read_history,
    read_keys,
)

Kind = Literal["lost", "doubled", "wrong"]
_TOLD = 20
_OPEN = ("waiting", "claimed")


@dataclass
class Signed:
    """One name at one place, as what she did says it must stand."""

    state: str = "valid"
    texts: int = 0
    withdrawn: int = 0
    consent: str = ""
    phone: str = ""


@dataclass
class Judge:
    """Compares a story with what was kept, and notes what does not fit."""

    story: Story
    kept: Kept
    findings: list[tuple[Kind, str]] = field(default_factory=list)
    resent: int = 0

    def finds(self, kind: Kind, what: str) -> None:
        """Note something that does not fit."""
        self.findings.append((kind, what))

    def compares(self, what: str, found: int, wanted: int) -> None:
        """Note too few as lost and too many as doubled."""
        if found != wanted:
            kind: Kind = "lost" if found < wanted else "doubled"
            self.finds(kind, f"{what}: {found} instead of {wanted}")

    def judge(self) -> None:
        """Look at everything."""
        for fault in self.kept.faults:
            self.finds("wrong", fault)
        self._whole()
        self._heard()
        self._conversations()
        self._letters()
        self._deliveries()
        self._codes()
        self._people()
        self._cases()
        self._officers()

    # --- the run itself ----------------------------------------------------------------------

    def _whole(self) -> None:
        """The history has an end, and who was asked to stop did so in good order."""
        if not self.story.begun or not self.story.ended:
            self.finds("wrong", "the history has no beginning or no end")
        for stop in self.story.stops:
            ended = stop.get("drained", stop.get("ended"))
            # A server that was asked to stop ends, after everything else, by that very signal.
            if ended != 0 and not (ended == -signal.SIGTERM and "stopped" in stop):
                self.finds("wrong", f"a server or the last drain ended with {ended}")

    # --- events ------------------------------------------------------------------------------

    @cached_property
    def inbox(self) -> Mapping[str, Row]:
        """What was heard on the channel, by the event's name."""
        mine = [row for row in self.kept["inbox"] if row["channel"] == self.story.channel]
        return {row["event_id"]: row for row in mine}

    def _heard(self) -> None:
        """What was acknowledged was heard, once; what was heard had been tried."""
        times = Counter(row["event_id"] for row in self.kept["inbox"])
        for event in self.story.acked:
            self.compares(f"{self._name(event)} in the inbox", times[event], 1)
        for event, row in self.inbox.items():
            if row["state"] != "heard":
                self.finds("wrong", f"{self._name(event)} broke its turn: {row['error']}")
        unknown = self.inbox.keys() - self.story.deeds.keys()
        opened = {one for one in unknown if one.startswith("form:")}
        for event in unknown - opened:
            self.finds("wrong", f"heard, but never tried: {event}")
        if not self.story.opened <= len(opened) <= self.story.tried[""]:
            kind: Kind = "lost" if len(opened) < self.story.opened else "doubled"
            self.finds(kind, f"{len(opened)} pages opened, {self.story.opened} acknowledged")

    def _name(self, event: str) -> str:
        deed = self.story.deeds.get(event)
        return f"{deed.kind if deed else '?'} {event}"

    def _done(self, deeds: Sequence[Deed]) -> list[Deed]:
        """Return what was really heard of all that she did."""
        return [one for one in deeds if one.event in self.inbox]

    @cached_property
    def lives(self) -> Mapping[int, list[Deed]]:
        """What was heard of each person, in her order."""
        found = {chat: self._done(deeds) for chat, deeds in self.story.by_chat().items()}
        return {chat: deeds for chat, deeds in found.items() if deeds}

    def _conversations(self) -> None:
        """Each person has one conversation, and it knows of the last thing she did."""
        for chat, deeds in self.lives.items():
            known = self.kept.chats.get(chat, [])
            self.compares(f"conversations of {chat}", len(known), 1)
            last = max(self.inbox[one.event]["heard_at"] for one in deeds)
            if known and known[0]["heard_at"] < last:
                self.finds("lost", f"the conversation of {chat} has forgotten its last turn")

    # --- letters -----------------------------------------------------------------------------

    def _letters(self) -> None:
        """Each turn laid its letters out, all of them, and each letter has ended."""
        laid: dict[str, dict[int, Row]] = defaultdict(dict)
        for row in self.kept["letter"]:
            base, _, number = row["key"].rpartition(":")
            laid[base][int(number)] = row
            self._ended(row)
        for chat, deeds in self.lives.items():
            here = {row["id"] for row in self.kept.chats.get(chat, [])}
            for deed in deeds:
                mine = laid.pop(f"{self.story.channel}:{deed.event}", {})
                self._whole_row(deed, mine, here)
        for base in laid:
            event = base.removeprefix(f"{self.story.channel}:")
            if event not in self.inbox and not base.startswith("round:"):
                self.finds("wrong", f"letters of an event that was never heard: {base}")

    def _whole_row(self, deed: Deed, mine: Mapping[int, Row], here: set[int]) -> None:
        if sorted(mine) != list(range(len(mine))):
            self.finds("lost", f"{self._name(deed.event)} has letters {sorted(mine)} only")
        if not any(row["conversation_id"] in here for row in mine.values()):
            self.finds("lost", f"{self._name(deed.event)} was never answered")

    def _ended(self, row: Row) -> None:
        state = row["state"]
        if state in _OPEN:
            self.finds("lost", f"letter {row['key']} still waits after the last drain")
        elif state in ("dead", "gone"):
            self.finds("wrong", f"letter {row['key']} ended {state} ({row['error']})")
        elif state == "held" and row["if_unsure"] != "hold":
            self.finds("wrong", f"letter {row['key']} was held and should go again")

    @cached_property
    def arrivals(self) -> Mapping[tuple[int, int], str]:
        """The marks of the texts that arrived, by chat and message."""
        return {
            (one["chat"], one["message_id"]): one["hash"]
            for one in self.story.arrived
            if one["outcome"] == "accepted"
        }

    def _deliveries(self) -> None:
        """What is noted as sent has arrived; what arrived belongs to a letter, once or resent."""
        chat_of = {row["id"]: chat for chat, rows in self.kept.chats.items() for row in rows}
        told: Counter[tuple[int, str]] = Counter()
        strict: set[tuple[int, str]] = set()
        loose: set[tuple[int, str]] = set()
        for row in self.kept["letter"]:
            chat = chat_of.get(row["conversation_id"], 0)
            mark = self._mark(row, chat)
            if mark:
                told[chat, mark] += 1
                (strict if row["if_unsure"] == "hold" else loose).add((chat, mark))
        came = Counter((chat, mark) for (chat, _), mark in self.arrivals.items())
        for place, times in came.items():
            more = times - told[place]
            if place in strict - loose and more > 0:
                self.finds("doubled", f"a letter that must not go twice came twice to {place[0]}")
            elif place not in told:
                self.finds("wrong", f"{place[0]} was told something that no letter says")
            else:
                self.resent += max(more, 0)
        if self.resent > self.most_resent:
            self.finds("doubled", f"{self.resent} resent, of {self.most_resent} in flight")

    def _mark(self, row: Row, chat: int) -> str | None:
        """Return the mark of a letter's text, by its arrival or by its words that are kept."""
        if row["state"] == "sent":
            mark = self.arrivals.get((chat, int(row["sent_ref"] or 0)))
            if mark is None:
                self.finds("lost", f"letter {row['key']} is noted as sent and never arrived")
            return mark
        text = self._opened("letter", row, "reply_sealed")
        if not text:
            return None
        reply = json.loads(text)
        link = reply["link"]
        more = f"\n{link}" if link and link not in reply["text"] else ""
        return mark_of((reply["text"] + more).strip())

    @property
    def most_resent(self) -> int:
        """How many letters were in flight when their server died."""
        return sum(one["in_flight"] for one in self.story.kills)

    def _opened(self, table: str, row: Row, column: str) -> str | None:
        try:
            return self.kept.opened(table, row, column)
        except (InvalidTag, UnicodeDecodeError):
            self.finds("wrong", f"{table} {row['id']}: {column} does not open")
            return None

    # --- names and texts ---------------------------------------------------------------------

    def _codes(self) -> None:
        """The code that she was told is hers."""
        receipts = {row["code"]: row for row in self.kept["receipt"]}
        for event, code in self.story.codes:
            chat = self.story.deeds[event].chat
            mine = {row["id"] for row in self.kept.chats.get(chat, [])}
            if code not in receipts or receipts[code]["conversation_id"] not in mine:
                self.finds("lost", f"{self._name(event)} was told a code that is not kept")

    @cached_property
    def wanted(self) -> Mapping[int, Mapping[tuple[str, str], Signed]]:
        """How the names of each person must stand, by place and name."""
        return {chat: _stand(deeds) for chat, deeds in self.lives.items()}

    def _people(self) -> None:
        """Every name that was put down stands as its person left it, with all that belongs to it."""
        signatures = self.kept.grouped("signature", "conversation_id")
        for chat, names in self.wanted.items():
            for known in self.kept.chats.get(chat, []):
                self._names(chat, names, signatures.get(known["id"], []))
                self._receipts(chat, known["id"])

    def _names(
        self, chat: int, names: Mapping[tuple[str, str], Signed], rows: Sequence[Row]
    ) -> None:
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows:
            found[self._place_of(row), self._name_of(row)].append(row)
        for key, wanted in names.items():
            self.compares(f"signatures of {chat} {key}", len(found[key]), 1)
            for row in found.pop(key):
                self._signature(chat, row, wanted)
        for key, more in found.items():
            if more:
                self.finds("doubled", f"{chat} never put down {key}")

    @cached_property
    def _by_id(self) -> Mapping[str, Mapping[int, Row]]:
        return {
            table: self.kept.by_id(table)
            for table in ("person", "case_file", "enterprise", "receipt", "consent")
        }

    def _place_of(self, row: Row) -> str:
        case = self._by_id["case_file"].get(row["case_id"], {})
        place = self._by_id["enterprise"].get(case.get("enterprise_id") or 0, {})
        return str(place.get("code", "?"))

    def _name_of(self, row: Row) -> str:
        person = self._by_id["person"].get(row["person_id"])
        return (self._opened("person", person, "name_sealed") or "?") if person else "?"

    @cached_property
    def _texts(self) -> Mapping[int, list[Row]]:
        return self.kept.grouped("signed_text", "signature_id")

    @cached_property
    def _consents(self) -> Mapping[int, list[Row]]:
        return self.kept.grouped("consent", "person_id")

    def _signature(self, chat: int, row: Row, wanted: Signed) -> None:
        who = f"{chat} at {self._place_of(row)}"
        if row["state"] != wanted.state:
            self.finds("lost", f"the name of {who} is {row['state']}, not {wanted.state}")
        texts = self._texts.get(row["id"], [])
        self.compares(f"texts of {who}", len(texts), wanted.texts)
        for one in texts:
            self._text(one, "signed_text", self._name_of(row))
        self._consent(who, row, wanted)
        self._belongings(who, row, wanted)

    def _text(self, row: Row, table: str, holds: str) -> None:
        text = self._opened(table, row, "text_sealed") or ""
        if fingerprint(text) != row["fingerprint"] or holds not in text:
            self.finds("wrong", f"{table} {row['id']} is not the text that was agreed to")

    def _consent(self, who: str, row: Row, wanted: Signed) -> None:
        given = self._consents.get(row["person_id"], [])
        self.compares(f"consents of {who}", len(given), wanted.texts)
        live = [one for one in given if one["ended_at"] is None]
        if [one["id"] for one in live] != [row["consent_id"]]:
            self.finds("lost", f"the consent of {who} is not the one that holds")
        for one in live:
            self._text(one, "consent", "")
            said = (bool(one["handling"]), bool(one["contact"]), bool(one["statistics"]))
            letters = wanted.consent.removeprefix("consent-")
            if said != tuple(letter in letters for letter in "abc"):
                self.finds("lost", f"the consent of {who} is {said}, not {wanted.consent}")

    def _belongings(self, who: str, row: Row, wanted: Signed) -> None:
        person = self._by_id["person"][row["person_id"]]
        receipt = self._by_id["receipt"].get(row["receipt_id"], {})
        if receipt.get("conversation_id") != row["conversation_id"]:
            self.finds("lost", f"the receipt of {who} is not there")
        elif receipt["name_blind"] != person["name_blind"]:
            self.finds("wrong", f"the receipt of {who} carries another name")
        phone = self._opened("person", person, "phone_sealed") or ""
        if phone != (f"+84{wanted.phone[1:]}" if wanted.phone else ""):
            self.finds("lost", f"the phone of {who} is not the one she gave last")

    @cached_property
    def _receipts_at(self) -> Mapping[int, list[Row]]:
        return self.kept.grouped("receipt", "conversation_id")

    def _receipts(self, chat: int, conversation_id: int) -> None:
        deeds = [one for one in self.lives[chat] if one.kind in ("put-name", "put-off")]
        names = {one.facts["name"] for one in deeds}
        found = self._receipts_at.get(conversation_id, [])
        self.compares(f"receipts of {chat}", len(found), len(names))
        if deeds and all(one.kind == "put-off" for one in deeds):
            drafts = [row for row in found if row["draft_until_on"] is not None]
            self.compares(f"drafts of {chat}", len(drafts), 1)

    # --- cases and the ledger ----------------------------------------------------------------

    def _cases(self) -> None:
        """Each place has one petition, counters equal rows, and the ledger tells every act once."""
        acts: dict[int, Counter[str]] = defaultdict(Counter)
        for row in self.kept["ledger"]:
            acts[row["case_id"]][row["act"]] += 1
        signatures = self.kept.grouped("signature", "case_id")
        petitions: Counter[str] = Counter()
        for case in self.kept["case_file"]:
            mine = signatures.get(case["id"], [])
            if case["kind"] == "petition":
                petitions[self._place_of({"case_id": case["id"]})] += bool(case["is_live"])
                counted = [
                    one for one in mine if one["state"] == "valid" and not one["is_foreign"]
                ]
                self.compares(f"counted in {case['code']}", case["counted"], len(counted))
            self._ledger(case, mine, acts[case["id"]])
        for place, number in petitions.items():
            self.compares(f"live petitions of {place}", number, 1)
        self._arrivals_at_places()

    def _ledger(self, case: Row, mine: Sequence[Row], acts: Counter[str]) -> None:
        wanted = [one for row in mine if (one := self._wanted_of(row)) is not None]
        name = f"ledger of {case['kind']} {case['code']}"
        put_down = acts["signed"] + acts["confirmed"]
        self.compares(f"{name}: put down", put_down, sum(one.texts for one in wanted))
        self.compares(f"{name}: opened", acts["opened"], 1)
        taken_back = sum(one.withdrawn for one in wanted)
        self.compares(f"{name}: taken back", acts["withdrawn"], taken_back)
        if case["kind"] == "petition" and acts["ready"] - acts["fell"] not in (0, 1):
            self.finds("doubled", f"{name}: {acts['ready']} times ready, {acts['fell']} fell")
        if acts["taken"] > 1 + acts["fell"]:
            self.finds("doubled", f"{name}: taken {acts['taken']} times")
        if acts["taken"] and not acts["fell"] and case["officer_id"] is None:
            self.finds("lost", f"{name}: taken, and nobody has it")

    def _wanted_of(self, row: Row) -> Signed | None:
        chat = self._chat_of.get(row["conversation_id"], 0)
        return self.wanted.get(chat, {}).get((self._place_of(row), self._name_of(row)))

    @cached_property
    def _chat_of(self) -> Mapping[int, int]:
        return {row["id"]: chat for chat, rows in self.kept.chats.items() for row in rows}

    def _arrivals_at_places(self) -> None:
        """Whoever came by a poster is written down once at its place."""
        came = Counter(
            place
            for deeds in self.lives.values()
            for place in {one.facts["place"] for one in deeds if one.kind == "scan"}
        )
        codes = {row["id"]: row["code"] for row in self.kept["enterprise"]}
        written = Counter(
            codes[row["enterprise_id"]] for row in self.kept["ledger"] if row["act"] == "arrived"
        )
        for place in came.keys() | written.keys():
            self.compares(f"arrived at {place}", written[place], came[place])

    def _officers(self) -> None:
        """Who accepted an invitation has one desk and one role."""
        roles = self.kept.grouped("officer_role", "officer_id")
        desks = self.kept.grouped("officer", "conversation_id")
        for chat, deeds in self.lives.items():
            accepted = sum(one.kind == "accept-role" for one in deeds)
            for known in self.kept.chats.get(chat, []) if accepted else []:
                mine = desks.get(known["id"], [])
                self.compares(f"desks of {chat}", len(mine), 1)
                found = sum(len(roles.get(one["id"], [])) for one in mine)
                self.compares(f"roles of {chat}", found, accepted)

    # --- what it comes to --------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """Return the figures and the first findings."""
        kinds = Counter(kind for kind, _ in self.findings)
        repeats = self.story.tried.total() - len(self.story.tried)
        return {
            "lost": kinds["lost"],
            "doubled": kinds["doubled"],
            "wrong": kinds["wrong"],
            "acknowledged": len(self.story.acked),
            "tried": self.story.tried.total(),
            "tried_again": repeats,
            "kills": sum(len(one["killed"]) for one in self.story.kills),
            "in_flight_at_kills": self.most_resent,
            "resent": self.resent,
            "people": len(self.lives),
            "signatures": len(self.kept["signature"]),
            "letters": dict(Counter(row["state"] for row in self.kept["letter"])),
            "arrived": len(self.arrivals),
            "gave_up": dict(self.story.gave_up),
            "findings": [f"{kind}: {what}" for kind, what in self.findings[:_TOLD]],
        }


def _stand(deeds: Sequence[Deed]) -> Mapping[tuple[str, str], Signed]:
    """Return how somebody's names stand after all that she did."""
    names: dict[tuple[str, str], Signed] = {}
    for deed in deeds:
        if deed.kind == "put-name":
            mine = names.setdefault((deed.facts["place"], deed.facts["name"]), Signed())
            mine.state = "valid"
            mine.texts += 1
            mine.consent, mine.phone = deed.facts["consent"], deed.facts["phone"]
        elif deed.kind == "withdraw-now":
            for one in names.values():
                one.withdrawn += one.state == "valid"
                one.state = "withdrawn"
    return names


def judged(history: Path, url: str, key_file: Path) -> dict[str, Any]:
    """Judge one run. Raises ValueError and what the driver raises."""
    judge = Judge(read_history(history), Kept(url, read_keys(key_file)))
    judge.judge()
    return judge.told()


def main() -> int:
    """Judge; return 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("history", type=Path)
    parser.add_argument("--database", required=True, help="its address")
    parser.add_argument("--key-file", required=True, type=Path)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    asked = parser.parse_args()
    found = judged(asked.history, asked.database, asked.key_file)
    print(json.dumps(found, ensure_ascii=False, indent=None if asked.json else 1))
    return 1 if found["lost"] or found["doubled"] or found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
