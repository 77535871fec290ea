"""What a bot says: messages with their texts, pictures, documents; edits; deletions."""

import hashlib
from collections.abc import Callable
from typing import Any

from fakes.botapi.account import Account
from fakes.botapi.markups import asks_contact
from fakes.botapi.people import Chat, Json, Message
from fakes.botapi.refusals import bad
from fakes.botapi.texts import formatted, units

MAX_TEXT, MAX_CAPTION = 4096, 1024
MAX_PHOTO, MAX_DOCUMENT = 10_000_000, 50_000_000
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


class Uploaded:
    """A file that came with a call."""

    def __init__(self, name: str, media_type: str, content: bytes) -> None:
        self.name, self.media_type, self.content = name, media_type, content
        self.sha256 = hashlib.sha256(content).hexdigest()


def shown(taken: Json, name: str, entities: str, at_most: int) -> Json:
    """A text or caption, formatted and measured."""
    text, found = formatted(taken.get(name, ""), taken.get("parse_mode"), taken.get(entities))
    if units(text) > at_most:
        raise bad("message is too long" if name == "text" else "message caption is too long")
    body: Json = {name: text} if text else {}
    if found:
        body[entities] = found
    return body


def text_of(taken: Json) -> Json:
    body = shown(taken, "text", "entities", MAX_TEXT)
    if not body:
        raise bad("Message text is empty")
    if "link_preview_options" in taken:
        body["link_preview_options"] = taken["link_preview_options"]
    return body


def place(account: Account, taken: Json) -> Chat:
    """Where a message goes; what it answers must be there."""
    if "business_connection_id" in taken:
        raise bad("BUSINESS_CONNECTION_INVALID")
    chat = account.writable(taken["chat_id"])
    if chat.person is None and asks_contact(taken.get("reply_markup")):
        raise bad("phone number can be requested in private chats only")
    if chat.person and "message_thread_id" in taken:
        raise bad("message thread not found")
    reply = taken.get("reply_parameters")
    if (
        reply
        and reply["message_id"] not in chat.messages
        and not reply.get("allow_sending_without_reply")
    ):
        raise bad("message to be replied not found")
    return chat


def deliver(
    account: Account, chat: Chat, taken: Json, kind: str, body: Json, file: Json | None = None
) -> Message:
    """The message stands in her chat."""
    return account.write(
        chat,
        kind,
        body,
        account.as_user(),
        from_bot=True,
        markup=taken.get("reply_markup"),
        protected=bool(taken.get("protect_content")),
        file=file,
    )


def stored(account: Account, file: Any, at_most: int) -> tuple[Json, Json]:
    """A file to send, uploaded now or known by its id: what the bot and what the test see of it."""
    if isinstance(file, str):
        if file not in account.files:
            raise bad("wrong file identifier/HTTP URL specified")
        seen = account.files[file]
        return {"file_id": file, "file_unique_id": file[4:16], "file_size": seen["size"]}, seen
    if not file.content:
        raise bad("file must be non-empty")
    if len(file.content) > at_most:
        raise bad("file is too big")
    seen = {"name": file.name, "size": len(file.content), "sha256": file.sha256}
    file_id = f"BQAC{file.sha256[:32]}"
    account.files[file_id] = seen
    named = {"file_id": file_id, "file_unique_id": file_id[4:16], "file_size": seen["size"]}
    return named, seen


Speak = Callable[[Account, Chat, Json], Message]


def message(account: Account, chat: Chat, taken: Json) -> Message:
    return deliver(account, chat, taken, "text", taken["_body"])


def picture(account: Account, chat: Chat, taken: Json) -> Message:
    file = taken["photo"]
    if isinstance(file, Uploaded) and file.content and not file.content.startswith(PICTURES):
        raise bad("IMAGE_PROCESS_FAILED")
    named, seen = stored(account, file, MAX_PHOTO)
    body = {"photo": [{**named, "width": 800, "height": 800}], **taken["_body"]}
    return deliver(account, chat, taken, "photo", body, seen)


def document(account: Account, chat: Chat, taken: Json) -> Message:
    named, seen = stored(account, taken["document"], MAX_DOCUMENT)
    body = {"document": {**named, "file_name": seen["name"]}, **taken["_body"]}
    return deliver(account, chat, taken, "document", body, seen)


SPEAK: dict[str, Speak] = {
    "sendMessage": message,
    "sendPhoto": picture,
    "sendDocument": document,
}


def speech_of(method: str, taken: Json) -> str:
    """Check what a send says, before anything happens; return the words for the log's mark."""
    if method == "sendMessage":
        taken["_body"] = text_of(taken)
    else:
        taken["_body"] = shown(taken, "caption", "caption_entities", MAX_CAPTION)
    return str(taken["_body"].get("text", taken["_body"].get("caption", "")))


def to_edit(account: Account, taken: Json) -> tuple[Chat, Message]:
    """The message that an edit means; it must be the bot's own."""
    if "chat_id" not in taken and "message_id" not in taken:
        if "inline_message_id" not in taken:
            raise bad("Message identifier is not specified")
        raise bad("MESSAGE_ID_INVALID")
    if "chat_id" not in taken:
        raise bad("chat_id is empty")
    chat = account.writable(taken["chat_id"])
    found = chat.messages.get(taken.get("message_id", 0))
    if found is None:
        raise bad("message to edit not found")
    if not found.from_bot or (found.markup and "inline_keyboard" not in found.markup):
        raise bad("message can't be edited")
    return chat, found


def edit_text(account: Account, taken: Json) -> Json:
    if "text" not in taken:
        raise bad("Message text is empty")
    body = text_of(taken)
    chat, found = to_edit(account, taken)
    if found.kind != "text":
        raise bad("there is no text in the message to edit")
    if body == found.body and taken.get("reply_markup") == found.markup:
        raise bad(NOT_MODIFIED)
    found.body, found.markup = body, taken.get("reply_markup")
    account.changed(chat, found)
    return found.told(chat.as_chat())


def edit_markup(account: Account, taken: Json) -> Json:
    chat, found = to_edit(account, taken)
    if taken.get("reply_markup") == found.markup:
        raise bad(NOT_MODIFIED)
    found.markup = taken.get("reply_markup")
    account.changed(chat, found)
    return found.told(chat.as_chat())


def delete(account: Account, taken: Json) -> bool:
    chat = account.writable(taken["chat_id"])
    if taken["message_id"] not in chat.messages:
        raise bad("message to delete not found")
    del chat.messages[taken["message_id"]]
    chat.wake()
    return True
