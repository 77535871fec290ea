"""Zalo's OAuth: a code or a used token becomes a new pair, and what an answer means.

A refresh token works once. So it matters most whether a call that failed was certainly not
carried out, was refused, or ended so that nobody knows. Nothing of an answer goes into an error.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    TCPConnector,
)

from bot.speech import TooFast, Unreachable, Unsure

PATH = "/v4/oa/access_token"
# Whoever renews holds a lease that lasts longer than this.
CALL_SECONDS = 20.0
CONNECT_SECONDS = 8.0

# As documented; a pair without a readable number is kept all the same: losing it is worse.
USUAL_LIFE = 90_000.0
_LIVES = (60.0, 366 * 24 * 3600.0)
_RATE = -32
_RATE_SECONDS = 30.0
_MOST_BYTES = 64 * 1024
_LONGEST_TOKEN = 16_384


@dataclass(frozen=True)
class Granted:
    """A new pair. *refresh* is "" where the answer held none; *answer* is all of it as it came."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    life: float
    answer: str = field(repr=False)


class Denied(Exception):
    """Zalo refuses with an error of its own: trying again changes nothing. *answer*: its body."""

    def __init__(self, code: int, answer: str = "") -> None:
        super().__init__(f"zalo {code}")
        self.code = code
        self.answer = answer


class Lost(Unsure):
    """Nobody knows whether the token was used up. *answer*: as much of it as arrived."""

    def __init__(self, answer: str = "") -> None:
        super().__init__("lost")
        self.answer = answer


class OAuth:
    """Calls Zalo's OAuth at *url* for one app. A call ends within *seconds*."""

    def __init__(
        self, url: str, app_id: str, app_secret: str, *, seconds: float = CALL_SECONDS
    ) -> None:
        self.seconds = seconds
        self._address = f"{url.rstrip('/')}{PATH}"
        self._app_id = app_id
        self._secret = app_secret

    async def refresh(self, token: str) -> Granted:
        """Renew a pair. Raises Unreachable, TooFast (both: it was not used), Denied, Lost."""
        return await self._ask({"grant_type": "refresh_token", "refresh_token": token})

    async def exchange(self, code: str, verifier: str = "") -> Granted:
        """Turn the code of a consent into a pair. Raises the same as `refresh`."""
        form = {"grant_type": "authorization_code", "code": code}
        return await self._ask(form | ({"code_verifier": verifier} if verifier else {}))

    async def _ask(self, form: Mapping[str, str]) -> Granted:
        limit = ClientTimeout(total=self.seconds, connect=CONNECT_SECONDS)
        # A line of its own each time: on a kept one that broke nobody knows what was carried out.
        line = TCPConnector(force_close=True)
        arrived = bytearray()
        status = 0
        async with ClientSession(connector=line, timeout=limit) as session:
            try:
                async with session.post(
                    self._address,
                    data={"app_id": self._app_id, **form},
                    headers={"secret_key": self._secret},
                    allow_redirects=False,
                ) as answer:
                    status = answer.status
                    await _read(answer, arrived)
            except (ClientConnectorError, ConnectionTimeoutError):
                raise Unreachable("no line") from None
            except (ClientError, TimeoutError, OSError):
                # It broke, but perhaps behind the last letter that matters.
                return granted_of(status, bytes(arrived), is_whole=False)
        return granted_of(status, bytes(arrived))


async def _read(answer: ClientResponse, arrived: bytearray) -> None:
    async for piece in answer.content.iter_any():
        arrived += piece
        if len(arrived) > _MOST_BYTES:
            return


def granted_of(status: int, body: bytes, *, is_whole: bool = True) -> Granted:
    """Return the pair in an answer. Raises Unreachable, TooFast, Denied, Lost."""
    text = body[:_MOST_BYTES].decode("utf-8", "replace")
    answer = _object(text)
    access = answer.get("access_token")
    if _is_token(access):
        refresh = answer.get("refresh_token")
        life = _life(answer.get("expires_in"))
        return Granted(str(access), str(refresh) if _is_token(refresh) else "", life, text)
    if not is_whole:
        raise Lost(text)
    code = _code(answer)
    if code == _RATE or status == 429:
        raise TooFast(_RATE_SECONDS)
    # Numbers of Zalo's own are below zero: {"error": 502} under a 502 is a gateway's.
    if code and not (code > 0 and status >= 300):
        raise Denied(code, text)
    if 300 <= status < 500:
        # Somebody in between: a redirect, a gateway's page. Zalo says no with 200.
        raise Unreachable(f"status {status}")
    raise Lost(text)


def _object(text: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_token(value: object) -> bool:
    """Whether it can stand in a header: anything else is no token, whatever it is called."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TOKEN and is_plain(value)


def is_plain(text: str) -> bool:
    """Whether a text holds only visible letters of ASCII."""
    return all("!" <= one <= "~" for one in text)


def _life(value: object) -> float:
    """Return for how many seconds a token is good; Zalo writes them as text."""
    try:
        life = float(int(value))  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return USUAL_LIFE
    return life if _LIVES[0] <= life <= _LIVES[1] else USUAL_LIFE


def _code(answer: Mapping[str, Any]) -> int:
    """Return the number of an error, or 0 where there is none that Zalo could have given."""
    said = answer.get("error")
    try:
        return int(said) if isinstance(said, str | int) else 0
    except ValueError:
        return 0
