"""A shared phone: leaving it so that it keeps nothing, and coming back with a code."""

import secrets

from bot.dialogue import on_form, opens_on, step
from bot.dialogues.joined import leave_alone
from bot.dialogues.menu import leave as end
from bot.dialogues.menu import resume
from bot.one_person import others_of
from bot.turn import Turn
from union.codes import grouped
from union.refusals import NotAllowed, Unclear

# The address of a web chat is its return code; what is shorter could be guessed.
CODE_LENGTH = 16
_UNREACHABLE_BYTES = 16


@opens_on("leave-device")
@on_form("leave")
def leave(turn: Turn) -> None:
    """Ask how she wants to leave: with a code to come back, or for good."""
    _only_on_a_page(turn)
    # An officer who left for good would still be told of cases, on a page that nobody can open.
    for_good = [] if turn.officer is not None else ["leave-now"]
    turn.ask("leave-device?", then=decide, choices=["leave-with-code", *for_good, "leave-stay"])


@step
def decide(turn: Turn) -> None:
    """Show the code, leave, or stay."""
    match turn.choice:
        case "leave-with-code":
            show_code(turn)
        case "leave-now":
            _leave_for_good(turn)
        case "leave-stay":
            end(turn, "device")
            resume(turn)
        case _:
            raise Unclear("error-choose?")


@on_form("leave-code")
def show_code(turn: Turn) -> None:
    """Show the return code, on a page and never in the chat: it is the address itself."""
    _only_on_a_page(turn)
    turn.hide()
    end(turn, "device")
    turn.memory["device"] = {"has_code": True}
    turn.show("return-code", code=grouped(turn.heard.address))


@on_form("left")
def left(turn: Turn) -> None:
    """Leave: this machine keeps nothing. Only who has seen the code can come back."""
    _only_on_a_page(turn)
    if turn.memory.get("device", {}).get("has_code") or turn.officer is not None:
        turn.hide()
        end(turn, "device")
        turn.store.outbox.wipe_page(turn.conversation.row_id)
        turn.show("left")
    else:
        _leave_for_good(turn)


def _leave_for_good(turn: Turn) -> None:
    """Let nobody come back: what is recorded stays, and no address leads to this talk."""
    turn.hide()
    turn.done()
    turn.memory.clear()
    turn.store.outbox.wipe_page(turn.conversation.row_id)
    turn.store.joinings.end_all(turn.conversation.row_id)
    if others_of(turn):
        leave_alone(turn)
    nowhere = f"left:{secrets.token_urlsafe(_UNREACHABLE_BYTES)}"
    turn.store.conversations.move(turn.conversation, nowhere)
    turn.show("left")


@on_form("return")
def come_back(turn: Turn) -> None:
    """Go on with a talk by its code. Using the code ends it: the talk gets a fresh address."""
    _only_on_a_page(turn)
    if not _was_left(turn):
        # Nobody ever talked here: a wrong code must not become an address.
        turn.store.conversations.wipe_address(turn.conversation.row_id)
        turn.show("return-unclear")
        return
    fresh = turn.fields.get("new", "")
    if len(fresh) < CODE_LENGTH:
        raise NotAllowed("error-not-allowed")
    turn.store.conversations.move(turn.conversation, fresh)
    turn.show("returned")
    end(turn, "device")
    resume(turn)


def _was_left(turn: Turn) -> bool:
    """Whether anything was ever said at this address."""
    known = turn.conversation
    return bool(known.offer or known.step or known.memory or known.enterprise_id)


def _only_on_a_page(turn: Turn) -> None:
    """Refuse where there is no page of ours to leave. Raises NotAllowed."""
    if not turn.office.can(turn.heard.channel).echoes:
        raise NotAllowed("error-not-allowed")
