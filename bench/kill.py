"""Kill real servers at random moments under load, let the platform bring again what was not taken,
and have a program of its own look for what was lost and what was done twice.

    python -m bench.kill --rounds 1000 --json [--store sqlite|postgresql|both] [--seed N] [--keep]

On PostgreSQL two servers share one database, and each round one of them dies, or both. Between two
kills at least fifty turns are acknowledged. The last line is one JSON object.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import random
import secrets
import shutil
import sqlite3
import subprocess
import sys
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import uvloop

# Before anything else is open: what is imported here is shared by every server.
from bench.load import Door, History, fetched, posted
from bench.nursery import Nursery
from bench.people import FIRST_CHAT, Officer, Street, make_known
from bench.places import ROOT, free_port
from storage.database import Database
from storage.migrate import upgrade
from storage.sealed import Keyring
from storage.store import Store

STORES = ("sqlite", "postgresql")
SECRET = "bench-kill"  # noqa: S105 -- nobody's
PUBLIC_URL = "https://ketdoan.example"
PEOPLE = 160
AT_LEAST = 50
# So many more, and so much later, may the kill come.
_MORE, _LATER_SECONDS = 6, 0.02
_STALLED_SECONDS = 90.0
_TELL_EACH = 100
_CHATS = 400_000
_OFFICERS = (
    ("CD-MAU", "receives"),
    ("CD-MAU", "checks"),
    ("CD-THU", "receives"),
    ("CD-KCN", "receives"),
)


@dataclass
class Ground:
    """Where one store's run takes place: its database, its key, its servers, the platform."""

    store: str
    folder: Path
    url: str
    checked_url: str
    keys: Keyring
    servers: int
    tokens: Mapping[str, str] = field(default_factory=dict)
    invitations: list[str] = field(default_factory=list)

    @property
    def key_file(self) -> Path:
        """Where the key lies."""
        return self.folder / "key"

    @property
    def history(self) -> Path:
        """What happened, for the checker."""
        return self.folder / "history.jsonl"

    def settings(self, port: int, platform: int) -> dict[str, Any]:
        """Return the settings of a server."""
        from fakes.client import TOKEN

        return {
            "data_dir": str(self.folder),
            "database_url": self.url,
            "key_file": str(self.key_file),
            "host": "127.0.0.1",
            "port": port,
            "public_url": PUBLIC_URL,
            "telegram_token": TOKEN,
            "telegram_api_url": f"http://127.0.0.1:{platform}",
            "telegram_webhook_secret": SECRET,
        }


# --- the ground ----------------------------------------------------------------------------------


@contextmanager
def ground(store: str, folder: Path, nursery: Nursery) -> Iterator[Ground]:
    """Found a town on a fresh database of this kind. Raises NoServer."""
    key = secrets.token_bytes(32)
    keys = Keyring({1: key})
    with _database(store, folder, nursery) as (url, checked_url):
        made = Ground(store, folder, url, checked_url, keys, 1 if store == "sqlite" else 2)
        made.key_file.write_text(f"1 {base64.b64encode(key).decode()}\n")
        made.key_file.chmod(0o600)
        made.tokens, made.invitations = _found(url, keys)
        yield made


@contextmanager
def _database(store: str, folder: Path, nursery: Nursery) -> Iterator[tuple[str, str]]:
    """Yield the database's address, and the one by which the checker may look at everything."""
    from postgres import HONEST, OWNER, Cluster, clear

    if store == "sqlite":
        yield (f"sqlite:///{folder}/town.db",) * 2
        return
    place = Path(tempfile.mkdtemp(prefix="bench-kill-pg-"))
    nursery.mind(place)
    cluster = Cluster(place, HONEST)
    try:
        cluster.start()
        cluster.welcome()
        yield cluster.create("kill"), cluster.url("kill", OWNER)
    finally:
        cluster.stop()
        clear(place)


def _found(url: str, keys: Keyring) -> tuple[dict[str, str], list[str]]:
    """Found the tests' town; return its posters' tokens and invitations for officers."""
    from town import found_town

    def invite(store: Store) -> list[str]:
        made = []
        for code, role in _OFFICERS:
            body = store.bodies.by_code(code)
            assert body is not None
            made.append(store.officers.invite(body.id, role, "Trần Thị Mẫu", "bench", days=7))
        return made

    upgrade(url)
    database = Database(url, keys)
    try:
        return database.write(found_town), database.write(invite)
    finally:
        database.close()


# --- the rounds ----------------------------------------------------------------------------------


class Run:
    """One store's run: servers that live and die, and people who do not notice."""

    def __init__(self, nursery: Nursery, ground: Ground, platform: int, seed: int) -> None:
        self.nursery = nursery
        self.ground = ground
        self.platform = Door(platform)
        self.chance = random.Random(f"{seed}:{ground.store}")
        self.history = History(ground.history)
        self.log = ground.folder / "servers.log"
        self.ports = [free_port() for _ in range(ground.servers)]
        self.leases: set[str] = set()
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
        from fakes.client import TOKEN

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
            join="DN-GIAY",
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
            if living.done() or time.monotonic() > until:
                raise RuntimeError(f"round {number}: the people stand still; see {self.log}")
        if number % _TELL_EACH == _TELL_EACH - 1:
            print(f"{self.ground.store}: {number + 1} rounds, {before} taken", file=sys.stderr)
        await asyncio.sleep(self.chance.uniform(0, _LATER_SECONDS))
        self.fewest = min(self.fewest, street.acked - before)
        dying = self._chosen()
        await asyncio.gather(*(self._kill(one) for one in dying))
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
        """Return how many letters were in the hands of who has died (or of another who lives)."""
        found = dict(
            _rows(
                self.ground,
                "select lease, count(*) from letter where state = 'claimed' group by lease",
            )
        )
        fresh = found.keys() - self.leases
        self.leases |= fresh
        return sum(found[one] for one in fresh)

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


def run(store: str, rounds: int, seed: int, nursery: Nursery, folder: Path) -> dict[str, Any]:
    """Play one store's rounds and return what the checker found."""
    from fakes.client import FakeTelegram

    began = time.monotonic()
    with ground(store, folder, nursery) as made, FakeTelegram(seed=seed) as platform:
        play = Run(nursery, made, platform.port, seed)
        uvloop.run(play.play(rounds))
        found = checked(made)
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
            found[store] = run(store, asked.rounds, seed, nursery, folder)
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
