"""Read what Zalo's Bot Platform delivers: an update becomes what was heard, or a kind to count."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.speech import Heard
from channels.zalo_bot import CHANNEL

# As for the Official Account: how long it tries to deliver is not documented.
LATE_SECONDS = 25 * 3600

_START = "/start"
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
# Events whose content no channel opens, and what the conversation calls it.
_UNREAD = {
    "message.image.received": "photo",
    "message.sticker.received": "sticker",
    "message.voice.received": "voice",
    "message.link.received": "link",
    # Files, contact cards, accounts under protection: nothing of it is delivered.
    "message.unsupported.received": "file",
}

Raw = Mapping[str, Any]


class NotAnUpdate(Exception):
    """What came is no update: not JSON, or without what every update has."""


@dataclass(frozen=True, slots=True)
class Update:
    """One update: `kind` is a word of a short fixed list, `heard` None for what nobody answers."""

    kind: str
    heard: Heard | None = None


def read(body: bytes, now: datetime) -> Update:
    """Read an update as it was delivered. Raises NotAnUpdate."""
    try:
        told = json.loads(body)
    # Brackets within brackets by the thousand, numbers by the thousand digits.
    except (ValueError, RecursionError):
        raise NotAnUpdate from None
    return understand(told, now)


def understand(told: object, now: datetime) -> Update:
    """Read an update that is JSON already, with the wrapper of an answer or without it.

    Raises NotAnUpdate.
    """
    update = _part(told).get("result", told)
    name = _part(update).get("event_name")
    if not isinstance(name, str):
        raise NotAnUpdate
    message = _part(_part(update).get("message"))
    if _part(message.get("chat")).get("chat_type") == "GROUP":
        return Update("group")
    if name == "message.text.received":
        return _typed(message, now)
    if name in _UNREAD:
        return _said("unread", message, now, unread=_UNREAD[name])
    return Update("unknown")


def _typed(message: Raw, now: datetime) -> Update:
    told = message.get("text")
    if not isinstance(told, str):
        raise NotAnUpdate
    text = unicodedata.normalize("NFC", told)
    first, _, rest = text.strip().partition(" ")
    if first == _START:
        # There are no links that say where somebody comes from: a code is typed behind it.
        return _said("start", message, now, text=rest.strip())
    return _said("text", message, now, text=text)


def _said(kind: str, message: Raw, now: datetime, **what: Any) -> Update:
    chat = _part(message.get("chat")).get("id")
    number = message.get("message_id")
    if not _is_id(chat) or not isinstance(number, str) or not number:
        raise NotAnUpdate
    speaker = _part(message.get("from"))
    if speaker.get("is_bot") is True:
        return Update("foreign")
    at = message.get("date")
    is_late = (
        isinstance(at, int)
        and not isinstance(at, bool)
        and 0 < at < 10**15
        and now.timestamp() - at / 1000 > LATE_SECONDS
    )
    if is_late:
        return Update("late", Heard(CHANNEL, str(chat), _event_id(number), unread="late"))
    return Update(kind, Heard(CHANNEL, str(chat), _event_id(number), **what))


def _event_id(number: str) -> str:
    if _is_id(number):
        return number
    return hashlib.sha256(number.encode("utf-8", "replace")).hexdigest()[:40]


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _part(value: object) -> Raw:
    return value if isinstance(value, dict) else {}
