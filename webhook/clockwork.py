"""What runs beside the pages: the sender, and once a minute the rounds and the scans."""

import asyncio

import structlog

from bot import rounds, sender
from bot.hear import place_of
from bot.office import Office
from storage.database import NotWritten, TooBusy
from webhook.scans import Scans

log = structlog.get_logger()

EVERY_SECONDS = 60.0


class Clockwork:
    """Runs until stopped; a tick that fails is logged and the next one comes."""

    def __init__(self, office: Office, scans: Scans, every: float = EVERY_SECONDS) -> None:
        self._office = office
        self._scans = scans
        self._every = every
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Let everything end after what it is doing now."""
        self._stop.set()

    async def run(self) -> None:
        """Run the sender and the minutes until stopped; the last scans are written at the end."""
        # No channel of this installation sends by itself: the page fetches its letters.
        await asyncio.gather(sender.run(self._office, {}, self._stop), self._minutes())
        await self._tick()

    async def _minutes(self) -> None:
        while not self._stop.is_set():
            await self._tick()
            try:
                await asyncio.wait_for(self._stop.wait(), self._every)
            except TimeoutError:
                continue

    async def _tick(self) -> None:
        counted = self._scans.take()
        try:
            await asyncio.to_thread(rounds.count_scans, self._office, counted)
            counted = {}
            await asyncio.to_thread(rounds.tick, self._office)
        except (NotWritten, TooBusy):
            self._scans.put_back(counted)
        except Exception as error:  # noqa: BLE001 -- the next minute comes whatever happened
            self._scans.put_back(counted)
            log.error("rounds", error=place_of(error))
