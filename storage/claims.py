"""The sender's side of the outbox: which letters may go now, claimed with a lease.

Where a channel may be spoken on for a while only, a letter that comes too late ends here: it goes
nowhere, unless the operator pays and something is left of the month's budget.

Order of locks, so that no two transactions wait for each other: accounts, conversations, letters.
Claims of one account come one by one, so what one of them sees no other is changing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    literal_column,
    or_,
    select,
    update,
)

from storage.letters import Letter, Letters
from storage.pace import LEAST_SLACK, Account, Paces, Pacing, Slots, slots
from storage.ready import Ready
from storage.sealed import NotOpened
from storage.spending import Spending
from storage.tables import Instant, conversation, letter
from union.windows import Fare, Window

LANES = ("talk", "campaign")
# Written out as in the partial indexes: SQLite uses one only where it sees the same words.
WAITING: ColumnElement[str] = literal_column("'waiting'")
CLAIMED: ColumnElement[str] = literal_column("'claimed'")
OPEN = (WAITING, CLAIMED)
# A letter that ended so far ahead of now was noted under a clock that has been set back since.
_IMPOSSIBLE = timedelta(seconds=30)

_CHANNEL = bindparam("channel", type_=letter.c.channel.type)
_LANE = bindparam("lane", type_=letter.c.lane.type)
_NOW = bindparam("now", type_=Instant())

_held = letter.alias("held")
_before = letter.alias("before")


def _none(of: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether an address has no such open letter.

    A scalar query and no NOT EXISTS: that PostgreSQL turns into a join of whole tables wherever
    its statistics are older than a broadcast, and a claim takes twenty seconds.
    """
    one: Select[Any] = select(literal_column("1")).where(
        of.c.conversation_id == letter.c.conversation_id, of.c.state.in_(OPEN), *conditions
    )
    return one.limit(literal_column("1")).scalar_subquery().is_(None)


_NONE_ON_ITS_WAY = _none(_held, _held.c.state == CLAIMED)
# An earlier letter holds the next ones back, so that order is kept, also while it is put off. One
# that waits for its hour holds back nothing: she is awake and has just asked something. And no
# campaign holds back an answer.
_FIRST_IN_LINE = _none(
    _before,
    _before.c.state == WAITING,
    _before.c.id < letter.c.id,
    or_(_before.c.not_before_at <= _NOW, _before.c.put_off_at.is_not(None)),
    or_(_before.c.lane == _LANE, _before.c.lane == "talk"),
)


def _heads(*of: Any) -> Any:
    """Return the query of letters that may go now: the oldest of each address."""
    return (
        select(letter, conversation.c.address_sealed, conversation.c.window_from_at)
        .join(conversation, conversation.c.id == letter.c.conversation_id)
        .where(
            letter.c.state == WAITING,
            letter.c.channel == _CHANNEL,
            letter.c.lane == _LANE,
            letter.c.not_before_at <= _NOW,
            _NONE_ON_ITS_WAY,
            _FIRST_IN_LINE,
            *of,
        )
        .order_by(letter.c.not_before_at, letter.c.id)
        .limit(bindparam("room", type_=Integer()))
        .with_for_update(skip_locked=True, of=letter)
    )


_GAPS = ("channel", "lane", "now", "room", "one")
_HEADS = Ready(_heads(), *_GAPS)
_HEAD_OF_ONE = Ready(
    _heads(letter.c.conversation_id == bindparam("one", type_=letter.c.id.type)), *_GAPS
)
_ENDED_LATELY = Ready(
    select(letter.c.conversation_id).where(
        letter.c.channel == _CHANNEL,
        letter.c.ended_at > bindparam("after", type_=Instant()),
        letter.c.ended_at < bindparam("before", type_=Instant()),
    ),
    *("channel", "after", "before"),
)


@dataclass(frozen=True)
class Taken:
    """What one claim brought. *halted*: accounts that must be silent, and for how many seconds."""

    letters: list[Letter]
    halted: Mapping[str, float]


@dataclass(frozen=True)
class _NoLimit:
    per_second: float = 0.0
    per_address_seconds: float = 0.0


@dataclass(frozen=True)
class _Lease:
    """Who claims, for how long, and where it looks."""

    name: str
    seconds: float
    conversation_id: int | None


@dataclass
class _Purse:
    """What one channel may spend in this claim: nothing, where it has no window."""

    window: Window | None
    until: datetime
    month_on: date
    spent: int = 0

    def fare(self, row: Any, from_at: datetime | None) -> Fare:
        """Return how a letter may go. One that sets out now may go until its lease ends."""
        if self.window is None:
            return "free"
        if row.is_template:
            # Who has come back meanwhile is written to for nothing.
            is_back = self.window.fare(from_at, self.until, self.window.budget) == "free"
            return "shut" if is_back else self.window.template_fare(self.spent)
        return self.window.fare(from_at, self.until, self.spent)

    def pay(self, row: Any) -> int:
        """Take the price of a letter out; return it."""
        assert self.window is not None
        price = (self.window.template_price or 0) if row.is_template else self.window.price
        self.spent += price
        return price


@dataclass
class _Room:
    """What one channel may take in this claim: so many slots, or anything."""

    account: Account
    pace: Pacing
    slots: Slots | None
    purse: _Purse
    letters: list[Letter] = field(default_factory=list)

    @property
    def left(self) -> int | None:
        """How many letters it may still take; None: as many as there are."""
        return None if self.slots is None else len(self.slots.send_at) - len(self.letters)

    def seated(self) -> list[Letter]:
        """Return the letters with their slots."""
        if self.slots is None:
            return self.letters
        return [
            replace(one, send_at=at, slack=self.slots.slack)
            for one, at in zip(self.letters, self.slots.send_at, strict=False)
        ]


class Claims(Letters):
    """Claims letters that may go now."""

    def claim(
        self,
        lease: str,
        seconds: float,
        channels: Sequence[str],
        limit: int = 50,
        conversation_id: int | None = None,
        windows: Mapping[str, Window | None] | None = None,
    ) -> list[Letter]:
        """Lease letters of channels without a limit; see `take`."""
        paces = dict.fromkeys(channels, _NoLimit())
        return self.take(lease, seconds, paces, limit, conversation_id, windows=windows).letters

    def take(
        self,
        lease: str,
        seconds: float,
        paces: Mapping[str, Pacing],
        limit: int,
        conversation_id: int | None = None,
        slack: Mapping[str, float] | None = None,
        windows: Mapping[str, Window | None] | None = None,
    ) -> Taken:
        """Lease for *seconds* what may go now on the channels of *paces*, at most *limit* letters.

        Talk goes before campaigns; of each address the oldest, and none while another letter to it
        is on its way. Where a channel has a limit each letter gets a slot, good for as many
        seconds as *slack* asks. With *conversation_id* only that address is looked at. *windows*:
        for how long after her last interaction a channel may be spoken on; none: always.
        """
        desk = Paces(self.connection, self.keys, self.now, self.known)
        accounts = desk.locked(paces)
        halted = {one.name: one.halted_for for one in accounts.values() if one.halted_for > 0}
        until = self.now + timedelta(seconds=seconds)
        rooms = [
            self._room(
                one,
                paces[name],
                limit,
                (slack or {}).get(name, LEAST_SLACK),
                self._purse(name, (windows or {}).get(name), until),
            )
            for name, one in accounts.items()
            if name not in halted
        ]
        who = _Lease(lease, seconds, conversation_id)
        for lane in LANES:
            for room in rooms:
                limit -= self._fill(room, lane, limit, who)
        for room in rooms:
            if room.slots is not None and room.letters:
                desk.keep(room.account.name, room.slots.line(len(room.letters)))
        return Taken([one for room in rooms for one in room.seated()], halted)

    def _room(
        self, account: Account, pace: Pacing, limit: int, slack: float, purse: _Purse
    ) -> _Room:
        if pace.per_second <= 0:
            return _Room(account, pace, None, purse)
        free = slots(pace.per_second, self.now, account.line, limit, slack)
        return _Room(account, pace, free, purse)

    def _purse(self, account: str, window: Window | None, until: datetime) -> _Purse:
        """Return what may be spent: nobody else claims, and so pays, for this account now."""
        desk = Spending(self.connection, self.keys, self.now, self.known)
        spent = desk.spent(account) if window is not None and window.budget else 0
        return _Purse(window, until, desk.month_on, spent)

    def _fill(self, room: _Room, lane: str, limit: int, who: _Lease) -> int:
        """Claim letters of one lane for a channel; return how many."""
        most = limit if room.left is None else min(limit, room.left)
        if most <= 0:
            return 0
        shut = self._ended_lately(room)
        wanted = (room.account.name, lane, self.now, most + len(shut), who.conversation_id)
        heads = _HEADS if who.conversation_id is None else _HEAD_OF_ONE
        rows = [row for row in heads.all(self.line, wanted) if row.conversation_id not in shut]
        opened = self._paid(room, self._let_go(room.purse, rows, most))
        self._hold([one.id for one in opened], who)
        room.letters += opened
        return len(opened)

    def _let_go(self, purse: _Purse, rows: Sequence[Any], most: int) -> list[tuple[Any, int]]:
        """Return letters that may go now with what each costs; end those that come too late."""
        going: list[tuple[Any, int]] = []
        late = []
        for row in rows:
            if len(going) == most:
                break
            fare = purse.fare(row, row.window_from_at)
            if fare == "shut":
                late.append(row)
            else:
                going.append((row, purse.pay(row) if fare == "paid" else 0))
        if late:
            self._shut(purse, late)
        return going

    def _shut(self, purse: _Purse, rows: Sequence[Any]) -> None:
        """End letters that nobody may send any more, and note since when nothing reaches her.

        Who is speaking just now opens her window with it: her letters wait for that turn's end.
        Nobody is waited for, and so the order of locks does not matter.
        """
        wanted = {row.conversation_id for row in rows}
        locked = self.connection.execute(
            select(conversation.c.id, conversation.c.window_from_at, conversation.c.window_shut_at)
            .where(conversation.c.id.in_(wanted))
            .with_for_update(skip_locked=True)
        )
        known = {row.id: row for row in locked}
        for row in rows:
            whose = known.get(row.conversation_id)
            if whose is None or purse.fare(row, whose.window_from_at) != "shut":
                continue
            why = "not needed or too dear" if row.is_template else "window closed"
            self._change(letter, row.id, state="shut", error=why, ended_at=self.now)
            if whose.window_shut_at is None and not row.is_template:
                since = self._closed_at(purse, whose.window_from_at)
                self._change(conversation, whose.id, window_shut_at=since)

    def _closed_at(self, purse: _Purse, from_at: datetime | None) -> datetime:
        assert purse.window is not None
        return self.now if from_at is None else min(self.now, from_at + purse.window.free)

    def _paid(self, room: _Room, going: Sequence[tuple[Any, int]]) -> list[Letter]:
        """Open letters and count what they cost, in the same transaction that lets them go."""
        prices = {row.id: price for row, price in going}
        opened = [
            replace(one, price=prices[one.id], paid_on=room.purse.month_on, taken_at=self.now)
            for one in self._opened([row for row, _ in going])
        ]
        costly = [one for one in opened if one.price]
        if costly:
            desk = Spending(self.connection, self.keys, self.now, self.known)
            price = sum(one.price for one in costly)
            desk.spend(room.account.name, price, len(costly))
        return opened

    def _ended_lately(self, room: _Room) -> set[int]:
        """Return the addresses to which the last letter ended too short a while ago."""
        seconds = room.pace.per_address_seconds
        if seconds <= 0:
            return set()
        after = self.now - timedelta(seconds=seconds)
        span = (room.account.name, after, self.now + _IMPOSSIBLE)
        return {row.conversation_id for row in _ENDED_LATELY.all(self.line, span)}

    def _opened(self, rows: Sequence[Any]) -> list[Letter]:
        """Open letters; one that no key opens must not stop all the others, and ends here."""
        opened = []
        for row in rows:
            try:
                one = self._made_of(row)
            except NotOpened:
                self._change(letter, row.id, state="dead", error="sealed", ended_at=self.now)
            else:
                opened.append(replace(one, state="claimed", tries=one.tries + 1))
        return opened

    def _hold(self, ids: Sequence[int], who: _Lease) -> None:
        if ids:
            self.connection.execute(
                update(letter)
                .where(letter.c.id.in_(ids))
                .values(
                    state="claimed",
                    lease=who.name,
                    leased_until_at=self.now + timedelta(seconds=who.seconds),
                    tries=letter.c.tries + 1,
                )
            )
