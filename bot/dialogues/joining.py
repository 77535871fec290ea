"""Joining two conversations of one person: a code from one, typed in the other, agreed to in both.

Whoever gets hold of a code learns nothing by it: she who showed it is asked once more, where she
showed it, before anything is joined. Whoever talks her into typing his code meets that question
where she types.
"""

from datetime import datetime, timedelta
from typing import Any

# First of all dialogues: a cry for help is read before any code.
from bot.dialogues import danger  # noqa: F401  isort: skip
from bot.dialogue import Act, opens_on, reads_text, step
from bot.dialogues import details, standing
from bot.dialogues.menu import go_on, leave
from bot.mail import Option
from bot.one_person import make_one, others_of, why_not
from bot.payloads import ANY_TIME, payload
from bot.speech import Choice, Reply
from bot.turn import Turn
from storage.conversations import MOST_ADDRESSES, Conversation
from storage.desk import VIETNAM
from storage.joinings import MINUTES, Joining
from union.codes import grouped
from union.consent import QUIET_TO
from union.refusals import Unclear

_MOST_TRIES = 5
_TRIES_WITHIN = timedelta(minutes=15)
_LONGEST_CODE = 14


# --- the way in, and the code --------------------------------------------------------------------


@opens_on("joining")
def joining(turn: Turn) -> None:
    """Say what joining is and who will see what."""
    choices: list[Option] = ["joining-code", "joined", "mine", "menu"]
    if not standing.needs_code(turn) and _by_number(turn) is not None:
        choices.insert(1, "joining-number")
    turn.say("joining?", choices)


@opens_on("joining-code")
def show_code(turn: Turn) -> None:
    """Show a fresh code, where the chat is neither locked nor shared."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return
    code = turn.store.joinings.make(turn.conversation.row_id)
    turn.say("joining-code-shown", ["menu"], code=grouped(code), minutes=MINUTES)


# --- where it is typed ---------------------------------------------------------------------------


@reads_text
def read_code(turn: Turn) -> Act | None:
    """Understand a code of another conversation at any step; any other code is not ours."""
    if len(turn.text) > _LONGEST_CODE or is_blocked(turn):
        return None
    known = turn.store.joinings.find(turn.text)
    if known is None:
        return None

    def answer(turn: Turn) -> None:
        _ask_here(turn, known)

    return answer


def is_blocked(turn: Turn) -> bool:
    """Whether too many wrong codes, of whatever kind, were typed here lately."""
    since = turn.now - _TRIES_WITHIN
    kept = [datetime.fromisoformat(one) for one in turn.memory.get("tries", [])]
    return sum(one > since for one in kept) >= _MOST_TRIES


def _ask_here(turn: Turn, known: Joining) -> None:
    """Ask where the code was typed, before anything is asked where it was shown."""
    turn.hide()
    if known.conversation_id == turn.conversation.row_id:
        turn.say("joining-own", ["menu"])
        return
    other = turn.store.conversations.by_id(known.conversation_id)
    if _may_ask(turn, other):
        turn.memory["joining"] = {"code": known.id}
        _ask(turn, other)


def _may_ask(turn: Turn, other: Conversation) -> bool:
    """Whether these two may be joined; otherwise it is said why not."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return False
    why = why_not(turn.store, turn.conversation, other)
    if why is not None:
        turn.say(why, ["joined", "menu"], most=MOST_ADDRESSES)
    return why is None


def _ask(turn: Turn, other: Conversation) -> None:
    is_officers = turn.store.merging.have_officers(other.id) > 0
    turn.ask(
        "joining-same-officer?" if is_officers else "joining-same?",
        then=decide,
        choices=["joining-same", "joining-not"],
        channel=channel_named(turn, other.channel),
    )


@step
def decide(turn: Turn) -> None:
    """Ask the other conversation, which uses the code up, or let it be."""
    if turn.choice not in ("joining-same", "joining-not"):
        raise Unclear("error-choose?")
    kept = turn.memory.get("joining", {})
    leave(turn, "joining")
    if turn.choice == "joining-not":
        turn.say("joining-not-done", ["menu"])
        go_on(turn)
        return
    other = _other_of(turn, kept)
    if other is None:
        turn.say("joining-expired", ["joining", "menu"])
    elif _may_ask(turn, other):
        _ask_there(turn, other)
        turn.say("joining-waits", ["menu"], minutes=MINUTES)


def _other_of(turn: Turn, kept: dict[str, int]) -> Conversation | None:
    """Return the conversation to ask, its question noted; None where it is too late."""
    joinings, here = turn.store.joinings, turn.conversation.row_id
    if "number" in kept:
        other = _by_number(turn)
        if other is not None:
            joinings.offer(other.row_id, here)
        return other
    found = joinings.by_id(int(kept.get("code", 0)))
    if found is None or not joinings.ask(found.id, here):
        return None
    return turn.store.conversations.by_id(found.conversation_id)


def _ask_there(turn: Turn, other: Conversation) -> None:
    is_officers = turn.store.merging.have_officers(turn.conversation.id) > 0
    key = "joining-asked-officer?" if is_officers else "joining-asked?"
    channel = channel_named(turn, turn.conversation.channel, other.language)
    write_to(turn, other, key, ["joining-yes", "joining-no"], channel=channel)


# --- by a number that both channels verified -----------------------------------------------------


@opens_on("joining-number")
def by_number(turn: Turn) -> None:
    """Ask to be joined with the conversation whose channel verified the same number."""
    other = _by_number(turn)
    if other is None:
        turn.say("joining-expired", ["joining", "menu"])
    elif _may_ask(turn, other):
        turn.memory["joining"] = {"number": True}
        _ask(turn, other)


def _by_number(turn: Turn) -> Conversation | None:
    found = turn.store.joinings.with_same_number(turn.conversation.id)
    if found is None:
        return None
    return next(iter(turn.store.conversations.addresses_of(found)), None)


# --- where it was shown --------------------------------------------------------------------------


@opens_on("joining-yes")
def agree(turn: Turn) -> None:
    """Join, as she who showed the code says that it was herself who typed it."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return
    store, known = turn.store, turn.store.joinings.asked_of(turn.conversation.row_id)
    if known is None or known.asked_by_id is None:
        turn.say("joining-expired", ["joining", "menu"])
        return
    other = store.conversations.locked_by_id(known.asked_by_id)
    store.joinings.end_all(turn.conversation.row_id, other.row_id)
    if _may_ask(turn, other):
        make_one(turn, other)
        _tell_all(turn)


@opens_on("joining-no")
def refuse(turn: Turn) -> None:
    """Join nothing; the code is good no more."""
    turn.store.joinings.end_all(turn.conversation.row_id)
    turn.say("joining-refused", ["joining-code", "menu"])
    go_on(turn)


def _tell_all(turn: Turn) -> None:
    """Say it here, write it to every other address, and once more to all the next morning.

    These go whatever she has stopped, since who was joined by another's hand must read it; the
    second one comes when whoever held her phone for a minute has given it back.
    """
    turn.say("joining-done", ["joined", "menu"])
    for other in others_of(turn):
        write_to(turn, other, "joining-done", ["joined", "menu"])
    tomorrow = turn.today + timedelta(days=1)
    morning = datetime.combine(tomorrow, QUIET_TO, tzinfo=VIETNAM)
    for one in (turn.conversation, *others_of(turn)):
        if turn.office.can(one.channel).pushes:
            write_to(turn, one, "joining-since", ["joined", "later"], not_before_at=morning)


def write_to(
    turn: Turn,
    to: Conversation,
    key: str,
    options: list[str],
    *,
    not_before_at: datetime | None = None,
    **facts: Any,
) -> None:
    """Write to one address and no other: what is asked or said concerns this very one.

    Its buttons are signed for this address alone, so that the letter goes on to none.
    """
    choices = tuple(
        Choice(
            one,
            turn.office.words.label(one, to.language),
            payload(turn.store.keys, to.row_id, ANY_TIME, one),
        )
        for one in options
    )
    text = turn.office.words.text(key, to.language, **facts)
    turn.mail.lay(to, Reply(text, choices), not_before_at=not_before_at)


def channel_named(turn: Turn, channel: str, language: str | None = None) -> str:
    """Return what people call a channel."""
    words, language = turn.office.words, language or turn.language
    try:
        return words.text(f"channel-{channel}", language)
    except KeyError:
        return words.text("channel-other", language)
