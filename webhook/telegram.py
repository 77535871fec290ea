"""The door for Telegram: who shows our secret is heard, and told so after the commit."""

import json
from collections import Counter
from collections.abc import Mapping

import structlog

from bot.hear import place_of
from bot.speech import Heard
from channels.telegram import bot_id
from channels.telegram_loading import load_aiogram
from storage.database import NotWritten, TooBusy
from storage.sealed import Keyring
from webhook.door import Door
from webhook.ear import SecretEar
from webhook.guard import App
from webhook.settings import Settings

log = structlog.get_logger()

PATH = "/telegram"

# How many updates of each kind came to this process, by webhook or fetched, heard or not. The
# words are a short fixed list: nothing of what was delivered stands in them.
heard_kinds: Counter[str] = Counter()


def webhook_secret(settings: Settings, keys: Keyring) -> str:
    """Return what Telegram must show: as it was set, or a keyed mark of the token."""
    return settings.telegram_webhook_secret or keys.mac("telegram", settings.telegram_token)


class TelegramEar(SecretEar):
    """Answers `POST /telegram`."""

    path = PATH
    header = b"x-telegram-bot-api-secret-token"
    kinds = heard_kinds

    def __init__(self, app: App, *, door: Door) -> None:
        secret = webhook_secret(door.settings, door.office.database.keys)
        super().__init__(app, door=door, secret=secret)
        # Made, and aiogram loaded, only where Telegram is configured.
        load_aiogram()
        from channels.telegram_reading import NotAnUpdate, read

        self._read = read
        self._not_an_update = NotAnUpdate
        self._bot = bot_id(door.settings.telegram_token)

    async def _take(self, body: bytes, _: Mapping[bytes, bytes]) -> tuple[int, bytes]:
        """Hear what was delivered; return the status, and what stops the button's spinning.

        Telegram carries a method out that stands in our answer, so that the tap costs no call of
        its own. Its outcome is never seen, and need not be.
        """
        try:
            update = self._read(body, self._bot, self._door.office.database.clock())
        except self._not_an_update:
            heard_kinds["not an update"] += 1
            return 400, b""
        heard_kinds[update.kind] += 1
        status = 200 if update.heard is None else await self._hear(update.heard)
        if status != 200 or update.tap is None:
            return status, b""
        method = {"method": "answerCallbackQuery", "callback_query_id": update.tap}
        return status, json.dumps(method).encode()

    async def _hear(self, heard: Heard) -> int:
        """Let the office hear it; return 200 only after its commit."""
        if not self._door.limits.talk.takes(f"{heard.channel}:{heard.address}"):
            heard_kinds["flood"] += 1
            return 503
        try:
            outcome = await self._door.hear(heard)
        except (TooBusy, NotWritten):
            return 503
        except Exception as error:  # noqa: BLE001 -- it comes again, whatever it was
            log.error("telegram broke", error=place_of(error))
            return 500
        if outcome.is_repeat:
            heard_kinds["repeat"] += 1
        return 200
