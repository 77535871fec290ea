"""What came in: each event once, and those that broke a turn, kept for replay."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from storage.desk import Desk
from storage.ids import new_id
from storage.tables import inbox


@dataclass(frozen=True)
class FailedEvent:
    """An event whose turn raised: what was heard, and which error (without its message)."""

    id: int
    channel: str
    event_id: str
    heard_at: datetime
    event: str
    error: str


class Inbox(Desk):
    """The set of events heard. A set and not a high-water mark: ids may restart anywhere."""

    def is_first_time(self, channel: str, event_id: str) -> bool:
        """Note the event and return True, or return False where it was heard before."""
        return self._add_once(
            inbox,
            channel=channel,
            event_id=event_id,
            id=new_id(),
            state="heard",
            heard_at=self.now,
        )

    def was_heard(self, channel: str, event_id: str) -> bool:
        """Whether the event was heard before; nothing is noted."""
        return self._first(inbox, channel=channel, event_id=event_id) is not None

    def came_since(self, channel: str, moment: datetime) -> tuple[int, datetime | None]:
        """Return how many events of a channel were heard since, and when its newest was, ever."""
        mine = inbox.c.channel == channel
        count = select(func.count()).where(mine, inbox.c.heard_at >= moment)
        newest = select(func.max(inbox.c.heard_at)).where(mine)
        return self.connection.execute(count).scalar_one(), self.connection.execute(
            newest
        ).scalar()

    def keep_failed(self, channel: str, event_id: str, event: str, error: str) -> bool:
        """Keep an event that broke its turn, sealed; return False where it is known already."""
        row_id = new_id()
        return self._add_once(
            inbox,
            channel=channel,
            event_id=event_id,
            id=row_id,
            state="failed",
            heard_at=self.now,
            event_sealed=self._seal(inbox, row_id, "event_sealed", event),
            error=error,
        )

    def failed(self, limit: int = 1000) -> list[FailedEvent]:
        """Return the kept events, oldest first, at most *limit*."""
        rows = self.connection.execute(
            select(inbox).where(inbox.c.state == "failed").order_by(inbox.c.id).limit(limit)
        )
        return [
            FailedEvent(
                row.id,
                row.channel,
                row.event_id,
                row.heard_at,
                self._open(inbox, row.id, "event_sealed", row.event_sealed),
                row.error or "",
            )
            for row in rows
        ]

    def take_up_again(self, event_id: int) -> bool:
        """Mark a kept event as heard now and wipe it; False where another process was first."""
        change = (
            update(inbox)
            .where(inbox.c.id == event_id, inbox.c.state == "failed")
            .values(state="replayed", event_sealed=None)
        )
        return self.connection.execute(change).rowcount == 1

    def give_up_before(self, moment: datetime) -> int:
        """Forget kept events older than *moment* that nobody replayed; return how many."""
        old = delete(inbox).where(inbox.c.heard_at < moment, inbox.c.state == "failed")
        return self.connection.execute(old).rowcount

    def forget_before(self, moment: datetime) -> int:
        """Forget events heard before *moment*, but none that waits for replay; return how many."""
        old = delete(inbox).where(inbox.c.heard_at < moment, inbox.c.state != "failed")
        return self.connection.execute(old).rowcount
