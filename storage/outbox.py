"""The outbox: a row is the queue. Written with the facts, claimed with a lease, ended once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, func, or_, select, update

from storage.desk import Desk
from storage.ids import new_id
from storage.tables import conversation, letter

OPEN = ("waiting", "claimed")
_EARLIER = letter.alias("earlier")
# An earlier letter that is tried again holds the next ones back, so that order is kept; one that
# waits for the morning holds back nothing: she is awake and has just asked something.
_BLOCKED = exists().where(
    _EARLIER.c.conversation_id == letter.c.conversation_id,
    _EARLIER.c.id < letter.c.id,
    _EARLIER.c.state.in_(OPEN),
    or_(_EARLIER.c.tries > 0, _EARLIER.c.not_before_at <= letter.c.not_before_at),
)


@dataclass(frozen=True)
class Letter:
    """One letter as it lies in the outbox; `reply` is its text form, opened."""

    id: int
    key: str
    conversation_id: int
    channel: str
    address: str
    lane: str
    if_unsure: str
    state: str
    reply: str
    tries: int
    made_at: datetime
    error: str


class Outbox(Desk):
    """Letters to send, letters that a page reads, letters that found no way."""

    def post(
        self,
        *,
        key: str,
        conversation_id: int,
        channel: str,
        reply: str,
        lane: str = "talk",
        if_unsure: str = "resend",
        state: str = "waiting",
        not_before_at: datetime | None = None,
    ) -> bool:
        """Lay a letter out, once for each *key*; return False where that key was used before."""
        row_id = new_id()
        return self._add_once(
            letter,
            id=row_id,
            key=key,
            conversation_id=conversation_id,
            channel=channel,
            lane=lane,
            if_unsure=if_unsure,
            state=state,
            reply_sealed=self._seal(letter, row_id, "reply_sealed", reply),
            made_at=self.now,
            not_before_at=not_before_at or self.now,
        )

    # --- the sender's side -------------------------------------------------------------------

    def claim(
        self,
        lease: str,
        seconds: int,
        channels: Sequence[str],
        limit: int = 50,
        conversation_id: int | None = None,
    ) -> list[Letter]:
        """Lease the letters that may go now: talk before campaign, the oldest of each address.

        A letter waits while an earlier one to the same address has not ended: order is kept.
        A lease that has run out is taken over: `resend` letters go again, `hold` ones end unsure.
        With *conversation_id* only that address is looked at. The lease lasts *seconds*.
        """
        self._end_unsure()
        query = (
            select(letter.c.id)
            .where(
                letter.c.channel.in_(channels),
                letter.c.not_before_at <= self.now,
                or_(
                    letter.c.state == "waiting",
                    and_(letter.c.state == "claimed", letter.c.leased_until_at < self.now),
                ),
                ~_BLOCKED,
            )
            # "talk" sorts after "campaign" by name, so the lane is sorted downwards.
            .order_by(letter.c.lane.desc(), letter.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        if conversation_id is not None:
            query = query.where(letter.c.conversation_id == conversation_id)
        ids = [row.id for row in self.connection.execute(query)]
        if not ids:
            return []
        self.connection.execute(
            update(letter)
            .where(letter.c.id.in_(ids))
            .values(
                state="claimed",
                lease=lease,
                leased_until_at=self.now + timedelta(seconds=seconds),
                tries=letter.c.tries + 1,
            )
        )
        return self._letters(letter.c.id.in_(ids))

    def _end_unsure(self) -> None:
        self.connection.execute(
            update(letter)
            .where(
                letter.c.state == "claimed",
                letter.c.if_unsure == "hold",
                letter.c.leased_until_at < self.now,
            )
            .values(state="held", ended_at=self.now, error="unsure", lease=None)
        )

    def sent(self, row_id: int, lease: str, ref: str) -> bool:
        """End a letter as sent and wipe its words; False where the lease was lost meanwhile."""
        return self._end(
            row_id, lease, state="sent", sent_ref=ref, reply_sealed=None, ended_at=self.now
        )

    def gone(self, row_id: int, lease: str) -> bool:
        """End a letter whose address cannot be reached any more, and wipe its words."""
        return self._end(row_id, lease, state="gone", reply_sealed=None, ended_at=self.now)

    def dead(self, row_id: int, lease: str, error: str) -> bool:
        """End a letter that no try will deliver; it stays to be looked at."""
        return self._end(row_id, lease, state="dead", error=error, ended_at=self.now)

    def hold(self, row_id: int, lease: str, error: str) -> bool:
        """End a letter of which nobody knows whether it arrived, and that must not go twice."""
        return self._end(row_id, lease, state="held", error=error, ended_at=self.now)

    def later(self, row_id: int, lease: str, at: datetime, error: str) -> bool:
        """Let a letter wait until *at*."""
        return self._end(
            row_id, lease, state="waiting", not_before_at=at, error=error, leased_until_at=None
        )

    def _end(self, row_id: int, lease: str, **values: object) -> bool:
        change = (
            update(letter)
            .where(letter.c.id == row_id, letter.c.lease == lease, letter.c.state == "claimed")
            .values(lease=None, **values)
        )
        return self.connection.execute(change).rowcount == 1

    # --- the page's side ---------------------------------------------------------------------

    def for_page(self, conversation_id: int, after: int = 0, limit: int = 200) -> list[Letter]:
        """Return what the web chat shows: the newest *limit* letters and echoes after *after*."""
        return self._letters(
            letter.c.conversation_id == conversation_id,
            letter.c.id > after,
            letter.c.state.in_(("waiting", "echo")),
            letter.c.reply_sealed.is_not(None),
            newest=limit,
        )

    def wipe_page(self, conversation_id: int) -> int:
        """Wipe what the web chat shows at this address; return how many letters.

        Words of letters that found no way to her go too; those stay counted as what they are.
        """
        self.connection.execute(
            update(letter)
            .where(
                letter.c.conversation_id == conversation_id,
                letter.c.state.in_(("dead", "held")),
            )
            .values(reply_sealed=None)
        )
        return self._wipe(letter.c.conversation_id == conversation_id)

    def wipe_before(self, channels: Sequence[str], moment: datetime) -> int:
        """Wipe letters of *channels* laid out before *moment*; return how many."""
        return self._wipe(letter.c.channel.in_(channels), letter.c.made_at < moment)

    def wipe_troubled_before(self, moment: datetime) -> int:
        """Wipe the words of letters that ended dead or unsure before *moment*; return how many.

        The letters themselves stay counted as what they are.
        """
        change = (
            update(letter)
            .where(
                letter.c.state.in_(("dead", "held")),
                letter.c.reply_sealed.is_not(None),
                letter.c.ended_at < moment,
            )
            .values(reply_sealed=None)
        )
        return self.connection.execute(change).rowcount

    def _wipe(self, *conditions: Any) -> int:
        change = (
            update(letter)
            .where(
                letter.c.reply_sealed.is_not(None),
                letter.c.state.in_(("waiting", "echo")),
                *conditions,
            )
            .values(reply_sealed=None, state="sent", ended_at=self.now)
        )
        return self.connection.execute(change).rowcount

    # --- what can be watched -----------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Return how many letters stand in each state."""
        rows = self.connection.execute(
            select(letter.c.state, func.count().label("n")).group_by(letter.c.state)
        )
        return {row.state: row.n for row in rows}

    def troubled(self, limit: int = 100) -> list[Letter]:
        """Return letters that ended dead or unsure, newest first."""
        return self._letters(letter.c.state.in_(("dead", "held")), newest=limit)[::-1]

    def _letters(self, *conditions: Any, newest: int | None = None) -> list[Letter]:
        query = (
            select(letter, conversation.c.address_sealed)
            .join(conversation, conversation.c.id == letter.c.conversation_id)
            .where(*conditions)
            .order_by(letter.c.lane.desc(), letter.c.id)
        )
        if newest is not None:
            query = query.order_by(None).order_by(letter.c.id.desc()).limit(newest)
        rows = list(self.connection.execute(query))
        return [self._made_of(row) for row in (rows[::-1] if newest is not None else rows)]

    def _made_of(self, row: Row[Any]) -> Letter:
        return Letter(
            id=row.id,
            key=row.key,
            conversation_id=row.conversation_id,
            channel=row.channel,
            address=self._open(
                conversation, row.conversation_id, "address_sealed", row.address_sealed
            ),
            lane=row.lane,
            if_unsure=row.if_unsure,
            state=row.state,
            reply=self._open(letter, row.id, "reply_sealed", row.reply_sealed),
            tries=row.tries,
            made_at=row.made_at,
            error=row.error or "",
        )
