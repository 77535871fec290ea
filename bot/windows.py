"""Whether anything can be sent to an address, or to a person, now, and since when not."""

from datetime import datetime

from bot.office import Office
from storage.conversations import Conversation
from storage.store import Store


def shut_since(store: Store, office: Office, known: Conversation) -> datetime | None:
    """Return since when nothing can be sent to an address; None while something can."""
    if known.gone_at is not None:
        return known.gone_at
    window = office.can(known.channel).window
    if window is None:
        return None
    spent = store.spending.spent(known.channel) if window.budget else 0
    if window.fare(known.window_from_at, store.now, spent) != "shut":
        return None
    if known.window_shut_at is not None or known.window_from_at is None:
        return known.window_shut_at or known.made_at
    return known.window_from_at + window.free


def ringing(store: Store, office: Office, conversation_id: int) -> list[Conversation]:
    """Return the addresses where a letter makes itself heard, the one used last first.

    A page that she must open herself is one only where she has nothing else.
    """
    addresses = store.conversations.addresses_of(conversation_id)
    return [one for one in addresses if office.can(one.channel).pushes] or addresses


def silent_since(store: Store, office: Office, conversation_id: int) -> datetime | None:
    """Return since when no letter reaches a person at any address; None while one does."""
    shut = [shut_since(store, office, one) for one in ringing(store, office, conversation_id)]
    ended = [since for since in shut if since is not None]
    return max(ended) if len(ended) == len(shut) else None


def can_hear(store: Store, office: Office, conversation_id: int) -> bool:
    """Whether a letter can be sent to a person now."""
    return silent_since(store, office, conversation_id) is None


def is_heard_elsewhere(store: Store, office: Office, known: Conversation) -> bool:
    """Whether a letter can be sent to another address of the person who speaks from *known*."""
    others = [one for one in ringing(store, office, known.row_id) if one.row_id != known.row_id]
    return any(shut_since(store, office, one) is None for one in others)
