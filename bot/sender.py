"""Send what lies in the outbox: claim, send with no database open, note how it ended."""

import asyncio
import random
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from bot.hear import place_of
from bot.office import Office
from bot.speech import Gone, Rejected, Reply, TooFast, Unreachable, Unsure
from storage.database import NotWritten, TooBusy
from storage.outbox import Letter
from storage.store import Store

log = structlog.get_logger()
T = TypeVar("T")

# A channel call is given up after 30 s (channels set their own, shorter, limit), so a lease of
# 90 s is never taken over while the call still runs.
LEASE_SECONDS = 90
BATCH = 50
MOST_TRIES = 12
FIRST_WAIT = 2.0
LONGEST_WAIT = 3600.0


class Mouth(Protocol):
    """A channel as the sender sees it."""

    async def send(self, address: str, reply: Reply) -> str:
        """Send one letter and return the channel's reference to it.

        Raises Gone, TooFast, Rejected, Unreachable, Unsure.
        """


async def drain(
    office: Office, mouths: Mapping[str, Mouth], *, conversation_id: int | None = None
) -> int:
    """Send what may go now, at most one batch; return how many letters ended or were put off."""
    lease = secrets.token_hex(8)
    letters = await _write(
        office,
        lambda store: store.outbox.claim(
            lease, LEASE_SECONDS, list(mouths), BATCH, conversation_id
        ),
    )
    # Order is kept for each address, and a slow address does not hold up the others.
    await asyncio.gather(*(_send(office, mouths[one.channel], one, lease) for one in letters))
    return len(letters)


async def run(office: Office, mouths: Mapping[str, Mouth], stop: asyncio.Event) -> None:
    """Drain until told to stop: at once when letters were laid out, at the latest each second."""
    while not stop.is_set():
        try:
            office.letters_wait.clear()
            busy = await drain(office, mouths) if mouths else 0
        except (NotWritten, TooBusy):
            busy = 0
        except Exception as error:  # noqa: BLE001 -- the sender must outlive any letter
            log.error("sender", error=place_of(error))
            busy = 0
        if not busy:
            await _rest(office, stop)


async def _rest(office: Office, stop: asyncio.Event) -> None:
    for _ in range(20):
        if stop.is_set() or office.letters_wait.is_set():
            return
        await asyncio.sleep(0.05)


async def _send(office: Office, mouth: Mouth, letter: Letter, lease: str) -> None:
    try:
        ref = await mouth.send(letter.address, Reply.from_json(letter.reply))
    except Gone:
        await _write(office, lambda store: _gone(store, letter, lease))
    except Rejected as error:
        name = str(error)[:64] or "rejected"
        await _write(office, lambda store: store.outbox.dead(letter.id, lease, name))
    except TooFast as wait:
        await _later(office, letter, lease, wait.seconds, "too fast")
    except Unreachable:
        await _again(office, letter, lease, "unreachable")
    except Exception as error:  # noqa: BLE001 -- Unsure, and whatever a channel did not foresee
        if not isinstance(error, Unsure):
            log.error("channel", channel=letter.channel, error=place_of(error))
        await _unsure(office, letter, lease)
    else:
        await _write(office, lambda store: store.outbox.sent(letter.id, lease, ref))


def _gone(store: Store, letter: Letter, lease: str) -> bool:
    store.conversations.mark_gone(letter.conversation_id, gone=True)
    return store.outbox.gone(letter.id, lease)


async def _unsure(office: Office, letter: Letter, lease: str) -> None:
    if letter.if_unsure == "hold":
        await _write(office, lambda store: store.outbox.hold(letter.id, lease, "unsure"))
    else:
        await _again(office, letter, lease, "unsure")


async def _again(office: Office, letter: Letter, lease: str, why: str) -> None:
    """Try later, waiting twice as long each time and never all at the same moment."""
    if letter.tries >= MOST_TRIES:
        await _write(office, lambda store: store.outbox.dead(letter.id, lease, why))
        return
    longest = min(FIRST_WAIT * 2**letter.tries, LONGEST_WAIT)
    await _later(office, letter, lease, random.uniform(longest / 2, longest), why)  # noqa: S311


async def _later(office: Office, letter: Letter, lease: str, seconds: float, why: str) -> None:
    def work(store: Store) -> bool:
        at: datetime = store.now + timedelta(seconds=seconds)
        return store.outbox.later(letter.id, lease, at, why)

    await _write(office, work)


async def _write(office: Office, work: Callable[[Store], T]) -> T:
    return await asyncio.to_thread(office.database.write, work)
