"""The door for Zalo's Official Account: what is signed is heard, and told so after the commit."""

from collections import Counter
from collections.abc import Mapping

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
from webhook.door import Door
from webhook.ear import Ear
from webhook.guard import App
from webhook.hearing import hear_within
from webhook.limits import Bucket

log = structlog.get_logger()

PATH = "/zalo"
_HEADER = b"x-zevent-signature"

# How many events of each kind came to this process, heard or not. The words are a short fixed
# list: nothing of what was delivered stands in them.
heard_kinds: Counter[str] = Counter()


class ZaloEar(Ear):
    """Answers `POST /zalo`.

    What can not be read is taken all the same: Zalo would bring it again and again, and then
    nothing more.
    """

    path = PATH
    kinds = heard_kinds

    def __init__(self, app: App, *, door: Door) -> None:
        super().__init__(app, door=door)
        self._app_id = door.settings.zalo_app_id
        self._oa_id = door.settings.zalo_oa_id
        self._secret = door.settings.zalo_oa_secret
        self._enforces = door.settings.zalo_signature == "enforce"
        # A stranger who knocks without end must not fill the log.
        self._telling = Bucket(burst=5, rate=1 / 60)

    def _unread(self, method: str, headers: Mapping[bytes, bytes]) -> int:
        if method in ("GET", "HEAD"):
            return 200
        if method != "POST":
            return 405
        if self._enforces and not _signature(headers):
            heard_kinds["no signature"] += 1
            return 403
        return 0

    async def _take(self, body: bytes, headers: Mapping[bytes, bytes]) -> tuple[int, bytes]:
        signature = _signature(headers)
        is_checked = is_zalos(body, signature, self._app_id, self._secret)
        if not is_checked:
            heard_kinds["wrong signature"] += 1
            self._tell(body, signature)
            if self._enforces:
                return 403, b""
        try:
            event = read(opened(body), self._door.office.database.clock(), self._oa_id)
        except NotAnEvent:
            heard_kinds["malformed"] += 1
            return 200, b""
        heard_kinds[event.kind] += 1
        if isinstance(event, Ignored):
            if event.kind == NAMELESS:
                log.error("zalo: somebody withdraws and it is not said who: ask Zalo")
            return 200, b""
        return await hear_within(self._door, event.heard, heard_kinds, may_wait=is_checked), b""

    def _tell(self, body: bytes, signature: str) -> None:
        """Say in the log which other signature it would have been, without a word of the event."""
        if self._telling.takes():
            fits_as = variant(body, signature, self._oa_id, self._secret)
            log.warning("zalo: wrong signature", fits_as=fits_as, taken=not self._enforces)


def _signature(headers: Mapping[bytes, bytes]) -> str:
    return headers.get(_HEADER, b"").decode("latin-1").strip()
