"""Speak to people on Telegram, and to Telegram itself: where to deliver, what has come."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiogram import Bot
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteWebhook,
    GetMe,
    GetUpdates,
    SetWebhook,
    TelegramMethod,
)

from bot.speech import Gone, Pace, Rejected, Reply, TooFast, Unreachable, Unsure
from channels.telegram import API_URL, UPDATES
from channels.telegram_letters import messages
from channels.telegram_line import Line

# Telegram takes about 30 messages a second in all and one a second to each person. It counts when
# they arrive: letters that left evenly come closer together when the road or the machine is slow
# for a moment, so that a little less is sent.
PACE = Pace(per_second=28, per_address_seconds=1.0)

# Below the 30 s after which the sender gives a letter up, files and pauses included.
SEND_SECONDS = 28
# How long Telegram may keep a question for updates open, and what the line needs beside that.
WAIT_SECONDS = 25
_LINE_SECONDS = 10
_CONNECTIONS = 100
_MOST_SPINNERS = 50


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
        self._spinners: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Let go of the line."""
        for one in self._spinners:
            one.cancel()
        await asyncio.gather(*self._spinners, return_exceptions=True)
        await self._bot.session.close()

    # --- letters -----------------------------------------------------------------------------

    async def send(self, address: str, reply: Reply) -> str:
        """Send one letter and return the number of its message, after its files, if it has any.

        Raises Gone, TooFast, Rejected, Unreachable, Unsure.
        """
        calls = messages(int(address), reply, asks_contact=self._asks_contact)
        sent: Any = None
        try:
            async with asyncio.timeout(SEND_SECONDS):
                for number, one in enumerate(calls):
                    if number:
                        await asyncio.sleep(self.pace.per_address_seconds)
                    sent = await self._call(one)
        except TimeoutError:
            raise Unsure from None
        return str(sent.get("message_id", "")) if isinstance(sent, dict) else ""

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
