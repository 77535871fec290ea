"""Scans of posters, counted in memory and written each minute: how many, never who."""

import threading
from collections import Counter


class Scans:
    """Counts per poster until somebody takes the count away."""

    def __init__(self) -> None:
        self._counted: Counter[int] = Counter()
        self._lock = threading.Lock()

    def add(self, poster_id: int) -> None:
        """Count one scan of a poster."""
        with self._lock:
            self._counted[poster_id] += 1

    def take(self) -> dict[int, int]:
        """Return what was counted and begin anew."""
        with self._lock:
            counted, self._counted = dict(self._counted), Counter()
        return counted

    def put_back(self, counted: dict[int, int]) -> None:
        """Count again what could not be written."""
        with self._lock:
            self._counted.update(counted)
