"""Who may use a one-time page: whom it was made for, in the browser that opened it first."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.speech import Form
from storage.conversations import Conversation
from storage.links import Link
from storage.store import Store

OPENS = "open-link"


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a one-time link was made: the kind of link, and the conversation as it was."""

    kind: str
    channel: str
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A form of a one-time page, its event's name, and the browser that sent it.

    *visitor* is the value of that browser's cookie for this page, "" where it has none;
    *may_open* tells what else its cookies must hold.
    """

    form: Form
    event_id: str
    visitor: str
    may_open: Callable[[Reader], bool]

    @property
    def token(self) -> str:
        """The token of the link."""
        return self.form.fields.get("token", "")


def admit(store: Store, visit: Visit) -> tuple[Reader, Conversation] | None:
    """Return who holds the link, and the conversation, locked; None where this browser may not.

    The first to open a link is who may use it from then on: whoever finds its address in a log
    or in a history comes too late.
    """
    found = store.links.find(visit.token)
    if found is None or not store.links.admits(found, visit.visitor):
        return None
    known = store.conversations.locked_by_id(found.conversation_id)
    # While this turn waited for the conversation, another may have opened the link or used it up.
    found = store.links.find(visit.token, lock=True)
    if found is None or not store.links.admits(found, visit.visitor):
        return None
    reader = _reader(found, known)
    if not visit.may_open(reader):
        return None
    if visit.form.name == OPENS:
        store.links.bind(visit.token, visit.visitor)
    return reader, known


def did_already(store: Store, visit: Visit) -> Reader | None:
    """Return who holds a link that has ended, where this very form was heard before it did.

    Who taps twice, or never got the answer, must not read that it failed.
    """
    if visit.form.name == OPENS:
        return None
    gone = store.links.find_gone(visit.token)
    if gone is None or not store.links.admits(gone, visit.visitor):
        return None
    reader = _reader(gone, store.conversations.by_id(gone.conversation_id))
    was_heard = store.inbox.was_heard(reader.channel, visit.event_id)
    return reader if was_heard and visit.may_open(reader) else None


def _reader(link: Link, known: Conversation) -> Reader:
    return Reader(link.kind, known.channel, known.address, known.language)
