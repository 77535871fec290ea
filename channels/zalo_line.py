"""The line to Zalo's OpenAPI: one call, and what went wrong with it in the words of the sender.

Zalo answers everything with HTTP 200; what happened stands in `error`. What it says in words may
hold words of a person: only the number goes on.
"""

import asyncio
import json
import random
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import structlog
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    FormData,
)

from bot.speech import Gone, Rejected, Shut, TooFast, Unreachable, Unsure
from channels.zalo import API_URL, NeedsConsent, Tokens

__all__ = ["Expired", "Halted", "Line", "NeedsConsent", "Refused", "Tokens", "result_of"]

log = structlog.get_logger()
T = TypeVar("T")

# Of the 30 s after which the sender gives a letter up; one letter may be several calls.
CALL_SECONDS = 10
CONNECT_SECONDS = 5
# How long a letter waits for a token; the keeper goes on for the next one.
TOKEN_SECONDS = 8

# -32 says that there were too many, and not for how long: the limits are those of a minute.
TOO_FAST_SECONDS = 30.0
# Nothing gets better by itself within minutes; the alarm is repeated as often.
HALT_SECONDS = 15 * 60.0

_TOKEN = frozenset({-216, -220, -124})
_TOO_FAST = frozenset({-32})
# Sending failed at Zalo's: it says that nothing went out.
_AGAIN = frozenset({-200})
_EXPIRED = frozenset({-100})
# Why somebody can not be reached, in a word that is kept with the letter.
_NOBODY = {
    -213: "not a follower",
    -217: "blocked",
    -218: "receives no more",
    -227: "account inactive",
    -234: "night rule",
    -244: "refuses this kind",
}
# She has not been here for too long.
_SHUT = frozenset({-230, -232})
_QUOTA = frozenset({-210, -211, -305, -311})
# What only a person can put right: with Zalo, in the console, or by paying.
_A_PERSON = frozenset(
    {-204, -205, -209, -212, -214, -219, -221, -223, -224, -235, -237, -320, -321, -403}
)


class Halted(TooFast):
    """Nobody can be written to until a person has done something; *why* in a word."""

    def __init__(self, why: str, seconds: float = HALT_SECONDS) -> None:
        super().__init__(seconds)
        self.why = why


class Refused(Rejected):
    """The call is wrong in itself, or of a kind that Zalo does not take here."""

    def __init__(self, code: int) -> None:
        super().__init__(f"zalo {code}")
        self.code = code


class Expired(Unreachable):
    """What was uploaded is no longer kept there: it must be uploaded again."""


class _TokenRefused(Exception):
    """Zalo does not take this token any more."""


class Line:
    """Calls the OpenAPI at *api_url* with a token that *tokens* keeps."""

    def __init__(self, tokens: Tokens, api_url: str = API_URL) -> None:
        self._tokens = tokens
        self._base = api_url
        self._session: ClientSession | None = None
        self._keeping: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Let go of the line, after the keeper of the token has ended what it is doing."""
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=TOKEN_SECONDS)
        if self._session is not None:
            await self._session.close()

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call one method and return its `data`.

        Raises Gone, Shut, TooFast, Rejected, Unreachable, Unsure.
        """
        whole = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return await self._call(path, whole, {"content-type": "application/json"})

    async def upload(self, path: str, name: str, media: str, content: bytes) -> Mapping[str, Any]:
        """Hand a file over and return the `data` of the answer. Raises as `post` does."""
        return await self._call(path, (name, media, content), {})

    async def _call(
        self, path: str, body: "bytes | tuple[str, str, bytes]", headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Call with a token, and once more with another where that one is refused."""
        try:
            token = await self._patiently(self._tokens.access())
            try:
                return await self._once(path, body, headers, token)
            except _TokenRefused:
                await self._patiently(self._tokens.refused(token))
                fresh = await self._patiently(self._tokens.access())
                return await self._once(path, body, headers, fresh)
        except NeedsConsent:
            log.error("zalo needs consent", do="an administrator of the account must consent")
            raise Halted("needs consent") from None
        except _TokenRefused:
            log.error("zalo refuses a fresh token", do="look at the app's rights in its console")
            raise Halted("token refused") from None
        except Halted as halted:
            log.error("zalo halts", why=halted.why, path=path, seconds=halted.seconds)
            raise

    async def _patiently(self, keeping: Coroutine[Any, Any, T]) -> T:
        """Wait for the keeper of the token, but not for ever; what it has begun it ends.

        Nobody may cancel it half-way: a token that Zalo has given and nobody kept is lost.
        """
        task = asyncio.create_task(keeping)
        self._keeping.add(task)
        task.add_done_callback(self._kept)
        done, _ = await asyncio.wait({task}, timeout=TOKEN_SECONDS)
        if not done:
            raise Unreachable("no token yet")
        return task.result()

    def _kept(self, task: "asyncio.Task[Any]") -> None:
        self._keeping.discard(task)
        if not task.cancelled():
            # Looked at, so that an error nobody waits for any more is not told as one overlooked.
            task.exception()

    async def _once(
        self,
        path: str,
        body: "bytes | tuple[str, str, bytes]",
        headers: Mapping[str, str],
        token: str,
    ) -> Mapping[str, Any]:
        if self._session is None:
            self._session = ClientSession()
        # "from None" throughout: these errors carry the request.
        try:
            async with self._session.post(
                f"{self._base}{path}",
                data=body if isinstance(body, bytes) else _form(*body),
                headers={**headers, "access_token": token},
                timeout=ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS),
                allow_redirects=False,
            ) as answer:
                return result_of(answer.status, await answer.read())
        except (ClientConnectorError, ConnectionTimeoutError):
            raise Unreachable from None
        except (ClientError, TimeoutError, OSError):
            raise Unsure from None


def _form(name: str, media: str, content: bytes) -> FormData:
    form = FormData()
    form.add_field("file", content, filename=name, content_type=media)
    return form


def result_of(status: int, body: bytes) -> Mapping[str, Any]:
    """Return the `data` of an answer.

    Raises Gone, TooFast, Rejected, Unreachable, Unsure, and for a token what is seen by the line
    alone.
    """
    answer = _told(body)
    code = _code(answer)
    if code == 0 and 200 <= status < 300:
        told = answer.get("data")
        return told if isinstance(told, dict) else {}
    if code and not (code > 0 and status >= 300):
        raise _refusal(code)
    # Numbers of Zalo's own are below zero: {"error": 502} under a 502 is a gateway's.
    raise _not_zalo(status)


def _told(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _code(answer: Mapping[str, Any]) -> int | None:
    """Return the number of an error, 0 where there is none, None where nothing is said of it."""
    told = answer.get("error")
    if isinstance(told, bool) or not isinstance(told, int | str):
        return None
    try:
        return int(told)
    except ValueError:
        return None


def _refusal(code: int) -> Exception:
    """Return what Zalo's own refusal means for a letter."""
    refusal: Exception = Refused(code)
    if code in _TOKEN:
        refusal = _TokenRefused()
    elif code in _TOO_FAST:
        refusal = TooFast(_about(TOO_FAST_SECONDS))
    elif code in _AGAIN:
        refusal = Unreachable(f"zalo {code}")
    elif code in _EXPIRED:
        refusal = Expired(f"zalo {code}")
    elif code in _NOBODY:
        refusal = Gone(_NOBODY[code])
    elif code in _SHUT:
        refusal = Shut("window closed")
    elif code in _QUOTA:
        refusal = Halted(f"quota {code}")
    elif code in _A_PERSON:
        refusal = Halted(f"needs a person {code}")
    return refusal


def _not_zalo(status: int) -> Exception:
    """Return what an answer means that tells nothing by itself: a gateway's page, a breakdown.

    A 403 of a gateway is not a person who blocked us, and its 400 is not the letter's fault.
    """
    if status == 429:
        return TooFast(_about(TOO_FAST_SECONDS))
    if 300 <= status < 500:
        return Unreachable(f"status {status}")
    # 5xx, or a 200 that is none of Zalo's: the call was read, nobody knows how far it went.
    return Unsure(f"status {status}")


def _about(seconds: float) -> float:
    """Return about so many seconds: processes that were refused together do not come together."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 -- no secret
