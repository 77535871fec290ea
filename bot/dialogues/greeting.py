"""Somebody opens the chat or follows the account and says nothing: greeted once, never twice."""

from datetime import datetime, timedelta
from typing import Any

from bot import dialogue
from bot.dialogue import on_form
from bot.dialogues.menu import has_something
from bot.speech import FOLLOWED, OPENED
from bot.turn import Turn

# Following, opening the chat and the first words come as events of their own within a moment.
MOMENT = timedelta(minutes=2)
# Who leaves and comes back by the hour is not greeted each time.
GREETED_FOR = timedelta(days=1)


@on_form(OPENED)
def opened(turn: Turn) -> None:
    """Greet who has opened the chat and said nothing, or ask again what waits for her answer."""
    greeted = _greeted(turn, MOMENT)
    if greeted is None or greeted["offer"] != turn.conversation.offer:
        _greet(turn)


@on_form(FOLLOWED)
def followed(turn: Turn) -> None:
    """Greet who follows the account and is new, and ask again where that is of use.

    In the middle of a talk nothing is said: her question stands right above. After she had left,
    or after a long pause, it is asked again. Who wants no letters gets none for following.
    """
    here = turn.conversation
    if here.stopped_all_at is not None or _greeted(turn, GREETED_FOR) is not None:
        return
    is_new = here.offer == 0
    if is_new or here.gone_at is not None or turn.was_interrupted():
        _greet(turn)


def _greet(turn: Turn) -> None:
    waits = has_something(turn) or bool(turn.conversation.step)
    dialogue.opening("resume" if waits else "greet")(turn)
    # What is asked from now on has another number: then she may be asked again.
    turn.memory["greeting"] = {"at": turn.now.isoformat(), "offer": turn.conversation.offer}


def _greeted(turn: Turn, pause: timedelta) -> dict[str, Any] | None:
    """Return the note of a greeting that is no older than this, or None."""
    note: dict[str, Any] | None = turn.memory.get("greeting")
    if note is None or turn.now - datetime.fromisoformat(note["at"]) >= pause:
        return None
    return note
