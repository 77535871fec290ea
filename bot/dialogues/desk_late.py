"""What is late at a body below: the officers above see it and may step in."""

from bot import casework, rerouting
from bot.dialogue import opens_on, step
from bot.dialogues import desk, desk_card
from bot.dialogues.desk_rights import ELSEWHERE, body_named, code_of, finish, officers_only
from bot.turn import Turn
from storage.cases import Case
from storage.officers import Officer
from storage.store import Store
from union.refusals import Unclear

_MOST = 200
# To begin anew where it stood before somebody took it.
BACK: dict[tuple[str, str], str] = {
    ("petition", "taken"): "ready",
    ("join", "taken"): "waiting",
    ("request", "taken"): "waiting",
}
_TAKEN = {"ready": "taken", "waiting": "taken"}


def escalated(store: Store, officer: Officer) -> list[Case]:
    """Return what is overdue below and was told to this officer's bodies, oldest day first."""
    above = set(officer.bodies)
    below = [one.id for one in store.bodies.all() if one.parent_id in above]
    return [one for one in store.cases.queue(below, _MOST) if _is_late(one)]


def _is_late(case: Case) -> bool:
    return case.escalated_at is not None and case.answered_at is None


@opens_on("desk-late")
@officers_only
def see(turn: Turn, officer: Officer) -> None:
    """Show what is late below, one after the other."""
    before = turn.memory.get("late", 0)
    turn.done()
    found = escalated(turn.store, officer)
    if not found:
        desk.queue(turn)
        return
    ids = [one.id for one in found]
    place = ids.index(before) + 1 if before in ids else 0
    _show(turn, found[place % len(found)], len(found))


def _show(turn: Turn, case: Case, number: int) -> None:
    turn.memory["late"] = case.id
    holder = turn.store.officers.by_id(case.officer_id).name if case.officer_id else None
    body = turn.store.bodies.by_id(case.body_id)
    choices = ["desk-take-self"]
    if holder is not None:
        choices = ["desk-give-other", "desk-take-self", "desk-remind-holder"]
    turn.ask(
        "desk-escalated",
        then=step_in,
        choices=[*choices, "desk-late"] if number > 1 else choices,
        code=code_of(turn.store, case),
        due=case.due_on or turn.today,
        other=holder or turn.words("nobody"),
        upper=turn.store.bodies.above(body).name,
    )


@step
@officers_only
def step_in(turn: Turn, officer: Officer) -> None:
    """Do what the officer above chose, if it is still late and still below her."""
    case = turn.store.cases.locked(int(turn.memory["late"]))
    body = turn.store.bodies.by_id(case.body_id)
    above = turn.store.bodies.above(body)
    if not (case.is_live and _is_late(case) and officer.may("receives", above.id)):
        finish(turn, case)
        state = turn.words(f"state-{case.state}")
        code = code_of(turn.store, case)
        turn.say("desk-step-not-allowed", ELSEWHERE, code=code, state=state)
        return
    match turn.choice:
        case "desk-give-other":
            _free(turn, officer, case)
        case "desk-take-self":
            _take_up(turn, officer, case, above.id)
        case "desk-remind-holder":
            _remind(turn, case)
        case _:
            raise Unclear("error-choose?")


def _free(turn: Turn, officer: Officer, case: Case) -> None:
    state = BACK.get((case.kind, case.state), case.state)
    case = turn.store.cases.change(case, state=state, officer_id=None, taken_at=None)
    turn.store.ledger.write(
        "freed_from_above", case_id=case.id, officer_id=officer.id, body_id=case.body_id
    )
    casework.tell_desk(turn.mail, case, "desk-told-ready", ["desk-queue", "later"])
    finish(turn, case)
    body = body_named(turn, case.body_id)
    turn.say("desk-freed", ["desk-late", "desk-queue"], code=code_of(turn.store, case), body=body)


def _take_up(turn: Turn, officer: Officer, case: Case, above_id: int) -> None:
    before = case.body_id
    case = turn.store.cases.change(
        case,
        body_id=above_id,
        state=_TAKEN.get(case.state, case.state),
        officer_id=officer.id,
        taken_at=turn.now,
    )
    turn.store.ledger.write(
        "handed_on",
        case_id=case.id,
        officer_id=officer.id,
        body_id=above_id,
        from_body=before,
    )
    tell_moved(turn, case, before)
    turn.done()
    desk_card.show(turn, officer, case)


def _remind(turn: Turn, case: Case) -> None:
    casework.tell_desk(turn.mail, case, "desk-nudge", ["desk-queue", "desk-remind-later"])
    code = code_of(turn.store, case)
    finish(turn, case)
    turn.say("desk-reminded", ["desk-late", "desk-queue"], code=code)


def tell_moved(turn: Turn, case: Case, from_body: int) -> None:
    """Tell whoever sent a case that another body looks at it now."""
    tell_senders(turn, case, "moved-body", from_body=body_named(turn, from_body))


def tell_senders(turn: Turn, case: Case, key: str, **facts: object) -> None:
    """Lay news out for everyone who is behind a case."""
    rerouting.tell_senders(turn.mail, case, key, **facts)
