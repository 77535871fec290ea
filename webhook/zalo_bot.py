"""The door for Zalo's Bot Platform: who shows our secret is heard, and told so after commit."""

import hmac
from collections import Counter

from channels.zalo_bot_reading import NotAnUpdate, read
from storage.sealed import Keyring
from webhook.delivery import answer, body_of, fits
from webhook.door import Door
from webhook.guard import App, Receive, Scope, Send
from webhook.hearing import hear_within
from webhook.settings import Settings

PATH = "/zalo-bot"
MOST_BYTES = 1024 * 1024
_HEADER = b"x-bot-api-secret-token"

# How many updates of each kind came to this process, by webhook or fetched, heard or not.
heard_kinds: Counter[str] = Counter()


def bot_secret(settings: Settings, keys: Keyring) -> str:
    """Return what the platform must show: as it was set, or a keyed mark of the token."""
    return settings.zalo_bot_secret or keys.mac("zalo-bot", settings.zalo_bot_token)


class Ear:
    """Answers `POST /zalo-bot` and lets everything else through to the pages.

    Without the secret nothing is read, parsed or looked up.
    """

    def __init__(self, app: App, *, door: Door) -> None:
        self._app = app
        self._door = door
        self._secret = bot_secret(door.settings, door.office.database.keys).encode()

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
        await answer(send, await self._take(body))

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

    async def _take(self, body: bytes) -> int:
        try:
            update = read(body, self._door.office.database.clock())
        except NotAnUpdate:
            # Taken all the same: how often it would come again is not documented.
            heard_kinds["malformed"] += 1
            return 200
        heard_kinds[update.kind] += 1
        if update.heard is None:
            return 200
        return await hear_within(self._door, update.heard, heard_kinds)
