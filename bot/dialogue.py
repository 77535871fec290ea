"""How the next step of a talk is chosen: every step and every way in has a name.

A *step* answers the question that was asked last. An *opening* can be reached at any time, by a
button or by typing its word. A *form* comes from a page of ours or from an operator's command.
A *reader* looks at typed words that are neither a choice nor a command (codes, questions).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from union.refusals import NotAllowed, Unclear

if TYPE_CHECKING:
    from bot.turn import Prepared, Turn
    from storage.conversations import Conversation
    from storage.store import Store

Act = Callable[["Turn"], None]
Reader = Callable[["Turn"], Act | None]
Prepare = Callable[["Store", "Conversation", str], "Prepared"]

_steps: dict[str, Act] = {}
_openings: dict[str, Act] = {}
_forms: dict[str, Act] = {}
_readers: list[Reader] = []
_preparing: dict[str, Prepare] = {}
_own: dict[str, frozenset[str]] = {}

# Longer texts are not read: nothing that we ask for needs more.
LONGEST_TEXT = 1000


def name_of(act: Act) -> str:
    """Return the name under which a step is remembered between two turns."""
    return f"{act.__module__.rpartition('.')[2]}.{act.__name__}"


def step(act: Act) -> Act:
    """Register an act as a step: it can be the `then` of a question."""
    _steps[name_of(act)] = act
    return act


def answers(*choices: str) -> Callable[[Act], Act]:
    """Let a step answer these choices of its own question, though elsewhere they open something.

    "Để sau" under a text to agree to is an answer; under an envelope it may be pressed any time.
    """

    def mark(act: Act) -> Act:
        _own[name_of(act)] = frozenset(choices)
        return act

    return mark


def prepared_by(prepare: Prepare) -> Callable[[Act], Act]:
    """Let slow reading for a step (a search over names) happen before its transaction."""

    def mark(act: Act) -> Act:
        _preparing[name_of(act)] = prepare
        return act

    return mark


def opens_on(*names: str) -> Callable[[Act], Act]:
    """Register an act as the way in for choices and commands of these names, at any time."""

    def mark(act: Act) -> Act:
        for one in names:
            if one in _openings:
                raise ValueError(f"two openings for {one}")
            _openings[one] = act
        return act

    return mark


def on_form(*names: str) -> Callable[[Act], Act]:
    """Register an act for forms of these names."""

    def mark(act: Act) -> Act:
        for one in names:
            _forms[one] = act
        return act

    return mark


def reads_text(read: Reader) -> Reader:
    """Register a reader of typed words; readers are asked in the order of registration."""
    _readers.append(read)
    return read


def preparation(step_name: str) -> Prepare | None:
    """Return what must be read before the transaction of a step, or None."""
    return _preparing.get(step_name)


def is_opening(choice: str) -> bool:
    """Whether a choice may be pressed at any time."""
    return choice in _openings


def opening(name: str) -> Act:
    """Return the way in of this name. Raises KeyError."""
    return _openings[name]


def step_of(name: str) -> Act | None:
    """Return the step of this name; None where the software has changed since it was asked."""
    return _steps.get(name)


def known_openings() -> frozenset[str]:
    """Return the names of all ways in."""
    return frozenset(_openings)


def find(turn: "Turn") -> Act:
    """Return what answers this turn. Raises Unclear, NotAllowed."""
    heard = turn.heard
    if heard.form is not None:
        return _form(heard.form.name)
    if heard.scan is not None:
        return _openings["scan"]
    if heard.contact is not None:
        return _openings["contact"]
    if heard.unread is not None:
        ways = ("resume", "person", "menu")
        if heard.unread == "late":
            raise Unclear("error-late?", choices=ways)
        raise Unclear("error-not-text?", choices=ways, link=turn.office.public_url)
    if heard.choice is not None:
        return _pressed(turn)
    return _typed(turn)


def _form(name: str) -> Act:
    try:
        return _forms[name]
    except KeyError:
        raise NotAllowed("error-not-allowed") from None


def _pressed(turn: "Turn") -> Act:
    pressed = turn.pressed()
    if pressed is None:
        raise NotAllowed("error-not-allowed")
    own = _own.get(turn.conversation.step, frozenset())
    is_current = pressed.offer == turn.conversation.offer
    if pressed.choice in _openings and not (pressed.choice in own and is_current):
        turn.choice = pressed.choice
        return _openings[pressed.choice]
    current = step_of(turn.conversation.step)
    if (
        pressed.offer != turn.conversation.offer
        or current is None
        or not turn.offers(pressed.choice)
    ):
        raise Unclear("error-old-button?")
    turn.choice = pressed.choice
    return current


def _typed(turn: "Turn") -> Act:
    if len(turn.heard.text or "") > LONGEST_TEXT:
        raise Unclear("error-too-long?", limit=LONGEST_TEXT)
    current = step_of(turn.conversation.step)
    choice = turn.chosen_by_words()
    if choice is not None:
        turn.choice = choice
        if current is not None and choice in _own.get(turn.conversation.step, frozenset()):
            return current
        return _openings.get(choice) or current or _openings["menu"]
    command = turn.office.words.command(turn.text) or turn.said_by_words()
    if command in _openings:
        turn.choice = command
        return _openings[command]
    # Before anything else is asked: a cry for help and a code are understood after any pause.
    for read in _readers:
        found = read(turn)
        if found is not None:
            return found
    if turn.was_interrupted():
        return _openings["come-back"]
    return current or _openings["greet"]
