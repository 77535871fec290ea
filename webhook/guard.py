"""What stands before every page: sizes, floods, foreign senders, headers, and no stack trace."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from bot.hear import place_of
from storage.database import NotWritten, TooBusy
from webhook.forms import BadForm
from webhook.limits import Limits

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
# Makes the page that says what stood in the way: (request, status, key of the words, seconds).
Refuse = Callable[[Request, int, str, int], Response]

MOST_BYTES = 64 * 1024
MOST_AT_ONCE = 500
WAIT_SECONDS = 5

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "permissions-policy": (
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
}
# As they go over the wire, made once: every answer carries them.
_RAW = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_RAW_HTTPS = [*_RAW, (b"strict-transport-security", b"max-age=31536000")]
_NAMES = frozenset(name for name, _ in _RAW_HTTPS)
_NOT_KEPT = (b"cache-control", b"no-store")


class TooBig(Exception):
    """More was sent than any form of ours holds."""


class Guard:
    """Wraps the pages. Nothing that was said, and no token, is ever written to a log here."""

    def __init__(self, app: App, *, origin: str, limits: Limits, refuse: Refuse) -> None:
        self._app = app
        self._origin = origin
        self._limits = limits
        self._refuse = refuse
        self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        sender = _Sender(send, is_https=self._origin.startswith("https:"))
        self._at_once += 1
        try:
            await self._let_through(request, sender)
        finally:
            self._at_once -= 1

    async def _let_through(self, request: Request, sender: "_Sender") -> None:
        refusal = self._stops(request)
        if refusal is None:
            try:
                await self._app(request.scope, _counting(request.receive), sender)
            except Exception as error:  # noqa: BLE001 -- every failure becomes a page of ours
                refusal = self._page_of(request, error)
        if refusal is not None and not sender.has_begun:
            await refusal(request.scope, request.receive, sender)

    def _stops(self, request: Request) -> Response | None:
        """Return what answers a request that must not come in."""
        if self._at_once > MOST_AT_ONCE or not self._limits.knocks.takes(asker(request)):
            return self._refuse(request, 503, "page-unavailable", WAIT_SECONDS)
        if not _fits(request.headers):
            return self._refuse(request, 413, "page-too-big", 0)
        if request.method not in ("GET", "HEAD") and not _is_ours(request.headers, self._origin):
            return self._refuse(request, 403, "page-bad-form", 0)
        return None

    def _page_of(self, request: Request, error: Exception) -> Response:
        match error:
            case TooBig():
                return self._refuse(request, 413, "page-too-big", 0)
            case BadForm():
                return self._refuse(request, 400, "page-bad-form", 0)
            case TooBusy() | NotWritten():
                return self._refuse(request, 503, "error-busy", WAIT_SECONDS)
            case _:
                log.error("page broke", error=place_of(error))
                return self._refuse(request, 500, "page-error", 0)


class _Sender:
    """Sends on, with the headers that every answer carries."""

    def __init__(self, send: Send, *, is_https: bool) -> None:
        self._send = send
        self._is_https = is_https
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            said = [one for one in message.get("headers", ()) if one[0] not in _NAMES]
            if not any(name == b"cache-control" for name, _ in said):
                said.append(_NOT_KEPT)
            message["headers"] = [*said, *(_RAW_HTTPS if self._is_https else _RAW)]
        await self._send(message)


def asker(request: Request) -> str:
    """Return the network address of whoever asks, for counting in memory only."""
    return request.client.host if request.client else ""


def _fits(headers: Headers) -> bool:
    said = headers.get("content-length", "0")
    return said.isascii() and said.isdigit() and int(said[:20]) <= MOST_BYTES


def _counting(receive: Receive) -> Receive:
    """Count what comes in pieces, where no length was said or it was a lie."""
    got = 0

    async def counted() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > MOST_BYTES:
            raise TooBig
        return message

    return counted


def _is_ours(headers: Headers, origin: str) -> bool:
    """Whether a form was sent by a page of ours, as far as the browser tells.

    Our pages send no referrer, and browsers then hide the origin of a form as "null": there
    Sec-Fetch-Site decides. A browser too old for both sends no SameSite cookie from elsewhere
    and does not know the nonce.
    """
    site = headers.get("sec-fetch-site", "")
    if site not in ("", "same-origin", "none"):
        return False
    said = headers.get("origin", "null")
    try:
        return said in ("null", origin) or urlsplit(said).netloc == headers.get("host")
    except ValueError:
        return False
