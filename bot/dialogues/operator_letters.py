"""What an operator does with letters that found no way: send them again, or lay them aside.

Nobody opens one here: an operator sees where it was to go and why it did not, never its words.
"""

from bot.dialogue import on_form
from bot.dialogues.operator import operators_only
from bot.turn import Turn
from union.refusals import NotAllowed

ALL_DEAD = "dead"


@on_form("letter-again")
@operators_only
def send_again(turn: Turn) -> None:
    """Let letters wait anew; field: letter (a number, or "dead" for all that are certainly lost).

    Of one that is held nobody knows whether it arrived: such a one goes again by its number only.
    """
    if turn.fields.get("letter") == ALL_DEAD:
        count = turn.store.backlog.send_dead_again()
        turn.store.ledger.write("letters_again", letters=count, by=turn.conversation.id)
        turn.show("operator", again=count)
        return
    number = _number(turn)
    if not turn.store.backlog.send_again(number):
        raise NotAllowed("operator-no-letter", number=number)
    turn.store.ledger.write("letter_again", letter=number, by=turn.conversation.id)
    turn.show("operator", again=1, letter=number)


@on_form("letter-aside")
@operators_only
def lay_aside(turn: Turn) -> None:
    """Wipe the words of a letter that found no way; field: letter (its number)."""
    number = _number(turn)
    if not turn.store.backlog.lay_aside(number):
        raise NotAllowed("operator-no-letter", number=number)
    turn.store.ledger.write("letter_aside", letter=number, by=turn.conversation.id)
    turn.show("operator", aside=1, letter=number)


def _number(turn: Turn) -> int:
    typed = turn.fields.get("letter", "")
    if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
        raise NotAllowed("operator-no-letter", number=typed[:40])
    return int(typed)
