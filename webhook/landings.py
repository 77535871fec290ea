"""Bring answers from the store's writers to the event loop, all that have come with one call."""

import asyncio
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Landing:
    """Where the turns of a group land together: waking the loop costs more than an answer."""

    def __init__(self) -> None:
        self._landed: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._is_called = False

    def answer_to(self, turn: "Future[T]") -> "asyncio.Future[T]":
        """Return what ends in the running loop when *turn* has ended in its thread.

        Giving up waiting does not touch the turn: it is taken and will be committed.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        turn.add_done_callback(lambda ended: self._land(loop, answer, ended))
        return answer

    def _land(
        self, loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[T]", ended: "Future[T]"
    ) -> None:
        self._landed.append((answer, ended))
        if not self._is_called:
            self._is_called = True
            # The loop is closed when the program ends; then nobody waits any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        # First the mark, then the row: who lands from now on calls again.
        self._is_called = False
        while self._landed:
            answer, ended = self._landed.popleft()
            if answer.done():
                continue
            error = ended.exception()
            if error is None:
                answer.set_result(ended.result())
            else:
                answer.set_exception(error)
