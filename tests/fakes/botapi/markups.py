"""Keyboards under a message: what the Bot API takes, and how a person sees them."""

import re
from typing import Any
from urllib.parse import urlsplit

from fakes.botapi.methods import READERS, right, utf8
from fakes.botapi.refusals import bad

MAX_BUTTONS = 100
MAX_CALLBACK_BYTES = 64
INLINE_ACTIONS = frozenset(
    [
        "url",
        "callback_data",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
    ]
)
KEY_ACTIONS = frozenset(
    [
        "request_users",
        "request_chat",
        "request_managed_bot",
        "request_contact",
        "request_location",
        "request_poll",
        "web_app",
    ]
)
LOOKS = frozenset({"text", "icon_custom_emoji_id", "style"})
KEYBOARD = {
    "keyboard": "json", "is_persistent": "bool", "resize_keyboard": "bool",
    "one_time_keyboard": "bool", "input_field_placeholder": "str", "selective": "bool",
}  # fmt: skip
OTHERS = {
    "remove_keyboard": {"remove_keyboard": "bool", "selective": "bool"},
    "force_reply": {
        "force_reply": "bool",
        "input_field_placeholder": "str",
        "selective": "bool",
    },
}
HOST = re.compile(r"[^\s.]+(\.[^\s.]+)+")


def markup(name: str, value: Any) -> dict[str, Any]:
    """Any of the four kinds of markup."""
    if not isinstance(value, dict):
        raise bad("Object expected as reply markup")
    if "inline_keyboard" in value:
        return inline(name, value)
    if "keyboard" in value:
        return keyboard(value)
    for kind, known in OTHERS.items():
        if kind in value:
            only(value, known)
            if value[kind] is not True:
                raise bad(f'can\'t parse reply markup: Field "{kind}" must be True')
            return value
    raise bad("Object expected as reply markup")


def inline(name: str, value: Any) -> dict[str, Any]:
    """An inline keyboard: 1-64 bytes come back from a button, at most 100 buttons."""
    if not isinstance(value, dict) or "inline_keyboard" not in value:
        raise bad("inline keyboard expected")
    only(value, {"inline_keyboard": "json"})
    said = 'Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
    buttons = [one for row in rows(value["inline_keyboard"], said) for one in row]
    if len(buttons) > MAX_BUTTONS:
        raise bad("reply markup is too long")
    for one in buttons:
        if not isinstance(one, dict):
            raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
        inline_button(one)
    return value


def inline_button(button: dict[str, Any]) -> None:
    """One button: a text, and exactly one thing that it does."""
    part = "can't parse inline keyboard button"
    looks(button, part, INLINE_ACTIONS)
    acts = [one for one in button if one in INLINE_ACTIONS]
    if not acts:
        raise bad(f"{part}: Text buttons are unallowed in the inline keyboard")
    if len(acts) > 1:
        raise bad(f"{part}: exactly one action is allowed")
    if "callback_data" in button:
        known = button["callback_data"]
        if not isinstance(known, str):
            raise bad(f'{part}: Field "callback_data" must be of type String')
        if not 1 <= len(utf8(known).encode()) <= MAX_CALLBACK_BYTES:
            raise bad("BUTTON_DATA_INVALID")
    if "url" in button:
        address(button["url"])


def address(url: Any) -> None:
    """A link of a button: http, https or tg, with a host that has a dot in it."""
    if not isinstance(url, str):
        raise bad('can\'t parse inline keyboard button: Field "url" must be of type String')
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        fits = parts.scheme in ("http", "https", "tg", "ton") and (
            parts.scheme == "tg" or HOST.fullmatch(parts.hostname or "")
        )
    except ValueError:
        fits = False
    if not fits or re.search(r"\s", url):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def keyboard(value: dict[str, Any]) -> dict[str, Any]:
    """A keyboard in place of the letters; its buttons may be bare texts."""
    only(value, KEYBOARD)
    said = 'Field "keyboard" must be an Array of Arrays'
    for row in rows(value["keyboard"], said):
        for one in row:
            if isinstance(one, str):
                continue
            if not isinstance(one, dict):
                raise bad(
                    "can't parse keyboard button: KeyboardButton must be a String or an Object"
                )
            looks(one, "can't parse keyboard button", KEY_ACTIONS)
            if not isinstance(one.get("request_contact", False), bool):
                raise bad('can\'t parse keyboard button: Field "request_contact" must be Boolean')
    return value


def asks_contact(value: dict[str, Any] | None) -> bool:
    """Whether a reply keyboard asks for a phone number, which works in private chats alone."""
    return any(
        isinstance(one, dict) and bool(one.get("request_contact"))
        for row in (value or {}).get("keyboard", [])
        for one in row
    )


def looks(button: dict[str, Any], part: str, actions: frozenset[str]) -> None:
    """A button's text is there and not empty, and nothing unknown stands beside it."""
    if unknown := set(button) - LOOKS - actions:
        raise bad(f'{part}: unknown field "{min(unknown)}"')
    if "text" not in button:
        raise bad(f'{part}: Can\'t find field "text"')
    if not isinstance(button["text"], str):
        raise bad(f'{part}: Field "text" must be of type String')
    if not utf8(button["text"]).strip():
        raise bad("button text must be non-empty")


def only(value: dict[str, Any], known: dict[str, str]) -> None:
    """Nothing but the known fields, of their types."""
    for name, one in value.items():
        if name not in known or not right(one, known[name]):
            raise bad(f'can\'t parse reply markup: Field "{name}" is unknown or of a wrong type')


def rows(value: Any, said: str) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise bad(said)
    return value


READERS["markup"] = markup
READERS["inline"] = inline
