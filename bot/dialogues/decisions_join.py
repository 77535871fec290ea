"""A wish to join: the executive committee's decision is recorded with its number and day."""

from datetime import date

from bot import casework
from bot.dialogue import answers, step
from bot.dialogues import desk_card
from bot.dialogues.decisions import keep_decision, written
from bot.dialogues.decisions_typed import number_and_day
from bot.dialogues.desk_card import on_card
from bot.dialogues.desk_rights import ELSEWHERE, allowed, code_of, finish, with_case
from bot.turn import Turn
from storage.cases import Case
from storage.officers import Officer
from union.refusals import Unclear


@on_card("desk-join-decide")
def ask_decision(turn: Turn, officer: Officer, case: Case) -> None:
    """Ask for number and day of the decision that admits the sender."""
    if allowed(turn, officer, case, "decide") is not None:
        _ask(turn, case)


def _ask(turn: Turn, case: Case) -> None:
    code = code_of(turn.store, case)
    turn.ask("desk-join-decision?", then=decision, choices=["stop-here"], code=code)


@step
@answers("stop-here")
@with_case
def decision(turn: Turn, officer: Officer, case: Case) -> None:
    """Read number and day, and show them once more."""
    if turn.choice == "stop-here":
        turn.done()
        desk_card.show(turn, officer, case)
        return
    number, on = number_and_day(turn.text, turn.today)
    turn.memory["number"], turn.memory["on"] = number, on.isoformat()
    turn.ask(
        "desk-join-check?",
        then=decide,
        choices=["desk-confirm", "retype", "drop"],
        code=code_of(turn.store, case),
        decision_no=number,
        decided_date=on,
    )


@step
@answers("retype", "drop")
@with_case
def decide(turn: Turn, officer: Officer, case: Case) -> None:
    """Record the decision and tell the sender."""
    match turn.choice:
        case "retype":
            _ask(turn, case)
        case "drop":
            turn.done()
            desk_card.show(turn, officer, case)
        case "desk-confirm":
            _keep(turn, officer, case)
        case _:
            raise Unclear("error-choose?")


def _keep(turn: Turn, officer: Officer, case: Case) -> None:
    state = allowed(turn, officer, case, "decide")
    if state is None:
        return
    number, on = str(turn.memory["number"]), date.fromisoformat(turn.memory["on"])
    case = keep_decision(turn, officer, case, state)
    written(turn, officer, case, "decided")
    casework.tell_signers(turn.mail, case, "news-join-decided?")
    finish(turn, case)
    code = code_of(turn.store, case)
    turn.say("desk-join-decided", ELSEWHERE, code=code, decision_no=number, decided_date=on)
