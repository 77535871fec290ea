"""The bodies of an OA's events: all ids and times are strings."""

from typing import Any

from fakes.zaloapi.account import Oa
from fakes.zaloapi.people import Chat, Json, Message

ZDN = "https://photo.zdn.example"
ATTACHED: dict[str, Json] = {
    "image": {"url": f"{ZDN}/x.jpg", "thumbnail": f"{ZDN}/t.jpg"},
    "gif": {"url": f"{ZDN}/x.gif", "thumbnail": f"{ZDN}/t.jpg"},
    "video": {"url": f"{ZDN}/x.mp4", "thumbnail": f"{ZDN}/t.jpg", "description": ""},
    "audio": {"url": f"{ZDN}/x.aac"},
    "link": {"url": "https://example.org", "thumbnail": f"{ZDN}/t.jpg", "description": "a"},
    "sticker": {"id": "20325", "url": f"{ZDN}/s.png"},
    "file": {
        "url": f"{ZDN}/giay.pdf",
        "name": "giay.pdf",
        "size": "4321",
        "type": "pdf",
        "checksum": "d41d8cd98f00b204e9800998ecf8427e",
    },
    "location": {"coordinates": {"latitude": "21.028511", "longitude": "105.804817"}},
    "business_card": {"url": "https://zalo.example/card", "thumbnail": f"{ZDN}/t.jpg"},
}
# What an app may also hear and has nothing to answer to; that they come is known, not how.
OTHERS: dict[str, Json] = {
    "oa_reacted_message": {"message": {"msg_id": "a1b2c3d4e5f60718293a", "react_icon": "/-heart"}},
    "anonymous_send_text": {"message": {"text": "a", "conversation_id": "c1", "msg_id": "b2"}},
    "update_user_info": {"info": {"name": "Lan Demo"}},
    "add_user_to_tag": {"tag": {"name": "a"}},
    "remove_user_from_tag": {"tag": {"name": "a"}},
    "widget_interaction_accepted": {"oa_id": ""},
    "oa_send_consent": {"request_consent_id": "1"},
    "user_reply_consent": {"user_consent": "true"},
    "create_group": {"group_id": "g1"},
}
# An echo's kind; a card that asks for a number shows as a list.
ECHOES = {"request_user_info": "list"}


def between(oa: Oa, sender: str, recipient: str, name: str, ago: float = 0.0) -> Json:
    """What most events begin with. `ago`: seconds that it happened before now."""
    user = recipient if sender == oa.id else sender
    return {
        "app_id": oa.platform.app.id,
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "user_id_by_app": oa.by_app(user),
        "event_name": name,
        "timestamp": moment(oa, ago),
    }


def moment(oa: Oa, ago: float) -> str:
    return str(int((oa.platform.clock.now() - ago) * 1000))


def about(oa: Oa, user: str, name: str, **more: Any) -> Json:
    """An event that has neither sender nor recipient."""
    return {
        "oa_id": oa.id,
        **more,
        "user_id_by_app": oa.by_app(user),
        "event_name": name,
        "app_id": oa.platform.app.id,
        "timestamp": moment(oa, 0),
    }


def spoken(oa: Oa, chat: Chat, message: Message, ago: float = 0.0) -> Json:
    """user_send_text: typed words, and just so a pressed button."""
    said: Json = {"text": message.text, "msg_id": message.id}
    return {**between(oa, chat.id, oa.id, "user_send_text", ago), "message": said}


def shown(oa: Oa, chat: Chat, message: Message) -> Json:
    """user_send_image and its like."""
    said: Json = {
        "msg_id": message.id,
        "attachments": [{"type": message.kind, "payload": message.attachment or {}}],
    }
    if message.text:
        said["text"] = message.text
    return {**between(oa, chat.id, oa.id, f"user_send_{message.kind}"), "message": said}


def echo(oa: Oa, chat: Chat, message: Message, staff: str | None = None) -> Json:
    """oa_send_...: what the OA said itself, or one of its people by hand."""
    kind = ECHOES.get(message.kind, message.kind)
    said: Json = {"msg_id": message.id, "text": message.text}
    if message.attachment:
        said["attachments"] = [{"type": kind, "payload": message.attachment}]
    body = {**between(oa, oa.id, chat.id, f"oa_send_{kind}"), "message": said}
    return {**body, "admin_id": staff} if staff else body


def received(oa: Oa, chat: Chat, message_id: str) -> Json:
    body = between(oa, chat.id, oa.id, "user_received_message")
    return {**body, "message": {"msg_id": message_id}}
