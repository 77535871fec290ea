"""Letters go in order, once, in lanes; what goes wrong is told apart and shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from chat import Clock

from bot.office import NoWatch, Office
from bot.sender import MOST_TRIES, drain
from bot.speech import Gone, Pace, Rejected, Reply, TooFast, Unreachable, Unsure
from storage.store import Store


class Mouth:
    """A channel that remembers what it was given, and fails as told."""

    pace = Pace(0, 0)

    def __init__(self, *fails: Exception | None) -> None:
        self.fails = list(fails)
        self.sent: list[tuple[str, str]] = []
        self.while_sending: Callable[[], object] = lambda: None

    async def send(self, address: str, reply: Reply) -> str:
        self.while_sending()
        self.sent.append((address, reply.text))
        await asyncio.sleep(0)
        failure = self.fails.pop(0) if self.fails else None
        if failure is not None:
            raise failure
        return f"ref-{len(self.sent)}"

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.sent]


def lay(office: Office, *texts: str, address: str = "a", **how: str) -> None:
    """Lay letters out for an address."""

    def work(store: Store) -> None:
        known = store.conversations.locked("paper", address, "vi")
        for text in texts:
            store.outbox.post(
                key=f"{address}:{text}",
                conversation_id=known.id,
                channel="paper",
                reply=Reply(text).to_json(),
                **how,  # type: ignore[arg-type]
            )

    office.database.write(work)


def send(office: Office, mouth: Mouth, rounds: int = 20) -> None:
    """Drain until nothing may go any more."""
    for _ in range(rounds):
        if not asyncio.run(drain(office, {"paper": mouth})):
            return


def states(office: Office) -> dict[str, int]:
    """Return how many letters stand in each state."""
    with office.database.read() as store:
        return store.outbox.counts()


def test_letters_to_one_address_arrive_in_the_order_they_were_written(office: Office) -> None:
    """Order is kept for each address."""
    mouth = Mouth()
    lay(office, "1", "2", "3")
    lay(office, "4", "5", address="b")
    send(office, mouth)
    assert [text for address, text in mouth.sent if address == "a"] == ["1", "2", "3"]
    assert [text for address, text in mouth.sent if address == "b"] == ["4", "5"]
    assert states(office) == {"sent": 5}


def test_a_letter_that_waits_holds_back_the_next_one_to_the_same_address_only(
    office: Office, clock: Clock
) -> None:
    """A letter that must be tried again is not overtaken, and nobody else waits for it."""
    mouth = Mouth(Unreachable())
    lay(office, "1", "2")
    send(office, mouth)
    lay(office, "other", address="b")
    send(office, mouth)
    assert mouth.texts == ["1", "other"]
    clock.advance(minutes=5)
    send(office, mouth)
    assert mouth.texts == ["1", "other", "1", "2"]


def test_a_letter_kept_for_the_morning_holds_back_no_answer(office: Office, clock: Clock) -> None:
    """Who writes at night is answered at night; the pushed letter comes at its hour."""

    def keep(store: Store) -> None:
        known = store.conversations.locked("paper", "a", "vi")
        store.outbox.post(
            key="morning",
            conversation_id=known.id,
            channel="paper",
            reply=Reply("envelope").to_json(),
            not_before_at=store.now + timedelta(hours=8),
        )

    office.database.write(keep)
    lay(office, "an answer", "another")
    mouth = Mouth()
    send(office, mouth)
    assert mouth.texts == ["an answer", "another"]
    clock.advance(hours=8)
    send(office, mouth)
    assert mouth.texts == ["an answer", "another", "envelope"]


def test_talk_goes_before_campaigns(office: Office) -> None:
    """An answer to a worker never waits behind a broadcast."""
    mouth = Mouth()
    for number in range(60):
        lay(office, f"news {number}", address=f"n{number}", lane="campaign")
    lay(office, "an answer", address="z")
    asyncio.run(drain(office, {"paper": mouth}))
    assert mouth.texts[0] == "an answer"


def test_no_database_is_open_while_a_letter_is_on_its_way(office: Office) -> None:
    """A turn can be written during every call of a channel."""
    mouth = Mouth()
    mouth.while_sending = lambda: office.database.write(
        lambda store: store.settings.put("meanwhile", "yes")
    )
    lay(office, "1")
    send(office, mouth)
    with office.database.read() as store:
        assert store.settings.get("meanwhile") == "yes"


def test_what_was_sent_is_wiped(office: Office) -> None:
    """A letter's words are kept no longer than they are needed."""
    lay(office, "Đã ghi nhận")
    send(office, Mouth())
    with office.database.read() as store:
        known = store.conversations.find("paper", "a")
        assert known is not None
        assert store.outbox.for_page(known.id) == []


def test_an_address_that_is_gone_gets_nothing_more(office: Office) -> None:
    """Blocked means stopped: the letter ends, and the conversation is marked."""
    mouth = Mouth(Gone())
    lay(office, "1")
    send(office, mouth)
    assert states(office) == {"gone": 1}
    with office.database.read() as store:
        known = store.conversations.find("paper", "a")
        assert known is not None
        assert known.gone_at is not None


def test_a_rejected_letter_is_dead_and_visible(office: Office) -> None:
    """What the channel refuses for good is not tried again, and can be seen."""
    mouth = Mouth(Rejected("too long"))
    lay(office, "1")
    send(office, mouth)
    assert states(office) == {"dead": 1}
    with office.database.read() as store:
        (one,) = store.outbox.troubled()
    assert one.error == "too long"
    assert len(mouth.sent) == 1


def test_too_fast_waits_exactly_as_long_as_the_channel_says(office: Office, clock: Clock) -> None:
    """Nothing goes before the time the channel asked for, and then it goes."""
    mouth = Mouth(TooFast(30))
    lay(office, "1")
    send(office, mouth)
    clock.advance(seconds=29)
    send(office, mouth)
    assert len(mouth.sent) == 1
    clock.advance(seconds=1)
    send(office, mouth)
    assert len(mouth.sent) == 2
    assert states(office) == {"sent": 1}


def test_being_too_fast_brings_no_letter_nearer_to_its_end(office: Office, clock: Clock) -> None:
    """However often a channel asks for quiet, the letter goes in the end, before the next one."""
    mouth = Mouth(*[TooFast(10) for _ in range(MOST_TRIES + 5)])
    lay(office, "1", "2")
    for _ in range(MOST_TRIES + 5):
        send(office, mouth)
        clock.advance(seconds=10)
    assert states(office) == {"waiting": 2}
    send(office, mouth)
    assert mouth.texts[-2:] == ["1", "2"]
    assert states(office) == {"sent": 2}


def test_too_fast_halts_the_whole_account_and_no_other(office: Office, clock: Clock) -> None:
    """Nobody is written to before the time is over, whoever laid a letter out meanwhile."""
    mouth, other = Mouth(TooFast(30)), Mouth()
    lay(office, "1")
    send(office, mouth)
    lay(office, "2", address="b")
    clock.advance(seconds=29)
    send(office, mouth)
    assert mouth.texts == ["1"]
    asyncio.run(drain(office, {"paper": mouth, "terminal": other}))
    clock.advance(seconds=1)
    send(office, mouth)
    assert sorted(mouth.texts[1:]) == ["1", "2"]


def test_too_fast_for_one_person_holds_back_nobody_else(office: Office, clock: Clock) -> None:
    """Her letters wait, in order, exactly so long; others are written to."""
    mouth = Mouth(TooFast(30, for_all=False))
    lay(office, "1", "2")
    send(office, mouth)
    lay(office, "3", address="b")
    clock.advance(seconds=29)
    send(office, mouth)
    assert mouth.texts == ["1", "3"]
    clock.advance(seconds=1)
    send(office, mouth)
    assert mouth.texts == ["1", "3", "1", "2"]


@pytest.mark.parametrize("seconds", [0, -5, float("nan"), float("inf"), 1e300])
def test_a_wait_that_is_no_number_loses_nothing(
    office: Office, clock: Clock, seconds: float
) -> None:
    """Whatever a channel says instead of a time: some wait, and then the letter goes."""
    mouth = Mouth(TooFast(seconds), TooFast(seconds, for_all=False))
    lay(office, "1")
    send(office, mouth)
    for _ in range(2):
        clock.advance(days=7)
        send(office, mouth)
    assert states(office) == {"sent": 1}


def test_an_unreachable_channel_is_tried_ever_more_rarely_and_then_given_up(
    office: Office, clock: Clock
) -> None:
    """Waits grow, differ by chance, and end; the dead letter stays visible."""
    mouth = Mouth(*[Unreachable() for _ in range(MOST_TRIES + 5)])
    lay(office, "1")
    waits = []
    for _ in range(MOST_TRIES - 1):
        before = len(mouth.sent)
        asyncio.run(drain(office, {"paper": mouth}))
        assert len(mouth.sent) == before + 1
        began = clock.now
        while not asyncio.run(_is_due(office)):
            clock.advance(seconds=1)
        waits.append((clock.now - began).total_seconds())
    assert waits[0] < waits[4] < waits[8]
    clock.advance(hours=2)
    send(office, mouth)
    assert states(office) == {"dead": 1}
    assert len(mouth.sent) == MOST_TRIES


async def _is_due(office: Office) -> bool:
    from sqlalchemy import select

    from storage.tables import letter

    with office.database.read() as store:
        due = store.connection.execute(select(letter.c.not_before_at)).scalar_one()
        return due <= store.now


@pytest.mark.parametrize(("if_unsure", "arrived"), [("resend", 2), ("hold", 1)])
def test_an_unsure_letter_goes_again_or_is_held_as_it_was_told(
    office: Office, clock: Clock, if_unsure: str, arrived: int
) -> None:
    """When nobody knows whether it arrived: receipts go again, campaigns are held and shown."""
    mouth = Mouth(Unsure())
    lay(office, "1", if_unsure=if_unsure)
    send(office, mouth)
    clock.advance(minutes=10)
    send(office, mouth)
    assert len(mouth.sent) == arrived
    assert states(office) == ({"sent": 1} if if_unsure == "resend" else {"held": 1})


@pytest.mark.parametrize(("if_unsure", "arrived"), [("resend", 1), ("hold", 0)])
def test_a_sender_that_died_with_a_letter_in_hand_is_followed_by_another(
    office: Office, clock: Clock, if_unsure: str, arrived: int
) -> None:
    """When the lease has run out the letter is taken over, or shown as unsure."""
    lay(office, "1", if_unsure=if_unsure)
    office.database.write(lambda store: store.outbox.claim("dead", 90, ["paper"]))
    mouth = Mouth()
    send(office, mouth)
    assert mouth.sent == [], "not while the lease lasts"
    clock.advance(seconds=91)
    send(office, mouth)
    assert len(mouth.sent) == arrived
    assert states(office) == ({"sent": 1} if if_unsure == "resend" else {"held": 1})


def test_two_senders_never_send_the_same_letter(office: Office) -> None:
    """Side by side they share the work and double nothing."""
    for number in range(200):
        lay(office, f"{number}", address=f"x{number}")
    first, second = Mouth(), Mouth()

    async def both() -> None:
        async def one(mouth: Mouth) -> None:
            while await drain(office, {"paper": mouth}):
                pass

        await asyncio.gather(one(first), one(second))

    asyncio.run(both())
    assert len(first.sent) + len(second.sent) == 200
    assert len(set(first.texts + second.texts)) == 200


def test_a_mouth_that_breaks_in_an_unforeseen_way_loses_nothing(
    office: Office, clock: Clock
) -> None:
    """An error no channel foresaw counts as unsure, and the sender lives on."""
    mouth = Mouth(ValueError("surprise"))
    lay(office, "1")
    lay(office, "2", address="b")
    send(office, mouth)
    clock.advance(hours=1)
    send(office, mouth)
    assert sorted(mouth.texts) in (["1", "1", "2"], ["1", "2", "2"])
    assert states(office) == {"sent": 2}


def test_a_letter_whose_words_cannot_be_read_ends(office: Office) -> None:
    """It is not tried over and over, and can be seen."""
    mouth = Mouth()
    lay(office, "1")

    def spoil(store: Store) -> None:
        known = store.conversations.find("paper", "a")
        assert known is not None
        for number, reply in enumerate(("", "[]", "{}", '{"text": 1}', "not json")):
            store.outbox.post(
                key=f"spoilt{number}", conversation_id=known.id, channel="paper", reply=reply
            )

    office.database.write(spoil)
    send(office, mouth)
    assert mouth.texts == ["1"]
    assert states(office) == {"sent": 1, "dead": 5}


def test_whoever_watches_is_told_how_each_call_ended(office: Office, clock: Clock) -> None:
    """Every outcome by its name, with its channel and the seconds it took."""
    told: list[tuple[str, str]] = []

    class Watching(NoWatch):
        def sent(self, channel: str, outcome: str, seconds: float) -> None:
            assert 0 <= seconds < 10
            told.append((channel, outcome))

    fails = [None, Gone(), TooFast(1), Rejected("no"), Unreachable(), Unsure(), ValueError("!")]
    watched = replace(office, watch=Watching())
    mouth = Mouth(*fails)
    for number in range(len(fails)):
        lay(office, f"{number}", address=f"w{number}")
        send(watched, mouth, rounds=1)
        clock.advance(seconds=1)
    outcomes = [outcome for _, outcome in told]
    assert set(outcomes) == {"sent", "gone", "too fast", "rejected", "unreachable", "unsure"}
    assert {channel for channel, _ in told} == {"paper"}


def test_letters_of_other_channels_are_left_alone(office: Office) -> None:
    """A sender takes only what its channels can deliver; the web page reads its own."""
    lay(office, "1")
    assert asyncio.run(drain(office, {"terminal": Mouth()})) == 0
    assert states(office) == {"waiting": 1}


def test_the_same_letter_laid_out_twice_is_one(office: Office) -> None:
    """The key of a letter makes doubles impossible."""
    lay(office, "1")
    lay(office, "1")
    assert states(office) == {"waiting": 1}
