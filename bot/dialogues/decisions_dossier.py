"""The dossier of a petition is checked, and the new union recognised by a decision."""

from datetime import date

from bot import casework
from bot.dialogue import answers, step
from bot.dialogues import desk_card
from bot.dialogues.decisions import given_up, keep_decision, written
from bot.dialogues.decisions_typed import number_and_day
from bot.dialogues.desk_card import on_card
from bot.dialogues.desk_rights import (
    AFTER,
    ELSEWHERE,
    allowed,
    body_named,
    finish,
    role_for,
    with_case,
)
from bot.turn import Turn
from storage.cases import Case
from storage.enterprises import Enterprise
from storage.officers import Officer
from union.bodies import Body, CaseKind, Role
from union.refusals import Unclear

# --- the dossier ---------------------------------------------------------------------------------


@on_card("desk-check")
def ask_dossier(turn: Turn, officer: Officer, case: Case) -> None:
    """Ask whether the dossier is complete, or pass it on to the body that checks it."""
    body = _body_for(turn, case, "checks")
    is_elsewhere = body is not None and body.id != case.body_id
    if is_elsewhere and body and case.state == "guided" and officer.may("receives", case.body_id):
        _pass_on(turn, officer, case, body)
        return
    if allowed(turn, officer, case, "check") is None:
        return
    choices = ["desk-complete", "desk-incomplete", "drop"]
    if role_for(turn.store, officer, case, "return") is None:
        choices.remove("desk-incomplete")
    turn.ask("desk-check?", then=check, choices=choices, code=case.code)


def _pass_on(turn: Turn, officer: Officer, case: Case, body: Body) -> None:
    """Give the dossier to the body that checks it."""
    written(turn, officer, case, "sent_to_check", to_body=body.id)
    case = casework.hand_over(turn.mail, case, body)
    finish(turn, case)
    turn.say("desk-sent-to-check", ELSEWHERE, code=case.code, body=body.name)


@step
@answers("drop")
@with_case
def check(turn: Turn, officer: Officer, case: Case) -> None:
    """Note that the dossier is complete; the case goes to whoever decides."""
    match turn.choice:
        case "desk-complete":
            _keep_checked(turn, officer, case)
        case "desk-incomplete":
            desk_card.press("desk-return", turn, officer, case)
        case "drop":
            turn.done()
            desk_card.show(turn, officer, case)
        case _:
            raise Unclear("error-choose?")


def _keep_checked(turn: Turn, officer: Officer, case: Case) -> None:
    state = allowed(turn, officer, case, "check")
    if state is None:
        return
    due = casework.working_days_from_today(turn.store, "recognition_days")
    # The question is open again, for whoever decides: her days are counted anew.
    case = turn.store.cases.change(
        case,
        state=state,
        officer_id=None,
        taken_at=None,
        sent_at=turn.now,
        due_on=due,
        answered_at=None,
        escalated_at=None,
        late_told_at=None,
    )
    written(turn, officer, case, "checked")
    signer = _body_for(turn, case, "signs")
    if signer is not None and signer.id != case.body_id:
        case = casework.hand_over(turn.mail, case, signer)
    else:
        choices = ["desk-queue", "later"]
        casework.tell_desk(turn.mail, case, "desk-told-ready", [*choices], role="signs")
    casework.tell_signers(turn.mail, case, "news-checked?", due=due)
    finish(turn, case)
    name = body_named(turn, case.body_id)
    turn.say("desk-checked", AFTER, code=case.code, time=turn.now, signer=name)


def _body_for(turn: Turn, case: Case, role: Role) -> Body | None:
    if case.enterprise_id is None:
        return None
    enterprise = turn.store.enterprises.by_id(case.enterprise_id)
    return casework.responsible(turn.store, enterprise, "petition", role).body


# --- the decision --------------------------------------------------------------------------------


@on_card("desk-decide")
def ask_decision(turn: Turn, officer: Officer, case: Case) -> None:
    """Ask for number and day of the decision that recognises the new union."""
    if allowed(turn, officer, case, "recognise") is not None:
        turn.ask("desk-sign?", then=decision, choices=["stop-here"], code=case.code)


@step
@answers("stop-here")
@with_case
def decision(turn: Turn, officer: Officer, case: Case) -> None:
    """Read number and day of the decision."""
    if given_up(turn, officer, case):
        return
    number, on = number_and_day(turn.text, turn.today)
    turn.memory["number"], turn.memory["on"] = number, on.isoformat()
    turn.ask(
        "desk-sign-check?",
        then=recognise,
        choices=["desk-confirm", "retype", "drop"],
        code=case.code,
        decision_no=number,
        decided_date=on,
    )


@step
@answers("retype", "drop")
@with_case
def recognise(turn: Turn, officer: Officer, case: Case) -> None:
    """Record the decision: from its day a grassroots union (CĐCS) exists at this place."""
    match turn.choice:
        case "retype":
            turn.ask("desk-sign?", then=decision, choices=["stop-here"], code=case.code)
        case "drop":
            turn.done()
            desk_card.show(turn, officer, case)
        case "desk-confirm":
            _keep_recognised(turn, officer, case)
        case _:
            raise Unclear("error-choose?")


def _keep_recognised(turn: Turn, officer: Officer, case: Case) -> None:
    state = allowed(turn, officer, case, "recognise")
    if state is None or case.enterprise_id is None:
        return
    number = str(turn.memory["number"])
    on = date.fromisoformat(turn.memory["on"])
    enterprise = turn.store.enterprises.by_id(case.enterprise_id)
    _found(turn, enterprise, case.body_id, number, on)
    case = keep_decision(turn, officer, case, state)
    written(turn, officer, case, "recognised")
    casework.tell_signers(turn.mail, case, "news-recognised?")
    finish(turn, case)
    turn.say("desk-recognised", ELSEWHERE, code=case.code, decision_no=number, decided_date=on)


_CDCS_ROLES: tuple[Role, ...] = ("receives", "checks", "signs")
_CDCS_KIND: CaseKind = "join"


def _found(turn: Turn, enterprise: Enterprise, above: int, number: str, on: date) -> None:
    """Keep the new union as a body below the one that recognised it; it handles joins."""
    if enterprise.cdcs_id is not None:
        return
    bodies = turn.store.bodies
    language = turn.office.words.languages[0]
    name = turn.office.words.text("cdcs-name", language, enterprise=enterprise.name)
    body_id = bodies.keep(f"CS-{enterprise.code}"[:32])
    since = {"valid_from": on, "valid_to": None, "source": number}
    bodies.describe(body_id, name=name, level="grassroots", parent_id=above, hotline=None, **since)
    for role in _CDCS_ROLES:
        bodies.empower(body_id, _CDCS_KIND, role, **since)
    turn.store.enterprises.set_cdcs(enterprise.id, body_id)
    turn.store.ledger.write("founded", body_id=body_id, enterprise_id=enterprise.id)
