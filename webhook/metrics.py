"""Counts what happens, for the people who watch the machine; shows it on a private port.

Nothing here knows a person, an enterprise, a step or a word. The library that writes the numbers
out is loaded only where a port is set.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock

import structlog

from bot.office import Office
from storage.database import Clock, utc_now
from webhook.settings import PREFIX, Settings
from webhook.trouble import SettingTrouble

log = structlog.get_logger()

# Upper bounds of the columns in which times are counted, in seconds.
# None below 25 ms: which kind of turn it was shows there, also where there was only one.
TURN_BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SEND_BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# A word that our code did not choose must not make the tally grow for ever.
MOST_KINDS = 200
OTHER = "other"


class Times:
    """How many took how long, in columns; no sum, or a single turn would tell which kind it was.

    A signature takes longer than a question: from sum and count between two looks one could read
    what the only person who wrote in that minute did.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        """Count in columns up to each of *bounds*, and one for all that took longer."""
        self.bounds = bounds
        self.columns: dict[str, list[int]] = {}

    def note(self, name: str, seconds: float) -> None:
        """Count one of *name* that took *seconds*."""
        columns = self.columns.get(name)
        if columns is None:
            columns = self.columns[name] = [0] * (len(self.bounds) + 1)
        columns[bisect_left(self.bounds, seconds)] += 1


class Tally:
    """A Watch that keeps its counts in memory; a note costs a microsecond or two."""

    def __init__(self, clock: Clock = utc_now) -> None:
        """Begin to count; *clock* tells when a round ended."""
        self._clock = clock
        self._lock = Lock()
        self.open_since = clock().timestamp()
        self.turns: Counter[tuple[str, str]] = Counter()
        self.turn_times = Times(TURN_BOUNDS)
        self.sends: Counter[tuple[str, str]] = Counter()
        self.send_times = Times(SEND_BOUNDS)
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.rounds: dict[str, float] = {}

    def turned(self, channel: str, outcome: str, seconds: float) -> None:
        """Note a turn; the time is that of an answer, from the queue to the commit."""
        with self._lock:
            _count(self.turns, channel, outcome)
            if outcome == "answered":
                self.turn_times.note(channel, seconds)

    def sent(self, channel: str, outcome: str, seconds: float) -> None:
        """Note what a channel answered, and how long it took."""
        with self._lock:
            _count(self.sends, channel, outcome)
            self.send_times.note(channel, seconds)

    def refused(self, where: str, why: str) -> None:
        """Note that a request was turned away."""
        with self._lock:
            _count(self.refusals, where, why)

    def round_ended(self, job: str) -> None:
        """Note that a round went through."""
        with self._lock:
            self.rounds[job] = self._clock().timestamp()

    def so_far(self) -> "Tally":
        """Return a copy that does not move while it is written out."""
        made = Tally(self._clock)
        with self._lock:
            made.open_since = self.open_since
            made.turns = self.turns.copy()
            made.sends = self.sends.copy()
            made.refusals = self.refusals.copy()
            made.rounds = dict(self.rounds)
            made.turn_times.columns = _copied(self.turn_times.columns)
            made.send_times.columns = _copied(self.send_times.columns)
        return made


def _count(kept: Counter[tuple[str, str]], first: str, second: str) -> None:
    if (first, second) not in kept and len(kept) >= MOST_KINDS:
        first = second = OTHER
    kept[first, second] += 1


def _copied(columns: Mapping[str, list[int]]) -> dict[str, list[int]]:
    return {name: list(counts) for name, counts in columns.items()}


@contextmanager
def watched(settings: Settings, office: Office, *, insists: bool = True) -> Iterator[Office]:
    """Give an office that counts, and show its counts while it is open; the same one if no port.

    Raises SettingTrouble where the port cannot be had; a program that does not *insist* goes on
    unwatched: one `.env` holds one port, which belongs to the first of several processes.
    """
    if settings.metrics_port is None:
        yield office
        return
    # Here and nowhere else: who is not watched does not carry the library.
    from webhook.metrics_page import show

    place = f"{settings.metrics_host}:{settings.metrics_port}"
    if settings.metrics_port == settings.port and settings.metrics_host == settings.host:
        raise SettingTrouble(f"{PREFIX}METRICS_PORT: {place} is the public door")
    counted = replace(office, watch=Tally())
    try:
        page = show(counted, settings.metrics_host, settings.metrics_port)
    except OSError:
        names = f"{PREFIX}METRICS_HOST, {PREFIX}METRICS_PORT"
        if insists:
            raise SettingTrouble(f"{names}: cannot listen on {place}") from None
        log.warning("nobody can watch this process", settings=names, place=place)
        yield office
        return
    try:
        yield counted
    finally:
        page.close()
