"""Knock on a server over and over: a load generator, its own cost told apart from the server's.

Reads one JSON object from standard input: the server's host and port, how long, how many lines at
once, and the requests as they go over the wire. Prints one JSON object: how many were answered
with 200, how fast, how long they took, and what this program itself cost.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import cast

import uvloop

# Who is not answered so long after the end is counted and given up.
PATIENCE = 10.0


class Caller(asyncio.Protocol):
    """One kept-alive connection: the next request goes when the last is answered."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.transport: asyncio.Transport | None = None
        self.buffer = b""
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._next()

    def data_received(self, piece: bytes) -> None:
        """Take in a piece of an answer; when it is whole, send the next request."""
        self.buffer += piece
        head, mark, rest = self.buffer.partition(b"\r\n\r\n")
        if not mark or len(rest) < _length(head):
            return
        self.work.answered(int(head[9:12]), time.perf_counter() - self.began)
        self.buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """Count who has left."""
        del error
        self.work.left()

    def _next(self) -> None:
        assert self.transport is not None
        request = self.work.take()
        if request is None:
            self.transport.close()
            return
        self.began = time.perf_counter()
        self.transport.write(request)


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return 0 if at < 0 else int(head[at + 15 :].partition(b"\r\n")[0])


class Work:
    """The requests that are left, and how those before them were answered."""

    def __init__(self, requests: list[bytes], until: float, lines: int) -> None:
        self.requests = requests
        self.until = until
        self.place = 0
        self.open = lines
        self.done = asyncio.Event()
        self.statuses: Counter[int] = Counter()
        self.taken: list[float] = []

    def take(self) -> bytes | None:
        """Return the next request, or None when time or work is over."""
        if self.place >= len(self.requests) or time.perf_counter() > self.until:
            return None
        self.place += 1
        return self.requests[self.place - 1]

    def answered(self, status: int, seconds: float) -> None:
        """Note an answer."""
        self.statuses[status] += 1
        self.taken.append(seconds)

    def left(self) -> None:
        """Note that a connection has ended."""
        self.open -= 1
        if self.open <= 0:
            self.done.set()


async def knock(asked: dict[str, object]) -> dict[str, object]:
    """Send until time or requests are over; return the figures."""
    requests = [str(one).encode() for one in asked["requests"]]  # type: ignore[attr-defined]
    lines = int(str(asked["lines"]))
    began = time.perf_counter()
    work = Work(requests, began + float(str(asked["seconds"])), lines)
    loop = asyncio.get_running_loop()
    for number in range(lines):
        # Each line from an address of its own: the door counts by address, as it should.
        last = int(str(asked.get("salt", 1))) % 250 + 1
        own = f"127.{1 + number % 200}.{1 + number // 200}.{last}"
        await loop.create_connection(
            lambda: Caller(work), str(asked["host"]), int(str(asked["port"])), local_addr=(own, 0)
        )
    unanswered = 0
    try:
        await asyncio.wait_for(work.done.wait(), float(str(asked["seconds"])) + PATIENCE)
    except TimeoutError:
        unanswered = work.open
    seconds = time.perf_counter() - began
    taken = sorted(work.taken) or [0.0]
    return {
        "answered": work.statuses[200],
        "other": {str(code): n for code, n in work.statuses.items() if code != 200},
        "unanswered": unanswered,
        "used": work.place,
        "seconds": seconds,
        "per_second": work.statuses[200] / seconds,
        "p50_ms": taken[len(taken) // 2] * 1000,
        "p99_ms": taken[int(len(taken) * 0.99)] * 1000,
        "own_cpu_seconds": time.process_time(),
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(knock(json.load(sys.stdin)))))
