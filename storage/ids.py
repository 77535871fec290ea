"""Ids that we make ourselves, so that a sealed value can be bound to its row in one INSERT."""

import secrets
import threading
import time
from datetime import datetime

_EPOCH_MS = 1_735_689_600_000  # 2025-01-01 UTC: 41 bits from here last until 2094
_NODE_BITS = 16
_COUNT_BITS = 6
# So much may two clocks drift apart in a second, at most; real ones do a tenth of it.
_DRIFT_MS = 1.0


class _Maker:
    """Makes ids that rise with time: 41 bits of milliseconds, 16 of process, 6 of count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._node = secrets.randbits(_NODE_BITS)
        self._last = 0
        self._count = 0
        self._ahead = 0.0
        self._looked = 0.0

    def make(self) -> int:
        """Return an id greater than any made before by this process."""
        with self._lock:
            now = int(time.time() * 1000 + self._ahead) - _EPOCH_MS
            if now > self._last:
                self._last, self._count = now, 0
            else:
                # The same millisecond, or a clock set back: go on counting from the last one.
                self._count += 1
                if self._count >> _COUNT_BITS:
                    self._last, self._count = self._last + 1, 0
            return (
                (self._last << (_NODE_BITS + _COUNT_BITS))
                | (self._node << _COUNT_BITS)
                | self._count
            )

    def follow(self, moment: datetime) -> None:
        """Let ids rise by the clock that told *moment* just now."""
        ahead = (moment.timestamp() - time.time()) * 1000
        looked = time.monotonic()
        with self._lock:
            # An answer that was long on its way makes the other clock look late: the least late
            # look of the last while is the true one.
            fades = (looked - self._looked) * _DRIFT_MS
            self._ahead = max(ahead, self._ahead - fades) if self._looked else ahead
            self._looked = looked

    def begin_above(self, made: int) -> None:
        """Make only ids greater than one made before, perhaps by a clock that was ahead."""
        with self._lock:
            self._last = max(self._last, (made >> (_NODE_BITS + _COUNT_BITS)) + 1)


_maker = _Maker()


def new_id() -> int:
    """Return a fresh 63-bit, time-ordered id."""
    return _maker.make()


def follow(moment: datetime) -> None:
    """Let ids rise by the clock of the store, just asked: letters go out in their order."""
    _maker.follow(moment)


def begin_above(made: int) -> None:
    """Make only ids greater than *made*, the greatest that the store holds."""
    _maker.begin_above(made)


def after_fork() -> None:
    """Give a forked child its own node, or it would make its parent's ids."""
    global _maker  # noqa: PLW0603 -- one maker a process is the point
    _maker = _Maker()
