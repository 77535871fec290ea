"""One installation for one talk: served by a process of its own, with the channel of the talk."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from chat import KEYS
from commands import Running, start_command
from httpx import Client, HTTPError
from serving import Served, settle
from sqlalchemy import func, select
from stores import Founded

from storage.database import Database, utc_now
from storage.desk import VIETNAM
from storage.store import Store
from storage.tables import letter
from webhook.setup import AHEAD, set_demo_ahead

T = TypeVar("T")

# A Monday after the town was founded, five minutes after the hour of the digest, with no holiday in
# the weeks after it. It is always this day in a talk, whatever day it is outside: due days and
# letters of the morning are the same.
START = datetime(2026, 11, 30, 8, 5, tzinfo=VIETNAM)
SECONDS = 30.0
# The last of what the rounds of a morning note to have done.
_ROUNDS = "round-digest"


@dataclass
class Installation:
    """What serves a talk; the harness looks into its database, and people never do."""

    served: Served
    channel: str
    database: Database
    running: Running | None = None
    ahead: timedelta = timedelta()
    moved: list[Callable[[], None]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.served.folder / "serve.log"

    def start(self) -> None:
        """Serve, and wait until somebody answers."""
        self.running = start_command(["serve"], self.served.environment, self.log)
        until = time.monotonic() + SECONDS
        while not self._answers():
            assert self.running.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.01)
        # What the morning brings comes before anybody does anything.
        self.wait_until(lambda: bool(self.read(lambda one: one.settings.get(_ROUNDS))), "rounds")

    def _answers(self) -> bool:
        with Client(base_url=self.served.url, timeout=5) as client:
            try:
                return client.get("/healthz").status_code == 200
            except HTTPError:
                return False

    def stop(self) -> None:
        """End the server as an operator does."""
        if self.running is not None:
            self.running.send_signal(signal.SIGTERM)
            # It ends in good order and then as one that was told to.
            assert self.running.hangs_up() in (0, -signal.SIGTERM), self.log.read_text()
            self.running = None

    def close(self) -> None:
        """Let go of everything."""
        try:
            self.stop()
        finally:
            self.database.close()

    # --- time --------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The moment there."""
        return utc_now() + self.ahead

    def look_at_the_clock(self) -> None:
        """Learn how far the clock there is ahead of ours, and tell who must go along."""
        self.ahead = timedelta(seconds=int(self.read(lambda one: one.settings.get(AHEAD)) or 0))
        for act in self.moved:
            act()

    def mornings(self, number: int) -> None:
        """Let mornings come, one by one, with what each of them brings."""
        with Client(base_url=self.served.url, timeout=60) as client:
            for _ in range(number):
                answer = client.post("/demo/time", data={"days": "1"}, follow_redirects=False)
                assert answer.status_code == 303, answer.text
                self.look_at_the_clock()

    # --- the database ------------------------------------------------------------------------

    def read(self, look: Callable[[Store], T]) -> T:
        """Look something up."""
        with self.database.read() as store:
            return look(store)

    def wait_sent(self) -> None:
        """Wait until no letter waits on this channel that may go now."""
        self.wait_until(lambda: not self.read(self._open_letters), "letters to be sent")

    def _open_letters(self, store: Store) -> int:
        found = store.connection.execute(
            select(func.count())
            .select_from(letter)
            .where(
                letter.c.channel == self.channel,
                letter.c.state.in_(("waiting", "claimed")),
                letter.c.not_before_at <= self.now,
            )
        )
        return int(found.scalar_one())

    def lost(self) -> int:
        """Return how many letters of this channel found no way, or may have found none."""
        return self.read(self._lost_letters)

    def _lost_letters(self, store: Store) -> int:
        found = store.connection.execute(
            select(func.count())
            .select_from(letter)
            .where(letter.c.channel == self.channel, letter.c.state.in_(("dead", "held", "gone")))
        )
        return int(found.scalar_one())

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
        """Look again and again until something holds."""
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, f"waited {seconds} s for {what}"
            time.sleep(0.01)


def install(
    founded: Founded, folder: Path, channel: str, environment: Mapping[str, str]
) -> Installation:
    """Lay out an installation on a copy of the town, not yet served; its clock shows START."""
    served = settle(founded, folder)
    served.environment |= environment
    database = Database(served.environment["KETDOAN_DATABASE_URL"], KEYS, utc_now)
    made = Installation(served, channel, database)
    database.clock = lambda: made.now
    made.ahead = START - utc_now()
    database.write(lambda store: store.settings.put("demo", "yes"))
    set_demo_ahead(database, int(made.ahead.total_seconds()))
    return made
