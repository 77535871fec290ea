"""Logs as one JSON object a line, without personal data: ids and places in the code, never words.

Nothing that a library has to say is written in its own words: the text of an error may hold what
a person typed (a statement's values, an address, a token). Who wrote it and where stands there,
and whoever looks into the code finds the sentence.
"""

import json
import logging
import os
import sys
from contextlib import suppress
from threading import Lock
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from bot.hear import place_of

log = structlog.get_logger()
_writing = Lock()

_PLAIN = (str, int, float, bool, type(None))
# Longer than any name or place of ours; what is longer was not meant for a log.
_LONGEST = 300


def set_up_logs(level: int = logging.INFO) -> None:
    """Send our own lines, and that libraries complained, to standard error; nothing else."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.add_log_level,
            _with_process,
            _plainly,
            _in_order,
            structlog.processors.JSONRenderer(serializer=json.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines,
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries(logging.WARNING)], force=True)


class _Lines:
    """Writes a whole line at once; a full disk or a closed pipe stops nobody's turn."""

    def msg(self, line: str) -> None:
        """Write one line."""
        # Standard error promises nothing to threads that write at the same time.
        with _writing, suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    log = debug = info = warning = error = critical = msg


class _Libraries(logging.Handler):
    """Notes which library complained, where, and of what kind of error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line about *record*, without its words."""
        error = record.exc_info[1] if record.exc_info else None
        log.log(
            record.levelno,
            "library",
            logger=record.name,
            place=f"{record.filename}:{record.lineno}",
            **({"error": place_of(error)} if error is not None else {}),
        )


# --- what a line holds ---------------------------------------------------------------------------


def _with_process(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    # Asked each time: a child of a fork is another process.
    line["process"] = os.getpid()
    return line


def _plainly(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Let only plain short values through: an object shows its words when it is written out."""
    raised = line.pop("exc_info", None)
    line.pop("stack_info", None)
    if raised:
        line["error"] = raised if isinstance(raised, BaseException) else sys.exception()
    return {name: _plain(value) for name, value in line.items()}


def _plain(value: Any) -> str | float | bool | list[Any] | None:
    if isinstance(value, BaseException):
        return place_of(value)
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value if isinstance(value, _PLAIN) else type(value).__name__


def _in_order(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    first = ("time", "level", "event", "process")
    return {name: line[name] for name in first} | dict(line)
