"""The control API: what a test asks of the fake Telegram."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

from fakes.botapi.account import Account, Platform
from fakes.botapi.arrivals import Log
from fakes.botapi.doings import DOINGS
from fakes.botapi.faults import Faults
from fakes.botapi.gatherings import GATHERINGS
from fakes.botapi.people import Chat, Json
from fakes.botapi.refusals import Misused

Query = dict[str, str]
DONE = {**DOINGS, **GATHERINGS}


def meant(platform: Platform, asked: Json | Query) -> Account:
    """The bot that a request is about: the named one, else the first."""
    token = asked.get("bot")
    if token is None:
        return next(iter(platform.bots.values()))
    if token not in platform.bots:
        raise Misused(f"no bot with the token {token!r}")
    return platform.bots[token]


async def controlled(platform: Platform, method: str, path: str, query: Query, asked: Json) -> Any:
    """Answer one request of the control API; Misused when it makes no sense."""
    name, _, rest = path.partition("/")
    if method == "POST" and name in DONE:
        account = meant(platform, asked)
        asked.pop("bot", None)
        return DONE[name](account, asked)
    if name == "chat" and method == "GET":
        return await chat_seen(meant(platform, query), int(rest), query)
    if name == "idle" and method == "GET":
        return await idle(platform, float(query.get("wait", "10")))
    found = OTHERS.get((method, name))
    if found is None:
        raise Misused(f"no {method} /_/{path}")
    return found(platform, query, asked)


async def chat_seen(account: Account, chat_id: int, query: Query) -> Json:
    """A chat as its person sees it; waits for a message of the bot when asked to."""
    after, deadline = int(query.get("after", "0")), time.monotonic() + float(query.get("wait", 0))
    while True:
        chat = account.known(chat_id) or Chat(chat_id, "private", "0")
        found = [one for one in chat.messages.values() if one.change > after]
        sought = [one for one in found if one.from_bot and query.get("contains", "") in one.text]
        left = deadline - time.monotonic()
        if sought or left <= 0:
            break
        changed = asyncio.get_running_loop().create_future()
        chat.waiting.append(changed)
        # A chat that is not there yet cannot wake anybody.
        await asyncio.wait([changed], timeout=left if chat_id in account.chats else 0.01)
    return {
        "chat": chat.id,
        "blocked": chat.blocked,
        "change": account.change,
        "found": sought[0].seen() if sought else None,
        "keyboard": chat.keyboard.seen()["reply_keyboard"] if chat.keyboard else None,
        "messages": [one.seen() for one in found],
    }


async def idle(platform: Platform, seconds: float) -> Json:
    """Wait until no update waits and none is on its way."""
    deadline = time.monotonic() + seconds
    while True:
        if not busy(platform) or time.monotonic() > deadline:
            return {"idle": not busy(platform)}
        await asyncio.sleep(0.005)


def busy(platform: Platform) -> bool:
    return any(one.queue.waiting or one.postman.lanes for one in platform.bots.values())


def bots(platform: Platform, query: Query, asked: Json) -> Json:
    account = platform.register(str(asked.get("token")), str(asked.get("username")))
    return {"id": account.id, "username": account.username}


def route(platform: Platform, query: Query, asked: Json) -> Json:
    platform.routes[str(asked["prefix"])] = str(asked["to"])
    return platform.routes


def faults(platform: Platform, query: Query, asked: Json) -> Json:
    platform.faults.switch(asked)
    released(platform)
    return platform.faults.said


def no_faults(platform: Platform, query: Query, asked: Json) -> Json:
    platform.faults = Faults()
    for account in platform.bots.values():
        account.limits.closed_until = 0.0
        account.limits.chats_closed_until.clear()
        account.limits.chats.clear()
        account.limits.window.clear()
        account.limits.tokens = math.inf
    released(platform)
    return {}


def released(platform: Platform) -> None:
    """Hold updates back, or let them go."""
    for account in platform.bots.values():
        account.queue.held = bool(platform.faults.plain["hold"])
        account.queue.wake()
        account.postman.pump()


def retry(platform: Platform, query: Query, asked: Json) -> Json:
    for account in platform.bots.values():
        account.postman.hurry()
    return {}


def reset(platform: Platform, query: Query, asked: Json) -> Json:
    """Begin anew with the first bot."""
    token, first = next(iter(platform.bots.items()))
    for account in platform.bots.values():
        account.webhook = None
        account.postman.clear()
        account.queue.interrupt("terminated by setWebhook request")
    platform.faults, platform.log = Faults(), Log(platform.log.limit)
    platform.bots, platform.people, platform.routes = {}, {}, {}
    platform.register(token, first.username)
    return {}


def answers(platform: Platform, query: Query, asked: Json) -> Json:
    return {"answers": meant(platform, query).answers}


def log(platform: Platform, query: Query, asked: Json) -> Json:
    after, at_most = int(query.get("after", "0")), int(query.get("limit", "100000000"))
    return {
        "log": platform.log.told(after, at_most),
        "dropped": platform.log.dropped,
        "now": time.monotonic(),
    }


def stats(platform: Platform, query: Query, asked: Json) -> Json:
    """The counts, over all bots; rates of the bot that is meant."""
    account = meant(platform, query)
    limits, counts = account.limits, platform.log.counts
    names = [
        "sends",
        "accepted",
        "refused",
        "answered_429",
        "early_after_429",
        "early_in_scope",
        "in_flight_at_429",
        "duplicates_sent",
        "polls",
    ]
    kinds = "requests accepted refused broken redelivered duplicates methods_in_answers removed"
    return {
        **{name: counts[name] for name in names},
        "over_limit": sum(one.limits.over_limit for one in platform.bots.values()),
        "busiest_second": limits.busiest_second,
        "closest_in_chat": None if math.isinf(limits.closest_in_chat) else limits.closest_in_chat,
        "methods": dict(platform.log.methods),
        "pending": sum(len(one.queue.waiting) for one in platform.bots.values()),
        "webhook": {
            **{name: account.postman.counts[name] for name in kinds.split()},
            "expired": account.queue.expired,
        },
        "seed": platform.seed,
        "now": time.monotonic(),
    }


OTHERS: dict[tuple[str, str], Callable[[Platform, Query, Json], Json]] = {
    ("POST", "bots"): bots,
    ("POST", "route"): route,
    ("POST", "faults"): faults,
    ("DELETE", "faults"): no_faults,
    ("GET", "faults"): lambda platform, query, asked: platform.faults.said,
    ("POST", "retry"): retry,
    ("POST", "reset"): reset,
    ("GET", "answers"): answers,
    ("GET", "log"): log,
    ("GET", "stats"): stats,
}
