"""How many whole turns a second, against the least that a durable store can do.

The baseline is one row written and committed (synchronous=FULL) by the same number of threads
through the same writer: what a turn adds to it is the talk, the sealing and the words.

    python -m bench.turns [--seconds 3] [--threads 16] [--json]
"""

import argparse
import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bot.hear import hear
from bot.office import Office
from bot.speech import Abilities, Heard
from bot.words import Words
from storage.bodies import TRIAGE
from storage.database import Database
from storage.law import read_holidays, read_rules
from storage.migrate import upgrade
from storage.sealed import Keyring
from storage.store import Store

ROOT = Path(__file__).parent.parent


def office(folder: str) -> tuple[Office, str]:
    """Found a small installation; return it and a poster's token."""
    url = f"sqlite:///{folder}/bench.db"
    upgrade(url)
    database = Database(url, Keyring({1: b"k" * 32}))

    def found(store: Store) -> str:
        store.law.enact(read_rules(ROOT / "law"))
        store.law.proclaim(read_holidays(ROOT / "law", range(2025, 2029)))
        row_id = store.bodies.keep("LD")
        store.bodies.describe(
            row_id,
            name="Liên đoàn Lao động tỉnh Mẫu",
            level="province",
            parent_id=None,
            valid_from=store.today.replace(year=2025),
            source="bench",
        )
        store.settings.put(TRIAGE, "LD")
        place = store.enterprises.keep("DN", {"name": "Công ty May Ví Dụ"})
        return store.posters.make(enterprise_id=place).token

    token = database.write(found)
    words = Words.load(ROOT / "locales")
    able = {"paper": Abilities(pushes=True, asks_identity=True)}
    return Office(database, words, "https://ketdoan.example", able), token


def rate(work: Callable[[int], object], threads: int, seconds: float) -> float:
    """Return how often *threads* threads finish *work* in a second."""
    numbers = itertools.count()
    done = itertools.count()
    until = time.perf_counter() + seconds

    def run() -> None:
        while time.perf_counter() < until:
            work(next(numbers))
            next(done)

    running = [threading.Thread(target=run) for _ in range(threads)]
    began = time.perf_counter()
    for one in running:
        one.start()
    for one in running:
        one.join()
    return next(done) / (time.perf_counter() - began)


def main() -> None:
    """Measure both, interleaved, three rounds; print the medians and their ratio."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seconds", type=float, default=3.0)
    asked.add_argument("--threads", type=int, default=16)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made, token = office(folder)

        def turn(number: int) -> object:
            return hear(
                Heard("paper", f"a{number % 500}", f"e{number}-{time.time_ns()}", scan=token),
                made,
            )

        def row(number: int) -> object:
            return made.database.write(lambda store: store.settings.put(f"b{number}", "x"))

        rounds = [
            (rate(row, given.threads, given.seconds), rate(turn, given.threads, given.seconds))
            for _ in range(3)
        ]
        made.database.close()
    rows, turns = (sorted(column)[1] for column in zip(*rounds, strict=True))
    result = {
        "turns_per_second": round(turns),
        "baseline_rows_per_second": round(rows),
        "baseline": "one durable row through the same writer",
        "ratio": round(turns / rows, 3),
    }
    if given.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stdout.write(
            f"{result['turns_per_second']} turns/s against {result['baseline_rows_per_second']} "
            f"durable rows/s: ratio {result['ratio']}\n"
        )


if __name__ == "__main__":
    main()
