"""Errors and warnings that nobody caught become lines of the log, without their words."""

import sys
import threading
import warnings
from typing import TextIO


def note_the_uncaught() -> None:
    """Let threads, finalizers and warnings end in the log: as they come they show their words."""
    threading.excepthook = lambda one: note("thread stopped", one.exc_value)
    sys.unraisablehook = lambda one: note("lost", one.exc_value)
    warnings.showwarning = _warned


def note(event: str, error: BaseException | None) -> None:
    """Write down that something stopped, and where."""
    _write("error", event, error=error)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del message, file, line
    place = f"{filename.rpartition('/')[2]}:{lineno}"
    _write("warning", "warning", kind=category.__name__, place=place)


def _write(level: str, event: str, **facts: object) -> None:
    # Loaded here, so that a command that needs no log starts without it.
    import structlog

    from webhook.logs import set_up_logs

    if not structlog.is_configured():
        set_up_logs()
    getattr(structlog.get_logger(), level)(event, **facts)
