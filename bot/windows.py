"""Whether anything can be sent to an address now, and since when not."""

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


def can_hear(store: Store, office: Office, conversation_id: int) -> bool:
    """Whether a letter can be sent to an address now."""
    return shut_since(store, office, store.conversations.by_id(conversation_id)) is None
