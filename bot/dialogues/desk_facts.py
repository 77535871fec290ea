"""What a card says of a case: where it is, how it stands, what to look at twice."""

from datetime import date, datetime
from typing import Any

from bot import casework
from bot.dialogues.desk_rights import above_named, code_of, is_paused, taken_words
from bot.dialogues.request import how_to_reach
from bot.turn import Turn
from storage.cases import Case
from storage.desk import VIETNAM
from storage.enterprises import Enterprise
from storage.store import Store
from union import petitions
from union.cases import REQUEST_KINDS

# Questions are answered within office hours: a day of answer ends then.
END_OF_DAY = "17:00"

_ABOUT = {one: f"about-{one}" for one in REQUEST_KINDS} | {
    "erase": "desk-about-erase",
    "withdraw": "desk-about-withdraw",
}


# --- what it says --------------------------------------------------------------------------------


def place_facts(turn: Turn, case: Case) -> dict[str, Any]:
    """Return what a case is and where: its code, its kind, the place of work."""
    enterprise = _enterprise(turn.store, case)
    unknown = turn.words("workplace-unknown")
    return {
        "code": code_of(turn.store, case),
        "kind": kind_words(turn, case),
        "enterprise": enterprise.name if enterprise else unknown,
        "place": (enterprise.where or unknown) if enterprise else unknown,
    }


def kind_words(turn: Turn, case: Case) -> str:
    """Return the kind of a case in words; a request says what it is about."""
    if case.kind != "request":
        return turn.words(f"kind-{case.kind}")
    key = "kind-request-urgent" if case.is_urgent else "kind-request"
    about = _ABOUT.get(case.about)
    return f"{turn.words(key)}: {turn.words(about)}" if about else turn.words(key)


def day_of(moment: datetime | None, otherwise: date) -> date:
    """Return the day of a moment in Vietnam."""
    return moment.astimezone(VIETNAM).date() if moment else otherwise


def _enterprise(store: Store, case: Case) -> Enterprise | None:
    return None if case.enterprise_id is None else store.enterprises.by_id(case.enterprise_id)


def facts_of(turn: Turn, case: Case) -> dict[str, Any]:
    """Return everything that the sentence of a card may name."""
    store, today = turn.store, turn.today
    holder = (
        store.officers.by_id(case.officer_id).name if case.officer_id else turn.words("nobody")
    )
    received = case.ready_at or case.opened_at
    decided = case.decision_on or day_of(case.answered_at, today)
    facts: dict[str, Any] = place_facts(turn, case) | {
        "received": day_of(received, today),
        "received_time": received,
        "due": case.due_on or today,
        "due_time": END_OF_DAY,
        "taken_at": taken_words(turn, case),
        "decided_date": decided,
        "other": holder,
        "state": turn.words(f"state-{case.state}"),
        "upper": above_named(turn, case.body_id),
        "workers": _workers(turn, case),
        "flags": _flags(turn, case),
        "reason": case.reason,
    }
    if case.kind == "petition":
        facts |= _petition_facts(turn, case)
    if case.kind == "request":
        facts |= {"text": case.text, "reach": turn.words(how_to_reach(case))}
    return facts


def _petition_facts(turn: Turn, case: Case) -> dict[str, Any]:
    tally = petitions.tally(turn.store.signatures.facts(case.id))
    apart = (
        turn.words("desk-apart", n=tally.foreign)
        if tally.foreign
        else turn.words("desk-apart-none")
    )
    when = turn.office.words.when(case.congress_at, turn.language) if case.congress_at else ""
    return {
        "count": turn.words("unit-people", n=tally.counted),
        "apart": apart,
        "when": when,
        "where": case.congress_place,
        "checked_date": day_of(case.sent_at, turn.today),
    }


def _workers(turn: Turn, case: Case) -> str:
    enterprise = _enterprise(turn.store, case)
    if enterprise is None or enterprise.workers is None:
        return turn.words("desk-workers-unknown")
    return turn.words("desk-workers", n=enterprise.workers)


# --- what to look at twice -----------------------------------------------------------------------


def _flags(turn: Turn, case: Case) -> str:
    found = [turn.words(key, **facts) for key, facts in _flag_keys(turn.store, case)]
    return "; ".join(found) or turn.words("flag-none")


def _flag_keys(store: Store, case: Case) -> list[tuple[str, dict[str, int]]]:
    enterprise = _enterprise(store, case)
    found: list[tuple[str, dict[str, int]]] = []
    if is_paused(store, case):
        found.append(("flag-paused", {"threshold": casework.needed(store)}))
    if case.kind == "petition":
        found += _numbered_flags(store, case)
    found += _claims(store, case)
    if enterprise is not None and enterprise.state == "waiting":
        found.append(("flag-place-unchecked", {}))
    if case.kind == "join" and enterprise and enterprise.cdcs_id and not case.wants_cdcs:
        found.append(("flag-to-above", {}))
    if case.kind != "request" and _withdrawal_is_asked(store, case):
        found.append(("flag-withdraw-asked", {}))
    asked = hand_down_answer(store, case)
    if asked is not None:
        found.append((f"flag-hand-{asked}", {}))
    return found


def _numbered_flags(store: Store, case: Case) -> list[tuple[str, dict[str, int]]]:
    tally = petitions.tally(store.signatures.facts(case.id))
    by_address, by_phone = store.signatures.doubles(case.id)
    numbers = {
        "flag-shared-phone": by_address,
        "flag-same-phone": by_phone,
        "flag-set-aside": tally.set_aside,
        "flag-verified": tally.verified,
    }
    return [(key, {"n": n}) for key, n in numbers.items() if n]


def _claims(store: Store, case: Case) -> list[tuple[str, dict[str, int]]]:
    """Return how often somebody said that a name here is not hers, and whether it agreed."""
    said = [one for one in store.ledger.of_case(case.id) if one.act == "claimed"]
    matching = sum(bool(one.facts.get("match")) for one in said)
    numbers = {"flag-claim-match": matching, "flag-claim-no-match": len(said) - matching}
    return [(key, {"n": n}) for key, n in numbers.items() if n]


def _withdrawal_is_asked(store: Store, case: Case) -> bool:
    signed = store.signatures.of_case(case.id)
    return any(one.withdraw_asked_at is not None for one in signed)


def hand_down_answer(store: Store, case: Case) -> str | None:
    """Return whether the sender was asked to let her name go to the union of her workplace.

    None: not asked; "asked": no answer yet; "no": she said no.
    """
    if case.kind != "join":
        return None
    acts = [entry.act for entry in store.ledger.of_case(case.id)]
    said = [act for act in acts if act in ("hand_down_asked", "hand_down_yes", "hand_down_no")]
    return {"hand_down_asked": "asked", "hand_down_no": "no"}.get(said[-1]) if said else None
