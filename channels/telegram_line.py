"""The line to the Bot API: one call, and what went wrong with it in the words of the sender.

aiogram writes the calls; how they ended is read here, because an answer that aiogram can not
decode (a fractional `retry_after`, a gateway's HTML, a message of a newer Bot API) says something
all the same. What Telegram describes may hold words of a person: only its number goes on.
"""

import json
import re
from collections.abc import Mapping
from math import inf
from typing import Any, cast

import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
)

from bot.speech import Gone, Rejected, TooFast, Unreachable, Unsure

log = structlog.get_logger()

# Of the 30 s after which the sender gives a letter up.
CALL_SECONDS = 20
CONNECT_SECONDS = 8

# How long to be silent where Telegram says "too many" and no number that can be used.
NO_NUMBER_SECONDS = 5.0
_LONGEST_WAIT = 24 * 3600.0
_IN_WORDS = re.compile(r"retry after (\d{1,6})", re.IGNORECASE)
# Refusals by 400 that are about the person: she never began, or her account is no more.
_NOBODY = ("chat not found", "user not found", "deactivated", "peer_id_invalid", "bot was blocked")


class TokenRefused(Unreachable):
    """Telegram does not know this token: nothing is wrong with the letter."""


class Taken(Unreachable):
    """Somebody else fetches the updates of this bot, or a webhook stands."""

    def __init__(self, *, by_webhook: bool) -> None:
        super().__init__("taken")
        self.by_webhook = by_webhook


class Line(AiohttpSession):
    """Calls the Bot API at *api_url*. A call returns what Telegram answered as plain JSON."""

    def __init__(self, api_url: str) -> None:
        super().__init__(api=TelegramAPIServer.from_base(api_url))

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 -- aiogram's own name for it
    ) -> TelegramType:
        """Call one method. Raises Gone, TooFast, Rejected, Unreachable, Unsure."""
        session = await self.create_session()
        address = self.api.api_url(token=bot.token, method=method.__api_method__)
        form = self.build_form_data(bot=bot, method=method)
        limit = ClientTimeout(total=timeout or CALL_SECONDS, sock_connect=CONNECT_SECONDS)
        status, body = await _call(session, address, form, limit)
        return cast("TelegramType", result_of(status, body))


async def _call(
    session: ClientSession, address: str, form: Any, limit: ClientTimeout
) -> tuple[int, bytes]:
    # "from None" throughout: these errors carry the address, and the token stands in it.
    try:
        async with session.post(
            address, data=form, timeout=limit, allow_redirects=False
        ) as answer:
            return answer.status, await answer.read()
    except (ClientConnectorError, ConnectionTimeoutError):
        raise Unreachable from None
    except (ClientError, TimeoutError, OSError):
        raise Unsure from None


def result_of(status: int, body: bytes) -> Any:
    """Return the result in an answer. Raises Gone, TooFast, Rejected, Unreachable, Unsure."""
    answer = _told(body)
    if answer.get("ok") is True and 200 <= status < 300:
        return answer.get("result")
    if answer.get("ok") is False:
        raise _refusal(status, answer)
    raise _not_telegram(status)


def _told(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _refusal(status: int, answer: Mapping[str, Any]) -> Exception:
    """Return what Telegram's own refusal means for a letter."""
    said = str(answer.get("description", "")).lower()
    refusal = _not_telegram(status)
    match status:
        case 429:
            refusal = TooFast(_seconds(answer, said))
        case 403:
            refusal = Gone("telegram 403")
        case 400 if any(one in said for one in _NOBODY):
            refusal = Gone("telegram 400")
        case 400 | 413:
            refusal = Rejected(f"telegram {status}")
        case 401 | 404:
            log.error("telegram refuses the token", status=status)
            refusal = TokenRefused()
        case 409:
            refusal = Taken(by_webhook="webhook" in said)
    return refusal


def _not_telegram(status: int) -> Exception:
    """Return what an answer means that tells nothing by itself: a gateway's page, a breakdown.

    A 403 of a gateway is not a person who blocked us, and its 400 is not the letter's fault.
    """
    if status == 429:
        return TooFast(NO_NUMBER_SECONDS)
    if 300 <= status < 500:
        return Unreachable(f"status {status}")
    # 5xx, or a 200 that is none of Telegram's: the call was read, nobody knows how far it went.
    return Unsure(f"status {status}")


def _seconds(answer: Mapping[str, Any], said: str) -> float:
    """Return how long to be silent: a whole number, a fraction, or one in the words alone."""
    parameters = answer.get("parameters")
    told = parameters.get("retry_after") if isinstance(parameters, dict) else None
    in_words = _IN_WORDS.search(said)
    for one in (told, in_words[1] if in_words else None):
        try:
            seconds = float(cast("str", one))
        except (TypeError, ValueError, OverflowError):
            continue
        if 0 < seconds < inf:
            return min(seconds, _LONGEST_WAIT)
    return NO_NUMBER_SECONDS
