"""Texts as Telegram counts and marks them: UTF-16 units, entities, a small HTML."""

import re
from html import unescape
from typing import Any

from fakes.botapi.refusals import bad

ENTITY_KINDS = frozenset(
    [
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "date_time",
    ]
)
TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler", "code": "code", "pre": "pre", "a": "text_link",
    "blockquote": "blockquote",
}  # fmt: skip
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s[^<>]*)?)>")
COMMAND = re.compile(r"/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![A-Za-z0-9_@/])")
MAX_BYTES = 1 << 15


def units(text: str) -> int:
    """The length of a text in UTF-16 units; half a character counts as one."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def commands(text: str) -> list[dict[str, Any]]:
    """The bot_command entities a client finds in what a person typed."""
    return [
        {"type": "bot_command", "offset": units(text[: one.start()]), "length": len(one[0])}
        for one in COMMAND.finditer(text)
        if one.start() == 0 or text[one.start() - 1].isspace()
    ]


def formatted(
    text: str, mode: str | None, entities: list[dict[str, Any]] | None
) -> tuple[str, list[dict[str, Any]]]:
    """A text as it is shown, with its entities; Refused where the server could not read it."""
    if len(text) * 4 > MAX_BYTES and len(text.encode()) > MAX_BYTES:
        raise bad("Text is too long")
    if mode and text:
        if mode.lower() != "html":
            raise bad(
                "can't parse entities: this fake reads HTML alone"
                if mode.lower() in ("markdown", "markdownv2")
                else "Unsupported parse_mode"
            )
        text, entities = from_html(text)
    if not entities:
        return text.strip(), []
    return trimmed(text, entities)


def trimmed(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Space around a text falls off; entities move with it and must lie inside."""
    whole, shift = units(text), units(text[: len(text) - len(text.lstrip())])
    text = text.strip()
    kept = []
    for one in entities:
        start, length = one["offset"], one["length"]
        if start < 0 or length <= 0 or start + length > whole:
            raise bad(f"entity beginning at UTF-16 offset {start} ends after the end of the text")
        start, end = max(start - shift, 0), min(start - shift + length, units(text))
        if end > start:
            kept.append({**one, "offset": start, "length": end - start})
    return text, kept


def from_html(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Read the HTML of `parse_mode`; a tag it does not know is an error, as is an open one."""
    shown: list[str] = []
    found: list[dict[str, Any]] = []
    opened: list[tuple[str, int, str]] = []
    length = at = 0

    def offset(position: int) -> int:
        return len(text[:position].encode())

    def show(raw: str, position: int) -> int:
        if "<" in raw:
            where = offset(position + raw.index("<"))
            raise bad(f"can't parse entities: Unsupported start tag at byte offset {where}")
        shown.append(unescape(raw))
        return units(shown[-1])

    for tag in TAG.finditer(text):
        length += show(text[at : tag.start()], at)
        at = tag.end()
        name = tag[2].lower()
        if name not in TAGS:
            where = offset(tag.start())
            raise bad(
                f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {where}'
            )
        if not tag[1]:
            opened.append((name, length, tag[3]))
            continue
        if not opened or opened[-1][0] != name:
            where = offset(tag.start())
            raise bad(f"can't parse entities: Unexpected end tag at byte offset {where}")
        _, start, attributes = opened.pop()
        if length > start:
            found.append(entity(name, start, length - start, attributes))
    length += show(text[at:], at)
    if opened:
        raise bad(
            "can't parse entities: Can't find end tag corresponding to start tag "
            f'"{opened[-1][0]}"'
        )
    return "".join(shown), sorted(found, key=lambda one: (one["offset"], -one["length"]))


def entity(name: str, offset: int, length: int, attributes: str) -> dict[str, Any]:
    """The entity of one closed tag."""
    made: dict[str, Any] = {"type": TAGS[name], "offset": offset, "length": length}
    if name == "a":
        href = re.search(r'href\s*=\s*"([^"]*)"', attributes)
        made["url"] = unescape(href[1]) if href else ""
    return made
