"""A letter as Telegram shows it: messages, buttons below each other, files."""

from collections.abc import Iterator
from typing import Any

from aiogram.methods import SendDocument, SendMessage, TelegramMethod
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from bot.speech import Reply

# Telegram counts in units of UTF-16: a letter beyond the first plane is two.
LONGEST_TEXT = 4096

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_MARKS = (".", "?", "!", ";", ":", "…")

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove


def messages(chat: int, reply: Reply, *, asks_contact: bool) -> list[TelegramMethod[Any]]:
    """Return the calls that say a letter: files, then the text, buttons under its last part."""
    files = [
        SendDocument(
            chat_id=chat,
            document=BufferedInputFile(one.content.encode("utf-8", "replace"), one.name),
        )
        for one in reply.files
    ]
    texts = list(parts_of(_worded(reply)))
    return [*files, *(_message(chat, one, None) for one in texts[:-1])] + [
        _message(chat, one, markup(reply, asks_contact=asks_contact)) for one in texts[-1:]
    ]


def _message(chat: int, text: str, buttons: Markup | None) -> SendMessage:
    return SendMessage(
        chat_id=chat, text=text, link_preview_options=_NO_PREVIEW, reply_markup=buttons
    )


def _worded(reply: Reply) -> str:
    """Return the text with its link: who can not press a button must find it there."""
    if reply.link and reply.link not in reply.text:
        return f"{reply.text}\n{reply.link}"
    return reply.text


def markup(reply: Reply, *, asks_contact: bool) -> Markup | None:
    """Return what stands under a letter: buttons one below the other, or the way to hand a number.

    Only one of both fits under a message: where numbers are asked for, a letter without choices
    takes the keyboard of that question away, and its link stays in the words.
    """
    if reply.ask_phone and asks_contact and reply.choices:
        return _contact_keyboard(reply)
    rows = [
        [InlineKeyboardButton(text=one.label, callback_data=one.payload)] for one in reply.choices
    ]
    if asks_contact and not rows:
        return ReplyKeyboardRemove()
    # Telegram refuses addresses of the machine itself, and a plain one would be read on its way.
    if reply.link and reply.link_label and reply.link.startswith("https:"):
        rows.insert(0, [InlineKeyboardButton(text=reply.link_label, url=reply.link)])
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def _contact_keyboard(reply: Reply) -> ReplyKeyboardMarkup:
    first, *others = reply.choices
    rows = [[KeyboardButton(text=first.label, request_contact=True)]]
    rows += [[KeyboardButton(text=one.label)] for one in others]
    return ReplyKeyboardMarkup(keyboard=rows, resize_keyboard=True, one_time_keyboard=True)


def parts_of(text: str, limit: int = LONGEST_TEXT) -> Iterator[str]:
    """Give a text in parts of at most *limit* units of UTF-16, cut at the ends of sentences.

    Nothing is given for a text that shows nothing.
    """
    left = text.strip()
    while left:
        cut = _cut(left, limit)
        yield left[:cut].rstrip()
        left = left[cut:].lstrip()


def _cut(text: str, limit: int) -> int:
    """Return where to cut: at the end of a line, a sentence, a word, or anywhere."""
    fits = _fitting(text, limit)
    if fits == len(text):
        return fits
    head = text[:fits]
    sentence = max(head.rfind(f"{mark} ") for mark in _MARKS)
    for place in (head.rfind("\n"), sentence + 1, head.rfind(" ")):
        if place > fits // 2:
            return place
    return fits


def _fitting(text: str, limit: int) -> int:
    """Return how many letters of a text fit into *limit* units."""
    if len(text) * 2 <= limit:
        return len(text)
    units = 0
    for number, letter in enumerate(text):
        units += 2 if letter > "\uffff" else 1
        if units > limit:
            return number
    return len(text)
