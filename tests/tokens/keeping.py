"""How tests hold a keeper: over a real store, a real server, and a clock that is moved by hand."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chat import Clock
from oauth_server import APP_ID, APP_SECRET, OAuthServer

from channels.zalo_oauth import OAuth
from channels.zalo_tokens import Keeper
from storage.database import Database
from storage.tokens import Holding
from webhook.zalo_vault import StoredPair

LIFE = 90_000.0
HOUR = 3600.0


@dataclass
class Steady:
    """A steady clock that stands still until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    """A store with a pair of the server's, and keepers of it."""

    server: OAuthServer
    database: Database
    clock: Clock
    steady: Steady = field(default_factory=Steady)

    def store_pair(self) -> None:
        """Let the store hold what the server grants now."""
        now = self.server.state()
        self.database.write(
            lambda store: store.tokens.replace("zalo", now["access"], now["refresh"], LIFE, "")
        )

    def advance(self, seconds: float) -> None:
        """Let time pass, on the wall and steadily."""
        self.clock.advance(seconds=seconds)
        self.steady.now += seconds

    def oauth(self, seconds: float = 20.0) -> OAuth:
        return OAuth(self.server.url, APP_ID, APP_SECRET, seconds=seconds)

    def keeper(self, **more: Any) -> Keeper:
        options = {"fresh_seconds": 0.0, "clock": self.steady} | more
        vault = options.pop("vault", None) or StoredPair(self.database)
        return Keeper(vault, options.pop("oauth", None) or self.oauth(), **options)

    def held(self) -> Holding:
        with self.database.read() as store:
            found = store.tokens.look("zalo")
        assert found
        return found

    def refresh_token(self) -> str:
        """Return the refresh token that the store holds."""
        from sqlalchemy import select

        from storage.tables import channel_token

        with self.database.read() as store:
            row = store.connection.execute(select(channel_token)).one()
            return store.tokens._text(row, "refresh_sealed")

    def is_whole(self) -> bool:
        """Whether the store holds the very pair that the server takes."""
        now = self.server.state()
        return (self.held().access, self.refresh_token()) == (now["access"], now["refresh"])


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.01)


async def patient(keeper: Keeper, desk: Desk) -> str:
    """Return a token; time passes while somebody else's lease is in the way."""
    asked = asyncio.create_task(keeper.access())
    for _ in itertools.count():
        done, _ = await asyncio.wait({asked}, timeout=0.01)
        if done:
            return asked.result()
        lease, since = keeper._watched
        if lease not in (None, keeper._name) and desk.steady.now < since + 60:
            desk.advance(60)
    raise AssertionError
