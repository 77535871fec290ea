"""One letter on its way: said by its channel, and what is to become of it then."""

import asyncio
import random
from math import isfinite
from typing import Protocol

import structlog

from bot.hear import place_of
from bot.speech import Gone, Pace, Rejected, Reply, Shut, TooFast, Unreachable, Unsure
from storage.endings import MOST_TRIES, Ending
from storage.letters import Letter

log = structlog.get_logger()

# A channel's call is given up then; channels set their own, shorter, limit.
CALL_SECONDS = 30.0
FIRST_WAIT = 2.0
LONGEST_WAIT = 3600.0
# What stands for a wait that is no number to wait for.
_SOME_WAIT = 1.0
_MOST_WAIT = 7 * 24 * 3600.0


class Mouth(Protocol):
    """A channel as the sender sees it. *pace*: how fast its account may speak."""

    pace: Pace

    async def send(self, address: str, reply: Reply) -> str:
        """Send one letter and return the channel's reference to it.

        Raises Gone, Shut, TooFast, Rejected, Unreachable, Unsure.
        """


async def say(mouth: Mouth, letter: Letter) -> tuple[Ending, str]:
    """Send a letter; return how this try ended, and the outcome's name for who watches."""
    try:
        reply = Reply.from_json(letter.reply)
    except (ValueError, TypeError, LookupError) as error:
        log.error("letter", channel=letter.channel, error=place_of(error))
        return Ending(letter, "dead", why="unreadable"), "rejected"
    try:
        async with asyncio.timeout(CALL_SECONDS):
            ref = await mouth.send(letter.address, reply)
    except Exception as error:  # noqa: BLE001 -- also what a channel did not foresee
        return ending_of(letter, error)
    return Ending(letter, "sent", ref=ref), "sent"


def ending_of(letter: Letter, error: Exception) -> tuple[Ending, str]:
    """Return what an *error* in sending makes of a letter, and the outcome's name."""
    match error:
        case Gone():
            return Ending(letter, "gone", why=str(error)), "gone"
        case Shut():
            return Ending(letter, "shut", why=str(error) or "window closed"), "shut"
        case Rejected():
            return Ending(letter, "dead", why=str(error) or "rejected"), "rejected"
        case TooFast():
            return _too_fast(letter, error), "too fast"
        case Unreachable():
            return _again(letter, "unreachable"), "unreachable"
        case Unsure() | TimeoutError():
            pass
        case _:
            log.error("channel", channel=letter.channel, error=place_of(error))
    return _unsure(letter), "unsure"


def _too_fast(letter: Letter, error: TooFast) -> Ending:
    """Wait exactly as long as the channel says; that is no fault of the letter."""
    seconds = error.seconds if isfinite(error.seconds) and error.seconds > 0 else _SOME_WAIT
    seconds = min(seconds, _MOST_WAIT)
    if error.for_all:
        return Ending(letter, "back", halt=seconds)
    return Ending(letter, "later", why="too fast", seconds=seconds, counts=False)


def _unsure(letter: Letter) -> Ending:
    if letter.if_unsure == "hold":
        return Ending(letter, "held", why="unsure")
    return _again(letter, "unsure")


def _again(letter: Letter, why: str) -> Ending:
    """Try later, waiting twice as long each time and never all at the same moment."""
    if letter.tries >= MOST_TRIES:
        return Ending(letter, "dead", why=why)
    longest = min(FIRST_WAIT * 2**letter.tries, LONGEST_WAIT)
    seconds = random.uniform(longest / 2, longest)  # noqa: S311
    return Ending(letter, "later", why=why, seconds=seconds)
