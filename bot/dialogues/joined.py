"""What is joined: which addresses are hers, letting one leave, and what a platform takes back."""

from typing import Any

from bot import casework
from bot.dialogue import opens_on, step
from bot.dialogues import details, standing
from bot.dialogues.joining import channel_named, write_to
from bot.dialogues.menu import go_on, leave
from bot.mail import Option
from bot.one_person import others_of, part, went_first
from bot.turn import Turn
from storage.conversations import Conversation
from storage.desk import VIETNAM
from union.refusals import Unclear

_PUT_OUT = "put-out-"


@opens_on("joined")
def joined(turn: Turn) -> None:
    """Show her addresses, and which of them may be let go from here."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return
    others = others_of(turn)
    if not others:
        turn.say("joined-none", ["joining-code", "menu"])
        return
    later = {
        f"{_PUT_OUT}{n}": one
        for n, one in enumerate(others, 1)
        if went_first(turn.conversation, one)
    }
    turn.memory["joined"] = {choice: one.row_id for choice, one in later.items()}
    put_out: list[Option] = [
        (choice, turn.words("joined-put-out", **_named(turn, one)))
        for choice, one in later.items()
    ]
    turn.ask(
        "joined-places?",
        then=choose,
        choices=["joined-leave", *put_out, "joined-keep"],
        places="\n".join(_lines(turn, others)),
    )


def _lines(turn: Turn, others: list[Conversation]) -> list[str]:
    here = channel_named(turn, turn.conversation.channel)
    return [turn.words("joined-here", place=here)] + [
        turn.words("joined-there", **_named(turn, one)) for one in others
    ]


def _named(turn: Turn, one: Conversation) -> dict[str, Any]:
    day = one.heard_at.astimezone(VIETNAM).date()
    return {"place": channel_named(turn, one.channel), "day": day}


@step
def choose(turn: Turn) -> None:
    """Let this address leave, after a question; or another; or none."""
    if turn.choice == "joined-leave":
        turn.ask("joined-leave?", then=go, choices=["joined-leave-now", "joined-keep"])
        return
    row_id = turn.memory.get("joined", {}).get(turn.choice or "")
    if row_id is None and turn.choice != "joined-keep":
        raise Unclear("error-choose?")
    leave(turn, "joined")
    if row_id is None:
        turn.say("joined-kept", ["menu"])
    else:
        _put_out(turn, int(row_id))
    go_on(turn)


def _put_out(turn: Turn, row_id: int) -> None:
    """Let another address leave and tell it so; one that went first is never put out from here."""
    other = turn.store.conversations.locked_by_id(row_id)
    if other.id != turn.conversation.id or not went_first(turn.conversation, other):
        turn.say("joined-kept", ["menu"])
        return
    part(turn, other)
    write_to(turn, other, "joined-parted", ["menu"])
    turn.say("joined-put-out-done", ["joined", "menu"])


@step
def go(turn: Turn) -> None:
    """Let this address leave: it sees nothing any more."""
    if turn.choice not in ("joined-leave-now", "joined-keep"):
        raise Unclear("error-choose?")
    if turn.choice == "joined-keep" or not others_of(turn):
        leave(turn, "joined")
        turn.say("joined-kept", ["menu"])
        go_on(turn)
        return
    turn.hide()
    leave_alone(turn)
    turn.say("joined-parted", ["menu"])


def leave_alone(turn: Turn) -> None:
    """Let the address of this turn leave, with all that its talk remembers."""
    turn.conversation.memory.clear()
    part(turn, turn.conversation)
    turn.memory = turn.conversation.memory


def take_back_here(turn: Turn) -> bool:
    """As her platform tells that she takes back what it handed over: let that address leave.

    True where another address of hers is left and can be reached. She is asked there whether all
    is to be erased: a platform speaks of what it handed over, and not for her elsewhere.
    """
    others = [one for one in others_of(turn) if one.gone_at is None]
    if not others:
        return False
    store, owner_id = turn.store, turn.conversation.id
    body = casework.desk_of(store, turn.enterprise)
    case = store.cases.open(
        "request",
        store.people.new_code(),
        "answered",
        body.id,
        conversation_id=owner_id,
        about="erase",
        due_on=casework.working_days_from_today(store, "dsr_ack_days"),
    )
    store.ledger.write("erased", case_id=case.id, body_id=body.id, kept="joined")
    case = store.cases.change(case, is_live=False, answered_at=turn.now)
    leave_alone(turn)
    turn.mail.here = None
    turn.mail.news(owner_id, case, "news-taken-back?")
    return True
