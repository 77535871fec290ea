"""Kill real servers at random moments under load, let the platform bring again what was not taken,
and have a program of its own look for what was lost and what was done twice.

    python -m bench.kill --rounds 1000 --json [--store sqlite|postgresql|both] [--seed N] [--keep]

On PostgreSQL two servers share one database, and each round one of them dies, or both. Between two
kills at least fifty turns are acknowledged. The last line is one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import random
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import uvloop

from bench.grounds import JOIN, PUBLIC_URL, SECRET, STORES, TOKEN, Ground, ground
from bench.load import Door, History, fetched, posted
from bench.people import FIRST_CHAT, Officer, Street, make_known
from bench.places import ROOT, free_port

if TYPE_CHECKING:
    from bench.nursery import Nursery

PEOPLE = 160
AT_LEAST = 50
# So many more, and so much later, may the kill come.
_MORE, _LATER_SECONDS = 6, 0.02
_STALLED_SECONDS = 90.0
_TELL_EACH = 100
_CHATS = 400_000


# --- the rounds ----------------------------------------------------------------------------------


class Run:
    """One store's run: servers that live and die, and people who do not notice."""

    def __init__(self, nursery: "Nursery", ground: Ground, platform: int, seed: int) -> None:
        self.nursery = nursery
        self.ground = ground
        self.platform = Door(platform)
        self.chance = random.Random(f"{seed}:{ground.store}")
        self.history = History(ground.history)
        self.log = ground.folder / "servers.log"
        self.ports = [free_port() for _ in range(ground.servers)]
        self.held: set[tuple[int, str]] = set()
        self.fewest = sys.maxsize
        self.seconds = 0.0

    @property
    def settings(self) -> list[dict[str, Any]]:
        """The settings of each server."""
        return [self.ground.settings(port, self.platform.port) for port in self.ports]

    async def play(self, rounds: int) -> None:
        """Play everything; afterwards the history is whole and the servers are gone."""
        street = await self._street(rounds)
        self.history.note(
            begun=self.ground.store,
            servers=self.ground.servers,
            channel="telegram",
            bot=street.bot,
        )
        for number in range(self.ground.servers):
            await self._start(number)
        offices = [street.lets(one) for one in self._offices(street)]
        living = asyncio.gather(street.live(PEOPLE), *offices)
        began = time.monotonic()
        try:
            for number in range(rounds):
                await self._round(number, street, living)
        except BaseException:
            living.cancel()
            raise
        self.seconds = time.monotonic() - began
        street.closing.set()
        await living
        await self._settle(street)

    async def _street(self, rounds: int) -> Street:
        # The platform delivers to nobody by itself; that it is asked to is part of each start.
        await self.platform.ask(_control("route", prefix=PUBLIC_URL, to="http://127.0.0.1:9"))
        await self.platform.ask(_control("faults", latency_ms=[0, 12]))
        await make_known(self.platform, FIRST_CHAT, min(_CHATS, 5000 + 60 * rounds))
        return Street(
            doors=[Door(port) for port in self.ports],
            platform=self.platform,
            history=self.history,
            chance=self.chance,
            keys=self.ground.keys,
            secret=SECRET,
            bot=int(TOKEN.partition(":")[0]),
            tokens=self.ground.tokens,
            join=JOIN,
        )

    def _offices(self, street: Street) -> Iterator[Any]:
        for invitation in self.ground.invitations:
            officer = Officer(street, next(street.chats))
            yield officer.works(invitation)

    async def _round(self, number: int, street: Street, living: "asyncio.Future[Any]") -> None:
        before = street.acked
        wanted = before + AT_LEAST + self.chance.randrange(_MORE)
        until = time.monotonic() + _STALLED_SECONDS
        while street.acked < wanted:
            await asyncio.sleep(0.001)
            if living.done():
                await living
            if time.monotonic() > until:
                raise RuntimeError(f"round {number}: the people stand still; see {self.log}")
        if number % _TELL_EACH == _TELL_EACH - 1:
            print(f"{self.ground.store}: {number + 1} rounds, {before} taken", file=sys.stderr)
        await asyncio.sleep(self.chance.uniform(0, _LATER_SECONDS))
        self.fewest = min(self.fewest, street.acked - before)
        dying = self._chosen()
        for one in dying:
            await self._kill(one)
        self.history.note(killed=dying, acked=street.acked, in_flight=self._in_flight())
        for one in dying:
            await self._start(one)

    def _chosen(self) -> list[int]:
        everybody = list(range(self.ground.servers))
        if len(everybody) > 1 and self.chance.random() < 0.8:
            return [self.chance.choice(everybody)]
        return everybody

    async def _start(self, number: int) -> None:
        settings = self.settings[number]
        await asyncio.to_thread(self.nursery.start, str(number), self.log, **settings)

    async def _kill(self, number: int) -> None:
        await asyncio.to_thread(self.nursery.kill, str(number))

    def _in_flight(self) -> int:
        """Return how many letters were in the hands of who has died (or of another who lives).

        Each is counted once for each sender that ever held it when somebody died.
        """
        query = "select id, lease from letter where state = 'claimed'"
        found = {(row[0], row[1]) for row in _rows(self.ground, query)}
        fresh = found - self.held
        self.held |= fresh
        return len(fresh)

    # --- the end -----------------------------------------------------------------------------

    async def _settle(self, street: Street) -> None:
        """Stop the servers in good order, send what still waits, and keep what has arrived."""
        for number in range(self.ground.servers):
            ended = await asyncio.to_thread(self.nursery.stop, str(number))
            self.history.note(stopped=number, ended=ended)
        for door in street.doors:
            door.close()
        ended = await asyncio.to_thread(self.nursery.drain, self.log, **self.settings[0])
        self.history.note(drained=ended)
        await self._keep_arrivals()
        self.history.note(ended=True, acked=street.acked, gave_up=street.gave_up)
        self.history.close()

    async def _keep_arrivals(self) -> None:
        after, size = 0, 5000
        while True:
            answer = await self.platform.ask(fetched(f"/_/log?after={after}&limit={size}"))
            found = json.loads(answer.body)
            assert not found["dropped"]
            for one in found["log"]:
                if one["method"].startswith("send"):
                    kept = ("chat", "hash", "message_id", "outcome", "method")
                    self.history.note(arrived={name: one[name] for name in kept})
            if len(found["log"]) < size:
                return
            after = found["log"][-1]["seq"]


def _control(what: str, **asked: Any) -> bytes:
    return posted(f"/_/{what}", json.dumps(asked).encode())


def _rows(ground: Ground, query: str) -> list[Any]:
    """Look into the database, beside everybody."""
    if ground.store == "sqlite":
        path = ground.url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(path, timeout=15)) as connection:
            return connection.execute(query).fetchall()
    with psycopg.connect(ground.url.replace("+psycopg", "")) as known:
        return known.execute(query.encode()).fetchall()


# --- one store, and both -------------------------------------------------------------------------


def run(
    store: str, rounds: int, seed: int, nursery: "Nursery", folder: Path, *, keeps: bool
) -> dict[str, Any]:
    """Play one store's rounds and return what the checker found.

    The database stays in *folder* where something was found, and always if told so (*keeps*).
    """
    from fakes.client import FakeTelegram

    began = time.monotonic()
    with ground(store, folder, nursery.mind) as made, FakeTelegram(seed=seed) as platform:
        play = Run(nursery, made, platform.port, seed)
        uvloop.run(play.play(rounds))
        found = checked(made)
        if keeps or not _is_clean(found):
            made.keep()
    return {
        "rounds": rounds,
        "servers": made.servers,
        "fewest_between_kills": play.fewest,
        **found,
        "errors_in_the_log": _errors(play.log),
        "rounds_seconds": round(play.seconds, 1),
        "seconds": round(time.monotonic() - began, 1),
    }


def _errors(log: Path) -> dict[str, int]:
    """Count what the servers themselves called an error, by its name and place."""
    found: Counter[str] = Counter()
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            found["no log line"] += 1
            continue
        if said.get("level") in ("error", "critical"):
            found[f"{said.get('event')}: {said.get('error', '')}"] += 1
    return dict(found)


def checked(ground: Ground) -> dict[str, Any]:
    """Let the checker look, in a process of its own."""
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "bench.check", str(ground.history)),
            *("--database", ground.checked_url, "--key-file", str(ground.key_file), "--json"),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Run it; return 0 where nothing was lost, doubled or wrong."""
    asked = _asked()
    # What it imports is shared by every server; nothing is open here before it is forked.
    from bench.nursery import Nursery

    nursery = Nursery()
    # Asked to stop, it clears away what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    seed = asked.seed if asked.seed is not None else secrets.randbits(32)
    print(f"seed {seed}", file=sys.stderr)
    stores = STORES if asked.store == "both" else (asked.store,)
    found = {}
    with ExitStack() as stack:
        stack.callback(nursery.end)
        for store in stores:
            folder = Path(tempfile.mkdtemp(prefix=f"bench-kill-{store}-"))
            found[store] = run(store, asked.rounds, seed, nursery, folder, keeps=asked.keep)
            print(json.dumps({store: found[store]}, ensure_ascii=False), file=sys.stderr)
            if asked.keep or not _is_clean(found[store]):
                print(f"{store}: what happened is kept in {folder}", file=sys.stderr)
            else:
                shutil.rmtree(folder)
    told = {
        name: sum(one[name] for one in found.values())
        for name in ("lost", "doubled", "rounds", "acknowledged", "resent", "wrong")
    }
    more = {"stores": found, "seed": seed, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(told | more, ensure_ascii=False) if asked.json else _written(told | more))
    return 0 if all(_is_clean(one) for one in found.values()) else 1


def _is_clean(found: Mapping[str, Any]) -> bool:
    return not (found["lost"] or found["doubled"] or found["wrong"])


def _written(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--store", choices=(*STORES, "both"), default="both")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--json", action="store_true", help="one line of JSON at the end")
    parser.add_argument("--keep", action="store_true", help="keep history, database and logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
