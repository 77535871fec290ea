"""Taking a name back: blind, only from the address that signed; once sent, with an officer."""

from datetime import date

from bot import casework
from bot.dialogue import opens_on, step
from bot.dialogues import details
from bot.dialogues.afterwards import request_once
from bot.dialogues.menu import go_on, leave
from bot.dialogues.recording import say_receipt
from bot.turn import Turn
from storage.cases import Case
from storage.desk import VIETNAM
from storage.signatures import Signature
from union import membership
from union.refusals import Unclear


@opens_on("withdraw")
def withdraw(turn: Turn) -> None:
    """Ask first, in the same words whether or not anything was ever recorded here."""
    turn.ask("withdraw?", then=take_back, choices=["withdraw-now", "withdraw-keep"])


@step
def take_back(turn: Turn) -> None:
    """Take every name of this address back, and say the one receipt."""
    if turn.choice != "withdraw-now":
        raise Unclear("error-choose?")
    turn.hide()
    take_names_back(turn)
    turn.store.people.end_drafts(turn.conversation.id)
    code = turn.store.people.receipt_for(turn.conversation.id, None).code
    turn.done()
    turn.memory.pop("draft", None)
    say_receipt(turn, code)


def take_names_back(turn: Turn) -> bool:
    """Take back what may be taken back; return whether a name stands in a dossier already sent.

    What was set aside stays so: it does not count, and signing again must not undo it.
    """
    is_left = False
    for one in casework.lock_signed(turn.store, turn.conversation.id):
        if one.state != "valid":
            continue
        case = turn.store.cases.locked(one.case_id)
        if details.is_sent(case):
            is_left = True
            if one.withdraw_asked_at is None:
                turn.store.signatures.ask_withdrawal(one.id)
        else:
            _take_one_back(turn, one, case)
    return is_left


def _take_one_back(turn: Turn, one: Signature, case: Case) -> None:
    turn.store.signatures.withdraw(one.id)
    turn.store.ledger.write("withdrawn", case_id=case.id, body_id=case.body_id)
    if case.kind == "petition":
        casework.recount(turn.mail, case)
    elif case.is_live:
        _end_join(turn, one, case)


def _end_join(turn: Turn, one: Signature, case: Case) -> None:
    state = membership.step(case.state, "withdraw", "worker")  # type: ignore[arg-type]
    case = turn.store.cases.change(case, state=state, is_live=False, due_on=None)
    casework.tell_desk(turn.mail, case, "desk-join-withdrawn", ["desk", "later"], code=one.code)


# --- keeping it ----------------------------------------------------------------------------------


@opens_on("withdraw-keep")
def keep(turn: Turn) -> None:
    """Leave everything as it is, also a name in a dossier already sent; go on where she was."""
    for one in casework.lock_signed(turn.store, turn.conversation.id):
        if one.withdraw_asked_at is not None and one.state == "valid":
            turn.store.signatures.keep_after_all(one.id)
    leave(turn, "withdrawal")
    turn.say("withdraw-kept", ["status", "menu"])
    go_on(turn)


# --- once the dossier has gone -------------------------------------------------------------------


@opens_on("withdraw-help")
def ask_help(turn: Turn) -> None:
    """Ask an officer to take the name out of papers already sent, with a day to answer."""
    due = casework.working_days_from_today(turn.store, "request_answer_days")
    for one in casework.lock_signed(turn.store, turn.conversation.id):
        case = turn.store.cases.by_id(one.case_id)
        if one.state == "valid" and details.is_sent(case):
            due = _ask_officer(turn, one, case)
    turn.say("withdraw-late-asked", due=due)


def _ask_officer(turn: Turn, one: Signature, case: Case) -> date:
    if one.withdraw_asked_at is None:
        turn.store.signatures.ask_withdrawal(one.id)
    moment = case.sent_at or case.answered_at or turn.now
    text = turn.office.words.text(
        "withdraw-asked-text",
        "vi",
        code=one.code,
        case=case.code,
        sent_date=moment.astimezone(VIETNAM).date(),
    )
    asked = request_once(turn, "withdraw", case.body_id, text, case.enterprise_id)
    turn.store.ledger.write("withdrawal_asked", case_id=case.id, body_id=case.body_id)
    return asked.due_on or turn.today
