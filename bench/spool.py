"""How many of Zalo's events a second the door takes through the spool, beside the store itself.

The baseline, in the same rounds and in turn with it, is the same door answering after the commit.
For the spool somebody else holds the lock under which the file is written, as long as a round
lasts; then it is let go, and it is measured how fast what waits is heard. What was acknowledged is
counted against what was heard. Each event is of a person who was never here before.

    python -m bench.spool [--rounds 3] [--seconds 4] [--json]
"""

import argparse
import hashlib
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from bench.places import free_port, fsyncs
from bench.stage import prepare
from bench.turns import KEY, Running, environment, knock, run
from storage.sealed import Keyring
from storage.spool import Spool

APP, OA, SECRET = "1122334455667788990", "3579246801357924680", "oa-secret-of-the-bench"
RATE = 8000
_LONGEST = 120.0


class Bench:
    """One program serving one file, and people who write to its account."""

    def __init__(self, folder: Path, server: Running) -> None:
        self.path = folder / "bench.db"
        self.server = server
        self.spool = Spool(folder / "spool", Keyring({1: KEY}), 0)
        self.acknowledged = 0
        self._numbers = count(1)

    def events(self, most: int) -> list[str]:
        """Return so many events as they go over the wire, each of somebody else."""
        return [_event(next(self._numbers)) for _ in range(most)]

    def measure(self, seconds: float) -> dict[str, Any]:
        """Let people write for some seconds; return the figures."""
        before = self.server.cpu()
        found = knock([self.server.port], self.events(int(RATE * seconds)), seconds)
        self.acknowledged += found["answered"]
        spent = self.server.cpu() - before
        found["server_cpu_us"] = 1e6 * spent / max(1, found["answered"])
        return found

    def through_the_spool(self, seconds: float) -> dict[str, Any]:
        """Measure while the file can not be written, and how fast it is heard afterwards."""
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=60)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            # The first waits until the door has lost its patience with the store.
            self.acknowledged += knock([self.server.port], self.events(1), 5)["answered"]
            found = self.measure(seconds)
            holder.execute("ROLLBACK")
        began = time.perf_counter()
        while not self.spool.is_empty():
            if time.perf_counter() - began > _LONGEST:
                raise SystemExit("what waits in the spool is not heard")
            time.sleep(0.02)
        found["fed_per_second"] = found["answered"] / (time.perf_counter() - began)
        return found

    def heard(self) -> int:
        """Return how many events were heard."""
        with closing(sqlite3.connect(self.path, timeout=60)) as reader:
            told = reader.execute("SELECT count(*) FROM inbox WHERE channel = 'zalo'").fetchone()
        return int(told[0])


def _event(number: int) -> str:
    at = str(int(time.time() * 1000))
    body = json.dumps(
        {
            "app_id": APP,
            "event_name": "user_send_text",
            "timestamp": at,
            "sender": {"id": str(10**18 + number)},
            "recipient": {"id": OA},
            "message": {"text": "menu", "msg_id": f"{number:020x}"},
        }
    )
    mark = hashlib.sha256(f"{APP}{body}{at}{SECRET}".encode()).hexdigest()
    return (
        "POST /zalo HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"x-zevent-signature: mac={mark}\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    )


@contextmanager
def bench() -> Iterator[Bench]:
    """Serve a small town with an account of Zalo's that nobody answers for."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = f"sqlite:///{folder}/bench.db"
        prepare(url, Keyring({1: KEY}), taps=0, forms=0, places=3)
        port = free_port()
        settings = environment(folder, url, port, "http://127.0.0.1:9", inside=False)
        settings = {name: one for name, one in settings.items() if "TELEGRAM" not in name}
        settings |= {
            "KETDOAN_ZALO_APP_ID": APP,
            "KETDOAN_ZALO_APP_SECRET": "app-secret-of-the-bench",
            "KETDOAN_ZALO_OA_ID": OA,
            "KETDOAN_ZALO_OA_SECRET": SECRET,
            "KETDOAN_ZALO_ACCESS_TOKEN": "AT",
            "KETDOAN_ZALO_API_URL": "http://127.0.0.1:9",
            "KETDOAN_ZALO_OAUTH_URL": "http://127.0.0.1:9",
        }
        server = stack.enter_context(run(["-m", "webhook", "serve"], settings, port))
        yield Bench(folder, server)


def measure(rounds: int, seconds: float) -> dict[str, Any]:
    """Measure store and spool in turn; return the medians and their ratio."""
    with bench() as one:
        one.measure(1)
        store, spool = [], []
        for _ in range(rounds):
            store.append(one.measure(seconds))
            spool.append(one.through_the_spool(seconds))
        heard = one.heard()
        figures: dict[str, Any] = {"store": _median(store), "spool": _median(spool)}
        ratio = figures["spool"]["per_second"] / figures["store"]["per_second"]
        figures |= {
            "spool_to_store": round(ratio, 2),
            "fed_per_second": round(statistics.median(each["fed_per_second"] for each in spool)),
            "acknowledged": one.acknowledged,
            "heard_equals_acknowledged": heard == one.acknowledged,
            "fsyncs_per_second": fsyncs(one.path.parent),
        }
        return figures


def _median(listed: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("per_second", "p50_ms", "p99_ms", "server_cpu_us")
    middle: dict[str, Any] = {
        name: round(statistics.median(one[name] for one in listed), 1) for name in names
    }
    middle["other"] = [one["other"] for one in listed if one["other"]]
    return middle


def main() -> None:
    """Measure and print; ends with 1 where something was lost or refused."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=4)
    asked.add_argument("--json", action="store_true")
    chosen = asked.parse_args()
    figures = measure(chosen.rounds, chosen.seconds)
    if chosen.json:
        print(json.dumps(figures))
    else:
        for name in ("store", "spool"):
            one = figures[name]
            told = "the store (baseline)" if name == "store" else "the spool"
            print(
                f"door, 200 through {told}: {one['per_second']:.0f} events/s, p50 "
                f"{one['p50_ms']} ms, p99 {one['p99_ms']} ms"
            )
        print(f"spool/store {figures['spool_to_store']}, fed {figures['fed_per_second']}/s")
        print(f"heard = acknowledged: {figures['heard_equals_acknowledged']}")
    is_well = figures["heard_equals_acknowledged"] and not figures["spool"]["other"]
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
