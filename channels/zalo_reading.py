"""Read what Zalo delivers for an Official Account: whether it is Zalo's, and what was heard."""

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.speech import FOLLOWED, OPENED, WITHDRAWN, Contact, Form, Heard
from channels.zalo import CHANNEL, PRESS

# Zalo tries again for two hours. Words that are older than a day come from a queue that stood
# still or from somebody who kept them: they would answer another question than hers.
LATE_SECONDS = 25 * 3600

# The longest name of an event that is kept as it is; any other becomes a mark of it.
_EVENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_USER = re.compile(r"[0-9A-Za-z_-]{1,64}")
_MILLISECONDS = re.compile(r"[0-9]{1,16}")
# A quote within a string is escaped, so that nothing that anybody typed reads like this.
_TIMESTAMP = re.compile(rb'"timestamp"\s*:\s*"?([0-9]{1,20})')
_MOST_TIMESTAMPS = 4
_PHONE = re.compile(r"\+?[0-9][0-9 .-]{7,18}")

# What is done without words: its kind, and what is heard. What is not opened has the kind as the
# conversation knows it; who opens the chat by its button is greeted, or asked again.
_SAID_WITHOUT_WORDS: dict[str, tuple[str, dict[str, Any]]] = {
    "user_click_chatnow": ("start", {"form": Form(OPENED, {})}),
    "user_send_image": ("unread", {"unread": "photo"}),
    "user_send_gif": ("unread", {"unread": "photo"}),
    "user_send_video": ("unread", {"unread": "video"}),
    "user_send_audio": ("unread", {"unread": "voice"}),
    "user_send_link": ("unread", {"unread": "link"}),
    "user_send_sticker": ("unread", {"unread": "sticker"}),
    "user_send_file": ("unread", {"unread": "file"}),
    "user_send_location": ("unread", {"unread": "location"}),
    "user_send_business_card": ("unread", {"unread": "contact"}),
}
# Known and answered by nobody; any other is counted as "unknown".
_IGNORED = {
    "user_received_message": "received",
    "user_seen_message": "seen",
    "user_reacted_message": "reaction",
    "oa_reacted_message": "reaction",
    "update_user_info": "profile",
    "add_user_to_tag": "tag",
    "remove_user_from_tag": "tag",
    "widget_interaction_accepted": "widget",
    "oa_send_consent": "call",
    "user_reply_consent": "call",
}

# That somebody withdraws, without saying who: an order that a person must look into.
NAMELESS = "withdrawal of nobody"

Raw = Mapping[str, Any]


class NotAnEvent(Exception):
    """What came can not be read as an event: no JSON, or without what every event has."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that nobody answers. `kind` is a word of a short fixed list, to be counted."""

    kind: str


@dataclass(frozen=True, slots=True)
class Read:
    """An event that is heard, and its kind, to be counted."""

    kind: str
    heard: Heard


# --- whose it is -----------------------------------------------------------------------------


def signed(raw: bytes, timestamp: str, header: str, app_id: str, secret: str) -> bool:
    """Whether *header* is the signature of a body as it came: `mac=` and lower-case hexadecimal.

    It is SHA-256 over app id, body, timestamp and the account's secret, one after the other
    (Zalo's own MacUtils); *app_id* is the one that is configured, whatever the body says.
    """
    told = header.removeprefix("mac=").encode("utf-8", "replace")
    return hmac.compare_digest(told, _mark(app_id, raw, timestamp, secret))


def _mark(first: str, raw: bytes, timestamp: str, secret: str) -> bytes:
    whole = b"".join((first.encode(), raw, timestamp.encode(), secret.encode()))
    return hashlib.sha256(whole).hexdigest().encode()


def is_zalos(raw: bytes, header: str, app_id: str, secret: str) -> bool:
    """Whether a body carries its signature. The timestamp in it is found without parsing it."""
    return any(signed(raw, one, header, app_id, secret) for one in _timestamps(raw))


def _timestamps(raw: bytes) -> list[str]:
    found = dict.fromkeys(one.decode() for one in _TIMESTAMP.findall(raw))
    return list(found)[:_MOST_TIMESTAMPS]


def variant(raw: bytes, header: str, oa_id: str, secret: str) -> str:
    """Return which other first term a refused signature fits, for the log of a first day.

    "oa": the account's id. "body": the app id that the body names. "none": no known one.
    """
    if oa_id and is_zalos(raw, header, oa_id, secret):
        return "oa"
    named = re.search(rb'"app_id"\s*:\s*"?([0-9]{1,30})', raw)
    if named and is_zalos(raw, header, named[1].decode(), secret):
        return "body"
    return "none"


# --- what it says ----------------------------------------------------------------------------


def opened(raw: bytes) -> Raw:
    """Return a body as the event it is. Raises NotAnEvent."""
    try:
        event = json.loads(raw)
    # Brackets within brackets by the thousand, numbers by the thousand digits.
    except (ValueError, RecursionError):
        raise NotAnEvent from None
    if not isinstance(event, dict):
        raise NotAnEvent
    return event


def read(event: Raw, now: datetime, oa_id: str = "") -> Read | Ignored:
    """Return what was heard with an event, or the kind of one that nobody answers.

    *oa_id*: our account; what another one heard is not ours. Raises NotAnEvent.
    """
    name = event.get("event_name")
    if not isinstance(name, str):
        raise NotAnEvent
    if name.startswith("oa_send_") and name not in _IGNORED:
        return Ignored("echo")
    if name.startswith("anonymous_"):
        return Ignored("anonymous")
    if name in _IGNORED:
        return Ignored(_IGNORED[name])
    if name == "user_withdraw":
        # Before it is asked whose account it is: in what shape it comes is not documented, and an
        # order to erase must not be lost for that. Of somebody else's person we hold nothing.
        return _withdrawn(event, oa_id)
    if _is_anothers(event, oa_id):
        return Ignored("foreign")
    return _by_name(name, event, now)


def _by_name(name: str, event: Raw, now: datetime) -> Read | Ignored:
    match name:
        case "user_send_text":
            return _typed(event, now)
        case "follow":
            return _followed(event, now)
        case "unfollow":
            return _read("left", event, "follower", left=True, touched_at=_touched_at(event, now))
        case "user_submit_info":
            return _contact(event, now)
    what = _SAID_WITHOUT_WORDS.get(name)
    return _said(what[0], event, now, **what[1]) if what else Ignored("unknown")


def _followed(event: Raw, now: datetime) -> Read:
    """Read that she follows the account. One of yesterday says where she is, and greets nobody."""
    at = _touched_at(event, now)
    if _is_late(event, now):
        return _read("returned", event, "follower", left=False, touched_at=at)
    return _read("follow", event, "follower", form=Form(FOLLOWED, {}), touched_at=at)


def _withdrawn(event: Raw, oa_id: str) -> Read | Ignored:
    """Read that she takes back what Zalo may hand over; however old, it holds.

    Where the account itself is named as one side, she is the other.
    """
    sides = ("user", "sender", "recipient", "follower")
    told = {name: event[name] for name in sides if not _is_account(event.get(name), oa_id)}
    others = {name: part for name, part in event.items() if name not in sides}
    try:
        address = _who(others | {"sender": told.pop("recipient", None)} | told, "user")
        heard = Heard(CHANNEL, address, _event_id(event, address), form=Form(WITHDRAWN, {}))
        return Read("withdrawn", heard)
    except NotAnEvent:
        return Ignored(NAMELESS)


def _typed(event: Raw, now: datetime) -> Read:
    typed = _message(event).get("text")
    if not isinstance(typed, str):
        raise NotAnEvent
    text = unicodedata.normalize("NFC", typed)
    pressed = text.strip()
    if pressed.startswith(PRESS):
        return _said("press", event, now, choice=pressed.removeprefix(PRESS))
    return _said("text", event, now, text=text)


def _contact(event: Raw, now: datetime) -> Read:
    """Read a form that she sent: its number may have been changed there, so it is only a claim."""
    filled = event.get("info")
    phone = filled.get("phone") if isinstance(filled, dict) else None
    # Among what lets us write to her Zalo does not name this form.
    number = _word(phone).strip()
    if not _PHONE.fullmatch(number):
        # Sent without a number, or with what is none: nothing that could be taken down.
        return _said("unread", event, now, unread="contact", touched_at=None)
    given = Contact(_dialled(number), is_own=False)
    return _said("contact", event, now, contact=given, touched_at=None)


def _dialled(number: str) -> str:
    """Return a number as it is dialled: `84…` and nine digits alone are numbers of Vietnam."""
    digits = re.sub(r"\D", "", number)
    if digits.startswith("84") and len(digits) > 9:
        return f"+{digits}"
    if len(digits) == 9 and digits[0] != "0":
        return f"0{digits}"
    return number


def _said(kind: str, event: Raw, now: datetime, **what: Any) -> Read:
    """Return what she did in the chat; what is older than a day is heard and not obeyed."""
    what.setdefault("touched_at", _touched_at(event, now))
    if _is_late(event, now):
        return _read("late", event, "sender", unread="late", touched_at=what["touched_at"])
    return _read(kind, event, "sender", **what)


def _is_late(event: Raw, now: datetime) -> bool:
    at = _timestamp(event)
    return bool(at) and now.timestamp() - int(at) / 1000 > LATE_SECONDS


def _read(kind: str, event: Raw, whose: str, **what: Any) -> Read:
    address = _who(event, whose)
    return Read(kind, Heard(CHANNEL, address, _event_id(event, address), **what))


# --- the parts of an event ---------------------------------------------------------------------


def _who(event: Raw, whose: str) -> str:
    """Return the id of the person an event is about, wherever this kind of event says it."""
    for name in (whose, "sender", "follower", "user"):
        part = event.get(name)
        found = _word(part.get("id") if isinstance(part, dict) else None)
        if _USER.fullmatch(found):
            return found
    found = _word(event.get("user_id"))
    if not _USER.fullmatch(found):
        raise NotAnEvent
    return found


def _is_account(part: object, oa_id: str) -> bool:
    """Whether a side of an event is nobody, or our own account."""
    return not isinstance(part, dict) or _word(part.get("id")) == oa_id


def _is_anothers(event: Raw, oa_id: str) -> bool:
    to = event.get("recipient")
    told = _word(to.get("id") if isinstance(to, dict) else event.get("oa_id"))
    return bool(oa_id and told and told != oa_id)


def _message(event: Raw) -> Raw:
    message = event.get("message")
    if not isinstance(message, dict):
        raise NotAnEvent
    return message


def _event_id(event: Raw, address: str) -> str:
    """Return the number of a message; for an event without one a mark of what tells it apart.

    A mark, because the id of a person stands in no place where it could be read.
    """
    message = event.get("message")
    number = _word(message.get("msg_id") if isinstance(message, dict) else None)
    if _EVENT.fullmatch(number):
        return number
    at = _timestamp(event)
    if not at:
        raise NotAnEvent
    apart = "|".join((str(event["event_name"]), address, at, number))
    return hashlib.sha256(apart.encode("utf-8", "replace")).hexdigest()[:40]


def _touched_at(event: Raw, now: datetime) -> datetime:
    """Return when she did it, by Zalo's clock and never later than *now*: her window counts from
    there, also where the event is brought again much later.
    """
    at = _timestamp(event)
    return datetime.fromtimestamp(min(int(at) / 1000, now.timestamp()), UTC) if at else now


def _timestamp(event: Raw) -> str:
    at = _word(event.get("timestamp"))
    return at if _MILLISECONDS.fullmatch(at) else ""


def _word(value: object) -> str:
    """Return an id or a number as text: some are written as numbers, though all should be text."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int and 0 <= value < 10**30 else ""
