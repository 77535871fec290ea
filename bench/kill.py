"""Kill real servers at random moments under load, let the platform bring again what was not taken,
and have a program of its own look for what was lost and what was done twice.

    python -m bench.kill --rounds 1000 --json [--channel telegram|zalo]
                         [--store sqlite|postgresql|both] [--seed N] [--keep]

Over Zalo the account's token ends every few rounds, half of the times in the moment of the kill;
where a renewal was lost with its server, an administrator consents again, as the alarm asks for.
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

from bench.grounds import JOIN, STORES, Ground, ground
from bench.load import Door, History
from bench.people import Officer, Street
from bench.places import ROOT, free_port
from bench.platforms import CHANNELS, Platform, Telegram
from bench.zalo import Zalo

if TYPE_CHECKING:
    from bench.nursery import Nursery

PEOPLE = 160
AT_LEAST = 50
# So many more, and so much later, may the kill come.
_MORE, _LATER_SECONDS = 6, 0.02
_STALLED_SECONDS = 90.0
_MENDED_SECONDS = 0.02
_TELL_EACH = 100
# What happens at the platform from time to time happens in every third round.
_DISTURBED_EACH = 3
_ADMINISTERED_SECONDS = 0.2


# --- the rounds ----------------------------------------------------------------------------------


class Run:
    """One store's run: servers that live and die, and people who do not notice."""

    def __init__(self, nursery: "Nursery", ground: Ground, platform: Platform, seed: int) -> None:
        self.nursery = nursery
        self.ground = ground
        self.platform = platform
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
        return [self.ground.settings(port, self.platform.settings(port)) for port in self.ports]

    async def play(self, rounds: int) -> None:
        """Play everything; afterwards the history is whole and the servers are gone."""
        street = await self._street(rounds)
        self.history.note(
            begun=self.ground.store,
            servers=self.ground.servers,
            channel=self.platform.channel,
        )
        for number in range(self.ground.servers):
            await self._start(number)
        offices = [street.lets(one) for one in self._offices(street)]
        administering = asyncio.create_task(self._administer())
        living = asyncio.gather(street.live(PEOPLE), *offices)
        began = time.monotonic()
        try:
            for number in range(rounds):
                await self._round(number, street, living)
        except BaseException:
            living.cancel()
            raise
        self.seconds = time.monotonic() - began
        await self._mended("the end", living)
        street.closing.set()
        await living
        await self._settle(street)
        administering.cancel()
        await self._keep_ending(street)

    async def _street(self, rounds: int) -> Street:
        await self.platform.prepare(self.ports, rounds)
        return Street(
            doors=[Door(port) for port in self.ports],
            platform=self.platform,
            history=self.history,
            chance=self.chance,
            keys=self.ground.keys,
            tokens=self.ground.tokens,
            codes=self.ground.codes,
            join=JOIN,
        )

    def _offices(self, street: Street) -> Iterator[Any]:
        for invitation in self.ground.invitations:
            officer = Officer(street, next(street.chats))
            yield officer.works(invitation)

    async def _round(self, number: int, street: Street, living: "asyncio.Future[Any]") -> None:
        before = street.acked
        wanted = before + AT_LEAST + self.chance.randrange(_MORE)
        is_disturbed = number % _DISTURBED_EACH == 1
        is_late = self.chance.random() < 0.5
        if is_disturbed:
            # What happens twice before anybody noticed has happened once.
            await self._mended(f"round {number}", living)
        if is_disturbed and not is_late:
            await self.platform.disturb()
        until = time.monotonic() + _STALLED_SECONDS
        while street.acked < wanted:
            await asyncio.sleep(0.001)
            if living.done():
                await living
            if time.monotonic() > until:
                raise RuntimeError(f"round {number}: the people stand still; see {self.log}")
        if number % _TELL_EACH == _TELL_EACH - 1:
            print(f"{self.ground.store}: {number + 1} rounds, {before} taken", file=sys.stderr)
        if is_disturbed and is_late:
            await self.platform.disturb()
        await asyncio.sleep(self.chance.uniform(0, _LATER_SECONDS))
        self.fewest = min(self.fewest, street.acked - before)
        dying = self._chosen()
        for one in dying:
            await self._kill(one)
        self.history.note(killed=dying, acked=street.acked, in_flight=self._in_flight())
        for one in dying:
            await self._start(one)

    async def _mended(self, when: str, living: "asyncio.Future[Any]") -> None:
        """Wait, while people go on, until the servers are over what happened at the platform."""
        until = time.monotonic() + _STALLED_SECONDS
        while not await self.platform.is_mended():
            await asyncio.sleep(_MENDED_SECONDS)
            if living.done():
                await living
            if time.monotonic() > until:
                raise RuntimeError(f"{when}: nothing works at the platform; see {self.log}")

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

    async def _keep_ending(self, street: Street) -> None:
        """Write down what has arrived and what the platform has to say."""
        async for one in self.platform.arrivals():
            self.history.note(arrived=one)
        self.history.note(platform=await self.platform.ending())
        self.history.note(ended=True, acked=street.acked, gave_up=street.gave_up)
        self.history.close()

    async def _administer(self) -> None:
        """Do what an alarm about the account asks a person for."""
        while isinstance(self.platform, Zalo):
            await asyncio.sleep(_ADMINISTERED_SECONDS)
            alarms = await asyncio.to_thread(_rows, self.ground, _ALARMS)
            if alarms:
                ended = await self.platform.consent(self.settings[0])
                self.history.note(consented=ended)


# The pair is lost: a person must consent again.
_ALARMS = "select version from channel_token where trouble is not null"


def _rows(ground: Ground, query: str) -> list[Any]:
    """Look into the database, beside everybody."""
    if ground.store == "sqlite":
        path = ground.url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(path, timeout=15)) as connection:
            return connection.execute(query).fetchall()
    with psycopg.connect(ground.url.replace("+psycopg", "")) as known:
        return known.execute(query.encode()).fetchall()


# --- one store, and both -------------------------------------------------------------------------


def run(asked: argparse.Namespace, store: str, nursery: "Nursery", folder: Path) -> dict[str, Any]:
    """Play one store's rounds and return what the checker found.

    The database stays in *folder* where something was found, and always if told so.
    """
    began = time.monotonic()
    platform: Platform = Zalo() if asked.channel == "zalo" else Telegram()
    with ground(store, folder, nursery.mind) as made, platform.running(asked.seed):
        play = Run(nursery, made, platform, asked.seed)
        uvloop.run(play.play(asked.rounds))
        found = checked(made)
        if asked.keep or not _is_clean(found):
            made.keep()
    return {
        "channel": platform.channel,
        "rounds": asked.rounds,
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
    if asked.seed is None:
        asked.seed = secrets.randbits(32)
    print(f"seed {asked.seed}", file=sys.stderr)
    stores = STORES if asked.store == "both" else (asked.store,)
    found = {}
    with ExitStack() as stack:
        stack.callback(nursery.end)
        for store in stores:
            folder = Path(tempfile.mkdtemp(prefix=f"bench-kill-{store}-"))
            found[store] = run(asked, store, nursery, folder)
            print(json.dumps({store: found[store]}, ensure_ascii=False), file=sys.stderr)
            if asked.keep or not _is_clean(found[store]):
                print(f"{store}: what happened is kept in {folder}", file=sys.stderr)
            else:
                shutil.rmtree(folder)
    told = {
        name: sum(one[name] for one in found.values())
        for name in ("lost", "doubled", "rounds", "acknowledged", "resent", "wrong")
    }
    more = {"stores": found, "seed": asked.seed, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(told | more, ensure_ascii=False) if asked.json else _written(told | more))
    return 0 if all(_is_clean(one) for one in found.values()) else 1


def _is_clean(found: Mapping[str, Any]) -> bool:
    return not (found["lost"] or found["doubled"] or found["wrong"])


def _written(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--channel", choices=CHANNELS, default="telegram")
    parser.add_argument("--store", choices=(*STORES, "both"), default="both")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--json", action="store_true", help="one line of JSON at the end")
    parser.add_argument("--keep", action="store_true", help="keep history, database and logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
