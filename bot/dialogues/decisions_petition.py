"""A petition on its way: the body says yes, and guides the workers to their congress."""

from datetime import date, datetime

from bot import casework
from bot.dialogue import answers, step
from bot.dialogues import desk_card
from bot.dialogues.decisions import given_up, written
from bot.dialogues.decisions_typed import moment_and_place
from bot.dialogues.desk_card import on_card
from bot.dialogues.desk_rights import (
    AFTER,
    allowed,
    code_of,
    finish,
    overtaken,
    stage,
    with_case,
)
from bot.turn import Turn
from storage.cases import Case
from storage.desk import VIETNAM
from storage.officers import Officer
from union.answers import free_text
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
    if given_up(turn, officer, case):
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
    if not given_up(turn, officer, case):
        _read_over(turn, case, free_text(turn.text, 200))


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
