"""A command of the operator in a process of its own, without the second that it takes to load.

The process is forked from the one that runs the tests, where all is loaded already. What a command
reads, prints and ends with is its own, as is its environment.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent
_SECONDS = 120.0


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    printed: str
    errors: str


def run_command(words: Sequence[str], environment: Mapping[str, str], said: str = "") -> Ran:
    """Run `ketdoan` with these words in a process of its own."""
    # Loaded here, so that it need not be in each child.
    import webhook.__main__
    import webhook.counter
    import webhook.talking  # noqa: F401

    with (
        tempfile.TemporaryFile() as typed,
        tempfile.TemporaryFile() as printed,
        tempfile.TemporaryFile() as errors,
    ):
        typed.write(said.encode())
        typed.seek(0)
        pid = os.fork()
        if pid == 0:
            _be_the_command(words, environment, typed, printed, errors)
        code = _wait_for(pid, words)
        return Ran(code, _read(printed), _read(errors))


def _be_the_command(
    words: Sequence[str], environment: Mapping[str, str], *lines: IO[bytes]
) -> None:
    """Become that command; never returns."""
    code = 1
    try:
        for number, line in enumerate(lines):
            os.dup2(line.fileno(), number)
        sys.stdin = os.fdopen(0, encoding="utf-8")
        sys.stdout, sys.stderr = (os.fdopen(one, "w", encoding="utf-8") for one in (1, 2))
        os.chdir(ROOT)
        os.environ.clear()
        os.environ.update(environment)
        code = _command(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(words: Sequence[str]) -> int:
    from storage import ids
    from webhook.__main__ import main

    ids.after_fork()
    warnings.resetwarnings()
    sys.argv = ["ketdoan", *words]
    main()
    return 0


def _wait_for(pid: int, words: Sequence[str]) -> int:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError(f"ketdoan {' '.join(words)}: it does not end")


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8")
