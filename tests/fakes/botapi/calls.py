"""One call of the Bot API from its parameters to its result, with what goes wrong on purpose."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

from fakes.botapi.account import Account
from fakes.botapi.answers import ANSWERS
from fakes.botapi.arrivals import Arrival, hashed
from fakes.botapi.faults import Fault
from fakes.botapi.methods import SENDS, checked
from fakes.botapi.people import Chat, Json
from fakes.botapi.refusals import Cut, Hung, Refused, forbidden, too_many
from fakes.botapi.speaking import SPEAK, place, speech_of


class Html(Exception):
    """A proxy in front of the Bot API answers in its place."""


class Silenced(Refused):
    """A 429 with what it covers: one chat, or everything (None)."""

    def __init__(self, seconds: int, chat: int | None) -> None:
        said = too_many(seconds)
        super().__init__(said.status, said.description, said.parameters)
        self.seconds, self.chat = seconds, chat


async def perform(
    account: Account,
    method: str,
    given: Mapping[str, Any],
    files: Mapping[str, Any],
    arrival: Arrival,
) -> Any:
    """Return the method's result, or raise Refused, Cut, Hung or Html."""
    arrival.names = (*given, *files)
    arrival.chat = number_of(given.get("chat_id"))
    judged(account, method, arrival)
    broken(account, method, arrival)
    if account.logged_out:
        raise Refused(400, "Logged out")
    taken = checked(method, given, files)
    if method in SPEAK:
        result = spoken(account, method, taken, arrival)
    else:
        stopped(account, method, arrival)
        result = ANSWERS[method](account, taken)
        if inspect.isawaitable(result):
            result = await result
        arrival.outcome = "accepted"
    if account.platform.faults.answers and struck(account, "reset_after", method, arrival):
        raise Cut
    return result


def number_of(chat_id: Any) -> Any:
    """The chat as a number, for the log and for faults that are meant for some chats."""
    try:
        return int(chat_id)
    except (TypeError, ValueError):
        return None


def judged(account: Account, method: str, arrival: Arrival) -> None:
    """Count a send that came before the time of a 429 was over."""
    if method not in SENDS:
        return
    counts = account.platform.log.counts
    counts["sends"] += 1
    if not account.limits.silences:
        return
    grace = float(account.platform.faults.plain["grace_ms"]) / 1000
    arrival.flood, covered = account.limits.judge(arrival.chat, arrival.at, grace)
    if arrival.flood == "early":
        counts["early_after_429"] += 1
        counts["early_in_scope"] += covered
    elif arrival.flood:
        counts["in_flight_at_429"] += 1


def struck(account: Account, name: str, method: str, arrival: Arrival) -> Fault | None:
    platform = account.platform
    fault = platform.faults.strikes(name, platform.chance, method, arrival.chat)
    if fault:
        arrival.outcome = name
    return fault


def broken(account: Account, method: str, arrival: Arrival) -> None:
    """What fails before the server has looked at the call."""
    if not account.platform.faults.answers:
        return
    if struck(account, "reset_before", method, arrival):
        raise Cut
    if struck(account, "hang", method, arrival):
        raise Hung
    if struck(account, "html_502", method, arrival):
        raise Html
    if fault := struck(account, "500", method, arrival):
        raise Refused(500, str(fault.more.get("description", "Internal Server Error")))


def stopped(account: Account, method: str, arrival: Arrival) -> None:
    """What the server refuses on purpose although the call is right."""
    if not account.platform.faults.answers:
        return
    if struck(account, "403", method, arrival):
        raise forbidden("bot was blocked by the user")
    if fault := struck(account, "429", method, arrival):
        seconds = account.platform.faults.seconds(fault, account.platform.chance)
        chat = arrival.chat if fault.more.get("scope") == "chat" else None
        account.limits.close(seconds, chat, arrival.at)
        raise Silenced(seconds, chat)


def spoken(account: Account, method: str, taken: Json, arrival: Arrival) -> Json:
    """A send: right, allowed, in time, and then in her chat."""
    words = speech_of(method, taken)
    arrival.hash = hashed(words)
    chat = place(account, taken)
    limits = account.limits
    if seconds := limits.closed(chat.id, arrival.at):
        arrival.outcome = "429"
        raise Silenced(seconds, None if limits.closed_until > arrival.at else chat.id)
    stopped(account, method, arrival)
    within_limit(account, chat, arrival)
    message = SPEAK[method](account, chat, taken)
    arrival.outcome, arrival.message_id = "accepted", message.id
    account.platform.log.delivered(chat.id, arrival.hash)
    limits.accepted(chat.sent_at, arrival.at)
    chat.sent_at = arrival.at
    return message.told(chat.as_chat())


def within_limit(account: Account, chat: Chat, arrival: Arrival) -> None:
    """The hidden rate: 429 when it is exceeded, or a mere count."""
    rule = account.platform.faults.plain["limit"]
    if not rule:
        return
    limits = account.limits
    too_soon, of_chat = limits.exceeded(rule, chat.id, arrival.at)
    if too_soon:
        limits.over_limit += 1
        if rule.get("enforce", True):
            seconds = int(rule.get("retry_after") or max(1, math.ceil(too_soon)))
            scope = chat.id if of_chat else None
            limits.close(seconds, scope, arrival.at)
            arrival.outcome = "429"
            raise Silenced(seconds, scope)
    limits.spent(rule, chat.id, arrival.at)
