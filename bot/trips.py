"""Letters on their way: each waits for its time, goes if it still may, and its ending is noted."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.office import Office
from bot.pile import Pile
from bot.sending import say
from bot.voice import Voice
from storage.endings import Ending
from storage.letters import Letter

# So long before it goes a letter looks for others' halts, if nobody has looked for so long: both
# together are less than the way of a letter takes.
_LOOK_SECONDS = 0.015
_AHEAD_SECONDS = 0.015


@dataclass(frozen=True)
class Trip:
    """A letter in hand, and when it may go by the sender's own clock; due None: at once."""

    letter: Letter
    claimed_at: float
    due: float | None
    until: float


class Trips:
    """The letters that one sender has on their way.

    *stumble* is told when the store cannot be asked. Who *looks* asks it, before a letter goes,
    whether another process was told to be silent.
    """

    def __init__(
        self,
        office: Office,
        voices: Mapping[str, Voice],
        pile: Pile,
        clock: Callable[[], float],
        stumble: Callable[[Exception], None],
        *,
        looks: bool,
    ) -> None:
        self._office = office
        self._voices = voices
        self._pile = pile
        self._clock = clock
        self._stumble = stumble
        self._looks = looks
        self._going: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[bool] | None = None
        self._looked_at = float("-inf")
        self._is_stopping = False

    def set_out(self, trip: Trip) -> None:
        """Let a letter go at its time."""
        self._voices[trip.letter.channel].in_hand.add(trip.letter.id)
        going = asyncio.create_task(self._travel(trip))
        self._going.add(going)
        going.add_done_callback(self._going.discard)

    async def end(self) -> None:
        """Wait until all have ended."""
        if self._going:
            await asyncio.wait(self._going)

    async def stop(self) -> None:
        """Let no other letter go; wait for those that are on their way."""
        self._is_stopping = True
        await self.end()

    async def _travel(self, trip: Trip) -> None:
        voice, letter = self._voices[trip.letter.channel], trip.letter
        ending = Ending(letter, "back")
        if await self._may_go(voice, trip):
            began = self._clock()
            ending, outcome = await say(voice.mouth, letter)
            now = self._clock()
            if ending.halt:
                voice.hush(now + ending.halt)
            self._office.watch.sent(letter.channel, outcome, now - began)
        self._pile.add(ending)

    async def _may_go(self, voice: Voice, trip: Trip) -> bool:
        """Wait for a letter's time; return False where it must go back and wait for another."""
        if trip.due is not None:
            await self._sleep_until(trip.due - _AHEAD_SECONDS)
        knows = await self._knows_halts(trip)
        if trip.due is not None:
            await self._sleep_until(trip.due)
        now = self._clock()
        is_late = now > trip.until
        voice.was_late |= is_late
        return knows and not is_late and not self._is_stopping and now >= voice.quiet_until

    async def _sleep_until(self, own: float) -> None:
        # Some loops wake up a little early.
        while (left := own - self._clock()) > 0:  # noqa: ASYNC110 -- a time, not an event
            await asyncio.sleep(left)

    async def _knows_halts(self, trip: Trip) -> bool:
        """Look whether another process was told to be silent; False where nobody can know."""
        known_at = max(self._looked_at, trip.claimed_at)
        if not self._looks or self._clock() - known_at < _LOOK_SECONDS:
            return True
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="halts")
        return await asyncio.shield(self._looking)

    async def _look(self) -> bool:
        began = self._clock()
        try:
            halts = await asyncio.to_thread(self._read_halts)
        except Exception as error:  # noqa: BLE001 -- then nothing goes
            self._stumble(error)
            return False
        finally:
            self._looking = None
        self._looked_at = began
        now = self._clock()
        for name in halts.keys() & self._voices.keys():
            self._voices[name].hush(now + halts[name])
        return True

    def _read_halts(self) -> dict[str, float]:
        with self._office.database.read() as store:
            return store.paces.halts()
