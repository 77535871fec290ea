"""What runs beside the pages: the sender, and once a minute the rounds and the scans."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from bot import rounds, sender
from bot.hear import place_of
from bot.office import Office
from bot.sending import Mouth
from storage.database import NotWritten, TooBusy
from webhook.scans import Scans

log = structlog.get_logger()

EVERY_SECONDS = 60.0


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
        await asyncio.gather(sending, self._minutes())
        await self._during(rounds.count_scans)

    async def _minutes(self) -> None:
        while not self._stop.is_set():
            await self._during(_tick)
            try:
                await asyncio.wait_for(self._stop.wait(), self._every)
            except TimeoutError:
                continue

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
