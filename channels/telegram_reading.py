"""Read what Telegram delivers: an update becomes what was heard, or a kind that nobody answers.

A light look finds the kind; only the parts that are really used go through aiogram's types, which
is five times as fast as the whole update and outlives what Telegram adds to the rest of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram.types import Contact, User
from pydantic import ValidationError

from bot.speech import Contact as Number
from bot.speech import Heard

CHANNEL = "telegram"

# Telegram drops what it could not deliver for 24 hours. Words that are older come from a queue
# that stood still or from somebody who kept them: they would answer another question than hers.
LATE_SECONDS = 25 * 3600

_START = "/start"
# What no channel opens, by the name of its field.
_UNREAD = (
    *("photo", "voice", "video", "video_note", "audio", "document", "animation", "sticker"),
    *("location", "venue", "poll", "dice", "game", "story", "paid_media", "checklist"),
)
# Kinds of update that are known and not answered; any other is counted as "unknown".
_PASSED_OVER = {
    "edited_message": "edited",
    "channel_post": "channel",
    "edited_channel_post": "channel",
    "inline_query": "inline",
    "chosen_inline_result": "inline",
    "chat_member": "group",
    "chat_join_request": "group",
}

Raw = Mapping[str, Any]


class NotAnUpdate(Exception):
    """What came is no update of Telegram's: not JSON, or without a number."""


@dataclass(frozen=True, slots=True)
class Update:
    """One update as far as it matters here.

    `kind` is a word of a short fixed list, to be counted. `heard` is None for what nobody answers.
    `tap` names the tap whose button spins until it is told that it was heard.
    """

    kind: str
    heard: Heard | None = None
    tap: str | None = None


def read(body: bytes, bot: int, now: datetime) -> Update:
    """Read an update as it was delivered to the bot of this number. Raises NotAnUpdate."""
    try:
        update = json.loads(body)
    # Brackets within brackets by the thousand, numbers by the thousand digits.
    except (ValueError, RecursionError):
        raise NotAnUpdate from None
    return understand(update, bot, now)


def understand(update: object, bot: int, now: datetime) -> Update:
    """Read an update that is JSON already. Raises NotAnUpdate."""
    number = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(update, dict) or type(number) is not int or not 0 <= number < 2**63:
        raise NotAnUpdate
    event = f"{bot}:{number}"
    try:
        if "callback_query" in update:
            return _tapped(update["callback_query"], event)
        if "message" in update:
            return _said(update["message"], event, now)
        if "my_chat_member" in update:
            return _came_or_went(update["my_chat_member"], event)
    except (ValidationError, LookupError, TypeError, AttributeError, OverflowError):
        return Update("unreadable")
    return Update(next((kind for name, kind in _PASSED_OVER.items() if name in update), "unknown"))


# --- taps ------------------------------------------------------------------------------------


def _tapped(raw: Raw, event: str) -> Update:
    """Read a tap. When it was made Telegram does not say: the button's own mark says what for."""
    speaker = User.model_validate(raw["from"])
    message, tap, chosen = raw.get("message"), raw["id"], raw.get("data")
    if message is None or not _is_private(message["chat"], speaker):
        return Update("group")
    if not isinstance(tap, str) or not isinstance(chosen, str):
        return Update("unknown")
    return Update("tap", _heard(speaker, event, choice=chosen), tap)


# --- messages --------------------------------------------------------------------------------


def _said(raw: Raw, event: str, now: datetime) -> Update:
    if raw["chat"]["type"] != "private":
        return Update("group")
    speaker = User.model_validate(raw["from"])
    if not _is_private(raw["chat"], speaker):
        return Update("foreign")
    if now.timestamp() - raw["date"] > LATE_SECONDS:
        return Update("late", _heard(speaker, event, unread="late"))
    return _words(raw, speaker, event)


def _words(raw: Raw, speaker: User, event: str) -> Update:
    text = raw.get("text")
    if isinstance(text, str):
        return _typed(text, speaker, event)
    if "contact" in raw:
        card = Contact.model_validate(raw["contact"])
        number = Number(_dialled(card.phone_number), is_own=card.user_id == speaker.id)
        return Update("contact", _heard(speaker, event, contact=number))
    kind = next((one for one in _UNREAD if one in raw), None)
    if kind is not None:
        return Update("unread", _heard(speaker, event, unread=kind))
    # A pinned message, a changed timer: nobody said anything.
    return Update("service")


def _typed(text: str, speaker: User, event: str) -> Update:
    first, _, rest = text.partition(" ")
    if first != _START:
        return Update("text", _heard(speaker, event, text=text))
    if rest.strip():
        return Update("scan", _heard(speaker, event, scan=rest.strip()))
    # Nothing said: she is greeted, or asked again what was open.
    return Update("start", _heard(speaker, event, text=""))


def _dialled(phone: str) -> str:
    """Return a number with its plus: Telegram's begin with the country, often without it."""
    return f"+{phone}" if phone.isdigit() and phone[0] != "0" else phone


# --- coming and going ------------------------------------------------------------------------


def _came_or_went(raw: Raw, event: str) -> Update:
    if raw["chat"]["type"] != "private":
        return Update("group")
    speaker = User.model_validate(raw["from"])
    left = {"kicked": True, "member": False}.get(raw["new_chat_member"]["status"])
    if left is None or not _is_private(raw["chat"], speaker):
        return Update("foreign")
    return Update("left" if left else "returned", _heard(speaker, event, left=left))


def _is_private(chat: Raw, speaker: User) -> bool:
    """Whether somebody speaks for herself, alone with the bot."""
    return chat["type"] == "private" and chat["id"] == speaker.id and not speaker.is_bot


def _heard(speaker: User, event: str, **what: Any) -> Heard:
    language = (speaker.language_code or "").partition("-")[0]
    return Heard(CHANNEL, str(speaker.id), event, language=language or None, **what)
