"""Speak to people through a bot of Zalo's Bot Platform, and to the platform itself."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
)

from bot.speech import Gone, Pace, Rejected, Reply, TooFast, Unreachable, Unsure
from channels.zalo_bot import ABILITIES, API_URL, PER_CHAT_SECONDS, PER_SECOND

log = structlog.get_logger()

PACE = Pace(per_second=PER_SECOND, per_address_seconds=PER_CHAT_SECONDS)

# Of the 30 s after which the sender gives a letter up.
CALL_SECONDS = 20
CONNECT_SECONDS = 8
# How long the platform may keep a question for an update open, and what the line needs beside it.
WAIT_SECONDS = 30
_LINE_SECONDS = 10

TOO_FAST_SECONDS = 30.0
# A month's messages are used up, or the token is none: nothing gets better within minutes.
HALT_SECONDS = 15 * 60.0


class Nothing(Unsure):
    """No update has come meanwhile; where a letter was to go, nobody knows."""


class ZaloBotMouth:
    """The mouth of one bot. Choices are numbered lines: the platform has no buttons."""

    def __init__(self, token: str, api_url: str = API_URL, *, pace: Pace = PACE) -> None:
        self.pace = pace
        self._base = f"{api_url}/bot{token}"
        self._session: ClientSession | None = None

    async def close(self) -> None:
        """Let go of the line."""
        if self._session is not None:
            await self._session.close()

    async def send(self, address: str, reply: Reply) -> str:
        """Send one letter and return the number of its message.

        Raises Gone, TooFast, Rejected, Unreachable, Unsure.
        """
        told = await self._call("sendMessage", {"chat_id": address, "text": _text(reply)})
        return str(told.get("message_id", "")) if isinstance(told, dict) else ""

    # --- beside the letters ------------------------------------------------------------------

    async def name(self) -> str:
        """Return the bot's name. Raises TooFast, Unreachable, Unsure."""
        told = await self._call("getMe", {})
        return str(told.get("account_name", "")) if isinstance(told, dict) else ""

    async def set_webhook(self, address: str, secret: str) -> None:
        """Let updates be delivered to *address*. Raises TooFast, Rejected, Unreachable, Unsure."""
        await self._call("setWebhook", {"url": address, "secret_token": secret})

    async def delete_webhook(self) -> None:
        """Let updates wait to be fetched. Raises TooFast, Unreachable, Unsure."""
        await self._call("deleteWebhook", {})

    async def update(self, seconds: int = WAIT_SECONDS) -> object:
        """Return the one update that came first, waiting up to *seconds*; None where none came.

        It is given once: there is no number to ask for it again by. Raises TooFast, Rejected,
        Unreachable, Unsure.
        """
        try:
            return await self._call(
                "getUpdates", {"timeout": str(seconds)}, seconds + _LINE_SECONDS
            )
        except Nothing:
            return None

    async def _call(self, method: str, body: Mapping[str, str], seconds: int = 0) -> Any:
        if self._session is None:
            self._session = ClientSession()
        whole = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        limit = ClientTimeout(total=seconds or CALL_SECONDS, sock_connect=CONNECT_SECONDS)
        # "from None" throughout: these errors carry the address, and the token stands in it.
        try:
            async with self._session.post(
                f"{self._base}/{method}",
                data=whole,
                headers={"content-type": "application/json"},
                timeout=limit,
                allow_redirects=False,
            ) as answer:
                status, told = answer.status, await answer.read()
        except (ClientConnectorError, ConnectionTimeoutError):
            raise Unreachable from None
        except (ClientError, TimeoutError, OSError):
            raise Unsure from None
        return result_of(status, told)


def _text(reply: Reply) -> str:
    if reply.files:
        raise Rejected("files do not go here")
    words = unicodedata.normalize("NFC", reply.listed).strip()
    if not words:
        raise Rejected("nothing to say")
    if not ABILITIES.takes(words):
        raise Rejected("too long")
    return words


def result_of(status: int, body: bytes) -> Any:
    """Return the result in an answer: `ok` says whether it is one, the HTTP status does not.

    Raises Gone, TooFast, Rejected, Unreachable, Unsure; Nothing where no update came.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    told = answer if isinstance(answer, dict) else {}
    if told.get("ok") is True and 200 <= status < 300:
        return told.get("result")
    if told.get("ok") is False:
        code = told.get("error_code")
        raise _refusal(code if type(code) is int else status, str(told.get("description", "")))
    if status == 429:
        raise TooFast(TOO_FAST_SECONDS)
    if 300 <= status < 500:
        raise Unreachable(f"status {status}")
    # 5xx, or a 200 that is none of the platform's: nobody knows how far it went.
    raise Unsure(f"status {status}")


def _refusal(code: int, said: str) -> Exception:
    """Return what the platform's own refusal means for a letter."""
    refusal: Exception = Rejected(f"zalo-bot {code}")
    match code:
        case 403:
            refusal = Gone("zalo-bot 403")
        case 401 | 404:
            log.error("zalo-bot refuses the token", code=code)
            refusal = TooFast(HALT_SECONDS)
        case 408:
            refusal = Nothing()
        case 429 if "quota" in said.lower():
            log.error("zalo-bot has used its plan's messages up", seconds=HALT_SECONDS)
            refusal = TooFast(HALT_SECONDS)
        case 429:
            refusal = TooFast(TOO_FAST_SECONDS)
        case _ if code >= 500 or code < 300:
            refusal = Unsure(f"zalo-bot {code}")
    return refusal
