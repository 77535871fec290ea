"""Erasing: at once where nothing was sent, and said plainly what stays and why."""

from bot import casework
from bot.dialogue import on_form, opens_on, step
from bot.dialogues.joined import take_back_here
from bot.dialogues.menu import go_on, leave
from bot.dialogues.stopping import stop_everything
from bot.dialogues.wish import DRAFT
from bot.dialogues.withdrawal import take_names_back
from bot.facts import to_keep
from bot.one_person import others_of
from bot.speech import WITHDRAWN
from bot.turn import Turn
from storage.cases import Case
from union.bodies import Body
from union.refusals import Unclear

_PAGES = ("sign", "mine", "text", "consents", "return")


@opens_on("erase")
def erase(turn: Turn) -> None:
    """Ask what to erase, in the same words for everybody."""
    turn.ask("erase?", then=choose, choices=["erase-all", "erase-questions", "erase-not"])


@step
def choose(turn: Turn) -> None:
    """Erase, and answer with a code and the day by which the union answers."""
    match turn.choice:
        case "erase-all":
            _erase_all(turn)
        case "erase-questions":
            _erase_questions(turn)
        case "erase-not":
            leave(turn, "erasing")
            turn.say("withdraw-kept", ["mine", "menu"])
            go_on(turn)
        case _:
            raise Unclear("error-choose?")


@on_form(WITHDRAWN)
def withdrawn(turn: Turn) -> None:
    """Stop every letter, erase, and record it, as her platform tells; nothing is said to her.

    Where she has another address, that of the platform leaves, and she is asked at the other.
    """
    is_elsewhere = take_back_here(turn)
    stop_everything(turn)
    if not is_elsewhere:
        _erase_all(turn, says=False)


def _erase_all(turn: Turn, *, says: bool = True) -> None:
    turn.hide()
    store, here = turn.store, turn.conversation.id
    body = casework.desk_of(store, turn.enterprise)
    is_left = take_names_back(turn)
    # A code stays for everybody, so that the past does not show in whether there is one.
    store.people.receipt_for(here, None)
    _close_requests(turn)
    for case_id, _ in store.cases.committees_of(here):
        store.cases.set_committee_state(case_id, here, "left")
    if is_left:
        store.people.end_drafts(here)
    else:
        for one in store.signatures.at(here):
            if one.state == "set_aside":
                store.signatures.withdraw(one.id)
        store.people.end_consents(here)
        store.people.erase(here)
        store.signatures.erase_texts(here)
    store.news.erase(here)
    _erase_addresses(turn)
    turn.conversation.enterprise_id = None
    turn.conversation.wants_news = None
    turn.done()
    turn.memory.pop(DRAFT, None)
    kept = "kept-paper-rule" if is_left else "nothing-kept"
    _answer(turn, body, kept, is_left=is_left, says=says)


def _erase_addresses(turn: Turn) -> None:
    """Wipe what waits at each address of hers, and what the talk at the others remembers."""
    store, here = turn.store, turn.conversation
    for row_id in [here.row_id, *(one.row_id for one in others_of(turn))]:
        store.outbox.wipe_page(row_id)
        store.links.close_all(row_id, *_PAGES)
        store.joinings.end_all(row_id)
        if row_id != here.row_id:
            store.conversations.forget_everything(row_id)


def _erase_questions(turn: Turn) -> None:
    turn.hide()
    body = casework.desk_of(turn.store, turn.enterprise)
    _close_requests(turn)
    leave(turn, "erasing")
    _answer(turn, body, "kept-not-questions", is_left=False)


def _close_requests(turn: Turn) -> None:
    """Wipe the words and numbers of her questions; those that wait are closed."""
    for sent in turn.store.cases.requests_of(turn.conversation.id):
        case = turn.store.cases.locked(sent.id)
        if case.is_live:
            turn.store.cases.change(case, state="closed", is_live=False)
            turn.store.ledger.write("closed", case_id=case.id, body_id=case.body_id)
    turn.store.cases.wipe_requests(turn.conversation.id)


def _answer(turn: Turn, body: Body, kept: str, *, is_left: bool, says: bool = True) -> None:
    """Say the code and the day, and lay out what was done; papers left go to an officer."""
    store = turn.store
    due = casework.working_days_from_today(store, "dsr_ack_days")
    case = store.cases.open(
        "request",
        store.people.new_code(),
        "waiting" if is_left else "answered",
        body.id,
        conversation_id=turn.conversation.id,
        about="erase",
        due_on=due,
    )
    store.ledger.write("erased", case_id=case.id, body_id=body.id, kept=kept)
    if says:
        turn.say("erase-asked", code=case.code, ack_due=due)
    facts = {
        "today": turn.today,
        "kept": turn.words(kept),
        "upper": store.bodies.above(body).name,
    }
    if is_left:
        _leave_papers(turn, case)
    else:
        store.cases.change(case, is_live=False, answered_at=turn.now)
    if is_left and says:
        turn.mail.news(turn.conversation.id, case, "erase-done", **facts)
    else:
        store.news.lay_out(turn.conversation.id, case.id, "erase-done", to_keep(facts))


def _leave_papers(turn: Turn, case: Case) -> None:
    text = turn.office.words.text("erase-asked-text", "vi")
    turn.store.cases.change(case, text=text)
    casework.tell_desk(turn.mail, case, "desk-new", ["desk", "later"])
