"""Where a letter goes to whom several addresses belong: to one of them, and never to two."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot import payloads
from bot.office import Office
from bot.speech import Abilities, Reply
from bot.windows import shut_since
from storage.conversations import Conversation
from storage.endings import Ending
from storage.letters import Letter
from storage.sealed import Keyring
from storage.store import Store


def can_be_reached(store: Store, office: Office, one: Conversation) -> bool:
    """Whether a letter that nobody asked for can come to this address now."""
    return shut_since(store, office, one) is None


def letters_go_to(
    store: Store, office: Office, conversation_id: int, here: Conversation | None = None
) -> Conversation:
    """Return the address that letters to a person go to now: the one used last that pushes.

    One that cannot be reached comes after all that can; a page that she must open herself comes
    after those that make a phone ring, also after one whose window has closed: there the letter
    ends, which is noticed, and goes on to the page. *here*: where she speaks from in this very
    turn. Raises LookupError.
    """
    spoken = here.row_id if here is not None else 0

    def rank(one: Conversation) -> tuple[bool, bool, bool, bool, datetime, int]:
        pushes = office.can(one.channel).pushes
        is_spoken = one.row_id == spoken
        reached = can_be_reached(store, office, one) or is_spoken
        return (
            reached and (pushes or is_spoken),
            pushes and one.gone_at is None,
            reached,
            is_spoken,
            one.heard_at,
            one.row_id,
        )

    return max(store.conversations.addresses_of(conversation_id), key=rank)


# --- letters that go on to another address -------------------------------------------------------


def settle(store: Store, office: Office, lease: str, endings: Sequence[Ending]) -> None:
    """Note how the tries of letters ended; what one address did not take may go on to another.

    Only a letter that was pushed and says the same anywhere: an answer stays where she asked, and
    a template belongs to its channel.
    """
    lost = [one for one in endings if one.how in ("gone", "shut") and not one.letter.is_template]
    for one in sorted(lost, key=lambda one: one.letter.conversation_id):
        if one.how == "gone":
            store.conversations.mark_gone(one.letter.conversation_id, gone=True)
        else:
            asked_at = one.letter.taken_at or store.now
            store.conversations.mark_shut(one.letter.conversation_id, asked_at)
    went_on = {one.letter.id for one in lost if _goes_on(store, office, lease, one)}
    store.outbox.settle(lease, [one for one in endings if one.letter.id not in went_on])


def _goes_on(store: Store, office: Office, lease: str, one: Ending) -> bool:
    if store.outbox.has_gone_on(one.letter):
        return True  # noted before, and perhaps on its way there by now
    here = store.conversations.by_id(one.letter.conversation_id)
    to = _elsewhere(store, office, here.id, [here])
    if to is None or not _says_the_same(store.keys, one.letter, to, office.can(to.channel)):
        return False
    if one.how == "shut" and not office.can(to.channel).pushes:
        # To a page it goes once it was noticed that nothing rings for her any more.
        return False
    if not store.outbox.go_on_to(one.letter, lease, to.row_id, to.channel):
        return False
    store.outbox.give_back(one)
    return True


def goes_elsewhere(store: Store, office: Office, known: Conversation, letter_id: int) -> bool:
    """Let a letter that came too late for an address go on to another of hers, if it may.

    It is the same letter still, and has not gone anywhere.
    """
    letter = store.outbox.too_late(letter_id, known.row_id)
    # Ended by our own count, and open again: what is paid for has been given back.
    is_open = known.window_shut_at is not None and can_be_reached(store, office, known)
    to = known if is_open else _elsewhere(store, office, known.id, [known])
    if letter is None or to is None:
        return False
    if not _says_the_same(store.keys, letter, to, office.can(to.channel)):
        return False
    return store.outbox.bring_back(letter, to.row_id, to.channel)


def carry_letters(store: Store, office: Office, left: Conversation) -> None:
    """Let pushed letters that wait for an address that leaves go to where she is reached now.

    Before it has left. What else waits there is wiped: it was an answer to whoever speaks there.
    """
    to = _elsewhere(store, office, left.id, [left])
    # What a page shows stays waiting when it was read: then nothing of it goes on.
    is_unread = office.can(left.channel).pushes or store.news.has_waiting(left.id)
    for letter in store.outbox.waiting_at(left.row_id) if is_unread else []:
        if to and _says_the_same(store.keys, letter, to, office.can(to.channel)):
            store.outbox.go_on_to(letter, None, to.row_id, to.channel)
    store.outbox.wipe_page(left.row_id)


def _elsewhere(
    store: Store, office: Office, conversation_id: int, but: Iterable[Conversation]
) -> Conversation | None:
    """Return the address that letters go to when these are none, or None where nothing is left."""
    without = {one.row_id for one in but}
    left = [
        one
        for one in store.conversations.addresses_of(conversation_id)
        if one.row_id not in without and can_be_reached(store, office, one)
    ]
    return max(left, key=lambda one: (office.can(one.channel).pushes, one.heard_at), default=None)


def _says_the_same(keys: Keyring, letter: Letter, to: Conversation, can: Abilities) -> bool:
    """Whether a letter may stand at another address of the person: its buttons work there.

    A link, a file or an answer belongs to the address it was made for.
    """
    try:
        reply = Reply.from_json(letter.reply)
    except (ValueError, TypeError, LookupError):
        return False
    if not reply.choices or reply.link or reply.files or reply.ask_phone or reply.is_echo:
        return False
    pressed = [payloads.read(keys, to.id, one.payload) for one in reply.choices]
    is_for_any_time = all(one is not None and one.offer == payloads.ANY_TIME for one in pressed)
    return is_for_any_time and can.takes(reply.listed)
