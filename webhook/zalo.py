"""The door for Zalo's Official Account: what is signed is heard, and told so after the commit."""

from collections import Counter

import structlog

from channels.zalo_reading import (
    NAMELESS,
    Ignored,
    NotAnEvent,
    is_zalos,
    opened,
    read,
    variant,
)
from webhook.delivery import answer, body_of, fits
from webhook.door import Door
from webhook.guard import App, Receive, Scope, Send
from webhook.hearing import hear_within
from webhook.limits import Bucket

log = structlog.get_logger()

PATH = "/zalo"
MOST_BYTES = 1024 * 1024
_HEADER = b"x-zevent-signature"

# How many events of each kind came to this process, heard or not. The words are a short fixed
# list: nothing of what was delivered stands in them.
heard_kinds: Counter[str] = Counter()


class Ear:
    """Answers `POST /zalo` and lets everything else through to the pages.

    It stands before the pages' own guard, whose limits count network addresses: here one address
    brings everybody's events. What can not be read is taken all the same: Zalo would bring it
    again and again, and then nothing more.
    """

    def __init__(self, app: App, *, door: Door) -> None:
        self._app = app
        self._door = door
        self._app_id = door.settings.zalo_app_id
        self._oa_id = door.settings.zalo_oa_id
        self._secret = door.settings.zalo_oa_secret
        self._enforces = door.settings.zalo_signature == "enforce"
        # A stranger who knocks without end must not fill the log.
        self._telling = Bucket(burst=5, rate=1 / 60)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        signature = headers.get(_HEADER, b"").decode("latin-1").strip()
        status = self._before_reading(scope["method"], signature)
        if status:
            await answer(send, status, closes=status != 200)
            return
        body = await body_of(receive, MOST_BYTES) if fits(headers, MOST_BYTES) else None
        if body is None:
            heard_kinds["too big"] += 1
            await answer(send, 413, closes=True)
            return
        await answer(send, await self._take(body, signature))

    def _before_reading(self, method: str, signature: str) -> int:
        """Return the status for a request that is not to be read, or 0."""
        if method in ("GET", "HEAD"):
            return 200
        if method != "POST":
            return 405
        if self._enforces and not signature:
            heard_kinds["no signature"] += 1
            return 403
        return 0

    async def _take(self, body: bytes, signature: str) -> int:
        is_checked = is_zalos(body, signature, self._app_id, self._secret)
        if not is_checked:
            heard_kinds["wrong signature"] += 1
            self._tell(body, signature)
            if self._enforces:
                return 403
        try:
            event = read(opened(body), self._door.office.database.clock(), self._oa_id)
        except NotAnEvent:
            heard_kinds["malformed"] += 1
            return 200
        heard_kinds[event.kind] += 1
        if isinstance(event, Ignored):
            if event.kind == NAMELESS:
                log.error("zalo: somebody withdraws and it is not said who: ask Zalo")
            return 200
        return await hear_within(self._door, event.heard, heard_kinds, may_wait=is_checked)

    def _tell(self, body: bytes, signature: str) -> None:
        """Say in the log which other signature it would have been, without a word of the event."""
        if self._telling.takes():
            fits_as = variant(body, signature, self._oa_id, self._secret)
            log.warning("zalo: wrong signature", fits_as=fits_as, taken=not self._enforces)
