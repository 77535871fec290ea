"""Ids that we make ourselves, so that a sealed value can be bound to its row in one INSERT."""

import secrets
import threading
import time

_EPOCH_MS = 1_735_689_600_000  # 2025-01-01 UTC: 41 bits from here last until 2094
_NODE_BITS = 16
_COUNT_BITS = 6


class _Maker:
    """Makes ids that rise with time: 41 bits of milliseconds, 16 of process, 6 of count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._node = secrets.randbits(_NODE_BITS)
        self._last = 0
        self._count = 0

    def make(self) -> int:
        """Return an id greater than any made before by this process."""
        with self._lock:
            now = time.time_ns() // 1_000_000 - _EPOCH_MS
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


_maker = _Maker()


def new_id() -> int:
    """Return a fresh 63-bit, time-ordered id."""
    return _maker.make()


def after_fork() -> None:
    """Give a forked child its own node, or it would make its parent's ids."""
    global _maker  # noqa: PLW0603 -- one maker a process is the point
    _maker = _Maker()
