"""Tokens that end while eight processes speak with them: one renewal each time, no pair lost."""

import asyncio
import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

import aiohttp
import pytest
from keeping import Desk
from processes import side_by_side

from bot.office import Office
from bot.speech import Unreachable
from channels.zalo import NeedsConsent
from channels.zalo_tokens import Keeper
from storage import ids
from storage.database import Database

PROCESSES = 8
AT_ONCE = 4
PATIENCE = 30.0


async def speak(keeper: Keeper, line: aiohttp.ClientSession, url: str) -> None:
    """Make a call as a line does: with a token, and once more with another where it is refused."""
    token = await keeper.access()
    if not await takes(line, url, token):
        await keeper.refused(token)
        assert await takes(line, url, await keeper.access()), "a token that is not taken"


async def takes(line: aiohttp.ClientSession, url: str, token: str) -> bool:
    async with line.post(f"{url}/use", json={}, headers={"access_token": token}) as answer:
        return (await answer.json(content_type=None))["error"] == 0


# --- storms ---------------------------------------------------------------------------------------


def stormed(desk: Desk, storms: int, seed: int) -> None:
    """Let tokens end *storms* times under eight processes that all speak at once."""

    def works(number: int) -> Callable[[Office, Callable[[], None]], None]:
        def work(office: Office, meet: Callable[[], None]) -> None:
            # A child shares no clock that is moved by hand: it goes by its own.
            chance = random.Random(seed * 100 + number)
            own = Desk(desk.server, office.database, desk.clock)
            with asyncio.Runner() as runner:
                keeper = own.keeper(clock=time.monotonic)
                line = runner.run(opened())
                for _ in range(storms):
                    meet()
                    if number == 0:
                        desk.server.expire()
                    meet()
                    if chance.random() < 0.2:
                        # One that was just started knows nothing of the pair.
                        keeper = own.keeper(clock=time.monotonic)
                    runner.run(all_at_once(keeper, line, desk.server.url))
                runner.run(line.close())
                runner.run(keeper.close())

        return work

    # The number of storms that went through is that of the renewals: no more, no less.
    office = Office(desk.database, None, "", {})  # type: ignore[arg-type]
    side_by_side(office, desk.clock.now, *map(works, range(PROCESSES)))
    state = desk.server.state()
    assert state["renewed"] == state["calls"] == storms
    assert state["denied"] == 0
    assert desk.is_whole()
    held = desk.held()
    assert (held.version, held.trouble, held.unsure, held.lease) == (storms + 1, "", 0, None)


async def opened() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


async def all_at_once(keeper: Keeper, line: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(speak(keeper, line, url) for _ in range(AT_ONCE)))


def test_tokens_that_end_under_eight_processes_are_renewed_once_each(desk):
    """A dozen times: every call goes through, one renewal each, the pair is the newest."""
    stormed(desk, 12, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_thousand_storms(desk):
    """The same a thousand times."""
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    begun = time.monotonic()
    stormed(desk, 1000, seed)
    print(f"1000 storms in {time.monotonic() - begun:.0f} s")


# --- storms with deaths ---------------------------------------------------------------------------

LEASE, CALL = 1.5, 0.8


def refresher(desk: Desk, seed: int) -> int:
    """Begin a process that speaks all the time, whatever happens; return its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        ids.after_fork()
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        own = Desk(desk.server, Database(desk.database.url, desk.database.keys), desk.clock)
        asyncio.run(chattering(own, random.Random(seed)))
    except BaseException:
        traceback.print_exc()
    os._exit(1)


async def chattering(own: Desk, chance: random.Random) -> None:
    keeper = own.keeper(clock=time.monotonic, lease_seconds=LEASE, oauth=own.oauth(seconds=CALL))
    async with aiohttp.ClientSession() as line:
        while True:
            with suppress(NeedsConsent, Unreachable, AssertionError):
                await speak(keeper, line, own.server.url)
            await asyncio.sleep(chance.uniform(0, 0.02))


def murdered(desk: Desk, rounds: int, seed: int) -> dict[str, int]:
    """Kill refreshers in the middle of renewals; return how often it ended well and with an alarm."""
    chance = random.Random(seed)
    ends = {"usable": 0, "alarm": 0, "kills": 0}
    running = [refresher(desk, chance.getrandbits(32)) for _ in range(PROCESSES)]
    try:
        for _ in range(rounds):
            before = desk.server.state()["calls"]
            slow = chance.choice((0.0, 0.0, 0.05, 0.2))
            desk.server.faults(
                {"kind": "slow", "seconds": slow}, {"kind": "slow", "seconds": slow}
            )
            desk.server.expire()
            wait_for(lambda before=before: desk.server.state()["calls"] > before, 15)
            time.sleep(chance.uniform(0, slow + 0.02))
            # All of them: nobody knows from outside who it is that renews.
            for number, pid in enumerate(running):
                kill(pid, signal.SIGKILL)
                ends["kills"] += 1
                running[number] = refresher(desk, chance.getrandbits(32))
            ends[settled(desk)] += 1
    finally:
        for pid in running:
            kill(pid, signal.SIGTERM)
    return ends


def settled(desk: Desk) -> str:
    """Wait until there is a usable pair or an alarm; after an alarm let a person consent."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        held = desk.held()
        if held.trouble:
            assert held.trouble == "zalo -14014"
            desk.server.consent()
            desk.store_pair()
            return "alarm"
        if held.lease is None and held.unsure == 0 and desk.server.takes(held.access):
            assert desk.is_whole()
            return "usable"
        time.sleep(0.02)
    raise AssertionError(f"neither a pair nor an alarm: {desk.held()}")


def wait_for(is_so: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.001)


def kill(pid: int, how: signal.Signals) -> None:
    os.kill(pid, how)
    os.waitpid(pid, 0)


@pytest.fixture
def at_large(server, founded, tmp_path) -> Desk:
    """A desk whose store goes by the real clock, as processes that are killed do."""
    from chat import KEYS, Clock

    database = Database(founded.fresh(tmp_path), KEYS)
    made = Desk(server, database, Clock())
    made.store_pair()
    yield made
    database.close()


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_killed_in_the_middle_of_a_hundred_renewals(at_large):
    """All eight are killed (SIGKILL) while one renews: a pair that can be used, or an alarm."""
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    ends = murdered(at_large, 100, seed)
    print(ends)
    assert ends["usable"] >= 3
    assert ends["alarm"] >= 3
