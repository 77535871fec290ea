"""The keeper of the tokens by which we speak for an Official Account: one pair, renewed by one.

A refresh token works once and comes back new: whoever loses the answer has lost the account until
a person consents again. Any number of processes share one pair in the store. To renew it

1. the lease in its row is taken, and in the same transaction it is written that a renewal with
   this token has begun; whoever finds a newer pair there uses that one instead;
2. Zalo is called, with no transaction open;
3. the new pair is stored, by the version of the pair that it came from, and only then used. While
   the store can not be written it is tried again and again: nothing else holds the pair.

No clock ends a lease. A process takes it over that has itself seen the same lease for longer than
any call lasts, by its own steady clock. What is known to have changed nothing is put off; a call
whose end nobody knows is made once more with the same token, and then rarely, with an alarm.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import structlog

from bot.speech import TooFast, Unreachable
from channels.zalo import NeedsConsent
from channels.zalo_oauth import CALL_SECONDS, Denied, Granted, Lost
from channels.zalo_pair import Begun, Kept, Renewing, Vault

log = structlog.get_logger()

# A pair is renewed at this age, or with less than this left, in seconds.
RENEW_AGE = 20 * 3600.0
LEAST_LEFT = 5 * 3600.0
# Longer than a call to Zalo lasts, with what is written before and after it.
LEASE_SECONDS = CALL_SECONDS + 25.0
# A pair that was renewed and is refused so soon is not renewed again for that.
FRESH_SECONDS = 300.0
# After a call whose end nobody knows: once more soon, and then rarely.
ONCE_MORE_SECONDS = 5.0
RARELY_SECONDS = 15 * 60.0
MOST_RARELY_SECONDS = 6 * 3600.0
# After a call that certainly changed nothing.
FIRST_WAIT = 2.0
LONGEST_WAIT = 300.0
# How old what is known of the store may be, and how often the pair is looked at without a letter.
LOOK_SECONDS = 5.0
TEND_SECONDS = 60.0

# While another renews, its end is looked for so often: soon at first.
_POLL_SECONDS = (0.02, 0.25)
# So often it is looked whether the one whose lease was taken over was not gone.
_GRACE_LOOKS = 8
# A pair from the future: the clock was set back, nobody knows how old it is.
_MOST_FUTURE = 600.0
_STORE_FIRST_WAIT, _STORE_LONGEST_WAIT = 0.1, 5.0
# The same trouble is told by one process once in so long a time.
_TOLD_SECONDS = 3600.0


class Keeper:
    """Hands out a token that can be used, and has the pair renewed in time.

    This is `channels.zalo.Tokens`. *first* (access, refresh, life in seconds) is used only while
    the store holds none. *clock* is steady. One for each process.
    """

    def __init__(
        self,
        vault: Vault,
        oauth: Renewing,
        first: tuple[str, str, float] | None = None,
        *,
        lease_seconds: float = LEASE_SECONDS,
        fresh_seconds: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vault = vault
        self._oauth = oauth
        self._first = first
        self._lease_seconds = lease_seconds
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._name = _fresh_name()
        self._kept: Kept | None = None
        self._looked_at = 0.0
        # The token that was refused last; another's lease, and since when it has been seen.
        self._dead = ""
        self._watched: tuple[str | None, float] = (None, 0.0)
        self._renewing: asyncio.Task[Kept] | None = None
        self._tending: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._told: dict[str, float] = {}

    async def access(self) -> str:
        """Return a token that can be used. Raises NeedsConsent, Unreachable."""
        kept = await self._known()
        waits = kept.lease is None and kept.rest > self._since_look()
        if self._is_due(kept) and not kept.trouble and not waits:
            try:
                kept = await self._renewed(kept)
            except Unreachable as error:
                self._tell("warning", "zalo renewal waits", str(error))
                kept = self._kept or kept
        return self._handed_out(kept)

    async def refused(self, token: str) -> None:
        """Hear that *token* was answered with -216 or -220. Raises NeedsConsent, Unreachable."""
        kept = await self._looked_again()
        if kept.access != token:
            return
        if kept.trouble:
            self._needs_consent(kept.trouble)
        if kept.source == "refresh" and 0 <= kept.age < self._fresh_seconds:
            # It is no end of its life, and a new one would be refused as well.
            self._tell("error", "zalo refuses a fresh token", "")
            raise Unreachable("a fresh token is refused")
        self._dead = token
        kept = await self._renewed(kept)
        if not self._is_usable(kept):
            self._handed_out(kept)

    def start(self) -> None:
        """Begin to renew the pair in time, whether or not letters go out, until `close`."""
        self._tending = asyncio.create_task(self._tend(), name="tend zalo tokens")

    async def _tend(self) -> None:
        while not self._stop.is_set():
            try:
                await self.access()
            except (NeedsConsent, Unreachable):
                # Told already, where anybody can do anything about it.
                pass
            except Exception as error:  # noqa: BLE001 -- the next minute comes whatever happened
                self._tell("error", "zalo tokens broke", type(error).__name__)
            pause = random.uniform(TEND_SECONDS / 2, TEND_SECONDS)  # noqa: S311 -- no secret
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)

    async def close(self) -> None:
        """Let the renewal that is under way end: its answer may be the only copy of the pair."""
        self._stop.set()
        renewing = self._renewing
        if renewing is not None and not renewing.done():
            await asyncio.wait({renewing}, timeout=self._lease_seconds)
            if not renewing.done():
                log.error("zalo stops in the middle of a renewal")
                renewing.cancel()
        if self._tending is not None:
            await asyncio.wait({self._tending})

    # --- what is held ------------------------------------------------------------------------

    async def _known(self) -> Kept:
        """Return what was seen a short while ago, or longer where the store is away."""
        if self._kept is not None and self._since_look() < LOOK_SECONDS:
            return self._kept
        try:
            return await self._look()
        except (NeedsConsent, Unreachable):
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a store has to say
            self._tell("warning", "zalo tokens without the store", type(error).__name__)
            if self._kept is None:
                raise Unreachable("no store") from None
            return self._kept

    async def _looked_again(self) -> Kept:
        try:
            return await self._look()
        except (NeedsConsent, Unreachable):
            raise
        except Exception as error:  # noqa: BLE001
            self._tell("warning", "zalo tokens without the store", type(error).__name__)
            raise Unreachable("no store") from None

    async def _look(self) -> Kept:
        kept = await self._vault.look()
        if kept is None and self._first is not None:
            kept = await self._vault.first(*self._first)
        if kept is None:
            self._needs_consent("there is no pair yet")
        return self._saw(kept)

    def _saw(self, kept: Kept) -> Kept:
        self._kept, self._looked_at = kept, self._clock()
        if kept.lease != self._watched[0]:
            self._watched = (kept.lease, self._looked_at)
        return kept

    def _since_look(self) -> float:
        return self._clock() - self._looked_at

    def _is_usable(self, kept: Kept) -> bool:
        left = kept.life - max(0.0, kept.age) - self._since_look()
        return bool(kept.access) and kept.access != self._dead and left > 0

    def _is_due(self, kept: Kept) -> bool:
        if not self._is_usable(kept):
            return True
        is_old = kept.age + self._since_look() >= due_age(kept.life)
        return kept.is_renewable and (is_old or kept.age < -_MOST_FUTURE)

    def _handed_out(self, kept: Kept) -> str:
        if kept.trouble:
            self._needs_consent(kept.trouble)
        if kept.unsure > 1:
            self._tell("error", "zalo needs a look", "a renewal was lost")
        if self._is_usable(kept):
            return kept.access
        if kept.unsure > 1:
            self._needs_consent("a renewal was lost")
        self._tell("error", "zalo has no token that can be used", "")
        raise Unreachable("no token that can be used")

    # --- renewing ----------------------------------------------------------------------------

    async def _renewed(self, seen: Kept) -> Kept:
        """Return a pair newer than *seen*. Raises NeedsConsent, Unreachable.

        All who ask here share one renewal, and none of them can end it: a caller's own limit must
        not cut off a call that may have used the token up.
        """
        while True:
            if self._renewing is None or self._renewing.done():
                task = asyncio.create_task(self._renew(seen.version), name="zalo tokens")
                # Whoever asked may be gone when it fails.
                task.add_done_callback(lambda done: done.cancelled() or done.exception())
                self._renewing = task
            kept = await asyncio.shield(self._renewing)
            if kept.version > seen.version:
                return kept

    async def _renew(self, version: int) -> Kept:
        try:
            return await self._renew_now(version)
        except (NeedsConsent, Unreachable):
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a store has to say
            self._tell("error", "zalo renewal broke", type(error).__name__)
            raise Unreachable("no store") from None

    async def _renew_now(self, version: int) -> Kept:
        pause, longest = _POLL_SECONDS
        while True:
            kept = await self._look()
            if kept.version > version:
                return kept
            if kept.trouble:
                self._needs_consent(kept.trouble)
            if self._stop.is_set():
                raise Unreachable("closing")
            if self._may_take(kept):
                if kept.rest > 0:
                    raise Unreachable("a renewal waits")
                begun_at = self._clock()
                begun = await self._take(kept)
                if begun is not None:
                    took_over = kept.lease not in (None, self._name)
                    return await self._carry_out(begun, begun_at, took_over=took_over)
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311
            pause = min(pause * 1.5, longest)

    def _may_take(self, kept: Kept) -> bool:
        if kept.lease in (None, self._name):
            return True
        return self._clock() - self._watched[1] >= self._lease_seconds

    async def _take(self, kept: Kept) -> Begun | None:
        rest = wait_after_lost(kept.unsure + 1)
        seen = (kept.version, kept.unsure)
        return await self._vault.take(seen, self._name, kept.lease, rest)

    async def _carry_out(self, begun: Begun, begun_at: float, *, took_over: bool) -> Kept:
        """Call Zalo and write down how that ended. Raises NeedsConsent, Unreachable."""
        # The next renewal is another one: this name says that a call was made under it.
        lease, self._name = self._name, _fresh_name()
        if self._clock() - begun_at > self._lease_seconds - self._oauth.seconds:
            # It stood still for so long that another may have taken over.
            self._saw(await self._vault.let_go(begun.version, lease, 0.0))
            raise Unreachable("too late to begin")
        try:
            granted = await self._oauth.refresh(begun.refresh)
        except Denied as refusal:
            if took_over and (newer := await self._brought_by_another(begun)):
                return newer
            return await self._refused_for_good(begun, lease, refusal)
        except TooFast as told:
            self._saw(await self._vault.let_go(begun.version, lease, told.seconds))
            raise Unreachable("zalo wants to be left alone") from None
        except Unreachable:
            wait = wait_after(begun.failed)
            self._saw(await self._vault.let_go(begun.version, lease, wait))
            raise
        except Exception as error:  # noqa: BLE001 -- also what a line did not foresee
            answer = error.answer if isinstance(error, Lost) else ""
            wait = wait_after_lost(begun.unsure)
            self._saw(await self._vault.lose(begun.version, lease, answer, wait))
            self._tell("warning", "zalo renewal lost", type(error).__name__)
            raise Unreachable("nobody knows how the renewal ended") from None
        kept = self._saw(await self._stored(begun.version, granted))
        log.info("zalo pair renewed", version=kept.version)
        return kept

    async def _stored(self, version: int, granted: Granted) -> Kept:
        """Store a new pair, however long that takes: there is no other copy of it."""
        wait = _STORE_FIRST_WAIT
        while True:
            try:
                return await self._vault.keep(version, granted)
            except Exception as error:  # noqa: BLE001
                self._tell("error", "zalo pair not stored yet", type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _STORE_LONGEST_WAIT)

    async def _brought_by_another(self, begun: Begun) -> Kept | None:
        """Return a newer pair: who was thought gone may just have used this token up."""
        for _ in range(_GRACE_LOOKS):
            kept = await self._look()
            if kept.version > begun.version:
                return kept
            await asyncio.sleep(_POLL_SECONDS[1])
        return None

    async def _refused_for_good(self, begun: Begun, lease: str, refusal: Denied) -> Kept:
        why = f"zalo {refusal.code}"
        kept = self._saw(await self._vault.refuse(begun.version, lease, why, refusal.answer))
        if kept.trouble:
            self._needs_consent(kept.trouble)
        if kept.version == begun.version:
            # Another holds the lease now; what becomes of the pair is his to say.
            raise Unreachable("another renews")
        return kept

    # --- telling -----------------------------------------------------------------------------

    def _needs_consent(self, why: str) -> NoReturn:
        self._tell("error", "zalo needs consent", why)
        raise NeedsConsent(why)

    def _tell(self, level: str, event: str, why: str) -> None:
        """Write a line, but the same no more than once an hour."""
        now = self._clock()
        if now - self._told.get(f"{event} {why}", float("-inf")) >= _TOLD_SECONDS:
            self._told[f"{event} {why}"] = now
            getattr(log, level)(event, why=why)


def due_age(life: float) -> float:
    """Return at what age a pair that is good for *life* seconds is renewed."""
    return min(RENEW_AGE, life - LEAST_LEFT) if life >= 2 * LEAST_LEFT else life / 2


def wait_after_lost(unsure: int) -> float:
    """Return how long to wait after so many calls with one token whose end nobody knows."""
    if unsure < 2:
        return ONCE_MORE_SECONDS
    return float(min(RARELY_SECONDS * 2 ** min(unsure - 2, 10), MOST_RARELY_SECONDS))


def wait_after(failed: int) -> float:
    """Return how long to wait after so many calls before this one that changed nothing."""
    return float(min(FIRST_WAIT * 2 ** min(failed, 10), LONGEST_WAIT))


def _fresh_name() -> str:
    return secrets.token_hex(8)
