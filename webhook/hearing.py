"""How what a platform delivered is heard: within its patience, and told so after the commit.

What the store does not take in time waits in the spool, on disk, and is taken all the same: Zalo
switches a door off that fails.
"""

import asyncio
from collections import Counter
from typing import Any

import structlog

from bot.hear import place_of
from bot.speech import WITHDRAWN, Heard
from storage.database import NotWritten, TooBusy
from storage.spool import Spool, SpoolFull, SpoolTrouble
from webhook.door import Door
from webhook.limits import Bucket

log = structlog.get_logger()

# Zalo wants its answer within two seconds, and switches a door off that keeps it waiting. What is
# over is for the spool, whose disk may be slow as well.
PATIENCE_SECONDS = 1.2
SPOOL_SECONDS = 0.5
# The same trouble a thousand times a second must not fill the log.
_telling = Bucket(burst=3, rate=1 / 10)


async def hear_within(
    door: Door,
    heard: Heard,
    kinds: Counter[str],
    seconds: float = PATIENCE_SECONDS,
    *,
    may_wait: bool = True,
) -> int:
    """Let the office hear something; return 200 after its commit or when it waits in the spool.

    503: come again. What takes longer goes on, and is a repeat when it comes again or is fed from
    the spool. *may_wait*: it certainly came from the platform. *kinds* counts what happened.
    """
    is_order = heard.left is not None or (heard.form is not None and heard.form.name == WITHDRAWN)
    if not is_order and _floods(door, heard):
        # Not refused: for one person who sends without end the door would be switched off for all.
        kinds["flood"] += 1
        return 200
    spool = door.office.spool if may_wait else None
    if spool is not None and not spool.is_empty():
        # Behind what waits there: hers may be among it, and she is heard in her order.
        return await _laid_up(door, spool, heard, kinds)
    if await _is_heard(door, heard, kinds, seconds):
        return 200
    return 503 if spool is None else await _laid_up(door, spool, heard, kinds)


async def _is_heard(door: Door, heard: Heard, kinds: Counter[str], seconds: float) -> bool:
    hearing = asyncio.ensure_future(door.hear(heard))
    hearing.add_done_callback(_looked_at)
    done, _ = await asyncio.wait({hearing}, timeout=seconds)
    if not done:
        kinds["slow"] += 1
        return False
    try:
        outcome = hearing.result()
    except (TooBusy, NotWritten):
        kinds["not written"] += 1
        return False
    except Exception as error:  # noqa: BLE001 -- it is tried again, whatever it was
        log.error("delivery broke", channel=heard.channel, error=place_of(error))
        kinds["broke"] += 1
        return False
    if outcome.is_repeat:
        kinds["repeat"] += 1
    return True


async def _laid_up(door: Door, spool: Spool, heard: Heard, kinds: Counter[str]) -> int:
    """Lay it up in the spool; return 200 when it is on disk there."""
    came_at = door.office.database.clock()
    try:
        laying = asyncio.wrap_future(spool.lay_up(heard.to_json(), came_at))
        laying.add_done_callback(_looked_at)
        # Not called off: what is late is written all the same, and a repeat when it comes again.
        await asyncio.wait_for(asyncio.shield(laying), SPOOL_SECONDS)
    except SpoolFull:
        kinds["spool full"] += 1
        _tell("spool: FULL, events are refused; is the store away?")
    except (SpoolTrouble, OSError, TimeoutError) as trouble:
        kinds["spool failed"] += 1
        _tell("spool: not written, events are refused", why=str(trouble) or "slow")
    else:
        kinds["spooled"] += 1
        return 200
    return 503


def _tell(what: str, **more: str) -> None:
    if _telling.takes(what):
        log.error(what, **more)


def _floods(door: Door, heard: Heard) -> bool:
    return not door.limits.talk.takes(f"{heard.channel}:{heard.address}")


def _looked_at(hearing: "asyncio.Future[Any]") -> None:
    """Take an error note of, so that one nobody waits for any more is not told as overlooked."""
    if not hearing.cancelled():
        hearing.exception()
