"""A question to the desk is answered by one letter, or closed after a call."""

from bot.addresses import letters_go_to
from bot.dialogue import answers, step
from bot.dialogues import desk_card
from bot.dialogues.decisions import written
from bot.dialogues.desk_card import on_card
from bot.dialogues.desk_rights import ELSEWHERE, allowed, body_named, finish, with_case
from bot.turn import Turn
from storage.cases import Case
from storage.officers import Officer
from union.answers import TEXT_LIMIT, free_text
from union.refusals import Unclear


@on_card("desk-answer")
def ask_answer(turn: Turn, officer: Officer, case: Case) -> None:
    """Ask for the answer."""
    if allowed(turn, officer, case, "answer") is not None:
        turn.ask("desk-answer?", then=answer, choices=["stop-here"], code=case.code)


@step
@answers("stop-here")
@with_case
def answer(turn: Turn, officer: Officer, case: Case) -> None:
    """Read the answer, and show it as it will be read."""
    if turn.choice == "stop-here":
        turn.done()
        desk_card.show(turn, officer, case)
        return
    text = free_text(turn.text, TEXT_LIMIT)
    turn.memory["answer"] = text
    choices = ["send", "retype", "drop"]
    turn.ask("desk-answer-check?", then=send, choices=choices, text=text)


@step
@answers("send", "retype", "drop")
@with_case
def send(turn: Turn, officer: Officer, case: Case) -> None:
    """Send the answer, word for word."""
    match turn.choice:
        case "send":
            _settle(turn, officer, case, "answer", str(turn.memory["answer"]))
        case "retype":
            ask_answer(turn, officer, case)
        case "drop":
            turn.done()
            desk_card.show(turn, officer, case)
        case _:
            raise Unclear("error-choose?")


@on_card("desk-close")
def close(turn: Turn, officer: Officer, case: Case) -> None:
    """Close a question that was settled in a call; whoever asked reads so."""
    language = turn.office.words.languages[0]
    if case.conversation_id is not None:
        language = letters_go_to(turn.store, turn.office, case.conversation_id).language
    text = turn.office.words.text("request-settled-by-call", language)
    _settle(turn, officer, case, "close", text)


def _settle(turn: Turn, officer: Officer, case: Case, act: str, text: str) -> None:
    state = allowed(turn, officer, case, act)
    if state is None:
        return
    case = turn.store.cases.change(
        case,
        state="answered",
        is_live=False,
        officer_id=officer.id,
        answered_at=turn.now,
        reason=text,
    )
    written(turn, officer, case, state)
    if case.conversation_id is not None:
        body = body_named(turn, case.body_id)
        turn.mail.news(case.conversation_id, case, "news-answer?", body=body, text=text)
    finish(turn, case)
    turn.say("desk-answer-sent", ELSEWHERE, code=case.code, time=turn.now)
