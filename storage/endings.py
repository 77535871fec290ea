"""How letters end: as their sender says, or after it, when it is no more."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update

from storage.claims import CLAIMED, WAITING, Claims
from storage.conversations import Conversations
from storage.letters import Letter
from storage.pace import Paces
from storage.spending import Spending
from storage.tables import letter

MOST_TRIES = 12
# A lease or a wait that begins or ends so far ahead was written under a clock set back since.
_SLACK = timedelta(seconds=30)
_MOST_MENDED = 10_000


@dataclass(frozen=True)
class Ending:
    """How one try ended. *ref*: the channel's own name for what was sent; *why*: a reason's name.

    shut: the channel says that she has not been there for too long.
    later: put off for *seconds*. back: not tried, waits as before. A try that does not count
    (*counts*) brings no letter nearer to its end. *halt*: seconds for its whole account.
    """

    letter: Letter
    how: Literal["sent", "gone", "shut", "dead", "held", "later", "back"]
    ref: str = ""
    why: str = ""
    seconds: float = 0.0
    counts: bool = True
    halt: float = 0.0

    @property
    def certainly_did_not_go(self) -> bool:
        """Whether nothing arrived and nothing is to be paid."""
        is_told = self.how in ("later", "dead") and self.why != "unsure"
        return is_told or self.how in ("back", "gone", "shut")


class Endings(Claims):
    """Ends letters that were claimed."""

    # --- as their sender says ------------------------------------------------------------------

    def settle(self, lease: str, endings: Sequence[Ending]) -> None:
        """Note how the tries of these letters ended, where *lease* still holds them.

        Noting the same twice changes nothing.
        """
        self._halt(endings)
        # A template that does not go says nothing of whether letters do.
        letters = [one for one in endings if not one.letter.is_template]
        gone = {one.letter.conversation_id for one in letters if one.how == "gone"}
        conversations = Conversations(self.connection, self.keys, self.now, self.known)
        for conversation_id in sorted(gone):
            conversations.mark_gone(conversation_id, gone=True)
        shut = {one.letter.conversation_id: one for one in letters if one.how == "shut"}
        for conversation_id, one in sorted(shut.items()):
            asked_at = one.letter.taken_at or self.now
            conversations.mark_shut(conversation_id, asked_at)
        self._all_sent(lease, [one for one in endings if one.how == "sent"])
        for one in sorted(endings, key=lambda one: one.letter.id):
            if self._settle_one(lease, one):
                self.give_back(one)

    def _halt(self, endings: Iterable[Ending]) -> None:
        longest: dict[str, float] = {}
        for one in endings:
            account = one.letter.channel
            longest[account] = max(one.halt, longest.get(account, 0.0))
        desk = Paces(self.connection, self.keys, self.now, self.known)
        for account, seconds in sorted(longest.items()):
            if seconds > 0:
                desk.halt(account, seconds)

    def _all_sent(self, lease: str, endings: Sequence[Ending]) -> None:
        if not endings:
            return
        change = (
            update(letter)
            .where(letter.c.id == bindparam("row"), *_is_held(lease))
            .values(
                state="sent",
                lease=None,
                reply_sealed=None,
                ended_at=self.now,
                sent_ref=bindparam("ref"),
            )
        )
        in_order = sorted(endings, key=lambda one: one.letter.id)
        rows = [{"row": one.letter.id, "ref": _plain(one.ref, 128)} for one in in_order]
        self.connection.execute(change, rows)

    def _settle_one(self, lease: str, one: Ending) -> bool:
        """Note how one letter ended; False where that was noted before, or the lease was lost."""
        row_id, why = one.letter.id, _plain(one.why, 64)
        did = False
        match one.how:
            case "gone":
                did = self.gone(row_id, lease, why)
            case "shut":
                did = self._end(row_id, lease, state="shut", error=why)
            case "dead":
                did = self.dead(row_id, lease, why)
            case "held":
                did = self.hold(row_id, lease, why)
            case "later":
                did = self._put_off(row_id, lease, one, why)
            case "back":
                did = self._back(*_is_held(lease), letter.c.id == row_id) == 1
        return did

    def give_back(self, one: Ending) -> None:
        """Give back what a letter was to cost that certainly did not go."""
        paid = one.letter
        if paid.price and paid.paid_on is not None and one.certainly_did_not_go:
            desk = Spending(self.connection, self.keys, self.now, self.known)
            desk.give_back(paid.channel, paid.paid_on, paid.price)

    def sent(self, row_id: int, lease: str, ref: str) -> bool:
        """End a letter as sent and wipe its words; False where the lease was lost meanwhile."""
        return self._end(row_id, lease, state="sent", sent_ref=ref, reply_sealed=None)

    def gone(self, row_id: int, lease: str, error: str = "") -> bool:
        """End a letter whose address cannot be reached any more, and wipe its words."""
        return self._end(row_id, lease, state="gone", reply_sealed=None, error=error or None)

    def dead(self, row_id: int, lease: str, error: str) -> bool:
        """End a letter that no try will deliver; it stays to be looked at."""
        return self._end(row_id, lease, state="dead", error=error)

    def hold(self, row_id: int, lease: str, error: str) -> bool:
        """End a letter of which nobody knows whether it arrived, and that must not go twice."""
        return self._end(row_id, lease, state="held", error=error)

    def _end(self, row_id: int, lease: str, **values: Any) -> bool:
        held = {"id": row_id, "lease": lease, "state": "claimed"}
        changed: dict[str, Any] = {"lease": None, "ended_at": self.now, **values}
        return self._change_where(letter, held, **changed) == 1

    def _put_off(self, row_id: int, lease: str, one: Ending, why: str) -> bool:
        change = (
            update(letter)
            .where(letter.c.id == row_id, *_is_held(lease))
            .values(
                state="waiting",
                lease=None,
                leased_until_at=None,
                not_before_at=self.now + timedelta(seconds=one.seconds),
                put_off_at=self.now,
                tries=letter.c.tries - (0 if one.counts else 1),
                error=why,
            )
        )
        return self.connection.execute(change).rowcount == 1

    def _back(self, *conditions: ColumnElement[bool]) -> int:
        """Let letters wait as before they were claimed."""
        change = (
            update(letter)
            .where(letter.c.state == CLAIMED, *conditions)
            .values(state="waiting", lease=None, leased_until_at=None, tries=letter.c.tries - 1)
        )
        return self.connection.execute(change).rowcount

    # --- after it ------------------------------------------------------------------------------

    def forget(self, lease: str, but: AbstractSet[int]) -> int:
        """Let letters of *lease* wait again, *but* those really in hand; return how many.

        For a sender that was not told whether its claim was kept: it sent none of these.
        """
        mine = select(letter.c.id).where(letter.c.state == CLAIMED, letter.c.lease == lease)
        ids = [row.id for row in self.connection.execute(mine) if row.id not in but]
        return self._back(letter.c.lease == lease, letter.c.id.in_(ids)) if ids else 0

    def take_over(
        self, seconds: float, *, watched: bool = False, most_tries: int = MOST_TRIES
    ) -> None:
        """Take over what was claimed for *seconds* by a sender that is no more.

        `resend` letters wait again, `hold` ones end unsure. One whose sender has died of it over
        and over is dead. Who has *watched* the clock for as long as a lease lasts knows that one
        that ends far ahead was written before the clock was set back.
        """
        run_out = letter.c.leased_until_at < self.now
        if watched:
            furthest = self.now + timedelta(seconds=seconds) + _SLACK
            run_out = or_(run_out, letter.c.leased_until_at > furthest)
        left = and_(letter.c.state == CLAIMED, run_out)
        ended = {"error": "unsure", "lease": None}
        for which, values in (
            (letter.c.if_unsure == "hold", {"state": "held", "ended_at": self.now}),
            (letter.c.tries >= most_tries, {"state": "dead", "ended_at": self.now}),
            (letter.c.if_unsure == "resend", {"state": "waiting", "leased_until_at": None}),
        ):
            self.connection.execute(update(letter).where(left, which).values(**ended, **values))

    def mend(self) -> int:
        """Shorten waits that began under a clock set back since; return how many.

        A letter waits as long as it was to wait when it was laid out or put off, counted from now.
        """
        began = func.coalesce(letter.c.put_off_at, letter.c.made_at, type_=letter.c.made_at.type)
        rows = self.connection.execute(
            select(letter.c.id, letter.c.not_before_at, letter.c.put_off_at, letter.c.made_at)
            .where(letter.c.state == WAITING, letter.c.not_before_at > self.now)
            .where(began > self.now + _SLACK)
            .limit(_MOST_MENDED)
        ).all()
        for row in rows:
            since = "made_at" if row.put_off_at is None else "put_off_at"
            waits = row.not_before_at - (row.put_off_at or row.made_at)
            changed: Any = {"not_before_at": self.now + waits, since: self.now}
            self._change(letter, row.id, **changed)
        return len(rows)


def _is_held(lease: str) -> tuple[ColumnElement[bool], ...]:
    return (letter.c.lease == lease, letter.c.state == CLAIMED)


def _plain(text: str, most: int) -> str:
    """Return a text that any store takes: a channel may say anything."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:most]
