"""The ways through every talk: menu, back, help, cancel, going on, another language."""

from typing import Any

from bot import dialogue
from bot.dialogue import opens_on
from bot.facts import to_use
from bot.mail import Option
from bot.turn import NEXT, Turn

# Unchanged for ever: what she sees here tells nobody what she did before.
MENU = ("sign", "rights", "who-sees", "person", "more")

# Dialogues that only look or lead somewhere: leaving them loses nothing that anybody typed.
_ASIDE = frozenset(
    {"welcome", "menu", "place", "rights", "stopping", "device", "joining", "joined"}
)
# Where a matter begins anew, by the dialogue it is under way in.
_BEGINS = {
    "signing": "sign",
    "request": "person",
    "withdrawal": "withdraw",
    "privacy": "mine",
    "committee": "help-organise",
    "status": "status",
    "desk": "desk",
    "decisions": "desk",
}

Question = dict[str, Any]


# --- ways ----------------------------------------------------------------------------------------


@opens_on("menu")
def menu(turn: Turn) -> None:
    """Show the menu; what was under way waits for "làm tiếp". An officer comes to the desk."""
    if turn.officer is not None and dialogue.is_opening("desk"):
        turn.choice = "desk"
        dialogue.opening("desk")(turn)
        return
    put_aside(turn)
    turn.say("menu?", MENU)


@opens_on("more")
def more(turn: Turn) -> None:
    """Show what else there is."""
    put_aside(turn)
    turn.say("menu-more?", ["status", "mine", "news", "place", "language"])


@opens_on("help")
def helped(turn: Turn) -> None:
    """Say what may be typed at any time."""
    turn.say("help", ["resume", "menu", "person"])


@opens_on("back")
def back(turn: Turn) -> None:
    """Ask the question before this one; before the first there is only the menu."""
    if not turn.conversation.step and _take_up(turn):
        return
    if not turn.back():
        menu(turn)


@opens_on("cancel", "discard")
def cancel(turn: Turn) -> None:
    """Drop what is under way, and what was typed for it."""
    begins = _begins(turn)
    if not begins and not turn.conversation.step:
        menu(turn)
        return
    turn.done()
    if begins:
        turn.memory["dropped"] = begins
    turn.say("cancel-done?", ["menu", "restart"] if begins else ["menu"])


@opens_on("restart")
def restart(turn: Turn) -> None:
    """Begin the matter anew that was under way, or that was dropped last."""
    begins = _begins(turn) or str(turn.memory.get("dropped", ""))
    turn.done()
    if not dialogue.is_opening(begins):
        menu(turn)
        return
    turn.choice = begins
    dialogue.opening(begins)(turn)


@opens_on("resume")
def resume(turn: Turn) -> None:
    """Ask again where she was, also after the menu."""
    if is_under_way(turn):
        _drop_asides(turn)
        turn.again()
    elif not _take_up(turn) and not turn.again():
        menu(turn)


@opens_on(NEXT)
def next_choices(turn: Turn) -> None:
    """Show the choices that did not fit under the question; after the last, all of it again."""
    if not turn.next_choices() and not turn.again():
        menu(turn)


@opens_on("later")
def later(turn: Turn) -> None:
    """Let an envelope be; in a question that offers "later", its words are an answer."""
    current = dialogue.step_of(turn.conversation.step)
    if current is not None and turn.heard.choice is None and turn.offers("later"):
        current(turn)
        return
    turn.say("tip-thanks")


# --- languages -----------------------------------------------------------------------------------


@opens_on("language")
def language(turn: Turn) -> None:
    """Change to the next language at hand."""
    known = turn.office.words.languages
    here = known.index(turn.language) if turn.language in known else 0
    _speak(turn, known[(here + 1) % len(known)])


@opens_on("english")
def english(turn: Turn) -> None:
    """Write in English."""
    _speak(turn, "en")


@opens_on("vietnamese")
def vietnamese(turn: Turn) -> None:
    """Write in Vietnamese."""
    _speak(turn, "vi")


def _speak(turn: Turn, code: str) -> None:
    turn.conversation.language = code
    turn.say("language-set")
    if turn.again():
        return
    # She has read nothing in this language yet, so she is welcomed once more.
    dialogue.opening("menu" if turn.officer else "welcome-again")(turn)


# --- what is under way ---------------------------------------------------------------------------


def room_of(question: Question) -> str:
    """Return the dialogue that asked a question."""
    return str(question["then"]).partition(".")[0]


def trail_of(turn: Turn) -> list[Question]:
    """Return the questions that led here, the last one waiting for its answer."""
    found: list[Question] = turn.memory.setdefault("trail", [])
    return found


def is_under_way(turn: Turn) -> bool:
    """Whether the question that waits belongs to a matter, or was asked in the middle of one."""
    return bool(turn.conversation.step) and any(_is_matter(one) for one in trail_of(turn))


def has_something(turn: Turn) -> bool:
    """Whether a matter is under way or waits behind the menu."""
    return is_under_way(turn) or bool(turn.memory.get("aside"))


def put_aside(turn: Turn) -> None:
    """Let what is under way wait; what is typed from now on is no answer to it."""
    if is_under_way(turn):
        _drop_asides(turn)
        turn.memory["aside"] = trail_of(turn)
    turn.memory["trail"] = []
    turn.conversation.step = ""


def leave(turn: Turn, room: str) -> None:
    """End what the dialogue *room* had under way; what it came in between stays."""
    kept = [one for one in trail_of(turn) if room_of(one) != room]
    turn.memory.pop(room, None)
    if not kept and "aside" not in turn.memory:
        turn.done()
        return
    turn.memory["trail"] = kept
    turn.conversation.step = str(kept[-1]["then"]) if kept else ""


def go_on(turn: Turn) -> None:
    """After an answer in between, ask again what she was at; say nothing where nothing waits."""
    if not is_under_way(turn):
        return
    _drop_asides(turn)
    question = trail_of(turn)[-1]
    options: list[Option] = [
        one[0] if len(one) == 1 else (one[0], one[1]) for one in question["choices"]
    ]
    again = turn.words(question["key"], **to_use(question["facts"]))
    turn.say("step-again?", options, question_again=again)


def unask(turn: Turn) -> None:
    """Forget the question that waits; the one before it waits again."""
    trail = trail_of(turn)
    if trail:
        trail.pop()
    turn.conversation.step = str(trail[-1]["then"]) if trail else ""


def _is_matter(question: Question) -> bool:
    return room_of(question) not in _ASIDE


def _drop_asides(turn: Turn) -> None:
    trail = trail_of(turn)
    while not _is_matter(trail[-1]):
        trail.pop()
    turn.conversation.step = str(trail[-1]["then"])


def _take_up(turn: Turn) -> bool:
    """Ask again what waits behind the menu; False where nothing does."""
    aside = turn.memory.pop("aside", None)
    if not aside:
        return False
    turn.memory["trail"] = aside
    turn.conversation.step = str(aside[-1]["then"])
    return turn.again()


def _begins(turn: Turn) -> str:
    """Return the opening of the matter under way or set aside, or ""."""
    questions = trail_of(turn) if is_under_way(turn) else turn.memory.get("aside", [])
    rooms = (room_of(one).partition("_")[0] for one in questions if _is_matter(one))
    return next((_BEGINS.get(room, "") for room in rooms), "")
