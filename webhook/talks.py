"""What the web chat shows at one moment: letters, her own lines, buttons that still work."""

from dataclasses import dataclass

from bot import payloads
from bot.speech import Reply
from storage.conversations import Conversation
from storage.store import Store

_NEWEST = 200


@dataclass(frozen=True)
class Line:
    """One letter as the chat shows it. `offer`: which question its buttons answer."""

    id: int
    reply: Reply
    offer: int
    is_live: bool
    is_new: bool = False


@dataclass(frozen=True)
class Talk:
    """What the chat shows at one moment."""

    conversation: Conversation
    lines: list[Line]

    @property
    def last(self) -> int:
        """The number of the newest letter."""
        return self.lines[-1].id if self.lines else 0


def look(store: Store, address: str, after: int = 0) -> Talk | None:
    """Return the letters after *after* to a web address, or None where nobody talks."""
    known = store.conversations.find("web", address)
    if known is None:
        return None
    letters = store.outbox.for_page(known.row_id, after, _NEWEST)
    replies = [(one.id, Reply.from_json(one.reply)) for one in letters]
    # The browser jumps to what she said last, or to the first answer where that left no trace.
    echoes = [number for number, reply in replies if reply.is_echo]
    spot = echoes[-1] if echoes else (replies[0][0] if replies else 0)
    return Talk(known, [_line(store, known, number, reply, spot) for number, reply in replies])


def _line(store: Store, known: Conversation, number: int, reply: Reply, spot: int) -> Line:
    pressed = None
    if reply.choices:
        pressed = payloads.read_here(store.keys, known, reply.choices[0].payload)
    offer = pressed.offer if pressed else 0
    # Buttons of an older question would only be refused; those of pushed letters (offer 0) never.
    is_live = bool(reply.choices) and offer in (0, known.offer)
    return Line(number, reply, offer, is_live, is_new=number == spot)
