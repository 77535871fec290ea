"""Limits that stop a flood and leave a factory behind one address alone."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

# So many different askers are remembered; the one unseen for longest is forgotten first.
MOST_KEPT = 20_000


@dataclass
class Bucket:
    """Lets *burst* through at once and then *rate* a second, for each key by itself."""

    burst: float
    rate: float
    clock: Callable[[], float] = time.monotonic
    _kept: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict, repr=False)

    def takes(self, key: str = "") -> bool:
        """Take one from *key*; False where nothing is left."""
        now = self.clock()
        left, since = self._kept.pop(key, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.rate)
        allowed = left >= 1
        self._kept[key] = (left - 1 if allowed else left, now)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return allowed


@dataclass
class Limits:
    """The limits of the door.

    *talk*: one conversation. *pages*: one link to a page of ours, also one that somebody made up;
    guessed ones must not push conversations out of what is remembered. *knocks*: one network
    address, very high, since a whole factory may stand behind it at the change of shift.
    *newcomers*: new conversations of all. *codes*: arrival codes, given to one network
    address, high for the same reason. *guesses*: codes and tokens tried, of one address and
    of all together.
    """

    talk: Bucket = field(default_factory=lambda: Bucket(burst=60, rate=1))
    pages: Bucket = field(default_factory=lambda: Bucket(burst=60, rate=1))
    knocks: Bucket = field(default_factory=lambda: Bucket(burst=3000, rate=100))
    newcomers: Bucket = field(default_factory=lambda: Bucket(burst=2000, rate=50))
    codes: Bucket = field(default_factory=lambda: Bucket(burst=300, rate=1))
    guesses: Bucket = field(default_factory=lambda: Bucket(burst=60, rate=0.5))
    guesses_of_all: Bucket = field(default_factory=lambda: Bucket(burst=600, rate=5))

    def may_guess(self, network_address: str) -> bool:
        """Whether somebody there may try another code."""
        return self.guesses.takes(network_address) and self.guesses_of_all.takes()
