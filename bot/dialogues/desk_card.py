"""The card of a case: the least an officer needs to decide, never a name, never a number."""

from collections.abc import Callable

from bot import unreached
from bot.dialogue import step
from bot.dialogues.desk_facts import facts_of
from bot.dialogues.desk_rights import (
    ELSEWHERE,
    CaseDeed,
    code_of,
    is_held_by_another,
    names_may_open,
    put_in_hand,
    role_for,
    stage,
    with_case,
)
from bot.dialogues.request import how_to_reach
from bot.turn import Turn
from storage.cases import Case
from storage.officers import Officer
from storage.store import Store
from union import bands
from union.refusals import Unclear

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
    _say_reach(turn, case)
    key, choices = _face(turn.store, officer, case)
    turn.ask(key, then=chosen, choices=choices, **facts_of(turn, case))


def _say_reach(turn: Turn, case: Case) -> None:
    """Say that nothing reaches who sent a case, and what other ways there are.

    Of a petition only in a band how many it is.
    """
    missed = unreached.facts(turn.store, turn.office, case)
    if missed:
        turn.say("desk-unreachable", **missed)
    if case.kind != "petition" or case.state == "open":
        return
    spans = {name: can.window.free for name, can in turn.office.abilities.items() if can.window}
    pages = [name for name, can in turn.office.abilities.items() if not can.pushes]
    number = turn.store.conversations.count_out_of_reach(case.id, spans, pages)
    if number:
        band = turn.words(bands.band(number).key)
        turn.say("desk-unreachable-band", code=case.code, band=band)


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
