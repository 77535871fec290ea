"""What people do: the control API's side that makes updates as the real server does."""

import hashlib
import re
import time
from typing import Any

from fakes.botapi.account import Account
from fakes.botapi.people import MAX_ID, Chat, Json, Message, unix_now
from fakes.botapi.refusals import Misused
from fakes.botapi.texts import commands, units

BARE_MEDIA: dict[str, Json] = {
    "voice": {"duration": 3, "mime_type": "audio/ogg", "file_size": 4321},
    "document": {"file_name": "giay.pdf", "mime_type": "application/pdf", "file_size": 4321},
    "sticker": {
        "type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False,
        "emoji": "👍",
    },
    "video": {"width": 640, "height": 360, "duration": 5, "file_size": 99999},
    "video_note": {"length": 240, "duration": 5, "file_size": 9999},
    "audio": {"duration": 60, "title": "a", "file_size": 99999},
    "animation": {"width": 320, "height": 180, "duration": 2, "file_size": 9999},
}  # fmt: skip
PLACELESS: dict[str, Json] = {
    "location": {"latitude": 21.028511, "longitude": 105.804817},
    "dice": {"emoji": "🎲", "value": 4},
}
MAX_TEXT = 4096
# After this many seconds an answer to a callback query is too late.
EXPIRES = 150.0


def queued(account: Account, kind: str, content: Any, key: tuple[str, int], life: str) -> Json:
    """Put an update in the bot's queue; tell what the control API tells of it."""
    update = account.queue.put(kind, content, key, account.expiry(life))
    return {"update_id": update.id if update else None, "change": account.change}


def whole(asked: Json, name: str) -> int:
    value = asked.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= MAX_ID:
        raise Misused(f"{name} must be a whole number of at most 52 bits, not {value!r}")
    return value


def words(asked: Json, name: str) -> str:
    if not isinstance(asked.get(name), str):
        raise Misused(f"{name} must be a text")
    return str(asked[name])


def her_chat(account: Account, asked: Json) -> Chat:
    """The chat of the person who does something; she must not have blocked the bot."""
    user_id = whole(asked, "chat")
    if user_id <= 0:
        raise Misused("a person's chat is a positive number")
    person = account.platform.person(user_id)
    for name in ("first_name", "last_name", "username", "language_code"):
        if name in asked:
            setattr(person, name, asked[name])
    chat = account.private(user_id)
    if chat.blocked:
        raise Misused("she has blocked the bot; unblock first")
    return chat


def sent(account: Account, chat: Chat, kind: str, body: Json, asked: Json) -> Json:
    """A private message of a person, on its way to the bot."""
    assert chat.person
    message = account.write(chat, kind, body, chat.person.as_user(), date=asked.get("date"))
    told = queued(
        account, "message", message.told(chat.as_chat()), ("message", chat.id), "message"
    )
    return {**told, "message_id": message.id}


def say(account: Account, asked: Json) -> Json:
    text = words(asked, "text")
    if not 0 < units(text) <= MAX_TEXT:
        raise Misused(f"a client sends 1 to {MAX_TEXT} units, not {units(text)}")
    body: Json = {"text": text}
    if found := asked.get("entities", commands(text)):
        body["entities"] = found
    return sent(account, her_chat(account, asked), "text", body, asked)


def start(account: Account, asked: Json) -> Json:
    payload = asked.get("payload")
    if payload is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(payload)):
        raise Misused("a start parameter is 1 to 64 of A-Z a-z 0-9 _ -")
    return say(account, {**asked, "text": f"/start {payload}" if payload else "/start"})


def tap(account: Account, asked: Json) -> Json:
    """A button is pressed, or a modified client says that one was."""
    chat = her_chat(account, asked) if whole(asked, "chat") > 0 else account.chats[asked["chat"]]
    message, payload = pressed(chat, asked)
    person = account.platform.person(asked["from"]) if "from" in asked else chat.person
    assert person
    query = str(account.platform.chance.randrange(1 << 62, 1 << 63))
    account.callbacks[query] = (chat.id, time.monotonic() + EXPIRES)
    content: Json = {
        "id": query,
        "from": person.as_user(),
        "chat_instance": chat.instance,
        "data": payload,
    }
    if asked.get("inaccessible") or message is None:
        number = message.id if message else asked.get("message_id", 1)
        content["message"] = {"message_id": number, "chat": chat.as_chat(), "date": 0}
    else:
        content["message"] = message.told(chat.as_chat())
    told = queued(account, "callback_query", content, ("callback", person.id), "callback")
    return {**told, "callback_query_id": query}


def pressed(chat: Chat, asked: Json) -> tuple[Message | None, str]:
    """The message under which she pressed, and the payload."""
    label, payload, number = (asked.get(name) for name in ("label", "data", "message_id"))
    if not isinstance(label if payload is None else payload, str):
        raise Misused("tap takes data or label")
    listed = [chat.messages[number]] if number in chat.messages else []
    for message in listed or [one for one in reversed(chat.messages.values()) if one.from_bot]:
        for row in (message.markup or {}).get("inline_keyboard", []):
            for button in row:
                known = button.get("callback_data")
                if known is not None and (button["text"] == label or known == payload):
                    return message, known
    if payload is None:
        raise Misused(f"no button {label!r} in this chat")
    return (listed[0] if listed else chat.newest()), str(payload)


def contact(account: Account, asked: Json) -> Json:
    """A contact card: her own by the button, or any other."""
    chat = her_chat(account, asked)
    assert chat.person
    card: Json = {"phone_number": words(asked, "phone"), "first_name": chat.person.first_name}
    if asked.get("own"):
        card["user_id"] = chat.id
    elif "user_id" in asked:
        card["user_id"] = whole(asked, "user_id")
    body: Json = {"contact": card}
    if asked.get("own") and chat.keyboard:
        body["reply_to_message"] = chat.keyboard.told(chat.as_chat())
    return sent(account, chat, "contact", body, asked)


def media(account: Account, asked: Json) -> Json:
    """Whatever is no text."""
    kind = words(asked, "kind")
    chat = her_chat(account, asked)
    number = hashlib.sha256(f"{account.last_message}".encode()).hexdigest()[:24]
    named = {"file_id": f"AgAC{number}", "file_unique_id": number[:12]}
    body: Json
    if kind == "photo":
        sizes = ((90, 1234), (320, 12345), (1280, 123456))
        body = {kind: [{**named, "width": w, "height": w, "file_size": size} for w, size in sizes]}
    elif kind in BARE_MEDIA:
        body = {kind: {**named, **BARE_MEDIA[kind]}}
    elif kind in PLACELESS:
        body = {kind: PLACELESS[kind]}
    else:
        raise Misused(f"no media {kind!r}")
    if "caption" in asked:
        body["caption"] = asked["caption"]
    return sent(account, chat, kind, body, asked)


def photo(account: Account, asked: Json) -> Json:
    return media(account, {**asked, "kind": "photo"})


def edit(account: Account, asked: Json) -> Json:
    """She changes what she wrote: the same message id comes again."""
    chat = her_chat(account, asked)
    message = chat.messages.get(whole(asked, "message_id"))
    if message is None or message.from_bot or message.kind != "text":
        raise Misused("she can edit a text of her own")
    text = words(asked, "text")
    message.body = {"text": text}
    if found := commands(text):
        message.body["entities"] = found
    account.changed(chat, message)
    told = queued(
        account, "edited_message", message.told(chat.as_chat()), ("message", chat.id), "message"
    )
    return {**told, "message_id": message.id}


def block(account: Account, asked: Json) -> Json:
    return membership(account, her_chat(account, asked), "kicked")


def unblock(account: Account, asked: Json) -> Json:
    return membership(account, account.private(whole(asked, "chat")), "member")


def membership(account: Account, chat: Chat, status: str) -> Json:
    """A private chat tells of its bot's membership only when it is blocked or unblocked."""
    assert chat.person
    before, chat.blocked = chat.blocked, status == "kicked"

    def member(kicked: bool) -> Json:  # noqa: FBT001 - two states of one thing
        if kicked:
            return {"user": account.as_user(), "status": "kicked", "until_date": 0}
        return {"user": account.as_user(), "status": "member"}

    content = {
        "chat": chat.as_chat(),
        "from": chat.person.as_user(),
        "date": unix_now(),
        "old_chat_member": member(before),
        "new_chat_member": member(chat.blocked),
    }
    return queued(account, "my_chat_member", content, ("member", chat.id), "message")


DOINGS = {
    one.__name__: one for one in (say, start, tap, contact, media, photo, edit, block, unblock)
}
