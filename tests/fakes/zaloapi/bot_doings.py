"""What people do at a bot: type, send, mention it in a group."""

from typing import Any

from fakes.zaloapi.bot import Bot
from fakes.zaloapi.doings import words
from fakes.zaloapi.people import Chat, Json, Message
from fakes.zaloapi.refusals import Misused

MAX_TYPED = 2000
SENT: dict[str, Json] = {
    "sticker": {"sticker": "bfe458bf64fa8da4d4eb", "url": "https://photo.zdn.example/s.png"},
    "voice": {"voice_url": "https://voice.zdn.example/v.aac"},
    "unsupported": {},
}


def acting(bot: Bot, asked: Json) -> Chat:
    chat = bot.chat(asked.get("user"))
    chat.is_known = True
    bot.users.setdefault(chat.id)
    return chat


def happened(bot: Bot, chat: Chat, sender: Chat, kind: str, body: Json) -> Json:
    """A message stands in the chat and goes to the bot."""
    platform = bot.platform
    at = int(platform.clock.now() * 1000)
    text = str(body.get("text", body.get("caption", "")))
    message = platform.write(chat, Message(platform.new_id(), False, kind, text, at, 0))
    update: Json = {
        "event_name": f"message.{kind}.received",
        "message": {
            "from": {"id": sender.id, "display_name": sender.name, "is_bot": False},
            "chat": {"id": chat.id, "chat_type": "GROUP" if chat.is_group else "PRIVATE"},
            **body,
            "message_id": message.id,
            "date": at,
        },
    }
    bot.happened(update, chat.id)
    return told(bot, message_id=message.id)


def told(bot: Bot, **more: Any) -> Json:
    return {"change": bot.platform.change, **more}


def say(bot: Bot, asked: Json) -> Json:
    text = words(asked, "text")
    if not 0 < len(text) <= MAX_TYPED:
        raise Misused(f"a person types 1 to {MAX_TYPED} characters")
    chat = acting(bot, asked)
    return happened(bot, chat, chat, "text", {"text": text})


def send(bot: Bot, asked: Json) -> Json:
    """She sends a picture, a sticker, her voice, or what a bot never gets to see."""
    kind, chat = words(asked, "kind"), acting(bot, asked)
    if kind == "image":
        name = str(bot.platform.faults.plain["photo_field"])
        body: Json = {name: "https://photo.zdn.example/x.jpg"}
        if "caption" in asked:
            body["caption"] = asked["caption"]
    elif kind in SENT:
        body = SENT[kind]
    else:
        raise Misused(f"no kind {kind!r}; there are image, {', '.join(SENT)}")
    return happened(bot, chat, chat, kind, body)


def group(bot: Bot, asked: Json) -> Json:
    """Somebody writes in a group; a bot hears only what mentions it."""
    chat = bot.chat(asked.get("group"))
    chat.is_known = chat.is_group = True
    bot.groups.setdefault(chat.id)
    if not asked.get("mentions", True):
        return told(bot)
    sender = bot.chat(asked.get("user"))
    return happened(bot, chat, sender, "text", {"text": f"@{bot.name} {words(asked, 'text')}"})


def raw(bot: Bot, asked: Json) -> Json:
    """An update as the test wrote it."""
    if not isinstance(asked["event"], dict):
        raise Misused("event must be an object")
    bot.happened(asked["event"], "raw")
    return told(bot)


def crowd(bot: Bot, asked: Json) -> Json:
    """People who wrote to the bot long ago."""
    for user in asked["users"]:
        acting(bot, {"user": user})
    return told(bot, count=len(asked["users"]))


DOINGS = {one.__name__: one for one in (say, send, group, raw, crowd)}
