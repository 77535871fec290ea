"""The door for Telegram: who shows our secret is heard, and told so after the commit."""

import hmac
import json
from collections import Counter

import structlog

from bot.hear import place_of
from bot.speech import Heard
from channels.telegram import bot_id
from channels.telegram_loading import load_aiogram
from storage.database import NotWritten, TooBusy
from storage.sealed import Keyring
from webhook.delivery import answer, body_of, fits
from webhook.door import Door
from webhook.guard import App, Receive, Scope, Send
from webhook.settings import Settings

log = structlog.get_logger()

PATH = "/telegram"
MOST_BYTES = 1024 * 1024
_HEADER = b"x-telegram-bot-api-secret-token"

# How many updates of each kind came to this process, by webhook or fetched, heard or not. The
# words are a short fixed list: nothing of what was delivered stands in them.
heard_kinds: Counter[str] = Counter()


def webhook_secret(settings: Settings, keys: Keyring) -> str:
    """Return what Telegram must show: as it was set, or a keyed mark of the token."""
    return settings.telegram_webhook_secret or keys.mac("telegram", settings.telegram_token)


class Ear:
    """Answers `POST /telegram` and lets everything else through to the pages.

    It stands before the pages' own guard, whose limits count network addresses: here one address
    brings everybody's updates. Without the secret nothing is read, parsed or looked up.
    """

    def __init__(self, app: App, *, door: Door) -> None:
        # Made, and aiogram loaded, only where Telegram is configured.
        load_aiogram()
        from channels.telegram_reading import NotAnUpdate, read

        self._app = app
        self._door = door
        self._read = read
        self._not_an_update = NotAnUpdate
        self._bot = bot_id(door.settings.telegram_token)
        self._secret = webhook_secret(door.settings, door.office.database.keys).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused:
            await answer(send, refused, closes=True)
            return
        body = await body_of(receive, MOST_BYTES)
        if body is None:
            heard_kinds["too big"] += 1
            await answer(send, 413, closes=True)
            return
        status, said = await self._take(body)
        await answer(send, status, said)

    def _refusal(self, scope: Scope) -> int:
        """Return the status for a request that must not be read, or 0."""
        if scope["method"] != "POST":
            return 405
        headers = dict(scope["headers"])
        if not hmac.compare_digest(headers.get(_HEADER, b""), self._secret):
            heard_kinds["wrong secret"] += 1
            return 403
        if not fits(headers, MOST_BYTES):
            heard_kinds["too big"] += 1
            return 413
        return 0

    async def _take(self, body: bytes) -> tuple[int, bytes]:
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
