"""What the Bot API takes: methods, their parameters and types, and objects inside them.

Written by hand for what a bot of this kind uses. The real server ignores a parameter that it does
not know; here it is refused, because in a program it is always a mistake.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from fakes.botapi.refusals import Refused, bad
from fakes.botapi.texts import ENTITY_KINDS

_PLACE = (
    "business_connection_id:str chat_id!:chat message_thread_id:int direct_messages_topic_id:int "
)
_WAY = (
    "disable_notification:bool protect_content:bool allow_paid_broadcast:bool "
    "message_effect_id:str suggested_post_parameters:json reply_parameters:reply "
    "reply_markup:markup "
)
_CAPTION = "caption:str parse_mode:str caption_entities:entities "
_EDITED = "business_connection_id:str chat_id:chat message_id:int inline_message_id:str "
_SPEECH = "scope:json language_code:str "

METHODS = {
    "getMe": "",
    "logOut": "",
    "close": "",
    "getUpdates": "offset:int limit:int timeout:int allowed_updates:kinds",
    "setWebhook": "url!:str certificate:file ip_address:str max_connections:int "
    "allowed_updates:kinds drop_pending_updates:bool secret_token:str",
    "deleteWebhook": "drop_pending_updates:bool",
    "getWebhookInfo": "",
    "sendMessage": _PLACE + "text!:str parse_mode:str entities:entities "
    "link_preview_options:preview " + _WAY,
    "sendPhoto": _PLACE + "photo!:file show_caption_above_media:bool has_spoiler:bool "
    "" + _CAPTION + _WAY,
    "sendDocument": _PLACE + "document!:file thumbnail:file "
    "disable_content_type_detection:bool " + _CAPTION + _WAY,
    "sendChatAction": "business_connection_id:str chat_id!:chat message_thread_id:int action!:str",
    "editMessageText": _EDITED + "text:str parse_mode:str entities:entities "
    "link_preview_options:preview rich_message:json reply_markup:inline",
    "editMessageReplyMarkup": _EDITED + "reply_markup:inline",
    "deleteMessage": "chat_id!:chat message_id!:int",
    "answerCallbackQuery": "callback_query_id!:str text:str show_alert:bool url:str cache_time:int",
    "getChat": "chat_id!:chat",
    "setMyCommands": "commands!:commands " + _SPEECH,
    "getMyCommands": _SPEECH,
    "deleteMyCommands": _SPEECH,
    "setMyDescription": "description:str language_code:str",
    "getMyDescription": "language_code:str",
    "setMyShortDescription": "short_description:str language_code:str",
    "getMyShortDescription": "language_code:str",
    "setMyName": "name:str language_code:str",
    "getMyName": "language_code:str",
}
NAMES = {name.lower(): name for name in METHODS}
SENDS = frozenset({"sendMessage", "sendPhoto", "sendDocument"})
EDITS = frozenset({"editMessageText", "editMessageReplyMarkup"})
# Not to be executed from a webhook's answer, besides everything that begins with "get".
NOT_IN_ANSWERS = frozenset({"setwebhook", "deletewebhook", "close", "logout"})

OBJECTS = {
    "LinkPreviewOptions": "is_disabled:bool url:str prefer_small_media:bool "
    "prefer_large_media:bool show_above_text:bool",
    "ReplyParameters": "message_id!:int chat_id:chat allow_sending_without_reply:bool quote:str "
    "quote_parse_mode:str quote_entities:json quote_position:int checklist_task_id:int "
    "poll_option_id:str",
    "MessageEntity": "type!:str offset!:int length!:int url:str user:json language:str "
    "custom_emoji_id:str unix_time:int date_time_format:str",
    "BotCommand": "command!:str description!:str",
}
KINDS = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
]
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
TRUE, FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
INTEGER = re.compile(r"[+-]?[0-9]{1,19}")

Fields = dict[str, tuple[str, bool]]


def fields(line: str) -> Fields:
    """Read `name!:type` words; ! stands after what is required."""
    read = {}
    for one in line.split():
        name, kind = one.split(":")
        read[name.rstrip("!")] = (kind, name.endswith("!"))
    return read


TABLE = {name: fields(line) for name, line in METHODS.items()}
SHAPES = {name: fields(line) for name, line in OBJECTS.items()}


def named(method: str) -> str:
    """The method's name as written; names are compared without case. 404 when there is none."""
    name = NAMES.get(method.lower())
    if name is None:
        raise Refused(404, "Not Found: method not found")
    return name


def checked(method: str, given: Mapping[str, Any], files: Mapping[str, Any]) -> dict[str, Any]:
    """A call's parameters with their types; Refused for an unknown, missing or mistyped one.

    An empty value is none, as on the real server.
    """
    table = TABLE[method]
    taken: dict[str, Any] = {}
    for name, value in given.items():
        if name not in table:
            raise bad(f'unknown parameter "{name}" of {method}')
        if value is not None and (value != "" or name == "url"):
            taken[name] = typed(name, value, table[name][0], files)
    for name in files:
        if name in table and table[name][0] == "file":
            taken[name] = files[name]
        elif f"attach://{name}" not in given.values():
            raise bad(f'unknown file "{name}" of {method}')
    for name, (_, required) in table.items():
        if required and name not in taken:
            raise missing(name)
    return taken


def missing(name: str) -> Refused:
    """What the real server says of a required parameter that is not there."""
    said = {
        "chat_id": "chat_id is empty",
        "text": "Message text is empty",
        "message_id": "Message identifier is not specified",
        "photo": "There is no photo in the request",
        "document": "There is no document in the request",
        "action": "Wrong parameter action in request",
    }
    return bad(said.get(name, f'parameter "{name}" is required'))


def typed(name: str, value: Any, kind: str, files: Mapping[str, Any]) -> Any:
    """One value, from a form (always text) or from JSON, as its type."""
    if kind == "file":
        return attached(value, files)
    if kind in PLAIN:
        return PLAIN[kind](name, value)
    return READERS[kind](name, decoded(name, value))


def string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise bad(f'parameter "{name}" must be a String')
    return utf8(value)


def utf8(value: str) -> str:
    """A text without halves of characters."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise bad("strings must be encoded in UTF-8") from None
    return value


def place(name: str, value: Any) -> int | str:
    """A chat's number, or the @name of a public one."""
    if isinstance(value, str) and value.startswith("@"):
        return value
    return integer(name, value)


def integer(name: str, value: Any) -> int:
    if isinstance(value, str) and INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise bad(f'parameter "{name}" must be an Integer')


def boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in TRUE | FALSE:
        return value.lower() in TRUE
    raise bad(f'parameter "{name}" must be a Boolean')


def attached(value: Any, files: Mapping[str, Any]) -> Any:
    """A file that came along under its own name, or the text that names one elsewhere."""
    if not isinstance(value, str):
        raise bad("wrong file identifier/HTTP URL specified")
    if value.startswith("attach://"):
        if value.removeprefix("attach://") not in files:
            raise bad("wrong file identifier/HTTP URL specified")
        return files[value.removeprefix("attach://")]
    return value


def decoded(name: str, value: Any) -> Any:
    """An object: in a form it is JSON text, in a JSON body it may stand as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        said = "reply keyboard markup" if name == "reply_markup" else name.replace("_", " ")
        raise bad(f"can't parse {said} JSON object") from None


def shaped(value: Any, shape: str) -> dict[str, Any]:
    """An object with known fields of the right types; inside JSON a number is a number."""
    if not isinstance(value, dict):
        raise bad(f"can't parse {shape}: expected an Object")
    table = SHAPES[shape]
    for name, one in value.items():
        if name not in table:
            raise bad(f'can\'t parse {shape}: unknown field "{name}"')
        kind = table[name][0]
        if not right(one, kind):
            raise bad(f'can\'t parse {shape}: Field "{name}" has the wrong type')
    for name, (_, required) in table.items():
        if required and name not in value:
            raise bad(f"can't parse {shape}: Can't find field \"{name}\"")
    return value


def right(value: Any, kind: str) -> bool:
    """Whether a JSON value is of the type."""
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "chat":
        return isinstance(value, int | str) and not isinstance(value, bool)
    return isinstance(value, {"bool": bool, "str": str}.get(kind, object))


def kinds(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise bad("Expected an Array of String")
    if unknown := [one for one in value if one not in KINDS]:
        raise bad(f'unknown update type "{unknown[0]}"')
    return value


def entities(name: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise bad("can't parse MessageEntity: expected an Array")
    for one in value:
        if shaped(one, "MessageEntity")["type"] not in ENTITY_KINDS:
            raise bad("can't parse MessageEntity: Unsupported type specified")
    return value


def bot_commands(name: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise bad("Expected an Array of BotCommand")
    if len(value) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for one in value:
        shaped(one, "BotCommand")
        if not re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(one["description"]) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    return value


def anything(name: str, value: Any) -> Any:
    if not isinstance(value, dict | list):
        raise bad(f"object expected as {name}")
    return value


PLAIN: dict[str, Callable[[str, Any], Any]] = {
    "str": string,
    "int": integer,
    "bool": boolean,
    "chat": place,
}
READERS: dict[str, Callable[[str, Any], Any]] = {
    "kinds": kinds,
    "entities": entities,
    "commands": bot_commands,
    "json": anything,
    "preview": lambda name, value: shaped(value, "LinkPreviewOptions"),
    "reply": lambda name, value: shaped(value, "ReplyParameters"),
}
