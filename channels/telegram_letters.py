"""A letter as Telegram shows it: messages, buttons below each other, files."""

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

from bot.speech import Rejected, Reply
from channels.telegram import ABILITIES

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove


def messages(chat: int, reply: Reply, *, asks_contact: bool) -> list[TelegramMethod[Any]]:
    """Return the calls that say a letter: its files, then its text with the buttons.

    Raises Rejected where nothing is to be said, or more than goes in one message: what is long was
    cut when it was laid out.
    """
    files = [
        SendDocument(
            chat_id=chat,
            document=BufferedInputFile(one.content.encode("utf-8", "replace"), one.name),
        )
        for one in reply.files
    ]
    text = reply.worded.strip()
    if not ABILITIES.takes(text):
        raise Rejected("too long")
    if not text and not files:
        raise Rejected("nothing to say")
    said = [_message(chat, text, markup(reply, asks_contact=asks_contact))] if text else []
    return [*files, *said]


def _message(chat: int, text: str, buttons: Markup | None) -> SendMessage:
    return SendMessage(
        chat_id=chat, text=text, link_preview_options=_NO_PREVIEW, reply_markup=buttons
    )


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
