"""The address at which a platform delivers: what it must show, what is read and answered."""

import hmac
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from webhook.delivery import answer, body_of, fits
from webhook.door import Door
from webhook.guard import App, Receive, Scope, Send

# More than any delivery of any platform holds.
MOST_BYTES = 1024 * 1024


class Ear(ABC):
    """Answers at *path* and lets everything else through to the pages.

    It stands before the pages' own guard, whose limits count network addresses: here one address
    brings everybody's events. *kinds* counts, in this process, what came, heard or not; its words
    are a short fixed list, and nothing of what was delivered stands in them.
    """

    path: ClassVar[str]
    kinds: ClassVar[Counter[str]]

    def __init__(self, app: App, *, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] != "http" or scope["path"] != self.path:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        status = self._unread(scope["method"], headers)
        if status:
            await answer(send, status, closes=status != 200)
            return
        body = await body_of(receive, MOST_BYTES) if fits(headers, MOST_BYTES) else None
        if body is None:
            self.kinds["too big"] += 1
            await answer(send, 413, closes=True)
            return
        status, said = await self._take(body, headers)
        await answer(send, status, said)

    @abstractmethod
    def _unread(self, method: str, headers: Mapping[bytes, bytes]) -> int:
        """Return the status for a request whose body is not to be read, or 0."""

    @abstractmethod
    async def _take(self, body: bytes, headers: Mapping[bytes, bytes], /) -> tuple[int, bytes]:
        """Hear what was delivered; return the status and the JSON of the answer, if any."""


class SecretEar(Ear):
    """An address whose platform shows one secret in *header*.

    Without it nothing is read, parsed or looked up.
    """

    header: ClassVar[bytes]

    def __init__(self, app: App, *, door: Door, secret: str) -> None:
        super().__init__(app, door=door)
        self._secret = secret.encode()

    def _unread(self, method: str, headers: Mapping[bytes, bytes]) -> int:
        if method != "POST":
            return 405
        if not hmac.compare_digest(headers.get(self.header, b""), self._secret):
            self.kinds["wrong secret"] += 1
            return 403
        return 0
