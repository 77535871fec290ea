"""What has ended and is not noted yet; while the store is away nothing of it is forgotten."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from storage.endings import Ending

_MOST = 200
_AWAY_SECONDS = 0.25

Note = Callable[[Sequence[Ending]], Awaitable[None]]


class Pile:
    """Endings on their way to the store: what ended while some were written goes together.

    *note* writes some; *away* is told why it could not, and then it is tried again. The first
    waits *linger* seconds for others; one that halts its account waits for nobody.
    """

    def __init__(self, note: Note, away: Callable[[Exception], None], linger: float = 0.0) -> None:
        self._note = note
        self._away = away
        self._linger = linger
        self._hurry = asyncio.Event()
        self._endings: list[Ending] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, ending: Ending) -> None:
        """Let one more be noted as soon as may be."""
        self._endings.append(ending)
        if ending.halt:
            self._hurry.set()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="endings")

    async def empty(self, seconds: float) -> bool:
        """Wait until all is noted, at most so long; return whether it is."""
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=seconds)
        return not self._endings

    def give_up(self) -> None:
        """Try no more: whatever is left stays with its lease."""
        if self._writing is not None:
            self._writing.cancel()

    async def _write(self) -> None:
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), self._linger)
            self._hurry.clear()
            while some := self._endings[:_MOST]:
                try:
                    await self._note(some)
                except Exception as error:  # noqa: BLE001 -- whatever stops it, it comes again
                    self._away(error)
                    await asyncio.sleep(_AWAY_SECONDS)
                else:
                    del self._endings[: len(some)]
        finally:
            self._writing = None
