"""Several processes send from one database; one of them is killed in the middle of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from chat import KEYS
from stores import Founded

from bot.speech import Reply
from storage.database import Database
from storage.store import Store

ROOT = Path(__file__).parents[2]

# A sender as a process of its own, with a lease of some seconds. Its channel keeps what it was
# given in a file, with the time, as a platform does; the way there and back takes some time.
PROCESS = """
import asyncio, os, random, sys, time
from bot.office import Office
from bot.sender import Sender
from bot.speech import Pace
from storage.database import Database
from storage.sealed import Keyring

url, path, per_second, most = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
calls = os.open(f"{path}.calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

class Mouth:
    pace = Pace(per_second, 0)
    async def send(self, address, reply):
        at = time.monotonic()
        os.write(calls, f"{os.getpid()}|1\\n".encode())
        await asyncio.sleep(random.random() * most / 2)
        os.write(file, f"{at}|{os.getpid()}|{reply.text}\\n".encode())
        await asyncio.sleep(random.random() * most / 2)
        os.write(calls, f"{os.getpid()}|-1\\n".encode())
        return "ref"

database = Database(url, Keyring({1: b"0123456789abcdef0123456789abcdef"}))
print("ready", flush=True)
office = Office(database, None, "https://ketdoan.example", {})
asyncio.run(Sender(office, {"paper": Mouth()}, lease_seconds=3.0).work(asyncio.Event()))
"""

Start = Callable[[float, float], subprocess.Popen[bytes]]


class Platform:
    """What arrived, and the processes that sent it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.path = folder / "arrived"
        self.path.touch()
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, per_second: float = 0, most: float = 0.2) -> subprocess.Popen[bytes]:
        """Start another sender."""
        words = [self.url, str(self.path), str(per_second), str(most)]
        one = subprocess.Popen(
            [sys.executable, "-c", PROCESS, *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.running.append(one)
        assert one.stdout
        assert one.stdout.readline() == b"ready\n"
        return one

    def arrived(self) -> list[tuple[float, int, str]]:
        """Return time, process and text of what arrived, in the order of its arrival."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        parts = [line.split("|") for line in lines]
        return [(float(at), int(process), text) for at, process, text in parts]

    def wait_for(self, number: int, seconds: float = 60) -> None:
        """Wait until so many have arrived."""
        self._until(lambda: len(self.arrived()) >= number, seconds)

    def kill_one_with_letters_on_their_way(self) -> None:
        """Kill a process in the middle of several calls."""
        self._until(lambda: self._busiest()[1] >= 5, 60)
        os.kill(self._busiest()[0], signal.SIGKILL)

    def _busiest(self) -> tuple[int, int]:
        """Return the process with the most calls under way, and how many."""
        calls: Counter[int] = Counter()
        for line in Path(f"{self.path}.calls").read_text(encoding="utf-8").splitlines():
            process, _, change = line.partition("|")
            calls[int(process)] += int(change)
        return calls.most_common(1)[0] if calls else (0, 0)

    def wait_until_all_ended(self, database: Database, seconds: float = 60) -> None:
        """Wait until no letter waits or is in hand."""
        self._until(lambda: not {"waiting", "claimed"} & set(counts(database)), seconds)

    def _until(self, what: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < until, f"{len(self.arrived())} arrived"
            assert any(one.poll() is None for one in self.running), "nobody sends any more"
            time.sleep(0.02)

    def stop(self) -> None:
        """Kill what still runs."""
        for one in self.running:
            one.kill()
            one.communicate()


@pytest.fixture
def database(founded: Founded, tmp_path: Path):
    """A database whose time goes on."""
    opened = Database(founded.fresh(tmp_path), KEYS)
    yield opened
    opened.close()


@pytest.fixture
def platform(database: Database, tmp_path: Path):
    """A platform, and nobody who sends yet."""
    made = Platform(database.url, tmp_path)
    yield made
    made.stop()


def lay(database: Database, addresses: int, each: int, **how: str) -> None:
    """Lay letters out: the first of each address, the second of each, and so on."""

    def work(store: Store) -> None:
        for number in range(each):
            for place in range(addresses):
                known = store.conversations.locked("paper", f"a{place}", "vi")
                store.outbox.post(
                    key=f"a{place}:{number}",
                    conversation_id=known.id,
                    channel="paper",
                    reply=Reply(f"a{place}:{number}").to_json(),
                    **how,  # type: ignore[arg-type]
                )

    database.write(work)


def counts(database: Database) -> dict[str, int]:
    """Return how many letters stand in each state."""
    with database.read() as store:
        return store.outbox.counts()


def in_order(platform: Platform) -> bool:
    """Whether each address got its letters in the order of writing, doubles aside."""
    got: dict[str, list[int]] = defaultdict(list)
    for _, _, text in platform.arrived():
        address, _, number = text.partition(":")
        if int(number) not in got[address]:
            got[address].append(int(number))
    return all(numbers == sorted(numbers) for numbers in got.values())


@pytest.mark.parametrize("if_unsure", ["hold", "resend"])
def test_a_sender_that_is_killed_doubles_and_loses_what_it_said_it_would(
    database: Database, platform: Platform, if_unsure: str
) -> None:
    """`hold`: nothing twice, what may be missing is shown. `resend`: all arrive, in order."""
    lay(database, addresses=40, each=12, if_unsure=if_unsure)
    for _ in range(2):
        platform.start()
    platform.wait_for(100)
    platform.kill_one_with_letters_on_their_way()
    platform.wait_until_all_ended(database)
    texts = Counter(text for _, _, text in platform.arrived())
    found = counts(database)
    assert in_order(platform)
    if if_unsure == "hold":
        assert max(texts.values()) == 1
        assert found["held"] > 0, "nothing was on its way"
        assert len(texts) + found.get("held", 0) >= 480
        assert found["sent"] + found.get("held", 0) == 480
    else:
        assert len(texts) == found["sent"] == 480
        assert texts.total() - 480 <= 40, "more went twice than one sender had in hand"


def test_two_processes_share_the_work_and_one_limit(
    database: Database, platform: Platform
) -> None:
    """Each sends some of it, nothing goes twice, and no second is fuller than the limit."""
    for _ in range(2):
        platform.start(per_second=30, most=0.05)
    lay(database, addresses=120, each=1)
    platform.wait_until_all_ended(database)
    texts = Counter(text for _, _, text in platform.arrived())
    assert len(texts) == texts.total() == 120
    times = sorted(at for at, _, _ in platform.arrived())
    fullest = max(bisect_left(times, at + 1.0) - number for number, at in enumerate(times))
    # The time stands in the file a little after the letter has gone.
    assert fullest <= 31
    assert {process for _, process, _ in platform.arrived()} == {
        one.pid for one in platform.running
    }
