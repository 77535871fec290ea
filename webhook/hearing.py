"""How what a platform delivered is heard: within its patience, and told so after the commit."""

import asyncio
from collections import Counter

import structlog

from bot.hear import place_of
from bot.speech import WITHDRAWN, Heard, Outcome
from storage.database import NotWritten, TooBusy
from webhook.door import Door

log = structlog.get_logger()

# Zalo wants its answer within two seconds, and switches a door off that keeps it waiting.
PATIENCE_SECONDS = 1.7


async def hear_within(
    door: Door, heard: Heard, kinds: Counter[str], seconds: float = PATIENCE_SECONDS
) -> int:
    """Let the office hear something; return 200 only after its commit, else 503: come again.

    What takes longer goes on, and is a repeat when it comes again. *kinds* counts what happened.
    """
    is_order = heard.left is not None or (heard.form is not None and heard.form.name == WITHDRAWN)
    if not is_order and _floods(door, heard):
        # Not refused: for one person who sends without end the door would be switched off for all.
        kinds["flood"] += 1
        return 200
    hearing = asyncio.ensure_future(door.hear(heard))
    hearing.add_done_callback(_looked_at)
    done, _ = await asyncio.wait({hearing}, timeout=seconds)
    if not done:
        kinds["slow"] += 1
        return 503
    try:
        outcome = hearing.result()
    except (TooBusy, NotWritten):
        kinds["not written"] += 1
        return 503
    except Exception as error:  # noqa: BLE001 -- it comes again, whatever it was
        log.error("delivery broke", channel=heard.channel, error=place_of(error))
        kinds["broke"] += 1
        return 503
    if outcome.is_repeat:
        kinds["repeat"] += 1
    return 200


def _floods(door: Door, heard: Heard) -> bool:
    return not door.limits.talk.takes(f"{heard.channel}:{heard.address}")


def _looked_at(hearing: "asyncio.Future[Outcome]") -> None:
    """Take an error note of, so that one nobody waits for any more is not told as overlooked."""
    if not hearing.cancelled():
        hearing.exception()
