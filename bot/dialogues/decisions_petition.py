"""A petition on its way: said yes to, guided to its congress, dossier checked, recognised."""

from datetime import date, datetime

from bot import casework
from bot.dialogue import answers, step
from bot.dialogues import desk_card
from bot.dialogues.decisions import written
from bot.dialogues.decisions_typed import moment_and_place, number_and_day
from bot.dialogues.desk_card import on_card
from bot.dialogues.desk_rights import (
    AFTER,
    ELSEWHERE,
    allowed,
    body_named,
    code_of,
    finish,
    overtaken,
    role_for,
    stage,
    with_case,
)
from bot.turn import Turn
from storage.cases import Case
from storage.desk import VIETNAM
from storage.enterprises import Enterprise
from storage.officers import Officer
from union.answers import free_text
from union.bodies import Body, CaseKind, Role
from union.calendar import add_working_days
from union.refusals import Unclear

# --- yes: the body takes the workers by the hand -------------------------------------------------


@on_card("desk-approve")
def ask_approval(turn: Turn, officer: Officer, case: Case) -> None:
    """Ask once more before everyone is told."""
    if _may_agree(turn, officer, case) is None:
        return
    code = code_of(turn.store, case)
    turn.ask("desk-approve?", then=approve, choices=["desk-approve-yes", "back"], code=code)


def _may_agree(turn: Turn, officer: Officer, case: Case) -> str | None:
    return allowed(turn, officer, case, "guide" if case.kind == "petition" else "approve")


@step
@with_case
def approve(turn: Turn, officer: Officer, case: Case) -> None:
    """Say yes, and tell everyone behind the case."""
    if turn.choice != "desk-approve-yes":
        raise Unclear("error-choose?")
    state = _may_agree(turn, officer, case)
    if state is None:
        return
    is_petition = case.kind == "petition"
    if is_petition and stage(case) != "taken":
        overtaken(turn, officer, case)
        return
    case = turn.store.cases.change(
        case,
        state="taken" if is_petition else state,
        officer_id=officer.id,
        answered_at=turn.now,
        due_on=None if is_petition else case.due_on,
    )
    written(turn, officer, case, "approved")
    news = "news-start-approved?" if is_petition else "news-join-approved?"
    casework.tell_signers(turn.mail, case, news)
    finish(turn, case)
    code = code_of(turn.store, case)
    following = turn.words("desk-next-congress" if is_petition else "desk-next-paper")
    turn.say("desk-approved", AFTER, code=code, time=turn.now, next_step=following)


# --- the founding congress -----------------------------------------------------------------------


@on_card("desk-guide")
def ask_congress(turn: Turn, officer: Officer, case: Case) -> None:
    """Ask when and where the founding congress meets."""
    if allowed(turn, officer, case, "guide") is None:
        return
    turn.ask("desk-guide-date?", then=congress_day, choices=["stop-here"], code=case.code)


@step
@answers("stop-here")
@with_case
def congress_day(turn: Turn, officer: Officer, case: Case) -> None:
    """Read the day, the hour and perhaps the place."""
    if _is_given_up(turn, officer, case):
        return
    at, place = moment_and_place(turn.text, turn.now)
    turn.memory["at"] = at.isoformat()
    if place:
        _read_over(turn, case, place)
    else:
        turn.ask("desk-guide-place?", then=congress_place, choices=["stop-here"])


@step
@answers("stop-here")
@with_case
def congress_place(turn: Turn, officer: Officer, case: Case) -> None:
    """Read the place."""
    if not _is_given_up(turn, officer, case):
        _read_over(turn, case, free_text(turn.text, 200))


def _is_given_up(turn: Turn, officer: Officer, case: Case) -> bool:
    if turn.choice != "stop-here":
        return False
    turn.done()
    desk_card.show(turn, officer, case)
    return True


def _read_over(turn: Turn, case: Case, place: str) -> None:
    turn.memory["where"] = place
    when = turn.office.words.when(datetime.fromisoformat(turn.memory["at"]), turn.language)
    turn.ask(
        "desk-guide-check?",
        then=guide,
        choices=["desk-confirm", "retype", "drop"],
        code=case.code,
        when=when,
        where=place,
    )


@step
@answers("retype", "drop")
@with_case
def guide(turn: Turn, officer: Officer, case: Case) -> None:
    """Keep day and place of the congress, and tell those who signed."""
    if turn.choice == "retype":
        turn.ask("desk-guide-date?", then=congress_day, choices=["stop-here"], code=case.code)
        return
    if turn.choice == "drop":
        turn.done()
        desk_card.show(turn, officer, case)
        return
    if turn.choice != "desk-confirm":
        raise Unclear("error-choose?")
    _keep_congress(turn, officer, case)


def _keep_congress(turn: Turn, officer: Officer, case: Case) -> None:
    state = allowed(turn, officer, case, "guide")
    if state is None:
        return
    at, place = datetime.fromisoformat(turn.memory["at"]), str(turn.memory["where"])
    if at <= turn.now:
        raise Unclear("error-date-past?")
    case = turn.store.cases.change(
        case,
        state=state,
        officer_id=officer.id,
        congress_at=at,
        congress_place=place,
        due_on=_dossier_due(turn, at),
    )
    written(turn, officer, case, "guided")
    casework.tell_signers(turn.mail, case, "news-congress?")
    finish(turn, case)
    when = turn.office.words.when(at, turn.language)
    turn.say("desk-guided", AFTER, code=case.code, when=when, where=place)


def _dossier_due(turn: Turn, congress_at: datetime) -> date:
    """Return the day by which the dossier is expected, counted from the congress."""
    on = congress_at.astimezone(VIETNAM).date()
    days = turn.rules.number("dossier_days_after_congress", turn.today)
    return add_working_days(on, days, turn.store.law.holidays())


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
    if _is_given_up(turn, officer, case):
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
    case = turn.store.cases.change(
        case,
        state=state,
        is_live=False,
        officer_id=officer.id,
        answered_at=turn.now,
        decision_no=number,
        decision_on=on,
    )
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
