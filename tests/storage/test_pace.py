"""No second is ever fuller than an account's limit, whoever claims when; halts last as told."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from chat import Clock
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.speech import Pace, Reply
from storage.database import Database
from storage.letters import Letter
from storage.pace import (
    AFRESH,
    HORIZON,
    LEAST_SLACK,
    MOST_SLACK,
    PATIENCE,
    Line,
    halted_for,
    slots,
)
from storage.store import Store

BEGAN = datetime(2026, 11, 20, tzinfo=UTC)

Claim = tuple[float, int, float, int]


def fullest_second(times: Sequence[float]) -> int:
    """Return how many fall into the fullest half-open second that begins with one of them."""
    times = sorted(times)
    return max((bisect_left(times, at + 1.0 - 1e-6) - n for n, at in enumerate(times)), default=0)


# --- slots ----------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(
    per_second=st.sampled_from((3, 5, 28, 30)),
    claims=st.lists(
        st.tuples(
            st.sampled_from((0.0, 0.01, 0.05, 0.1, 0.15, 0.3, 1.1)),  # seconds since the last
            st.sampled_from((1, 3, 40)),  # how many letters are found, by whichever process
            st.sampled_from((0.0, 0.01, 0.1, 2.0)),  # how much slack is asked for
            st.integers(0, 2**20),  # which letters go at the last moment, and which when they may
        ),
        min_size=20,
        max_size=100,
    ),
)
def test_no_second_holds_more_letters_than_the_limit(per_second: int, claims: list[Claim]) -> None:
    """However processes take turns, find more or less, and are late as far as they may be."""
    now, line, sent = BEGAN, Line(), []
    for pause, most, slack, late in claims:
        now += timedelta(seconds=pause)
        got = slots(per_second, now, line, most, slack)
        line = got.line(len(got.send_at)) if got.send_at else line
        for number, at in enumerate(got.send_at):
            is_late = late >> number & 1
            sent.append((at - BEGAN).total_seconds() + (got.slack if is_late else 0.0))
    assert fullest_second(sent) <= per_second


def test_a_busy_account_reaches_its_limit_nearly() -> None:
    """Whoever claims in time loses one letter in a hundred to the even spacing, not more."""
    now, line, count = BEGAN, Line(), 0
    while now < BEGAN + timedelta(seconds=60):
        got = slots(30, now, line, 50)
        line = got.line(len(got.send_at)) if got.send_at else line
        count += len(got.send_at)
        now += timedelta(seconds=0.1)
    assert 0.98 * 1800 <= count <= 1810


def test_slots_are_given_away_a_quarter_of_a_second_ahead_and_no_more() -> None:
    """An answer is never behind more of a campaign than this."""
    now, line = BEGAN, Line()
    for _ in range(50):
        got = slots(30, now, line, 1000)
        line = got.line(len(got.send_at)) if got.send_at else line
        assert all(at <= now + timedelta(seconds=HORIZON) for at in got.send_at)
        now += timedelta(seconds=0.07)
    assert len(slots(30, now + timedelta(days=1), line, 1000).send_at) == 8, (
        "no burst after a rest"
    )


def test_a_letter_after_a_rest_may_take_the_way_from_the_claim_to_the_call() -> None:
    """Who finds the account idle need not be there within a hundredth of a second."""
    got = slots(30, BEGAN, Line(BEGAN - timedelta(hours=1), LEAST_SLACK), 1)
    assert got.send_at == (BEGAN,)
    assert got.slack == pytest.approx(PATIENCE)
    assert slots(30, BEGAN, Line(BEGAN + timedelta(seconds=0.2)), 1).slack == LEAST_SLACK
    assert slots(30, BEGAN, Line(), 1, 99.0).slack == MOST_SLACK


@pytest.mark.parametrize("used", [1, 2, 5])
def test_slots_that_are_not_used_are_not_lost(used: int) -> None:
    """Who found fewer letters than slots leaves the rest to the next."""
    many, few = slots(30, BEGAN, Line(), 8), slots(30, BEGAN, Line(), used)
    assert many.line(used) == few.line(used)
    assert many.send_at[used] == many.line(used).free_at


def test_a_jump_is_followed_by_a_pause_that_lets_everything_pass() -> None:
    """What may still be used of before, and a whole second."""
    assert AFRESH >= 1 + HORIZON + MOST_SLACK


# --- halts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "left"),
    [(0, 30.0), (29, 1.0), (30, 0.0), (31, 0.0), (-5, 30.0), (-86400, 30.0), (86400, 0.0)],
)
def test_a_halt_is_never_longer_than_it_was(now: int, left: float) -> None:
    """A clock that was set back does not make thirty seconds a day."""
    at = BEGAN + timedelta(seconds=now)
    assert halted_for(at, BEGAN, BEGAN + timedelta(seconds=30)) == left
    assert halted_for(at, None, None) == 0.0


def halts(database: Database) -> dict[str, float]:
    """Return which accounts are halted, and for how long."""
    with database.read() as store:
        return store.paces.halts()


def test_the_longest_halt_holds_for_all(database: Database, clock: Clock) -> None:
    """A shorter one that comes later ends nothing, a longer one prolongs it."""
    database.write(lambda store: store.paces.halt("paper", 30))
    clock.advance(seconds=10)
    database.write(lambda store: store.paces.halt("paper", 5))
    assert halts(database) == {"paper": 20.0}
    database.write(lambda store: store.paces.halt("paper", 60))
    assert halts(database) == {"paper": 60.0}
    clock.advance(seconds=60)
    assert halts(database) == {}


def test_a_halted_account_gives_no_letter_and_the_others_do(
    database: Database, clock: Clock
) -> None:
    """Nobody claims for it before its time is over, and says for how long."""
    lay(database, "paper", "a")
    lay(database, "abroad", "b")
    database.write(lambda store: store.paces.halt("paper", 30))
    paces = {"paper": Pace(30, 1), "abroad": Pace(0, 0)}
    clock.advance(seconds=29.5)
    taken = database.write(lambda store: store.outbox.take("x", 90, paces, 10))
    assert [one.channel for one in taken.letters] == ["abroad"]
    assert taken.halted == {"paper": 0.5}
    clock.advance(seconds=0.5)
    taken = database.write(lambda store: store.outbox.take("x", 90, paces, 10))
    assert [one.channel for one in taken.letters] == ["paper"]


def test_a_halt_written_under_a_clock_set_back_ends(database: Database, clock: Clock) -> None:
    """It lasts as long as it was to last, from when the clock was set back."""
    database.write(lambda store: store.paces.halt("paper", 30))
    clock.advance(days=-1)
    lay(database, "paper", "a")
    assert halts(database) == {"paper": 30.0}
    assert database.write(lambda store: store.outbox.claim("x", 90, ["paper"])) == []
    clock.advance(seconds=29)
    assert database.write(lambda store: store.outbox.claim("x", 90, ["paper"])) == []
    clock.advance(seconds=1)
    assert len(database.write(lambda store: store.outbox.claim("x", 90, ["paper"]))) == 1


# --- in the database ------------------------------------------------------------------------------


def lay(database: Database, channel: str, *addresses: str, **how: str) -> None:
    """Lay a letter out for each address."""

    def work(store: Store) -> None:
        for number, address in enumerate(addresses):
            known = store.conversations.locked(channel, address, "vi")
            store.outbox.post(
                key=f"{channel}:{address}:{number}:{store.now.timestamp()}",
                conversation_id=known.id,
                channel=channel,
                reply=Reply(f"{address}{number}").to_json(),
                **how,  # type: ignore[arg-type]
            )

    database.write(work)


def take(pace: Pace, lease: str = "x", limit: int = 50) -> Callable[[Store], list[Letter]]:
    """Return the work of one claim."""
    return lambda store: store.outbox.take(lease, 90, {"paper": pace}, limit).letters


def test_each_letter_carries_its_slot(database: Database, clock: Clock) -> None:
    """Slots lie evenly; what another process claims in the same moment comes after them."""
    lay(database, "paper", *(f"n{number}" for number in range(20)))
    first = database.write(take(Pace(10, 0), "one", 1))
    second = database.write(take(Pace(10, 0), "two"))
    times = [one.send_at for one in (*first, *second)]
    assert [len(first), len(second)] == [1, 2]
    assert times[0] == clock.now
    gaps = [(b - a).total_seconds() for a, b in pairwise(times) if a and b]
    # The first was given more slack; what the others have less of it lies before them.
    assert gaps[0] == pytest.approx(0.1 * (1 + PATIENCE) + PATIENCE - LEAST_SLACK, abs=1e-4)
    assert gaps[1] == pytest.approx(0.1 * (1 + LEAST_SLACK), abs=1e-4)


def test_a_channel_without_limit_gives_many_at_once(database: Database) -> None:
    """No slot is reserved where nobody asks for one."""
    lay(database, "paper", *(f"n{number}" for number in range(120)))
    letters = database.write(take(Pace(0, 0), limit=100))
    assert len(letters) == 100
    assert {one.send_at for one in letters} == {None}


def test_two_letters_to_one_address_lie_a_second_apart(database: Database, clock: Clock) -> None:
    """The second goes a second after the first has ended, whichever process looks."""
    lay(database, "paper", "a", "a", "b")
    first = database.write(take(Pace(30, 1.0)))
    assert [one.address for one in first] == ["a", "b"]
    clock.advance(seconds=5)
    database.write(lambda store: store.outbox.sent(first[0].id, "x", "r"))
    clock.advance(seconds=0.999)
    assert database.write(take(Pace(30, 1.0), "other")) == []
    clock.advance(seconds=0.001)
    assert len(database.write(take(Pace(30, 1.0), "other"))) == 1


def test_a_slot_far_ahead_is_put_right(database: Database, clock: Clock) -> None:
    """After the clock was set back by a day, letters go again within three seconds."""
    lay(database, "paper", "a", "b")
    assert len(database.write(take(Pace(30, 1.0), limit=1))) == 1
    clock.advance(days=-1)
    assert database.write(take(Pace(30, 1.0))) == []
    clock.advance(seconds=AFRESH)
    assert len(database.write(take(Pace(30, 1.0)))) == 1


@pytest.mark.parametrize("seed", range(12))
def test_several_senders_on_one_database_keep_every_rule(
    database: Database, clock: Clock, seed: int
) -> None:
    """Random claims, endings, halts and pauses: limit, spacing, order, nothing twice, all sent."""
    import random

    chance = random.Random(seed)
    pace = Pace(10, 1.0)
    for number in range(60):
        lane = "campaign" if number % 3 == 0 else "talk"
        lay(database, "paper", f"a{number % 9}", lane=lane)
        clock.advance(milliseconds=3)
    in_hand: dict[str, list[tuple[float, Letter]]] = {"one": [], "two": [], "three": []}
    sent: list[tuple[float, Letter]] = []
    quiet_until = 0.0
    until = clock.now + timedelta(minutes=5)
    while len(sent) < 60 and clock.now < until:
        clock.advance(milliseconds=chance.randint(1, 60))
        name, now = chance.choice(list(in_hand)), clock.now.timestamp()
        for at, one in [pair for pair in in_hand[name] if pair[0] <= now]:
            in_hand[name].remove((at, one))
            if at < quiet_until:
                put = "back"
            elif chance.random() < 0.02:
                put, quiet_until = "halt", max(quiet_until, at + 2)
            else:
                put = "sent"
                sent.append((at, one))
            database.write(_ended(name, one, put))
        if chance.random() < 0.7:
            for one in database.write(take(pace, name, chance.randint(1, 9))):
                assert one.send_at is not None
                late = chance.random() * one.slack
                in_hand[name].append((one.send_at.timestamp() + late, one))
    assert len({one.key for _, one in sent}) == len(sent) == 60
    assert fullest_second([at for at, _ in sent]) <= 10
    for address in {one.address for _, one in sent}:
        mine = sorted((at, one.id, one) for at, one in sent if one.address == address)
        assert all(b[0] - a[0] >= 1.0 - 1e-6 for a, b in pairwise(mine))
        for lane in ("talk", "campaign"):
            ids = [row_id for _, row_id, one in mine if one.lane == lane]
            assert ids == sorted(ids)


def _ended(lease: str, one: Letter, how: str) -> Callable[[Store], None]:
    from storage.endings import Ending

    if how == "sent":
        return lambda store: store.outbox.settle(lease, [Ending(one, "sent", ref="r")])
    halt = 2.0 if how == "halt" else 0.0
    return lambda store: store.outbox.settle(lease, [Ending(one, "back", halt=halt)])
