"""What people do at an OA: follow, type, press, send, share, withdraw."""

from typing import Any

from fakes.zaloapi.account import Oa
from fakes.zaloapi.events import ATTACHED, OTHERS, about, between, echo, shown, spoken
from fakes.zaloapi.people import Chat, Json, Message
from fakes.zaloapi.refusals import Misused

MAX_TYPED = 3000
QUERIES = ("oa.query.show", "oa.query.hide")


def words(asked: Json, name: str) -> str:
    if not isinstance(asked.get(name), str):
        raise Misused(f"{name} must be a text")
    return str(asked[name])


def acting(oa: Oa, asked: Json) -> Chat:
    """The chat of a person who interacts: her window is open again, whatever was."""
    chat = oa.chat(asked.get("user"))
    chat.is_known, chat.has_left = True, False
    chat.last_at = oa.platform.clock.now() - float(asked.get("ago", 0))
    return chat


def hers(oa: Oa, chat: Chat, kind: str, text: str) -> Message:
    """A message of a person."""
    at = int(oa.platform.clock.now() * 1000)
    return oa.platform.write(chat, Message(oa.platform.new_id(), False, kind, text, at, 0))


def told(oa: Oa, **more: Any) -> Json:
    return {"change": oa.platform.change, **more}


def say(oa: Oa, asked: Json) -> Json:
    """She types. `ago`: so many seconds before now, as an event that is late."""
    text = words(asked, "text")
    if not 0 < len(text) <= MAX_TYPED:
        raise Misused(f"a person types 1 to {MAX_TYPED} characters")
    chat = acting(oa, asked)
    message = hers(oa, chat, "text", text)
    oa.event(spoken(oa, chat, message, float(asked.get("ago", 0))), chat.id)
    return told(oa, message_id=message.id)


def press(oa: Oa, asked: Json) -> Json:
    """She presses the newest button with this title, or under this message.

    A query comes back as a text, shown in her chat or hidden. A link opens and tells nobody.
    """
    chat = oa.chat(asked.get("user"))
    button = pressed(chat, words(asked, "title"), asked.get("message_id"))
    if button["type"] not in QUERIES:
        return told(oa, opens=button["payload"])
    acting(oa, asked)
    message = hers(oa, chat, "text", button["payload"])
    message.is_shown = button["type"] == "oa.query.show"
    oa.event(spoken(oa, chat, message), chat.id)
    return told(oa, message_id=message.id, payload=button["payload"])


def pressed(chat: Chat, title: str, message_id: Any) -> Json:
    for message in chat.said():
        if message_id in (None, message.id):
            for button in message.buttons:
                if button["title"] == title:
                    return button
    raise Misused(f"no button {title!r} in this chat")


def send(oa: Oa, asked: Json) -> Json:
    """She sends what is no text: a picture, a file, a sticker, her place."""
    kind = words(asked, "kind")
    if kind not in ATTACHED:
        raise Misused(f"no kind {kind!r}; there are {sorted(ATTACHED)}")
    chat = acting(oa, asked)
    message = hers(oa, chat, kind, asked.get("caption", ""))
    message.attachment = ATTACHED[kind]
    oa.event(shown(oa, chat, message), chat.id)
    return told(oa, message_id=message.id)


def follow(oa: Oa, asked: Json) -> Json:
    chat = acting(oa, asked)
    chat.is_follower = True
    source = str(asked.get("source", "oa_profile"))
    oa.event(about(oa, chat.id, "follow", follower={"id": chat.id}, source=source), chat.id)
    return told(oa)


def unfollow(oa: Oa, asked: Json) -> Json:
    chat = oa.chat(asked.get("user"))
    chat.is_follower, chat.has_left = False, True
    oa.event(about(oa, chat.id, "unfollow", follower={"id": chat.id}, source="zalo"), chat.id)
    return told(oa)


def chatnow(oa: Oa, asked: Json) -> Json:
    """She opens the chat by the button "Nhắn tin"."""
    chat = acting(oa, asked)
    oa.event(about(oa, chat.id, "user_click_chatnow", user_id=chat.id), chat.id)
    return told(oa)


def withdraw(oa: Oa, asked: Json) -> Json:
    """She takes back what she agreed to at Zalo. How the body names her is not known."""
    chat = oa.chat(asked.get("user"))
    chat.is_follower, chat.has_left = False, True
    name = "user_withdraw"
    if asked.get("shape") == "sender":
        oa.event(between(oa, chat.id, oa.id, name), chat.id)
    elif asked.get("shape") == "follower":
        oa.event(about(oa, chat.id, name, follower={"id": chat.id}), chat.id)
    else:
        oa.event(about(oa, chat.id, name, user_id=chat.id), chat.id)
    return told(oa)


def submit(oa: Oa, asked: Json) -> Json:
    """She fills the card that asks for name and number, in the newer or the older shape.

    `phone` is sent as it was given, text or number; it may be whatever she typed.
    """
    chat = oa.chat(asked.get("user"))
    asked_for = any(one.kind == "request_user_info" for one in chat.said())
    if not asked_for and not asked.get("forged"):
        raise Misused("nobody asked her for name and number")
    known = {"name": asked.get("name", chat.name), "phone": asked.get("phone", "")}
    if asked.get("shape") == "old":
        card = {**known, "address": "1 Phố Mẫu", "city": "Hà Nội", "district": "Ba Đình"}
    else:
        place = {"user_city": "Hà Nội", "user_ward": "Ba Đình", "user_address": "1 Phố Mẫu"}
        card = {**known, "user_dob": "", "gender": "", "full_address": place}
    chat.shared = {"name": known["name"], "phone": known["phone"]}
    oa.event({**between(oa, chat.id, oa.id, "user_submit_info"), "info": card}, chat.id)
    return told(oa)


def see(oa: Oa, asked: Json) -> Json:
    """She reads everything. That opens no window."""
    chat = oa.chat(asked.get("user"))
    read = {"msg_ids": [one.id for one in chat.said()]}
    oa.event({**between(oa, chat.id, oa.id, "user_seen_message"), "message": read}, chat.id)
    return told(oa)


def react(oa: Oa, asked: Json) -> Json:
    chat = oa.chat(asked.get("user"))
    newest = next(iter(chat.said()), None)
    if newest is None:
        raise Misused("nothing was said to her")
    said = {"msg_id": newest.id, "react_icon": "/-strong"}
    oa.event({**between(oa, chat.id, oa.id, "user_reacted_message"), "message": said}, chat.id)
    return told(oa)


def staff(oa: Oa, asked: Json) -> Json:
    """One of the OA's people writes to her by hand."""
    chat = oa.chat(asked.get("user"))
    message = hers(oa, chat, "text", words(asked, "text"))
    message.from_bot = True
    oa.event(echo(oa, chat, message, str(asked.get("admin", "1357924680135792468"))), chat.id)
    return told(oa, message_id=message.id)


def refuse(oa: Oa, asked: Json) -> Json:
    """She wants no template messages, or wants them again."""
    oa.chat(asked.get("user")).refuses = bool(asked.get("templates", True))
    return told(oa)


def other(oa: Oa, asked: Json) -> Json:
    """One of the events that are of no use here: tags, consents, groups, visitors of a web page."""
    name, chat = words(asked, "event"), oa.chat(asked.get("user"))
    if name not in OTHERS:
        raise Misused(f"no event {name!r}; there are {sorted(OTHERS)}")
    oa.event({**between(oa, chat.id, oa.id, name), **OTHERS[name]}, chat.id)
    return told(oa)


def raw(oa: Oa, asked: Json) -> Json:
    """An event as the test wrote it, well signed; it may be of any kind or of none."""
    body = asked["event"]
    if not isinstance(body, dict):
        raise Misused("event must be an object")
    oa.event(body, "raw")
    return told(oa)


def crowd(oa: Oa, asked: Json) -> Json:
    """Followers of whom nobody heard anything: `ago` seconds ago they did something."""
    for user in asked["users"]:
        acting(oa, {"user": user, "ago": asked.get("ago", 0)}).is_follower = True
    return told(oa, count=len(asked["users"]))


DOINGS = {
    one.__name__: one
    for one in (
        say, press, send, follow, unfollow, chatnow, withdraw, submit, see, react, staff, refuse,
        other, raw, crowd,
    )
}  # fmt: skip
