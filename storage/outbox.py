"""The outbox: a row is the queue. Written with the facts, claimed with a lease, ended once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from storage.endings import Endings
from storage.ids import new_id
from storage.letters import AT_ONCE, Letter
from storage.tables import letter


class Outbox(Endings):
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
            not_before_at=not_before_at or AT_ONCE,
        )

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


__all__ = ["Letter", "Outbox"]
