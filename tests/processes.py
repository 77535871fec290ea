"""Several processes on one store, side by side, as several `serve` are on one server."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chat import KEYS, Clock

from bot.office import Office
from storage import ids
from storage.database import Database

# What one process does: with an office of its own, and a way to wait for the others.
Work = Callable[[Office, Callable[[], None]], Any]
_SECONDS = 60.0


def side_by_side(office: Office, now: datetime, *works: Work) -> list[Any]:
    """Let each work run in a process of its own on the store of *office*; return their results.

    A work may call its second argument to wait until all have come so far.
    """
    barrier = multiprocessing.get_context("fork").Barrier(len(works))
    running = [_begin(office, now, work, barrier) for work in works]
    return [_result(pid, pipe) for pid, pipe in running]


def _begin(office: Office, now: datetime, work: Work, barrier: Any) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    try:
        ids.after_fork()
        own = replace(office, database=Database(office.database.url, KEYS, Clock(now)))
        result = work(own, lambda: barrier.wait(_SECONDS) and None)
        own.database.close()
        os.write(writer, pickle.dumps(result))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        barrier.abort()
        os._exit(1)


def _result(pid: int, reader: int) -> Any:
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, "a process broke"
    return pickle.loads(told)  # noqa: S301 -- our own child wrote it
