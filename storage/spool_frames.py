"""How what waits in the spool lies in a file: sealed records, each bound to its place in it.

A record is a mark, the length of what follows and a checksum of both; then the sealed words and
their checksum. So the end of a record that was being written when the machine stopped is told from
one whose bytes were changed, and what lies behind a changed one is found again.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from storage.sealed import Keyring

# How a file begins; the figure is that of the format.
HEAD = b"KDSPOOL1"
MARK = b"\x9d\xeeKD"
_FRAME = len(MARK) + 4 + 4
_SUM = 4
_TABLE = "spool"

# whole: its sums are right. damaged: bytes of it were changed. torn: its end was never written.
Kind = Literal["whole", "damaged", "torn"]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where one record lies in its file, and its sealed bytes where it is whole."""

    kind: Kind
    offset: int
    end: int
    sealed: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What waits: its words, and when they came."""

    came_at: datetime
    text: str = field(repr=False)


def frame(keys: Keyring, number: int, offset: int, record: Record) -> bytes:
    """Return a record as it lies in the file *number* at *offset*, and opens nowhere else."""
    said = json.dumps([record.came_at.isoformat(), record.text])
    sealed = keys.seal(_TABLE, number, str(offset), said)
    told = MARK + len(sealed).to_bytes(4, "big")
    return told + _sum(told) + sealed + _sum(sealed)


def opened(keys: Keyring, number: int, one: Frame) -> Record:
    """Return what lies in a frame. Raises NotOpened."""
    said = keys.open(_TABLE, number, str(one.offset), one.sealed)
    came_at, text = json.loads(said)
    return Record(datetime.fromisoformat(came_at), text)


def frames(content: bytes) -> Iterator[Frame]:
    """Return what lies in a file, in its order, the damaged and the torn as well."""
    at = 0
    while at < len(content):
        one = _head_of(content) if at == 0 else _frame_at(content, at)
        if one is not None:
            yield one
        at = one.end if one is not None else len(HEAD)


def is_sound(content: bytes) -> bool:
    """Whether another record may be written behind what is there."""
    return content.startswith(HEAD) and all(one.kind != "torn" for one in frames(content))


def _head_of(content: bytes) -> Frame | None:
    """Return the beginning of a file where it is not as it should be."""
    if content.startswith(HEAD):
        return None
    if len(content) < len(HEAD):
        return Frame("torn", 0, len(content))
    return Frame("damaged", 0, len(HEAD))


def _frame_at(content: bytes, at: int) -> Frame:
    length = _length_at(content, at)
    if length is None:
        found = _next_mark(content, at + 1)
        is_torn = found is None and _is_beginning(content[at:])
        return Frame("torn" if is_torn else "damaged", at, found or len(content))
    end = at + _FRAME + length + _SUM
    if end > len(content):
        return Frame("torn", at, len(content))
    sealed = content[at + _FRAME : end - _SUM]
    if content[end - _SUM : end] != _sum(sealed):
        return Frame("damaged", at, end)
    return Frame("whole", at, end, sealed)


def _length_at(content: bytes, at: int) -> int | None:
    told = content[at : at + _FRAME - _SUM]
    is_head = told.startswith(MARK) and content[at + len(told) : at + _FRAME] == _sum(told)
    return int.from_bytes(told[len(MARK) :], "big") if is_head else None


def _next_mark(content: bytes, at: int) -> int | None:
    while (at := content.find(MARK, at)) >= 0:
        if _length_at(content, at) is not None:
            return at
        at += 1
    return None


def _is_beginning(rest: bytes) -> bool:
    """Whether a record was begun here and no more: a few bytes of its head, or room of zeros."""
    return not rest.strip(b"\0") or (len(rest) < _FRAME and MARK[: len(rest)] == rest[: len(MARK)])


def _sum(told: bytes) -> bytes:
    return zlib.crc32(told).to_bytes(_SUM, "big")
