"""What the keeper of Zalo's tokens needs of others: a store for its pair, and who renews one."""

from typing import Protocol

from channels.zalo_oauth import Granted


class Kept(Protocol):
    """The pair as the store holds it at the moment of a look; *age*, *life*, *rest* in seconds."""

    @property
    def version(self) -> int:
        """Counts the pairs of this account."""

    @property
    def source(self) -> str:
        """Where it came from: settings, consent or refresh."""

    @property
    def access(self) -> str:
        """The token to show."""

    @property
    def is_renewable(self) -> bool:
        """Whether there is a refresh token with it."""

    @property
    def age(self) -> float:
        """How long it is there; below zero where a clock was set back."""

    @property
    def life(self) -> float:
        """How long it is good from then."""

    @property
    def trouble(self) -> str:
        """Why a person must consent again, or ""."""

    @property
    def lease(self) -> str | None:
        """Who is renewing it."""

    @property
    def unsure(self) -> int:
        """How many renewals with it began whose end nobody knows."""

    @property
    def rest(self) -> float:
        """How long nobody may begin another."""


class Begun(Protocol):
    """A renewal whose beginning is written down."""

    @property
    def version(self) -> int:
        """The pair that is renewed."""

    @property
    def refresh(self) -> str:
        """Its refresh token."""

    @property
    def unsure(self) -> int:
        """The how manieth call this is with it, of those whose end nobody knows."""

    @property
    def failed(self) -> int:
        """How many calls before it certainly changed nothing."""


class Vault(Protocol):
    """The store of one account's pair. Each act is one transaction, durable when it returns.

    Whatever it raises means that the store can not be used now; nobody knows what was written.
    """

    async def look(self) -> Kept | None:
        """Return what is held, or None where there never was a pair."""

    async def first(self, access: str, refresh: str, life: float) -> Kept:
        """Keep a pair unless there is one; return what is held then."""

    async def take(
        self, seen: tuple[int, int], lease: str, over: str | None, rest: float
    ) -> Begun | None:
        """Take the lease and write that a renewal begins; None where things have changed."""

    async def keep(self, version: int, granted: Granted) -> Kept:
        """Keep what the pair of *version* became, unless there is a newer one; return what is."""

    async def let_go(self, version: int, lease: str, rest: float) -> Kept:
        """Write that a call certainly changed nothing; return what is held then."""

    async def lose(self, version: int, lease: str, answer: str, rest: float) -> Kept:
        """Write that nobody knows how a call ended; return what is held then."""

    async def refuse(self, version: int, lease: str, why: str, answer: str) -> Kept:
        """Write that this pair is not renewed any more; return what is held then."""


class Renewing(Protocol):
    """Who turns a refresh token into a new pair. *seconds*: a call lasts no longer."""

    seconds: float

    async def refresh(self, token: str) -> Granted:
        """Renew a pair. Raises Unreachable, TooFast, Denied, Lost."""
