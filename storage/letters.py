"""A letter as it lies in the outbox."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from storage.desk import Desk
from storage.tables import conversation, letter

# A letter that may go at once waits for no moment: whatever a clock says, this one has passed.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Letter:
    """One letter as it lies in the outbox; `reply` is its text form, opened.

    One that was claimed for an account with a limit goes at `send_at`, at most `slack` seconds
    later; None: at once. *price*, in đồng, was counted for the month of `paid_on` when it was
    claimed, at `taken_at`. `is_template`: it goes as a neutral message that needs no window.
    """

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
    send_at: datetime | None = None
    slack: float = 0.0
    is_template: bool = False
    taken_at: datetime | None = None
    price: int = 0
    paid_on: date | None = None


class Letters(Desk):
    """Reads letters."""

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

    def _made_of(self, row: Any) -> Letter:
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
            is_template=row.is_template,
        )
