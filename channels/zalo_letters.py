"""A letter as Zalo shows it: a text with buttons or numbered lines, a picture, a contact card."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from bot.speech import Choice, Rejected, Reply
from channels.zalo import ABILITIES, PRESS

MOST_BUTTONS = 5
LONGEST_LABEL = 100
LONGEST_PAYLOAD = 1000

Body = dict[str, Any]


def said(user: str, reply: Reply, *, buttons: bool) -> Body:
    """Return the message that says a letter, its choices as *buttons* or as lines.

    Raises Rejected where nothing is to be said, or more than goes in one message: what is long was
    cut when it was laid out.
    """
    if reply.files:
        # Zalo takes few kinds of them, and nothing that we say to anybody holds one.
        raise Rejected("files do not go here")
    pressed = keys(reply) if buttons else []
    return _to(user, _texts(reply.worded if buttons else reply.listed), _under(pressed))


def picture(user: str, attachment: str, caption: str = "") -> Body:
    """Return the message that shows a picture that was uploaded before."""
    shown = {"media_type": "image", "attachment_id": attachment}
    payload = {"template_type": "media", "elements": [shown]}
    words = {"text": _texts(caption)} if caption else {}
    return _to(user, None, {"type": "template", "payload": payload}, words)


def template(user: str, number: str, field: str, text: str) -> Body:
    """Return the message that Zalo has approved under *number*; *text* fills its one gap."""
    filled = {field: _texts(text)} if field else {}
    return {"user_id": user, "template_id": number, "template_data": filled}


def contact_card(user: str, title: str, subtitle: str, image_url: str) -> Body:
    """Return the message that asks for name and number by Zalo's own form."""
    element = {"title": title[:100], "subtitle": subtitle[:500], "image_url": image_url}
    payload = {"template_type": "request_user_info", "elements": [element]}
    return _to(user, None, {"type": "template", "payload": payload})


def keys(reply: Reply) -> list[Body]:
    """Return the buttons under a letter: its link first, where it has room and can be opened.

    A plain address would be read on its way, and one of the machine itself opens nowhere: those
    stay in the words, where every link stands anyway. Raises Rejected for more than five choices.
    """
    made = [_key(one) for one in reply.choices]
    if len(made) > MOST_BUTTONS:
        raise Rejected("too many choices")
    has_room = len(made) < MOST_BUTTONS
    if has_room and reply.link and reply.link_label and reply.link.startswith("https:"):
        opens = {"title": reply.link_label[:LONGEST_LABEL], "type": "oa.open.url"}
        made.insert(0, opens | {"payload": {"url": reply.link}})
    return made


def _key(choice: Choice) -> Body:
    """Return a button whose press is brought as text, and is not shown in the chat."""
    payload = f"{PRESS}{choice.payload}"
    if len(payload) > LONGEST_PAYLOAD:
        raise Rejected("payload too long")
    label = unicodedata.normalize("NFC", choice.label)[:LONGEST_LABEL]
    return {"title": label, "type": "oa.query.hide", "payload": payload}


def _texts(text: str) -> str:
    words = unicodedata.normalize("NFC", text).strip()
    if not words:
        raise Rejected("nothing to say")
    if not ABILITIES.takes(words):
        raise Rejected("too long")
    return words


def _under(pressed: list[Body]) -> Body | None:
    return {"type": "template", "payload": {"buttons": pressed}} if pressed else None


def _to(
    user: str, text: str | None, attachment: Body | None, more: Mapping[str, str] | None = None
) -> Body:
    message: Body = {"text": text} if text else {}
    message |= more or {}
    if attachment:
        message["attachment"] = attachment
    return {"recipient": {"user_id": user}, "message": message}


def shape(body: Body) -> dict[str, Any]:
    """Return what a message looks like, without any word of it, for the log."""
    message = body.get("message", {})
    payload = message.get("attachment", {}).get("payload", {})
    return {
        "characters": len(message.get("text", "")),
        "buttons": len(payload.get("buttons", ())),
        "template": payload.get("template_type", ""),
    }
