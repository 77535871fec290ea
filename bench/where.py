"""Where the time of a turn goes: a profile of the writer, by part of the program.

The same two turns as in `bench.turns`, without HTTP, against SQLite. Each figure is microseconds
of processor time a turn, as the profiler sees them: it makes every call dearer, so the shares are
what counts; the plain cost stands beside them.

    python -m bench.where [--turns 1000] [--json]
"""

import argparse
import cProfile
import json
import pstats
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from bench.stage import CHANNEL, ROOT, Ready, prepare
from bot.admission import Visit
from bot.hear import submit, submit_page
from bot.office import Office
from bot.speech import Abilities, Form, Heard
from bot.turn import Prepared
from bot.words import Words
from storage.database import Database
from storage.sealed import Keyring
from storage.store import Store

T = TypeVar("T")
KEYS = Keyring({1: b"bench-key-bench-key-bench-key-32"})
_ROOMS = ("union", "storage", "bot")
_SEALING = ("cryptography", "hmac", "hashlib", "sealed.py", "HMAC", "AESGCM", "_hashlib")
_AT_ONCE = 48


class _Watched(Database):
    """A store whose writer can be watched at work."""

    profile: cProfile.Profile | None = None

    def submit(self, work: Callable[[Store], T]) -> "Future[T]":
        """Queue *work*, under the profiler's eyes where there is one."""
        profile = self.profile
        if profile is None:
            return super().submit(work)
        return super().submit(lambda store: profile.runcall(work, store))


def main() -> None:
    """Profile, and print the figures."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--turns", type=int, default=1000)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        result = _look(f"sqlite:///{folder}/bench.db", given.turns)
    print(json.dumps(result) if given.json else json.dumps(result, indent=1))


def _look(url: str, turns: int) -> dict[str, Any]:
    ready = prepare(url, KEYS, taps=3 * turns, forms=3 * turns, places=20)
    database = _Watched(url, KEYS)
    abroad = {CHANNEL: Abilities(pushes=True, asks_identity=False)}
    office = Office(database, Words.load(ROOT / "locales"), "http://127.0.0.1", abroad)
    acts = {"tap": _taps(office, ready), "form": _forms(office, ready)}
    try:
        return {act: _of(database, made, turns) for act, made in acts.items()}
    finally:
        database.close()


def _taps(office: Office, ready: Ready) -> list[Callable[[], "Future[Any]"]]:
    def one(number: int, chat: int, choice: str) -> Callable[[], "Future[Any]"]:
        heard = Heard(CHANNEL, str(chat), f"where:{number}", choice=choice)
        return lambda: submit(heard, office, Prepared())

    return [one(number, *tap) for number, tap in enumerate(ready.taps)]


def _forms(office: Office, ready: Ready) -> list[Callable[[], "Future[Any]"]]:
    def one(number: int, token: str, fields: dict[str, str]) -> Callable[[], "Future[Any]"]:
        form = Form(fields["form"], {**fields, "token": token})
        visit = Visit(form, f"where:form:{number}", "", lambda _: True)
        return lambda: submit_page(visit, office)[1]

    return [one(number, *filled) for number, filled in enumerate(ready.forms)]


def _of(database: Database, acts: list[Callable[[], "Future[Any]"]], turns: int) -> dict[str, Any]:
    """Run some turns to warm up, some for their plain cost, some under the profiler."""
    _run(acts[:turns])
    before = database.write(_spent)
    _run(acts[turns : 2 * turns])
    plain = 1e6 * (database.write(_spent) - before) / turns
    profile = cProfile.Profile(time.thread_time)
    database.profile = profile
    _run(acts[2 * turns : 3 * turns])
    database.profile = None
    return {"writer_cpu_us": round(plain), "profiled_us": _by_part(profile, turns)}


def _spent(_: Store) -> float:
    return time.thread_time()


def _run(acts: list[Callable[[], "Future[Any]"]]) -> None:
    for start in range(0, len(acts), _AT_ONCE):
        for waiting in [act() for act in acts[start : start + _AT_ONCE]]:
            waiting.result()


def _by_part(profile: cProfile.Profile, turns: int) -> dict[str, int]:
    """Return the processor time of each part of the program itself, dearest first."""
    spent: Counter[str] = Counter()
    for (file, _, name), (_, calls, own, _, _) in _functions(profile).items():
        spent[_part(file, name)] += own
        if name.startswith("<method 'execute'"):
            spent["statements (number)"] = calls * 1e-6
    return {part: round(1e6 * each / turns) for part, each in spent.most_common()}


def _functions(profile: cProfile.Profile) -> dict[Any, Any]:
    counted: dict[Any, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    return counted


def _part(file: str, name: str) -> str:
    if name.startswith("<method 'execute'") or "sqlite3" in name:
        return "SQLite"
    if any(one in file or one in name for one in _SEALING):
        return "sealing and blind indexes"
    path = Path(file)
    if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in _ROOMS:
        return f"{path.relative_to(ROOT).parts[0]}/"
    return "json" if "json" in file else "Python's own"


if __name__ == "__main__":
    main()
