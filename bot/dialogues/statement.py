"""The statement: the exact text, the last tap, and what is corrected before it."""

from bot.dialogue import answers, opening, step
from bot.dialogues import naming, signing
from bot.dialogues.recording import is_outdated, put_down, put_off, say_receipt
from bot.dialogues.wish import (
    Wish,
    keep_draft,
    kind_of,
    statement_facts,
    statement_key,
    under_way,
)
from bot.turn import Turn
from union.refusals import Unclear


def ask_statement(turn: Turn, wish: Wish) -> None:
    """Show the exact text that the last tap will agree to."""
    facts = statement_facts(turn, wish, wish.name)
    wish.keep(turn)
    choices = ["put-name", "edit", "foreign", "owner", "later"]
    if wish.is_foreign or wish.correcting is not None:
        choices = ["put-name", "edit", "later"]
    turn.ask(f"sign-statement-{statement_key(wish)}?", then=decide, choices=choices, **facts)


@step
@answers("later")
def decide(turn: Turn) -> None:
    """Do what she chose under the statement."""
    wish = under_way(turn)
    match turn.choice:
        case "put-name":
            put_name(turn)
        case "later":
            put_aside(turn)
        case "edit":
            ask_edit(turn, wish)
        case "foreign":
            wish.is_foreign = True
            ask_statement(turn, wish)
        case "owner":
            turn.hide()
            signing.keep_nothing(turn)
            turn.say("sign-not-eligible?", ["person", "rights", "menu"])
        case _:
            raise Unclear("error-choose?")


def put_name(turn: Turn) -> None:
    """Record what she agreed to, unless what she was told has changed meanwhile."""
    turn.hide()
    wish = under_way(turn)
    if is_outdated(turn, wish, lock=True):
        turn.say("error-stale")
        begin_anew(turn, wish)
        return
    if not _is_shown(turn, wish):
        ask_statement(turn, wish)
        return
    say_receipt(turn, put_down(turn, wish).code, contact=wish.contact)


def _is_shown(turn: Turn, wish: Wish) -> bool:
    """Whether the text that would be kept is the one on the screen: "back" brings older ones.

    Who went back before "Người nước ngoài" has taken that back, too.
    """
    shown = turn.memory["trail"][-1]
    wish.is_foreign = shown["key"] == "sign-statement-foreign?"
    return bool(shown["facts"].get("paper") == wish.text)


def put_aside(turn: Turn) -> None:
    """Keep a draft; the receipt is the same as after signing."""
    turn.hide()
    wish = under_way(turn)
    say_receipt(turn, put_off(turn, wish).code, contact=wish.contact)


def begin_anew(turn: Turn, wish: Wish) -> None:
    """Ask again for what depends on the place; name and phone stay."""
    enterprise = turn.store.enterprises.by_id(wish.enterprise_id)
    wish.kind, wish.wants_cdcs = kind_of(enterprise), False
    signing.start(turn, wish)


# --- correcting before the last tap --------------------------------------------------------------


def ask_edit(turn: Turn, wish: Wish) -> None:
    """Ask what to correct."""
    fields = ["edit-name", "edit-phone", "edit-place", "edit-consent", "edit-nothing"]
    if not wish.contact:
        fields.remove("edit-phone")
    if wish.correcting is not None:
        fields = [one for one in fields if one not in ("edit-place", "edit-consent")]
    turn.ask("edit?", then=take_edit, choices=fields)


@step
def take_edit(turn: Turn) -> None:
    """Go back to one answer; the others stay."""
    wish = under_way(turn)
    match turn.choice:
        case "edit-name" if turn.office.can(turn.conversation.channel).asks_identity:
            turn.ask("edit-name?", then=naming.take_name)
        case "edit-name":
            # A foreign chat is no place for a name: it stands on our page, to be changed there.
            naming.ask_next(turn, wish)
        case "edit-phone":
            wish.phone_asked = False
            naming.ask_next(turn, wish)
        case "edit-place":
            keep_draft(turn, wish, moves=True)
            opening("place")(turn)
        case "edit-consent":
            signing.ask_consent(turn, wish)
        case "edit-nothing":
            naming.ask_next(turn, wish)
        case _:
            raise Unclear("error-choose?")
