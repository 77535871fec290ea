"""A sender that runs: halts, slots, stops, a store that goes away, a clock that jumps."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chat import ABILITIES, KEYS
from sqlalchemy import select
from stores import Founded

from bot import sender, sending
from bot.office import Office
from bot.pile import Pile
from bot.sender import Sender
from bot.speech import Pace, Reply, TooFast, Unreachable
from bot.trips import Trip, Trips
from bot.voice import Voice
from bot.words import Words
from storage.database import Database, NotWritten, TooBusy
from storage.endings import Ending
from storage.pace import AFRESH
from storage.store import Store
from storage.tables import letter

NO_LIMIT = Pace(0, 0)
# With so much slack two slots are given away at once, some two tenths of a second apart.
TWO_SLOTS, SLACK = Pace(8, 0), 0.5


class Moment:
    """The store's clock: that of this machine, until it is set."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Mouth:
    """A channel that remembers what it was given and when; `then` decides what happens."""

    def __init__(
        self, pace: Pace = NO_LIMIT, then: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self.pace = pace
        self.then = then
        self.sent: list[tuple[float, str, str]] = []

    async def send(self, address: str, reply: Reply) -> str:
        self.sent.append((time.monotonic(), address, reply.text))
        if self.then is not None:
            await self.then(reply.text)
        return "ref"

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.sent]

    @property
    def times(self) -> list[float]:
        return [at for at, _, _ in self.sent]


@pytest.fixture
def moment() -> Moment:
    """A clock that goes on, and can be set."""
    return Moment()


@pytest.fixture
def office(founded: Founded, words: Words, moment: Moment, tmp_path: Path) -> Iterator[Office]:
    """An office whose time goes on."""
    database = Database(founded.fresh(tmp_path), KEYS, moment)
    yield Office(database, words, "https://ketdoan.example", ABILITIES)
    database.close()


@asynccontextmanager
async def at_work(
    office: Office, mouth: Mouth, *, is_patient: bool = True, **how: Any
) -> AsyncIterator[tuple[Sender, asyncio.Event]]:
    """Let a sender work meanwhile, and stop it."""
    stop = asyncio.Event()
    one = Sender(office, {"paper": mouth}, **how)
    if is_patient:
        patient(one)
    working = asyncio.create_task(one.work(stop))
    try:
        yield one, stop
    finally:
        stop.set()
        await asyncio.wait_for(working, 20)


def patient(one: Sender) -> Sender:
    """Let slots be used late: what is tested runs on a machine with other things to do."""
    for voice in one._voices.values():
        voice.slack = SLACK
    return one


async def until(what: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something is so."""
    for _ in range(int(seconds / 0.01)):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it has not come")


def lay(office: Office, *texts: str, address: str = "", **how: Any) -> None:
    """Lay letters out, for one address or one each."""

    def work(store: Store) -> None:
        for text in texts:
            known = store.conversations.locked("paper", address or text, "vi")
            store.outbox.post(
                key=text,
                conversation_id=known.id,
                channel="paper",
                reply=Reply(text).to_json(),
                **how,
            )

    office.database.write(work)
    office.letters_wait.set()


def rows(office: Office) -> dict[str, Any]:
    """Return every letter by its key."""
    with office.database.read() as store:
        return {row.key: row for row in store.connection.execute(select(letter))}


def states(office: Office) -> list[str]:
    """Return the states of all letters, in the order of their keys."""
    found = rows(office)
    return [found[key].state for key in sorted(found)]


def all_sent(office: Office) -> Callable[[], bool]:
    """Return whether every letter is noted as sent."""
    return lambda: set(states(office)) == {"sent"}


def fullest_second(times: list[float]) -> int:
    """Return how many fall into the fullest half-open second."""
    times = sorted(times)
    return max(bisect_left(times, at + 1.0) - number for number, at in enumerate(times))


# --- going on and stopping ------------------------------------------------------------------------


def test_letters_go_at_once_and_the_sender_stops_when_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Laid out by this process they need no poll; `run` ends with its event."""
    monkeypatch.setattr(sender, "_POLL_SECONDS", 3600.0)
    mouth = Mouth()

    async def act() -> None:
        stop = asyncio.Event()
        working = asyncio.create_task(sender.run(office, {"paper": mouth}, stop))
        await asyncio.sleep(0.1)
        lay(office, "1")
        await until(all_sent(office))
        stop.set()
        await asyncio.wait_for(working, 5)

    asyncio.run(act())
    assert mouth.texts == ["1"]


def test_without_channels_the_sender_only_waits(office: Office) -> None:
    """Where nothing is set up nothing is claimed, and stopping works."""

    async def act() -> None:
        stop = asyncio.Event()
        working = asyncio.create_task(sender.run(office, {}, stop))
        await asyncio.sleep(0)
        stop.set()
        await asyncio.wait_for(working, 1)

    lay(office, "1")
    asyncio.run(act())
    assert states(office) == ["waiting"]


def test_letters_that_others_lay_out_are_found(office: Office) -> None:
    """Another process rings no bell here: the sender looks by itself, several times a second."""
    mouth = Mouth()

    async def act() -> None:
        async with at_work(office, mouth):
            await asyncio.sleep(0.2)
            lay(office, "1")
            office.letters_wait.clear()
            await until(all_sent(office))

    asyncio.run(act())


def test_a_slow_letter_holds_up_nobody_else(office: Office) -> None:
    """The next batch goes while one of the first is still on its way."""
    held = asyncio.Event()

    async def slowly(text: str) -> None:
        if text == "slow":
            await held.wait()

    mouth = Mouth(then=slowly)
    lay(office, "slow", "quick")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(lambda: states(office).count("sent") == 1)
            lay(office, "later")
            await until(lambda: states(office).count("sent") == 2)
            held.set()
            await until(all_sent(office))

    asyncio.run(act())
    assert mouth.texts == ["slow", "quick", "later"]


def test_stopping_ends_what_is_on_its_way_and_lets_go_of_the_rest(office: Office) -> None:
    """A letter in a call is ended; one whose slot has not come waits again, untried."""
    stops: list[asyncio.Event] = []
    held: list[str] = []

    async def stop_now(_: str) -> None:
        held.extend(states(office))
        stops[0].set()
        await asyncio.sleep(0.3)

    mouth = Mouth(TWO_SLOTS, stop_now)
    lay(office, "1", "2", "3", "4")

    async def act() -> None:
        async with at_work(office, mouth) as (_, stop):
            stops.append(stop)
            await stop.wait()

    asyncio.run(act())
    assert held == ["claimed", "claimed", "waiting", "waiting"]
    assert mouth.texts == ["1"]
    assert states(office) == ["sent", "waiting", "waiting", "waiting"]
    assert {row.tries for row in rows(office).values() if row.state == "waiting"} == {0}


def test_a_call_that_never_ends_is_given_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time a letter counts as unsure, whatever the channel is doing."""
    monkeypatch.setattr(sending, "CALL_SECONDS", 0.1)

    async def hang(_: str) -> None:
        await asyncio.sleep(3600)

    lay(office, "1", if_unsure="hold")

    async def act() -> None:
        async with at_work(office, Mouth(then=hang)):
            await until(lambda: states(office) == ["held"])

    asyncio.run(act())


@pytest.mark.parametrize(("until_own", "goes"), [(101.0, True), (99.0, False)])
def test_no_letter_sets_out_after_its_time(office: Office, until_own: float, goes: bool) -> None:  # noqa: FBT001
    """A sender that its machine held up sends nothing late in a slot, or late in its lease."""
    mouth, ended = Mouth(), []
    lay(office, "1")
    (one,) = office.database.write(lambda store: store.outbox.claim("x", 90, ["paper"]))

    async def note(endings: Sequence[Ending]) -> None:
        ended.extend(endings)

    async def act() -> None:
        voices = {"paper": Voice(mouth)}
        pile = Pile(note, lambda _: None)
        trips = Trips(office, voices, pile, lambda: 100.0, lambda _: None, looks=False)
        trips.set_out(Trip(one, 10.0, None, until_own))
        await trips.end()
        await pile.empty(5)
        assert voices["paper"].was_late is not goes

    asyncio.run(act())
    assert mouth.texts == (["1"] if goes else [])
    assert [each.how for each in ended] == (["sent"] if goes else ["back"])


def test_no_call_is_begun_in_the_last_part_of_a_lease(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that takes its full time has ended before anybody may take the letter over."""
    trips: list[Trip] = []
    monkeypatch.setattr(Trips, "set_out", lambda _, trip: trips.append(trip))
    lay(office, "1")
    asyncio.run(Sender(office, {"paper": Mouth()}).once())
    asyncio.run(Sender(office, {"paper": Mouth(TWO_SLOTS)}).once())
    (trip,) = trips
    left = sender.LEASE_SECONDS - (trip.until - trip.claimed_at)
    assert left > sending.CALL_SECONDS


# --- slots and halts ------------------------------------------------------------------------------


def test_no_second_holds_more_than_the_limit_with_two_senders_and_stalls(
    office: Office, moment: Moment
) -> None:
    """Two processes on one account, each now and then held up by its own work."""

    async def stall(text: str) -> None:
        if int(text) % 17 == 0:
            time.sleep(0.08)  # noqa: ASYNC251 -- on purpose: the loop itself is held up

    first, second = Mouth(Pace(25, 0), stall), Mouth(Pace(25, 0), stall)
    lay(office, *(str(number) for number in range(70)))
    database = Database(office.database.url, KEYS, moment)

    async def act() -> None:
        other = replace(office, database=database)
        async with at_work(office, first), at_work(other, second):
            await until(all_sent(office), 30)

    asyncio.run(act())
    database.close()
    assert sorted(first.texts + second.texts, key=int) == [str(n) for n in range(70)]
    assert fullest_second(first.times + second.times) <= 25


def test_an_answer_is_not_behind_a_campaign(office: Office) -> None:
    """In the middle of a broadcast an answer goes within some slots."""
    mouth = Mouth(Pace(20, 0))
    lay(office, *(f"news {number}" for number in range(60)), lane="campaign")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(lambda: len(mouth.sent) > 10)
            before = len(mouth.sent)
            lay(office, "answer")
            await until(lambda: "answer" in mouth.texts)
            assert mouth.texts.index("answer") - before <= 20 * 0.25 + 3

    asyncio.run(act())


def test_too_fast_is_answered_by_silence_for_exactly_so_long(office: Office) -> None:
    """Nobody is written to before the time, then everybody at once, and the letter is not lost."""

    async def once(_: str) -> None:
        if len(mouth.sent) == 1:
            raise TooFast(0.8)

    mouth = Mouth(Pace(100, 0), once)
    lay(office, "1")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(lambda: len(mouth.sent) == 1)
            lay(office, "2", "3")
            await until(all_sent(office))

    asyncio.run(act())
    told, *later = mouth.times
    assert min(later) - told >= 0.8
    assert min(later) - told < 5
    assert mouth.texts == ["1", "1", "2", "3"]
    assert rows(office)["1"].tries == 1


def test_a_halt_that_another_process_was_told_stops_letters_in_hand(office: Office) -> None:
    """A letter that has its slot already goes back when the halt stands in the store by then."""
    held: list[str] = []

    async def halt(_: str) -> None:
        held.extend(states(office))
        office.database.write(lambda store: store.paces.halt("paper", 60))

    mouth = Mouth(TWO_SLOTS, halt)
    lay(office, "1", "2")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(lambda: states(office) == ["sent", "waiting"])
            lay(office, "3")
            await asyncio.sleep(0.6)

    asyncio.run(act())
    assert held == ["claimed", "claimed"]
    assert mouth.texts == ["1"]
    assert rows(office)["2"].tries == 0


def test_a_halt_holds_before_it_stands_in_the_store(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was told to be silent is silent at once, also where nothing can be written."""
    away = Away(office, monkeypatch)

    held: list[str] = []

    async def fast(_: str) -> None:
        held.extend(states(office))
        away.is_away = True
        raise TooFast(60)

    mouth = Mouth(TWO_SLOTS, fast)
    lay(office, "1", "2")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(lambda: away.asked > 3)
            away.is_away = False

    asyncio.run(act())
    assert held == ["claimed", "claimed"]
    assert mouth.texts == ["1"]
    with office.database.read() as store:
        assert store.paces.halts()["paper"] > 50


@pytest.mark.parametrize("days", [1, -1])
def test_a_halt_lasts_as_told_when_the_clock_is_set(
    office: Office, moment: Moment, days: int
) -> None:
    """Each sender counts it with a clock that nobody sets: not an hour less, not a day more."""

    async def once(_: str) -> None:
        if len(mouth.sent) == 1:
            raise TooFast(1.5)

    mouth = Mouth(then=once)
    lay(office, "1")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(lambda: states(office) == ["waiting"] and len(mouth.sent) == 1)
            moment.ahead += timedelta(days=days)
            await until(lambda: len(mouth.sent) == 2)

    asyncio.run(act())
    assert mouth.times[1] - mouth.times[0] >= 1.5


def test_halts_stand_in_the_store_before_the_sender_is_gone(office: Office) -> None:
    """A restart does not end the silence."""

    async def fast(_: str) -> None:
        raise TooFast(60)

    lay(office, "1")
    asyncio.run(Sender(office, {"paper": Mouth(then=fast)}).once())
    again = Mouth()

    async def act() -> None:
        async with at_work(office, again):
            await asyncio.sleep(0.5)

    asyncio.run(act())
    assert again.sent == []


# --- a store that goes away -----------------------------------------------------------------------


class Away:
    """Makes writing fail for a while; *kept*: what was asked is written, and only the answer lost."""

    def __init__(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_away = False
        self.is_kept = False
        self.why: type[Exception] = NotWritten
        self.asked = 0
        self._submit = office.database.submit
        monkeypatch.setattr(office.database, "submit", self.submit)

    def submit(self, work: Callable[[Store], Any]) -> Future[Any]:
        if not self.is_away:
            return self._submit(work)
        self.asked += 1
        if self.is_kept:
            self._submit(work).result()
        if self.why is TooBusy:
            raise TooBusy
        failed: Future[Any] = Future()
        failed.set_exception(self.why("gone"))
        return failed


@pytest.mark.parametrize("why", [NotWritten, TooBusy, OSError])
def test_what_was_sent_while_the_store_is_away_is_noted_when_it_is_back(
    office: Office, monkeypatch: pytest.MonkeyPatch, why: type[Exception]
) -> None:
    """It is remembered, and never sent again."""
    away = Away(office, monkeypatch)
    away.why = why

    async def lose_store(_: str) -> None:
        away.is_away = True

    mouth = Mouth(then=lose_store)
    lay(office, "1", "2")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(lambda: away.asked > 4)
            assert set(states(office)) == {"claimed"}
            away.is_away = False
            mouth.then = None
            lay(office, "3")
            await until(all_sent(office))

    asyncio.run(act())
    assert mouth.texts == ["1", "2", "3"]


def test_a_claim_whose_answer_was_lost_costs_no_lease(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was claimed without our knowing goes as soon as the store is back, once."""
    away = Away(office, monkeypatch)
    away.is_away = away.is_kept = True
    mouth = Mouth()
    lay_past(office, away, "1", "2")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(lambda: away.asked > 1)
            assert set(states(office)) == {"claimed"}
            away.is_away = False
            await until(all_sent(office), 5)

    asyncio.run(act())
    assert sorted(mouth.texts) == ["1", "2"]
    assert {row.tries for row in rows(office).values()} == {1}


def lay_past(office: Office, away: Away, *texts: str) -> None:
    """Lay letters out while the sender's store is away."""
    away.is_away, before = False, away.is_away
    lay(office, *texts)
    away.is_away = before


def test_an_ending_whose_answer_was_lost_changes_nothing_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noted once although it was written over and over."""
    away = Away(office, monkeypatch)

    async def lose_answers(_: str) -> None:
        away.is_away = away.is_kept = True

    mouth = Mouth(then=lose_answers)
    lay(office, "1")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(lambda: away.asked > 2)
            away.is_away = False

    asyncio.run(act())
    assert mouth.texts == ["1"]
    assert states(office) == ["sent"]


def test_when_halts_cannot_be_read_nothing_goes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows then whether another was told to be silent, nor could the end be noted."""
    read = office.database.read

    held: list[str] = []

    async def lose_sight(_: str) -> None:
        held.extend(states(office))

        def blind() -> Any:
            raise NotWritten("away")

        monkeypatch.setattr(office.database, "read", blind)

    mouth = Mouth(TWO_SLOTS, lose_sight)
    lay(office, "1", "2")
    asyncio.run(patient(Sender(office, {"paper": mouth})).once())
    monkeypatch.setattr(office.database, "read", read)
    assert held == ["claimed", "claimed"]
    assert mouth.texts == ["1"]
    assert states(office) == ["sent", "waiting"]


def test_a_sender_that_cannot_note_how_it_ended_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`drain` raises when the store stays away, and the letter stays with its lease."""
    monkeypatch.setattr(sender, "_FINISH_SECONDS", 0.5)
    away = Away(office, monkeypatch)

    async def lose_store(_: str) -> None:
        away.is_away = True

    lay(office, "1")
    with pytest.raises(NotWritten):
        asyncio.run(sender.drain(office, {"paper": Mouth(then=lose_store)}))
    assert states(office) == ["claimed"]


# --- a clock that jumps ---------------------------------------------------------------------------


@pytest.fixture
def takes_over_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sender look at each claim whether there is something to take over."""
    monkeypatch.setattr(sender, "_TAKE_OVER_SECONDS", 0.0)


def held_by_another(office: Office) -> None:
    """Let another sender have a letter in hand."""
    lay(office, "1", if_unsure="hold")
    office.database.write(lambda store: store.outbox.claim("another", 90, ["paper"]))


@pytest.mark.usefixtures("takes_over_often")
def test_a_clock_that_jumps_ahead_takes_no_letter_from_who_is_sending_it(
    office: Office, moment: Moment
) -> None:
    """Its lease seems to have run out; nobody takes it over who has not watched for as long."""
    held_by_another(office)
    mouth = Mouth()

    async def act() -> None:
        async with at_work(office, mouth, lease_seconds=2.5):
            await asyncio.sleep(0.5)
            moment.ahead = timedelta(days=1)
            await asyncio.sleep(1.5)
            assert states(office) == ["claimed"]
            await until(lambda: states(office) == ["held"], 12)

    asyncio.run(act())
    assert mouth.sent == []


def test_a_fresh_sender_takes_nothing_over_before_it_has_watched(office: Office) -> None:
    """Whoever has just come does not know how the clock went before."""
    held_by_another(office)
    with_lease_run_out(office)

    async def act() -> None:
        async with at_work(office, Mouth(), lease_seconds=1.5):
            await asyncio.sleep(0.8)
            assert states(office) == ["claimed"]
            await until(lambda: states(office) == ["held"], 12)

    asyncio.run(act())


def with_lease_run_out(office: Office) -> None:
    """Let every lease have ended long ago."""
    past = datetime.now(UTC) - timedelta(hours=1)
    office.database.write(
        lambda store: store.connection.execute(letter.update().values(leased_until_at=past))
    )


@pytest.mark.usefixtures("takes_over_often")
def test_a_sender_that_has_just_got_its_store_back_takes_nothing_over(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others need a moment to note what they have sent meanwhile."""
    away = Away(office, monkeypatch)

    async def act() -> None:
        async with at_work(office, Mouth(), lease_seconds=1.5):
            await asyncio.sleep(2.0)
            away.is_away = True
            await until(lambda: away.asked > 0)
            away.is_away = False
            held_by_another(office)
            with_lease_run_out(office)
            await asyncio.sleep(1.0)
            assert states(office) == ["claimed"]
            await until(lambda: states(office) == ["held"], 12)

    asyncio.run(act())


def test_a_clock_set_back_by_a_day_stops_nobody(office: Office, moment: Moment) -> None:
    """Letters at once, letters put off, leases and slots of another time: all go within seconds."""
    moment.ahead = timedelta(days=1)

    async def once(text: str) -> None:
        if text == "put off" and "put off" not in mouth.texts[:-1]:
            raise TooFast(1.5, for_all=False)

    mouth = Mouth(Pace(30, 1.0), once)
    lay(office, "held by the dead")
    office.database.write(lambda store: store.outbox.claim("dead", 90, ["paper"]))
    lay(office, "put off")

    async def act() -> None:
        async with at_work(office, mouth, lease_seconds=3.0):
            await until(lambda: mouth.texts == ["put off"])
            lay(office, "at once")
            moment.ahead = timedelta()
            await until(all_sent(office), 20)

    asyncio.run(act())
    assert sorted(mouth.texts) == ["at once", "held by the dead", "put off", "put off"]


@pytest.mark.parametrize("days", [1, -1])
def test_a_jump_makes_no_second_too_full(office: Office, moment: Moment, days: int) -> None:
    """What was given a slot before the clock was set passes first."""
    mouth = Mouth(Pace(20, 0))
    lay(office, *(str(number) for number in range(50)))

    async def act() -> None:
        async with at_work(office, mouth, is_patient=False):
            await until(lambda: len(mouth.sent) >= 25)
            moment.ahead = timedelta(days=days)
            await until(all_sent(office), 20)

    asyncio.run(act())
    assert len(set(mouth.texts)) == len(mouth.texts) == 50
    assert fullest_second(mouth.times) <= 20


def test_whoever_sees_a_jump_is_silent_until_what_was_given_before_has_passed(
    office: Office, moment: Moment
) -> None:
    """Slots of before and of after lie in no common second."""
    mouth = Mouth(Pace(20, 0))
    one = Sender(office, {"paper": mouth})

    async def act() -> None:
        lay(office, "1")
        assert await one.once() == 1
        moment.ahead = timedelta(days=1)
        lay(office, "2")
        began = time.monotonic()
        assert await one.once() == 0
        assert one._voices["paper"].quiet_until - began >= AFRESH

    asyncio.run(act())
    assert states(office)[1] == "waiting"


def test_an_unreachable_channel_is_tried_again_by_the_same_sender(office: Office) -> None:
    """After some seconds, and the letters behind it keep their order."""

    async def once(_: str) -> None:
        if len(mouth.sent) == 1:
            raise Unreachable

    mouth = Mouth(then=once)
    lay(office, "1", "2", address="a")

    async def act() -> None:
        async with at_work(office, mouth):
            await until(all_sent(office), 20)

    asyncio.run(act())
    assert mouth.texts == ["1", "1", "2"]


def test_many_letters_need_few_transactions(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ends while something is written is noted together."""
    writes: list[int] = []
    submit = office.database.submit

    def counted(work: Callable[[Store], Any]) -> Future[Any]:
        writes.append(1)
        return submit(work)

    lay(office, *(str(number) for number in range(300)))
    monkeypatch.setattr(office.database, "submit", counted)
    mouth = Mouth()

    async def act() -> None:
        async with at_work(office, mouth):
            await until(all_sent(office))

    asyncio.run(act())
    assert len(set(mouth.texts)) == len(mouth.texts) == 300
    assert len(writes) < 60
