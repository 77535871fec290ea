"""What waits in the spool is heard as soon as the store takes it, in the order it came in."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from bot.hear import place_of, prepare, submit
from bot.office import Office
from bot.speech import Heard, Outcome
from storage.database import NotWritten, TooBusy
from storage.spool import Spool, Waiting
from storage.spool_frames import Frame, Record

log = structlog.get_logger()

# So many are heard side by side, of each person one: others need the store as well.
MOST_AT_ONCE = 32
# One that breaks and can not even be kept, so often in a row, must not hold everybody up.
MOST_TRIES = 3
# Shorter than events are known as heard (`rounds.KEPT_DAYS`): a file that is fed again must find
# there what was heard of it, or all of that would be heard a second time.
ASIDE_KEPT_DAYS = 28


class Waits(Exception):
    """The store does not take it now; everything stays where it is."""


@dataclass
class Feeder:
    """Feeds one spool, and knows how far it came in files that are not yet heard to the end."""

    office: Office
    spool: Spool
    _heard_to: dict[str, int] = field(default_factory=dict)
    _tries: Counter[tuple[str, int]] = field(default_factory=Counter)
    _troubled: set[str] = field(default_factory=set)

    def feed(self, seconds: float = 30.0) -> bool:
        """Let what waits be heard, for about so long; return whether anything was.

        Raises Waits where the store does not take it.
        """
        until = time.monotonic() + seconds
        did = False
        if self.spool.is_empty():
            return did
        with self.spool.feeding() as is_mine:
            while is_mine and time.monotonic() < until and (waiting := self.spool.waiting()):
                did = True
                # Files that another process wrote are the same to us, also when it has died.
                with suppress(FileNotFoundError):
                    self._feed_file(self.spool.read(waiting[0]))
        return did

    def _feed_file(self, file: Waiting) -> None:
        name = file.path.name
        for batch in self._batches(file):
            self._hear(name, batch)
        torn = file.frames[-1] if file.frames and file.frames[-1].kind == "torn" else None
        if not self.spool.drop(file, aside=name in self._troubled):
            # More has come meanwhile; what looked torn was being written while we read.
            self._heard_to[name] = torn.offset if torn is not None else file.size
            return
        if torn is not None:
            log.warning("spool: an end that was never acknowledged", file=name)
        self._heard_to.pop(name, None)
        self._troubled.discard(name)

    def _batches(self, file: Waiting) -> "Iterator[list[_Event]]":
        """Return the events that are left, together as many as may be heard side by side."""
        batch: dict[str, _Event] = {}
        for one in file.frames:
            event = self._event(file, one)
            if event is None:
                continue
            if event.person in batch or len(batch) == MOST_AT_ONCE:
                yield list(batch.values())
                batch = {}
            batch[event.person] = event
        yield list(batch.values())

    def _event(self, file: Waiting, one: Frame) -> "_Event | None":
        name = file.path.name
        if one.offset < self._heard_to.get(name, 0) or one.kind == "torn":
            return None
        record = self.spool.opened(file, one)
        with suppress(ValueError, TypeError, KeyError):
            if record is not None:
                return _Event(one, record, Heard.from_json(record.text))
        if (name, one.offset) not in self._tries:
            self._tries[name, one.offset] = MOST_TRIES
            log.error("spool: does not open", file=name, offset=one.offset)
        self._troubled.add(name)
        return None

    def _hear(self, name: str, batch: "list[_Event]") -> None:
        """Hear some events; how far we came is known by the first that was not heard."""
        turns = [(event, self._begin(event)) for event in batch]
        failed: Exception | None = None
        for event, turn in turns:
            error = turn.exception()
            if isinstance(error, TooBusy | NotWritten):
                failed = failed or error
            elif error is not None and not self._is_given_up(name, event, error):
                failed = failed or Waits()
            elif failed is None:
                self._heard_to[name] = event.frame.end
        if failed is not None:
            raise Waits from failed

    def _begin(self, event: "_Event") -> "Future[Outcome]":
        """Begin its turn; what stands in the way of that stands in the future."""
        try:
            prepared = prepare(event.heard, self.office)
            return submit(event.heard, self.office, prepared, said_at=event.record.came_at)
        except Exception as error:  # noqa: BLE001 -- looked at with the others
            broken: Future[Outcome] = Future()
            broken.set_exception(error)
            return broken

    def _is_given_up(self, name: str, event: "_Event", error: BaseException) -> bool:
        self._tries[name, event.frame.offset] += 1
        if self._tries[name, event.frame.offset] < MOST_TRIES:
            return False
        log.error("spool: laid aside", file=name, error=place_of(error))
        self._troubled.add(name)
        return True


@dataclass(frozen=True)
class _Event:
    frame: Frame
    record: Record
    heard: Heard

    @property
    def person(self) -> str:
        return f"{self.heard.channel}:{self.heard.address}"


def feed(office: Office) -> bool:
    """Feed what waits in the spool of an office, if it has one; return whether anything did."""
    if office.spool is None:
        return False
    with suppress(Waits):
        return Feeder(office, office.spool).feed()
    return False


def forget_aside(office: Office) -> int:
    """Forget what was laid aside long ago; return how many files."""
    if office.spool is None:
        return 0
    return office.spool.forget_aside(office.database.moment() - timedelta(days=ASIDE_KEPT_DAYS))
