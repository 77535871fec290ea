"""What runs beside the pages: the sender, what waits in the spool, and each minute the rounds."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog

from bot import rounds, sender
from bot.feeding import Feeder, Waits
from bot.hear import place_of
from bot.office import Office
from bot.sending import Mouth
from storage.database import NotWritten, TooBusy
from webhook.scans import Scans

log = structlog.get_logger()

EVERY_SECONDS = 60.0
# How often the spool is looked at, and how rarely while the store does not take what waits there.
SPOOL_SECONDS, _SPOOL_LONGEST = 0.2, 5.0
# Told to stop, nobody waits longer than this for what is being fed.
_FED_SECONDS = 1.0


class Clockwork:
    """Runs until stopped; a tick that fails is logged and the next one comes.

    *mouths*: who sends letters here, none where that is left to `ketdoan send`.
    """

    def __init__(
        self,
        office: Office,
        scans: Scans,
        every: float = EVERY_SECONDS,
        mouths: Mapping[str, Mouth] | None = None,
    ) -> None:
        self._office = office
        self._mouths = mouths or {}
        self._scans = scans
        self._every = every
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Let everything end after what it is doing now."""
        self._stop.set()

    async def run(self) -> None:
        """Run the sender and the minutes until stopped; the last scans are written at the end."""
        sending = sender.run(self._office, self._mouths, self._stop)
        await asyncio.gather(sending, self._minutes(), self._feeding())
        await self._during(rounds.count_scans)

    async def _minutes(self) -> None:
        while not self._stop.is_set():
            await self._during(_tick)
            await self._rest(self._every)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _feeding(self) -> None:
        """Let what waits in the spool be heard, soon after the store takes things again."""
        spool = self._office.spool
        if spool is None:
            return
        feeder, wait = Feeder(self._office, spool), SPOOL_SECONDS
        while not self._stop.is_set():
            if not spool.is_empty():
                wait = SPOOL_SECONDS if await self._fed(feeder) else min(wait * 2, _SPOOL_LONGEST)
            await self._rest(wait)

    async def _fed(self, feeder: Feeder) -> bool:
        """Feed a while; return whether that went well."""
        try:
            await asyncio.to_thread(feeder.feed, _FED_SECONDS)
        except Waits:
            log.warning("spool waits for the store")
        except Exception as error:  # noqa: BLE001 -- tried again soon, whatever happened
            log.error("spool", error=place_of(error))
        else:
            return True
        return False

    async def _during(self, act: Callable[[Office, Mapping[int, int]], bool]) -> None:
        """Let something write the scans counted so far; what it could not write is kept."""
        counted = self._scans.take()
        written = False
        try:
            written = await asyncio.to_thread(act, self._office, counted)
        except (NotWritten, TooBusy):
            log.warning("rounds wait")
        except Exception as error:  # noqa: BLE001 -- the next minute comes whatever happened
            log.error("rounds", error=place_of(error))
        if not written:
            self._scans.put_back(counted)


def _tick(office: Office, counted: Mapping[int, int]) -> bool:
    return "scans" in rounds.tick(office, counted)
