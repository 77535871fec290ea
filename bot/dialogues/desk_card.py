"""The card of a case: the least an officer needs to decide, never a name, never a number."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from bot import casework
from bot.dialogue import step
from bot.dialogues.desk_rights import (
    ELSEWHERE,
    CaseDeed,
    above_named,
    code_of,
    is_held_by_another,
    is_paused,
    names_may_open,
    put_in_hand,
    role_for,
    stage,
    taken_words,
    with_case,
)
from bot.dialogues.request import how_to_reach
from bot.turn import Turn
from storage.cases import Case
from storage.desk import VIETNAM
from storage.enterprises import Enterprise
from storage.officers import Officer
from storage.store import Store
from union import petitions
from union.cases import REQUEST_KINDS
from union.refusals import Unclear

# Questions are answered within office hours: a day of answer ends then.
END_OF_DAY = "17:00"

# Which act of the rules stands behind a button.
_ACTS = {
    "desk-hand-on": "hand_on",
    "desk-return": "return",
    "desk-refuse": "refuse",
    "desk-decide": "recognise",
    "desk-join-decide": "decide",
    "desk-answer": "answer",
    "desk-close": "close",
    "desk-release": "release",
}
_ABOUT = {one: f"about-{one}" for one in REQUEST_KINDS} | {
    "erase": "desk-about-erase",
    "withdraw": "desk-about-withdraw",
}
_deeds: dict[str, CaseDeed] = {}


def on_card(choice: str) -> Callable[[CaseDeed], CaseDeed]:
    """Let a button of the card do this."""

    def mark(deed: CaseDeed) -> CaseDeed:
        _deeds[choice] = deed
        return deed

    return mark


def press(choice: str, turn: Turn, officer: Officer, case: Case) -> None:
    """Do what a button of the card does, for a line that says the same."""
    _deeds[choice](turn, officer, case)


@step
@with_case
def chosen(turn: Turn, officer: Officer, case: Case) -> None:
    """Do what was pressed on the card."""
    deed = _deeds.get(turn.choice or "")
    if deed is None:
        raise Unclear("error-choose?")
    deed(turn, officer, case)


def show(turn: Turn, officer: Officer, case: Case) -> None:
    """Show the card of a case with what this officer may do now."""
    put_in_hand(turn, case)
    key, choices = _face(turn.store, officer, case)
    turn.ask(key, then=chosen, choices=choices, **_facts(turn, case))


@on_card("desk-more")
def more(turn: Turn, officer: Officer, case: Case) -> None:
    """Show what else may be done."""
    wanted = ["desk-guide", "desk-hand-on", "desk-release", "desk-call", "desk-close"]
    choices = [one for one in wanted if may(turn.store, officer, case, one)]
    turn.ask(
        "desk-card-more?",
        then=chosen,
        choices=[*choices[:4], "desk-next"],
        code=code_of(turn.store, case),
    )


# --- which card, which buttons -------------------------------------------------------------------


def may(store: Store, officer: Officer, case: Case, choice: str) -> bool:
    """Whether to offer a button of the card."""
    asked = _SPECIAL.get(choice)
    if asked is not None:
        return asked(store, officer, case)
    act = _ACTS.get(choice)
    return act is None or role_for(store, officer, case, act) is not None


def _may_open(store: Store, officer: Officer, case: Case) -> bool:
    del officer
    return names_may_open(store, case) and (case.kind != "request" or wants_call(case))


def _may_agree(store: Store, officer: Officer, case: Case) -> bool:
    act = "guide" if case.kind == "petition" else "approve"
    return role_for(store, officer, case, act) is not None


def _may_guide(store: Store, officer: Officer, case: Case) -> bool:
    is_time = stage(case) in ("agreed", "guided")
    return is_time and role_for(store, officer, case, "guide") is not None


def _holds(store: Store, officer: Officer, case: Case) -> bool:
    del store
    return case.officer_id == officer.id


def wants_call(case: Case) -> bool:
    """Whether somebody left a number with a request, to be opened on the page of names."""
    return how_to_reach(case) == "reach-words-call"


def may_take(store: Store, officer: Officer, case: Case) -> bool:
    """Whether this case is free and hers to take; one whose holder was stopped is free again."""
    if case.officer_id is not None or not officer.may("receives", case.body_id):
        return False
    is_waiting = role_for(store, officer, case, "take") is not None
    return is_waiting or stage(case) in ("taken", "agreed", "approved")


def _may_check(store: Store, officer: Officer, case: Case) -> bool:
    """Whether she may check the dossier, or pass it on to where it is checked."""
    if role_for(store, officer, case, "check") is not None:
        return True
    return case.state == "guided" and officer.may("receives", case.body_id)


_SPECIAL: dict[str, Callable[[Store, Officer, Case], bool]] = {
    "desk-open-names": _may_open,
    "desk-approve": _may_agree,
    "desk-check": _may_check,
    "desk-call": _holds,
    "desk-guide": _may_guide,
    "desk-take": may_take,
}
_MORE = ("desk-return", "desk-refuse", "desk-more")
_FACES: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("petition", "taken"): ("desk-card-mine?", ("desk-open-names", "desk-approve", *_MORE)),
    ("petition", "agreed"): ("desk-card-taken?", ("desk-open-names", "desk-guide", *_MORE)),
    ("petition", "guided"): ("desk-card-check?", ("desk-open-names", "desk-check", *_MORE)),
    ("petition", "returned"): ("desk-card-check?", ("desk-open-names", "desk-check", *_MORE)),
    ("petition", "checked"): ("desk-card-sign?", ("desk-open-names", "desk-decide", *_MORE)),
    ("join", "taken"): ("desk-card-join-mine?", ("desk-open-names", "desk-approve", *_MORE)),
    ("join", "approved"): (
        "desk-card-join-decide?",
        ("desk-open-names", "desk-join-decide", *_MORE),
    ),
    ("join", "returned"): ("desk-card-join-back?", ("desk-open-names", *_MORE)),
    ("request", "taken"): (
        "desk-request-card?",
        ("desk-open-names", "desk-answer", "desk-more"),
    ),
}
_NEW = {
    "petition": "desk-card-new?",
    "join": "desk-card-join-new?",
    "request": "desk-request-card?",
}
# What leads on from each stage: who holds a case and may do this keeps others from it.
_NEXT_ACT = {
    "taken": "release",
    "agreed": "guide",
    "approved": "decide",
    "guided": "check",
    "checked": "recognise",
    "returned": "refuse",
}


def _face(store: Store, officer: Officer, case: Case) -> tuple[str, list[str]]:
    if not case.is_live:
        return "desk-card-done", list(ELSEWHERE)
    if case.officer_id is None and stage(case) in (
        "ready",
        "waiting",
        "taken",
        "agreed",
        "approved",
    ):
        wanted = ["desk-take", "desk-hand-on", "desk-next"]
        return _NEW[case.kind], [one for one in wanted if may(store, officer, case, one)]
    act = _NEXT_ACT.get(stage(case), "release")
    if is_held_by_another(store, officer, case, act):
        return "desk-card-held?", list(ELSEWHERE)
    key, wanted_all = _FACES[case.kind, stage(case)]
    return key, [one for one in wanted_all if may(store, officer, case, one)]


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


def _facts(turn: Turn, case: Case) -> dict[str, Any]:
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
