"""The control API: what a test asks of the fake Zalo."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from fakes.zaloapi import bot_doings, doings
from fakes.zaloapi.account import Oa, Platform
from fakes.zaloapi.bot import Bot
from fakes.zaloapi.delivery import Postman, checked_address
from fakes.zaloapi.faults import Faults
from fakes.zaloapi.people import Json
from fakes.zaloapi.refusals import Misused
from fakes.zaloapi.verifying import verified

Query = dict[str, str]
COUNTS = ("requests", "accepted", "failed", "redelivered", "duplicates", "given_up", "lost")


def meant(platform: Platform, side: str, asked: Json | Query) -> Oa | Bot:
    """The account that a request is about: the named one, else the first."""
    accounts: dict[str, Any] = dict(platform.oas if side == "oa" else platform.bots)
    name = asked.get(side, next(iter(accounts)))
    if name not in accounts:
        raise Misused(f"no {side} {name!r}")
    found: Oa | Bot = accounts[name]
    return found


async def controlled(platform: Platform, method: str, path: str, query: Query, asked: Json) -> Any:
    """Answer one request of the control API; Misused when it makes no sense."""
    side, _, rest = path.partition("/")
    if side in ("oa", "bot"):
        return await at_account(platform, method, side, rest, query, asked)
    if (method, path) == ("GET", "idle"):
        return await idle(platform, float(query.get("wait", "10")))
    if (method, path) == ("POST", "verify"):
        return await verified(platform, str(asked["url"]), str(asked["code"]))
    found = OTHERS.get((method, path))
    if found is None:
        raise Misused(f"no {method} /_fake/{path}")
    return found(platform, query, asked)


async def at_account(
    platform: Platform, method: str, side: str, rest: str, query: Query, asked: Json
) -> Any:
    """What somebody does, or what stands in her chat."""
    name, _, who = rest.partition("/")
    account = meant(platform, side, asked if method == "POST" else query)
    if method == "GET" and name == "chat":
        return await chat_seen(platform, account, who, query)
    if method == "POST" and isinstance(account, Oa) and name in doings.DOINGS:
        return doings.DOINGS[name](account, asked)
    if method == "POST" and isinstance(account, Bot) and name in bot_doings.DOINGS:
        return bot_doings.DOINGS[name](account, asked)
    raise Misused(f"no {method} /_fake/{side}/{rest}")


async def chat_seen(platform: Platform, account: Oa | Bot, who: str, query: Query) -> Json:
    """A chat as its person sees it; waits for something new to be said when asked to."""
    after, deadline = int(query.get("after", "0")), time.monotonic() + float(query.get("wait", 0))
    chat, sought = account.chat(who), query.get("contains", "")
    while True:
        seen = chat.seen(after)
        found = [one for one in seen if one["from_bot"] and sought in one["text"]]
        left = deadline - time.monotonic()
        if found or left <= 0:
            break
        changed = asyncio.get_running_loop().create_future()
        chat.waiting.append(changed)
        await asyncio.wait([changed], timeout=left)
    return {
        "change": platform.change,
        "found": found[0] if found else None,
        "messages": seen,
        "last_at": chat.last_at,
        "is_follower": chat.is_follower,
    }


def postmen(platform: Platform) -> list[Postman]:
    return [platform.postman, *(one.postman for one in platform.bots.values())]


async def idle(platform: Platform, seconds: float) -> Json:
    """Wait until no event is on its way or waits for its next try."""
    deadline = time.monotonic() + seconds
    while any(one.waiting for one in postmen(platform)):
        if time.monotonic() > deadline:
            return {"idle": False}
        await asyncio.sleep(0.005)
    return {"idle": True}


def webhook(platform: Platform, query: Query, asked: Json) -> Json:
    """The console: set the app's webhook, or switch it on again as it was."""
    postman = platform.postman
    if "url" in asked:
        url = asked["url"]
        postman.url = None if url is None else checked_address(platform, str(url))
    postman.is_on = True
    return hook(platform, query, asked)


def hook(platform: Platform, query: Query, asked: Json) -> Json:
    postman = platform.postman
    total = {name: sum(one.counts[name] for one in postmen(platform)) for name in COUNTS}
    return {"url": postman.url, "is_on": postman.is_on, **total}


def app(platform: Platform, query: Query, asked: Json) -> Json:
    """The console: the app's callback, the challenge that is kept there, its secret."""
    for name, value in asked.items():
        if name not in ("redirect_uri", "challenge", "secret"):
            raise Misused(f"an app has no {name}")
        setattr(platform.app, name, value)
    return dict(vars(platform.app))


def consent(platform: Platform, query: Query, asked: Json) -> Json:
    """An administrator of the OA agrees, in the console's way."""
    oa = meant(platform, "oa", asked)
    assert isinstance(oa, Oa)
    return {"code": platform.tokens.code(oa.id, platform.app.challenge), "oa_id": oa.id}


def tokens(platform: Platform, query: Query, asked: Json) -> Json:
    """The live pair, how many pairs there were, and what of it still works."""
    oa = meant(platform, "oa", asked or query)
    assert isinstance(oa, Oa)
    access, refresh = platform.tokens.pair[oa.id]
    now = platform.clock.now()
    told = {"access_token": access, "refresh_token": refresh, "issued": platform.tokens.issued}
    for name, token in (
        ("access", platform.tokens.access[access]),
        ("refresh", platform.tokens.refresh[refresh]),
    ):
        told[f"{name}_works"] = not token.gone and token.until > now
    return told


def expire(platform: Platform, query: Query, asked: Json) -> Json:
    platform.tokens.expire(meant(platform, "oa", asked).id)  # type: ignore[union-attr]
    return tokens(platform, query, asked)


def revoke(platform: Platform, query: Query, asked: Json) -> Json:
    platform.tokens.remove(meant(platform, "oa", asked).id)  # type: ignore[union-attr]
    return tokens(platform, query, asked)


def clock(platform: Platform, query: Query, asked: Json) -> Json:
    """Move the fake's clock by seconds, or to a moment of Unix time."""
    if "to" in asked:
        platform.clock.move(float(asked["to"]) - platform.clock.now())
    platform.clock.move(float(asked.get("by", 0)))
    return {"now": platform.clock.now()}


def faults(platform: Platform, query: Query, asked: Json) -> Json:
    platform.faults.switch(asked)
    return {**{name: one.next for name, one in platform.faults.ordered.items()}}


def no_faults(platform: Platform, query: Query, asked: Json) -> Json:
    platform.faults = Faults()
    return {}


def route(platform: Platform, query: Query, asked: Json) -> Json:
    platform.routes[str(asked["prefix"])] = str(asked["to"])
    return {"routes": platform.routes}


def oas(platform: Platform, query: Query, asked: Json) -> Json:
    """One more OA that has granted the app; her tokens are named for her."""
    found = Oa(platform, str(asked["id"]), str(asked["secret"]))
    platform.oas[found.id] = found
    platform.tokens.first(found.id, f"AT_{found.id}", f"RT_{found.id}")
    return {"id": found.id}


def bots(platform: Platform, query: Query, asked: Json) -> Json:
    found = Bot(platform, str(asked["token"]), str(asked["name"]))
    platform.bots[found.token] = found
    return {"name": found.name}


def log(platform: Platform, query: Query, asked: Json) -> Json:
    after = int(query.get("after", "0"))
    return {
        "log": [one.told() for one in platform.log.kept[after:]],
        "now": time.monotonic(),
    }


def refusals(platform: Platform, query: Query, asked: Json) -> Json:
    return {"refusals": platform.log.refusals}


def stats(platform: Platform, query: Query, asked: Json) -> Json:
    names = ("accepted", "refused", "paid", "duplicates_sent")
    return {
        **{name: platform.log.counts[name] for name in names},
        "calls": dict(platform.log.calls),
        "issued": platform.tokens.issued,
        "busiest_second": max(one.busiest_second for one in platform.oas.values()),
        "webhook": hook(platform, query, asked),
    }


Plain = Callable[[Platform, Query, Json], Json]
OTHERS: dict[tuple[str, str], Plain] = {
    ("DELETE", "faults"): no_faults,
    **{
        ("POST", one.__name__): one
        for one in (webhook, app, consent, expire, revoke, clock, faults, route, oas, bots)
    },
    **{("GET", one.__name__): one for one in (hook, tokens, app, clock, log, refusals, stats)},
}
