"""The one-time page of names: bound to one officer and one case, every look written down."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot import casework
from bot.dialogue import on_form
from bot.dialogues.desk_card import wants_call
from bot.dialogues.desk_rights import code_of, names_may_open
from bot.dialogues.one_time import link_of, opens_link
from bot.turn import Turn
from storage import phones
from storage.cases import Case
from storage.links import Link
from storage.officers import Officer
from storage.people import Person
from storage.signatures import Signature
from union.answers import near_name
from union.folding import fold

REASONS = ("duplicates", "papers", "call", "other")
LONGEST_NOTE = 200
# Comparing each name with each: beyond this only equal ones are marked.
MOST_COMPARED = 60
_SHOWN = ("valid", "set_aside")
_KNOWN = {"verified": "known-channel", "claimed": "known-claimed", "none": "known-none"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Looking:
    """Who looks at which case, by which link."""

    link: Link
    officer: Officer
    case: Case


# --- who may look --------------------------------------------------------------------------------


def _looking(turn: Turn, link: Link | None) -> Looking | None:
    """Return who looks at what, examined anew; None where anything is amiss."""
    officer = turn.officer
    if link is None or officer is None or link.case_id is None:
        return None
    case = turn.store.cases.locked(link.case_id)
    is_hers = link.officer_id == officer.id and case.body_id in officer.bodies
    return Looking(link, officer, case) if is_hers and names_may_open(turn.store, case) else None


def _opened(turn: Turn) -> Looking | None:
    """Return who looks, for a page whose names were opened with a reason; None otherwise."""
    looking = _looking(turn, link_of(turn, "names"))
    if looking is None or not _has_said_why(turn, looking):
        turn.show("expired")
        return None
    return looking


def _has_said_why(turn: Turn, looking: Looking) -> bool:
    acts = turn.store.ledger.of_case(looking.case.id)
    return any(
        one.act == "names_opened" and one.facts.get("link") == looking.link.id for one in acts
    )


# --- first: why ----------------------------------------------------------------------------------


@opens_link("names")
def ask_reason(turn: Turn, link: Link) -> None:
    """Ask what the names are opened for; a link that was opened before opens nothing."""
    looking = _looking(turn, link)
    if looking is None or link.opened_at is not None:
        turn.show("expired")
        return
    _show_reason(turn, looking)


def _show_reason(turn: Turn, looking: Looking, error: str = "") -> None:
    turn.show(
        "names-reason",
        token=turn.fields.get("token", ""),
        code=code_of(turn.store, looking.case),
        officer=looking.officer.name,
        expires_at=looking.link.expires_at,
        reasons=list(REASONS),
        error=error,
    )


# --- then: the names -----------------------------------------------------------------------------


@on_form("open-names")
def open_names(turn: Turn) -> None:
    """Show the names; who looked, when, how many and why is written down."""
    looking = _looking(turn, link_of(turn, "names"))
    reason = turn.fields.get("reason", "")
    note = turn.fields.get("note", "")[:LONGEST_NOTE]
    if looking is None:
        turn.show("expired")
        return
    if reason not in REASONS or (reason == "other" and not note):
        _show_reason(turn, looking, error=turn.words("error-choose-reason"))
        return
    rows = _rows(turn, looking)
    facts: dict[str, Any] = {"reason": reason, "count": len(rows), "link": looking.link.id}
    if note:
        # Her own words may name somebody: the ledger holds them sealed.
        facts["note_sealed"] = turn.store.keys.seal("link", looking.link.id, "note", note).hex()
    _write(turn, looking, "names_opened", **facts)
    _show(turn, looking, rows)


@on_form("show-phone")
def show_phone(turn: Turn) -> None:
    """Show one number in full, and write down which signature it belongs to."""
    looking = _opened(turn)
    if looking is None:
        return
    wanted = turn.fields.get("id", "")
    rows = _rows(turn, looking, in_full=wanted)
    if not any(row["id"] == wanted for row in rows):
        _show(turn, looking, rows)
        return
    _write(turn, looking, "phone_shown", signature=int(wanted))
    _show(turn, looking, rows)


@on_form("set-aside")
def set_aside(turn: Turn) -> None:
    """Let one signature not count, or count again; fields: id, state (set_aside or valid)."""
    looking = _opened(turn)
    if looking is None:
        return
    found = [
        one
        for one in turn.store.signatures.of_case(looking.case.id)
        if str(one.id) == turn.fields.get("id") and one.state in _SHOWN
    ]
    if found:
        _turn_over(turn, looking, found[0])
    case = turn.store.cases.by_id(looking.case.id)
    if names_may_open(turn.store, case):
        again = Looking(looking.link, looking.officer, case)
        _show(turn, again, _rows(turn, again))
    else:
        turn.store.links.use_up(looking.link.id)
        turn.show("expired")


def _turn_over(turn: Turn, looking: Looking, signature: Signature) -> None:
    otherwise = "valid" if signature.state == "set_aside" else "set_aside"
    wanted = turn.fields.get("state", otherwise)
    if wanted == signature.state or wanted not in _SHOWN:
        return
    if wanted == "set_aside":
        turn.store.signatures.set_aside(signature.id)
    else:
        turn.store.signatures.restore(signature.id)
    act = "set_aside" if wanted == "set_aside" else "restored"
    _write(turn, looking, act, signature=signature.id)
    if looking.case.kind == "petition":
        casework.recount(turn.mail, looking.case)


def _write(turn: Turn, looking: Looking, act: str, **facts: Any) -> None:
    case, officer = looking.case, looking.officer
    turn.store.ledger.write(
        act, case_id=case.id, officer_id=officer.id, body_id=case.body_id, **facts
    )


# --- what the page shows -------------------------------------------------------------------------


def _show(turn: Turn, looking: Looking, rows: list[Row]) -> None:
    counted = sum(row["state"] == "valid" and not row["is_foreign"] for row in rows)
    turn.show(
        "names",
        token=turn.fields.get("token", ""),
        code=code_of(turn.store, looking.case),
        kind=looking.case.kind,
        rows=rows,
        count=counted,
        apart=len(rows) - counted,
        expires_at=looking.link.expires_at,
        officer=looking.officer.name,
    )


def _rows(turn: Turn, looking: Looking, in_full: str = "") -> list[Row]:
    """Return one row for each name that stands; *in_full*: whose number is shown whole."""
    if looking.case.kind == "request":
        return _call_row(turn, looking.case, in_full)
    signed = [one for one in turn.store.signatures.of_case(looking.case.id) if one.state in _SHOWN]
    people = {one.id: turn.store.people.by_id(one.person_id) for one in signed}
    same_names = _alike({row_id: one.name for row_id, one in people.items()})
    addresses = Counter(one.conversation_id for one in signed)
    numbers = Counter(one.phone_blind for one in people.values() if one.phone_blind)
    rows = []
    for n, one in enumerate(signed, 1):
        person = people[one.id]
        flags = _flags(
            turn,
            shared=addresses[one.conversation_id],
            same_phone=numbers[person.phone_blind] if person.phone_blind else 0,
            same_name=one.id in same_names,
            signature=one,
        )
        rows.append(_row(turn, n, one, person, flags, is_full=str(one.id) == in_full))
    return rows


def _row(turn: Turn, n: int, one: Signature, person: Person, flags: str, *, is_full: bool) -> Row:
    phone = person.phone
    return {
        "n": n,
        "id": str(one.id),
        "name": person.name,
        "phone": (phone if is_full else phones.masked(phone)) if phone else "",
        "is_full": is_full and bool(phone),
        "known": turn.words(_KNOWN[one.known]),
        "flags": flags,
        "state": one.state,
        "is_foreign": one.is_foreign,
        "signed_at": one.signed_at,
    }


def _call_row(turn: Turn, case: Case, in_full: str) -> list[Row]:
    """Return the number that somebody left with a question; no name is known."""
    if not wants_call(case):
        return []
    number, _, when = case.call.partition(", ")
    is_full = str(case.id) == in_full
    return [
        {
            "n": 1,
            "id": str(case.id),
            "name": "",
            "phone": number if is_full else phones.masked(number),
            "is_full": is_full,
            "known": turn.words("known-claimed"),
            "flags": when,
            "state": "valid",
            "is_foreign": False,
            "signed_at": case.opened_at,
        }
    ]


def _flags(
    turn: Turn, *, shared: int, same_phone: int, same_name: bool, signature: Signature
) -> str:
    found = []
    if shared > 1:
        found.append(turn.words("flag-shared-phone", n=shared))
    if same_phone > 1:
        found.append(turn.words("flag-same-phone", n=same_phone))
    if same_name:
        found.append(turn.words("names-like-another"))
    if signature.is_foreign:
        found.append(turn.words("names-foreign"))
    if signature.withdraw_asked_at is not None:
        found.append(turn.words("flag-withdraw-asked"))
    return "; ".join(found)


def _alike(names: dict[int, str]) -> set[int]:
    """Return the signatures whose name is like another's: a hint to look at, nothing more."""
    if len(names) > MOST_COMPARED:
        times = Counter(" ".join(sorted(fold(name).split())) for name in names.values())
        return {
            row_id
            for row_id, name in names.items()
            if times[" ".join(sorted(fold(name).split()))] > 1
        }
    listed = list(names.items())
    return set(_near_pairs(listed))


def _near_pairs(listed: list[tuple[int, str]]) -> Iterable[int]:
    for place, (one, name) in enumerate(listed):
        for other, another in listed[place + 1 :]:
            if near_name(name, another):
                yield one
                yield other
