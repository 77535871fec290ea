"""The outbox: a row is the queue. Written with the facts, claimed with a lease, ended once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, cast, exists, func, literal_column, or_, select, update

from storage.endings import Endings
from storage.ids import new_id
from storage.letters import AT_ONCE, Letter
from storage.tables import letter, round_done

# The round that takes up letters which reached nobody, each once.
LOST = "lost"
# Written out as in the partial index.
_SHUT = letter.c.state == literal_column("'shut'")


@dataclass(frozen=True)
class Unreached:
    """A letter that reached nobody, without its words."""

    id: int
    conversation_id: int
    state: str
    is_template: bool
    ended_at: datetime


class Outbox(Endings):
    """Letters to send, letters that a page reads, letters that found no way."""

    def post(  # noqa: PLR0913 -- a letter has these sides
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
        is_template: bool = False,
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
            is_template=is_template,
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
                letter.c.state.in_(("dead", "held", "shut")),
            )
            .values(reply_sealed=None)
        )
        return self._wipe(letter.c.conversation_id == conversation_id)

    def wipe_before(self, channels: Sequence[str], moment: datetime) -> int:
        """Wipe letters of *channels* laid out before *moment*; return how many."""
        return self._wipe(letter.c.channel.in_(channels), letter.c.made_at < moment)

    def wipe_troubled_before(self, moment: datetime) -> int:
        """Wipe the words of letters that found no way before *moment*; return how many.

        The letters themselves stay counted as what they are: dead, unsure, or too late.
        """
        return sum(
            self.connection.execute(
                update(letter)
                .where(which, letter.c.reply_sealed.is_not(None), letter.c.ended_at < moment)
                .values(reply_sealed=None)
            ).rowcount
            for which in (letter.c.state.in_(("dead", "held")), _SHUT)
        )

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

    # --- what did not arrive -----------------------------------------------------------------

    def unreached(
        self, channels: Sequence[str], since: datetime, limit: int = 1000
    ) -> list[Unreached]:
        """Return letters of *channels* that ended after *since* and reached nobody, oldest first.

        Those whose address was gone or whose window was closed; of templates every one. What a
        round has taken up as "lost" is left out.
        """
        taken_up = exists().where(
            round_done.c.job == LOST, round_done.c.slot == cast(letter.c.id, String)
        )
        rows = self.connection.execute(
            select(
                letter.c.id,
                letter.c.conversation_id,
                letter.c.state,
                letter.c.is_template,
                letter.c.ended_at,
            )
            .where(
                letter.c.channel.in_(channels),
                letter.c.ended_at > since,
                or_(
                    letter.c.state.in_(("gone", "shut")),
                    and_(letter.c.state == "dead", letter.c.is_template),
                ),
                ~taken_up,
            )
            .order_by(letter.c.ended_at, letter.c.id)
            .limit(limit)
        )
        return [Unreached(*row) for row in rows]

    def tips(self, conversation_id: int, beginning: str) -> list[str]:
        """Return the keys with this beginning of letters laid out for an address."""
        rows = self.connection.execute(
            select(letter.c.key).where(
                letter.c.conversation_id == conversation_id,
                letter.c.key.startswith(beginning, autoescape=True),
            )
        )
        return [row.key for row in rows]

    # --- another address of the same person ----------------------------------------------------

    def waiting_at(self, row_id: int) -> list[Letter]:
        """Return the letters that wait to be sent to an address, oldest first."""
        return self._letters(
            letter.c.conversation_id == row_id,
            letter.c.state == "waiting",
            letter.c.reply_sealed.is_not(None),
        )

    def go_on_to(self, one: Letter, lease: str | None, to: int, channel: str) -> bool:
        """Let a letter, that surely did not arrive, go to another address instead.

        It is the same letter: held by *lease*, or waiting (None). False where it is neither or no
        longer at the address it was read for, so that nothing is ever sent twice.
        """
        state = "waiting" if lease is None else "claimed"
        held: dict[str, Any] = {"id": one.id, "conversation_id": one.conversation_id}
        held |= {"lease": lease, "state": state}
        there: dict[str, Any] = {"conversation_id": to, "channel": channel, "state": "waiting"}
        free: dict[str, Any] = {"lease": None, "leased_until_at": None, "put_off_at": None}
        return self._change_where(letter, held, **there, **free) == 1

    def too_late(self, letter_id: int, row_id: int) -> Letter | None:
        """Return a letter that ended at an address because its window had closed, or None."""
        found = self._letters(
            letter.c.id == letter_id,
            letter.c.conversation_id == row_id,
            letter.c.state == "shut",
            letter.c.is_template.is_(False),
            letter.c.reply_sealed.is_not(None),
        )
        return found[0] if found else None

    def bring_back(self, one: Letter, to: int, channel: str) -> bool:
        """Let a letter that ended too late wait again, at another address of the same person."""
        ended: dict[str, Any] = {"id": one.id, "conversation_id": one.conversation_id}
        there: dict[str, Any] = {"conversation_id": to, "channel": channel, "state": "waiting"}
        afresh: dict[str, Any] = {"ended_at": None, "error": None, "put_off_at": None}
        return self._change_where(letter, ended | {"state": "shut"}, **there, **afresh) == 1

    def has_gone_on(self, one: Letter) -> bool:
        """Whether a letter has gone on to another address since it was claimed for this one."""
        row = self._row(letter, one.id)
        return row is not None and row.conversation_id != one.conversation_id

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
