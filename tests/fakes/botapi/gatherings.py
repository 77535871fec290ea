"""What reaches a bot from other places than a private chat: groups, channels, anything at all."""

from fakes.botapi.account import Account
from fakes.botapi.doings import queued, whole, words
from fakes.botapi.methods import KINDS
from fakes.botapi.people import Json
from fakes.botapi.refusals import Misused
from fakes.botapi.texts import commands


def group(account: Account, asked: Json) -> Json:
    """A message in a group: -100... is a supergroup, other negative numbers are basic groups."""
    chat_id = whole(asked, "chat")
    if chat_id >= 0:
        raise Misused("a group's chat is a negative number")
    kind = "supergroup" if str(chat_id).startswith("-100") else "group"
    chat = account.common(chat_id, kind, asked.get("title", "Tổ 3"))
    sender = account.platform.person(asked.get("from", 777_000_001)).as_user()
    text = words(asked, "text")
    body: Json = {"text": text}
    if found := commands(text):
        body["entities"] = found
    message = account.write(chat, "text", body, sender)
    told = queued(
        account, "message", message.told(chat.as_chat()), ("message", chat.id), "message"
    )
    return {**told, "message_id": message.id}


def channel(account: Account, asked: Json) -> Json:
    chat = account.common(whole(asked, "chat"), "channel", asked.get("title", "Kênh"))
    message = account.write(chat, "text", {"text": words(asked, "text")}, None)
    content = {**message.told(chat.as_chat()), "sender_chat": chat.as_chat()}
    told = queued(account, "channel_post", content, ("message", chat.id), "message")
    return {**told, "message_id": message.id}


def migrate(account: Account, asked: Json) -> Json:
    """A basic group becomes a supergroup and leaves service messages in both."""
    old = account.chats.get(whole(asked, "chat"))
    if old is None or old.person:
        raise Misused("no such group")
    new = account.common(whole(asked, "to"), "supergroup", old.title)
    old.moved_to = new.id
    for chat, name, other in (
        (old, "migrate_to_chat_id", new.id),
        (new, "migrate_from_chat_id", old.id),
    ):
        message = account.write(chat, "service", {name: other}, None)
        told = queued(
            account, "message", message.told(chat.as_chat()), ("message", chat.id), "message"
        )
    return told


def raw(account: Account, asked: Json) -> Json:
    """An update as the test wrote it, of a kind that may be unknown."""
    asked = {name: value for name, value in asked.items() if name != "bot"}
    if "update_id" in asked or len(asked) != 1:
        raise Misused("a raw update has one field, its kind; update_id is given here")
    kind, content = next(iter(asked.items()))
    inside = content.get("message", content) if isinstance(content, dict) else {}
    chat = inside.get("chat", {}) if isinstance(inside, dict) else {}
    number = chat.get("id", 0) if isinstance(chat, dict) else 0
    life = "callback" if kind == "callback_query" else "message"
    key = ("message" if kind in KINDS else kind, number if isinstance(number, int) else 0)
    return queued(account, kind, content, key, life)


def crowd(account: Account, asked: Json) -> Json:
    """People who pressed Start long ago."""
    if "chats" in asked:
        for one in asked["chats"]:
            account.private(one)
        return {"count": len(asked["chats"])}
    first, count = whole(asked, "first"), whole(asked, "count")
    account.crowds.append(range(first, first + count))
    return {"count": count}


def jump(account: Account, asked: Json) -> Json:
    """After a week of silence the next update has any number, a lower one too."""
    if account.queue.waiting:
        raise Misused("numbers begin anew after a week in which nothing waited")
    account.queue.next_id = whole(asked, "to")
    return {"update_id": account.queue.next_id}


GATHERINGS = {one.__name__: one for one in (group, channel, migrate, raw, crowd, jump)}
