"""Real servers are killed under load, a short while: `python -m bench.kill` does it for long."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from stores import Store

ROOT = Path(__file__).parent.parent
ROUNDS = 8
SECONDS = 200
# What the log may call an error where a pair of tokens was lost with the server that renewed it.
TOLD = {"zalo needs consent", "zalo needs a look", "zalo has no token that can be used"}


def _killed(*more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bench.kill", "--json", *more]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.mark.xdist_group("kill")
def test_nothing_is_lost_and_nothing_done_twice(store: Store) -> None:
    """Servers die at random moments and come back: every acknowledged turn is there, once."""
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    ran = _killed(f"--rounds={ROUNDS}", f"--store={store.name}", f"--seed={seed}")
    assert ran.stdout, ran.stderr
    last = ran.stdout.splitlines()[-1]
    assert last.startswith('{"lost": 0, "doubled": 0, '), f"{last}\n{ran.stderr}"
    found: dict[str, Any] = json.loads(last)
    assert ran.returncode == 0, f"{last}\n{ran.stderr}"
    assert found["seed"] == seed
    mine = found["stores"][store.name]
    assert mine["servers"] == (1 if store.name == "sqlite" else 2)
    assert mine["kills"] >= found["rounds"] == ROUNDS
    assert mine["fewest_between_kills"] >= 50
    assert found["acknowledged"] >= 50 * ROUNDS
    # What was not acknowledged came again, and some of what was.
    assert mine["tried"] > found["acknowledged"] * 1.15
    assert found["resent"] <= mine["in_flight_at_kills"]
    assert mine["signatures"] > 0
    assert not mine["errors_in_the_log"]


@pytest.mark.xdist_group("kill")
def test_over_zalo_nothing_is_lost_nor_doubled_while_tokens_end(store: Store) -> None:
    """The same over Zalo: tokens end meanwhile, and of a pair that is lost somebody is told."""
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    ran = _killed("--channel=zalo", "--rounds=5", f"--store={store.name}", f"--seed={seed}")
    assert ran.stdout, ran.stderr
    last = ran.stdout.splitlines()[-1]
    assert last.startswith('{"lost": 0, "doubled": 0, '), f"{last}\n{ran.stderr}"
    found: dict[str, Any] = json.loads(last)
    assert ran.returncode == 0, f"{last}\n{ran.stderr}"
    mine = found["stores"][store.name]
    assert (mine["channel"], mine["rounds"]) == ("zalo", 5)
    assert found["acknowledged"] >= 50 * 5
    assert mine["fewest_between_kills"] >= 50
    # Twice a token ends under load, the second time after the first was replaced.
    assert mine["renewed"] >= 2
    assert mine["echoes"] > 0
    # Whoever must consent was told so.
    assert {one.partition(":")[0] for one in mine["errors_in_the_log"]} <= TOLD
    assert mine["consents"] == 0 or mine["errors_in_the_log"]


@pytest.mark.xdist_group("kill")
@pytest.mark.store("sqlite", reason="one store is enough to see whether processes end")
def test_what_is_started_ends_with_the_bench(store: Store, tmp_path: Path) -> None:
    """Killed itself in the middle of a round, the bench leaves no server behind."""
    bench = subprocess.Popen(
        [sys.executable, "-m", "bench.kill", "--rounds=1000", f"--store={store.name}", "--seed=1"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        family = _family(bench.pid, at_least=3)
    finally:
        bench.send_signal(signal.SIGKILL)
        bench.wait()
    until = time.monotonic() + 20
    while left := [one for one in family if _lives(one)]:
        assert time.monotonic() < until, f"still there: {left}"
        time.sleep(0.05)


def _family(pid: int, at_least: int) -> set[int]:
    """Wait until a process has so many children and grandchildren; return them."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        parents = {one: _stat(one)[1] for one in _processes()}
        children = {one for one, parent in parents.items() if parent == pid}
        found = children | {one for one, parent in parents.items() if parent in children}
        if len(found) >= at_least:
            return found
        time.sleep(0.05)
    raise AssertionError("the bench has started no servers")


def _processes() -> list[int]:
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]


def _stat(pid: int) -> tuple[str, int]:
    """Return a process's state and its parent."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return "X", 0
    return state, int(parent)


def _lives(pid: int) -> bool:
    return _stat(pid)[0] not in ("Z", "X")


def test_nothing_is_forked_from_a_process_that_holds_something() -> None:
    """A parent with a socket or with a thread is refused: its children would share them."""
    told = (
        "import socket, threading, time\n"
        "from bench.nursery import Nursery\n"
        "held = socket.socket()\n"
        "try:\n"
        "    Nursery()\n"
        "except RuntimeError as why:\n"
        "    assert str(why) == 'a socket is open already', why\n"
        "held.close()\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "Nursery()\n"
    )
    assert "a thread runs already" in _refused(told)


def _refused(told: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode != 0
    return ran.stderr


@pytest.mark.parametrize(
    "wrong", ["--rounds=x", "--store=mysql", "--channel=fax", "--seed=", "--nonsense"]
)
def test_a_wrong_word_is_told(wrong: str) -> None:
    """A setting that cannot be is refused in one line before anything starts."""
    ran = _killed(wrong)
    assert ran.returncode == 2
    assert wrong.partition("=")[0] in ran.stderr
