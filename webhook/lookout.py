"""Looks into the database now and then, for who watches the machine."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from bot.hear import place_of
from bot.office import Office
from storage.backlog import Stuck, Waiting
from storage.store import Store
from storage.tokens import Holding

log = structlog.get_logger()

# What is read on a page or printed by a command waits for nobody's call.
READ_WHERE_IT_LIES = ("web", "terminal", "operator")

_KEPT_SECONDS = 5.0
# Reading may take up to a twentieth of the time: large databases are looked at more rarely.
_REST = 20.0
_PATIENCE_SECONDS = 2.0
# For so long what was seen before is shown while a new look takes its time.
_STALE_SECONDS = 60.0


@dataclass(frozen=True)
class Lying:
    """What lies about in the database at one moment; *halted*: seconds, by channel.

    *tokens*: when the token of a channel ends, in seconds of Unix time, and whether a person must
    consent again.
    """

    seen_at: float
    waiting: list[Waiting]
    stuck: list[Stuck]
    failed: int
    halted: Mapping[str, float]
    tokens: Mapping[str, tuple[float, bool]]


def look(store: Store) -> Lying:
    """Read everything that is shown of the database, in one moment."""
    return Lying(
        seen_at=store.now.timestamp(),
        waiting=store.backlog.waiting(READ_WHERE_IT_LIES),
        stuck=store.backlog.stuck(),
        failed=store.backlog.failed_events(),
        halted=store.paces.halts(),
        tokens={name: _token(one) for name, one in store.tokens.all().items()},
    )


def _token(held: Holding) -> tuple[float, bool]:
    return held.made_at.timestamp() + held.life, bool(held.trouble) or held.unsure > 1


class Lookout:
    """Looks into the database now and then, and never waits long for one that is gone."""

    def __init__(self, office: Office, clock: Callable[[], float] = time.monotonic) -> None:
        """Look at the database of *office*; *clock* counts the seconds between two looks."""
        self._office = office
        self._clock = clock
        self._looking: threading.Thread | None = None
        self._seen: Lying | None = None
        self._fresh_until = 0.0

    def now(self) -> Lying | None:
        """Return what was seen a short while ago, or None where nothing can be seen."""
        if self._clock() >= self._fresh_until and not self._is_looking():
            self._looking = threading.Thread(target=self._look, name="lookout", daemon=True)
            self._looking.start()
        if self._looking is not None:
            self._looking.join(_PATIENCE_SECONDS)
        is_stale = self._clock() > self._fresh_until + _STALE_SECONDS
        return None if self._is_looking() and is_stale else self._seen

    def _is_looking(self) -> bool:
        return self._looking is not None and self._looking.is_alive()

    def _look(self) -> None:
        began = self._clock()
        try:
            with self._office.database.read() as store:
                self._seen = look(store)
        except Exception as error:  # noqa: BLE001 -- shown as a database that is down
            self._seen = None
            log.warning("metrics without database", error=place_of(error))
        took = self._clock() - began
        self._fresh_until = began + took + max(_KEPT_SECONDS, took * _REST)
