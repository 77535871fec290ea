"""Last of all readers: a code that nobody understood is a wrong one, wherever it was typed."""

from bot.dialogue import Act, reads_text
from bot.dialogues.joining import is_blocked
from bot.turn import Turn
from storage.joinings import CODE_LENGTH
from union.codes import ALPHABET, readings

_MOST_KEPT = 8


@reads_text
def count_wrong(turn: Turn) -> Act | None:
    """Count it, and let whatever waits answer: nothing tells that it was tried as a code.

    What asks for codes counts by itself and never comes here.
    """
    typed = readings(turn.text, CODE_LENGTH) if len(turn.text) <= 2 * CODE_LENGTH else ()
    is_meant = any(char.isdigit() and char in ALPHABET for char in turn.text)
    if typed and is_meant and not is_blocked(turn):
        turn.memory["tries"] = [*turn.memory.get("tries", []), turn.now.isoformat()][-_MOST_KEPT:]
    return None
