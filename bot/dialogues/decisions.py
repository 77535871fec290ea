"""Acts on any case: take it, let it go, open its names, send it back, refuse it with a reason."""

from datetime import date
from typing import Any

from bot import casework
from bot.addresses import letters_go_to
from bot.dialogue import answers, step
from bot.dialogues import desk_card
from bot.dialogues.desk_card import on_card
from bot.dialogues.desk_late import BACK, tell_senders
from bot.dialogues.desk_rights import (
    AFTER,
    ELSEWHERE,
    allowed,
    code_of,
    finish,
    names_may_open,
    overtaken,
    paused,
    taken_by_other,
    with_case,
)
from bot.turn import Turn
from storage.cases import Case
from storage.officers import Officer
from union.answers import free_text
from union.refusals import Unclear

LINK_MINUTES = 10
LONGEST_REASON = 500

RETURN_REASONS = (
    "reason-name-short",
    "reason-place-unclear",
    "reason-maybe-duplicate",
    "reason-meet-to-sign",
)
REFUSE_REASONS = (
    "reason-not-eligible",
    "reason-not-ours",
    "reason-withdrawn",
    "reason-same-case",
)


# --- take, let go, look --------------------------------------------------------------------------


@on_card("desk-take")
def take(turn: Turn, officer: Officer, case: Case) -> None:
    """Take a case: one officer holds it, colleagues read who and since when."""
    if case.officer_id == officer.id:
        desk_card.show(turn, officer, case)
        return
    if case.officer_id is not None:
        taken_by_other(turn, case)
        return
    if not desk_card.may_take(turn.store, officer, case):
        if allowed(turn, officer, case, "take") is not None:  # pragma: no cover -- says why
            overtaken(turn, officer, case)
        return
    state = "taken" if case.state in ("ready", "waiting") else case.state
    case = turn.store.cases.change(case, state=state, officer_id=officer.id, taken_at=turn.now)
    written(turn, officer, case, "taken")
    code = code_of(turn.store, case)
    turn.done()
    turn.say("desk-taken", code=code)
    desk_card.show(turn, officer, case)


@on_card("desk-release")
def release(turn: Turn, officer: Officer, case: Case) -> None:
    """Let a case go again, so that a colleague may take it."""
    if allowed(turn, officer, case, "release") is None:
        return
    state = BACK[case.kind, case.state]
    case = turn.store.cases.change(case, state=state, officer_id=None, taken_at=None)
    written(turn, officer, case, "released")
    if case.kind == "petition":
        case = casework.recount(turn.mail, case)
    finish(turn, case)
    turn.say("desk-released", ELSEWHERE, code=code_of(turn.store, case))


@on_card("desk-open-names")
def open_names(turn: Turn, officer: Officer, case: Case) -> None:
    """Send the officer a link of her own to the page of names."""
    if not names_may_open(turn.store, case):
        paused(turn, case)
        return
    token = turn.store.links.make(
        "names", turn.conversation.row_id, LINK_MINUTES, officer_id=officer.id, case_id=case.id
    )
    turn.say(
        "desk-open-name",
        AFTER,
        link=turn.office.page(f"/t/{token}"),
        code=code_of(turn.store, case),
        minutes=LINK_MINUTES,
    )


@on_card("desk-call")
def how_to_call(turn: Turn, officer: Officer, case: Case) -> None:
    """Say how to call without giving anybody away."""
    turn.say("desk-call-how", AFTER, code=code_of(turn.store, case))
    desk_card.show(turn, officer, case)


def keep_decision(turn: Turn, officer: Officer, case: Case, state: str) -> Case:
    """Close a case with the decision whose number and day were read over; return it anew."""
    return turn.store.cases.change(
        case,
        state=state,
        is_live=False,
        officer_id=officer.id,
        answered_at=turn.now,
        decision_no=str(turn.memory["number"]),
        decision_on=date.fromisoformat(turn.memory["on"]),
    )


def written(turn: Turn, officer: Officer, case: Case, act: str, **facts: Any) -> None:
    """Write an officer's act into the ledger."""
    turn.store.ledger.write(
        act, case_id=case.id, officer_id=officer.id, body_id=case.body_id, **facts
    )


def given_up(turn: Turn, officer: Officer, case: Case) -> bool:
    """Whether she stopped here; then the card is shown again."""
    if turn.choice != "stop-here":
        return False
    turn.done()
    desk_card.show(turn, officer, case)
    return True


# --- send back, refuse: the reason is chosen or typed, and read before it is sent ----------------


@on_card("desk-return")
def ask_what_is_missing(turn: Turn, officer: Officer, case: Case) -> None:
    """Ask what the sender shall complete."""
    if allowed(turn, officer, case, "return") is None:
        return
    turn.memory["act"] = "return"
    if case.kind == "petition":
        turn.ask("desk-missing?", then=reason_typed, choices=["stop-here"])
        return
    choices = [*RETURN_REASONS, "reason-typed"]
    code = code_of(turn.store, case)
    turn.ask("desk-return-reason?", then=reason_chosen, choices=choices, code=code)


@on_card("desk-refuse")
def ask_why_not(turn: Turn, officer: Officer, case: Case) -> None:
    """Ask why the case is not accepted."""
    if allowed(turn, officer, case, "refuse") is None:
        return
    turn.memory["act"] = "refuse"
    choices = [*REFUSE_REASONS, "reason-typed"]
    code = code_of(turn.store, case)
    turn.ask("desk-refuse-reason?", then=reason_chosen, choices=choices, code=code)


@step
@with_case
def reason_chosen(turn: Turn, officer: Officer, case: Case) -> None:
    """Take the reason from the list, or ask to type it."""
    del officer
    choice = turn.choice or ""
    if choice == "reason-typed":
        turn.ask("desk-reason-type?", then=reason_typed, choices=["stop-here"])
    elif choice in RETURN_REASONS + REFUSE_REASONS:
        text = turn.office.words.text(choice, _language_of(turn, case))
        _read_over(turn, text, choice)
    else:
        raise Unclear("error-choose?")


@step
@answers("stop-here")
@with_case
def reason_typed(turn: Turn, officer: Officer, case: Case) -> None:
    """Take the reason as it was typed."""
    if turn.choice == "stop-here":
        turn.done()
        desk_card.show(turn, officer, case)
        return
    _read_over(turn, free_text(turn.text, LONGEST_REASON), "reason-typed")


def _read_over(turn: Turn, text: str, why: str) -> None:
    turn.memory["reason"], turn.memory["why"] = text, why
    choices = ["send", "retype", "drop"]
    turn.ask("desk-reason-check?", then=reason_read, choices=choices, reason=text)


@step
@answers("send", "retype", "drop")
@with_case
def reason_read(turn: Turn, officer: Officer, case: Case) -> None:
    """Send the reason, word for word as it was shown."""
    match turn.choice:
        case "send":
            _close_with_reason(turn, officer, case)
        case "retype":
            turn.ask("desk-reason-type?", then=reason_typed, choices=["stop-here"])
        case "drop":
            turn.done()
            desk_card.show(turn, officer, case)
        case _:
            raise Unclear("error-choose?")


def _close_with_reason(turn: Turn, officer: Officer, case: Case) -> None:
    act, reason = str(turn.memory["act"]), str(turn.memory["reason"])
    state = allowed(turn, officer, case, act)
    if state is None:
        return
    if act == "refuse":
        _refuse(turn, officer, case, state, reason)
    elif case.kind == "petition":
        _miss_papers(turn, officer, case, state, reason)
    else:
        _send_back(turn, officer, case, state, reason)


def _refuse(turn: Turn, officer: Officer, case: Case, state: str, reason: str) -> None:
    why = str(turn.memory["why"])
    case = turn.store.cases.change(
        case,
        state=state,
        is_live=False,
        officer_id=officer.id,
        answered_at=turn.now,
        decision_on=turn.today,
        reason=reason,
    )
    written(turn, officer, case, "refused", why=why)
    tell_senders(turn, case, "news-refused?", reason=reason, why=why)
    finish(turn, case)
    turn.say("desk-refused", AFTER, code=code_of(turn.store, case), time=turn.now)


def _send_back(turn: Turn, officer: Officer, case: Case, state: str, reason: str) -> None:
    """Send a wish to join back to its sender; the days for completing are told her."""
    due = casework.working_days_from_today(turn.store, "completion_days")
    why = str(turn.memory["why"])
    case = turn.store.cases.change(
        case,
        state=state,
        officer_id=officer.id,
        answered_at=turn.now,
        due_on=due,
        reason=reason,
    )
    written(turn, officer, case, "returned", why=why)
    tell_senders(turn, case, "news-returned?", reason=reason, due=due)
    finish(turn, case)
    turn.say("desk-returned", AFTER, code=code_of(turn.store, case), time=turn.now)


def _miss_papers(turn: Turn, officer: Officer, case: Case, state: str, reason: str) -> None:
    """Note what a petition's dossier lacks. Its signers have nothing to do; the desk has."""
    case = turn.store.cases.change(
        case, state=state, officer_id=officer.id, answered_at=turn.now, due_on=None, reason=reason
    )
    written(turn, officer, case, "returned", why="papers")
    _tell_receivers(turn, officer, case)
    finish(turn, case)
    turn.say("desk-incomplete-recorded", AFTER, code=case.code, time=turn.now)


def _tell_receivers(turn: Turn, officer: Officer, case: Case) -> None:
    """Tell those who guide the committee that the dossier came back."""
    if case.enterprise_id is None:
        return
    enterprise = turn.store.enterprises.by_id(case.enterprise_id)
    body = casework.responsible(turn.store, enterprise, "petition", "receives").body
    others = [
        one.conversation_id
        for one in turn.store.officers.of_body(body.id, "receives")
        if one.id != officer.id
    ]
    turn.tell(others, "desk-told-step", ["desk-queue", "later"])


def _language_of(turn: Turn, case: Case) -> str:
    """Return the language of whoever sent a case; a petition has many, so the first of all."""
    if case.conversation_id is None:
        return turn.office.words.languages[0]
    return letters_go_to(turn.store, turn.office, case.conversation_id).language
