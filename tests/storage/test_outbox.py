"""Which letter may go, which waits for which, and what becomes of those that nobody ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from chat import Clock
from sqlalchemy import select, update

from bot.speech import Pace, Reply
from storage import claims, ready
from storage.database import Database
from storage.endings import MOST_TRIES, Ending
from storage.letters import Letter
from storage.store import Store
from storage.tables import letter


def lay(database: Database, *texts: str, address: str = "a", **how: Any) -> None:
    """Lay letters out for an address."""

    def work(store: Store) -> None:
        known = store.conversations.locked("paper", address, "vi")
        for text in texts:
            store.outbox.post(
                key=f"{address}:{text}",
                conversation_id=known.id,
                channel="paper",
                reply=Reply(text).to_json(),
                **how,
            )

    database.write(work)


def claim(database: Database, lease: str = "x", limit: int = 50) -> list[Letter]:
    """Claim what may go now."""
    return database.write(lambda store: store.outbox.claim(lease, 90, ["paper"], limit))


def texts(letters: list[Letter]) -> list[str]:
    """Return what is written in letters."""
    return [Reply.from_json(one.reply).text for one in letters]


def settle(database: Database, *endings: Ending, lease: str = "x") -> None:
    """Note how letters ended."""
    database.write(lambda store: store.outbox.settle(lease, endings))


def row(database: Database, text: str) -> Any:
    """Return the row of a letter."""
    with database.read() as store:
        query = select(letter).where(letter.c.key.endswith(f":{text}"))
        return store.connection.execute(query).one()


def change(database: Database, **values: Any) -> None:
    """Change every letter behind everybody's back."""
    database.write(lambda store: store.connection.execute(update(letter).values(**values)))


# --- order ----------------------------------------------------------------------------------------


def test_nothing_overtakes_a_letter_that_another_sender_has_in_hand(database: Database) -> None:
    """While one process sends the first letter to an address, no other gets the second."""
    lay(database, "1", "2")
    (first,) = claim(database, "one")
    assert claim(database, "other") == []
    settle(database, Ending(first, "sent"), lease="one")
    assert texts(claim(database, "other")) == ["2"]


def test_two_letters_to_one_address_are_never_on_their_way_together(
    database: Database, clock: Clock
) -> None:
    """A letter kept for its hour and one that was laid out after it: one, then the other."""
    lay(database, "morning", not_before_at=clock.now + timedelta(hours=1))
    lay(database, "answer")
    (answer,) = claim(database)
    clock.advance(hours=2)
    assert claim(database, "other") == [], "the answer is still on its way"
    settle(database, Ending(answer, "sent"))
    assert texts(claim(database, "other")) == ["morning"]


def test_when_both_are_due_the_older_goes_first_and_alone(
    database: Database, clock: Clock
) -> None:
    """At its hour a letter takes its place in the line again."""
    lay(database, "morning", not_before_at=clock.now + timedelta(hours=1))
    clock.advance(hours=1)
    lay(database, "answer")
    (first,) = claim(database)
    assert texts([first]) == ["morning"]
    settle(database, Ending(first, "sent"))
    assert texts(claim(database)) == ["answer"]


def test_a_letter_put_off_holds_the_next_one_back_though_its_try_did_not_count(
    database: Database, clock: Clock
) -> None:
    """Order is kept while an address has asked for quiet."""
    lay(database, "1", "2")
    (first,) = claim(database)
    settle(database, Ending(first, "later", seconds=30, counts=False))
    assert row(database, "1").tries == 0
    clock.advance(seconds=29)
    assert claim(database) == []
    clock.advance(seconds=1)
    assert texts(claim(database)) == ["1"]


def test_no_campaign_holds_back_an_answer(database: Database) -> None:
    """Who is to get news of a broadcast and writes meanwhile is answered at once, in order."""
    lay(database, "news", lane="campaign")
    lay(database, "answer", "answer 2")
    lay(database, "more news", lane="campaign")
    got = []
    for _ in range(4):
        (one,) = claim(database)
        settle(database, Ending(one, "sent"))
        got += texts([one])
    assert got == ["answer", "answer 2", "news", "more news"]


def test_talk_goes_before_campaigns_however_late_it_comes(database: Database) -> None:
    """A full batch of answers leaves no room for a broadcast."""
    for number in range(10):
        lay(database, "news", address=f"n{number}", lane="campaign")
    for number in range(3):
        lay(database, "answer", address=f"t{number}")
    assert texts(claim(database, limit=3)) == ["answer"] * 3
    assert texts(claim(database, limit=4)) == ["news"] * 4


def test_what_waits_for_its_hour_goes_after_what_waits_for_nothing(
    database: Database, clock: Clock
) -> None:
    """At seven in the morning whoever has just written is answered before the night's letters."""
    for number in range(5):
        hour = clock.now + timedelta(hours=1)
        lay(database, "night", address=f"n{number}", not_before_at=hour)
    clock.advance(hours=2)
    lay(database, "answer", address="z")
    assert texts(claim(database, limit=2)) == ["answer", "night"]


# --- endings --------------------------------------------------------------------------------------


def test_an_ending_noted_twice_is_noted_once(database: Database) -> None:
    """Who could not hear that it was written may write it again."""
    lay(database, "1")
    (one,) = claim(database)
    settle(database, Ending(one, "sent", ref="first"))
    settle(database, Ending(one, "back"), Ending(one, "sent", ref="again"))
    assert (row(database, "1").state, row(database, "1").sent_ref) == ("sent", "first")


def test_many_endings_are_noted_together(database: Database) -> None:
    """Each letter ends as it was said, in one transaction."""
    for number in range(6):
        lay(database, f"{number}", address=f"{number}")
    a, b, c, d, e, f = claim(database)
    settle(
        database,
        Ending(a, "sent", ref="r"),
        Ending(b, "gone"),
        Ending(c, "dead", why="rejected"),
        Ending(d, "held", why="unsure"),
        Ending(e, "later", why="unreachable", seconds=4),
        Ending(f, "back"),
    )
    states = [row(database, f"{number}").state for number in range(6)]
    assert states == ["sent", "gone", "dead", "held", "waiting", "waiting"]
    assert [row(database, f"{number}").tries for number in (4, 5)] == [1, 0]
    assert row(database, "0").reply_sealed is None
    with database.read() as store:
        known = store.conversations.find("paper", "1")
    assert known is not None
    assert known.gone_at is not None


@pytest.mark.parametrize("text", ["x" * 1000, "a\0b", "\ud800", "Đã gửi 👍"])
def test_whatever_a_channel_says_can_be_noted(database: Database, text: str) -> None:
    """A reference or reason that no store would take must not stop the sender."""
    lay(database, "1")
    lay(database, "2", address="b")
    one, two = claim(database)
    settle(database, Ending(one, "sent", ref=text), Ending(two, "dead", why=text))
    assert row(database, "1").state == "sent"
    assert row(database, "2").state == "dead"


def test_a_lease_that_was_lost_ends_nothing(database: Database, clock: Clock) -> None:
    """A sender that comes back too late cannot mark what another has taken over."""
    lay(database, "1")
    (one,) = claim(database, "slow")
    clock.advance(seconds=91)
    database.write(lambda store: store.outbox.take_over(90))
    claim(database, "other")
    assert not database.write(lambda store: store.outbox.sent(one.id, "slow", "x"))
    settle(database, Ending(one, "sent"), Ending(one, "dead"), lease="slow")
    settle(database, Ending(one, "later"), Ending(one, "back"), lease="slow")
    assert row(database, "1").lease == "other"


def test_a_letter_that_no_key_opens_stops_no_other(database: Database) -> None:
    """It ends dead and can be seen; the rest goes."""
    lay(database, "broken")
    change(database, reply_sealed=b"\x01\x00\x00\x00\x01" + b"?" * 40)
    lay(database, "whole", address="b")
    assert texts(claim(database)) == ["whole"]
    assert (row(database, "broken").state, row(database, "broken").error) == ("dead", "sealed")


# --- whoever is no more ---------------------------------------------------------------------------


@pytest.mark.parametrize(("if_unsure", "state"), [("resend", "waiting"), ("hold", "held")])
def test_what_a_dead_sender_held_is_taken_over_when_its_lease_has_run_out(
    database: Database, clock: Clock, if_unsure: str, state: str
) -> None:
    """Not before; then it goes again, or is shown as unsure."""
    lay(database, "1", if_unsure=if_unsure)
    claim(database)
    clock.advance(seconds=89)
    database.write(lambda store: store.outbox.take_over(90, watched=True))
    assert row(database, "1").state == "claimed"
    clock.advance(seconds=2)
    database.write(lambda store: store.outbox.take_over(90))
    assert row(database, "1").state == state
    assert row(database, "1").error == "unsure"


def test_a_letter_of_which_its_senders_die_ends(database: Database, clock: Clock) -> None:
    """Taken in hand a dozen times and never ended, it is dead and can be seen."""
    lay(database, "1")
    for _ in range(MOST_TRIES):
        assert len(claim(database)) == 1
        clock.advance(seconds=91)
        database.write(lambda store: store.outbox.take_over(90))
    assert row(database, "1").state == "dead"


def test_a_lease_that_ends_a_day_ahead_runs_out_for_who_has_watched(
    database: Database, clock: Clock
) -> None:
    """It was written before the clock was set back, by somebody who is no more."""
    lay(database, "1")
    claim(database)
    clock.advance(days=-1)
    database.write(lambda store: store.outbox.take_over(90))
    assert row(database, "1").state == "claimed", "nobody has watched yet"
    database.write(lambda store: store.outbox.take_over(90, watched=True))
    assert row(database, "1").state == "waiting"


def test_a_sender_lets_go_of_what_it_does_not_know_to_hold(database: Database) -> None:
    """After a claim whose answer was lost: what is not in hand waits again, untried."""
    for number in range(3):
        lay(database, f"{number}", address=f"{number}")
    held, *_ = claim(database, "mine", limit=2)
    claim(database, "other")
    assert database.write(lambda store: store.outbox.forget("mine", {held.id})) == 1
    states = [
        (row(database, f"{number}").state, row(database, f"{number}").tries) for number in range(3)
    ]
    assert states == [("claimed", 1), ("waiting", 0), ("claimed", 1)]


# --- a clock that is set back ---------------------------------------------------------------------


def test_a_letter_that_may_go_at_once_goes_whatever_the_clock_says(
    database: Database, clock: Clock
) -> None:
    """It does not wait for the moment at which it was written to come back."""
    lay(database, "1")
    clock.advance(days=-1)
    assert texts(claim(database)) == ["1"]


@pytest.mark.parametrize("minutes", [1, 480])
def test_a_wait_that_began_in_the_future_is_counted_from_now(
    database: Database, clock: Clock, minutes: int
) -> None:
    """Eight hours stay eight hours, and a minute a minute, when the clock is set back by a day."""
    wait = timedelta(minutes=minutes)
    if minutes == 1:  # put off after a try; otherwise kept for its hour
        lay(database, "1")
        (one,) = claim(database)
        settle(database, Ending(one, "later", seconds=60))
    else:
        lay(database, "1", not_before_at=clock.now + wait)
    clock.advance(days=-1)
    assert database.write(lambda store: store.outbox.mend()) == 1
    assert row(database, "1").not_before_at == clock.now + wait
    assert database.write(lambda store: store.outbox.mend()) == 0, "once"


def test_a_wait_that_began_in_the_past_is_left_alone(database: Database, clock: Clock) -> None:
    """However far its end is."""
    lay(database, "1", not_before_at=clock.now + timedelta(days=30))
    clock.advance(seconds=1)
    assert database.write(lambda store: store.outbox.mend()) == 0


def test_spacing_is_not_held_up_by_endings_of_another_time(
    database: Database, clock: Clock
) -> None:
    """A letter noted as sent tomorrow does not keep its address waiting until tomorrow."""
    lay(database, "1", "2")
    (one,) = claim(database)
    settle(database, Ending(one, "sent"))
    clock.advance(days=-1)
    pace = {"paper": Pace(0, 1.0)}
    taken = database.write(lambda store: store.outbox.take("x", 90, pace, 10))
    assert texts(taken.letters) == ["2"]


# --- speed ----------------------------------------------------------------------------------------


def plan(store: Store, query: ready.Ready, values: tuple[Any, ...]) -> str:
    """Return how the store means to run a query."""
    made = query._made.get(store.line.store) or query._make(store.line)
    explain = "EXPLAIN QUERY PLAN" if store.line.store == "sqlite" else "EXPLAIN"
    rows = store.line.raw.execute(f"{explain} {made.sql}", made.bound(values)).fetchall()
    return "\n".join(str(one) for one in rows)


def test_a_claim_looks_only_at_what_waits(database: Database, clock: Clock) -> None:
    """However many letters have ended: the small indexes are used, no table is read through."""
    now: datetime = clock.now
    with database.read() as store:
        if store.line.store == "postgresql":
            # So small a table would be read through; this asks what it would do with a large one.
            store.line.raw.execute("SET LOCAL enable_seqscan = off")
            store.line.raw.execute("SET LOCAL enable_bitmapscan = off")
        heads = plan(store, claims._HEADS, ("paper", "talk", now, 8, None))
        lately = plan(store, claims._ENDED_LATELY, ("paper", now, now))
    assert "ix_letter_to_send" in heads
    if store.line.store == "sqlite":  # a server chooses by its statistics, and there are none
        assert heads.count("ix_letter_in_line") == 2
    assert "ix_letter_channel_ended_at" in lately
    assert "SCAN letter" not in heads + lately
    assert "Seq Scan" not in heads + lately
    assert "Anti Join" not in heads, "a join of whole tables where statistics are old"
