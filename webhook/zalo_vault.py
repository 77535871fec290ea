"""Where the keeper of Zalo's tokens keeps them: each of its acts is one short transaction.

None is held while Zalo is called. The threads of the store do the work, not the event loop.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from channels.zalo_oauth import USUAL_LIFE, Granted, OAuth
from channels.zalo_tokens import Keeper
from storage.database import Database
from storage.store import Store
from storage.tokens import Begun, Holding
from webhook.settings import Settings

T = TypeVar("T")

ACCOUNT = "zalo"


class StoredPair:
    """The pair of one account in the store: `channels.zalo_tokens.Vault`.

    Raises whatever the store does: NotWritten, TooBusy, Away.
    """

    def __init__(self, database: Database, account: str = ACCOUNT) -> None:
        self.database = database
        self._account = account

    async def look(self) -> Holding | None:
        """Return what is held, or None where there never was a pair."""
        return await asyncio.to_thread(self._look)

    def _look(self) -> Holding | None:
        with self.database.read() as store:
            return store.tokens.look(self._account)

    async def first(self, access: str, refresh: str, life: float) -> Holding:
        """Keep a pair unless there is one; return what is held then."""
        return await self._write(
            lambda store: store.tokens.first(self._account, access, refresh, life)
        )

    async def take(
        self, seen: tuple[int, int], lease: str, over: str | None, rest: float
    ) -> Begun | None:
        """Take the lease and write that a renewal begins; None where things have changed."""
        return await self._write(
            lambda store: store.tokens.take(self._account, seen, lease, over, rest)
        )

    async def keep(self, version: int, granted: Granted) -> Holding:
        """Keep what the pair of *version* became, unless there is a newer one."""
        return await self._write(
            lambda store: store.tokens.keep(
                self._account,
                version,
                granted.access,
                granted.refresh,
                granted.life,
                granted.answer,
            )
        )

    async def let_go(self, version: int, lease: str, rest: float) -> Holding:
        """Write that a call certainly changed nothing; return what is held then."""
        return await self._write(
            lambda store: store.tokens.let_go(self._account, version, lease, rest)
        )

    async def lose(self, version: int, lease: str, answer: str, rest: float) -> Holding:
        """Write that nobody knows how a call ended; return what is held then."""
        return await self._write(
            lambda store: store.tokens.lose(self._account, version, lease, answer, rest)
        )

    async def refuse(self, version: int, lease: str, why: str, answer: str) -> Holding:
        """Write that this pair is not renewed any more; return what is held then."""
        return await self._write(
            lambda store: store.tokens.refuse(self._account, version, lease, why, answer)
        )

    async def replace(self, granted: Granted) -> None:
        """Keep a pair that a person just consented to, whatever was there before."""
        await self._write(
            lambda store: store.tokens.replace(
                self._account, granted.access, granted.refresh, granted.life, granted.answer
            )
        )

    async def try_again(self) -> bool:
        """Forget why a person should consent again; return whether there was a reason."""
        return await self._write(lambda store: store.tokens.try_again(self._account))

    async def _write(self, work: Callable[[Store], T]) -> T:
        # Not the future of `submit`: who is cancelled while waiting must not cancel the work.
        return await asyncio.to_thread(self.database.write, work)


def oauth_of(settings: Settings) -> OAuth:
    """Return the line to Zalo's OAuth for the app that is set."""
    return OAuth(settings.zalo_oauth_url, settings.zalo_app_id, settings.zalo_app_secret)


def keeper_of(settings: Settings, database: Database) -> Keeper:
    """Return the keeper of the tokens of the Official Account; one for each process."""
    first = (settings.zalo_access_token, settings.zalo_refresh_token, USUAL_LIFE)
    has_first = bool(settings.zalo_access_token or settings.zalo_refresh_token)
    return Keeper(StoredPair(database), oauth_of(settings), first if has_first else None)
