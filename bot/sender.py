"""Send what lies in the outbox: claim, send with no database open, note how it ended.

Any number of senders, in any number of processes, may work on one database. The store tells the
time for all of them; what one of them waits for it measures with a clock that nobody sets.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import structlog

from bot import addresses
from bot.hear import place_of
from bot.office import Office
from bot.pile import Pile
from bot.sending import CALL_SECONDS, Mouth
from bot.steady import Steady
from bot.trips import Trip, Trips
from bot.voice import Voice
from storage.claims import Taken
from storage.database import NotWritten, TooBusy
from storage.endings import MOST_TRIES, Ending
from storage.letters import Letter
from storage.pace import AFRESH
from storage.store import Store

log = structlog.get_logger()
T = TypeVar("T")

LEASE_SECONDS = 90.0
# No call is begun so late in a lease: nobody may take a letter over while it is on its way.
_LAST_SECONDS = CALL_SECONDS + 15.0
_BATCH = 200
# How often it looks for letters that others laid out, and whether its own process did.
_POLL_SECONDS = 0.25
_TICK_SECONDS = 0.02
# A look that brings nothing may take up to a twentieth of the time: while many letters wait for an
# earlier one to the same address, each look passes all of them.
_REST = 20.0
# With this much still to go a channel's next slots are claimed.
_REFILL_SECONDS = 0.15
_TAKE_OVER_SECONDS = 5.0
# What ends within so short a time is noted together.
_LINGER_SECONDS = 0.05
_BUSY_SECONDS = 0.05
_AWAY_SECONDS = 0.25
# At the end: how long the endings may take to be written.
_FINISH_SECONDS = 10.0


async def drain(
    office: Office, mouths: Mapping[str, Mouth], *, conversation_id: int | None = None
) -> int:
    """Send what may go now, at most one batch; return how many letters ended or were put off.

    What another's lease has left is taken over by the store's clock alone. Raises NotWritten,
    TooBusy.
    """
    return await Sender(office, mouths, trusts=True).once(conversation_id)


async def run(office: Office, mouths: Mapping[str, Mouth], stop: asyncio.Event) -> None:
    """Send until told to stop, whatever becomes of the database meanwhile."""
    if mouths:
        await Sender(office, mouths).work(stop)
    else:
        await stop.wait()


class Sender:
    """One sender. *trusts*: it goes by the store's clock alone and takes over at once."""

    def __init__(
        self,
        office: Office,
        mouths: Mapping[str, Mouth],
        *,
        trusts: bool = False,
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lease = secrets.token_hex(8)
        self._office = office
        self._voices = {name: Voice(mouth) for name, mouth in mouths.items()}
        self._trusts = trusts
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._steady = Steady(lease_seconds)
        self._pile = Pile(self._note, self._stumble, 0.0 if trusts else _LINGER_SECONDS)
        self._trips = Trips(
            office, self._voices, self._pile, clock, self._stumble, looks=not trusts
        )
        self._took_over_at = float("-inf")
        # Of the last looks: a single one may be slow for many reasons.
        self._took: deque[float] = deque((0.0,), maxlen=3)
        # Channels that may well have letters to send.
        self._hungry = set(self._voices)
        self._must_mend = True
        self._is_unsure = False
        self._is_away = False

    async def once(self, conversation_id: int | None = None) -> int:
        """Send one batch until all has ended; return how many. Raises NotWritten, TooBusy."""
        letters = await self._claim(self._voices, conversation_id)
        await self._trips.end()
        if not await self._pile.empty(_FINISH_SECONDS):
            self._pile.give_up()
            raise NotWritten("endings")
        return len(letters)

    async def work(self, stop: asyncio.Event) -> None:
        """Send until *stop* is set, then end what is on its way and let go of the rest."""
        polled_at = rests_until = self._clock()
        while not stop.is_set():
            now = self._clock()
            if self._is_woken(now - polled_at):
                polled_at = now
                self._hungry |= self._voices.keys()
            ready = {name for name in self._hungry if self._voices[name].has_room(now)}
            if not ready or now < rests_until:
                await asyncio.sleep(_TICK_SECONDS)
                continue
            self._hungry -= ready
            fed = await self._feed(ready)
            self._hungry |= fed
            rests_until = now if fed else self._clock() + min(self._took) * _REST
        await self._trips.stop()
        if not await self._pile.empty(_FINISH_SECONDS):
            self._pile.give_up()
            log.error("sender stops with letters in hand", letters=len(self._in_hand()))

    def _is_woken(self, seconds: float) -> bool:
        """Whether to look for letters: our own process laid some out, or it is time to."""
        if self._office.letters_wait.is_set():
            self._office.letters_wait.clear()
            return True
        return seconds >= _POLL_SECONDS

    # --- claiming ------------------------------------------------------------------------------

    async def _feed(self, names: Collection[str]) -> set[str]:
        """Claim for these channels; return those that may well have more."""
        try:
            return {letter.channel for letter in await self._claim(names)}
        except TooBusy:
            await asyncio.sleep(_BUSY_SECONDS)
        except Exception as error:  # noqa: BLE001 -- the sender outlives the store's troubles
            # Whether the claim was kept nobody knows: what is ours and not in hand goes back.
            self._is_unsure = True
            self._stumble(error)
            await asyncio.sleep(_AWAY_SECONDS)
        return set(names)

    async def _claim(
        self, names: Collection[str], conversation_id: int | None = None
    ) -> Sequence[Letter]:
        """Claim what may go now on these channels, and let each letter set out."""
        lost = self._in_hand() if self._is_unsure else None
        taken, own = await self._write(
            lambda store: self._take(store, names, conversation_id, lost)
        )
        self._go_on()
        self._is_unsure = False
        self._must_mend = False
        for name, seconds in taken.halted.items():
            self._voices[name].hush(own + seconds)
        for letter in taken.letters:
            self._set_out(letter, own)
        for name in {letter.channel for letter in taken.letters}:
            self._voices[name].learn()
        return taken.letters

    def _take(
        self,
        store: Store,
        names: Collection[str],
        conversation_id: int | None,
        in_hand: frozenset[int] | None,
    ) -> tuple[Taken, float]:
        """Claim within a transaction; return also what our own clock showed at its beginning."""
        own = self._clock()
        jumped = self._steady.sees(store.now, own)
        if jumped:
            self._begin_afresh(own)
        self._put_right(store, own, in_hand)
        if jumped:
            return Taken([], {}), own
        voices = {name: self._voices[name] for name in names}
        taken = store.outbox.take(
            self.lease,
            self._lease_seconds,
            {name: voice.mouth.pace for name, voice in voices.items()},
            _BATCH,
            conversation_id,
            {name: voice.slack for name, voice in voices.items()},
            {name: self._office.can(name).window for name in voices},
        )
        self._took.append(self._clock() - own)
        return taken, own

    def _begin_afresh(self, own: float) -> None:
        """After the moment has jumped: first let everything pass that was given a slot before."""
        self._must_mend = True
        for voice in self._voices.values():
            if voice.has_limit:
                voice.hush(own + AFRESH)

    def _put_right(self, store: Store, own: float, in_hand: frozenset[int] | None) -> None:
        """Let go what no living sender holds, and what waits by a clock that was set back."""
        if self._must_mend:
            store.outbox.mend()
        if in_hand is not None:
            store.outbox.forget(self.lease, in_hand)
        watched = self._steady.is_sure(own)
        if (self._trusts or watched) and own - self._took_over_at >= _TAKE_OVER_SECONDS:
            store.outbox.take_over(self._lease_seconds, watched=watched)
            self._took_over_at = own

    def _set_out(self, letter: Letter, own: float) -> None:
        until = own + self._lease_seconds - min(_LAST_SECONDS, self._lease_seconds / 2)
        due = None
        if letter.send_at is not None:
            due = self._steady.own_clock_at(letter.send_at)
            until = min(until, due + letter.slack)
            self._voices[letter.channel].fill(due - _REFILL_SECONDS)
        self._trips.set_out(Trip(letter, own, due, until))

    # --- noting --------------------------------------------------------------------------------

    async def _note(self, endings: Sequence[Ending]) -> None:
        """Write how letters ended. Raises what the store raises; nothing is lost then."""
        await self._write(lambda store: addresses.settle(store, self._office, self.lease, endings))
        self._go_on()
        for one in endings:
            name = one.letter.channel
            voice = self._voices[name]
            voice.in_hand.discard(one.letter.id)
            if voice.mouth.pace.per_address_seconds <= 0:
                # The next letter to this address may go now.
                self._hungry.add(name)

    async def _write(self, work: Callable[[Store], T]) -> T:
        # Shielded: the writer's answer must find somebody, also when this task is cancelled.
        return await asyncio.shield(asyncio.wrap_future(self._office.database.submit(work)))

    def _in_hand(self) -> frozenset[int]:
        return frozenset().union(*(voice.in_hand for voice in self._voices.values()))

    def _stumble(self, error: Exception) -> None:
        """Note that the store cannot be asked: who has just come back takes over nothing."""
        self._steady.lost()
        if not self._is_away:
            self._is_away = True
            log.warning("sender waits for the database", error=place_of(error))

    def _go_on(self) -> None:
        if self._is_away:
            self._is_away = False
            log.info("sender goes on")


__all__ = ["LEASE_SECONDS", "MOST_TRIES", "Mouth", "Sender", "drain", "run"]
