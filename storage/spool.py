"""Where events wait that the store could not take: sealed files beside it, in the order they came.

All processes of one machine share the folder and write to one file after the other, so that who
said two things to two of them is heard in her order. What was written is on disk before anybody is
told so; a file is taken away when all of it was heard.
"""

import fcntl
import os
import re
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from storage.sealed import Keyring, NotOpened
from storage.spool_frames import HEAD, Frame, Record, frame, frames, is_sound, opened

# A file takes no more when it holds so much: what was heard goes with whole files.
FILE_BYTES = 256 * 1024
# What lies in more files is estimated: who watches must not read hundreds of megabytes.
_MOST_COUNTED = 16
_SUFFIX, _ASIDE = ".spool", ".aside"
_NAME = re.compile(r"[0-9]{12}-([0-9a-f]{16})\.(spool|aside)")
_ENDING, _FEEDING = "ending.lock", "feeding.lock"


class SpoolTrouble(Exception):
    """It is not in the spool: that is full, or its disk refuses. The text is one word for it."""


class SpoolFull(SpoolTrouble):
    """The spool holds as much as it may."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file of the spool as it was read: what lies in it, also what can not be had any more."""

    path: Path
    size: int
    frames: list[Frame] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies in the spool: about so many *events*, *bytes* of them, and when the first came.

    Some of them may have been heard. *aside*: how many files were kept since something in them
    could not be opened or heard.
    """

    events: int
    bytes: int
    oldest_at: datetime | None
    aside: int


class Spool:
    """The spool in one folder, which is made when something first waits there."""

    def __init__(
        self, folder: Path, keys: Keyring, most_bytes: int, file_bytes: int = FILE_BYTES
    ) -> None:
        """Use *folder*; at most *most_bytes* lie in it, in files of about *file_bytes*."""
        self.folder = folder
        self._keys = keys
        self._most = most_bytes
        self._file_bytes = file_bytes
        self._lock = threading.Lock()
        self._coming: list[tuple[Record, Future[None]]] = []
        self._writer: ThreadPoolExecutor | None = None
        # The file this process wrote to last, and how long it was then.
        self._last: tuple[Path, int] | None = None

    # --- what waits --------------------------------------------------------------------------

    def is_empty(self) -> bool:
        """Whether nothing waits; asked of the folder, for others may have laid something there."""
        try:
            # Asked for each event; paths would cost as much again.
            names = os.listdir(self.folder)  # noqa: PTH208
            return not any(one.endswith(_SUFFIX) and _NAME.fullmatch(one) for one in names)
        except OSError:
            return True

    def waiting(self) -> list[Path]:
        """Return the files in which something waits, oldest first."""
        return [one for one in self._files() if one.suffix == _SUFFIX]

    def read(self, path: Path) -> Waiting:
        """Return what lies in a file. Raises FileNotFoundError where it was taken away."""
        content = path.read_bytes()
        return Waiting(path, len(content), list(frames(content)))

    def opened(self, file: Waiting, one: Frame) -> Record | None:
        """Return what lies in a frame, or None where it does not open there."""
        if one.kind != "whole":
            return None
        try:
            return opened(self._keys, _number_of(file.path), one)
        except (NotOpened, ValueError, TypeError):
            return None

    def lying(self) -> Lying:
        """Look at what lies there. Raises OSError."""
        files = self._files()
        waiting = [one for one in files if one.suffix == _SUFFIX]
        looked = waiting[:_MOST_COUNTED]
        events = sum(map(self._count_of, looked)) * len(waiting) // max(len(looked), 1)
        oldest_at = self._first_of(waiting[0]) if waiting else None
        return Lying(events, _size_of(files), oldest_at, len(files) - len(waiting))

    def _count_of(self, path: Path) -> int:
        with suppress(FileNotFoundError):
            return sum(one.kind == "whole" for one in self.read(path).frames)
        return 0

    def _first_of(self, path: Path) -> datetime | None:
        with suppress(FileNotFoundError):
            file = self.read(path)
            found = (self.opened(file, one) for one in file.frames)
            return next((one.came_at for one in found if one is not None), None)
        return None

    def _files(self) -> list[Path]:
        with suppress(FileNotFoundError):
            return sorted(one for one in self.folder.iterdir() if _NAME.fullmatch(one.name))
        return []

    # --- laying up ---------------------------------------------------------------------------

    def lay_up(self, text: str, came_at: datetime) -> "Future[None]":
        """Lay an event up; the future ends when it is on disk, or with SpoolTrouble.

        What comes while the disk is busy is written and brought to disk together.
        """
        done: Future[None] = Future()
        with self._lock:
            self._coming.append((Record(came_at, text), done))
            if self._writer is None:
                self._writer = ThreadPoolExecutor(1, "spool")
            if len(self._coming) == 1:
                self._writer.submit(self._write_all)
        return done

    def close(self) -> None:
        """End after what is being written."""
        with self._lock:
            writer, self._writer = self._writer, None
        if writer is not None:
            writer.shutdown()

    def _write_all(self) -> None:
        with self._lock:
            coming, self._coming = self._coming, []
        try:
            self._write([record for record, _ in coming])
        except SpoolTrouble as trouble:
            self._fail(coming, trouble)
        except Exception as error:  # noqa: BLE001 -- nobody may be told that it is kept
            self._fail(coming, SpoolTrouble(type(error).__name__))
        else:
            for _, done in coming:
                done.set_result(None)

    def _fail(self, coming: list[tuple[Record, "Future[None]"]], trouble: SpoolTrouble) -> None:
        for _, done in coming:
            done.set_exception(trouble)

    def _write(self, records: list[Record]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._held(_ENDING):
            if _size_of(self._files()) >= self._most:
                raise SpoolFull("full")
            path = self._end() or self._begun()
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
            try:
                self._append(descriptor, path, records)
            finally:
                os.close(descriptor)

    def _append(self, descriptor: int, path: Path, records: list[Record]) -> None:
        number, size = _number_of(path), os.fstat(descriptor).st_size
        pieces = bytearray()
        for record in records:
            pieces += frame(self._keys, number, size + len(pieces), record)
        left = memoryview(pieces)
        self._last = None
        while left:
            left = left[os.write(descriptor, left) :]
        os.fdatasync(descriptor)
        self._last = (path, size + len(pieces))

    def _end(self) -> Path | None:
        """Return the file to write behind; None where none is there, or it is full or torn."""
        waiting = self.waiting()
        if not waiting:
            return None
        path = waiting[-1]
        size = path.stat().st_size
        if size >= self._file_bytes:
            return None
        is_mine = self._last == (path, size)
        return path if is_mine or is_sound(path.read_bytes()) else None

    def _begun(self) -> Path:
        """Begin the next file, which is on disk by its name, too, when this returns."""
        files = self._files()
        place = 1 + max((int(one.name.partition("-")[0]) for one in files), default=0)
        number = secrets.randbits(63)
        path = self.folder / f"{place:012d}-{number:016x}{_SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, HEAD)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _sync(self.folder)
        return path

    # --- taking away -------------------------------------------------------------------------

    @contextmanager
    def feeding(self) -> Iterator[bool]:
        """Be the one who feeds; False where another process is. Ends with the process."""
        with ExitStack() as held:
            try:
                held.enter_context(self._held(_FEEDING, waits=False))
            except BlockingIOError:
                yield False
            else:
                yield True

    def drop(self, file: Waiting, *, aside: bool) -> bool:
        """Take a file away of which all was heard; False where more has come into it meanwhile.

        *aside*: keep it under another name, for there is something in it that was not heard.
        """
        with self._held(_ENDING):
            if file.path.stat().st_size != file.size:
                return False
            if aside:
                file.path.rename(file.path.with_suffix(_ASIDE))
            else:
                file.path.unlink()
            _sync(self.folder)
        return True

    def forget_aside(self, before: datetime) -> int:
        """Take away what was laid aside before this moment; return how many files."""
        old = [
            one
            for one in self._files()
            if one.suffix == _ASIDE and one.stat().st_mtime < before.timestamp()
        ]
        for one in old:
            one.unlink(missing_ok=True)
        return len(old)

    @contextmanager
    def _held(self, name: str, *, waits: bool = True) -> Iterator[None]:
        """Hold a lock of the folder, which ends with the process. Raises BlockingIOError."""
        descriptor = os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
            yield
        finally:
            os.close(descriptor)


def _number_of(path: Path) -> int:
    named = _NAME.fullmatch(path.name)
    assert named
    return int(named[1], 16)


def _size_of(files: list[Path]) -> int:
    size = 0
    for one in files:
        with suppress(FileNotFoundError):
            size += one.stat().st_size
    return size


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
