"""Where it stands: by one tap, by her code, in four neutral words from elsewhere; and the lock."""

from datetime import datetime, timedelta

from bot.dialogue import Act, opens_on, reads_text
from bot.dialogues import details, letters, standing
from bot.turn import Turn
from storage.people import Receipt
from union import codes

_MOST_TRIES = 5
_TRIES_WITHIN = timedelta(minutes=15)
_LONGEST_CODE = 14
_ASKS_A_CODE = "not_me.take_code"


# --- asking --------------------------------------------------------------------------------------


@opens_on("status")
def status(turn: Turn) -> None:
    """Tell at once what her code would bring; locked, or shared, only the short form."""
    if standing.needs_code(turn):
        _short(turn)
    else:
        tell_all(turn)


@opens_on("detail")
def detail(turn: Turn) -> None:
    """Tell what a letter was about, in plain words."""
    if standing.needs_code(turn):
        details.ask_code(turn)
    elif not letters.tell_newest(turn):
        tell_all(turn)


def tell_all(turn: Turn) -> None:
    """Tell everything that stands here: her name, her questions, what she is asked."""
    before = len(turn.mail.laid)
    letters.tell_waiting(turn)
    receipt = standing.my_receipt(turn)
    if receipt is not None:
        details.tell_receipt(turn, receipt)
    for case in standing.open_requests(turn):
        details.tell_request(turn, case)
    letters.tell_questions(turn)
    if len(turn.mail.laid) == before:
        turn.say("status-none?", ["person", "menu"])


def _short(turn: Turn) -> None:
    """Say what moves and no more; nothing, a draft, waiting and taken back read alike."""
    store = turn.store
    cases = [
        case
        for receipt in standing.alive_receipts(turn)
        for _, case in standing.standing_signatures(store, receipt)
    ]
    cases += standing.open_requests(turn)
    short = standing.strongest(standing.short_of_case(store, case) for case in cases)
    if short == "none":
        turn.say("status-none?", ["person", "menu"])
    elif short == "moving":
        moving = [one for one in cases if standing.short_of_case(store, one) == "moving"]
        due = min(standing.expected_on(store, one) for one in moving)
        turn.say("status-moving?", ["person", "menu"], due=due)
    else:
        turn.say(f"status-{short}?", ["person", "menu"])


# --- a code that is typed ------------------------------------------------------------------------


@reads_text
def read_code(turn: Turn) -> Act | None:
    """Understand her code anywhere; somebody else's only where no question waits for an answer.

    Where she is asked whose name was misused, a code is the answer to that, her own one too.
    """
    if turn.conversation.step == _ASKS_A_CODE:
        return None
    typed = codes.readings(turn.text) if len(turn.text) <= _LONGEST_CODE else ()
    for code in typed:
        mine = _mine(turn, code)
        if mine is not None:
            return mine
    is_free = not turn.conversation.step and turn.officer is None
    if not typed or not is_free or not _is_meant(turn.text):
        return None

    def answer(turn: Turn) -> None:
        _from_elsewhere(turn, typed)

    return answer


def _mine(turn: Turn, code: str) -> Act | None:
    here = turn.conversation.id
    receipt = turn.store.people.receipt_by_code(code)
    if receipt is not None and receipt.conversation_id == here:

        def open_mine(turn: Turn) -> None:
            _with_key(turn, receipt)

        return open_mine
    case = turn.store.cases.by_code(code)
    if case is not None and case.kind == "request" and case.conversation_id == here:

        def open_request(turn: Turn) -> None:
            details.tell_request(turn, case)

        return open_request
    return None


def _with_key(turn: Turn, receipt: Receipt) -> None:
    turn.hide()
    standing.note_key(turn, receipt)
    tell_all(turn)


def _is_meant(text: str) -> bool:
    """Whether a line is meant as a code, be it known or not: many a word has the form of one."""
    return any(char.isdigit() for char in text) or text == text.upper()


def _from_elsewhere(turn: Turn, typed: tuple[str, ...]) -> None:
    """Say one of four values; unknown codes and fresh ones read alike, and tries are limited."""
    since = turn.now - _TRIES_WITHIN
    tries = [one for one in turn.memory.get("tries", []) if datetime.fromisoformat(one) > since]
    if len(tries) >= _MOST_TRIES:
        turn.say("status-code-too-often", ["person", "menu"])
        return
    turn.memory["tries"] = [*tries, turn.now.isoformat()]
    short = standing.strongest(standing.short_of_code(turn.store, one) for one in typed)
    said = turn.words(f"short-{short}")
    turn.say("status-code-short?", ["person", "menu"], code=typed[0], status_short=said)


@opens_on("code-lost")
def code_lost(turn: Turn) -> None:
    """Say how a lost code comes back."""
    turn.say("code-lost", ["sign", "menu"])


# --- the lock ------------------------------------------------------------------------------------


@opens_on("lock")
def lock(turn: Turn) -> None:
    """Show details from now on only to who types the code; the same words for everybody."""
    turn.conversation.is_locked = True
    turn.store.joinings.end_all(turn.conversation.row_id)
    turn.memory.pop("key", None)
    turn.say("lock-on")


@opens_on("unlock")
def unlock(turn: Turn) -> None:
    """Open the lock where her code was typed just before."""
    if turn.conversation.is_locked and standing.needs_code(turn):
        details.ask_code(turn)
        return
    turn.conversation.is_locked = False
    turn.say("lock-off")
