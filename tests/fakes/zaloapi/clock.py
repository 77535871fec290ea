"""The fake's own time: the real one, moved by a test."""

import asyncio
import time
from datetime import datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))


class Clock:
    """Unix time in seconds. Who waits for a moment wakes when the clock is moved there."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.bell: asyncio.Future[None] | None = None

    def now(self) -> float:
        return time.time() + self.ahead

    def ms(self) -> str:
        """Milliseconds as Zalo writes them: a string."""
        return str(int(self.now() * 1000))

    def in_vietnam(self) -> datetime:
        return datetime.fromtimestamp(self.now(), VIETNAM)

    def move(self, seconds: float) -> None:
        self.ahead += seconds
        if self.bell and not self.bell.done():
            self.bell.set_result(None)
        self.bell = None

    async def until(self, moment: float) -> None:
        while (left := moment - self.now()) > 0:
            self.bell = self.bell or asyncio.get_running_loop().create_future()
            await asyncio.wait([self.bell], timeout=left)
