"""Whether the store's moment goes on as a clock that nobody sets, that of this process."""

from collections import deque
from datetime import datetime

# A moment is read a little before our own clock, and later still on a busy machine: it may seem to
# have stayed behind, never to have run ahead.
_FORWARD = 0.25
_BACK = 2.0
_LOOKS = 8


class Steady:
    """Compares the store's moment with this process's own clock, in seconds, at each look."""

    def __init__(self, watch_seconds: float) -> None:
        """Be sure of the moment once it went steadily for *watch_seconds*."""
        self._watch_seconds = watch_seconds
        self._ahead: deque[float] = deque(maxlen=_LOOKS)
        self._since: float | None = None

    def sees(self, moment: datetime, own: float) -> bool:
        """Look at both clocks; return True where the moment has jumped since the last look."""
        ahead = moment.timestamp() - own
        jumped = bool(self._ahead) and not -_BACK <= ahead - max(self._ahead) <= _FORWARD
        if jumped:
            self._ahead.clear()
        if jumped or self._since is None:
            self._since = own
        self._ahead.append(ahead)
        return jumped

    def lost(self) -> None:
        """Begin to watch anew: for a while nobody could look."""
        self._since = None

    def is_sure(self, own: float) -> bool:
        """Whether the moment went steadily for long enough, up to *own*."""
        return self._since is not None and own - self._since >= self._watch_seconds

    def own_clock_at(self, moment: datetime) -> float:
        """Return what our own clock shows at *moment*."""
        return moment.timestamp() - max(self._ahead)
