"""Arriving: a scan, a typed code, neither; and coming back after a long pause."""

import re
import unicodedata
from datetime import datetime, timedelta
from functools import partial

from bot import dialogue
from bot.casework import desk_of
from bot.dialogue import Act, opens_on, prepared_by, reads_text, step

# First of all dialogues: a cry for help is read before any code.
from bot.dialogues import danger  # noqa: F401
from bot.dialogues.menu import MENU, is_under_way, menu
from bot.dialogues.place import arrive, found_places, look, search, show
from bot.turn import Turn
from storage.arrivals import Arrival
from storage.posters import CODE_LENGTH, Poster
from union.bodies import Body
from union.codes import bare, readings
from union.folding import clean, fold
from union.refusals import Unclear

# Five slips of the finger are human; a sixth wrong code waits.
MOST_WRONG = 5
WAIT = timedelta(minutes=15)
_LONGEST_TOKEN = 64
# Beyond so many words it is a question, not a greeting.
_QUESTION_WORDS = 4
_GREETINGS = frozenset(
    (
        *("alo", "a lo", "hi", "hello", "hey", "start", "ad", "ad oi", "cho hoi", "minh chao"),
        *("chao", "xin chao", "chao ban", "chao ad"),
    )
)
_WAYS = ("find", "rights", "person")


# --- a scan --------------------------------------------------------------------------------------


@opens_on("scan")
def scan(turn: Turn) -> None:
    """Come from a poster. An unknown or revoked one reads like no code at all."""
    token = clean(turn.heard.scan or "")[:_LONGEST_TOKEN]
    poster = turn.store.posters.by_token(token)
    if poster is not None:
        _come_from(turn, poster)
        return
    act = None
    if _is_code_shaped(token) and not _is_blocked(turn):
        act = _opened_by(turn, token)
        if act is None:
            _count_wrong(turn)
    if act is None:
        ask_for_code(turn, turn.store.bodies.triage())
    else:
        act(turn)


def _come_from(turn: Turn, poster: Poster) -> None:
    """Come to the place of a poster; one that names no place leads to the search."""
    if poster.enterprise_id is not None and poster.names_enterprise:
        arrive(turn, turn.store.enterprises.by_id(poster.enterprise_id))
    else:
        ask_for_code(turn, _body_of(turn, poster))


def _body_of(turn: Turn, poster: Poster) -> Body:
    """Return the body that a poster speaks for: what its page shows."""
    store = turn.store
    if poster.body_id is not None:
        return store.bodies.by_id(poster.body_id)
    known = poster.enterprise_id
    return desk_of(store, None if known is None else store.enterprises.by_id(known))


# --- without a code ------------------------------------------------------------------------------


@opens_on("greet")
def greet(turn: Turn) -> None:
    """Answer what fits nothing else: ask where she works, or say that it was not understood."""
    if turn.conversation.enterprise_id is None and turn.officer is None:
        ask_for_code(turn, turn.store.bodies.triage())
    elif _is_greeting(turn.text):
        menu(turn)
    elif len(fold(turn.text).split()) >= _QUESTION_WORDS and turn.officer is None:
        dialogue.opening("unanswered")(turn)
    else:
        raise Unclear("error-unclear?", choices=() if turn.officer else MENU)


def ask_for_code(turn: Turn, body: Body) -> None:
    """Ask for the code on a poster, or for the name of the place of work."""
    turn.ask("welcome-code?", then=listen, choices=_WAYS, province_body=body.name)


@step
@prepared_by(look)
def listen(turn: Turn) -> None:
    """Read what follows the question for a code: a name of a place, or a code that is wrong."""
    if _is_code_shaped(turn.text):
        _refuse_code(turn)
        return
    found = found_places(turn)
    if not found and readings(turn.text, CODE_LENGTH):
        _refuse_code(turn)
    elif not found and _is_greeting(turn.text) and not turn.memory.get("greeted"):
        # "alo" is no error: the question is asked again, once.
        turn.memory["greeted"] = True
        turn.again()
    elif not fold(turn.text):
        raise Unclear("error-empty?")
    else:
        show(turn, found)


def _is_greeting(text: str) -> bool:
    return not fold(text) or fold(text) in _GREETINGS


# --- a typed code --------------------------------------------------------------------------------


@reads_text
def read_code(turn: Turn) -> Act | None:
    """Understand a code that leads to a place at any step; a wrong one only where asked for."""
    typed = readings(turn.text, CODE_LENGTH)
    if typed and not _is_blocked(turn) and (act := _opened_by(turn, turn.text)) is not None:
        return act
    if not _is_asked_for_code(turn) or _is_hers(turn, typed):
        return None
    is_shaped = _is_code_shaped(turn.text)
    if turn.conversation.step == dialogue.name_of(search):
        # A name is asked for here: what looks like a code may still be one ("Dệt 8/3").
        return listen if is_shaped and not found_places(turn) else None
    return listen if is_shaped or (typed and not _is_known_question(turn)) else None


def _opened_by(turn: Turn, typed: str) -> Act | None:
    """Return what a poster's code or an arrival code leads to, or None."""
    poster = turn.store.posters.by_code(typed)
    if poster is not None:
        return partial(_come_from, poster=poster)
    found = turn.store.arrivals.find(typed, turn.said_at)
    if found is not None:
        poster = turn.store.posters.valid(found.poster_id)
        # Of a revoked poster: like any code that is none.
        return None if poster is None else partial(_come_once, poster=poster, found=found)
    marks = [_mark(turn, code) for code in readings(typed, CODE_LENGTH)]
    return _here_already if str(turn.memory.get("came_by", "")) in marks else None


def _come_once(turn: Turn, poster: Poster, found: Arrival) -> None:
    """Come with an arrival code, which opens nothing afterwards, in its page's language."""
    if not turn.store.arrivals.use_up(found):
        _refuse_code(turn)
        return
    # Only where she typed it: who sends it twice is not told that it is wrong.
    turn.memory["came_by"] = _mark(turn, found.code)
    if found.language in turn.office.words.languages:
        turn.conversation.language = found.language
    _come_from(turn, poster)


def _mark(turn: Turn, code: str) -> str:
    return turn.store.keys.mac("came-by", code)


def _here_already(turn: Turn) -> None:
    """Answer who types the code again that brought her here: what waits, or the welcome."""
    if not turn.again():
        dialogue.opening("greet" if turn.enterprise is None else "welcome-again")(turn)


def _is_asked_for_code(turn: Turn) -> bool:
    """Whether a code is an answer here: nothing was asked yet, or where she works was."""
    step_now = turn.conversation.step
    if not step_now:
        return turn.conversation.enterprise_id is None and turn.officer is None
    return step_now in (dialogue.name_of(listen), dialogue.name_of(search))


def _is_hers(turn: Turn, typed: tuple[str, ...]) -> bool:
    """Whether it is the code of a receipt or a request of her own: those are read elsewhere.

    Somebody else's reads like any wrong code, so that nobody learns that it exists.
    """
    here = turn.conversation.id
    codes = {one.code for one in turn.store.people.receipts_at(here)}
    codes |= {one.code for one in turn.store.cases.requests_of(here)}
    return not codes.isdisjoint(typed)


def _is_known_question(turn: Turn) -> bool:
    return turn.office.words.find_topic(turn.text) is not None


def _is_code_shaped(text: str) -> bool:
    """Whether this is meant as a code: six letters and digits, at least one of them a digit."""
    wide = unicodedata.normalize("NFKC", clean(bare(text)[:100]))
    if len(re.findall(r"\w+", wide)) > 2:
        return False
    letters = fold(wide).replace(" ", "")
    return (
        len(letters) == CODE_LENGTH
        and letters.isascii()
        and letters.isalnum()
        and any(char.isdigit() for char in letters)
    )


def _refuse_code(turn: Turn) -> None:
    """Say that a code opens nothing: wrong, revoked and expired ones read alike."""
    if not _is_blocked(turn):
        _count_wrong(turn)
    if _is_blocked(turn):
        turn.ask("code-too-often", then=listen, choices=_WAYS)
    else:
        turn.ask("code-unclear?", then=listen, choices=_WAYS)


def _wrong_times(turn: Turn) -> list[datetime]:
    kept = turn.memory.get("tries", [])
    return [datetime.fromisoformat(one) for one in kept]


def _is_blocked(turn: Turn) -> bool:
    wrong = _wrong_times(turn)
    return len(wrong) > MOST_WRONG and turn.now - wrong[-1] < WAIT


def _count_wrong(turn: Turn) -> None:
    recent = [at for at in _wrong_times(turn) if turn.now - at < WAIT]
    turn.memory["tries"] = [at.isoformat() for at in [*recent, turn.now]]


# --- coming back ---------------------------------------------------------------------------------


@opens_on("come-back")
def come_back(turn: Turn) -> None:
    """Ask, after a long pause, whether to go on; without naming the matter or the place."""
    current = dialogue.step_of(turn.conversation.step)
    if is_under_way(turn) or current is None:
        turn.say("resume?", ["resume", "restart", "discard"])
    else:
        current(turn)


@opens_on("contact")
def contact(turn: Turn) -> None:
    """Take a number that the channel vouches for, where a number was asked for."""
    question = (turn.memory.get("trail") or [{}])[-1]
    current = dialogue.step_of(turn.conversation.step)
    if current is None or not _asks_number(str(question.get("key", ""))):
        raise Unclear("error-unclear?", choices=() if turn.conversation.step else MENU)
    given = turn.heard.contact
    turn.text = clean(given.phone) if given is not None else ""
    turn.hide()
    current(turn)


def _asks_number(key: str) -> bool:
    return "phone" in key or key in ("human-call?", "human-reach?") or key.startswith("danger-")
