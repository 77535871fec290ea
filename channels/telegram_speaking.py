"""Speak to people on Telegram: a letter becomes messages, buttons and files."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiogram import Bot
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteWebhook,
    GetMe,
    GetUpdates,
    SendDocument,
    SendMessage,
    SetWebhook,
    TelegramMethod,
)
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from bot.speech import Gone, Pace, Rejected, Reply, TooFast, Unreachable, Unsure
from channels.telegram import API_URL, UPDATES
from channels.telegram_line import Line

# About 30 messages a second in all and one a second to each person.
PACE = Pace(per_second=30, per_address_seconds=1.0)

# Telegram counts in units of UTF-16: a letter beyond the first plane is two.
LONGEST_TEXT = 4096
# Below the 30 s after which the sender gives a letter up, parts and pauses included.
SEND_SECONDS = 28
# How long Telegram may keep a question for updates open, and what the line needs beside that.
WAIT_SECONDS = 25
_LINE_SECONDS = 10
_CONNECTIONS = 100
_MOST_SPINNERS = 50
_MOST_BEGUN = 1000

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_MARKS = (".", "?", "!", ";", ":", "…")

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove


class Telegram:
    """The mouth of one bot. *asks_contact*: the operator lets it ask for a person's own number.

    Texts go as they are, without markup: nothing that anybody typed is a link or bold. Copying and
    forwarding stay possible, because a receipt is there to be kept.
    """

    def __init__(
        self,
        token: str,
        api_url: str = API_URL,
        *,
        asks_contact: bool = False,
        pace: Pace = PACE,
    ) -> None:
        self.pace = pace
        self._bot = Bot(token, session=Line(api_url))
        self._asks_contact = asks_contact
        self._begun: OrderedDict[bytes, int] = OrderedDict()
        self._spinners: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Let go of the line."""
        for one in self._spinners:
            one.cancel()
        await asyncio.gather(*self._spinners, return_exceptions=True)
        await self._bot.session.close()

    # --- letters -----------------------------------------------------------------------------

    async def send(self, address: str, reply: Reply) -> str:
        """Send one letter and return the number of its last message.

        Raises Gone, TooFast, Rejected, Unreachable, Unsure.
        """
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await self._send_parts(address, reply)
        except TimeoutError:
            raise Unsure from None

    async def _send_parts(self, address: str, reply: Reply) -> str:
        """Send what is left of a letter: a part that went is not said again when the next fails.

        That is remembered in this process alone; after a kill a long letter begins anew.
        """
        parts = messages(int(address), reply, asks_contact=self._asks_contact)
        if not parts:
            raise Rejected("nothing to say")
        mark = hashlib.sha256(f"{address}|{reply.to_json()}".encode("utf-8", "replace")).digest()
        done = self._begun.pop(mark, 0)
        sent: Mapping[str, Any] = {}
        try:
            for number, part in enumerate(parts[done:], done):
                if number:
                    await asyncio.sleep(self.pace.per_address_seconds)
                sent = await self._call(part)
                done = number + 1
        except (Gone, Rejected):
            raise
        except BaseException:
            self._remember(mark, done)
            raise
        return str(sent.get("message_id", "")) if isinstance(sent, dict) else ""

    def _remember(self, mark: bytes, done: int) -> None:
        if done:
            self._begun[mark] = done
            if len(self._begun) > _MOST_BEGUN:
                self._begun.popitem(last=False)

    # --- beside the letters ------------------------------------------------------------------

    def stop_spinner(self, tap: str) -> None:
        """Let the button that was tapped stop spinning, if it can be: nothing depends on it."""
        if len(self._spinners) < _MOST_SPINNERS:
            task = asyncio.create_task(self._stop_spinner(tap))
            self._spinners.add(task)
            task.add_done_callback(self._spinners.discard)

    async def _stop_spinner(self, tap: str) -> None:
        try:
            await self._call(AnswerCallbackQuery(callback_query_id=tap))
        except (Gone, TooFast, Rejected, Unreachable, Unsure):
            # Most often it is too late, and the button has stopped by itself.
            return

    async def name(self) -> str:
        """Return the bot's name in links. Raises TooFast, Unreachable, Unsure."""
        return str((await self._call(GetMe())).get("username", ""))

    async def set_webhook(self, address: str, secret: str) -> None:
        """Let updates be delivered to *address*. Raises TooFast, Rejected, Unreachable, Unsure."""
        await self._call(
            SetWebhook(
                url=address,
                secret_token=secret,
                allowed_updates=list(UPDATES),
                max_connections=_CONNECTIONS,
            )
        )

    async def delete_webhook(self) -> None:
        """Let updates wait to be fetched. Raises TooFast, Unreachable, Unsure."""
        await self._call(DeleteWebhook())

    async def updates(self, offset: int | None, seconds: int = WAIT_SECONDS) -> Sequence[object]:
        """Return what has come since *offset*, waiting up to *seconds* for the first.

        Raises TooFast, Unreachable, Unsure; Taken where somebody else fetches them.
        """
        asked = GetUpdates(offset=offset, timeout=seconds, allowed_updates=list(UPDATES))
        came = await self._call(asked, seconds + _LINE_SECONDS)
        return came if isinstance(came, list) else []

    async def _call(self, method: TelegramMethod[Any], seconds: int | None = None) -> Any:
        return await self._bot(method, request_timeout=seconds)


# --- a letter as messages --------------------------------------------------------------------


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
