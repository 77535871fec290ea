"""What lies about: letters that wait, letters that found no way, events that broke their turn.

For who watches the machine. Everything here is counted over all people and enterprises together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, and_, case, func, select, text, update

from storage.desk import Desk
from storage.letters import AT_ONCE
from storage.tables import inbox, letter


def _as_written(condition: str) -> ColumnElement[bool]:
    return cast("ColumnElement[bool]", text(condition))


# Written out as in the partial indexes: SQLite uses one only where the words are the same.
_WAITING = _as_written("letter.state = 'waiting'")
_CLAIMED = _as_written("letter.state = 'claimed'")
_ENDED_BADLY = _as_written("letter.state in ('dead', 'held')")
_FAILED = _as_written("inbox.state = 'failed'")
# A letter that waits for the morning is due then; one that was put off, since it was made.
_DUE_AT = case(
    (
        and_(letter.c.put_off_at.is_(None), letter.c.not_before_at > letter.c.made_at),
        letter.c.not_before_at,
    ),
    else_=letter.c.made_at,
)


@dataclass(frozen=True)
class Waiting:
    """Letters of one channel, lane and state; *due_at* is since when the oldest might have gone.

    A letter that waits for the morning is not due before. None where nothing is due yet.
    """

    channel: str
    lane: str
    state: str
    letters: int
    due_at: datetime | None


@dataclass(frozen=True)
class Stuck:
    """Letters that found no way for one reason and wait to be looked at."""

    channel: str
    state: str
    reason: str
    letters: int


@dataclass(frozen=True)
class StuckLetter:
    """One of them, without its words and its address."""

    id: int
    channel: str
    lane: str
    state: str
    reason: str
    tries: int
    made_at: datetime
    ended_at: datetime | None


class Backlog(Desk):
    """Counts what lies about, and lets an operator clear it. Nothing sealed is opened here."""

    def waiting(self, without: Sequence[str] = ()) -> list[Waiting]:
        """Return what is still to be sent, *without* the channels where nothing is sent."""
        made = []
        for channel in self._waiting_channels():
            if channel not in without:
                made += self._waiting("waiting", _WAITING, letter.c.channel == channel)
        # Every lease is later; said so that the index of leases is used.
        leased = letter.c.leased_until_at > AT_ONCE
        made += self._waiting("claimed", _CLAIMED, leased, letter.c.channel.not_in(without))
        return sorted(made, key=lambda one: (one.channel, one.lane, one.state))

    def _waiting_channels(self) -> Iterator[str]:
        # From one channel to the next by the index: letters that pages read by themselves are
        # many, and are not looked at.
        last = ""
        while True:
            query = select(func.min(letter.c.channel)).where(_WAITING, letter.c.channel > last)
            found = self.connection.execute(query).scalar_one()
            if found is None:
                return
            last = found
            yield found

    def _waiting(self, state: str, *conditions: ColumnElement[bool]) -> list[Waiting]:
        rows = self.connection.execute(
            select(
                letter.c.channel,
                letter.c.lane,
                func.count().label("letters"),
                func.min(_DUE_AT).label("due_at"),
            )
            .where(*conditions)
            .group_by(letter.c.channel, letter.c.lane)
        )
        return [
            Waiting(row.channel, row.lane, state, row.letters, self._past(row.due_at))
            for row in rows
        ]

    def _past(self, moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment <= self.now else None

    def stuck(self) -> list[Stuck]:
        """Return what ended dead or unsure and still has its words, by channel and reason."""
        rows = self.connection.execute(
            select(
                letter.c.channel,
                letter.c.state,
                letter.c.error,
                func.count().label("letters"),
            )
            .where(*_to_look_at())
            .group_by(letter.c.channel, letter.c.state, letter.c.error)
            .order_by(letter.c.channel, letter.c.state, letter.c.error)
        )
        return [Stuck(row.channel, row.state, row.error or "", row.letters) for row in rows]

    def in_trouble(self, since: datetime) -> list[str]:
        """Return the channels of which a letter ended dead or unsure after *since*."""
        rows = self.connection.execute(
            select(letter.c.channel)
            .where(_ENDED_BADLY, letter.c.ended_at > since)
            .distinct()
            .order_by(letter.c.channel)
        )
        return [row.channel for row in rows]

    def stuck_letters(self, limit: int = 100) -> list[StuckLetter]:
        """Return those letters one by one, newest first, at most *limit*."""
        rows = self.connection.execute(
            select(
                letter.c.id,
                letter.c.channel,
                letter.c.lane,
                letter.c.state,
                func.coalesce(letter.c.error, "").label("reason"),
                letter.c.tries,
                letter.c.made_at,
                letter.c.ended_at,
            )
            .where(*_to_look_at())
            .order_by(letter.c.id.desc())
            .limit(limit)
        )
        return [StuckLetter(**row._asdict()) for row in rows]

    def send_again(self, row_id: int) -> bool:
        """Let a letter that found no way wait anew; False where it is none, or has no words."""
        return self._clear(
            row_id,
            state="waiting",
            tries=0,
            not_before_at=AT_ONCE,
            put_off_at=None,
            ended_at=None,
            leased_until_at=None,
            error=None,
        )

    def send_dead_again(self) -> int:
        """Let every dead letter wait anew that has its words; return how many."""
        dead = select(letter.c.id).where(*_to_look_at(), letter.c.state == "dead")
        ids = [row.id for row in self.connection.execute(dead)]
        return sum(self.send_again(one) for one in ids)

    def lay_aside(self, row_id: int) -> bool:
        """Wipe the words of a letter that found no way; False where it is none, or has none."""
        return self._clear(row_id, reply_sealed=None)

    def _clear(self, row_id: int, **values: object) -> bool:
        change = update(letter).where(letter.c.id == row_id, *_to_look_at()).values(**values)
        return self.connection.execute(change).rowcount == 1

    def failed_events(self) -> int:
        """Return how many events broke their turn and were not replayed."""
        query = select(func.count()).select_from(inbox).where(_FAILED)
        return int(self.connection.execute(query).scalar_one())


def _to_look_at() -> tuple[ColumnElement[bool], ...]:
    # Who wiped a letter's words has looked at it, or time has: nothing can be done with it.
    return (_ENDED_BADLY, letter.c.reply_sealed.is_not(None))
