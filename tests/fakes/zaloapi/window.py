"""Whom an OA may write to, what that costs, and how many calls a second it has."""

import time
from collections import deque
from typing import Any

from fakes.zaloapi.account import Oa, Platform
from fakes.zaloapi.people import Chat
from fakes.zaloapi.refusals import Refused, wrong

FREE_SECONDS, OPEN_SECONDS = 48 * 3600.0, 7 * 86_400.0


def addressed(oa: Oa, user: Any) -> Chat:
    """A person who once did something at this OA and has not left."""
    chat = oa.chats.get(user) if isinstance(user, str) else None
    if chat is None or not chat.is_known:
        raise wrong("user_id is nobody who interacted with this OA")
    if chat.has_left:
        raise Refused(-213, "User has not followed OA", "she unfollowed")
    return chat


def is_paid(oa: Oa, chat: Chat) -> bool:
    """Whether a message to her costs now; Refused when her window is closed."""
    since = oa.platform.clock.now() - chat.last_at
    if since > OPEN_SECONDS:
        raise Refused(-230, "User has not interacted with the OA in the past 7 days")
    if since <= FREE_SECONDS:
        return False
    affordable(oa)
    return True


def affordable(oa: Oa) -> None:
    left = oa.platform.faults.plain["paid_left"]
    if left is not None and oa.platform.log.counts["paid"] >= left:
        raise Refused(-211, "Out of quota", f"{left} paid messages were allowed")


def within_rate(platform: Platform, oa: Oa) -> dict[str, str]:
    """Count a call of the OpenAPI; Refused with -32 when it is one too many.

    An OA has so many calls in any second, the app so many in any minute. Returns the headers.
    """
    limit, now = platform.faults.plain["limit"], time.monotonic()
    of_oa, of_app = limit["per_second"], limit["per_minute"]
    slide(oa.second, now - 1)
    slide(platform.minute, now - 60)
    if (of_oa and len(oa.second) >= of_oa) or (of_app and len(platform.minute) >= of_app):
        raise Refused(-32, "Rate limit exceeded", "more calls than allowed")
    oa.second.append(now)
    platform.minute.append(now)
    oa.busiest_second = max(oa.busiest_second, len(oa.second))
    if not of_app:
        return {}
    left = max(0, int(of_app) - len(platform.minute))
    return {"x-ratelimit-limit": str(of_app), "x-ratelimit-remain": str(left)}


def slide(times: deque[float], since: float) -> None:
    while times and times[0] <= since:
        times.popleft()
