"""No letter goes outside its window unpaid, and no more is spent than the operator allows."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from chat import Clock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.speech import Reply
from storage.database import Database
from storage.desk import VIETNAM
from storage.endings import Ending
from storage.letters import Letter
from storage.store import Store
from storage.tables import letter
from union.windows import Window

HOUR = timedelta(hours=1)
LEASE = 90
FREE, PAID = 48 * HOUR, 7 * 24 * HOUR
PRICE, TEMPLATE = 55, 300
# Each story has an account of its own: one database serves them all.
_accounts = itertools.count(1)
WAYS = ("sent", "gone", "shut", "dead", "held", "later", "unsure", "back", "lost")


@dataclass
class Story:
    """One account, two people, some senders; what Zalo would have billed is counted here."""

    database: Database
    clock: Clock
    window: Window
    name: str = field(default_factory=lambda: f"z{next(_accounts)}")
    laid: int = 0
    billed: dict[date, int] = field(default_factory=dict)
    claimed: list[tuple[str, Letter]] = field(default_factory=list)

    def touch(self, who: str, ago: timedelta) -> None:
        """Let her do something that becomes known *ago* later."""

        def work(store: Store) -> None:
            known = store.conversations.locked(self.name, who, "vi")
            at = store.now - ago
            if known.window_from_at is None or at > known.window_from_at:
                known.window_from_at = at
            known.window_shut_at = None
            store.conversations.keep_window(known)

        self.database.write(work)

    def lay(self, who: str, *, is_template: bool = False) -> None:
        """Lay a letter out for her."""
        self.laid += 1

        def work(store: Store) -> None:
            known = store.conversations.locked(self.name, who, "vi")
            store.outbox.post(
                key=f"{self.name}:{self.laid}",
                conversation_id=known.id,
                channel=self.name,
                reply=Reply("x").to_json(),
                is_template=is_template,
            )

        self.database.write(work)

    def claim(self, sender: str) -> list[Letter]:
        """Let a sender claim, and look whether each of its letters may go until its lease ends."""

        def work(store: Store) -> list[Letter]:
            store.outbox.take_over(LEASE)
            windows = {self.name: self.window}
            return store.outbox.claim(sender, LEASE, [self.name], windows=windows)

        taken = self.database.write(work)
        for one in taken:
            self.look_at(one)
            self.claimed.append((sender, one))
        return taken

    def look_at(self, one: Letter) -> None:
        with self.database.read() as store:
            since = store.conversations.by_id(one.conversation_id).window_from_at
        ends_at = self.clock.now + timedelta(seconds=LEASE)
        if one.price == 0:
            assert not one.is_template
            assert since is not None
            assert ends_at < since + FREE
        else:
            assert one.price == (TEMPLATE if one.is_template else PRICE)
            if not one.is_template:
                assert since is not None
                assert since + FREE <= ends_at < since + PAID
            month = self.clock.now.astimezone(VIETNAM).date().replace(day=1)
            self.billed[month] = self.billed.get(month, 0) + one.price

    def end(self, sender: str, one: Letter, way: str) -> None:
        """Let a letter end; one that certainly did not go is not billed."""
        if way == "lost":
            return
        how: Any = {"unsure": "later"}.get(way, way)
        why = "unsure" if way in ("unsure", "held") else way
        ending = Ending(one, how, why=why, seconds=1.0)
        held = self.state_of(one) == ("claimed", sender)
        for _ in range(2):
            self.database.write(lambda store: store.outbox.settle(sender, [ending]))
        if held and one.price and way not in ("sent", "held", "unsure"):
            assert one.paid_on is not None
            self.billed[one.paid_on] -= one.price

    def state_of(self, one: Letter) -> tuple[str, str | None]:
        with self.database.read() as store:
            query = select(letter.c.state, letter.c.lease).where(letter.c.id == one.id)
            row = store.connection.execute(query).one()
        return row.state, row.lease

    def check(self) -> None:
        """What is counted is what was billed, and within the budget in each month."""
        with self.database.read() as store:
            month, counted = store.spending.month_on, store.spending.spent(self.name)
        assert counted == self.billed.get(month, 0)
        assert 0 <= counted <= self.window.budget
        assert all(0 <= one <= self.window.budget for one in self.billed.values())


HERS = st.sampled_from("ab")
SENDERS = st.sampled_from("xyz")
CLAIM = st.tuples(st.just("claim"), SENDERS, st.just(0))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("touch"), HERS, st.integers(0, 60)),
        st.tuples(st.just("lay"), HERS, st.booleans()),
        st.tuples(st.just("lay"), HERS, st.just(False)),
        CLAIM,
        CLAIM,
        st.tuples(st.just("end"), st.sampled_from(WAYS), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.sampled_from([1, 30, 49, 100, 170, 400]), st.just(0)),
    ),
    min_size=12,
    max_size=40,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=STEPS,
    budget=st.sampled_from([0, 54, 55, 120, 330, 1000]),
    may=st.sampled_from(["", "template"]),
)
def test_nothing_goes_unpaid_and_nothing_is_overspent(
    database: Database, clock: Clock, steps: list[Any], budget: int, may: str
) -> None:
    """Whatever is done, said and waited for, in any order, by any number of senders."""
    window = Window(FREE, PAID, PRICE, budget, TEMPLATE if may else None)
    story = Story(database, clock, window)
    story.touch("a", timedelta())
    for what, first, second in steps:
        if what == "touch":
            story.touch(first, second * HOUR)
        elif what == "lay":
            story.lay(first, is_template=second)
        elif what == "claim":
            story.claim(first)
        elif what == "wait":
            clock.advance(hours=first)
        elif story.claimed:
            sender, one = story.claimed.pop(second % len(story.claimed))
            story.end(sender, one, first)
        story.check()


def test_senders_at_once_stay_within_one_budget(database: Database, clock: Clock) -> None:
    """Four that claim in the same moment let go together what the budget holds, and no more."""
    story = Story(database, clock, Window(FREE, PAID, PRICE, budget=5 * PRICE + 54))
    people = [f"p{number}" for number in range(12)]
    for one in people:
        story.touch(one, timedelta())
        story.lay(one)
    clock.advance(hours=50)
    start = threading.Barrier(4)
    taken: list[Letter] = []

    def claim(sender: str) -> None:
        start.wait()
        windows = {story.name: story.window}

        def work(store: Store) -> list[Letter]:
            return store.outbox.claim(sender, 90, [story.name], 2, windows=windows)

        for _ in range(3):
            taken.extend(database.write(work))

    threads = [threading.Thread(target=claim, args=(one,)) for one in "abcd"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len({one.id for one in taken}) == len(taken) == 5
    with database.read() as store:
        assert store.spending.spent(story.name) == 5 * PRICE
        states = store.outbox.counts()
    assert (states["claimed"], states["shut"]) == (5, 7)


@pytest.mark.parametrize(
    ("way", "left"),
    [("sent", 55), ("held", 55), ("unsure", 55), ("lost", 55),
     ("back", 0), ("later", 0), ("gone", 0), ("shut", 0), ("dead", 0)],
)  # fmt: skip
def test_only_what_certainly_did_not_go_is_given_back(
    database: Database, clock: Clock, way: str, left: int
) -> None:
    """Whatever may have arrived stays counted; what is noted twice is given back once."""
    story = Story(database, clock, Window(FREE, PAID, PRICE, budget=PRICE))
    story.touch("a", 50 * HOUR)
    story.lay("a")
    (one,) = story.claim("x")
    story.end("x", one, way)
    with database.read() as store:
        assert store.spending.spent(story.name) == left
    story.check()


@pytest.mark.parametrize(("left", "goes"), [(LEASE + 1, True), (LEASE - 1, False)])
def test_who_claims_may_send_until_its_lease_ends(
    database: Database,
    clock: Clock,
    left: int,
    goes: bool,  # noqa: FBT001
) -> None:
    """A letter that could still be on its way when her window closes does not set out."""
    story = Story(database, clock, Window(FREE, PAID, PRICE))
    story.touch("a", FREE - timedelta(seconds=left))
    story.lay("a")
    assert bool(story.claim("x")) is goes


def test_a_month_has_its_own_budget(database: Database, clock: Clock) -> None:
    """What was spent in November leaves December whole, by Vietnam's calendar."""
    clock.now = datetime(2026, 11, 30, 23, 30, tzinfo=VIETNAM)
    story = Story(database, clock, Window(FREE, PAID, PRICE, budget=PRICE))
    story.touch("a", 50 * HOUR)
    story.lay("a")
    (one,) = story.claim("x")
    story.end("x", one, "sent")
    story.lay("a")
    assert story.claim("x") == []
    clock.advance(hours=1)
    story.lay("a")
    assert len(story.claim("x")) == 1


def test_words_that_came_too_late_are_wiped_after_their_time(
    database: Database, clock: Clock
) -> None:
    """They stay to be looked at, and go with those of other letters that found no way."""
    story = Story(database, clock, Window(FREE, PAID, PRICE))
    story.touch("a", 60 * HOUR)
    story.lay("a")
    assert story.claim("x") == []
    kept = select(func.count()).where(
        letter.c.channel == story.name, letter.c.reply_sealed.is_not(None)
    )
    with database.read() as store:
        assert store.connection.execute(kept).scalar() == 1
    wiped = database.write(lambda store: store.outbox.wipe_troubled_before(clock.now))
    assert wiped == 0
    clock.advance(days=31)
    before = clock.now - timedelta(days=30)
    assert database.write(lambda store: store.outbox.wipe_troubled_before(before)) == 1
    with database.read() as store:
        assert store.connection.execute(kept).scalar() == 0


@pytest.mark.store("postgresql", reason="on a file no turn is under way during a claim")
def test_who_speaks_just_now_keeps_her_letters(database: Database, clock: Clock) -> None:
    """While her turn is under way nothing of hers is ended as too late: it opens her window."""
    story = Story(database, clock, Window(FREE, PAID, PRICE))
    story.touch("a", 60 * HOUR)
    story.lay("a")
    held, free = threading.Event(), threading.Event()

    def turn(store: Store) -> None:
        known = store.conversations.locked(story.name, "a", "vi")
        held.set()
        assert free.wait(10)
        known.window_from_at = store.now
        store.conversations.keep_window(known)

    answer = database.submit(turn)
    assert held.wait(10)
    assert story.claim("x") == []
    free.set()
    answer.result()
    assert len(story.claim("x")) == 1
