"""What a button carries: which question it answers and which choice, signed for one conversation.

A payload gives no right by itself: who presses it is looked at again in the turn.
"""

import hmac
from dataclasses import dataclass

from storage.conversations import Conversation
from storage.sealed import Keyring

# The offer number of buttons on pushed letters: they carry only what may be pressed at any time.
ANY_TIME = 0


@dataclass(frozen=True)
class Pressed:
    """A button that was really offered to this conversation: the offer's number and the choice."""

    offer: int
    choice: str


def payload(keys: Keyring, conversation_id: int, offer: int, choice: str) -> str:
    """Return the payload of a choice: at most 64 bytes, as the narrowest channel allows."""
    body = f"{offer}.{choice}"
    return f"{body}.{_mark(keys, conversation_id, body)}"


def read(keys: Keyring, conversation_id: int, carried: str) -> Pressed | None:
    """Return what was pressed, or None where it was forged or offered to somebody else."""
    body, _, mark = carried.rpartition(".")
    offer, _, choice = body.partition(".")
    if not hmac.compare_digest(
        mark.encode("utf-8", "replace"), _mark(keys, conversation_id, body).encode()
    ):
        return None
    return Pressed(int(offer), choice)


def whose(conversation: Conversation, offer: int) -> int:
    """Return for whom a payload is signed: for one address, or any time for the person."""
    return conversation.id if offer == ANY_TIME else conversation.row_id


def read_here(keys: Keyring, here: Conversation, carried: str) -> Pressed | None:
    """Return what was pressed at an address: what was offered there, or to the person any time."""
    return read(keys, here.row_id, carried) or read(keys, here.id, carried)


def _mark(keys: Keyring, conversation_id: int, body: str) -> str:
    return keys.mac("payload", f"{conversation_id}|{body}")
