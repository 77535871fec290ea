"""Who sits at the desk and what she may do: looked at anew in every turn."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from bot import casework
from bot.dialogue import Act
from bot.turn import Turn
from storage.cases import Case
from storage.desk import VIETNAM
from storage.officers import Officer
from storage.store import Store
from union import membership, petitions
from union.bodies import Role
from union.refusals import Unclear
from union.steps import Step

Deed = Callable[[Turn, Officer], None]
CaseDeed = Callable[[Turn, Officer, Case], None]

ROLES: tuple[Role, ...] = ("receives", "checks", "signs")
# After an act the old buttons are dead; these go on from there.
AFTER = ["desk-next", "desk-this"]
ELSEWHERE = ["desk-next", "desk-queue"]

_RECEIVES = frozenset(("receives",))
# A question needs no paper and no second pair of eyes: who receives it answers it.
REQUEST_STEPS: Mapping[tuple[str, str], Step[str, str]] = {
    ("waiting", "take"): Step("taken", _RECEIVES),
    ("waiting", "hand_on"): Step("waiting", _RECEIVES),
    ("taken", "answer"): Step("answered", _RECEIVES),
    ("taken", "close"): Step("closed", _RECEIVES),
    ("taken", "release"): Step("waiting", _RECEIVES),
    ("taken", "hand_on"): Step("waiting", _RECEIVES),
}
_STEPS: Mapping[str, Mapping[Any, Step[Any, Any]]] = {
    "petition": petitions.STEPS,
    "join": membership.STEPS,
    "request": REQUEST_STEPS,
}
# What may not go forward while fewer people than needed stand behind a petition.
_FORWARD = frozenset(("guide", "check", "recognise"))
_LOOK_BACK = 500


# --- who speaks ----------------------------------------------------------------------------------


def officers_only(deed: Deed) -> Act:
    """Let only somebody with an active role do this; anybody else reads where she stands."""

    @wraps(deed)
    def guarded(turn: Turn) -> None:
        if turn.officer is None:
            stopped(turn)
        else:
            deed(turn, turn.officer)

    return guarded


def with_case(deed: CaseDeed) -> Act:
    """Let an officer act on the case in her hand, locked and read anew."""

    @wraps(deed)
    def guarded(turn: Turn) -> None:
        if turn.officer is None:
            stopped(turn)
            return
        case = in_hand(turn, turn.officer)
        if case is not None:
            deed(turn, turn.officer, case)

    return guarded


def stopped(turn: Turn, body_id: int | None = None) -> None:
    """Say that this chat is no desk (any more). Nothing else happens."""
    former = turn.store.officers.at(turn.conversation.id, ("suspended", "revoked"))
    turn.done()
    if former is None:
        turn.say("desk-none", ["menu", "person"])
        return
    ended = [one for one in former.roles if body_id in (None, one.body_id)] or former.roles
    body, at = ended[-1].body_id, ended[-1].ended_at
    facts = {"body": body_named(turn, body), "upper": above_named(turn, body)}
    if at is None:
        turn.say("desk-stopped", ["menu"], **facts)
    else:
        day = at.astimezone(VIETNAM).date()
        turn.say("desk-revoked", ["menu"], time=at, today=day, **facts)


# --- names of bodies -----------------------------------------------------------------------------


def body_named(turn: Turn, body_id: int) -> str:
    """Return what a body is called today; one that was dissolved is "a body that is no more"."""
    try:
        return turn.store.bodies.by_id(body_id).name
    except LookupError:
        return turn.words("body-ended")


def above_named(turn: Turn, body_id: int) -> str:
    """Return what the body above is called."""
    try:
        return turn.store.bodies.above(turn.store.bodies.by_id(body_id)).name
    except LookupError:
        return turn.store.bodies.triage().name


# --- the case in her hand ------------------------------------------------------------------------


def stage(case: Case) -> str:
    """Return how far a case is: its state, and "agreed" for a petition that was said yes to."""
    is_agreed = case.kind == "petition" and case.state == "taken" and case.answered_at is not None
    return "agreed" if is_agreed else case.state


def put_in_hand(turn: Turn, case: Case) -> None:
    """Remember which case is looked at, and how it stood."""
    turn.memory["case"] = case.id
    turn.memory["stage"] = stage(case)


def finish(turn: Turn, case: Case) -> None:
    """End what was under way; "next" and "this case" still know where she was."""
    turn.done()
    turn.memory["case"] = case.id


def in_hand(turn: Turn, officer: Officer) -> Case | None:
    """Return the case in her hand, locked; None where it went on without her, which she is told.

    Raises Unclear where the question that was answered has passed.
    """
    row_id = turn.memory.get("case")
    if row_id is None:
        raise Unclear("error-old-button?")
    case = turn.store.cases.locked(int(row_id))
    if case.body_id not in officer.bodies:
        _not_here(turn, officer, case)
        return None
    if stage(case) != turn.memory.get("stage"):
        overtaken(turn, officer, case)
        return None
    return case


def code_of(store: Store, case: Case) -> str:
    """Return what officers call a case: for a join it is the sender's own code."""
    if case.kind != "join":
        return case.code
    signed = store.signatures.of_case(case.id)
    return signed[-1].code if signed else case.code


def _not_here(turn: Turn, officer: Officer, case: Case) -> None:
    held = turn.store.officers.by_id(officer.id).roles
    if any(one.body_id == case.body_id for one in held):
        stopped(turn, case.body_id)
        return
    finish(turn, case)
    body = body_named(turn, case.body_id)
    turn.say("desk-elsewhere", ELSEWHERE, code=code_of(turn.store, case), body=body)


def overtaken(turn: Turn, officer: Officer, case: Case) -> None:
    """Say that the case has gone on meanwhile; the press changes nothing."""
    if case.is_live and case.officer_id not in (None, officer.id):
        taken_by_other(turn, case)
        return
    finish(turn, case)
    state = turn.words(f"state-{case.state}")
    turn.say("desk-step-not-allowed", AFTER, code=code_of(turn.store, case), state=state)


def taken_by_other(turn: Turn, case: Case) -> None:
    """Say who was first, and when."""
    holder = turn.store.officers.by_id(case.officer_id or 0)
    finish(turn, case)
    turn.say(
        "desk-taken-by-other",
        AFTER,
        code=code_of(turn.store, case),
        other=holder.name,
        taken_at=taken_words(turn, case),
    )


def taken_words(turn: Turn, case: Case) -> str | datetime:
    """Return since when a case is held: the hour, and the day too where it was not today."""
    at = case.taken_at or turn.now
    is_today = at.astimezone(VIETNAM).date() == turn.today
    return at if is_today else turn.office.words.when(at, turn.language)


# --- what she may do -----------------------------------------------------------------------------


def role_for(store: Store, officer: Officer, case: Case, act: str) -> Role | None:
    """Return the role in which this officer may do *act* on the case now, or None."""
    step = _STEPS[case.kind].get((case.state, act))
    if step is None:
        return None
    fitting = (one for one in ROLES if one in step.by and officer.may(one, case.body_id))
    return next((one for one in fitting if _falls_to(store, case, one)), None)


def _falls_to(store: Store, case: Case, role: Role) -> bool:
    """Whether the body that has the case plays this role for the place of work.

    Receiving it may also have been given by hand; checking and signing follow the law alone.
    """
    if role == "receives" or case.enterprise_id is None:
        return True
    enterprise = store.enterprises.by_id(case.enterprise_id)
    if case.kind == "join" and case.body_id == enterprise.cdcs_id:
        return True
    return casework.responsible(store, enterprise, case.kind, role).body.id == case.body_id  # type: ignore[arg-type]


def is_paused(store: Store, case: Case) -> bool:
    """Whether too few people are left behind a petition that is in an officer's hands."""
    return case.kind == "petition" and petitions.is_paused(
        case.state,  # type: ignore[arg-type]
        case.counted,
        casework.needed(store),
    )


def names_may_open(store: Store, case: Case) -> bool:
    """Whether names behind a case may be opened: never while too few people have signed."""
    return casework.names_may_open(store, case)


def allowed(turn: Turn, officer: Officer, case: Case, act: str) -> str | None:
    """Return the state after *act*; None where she may not do it, which she is told."""
    step = _STEPS[case.kind].get((case.state, act))
    if step is None or not case.is_live:
        overtaken(turn, officer, case)
        return None
    if is_held_by_another(turn.store, officer, case, act):
        taken_by_other(turn, case)
        return None
    if act in _FORWARD and is_paused(turn.store, case):
        paused(turn, case)
        return None
    if role_for(turn.store, officer, case, act) is None:
        _not_her_role(turn, case, step)
        return None
    return str(step.to)


def is_held_by_another(store: Store, officer: Officer, case: Case, act: str) -> bool:
    """Whether a colleague holds the case and may do this herself."""
    if case.officer_id in (None, officer.id):
        return False
    holder = store.officers.by_id(case.officer_id or 0)
    return act == "take" or role_for(store, holder, case, act) is not None


def paused(turn: Turn, case: Case) -> None:
    """Say that the petition waits until enough people are behind it again."""
    facts: dict[str, Any] = {"count": case.counted, "threshold": casework.needed(turn.store)}
    finish(turn, case)
    turn.say("desk-paused", ELSEWHERE, code=case.code, **facts)


def _not_her_role(turn: Turn, case: Case, step: Step[Any, Any]) -> None:
    role: Role = next(one for one in ROLES if one in step.by)
    body_id = case.body_id
    if role != "receives" and case.enterprise_id is not None:
        enterprise = turn.store.enterprises.by_id(case.enterprise_id)
        body_id = casework.responsible(turn.store, enterprise, case.kind, role).body.id  # type: ignore[arg-type]
    finish(turn, case)
    named = body_named(turn, body_id)
    turn.say("desk-not-your-role", ELSEWHERE, role=turn.words(f"role-{role}"), body=named)
