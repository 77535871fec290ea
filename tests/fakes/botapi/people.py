"""Who is there and what was said: persons, chats, messages."""

import time
from asyncio import Future
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
MAX_ID = 1 << 52


@dataclass(slots=True)
class Person:
    """A user of Telegram, as her client describes her."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = "vi"

    def as_user(self) -> Json:
        named = {"id": self.id, "is_bot": False, **self.names()}
        if self.language_code:
            named["language_code"] = self.language_code
        return named

    def as_chat(self) -> Json:
        return {"id": self.id, **self.names(), "type": "private"}

    def names(self) -> Json:
        named: Json = {"first_name": self.first_name}
        if self.last_name:
            named["last_name"] = self.last_name
        if self.username:
            named["username"] = self.username
        return named


@dataclass(slots=True)
class Message:
    """One message. `body` is what it shows besides its head: text, photo, contact and the like."""

    id: int
    sender: Json | None
    date: int
    kind: str
    body: Json
    change: int
    from_bot: bool = False
    markup: Json | None = None
    edited_at: int | None = None
    protected: bool = False
    file: Json | None = None

    @property
    def text(self) -> str:
        return str(self.body.get("text", self.body.get("caption", "")))

    def told(self, chat: Json) -> Json:
        """The message as updates and answers hold it; only inline buttons show."""
        told: Json = {"message_id": self.id, "chat": chat, "date": self.date, **self.body}
        if self.sender:
            told["from"] = self.sender
        if self.edited_at:
            told["edit_date"] = self.edited_at
        if self.protected:
            told["has_protected_content"] = True
        if self.markup and "inline_keyboard" in self.markup:
            told["reply_markup"] = self.markup
        return told

    def seen(self) -> Json:
        """The message as the control API shows it."""
        markup = self.markup or {}
        return {
            "message_id": self.id,
            "from_bot": self.from_bot,
            "kind": self.kind,
            "text": self.text,
            "entities": self.body.get("entities", self.body.get("caption_entities", [])),
            "buttons": markup.get("inline_keyboard", []),
            "reply_keyboard": [
                [{"text": one} if isinstance(one, str) else one for one in row]
                for row in markup["keyboard"]
            ]
            if "keyboard" in markup
            else None,
            "remove_keyboard": bool(markup.get("remove_keyboard")),
            "edited": self.edited_at is not None,
            "protect_content": self.protected,
            "date": self.date,
            "file": self.file,
            "change": self.change,
        }


@dataclass(slots=True)
class Chat:
    """A conversation with one bot. A private one has a person, the others have a title."""

    id: int
    kind: str
    instance: str
    person: Person | None = None
    title: str = ""
    blocked: bool = False
    moved_to: int | None = None
    keyboard: Message | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    sent_at: float = float("-inf")
    waiting: list["Future[None]"] = field(default_factory=list)

    def as_chat(self) -> Json:
        if self.person:
            return self.person.as_chat()
        return {"id": self.id, "title": self.title, "type": self.kind}

    def keep(self, message: Message, at_most: int) -> None:
        """Add a message; with a bound, the oldest falls out. Tell whoever waits for one."""
        self.messages[message.id] = message
        if at_most and len(self.messages) > at_most:
            del self.messages[next(iter(self.messages))]
        if message.from_bot:
            self.heard(message.markup, message)
            self.wake()

    def heard(self, markup: Json | None, message: Message) -> None:
        """A reply keyboard stays in place of the letters until another message takes it away."""
        if markup and "keyboard" in markup:
            self.keyboard = message
        elif markup and "remove_keyboard" in markup:
            self.keyboard = None

    def wake(self) -> None:
        for one in self.waiting:
            if not one.done():
                one.set_result(None)
        self.waiting.clear()

    def newest(self) -> Message | None:
        """The bot's last message."""
        return next((one for one in reversed(self.messages.values()) if one.from_bot), None)


def unix_now() -> int:
    """Telegram's dates are whole seconds."""
    return int(time.time())
