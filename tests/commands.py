"""A command of the operator in a process of its own, without the second that it takes to load.

The process is forked from the one that runs the tests, where all is loaded already. What a command
reads, prints and ends with is its own, as is its environment.
"""

from __future__ import annotations

import ctypes
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


@dataclass
class Running:
    """A command that runs in a process of its own; the same words as `subprocess.Popen`."""

    pid: int
    typed: IO[bytes]
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, how: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, how)

    def wait(self, seconds: float = _SECONDS) -> int:
        """Return how it ended; AssertionError where it does not."""
        until = time.monotonic() + seconds
        while (code := self.poll()) is None:
            assert time.monotonic() < until, "a command does not end"
            time.sleep(0.002)
        return code

    def types(self, line: str) -> None:
        """Type a line into it."""
        self.typed.write(f"{line}\n".encode())
        self.typed.flush()

    def hangs_up(self, seconds: float = 20) -> int:
        """End its input and wait for it."""
        _typing.discard(self.typed)
        self.typed.close()
        return self.wait(seconds)


# What is typed into commands that run. A child must not hold another one's input open.
_typing: set[IO[bytes]] = set()


def start_command(words: Sequence[str], environment: Mapping[str, str], printed: Path) -> Running:
    """Start `ketdoan` with these words; what it prints is added to the file *printed*.

    It ends with this process, however this one ends.
    """
    import webhook.__main__
    import webhook.counter
    import webhook.serving
    import webhook.talking  # noqa: F401

    reads, writes = os.pipe()
    with os.fdopen(reads, "rb") as typed, printed.open("ab") as out:
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            for one in (writes, *(one.fileno() for one in _typing)):
                os.close(one)
            _end_with(parent)
            _be_the_command(words, environment, typed, out, out)
        made = Running(pid, os.fdopen(writes, "wb"))
    _typing.add(made.typed)
    return made


def _end_with(parent: int) -> None:
    """Let this process be told to end when its *parent* does."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
