"""Letters of one person with several addresses: one goes to one of them, whatever happens."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from chat import ABILITIES, KEYS, MAY, Chat, Clock, Town
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from joined import NAME, code_of, join, who
from sqlalchemy import select
from stores import Founded

from bot.addresses import settle
from bot.hear import hear
from bot.mail import Mail
from bot.office import Office
from bot.sender import drain
from bot.speech import Gone, Heard, Pace, Reply
from bot.words import Words
from storage.database import Database
from storage.endings import Ending
from storage.store import Store
from storage.tables import letter

ENVELOPE = "Bạn có tin mới."


class Mouth:
    """A channel that remembers what it was given, and that some have blocked."""

    pace = Pace(0, 0)

    def __init__(self, *blocked: str) -> None:
        self.blocked = set(blocked)
        self.sent: list[tuple[str, Reply]] = []

    async def send(self, address: str, reply: Reply) -> str:
        if address in self.blocked:
            raise Gone("blocked")
        self.sent.append((address, reply))
        return f"ref{len(self.sent)}"


def send(town: Town, mouths: dict[str, Mouth]) -> None:
    """Send until nothing may go any more."""
    for _ in range(20):
        if not asyncio.run(drain(town.office, mouths)):
            return


def lay_news(town: Town, chat: Chat) -> None:
    """Lay news out for a person, and send nothing yet."""
    owner = who(town, chat)[0]

    def work(store: Store) -> None:
        mail = Mail(store, town.office, f"push{next(town.events)}")
        mail.news(owner, None, "news-late?")
        mail.post()

    town.write(work)


@pytest.fixture
def pair(town: Town) -> tuple[Chat, Chat]:
    """Two addresses of one person; the first was used last."""
    mau, other = town.person(NAME), town.person("Nơi kia", channel="terminal", address="kia")
    mau.signs(MAY)
    join(mau, other)
    town.clock.advance(minutes=5)
    mau.says("menu")
    return mau, other


def test_a_letter_to_a_blocked_address_goes_on_to_the_other(
    town: Town, pair: tuple[Chat, Chat]
) -> None:
    """The same letter, once; from then on letters go where she is reached."""
    mau, other = pair
    mouths = {"paper": Mouth(mau.address), "terminal": Mouth()}
    lay_news(town, mau)
    send(town, mouths)
    assert [(to, one.text) for to, one in mouths["terminal"].sent] == [(other.address, ENVELOPE)]
    assert mouths["paper"].sent == []
    other.presses(mouths["terminal"].sent[0][1].choices[0].payload)
    assert other.last != ENVELOPE
    lay_news(town, mau)
    send(town, mouths)
    assert [to for to, _ in mouths["terminal"].sent] == [other.address] * 2
    states = town.read(lambda store: store.outbox.counts())
    assert states.get("gone", 0) == 0


def test_a_letter_that_both_have_blocked_ends(town: Town, pair: tuple[Chat, Chat]) -> None:
    """It goes on once to each and then is gone, and nobody is written to after that."""
    mau, other = pair
    mouths = {"paper": Mouth(mau.address), "terminal": Mouth(other.address)}
    lay_news(town, mau)
    send(town, mouths)
    assert town.read(lambda store: store.outbox.counts())["gone"] == 1
    before = town.read(lambda store: store.outbox.counts())
    lay_news(town, mau)
    assert town.read(lambda store: store.outbox.counts()) == before


def test_an_answer_never_goes_on(town: Town, pair: tuple[Chat, Chat]) -> None:
    """What was said in answer, and the question whether to join, stay at their address."""
    mau, other = pair
    third = town.person("Ba", channel="terminal", address="ba")
    third.says(code_of(mau))
    third.taps("joining-same")
    hear(Heard("paper", mau.address, "asks", text="tới đâu rồi"), town.office)
    mouths = {"paper": Mouth(mau.address), "terminal": Mouth()}
    send(town, mouths)
    assert other.address not in [to for to, _ in mouths["terminal"].sent]


def test_noted_twice_changes_nothing(town: Town, pair: tuple[Chat, Chat]) -> None:
    """An ending written again, when the letter is on its way to the other address, is no ending."""
    mau, _ = pair
    lay_news(town, mau)
    (first,) = town.write(lambda store: store.outbox.claim("me", 60, ["paper"]))
    ending = Ending(first, "gone", why="blocked")
    town.write(lambda store: settle(store, town.office, "me", [ending]))
    (second,) = town.write(lambda store: store.outbox.claim("me", 60, ["terminal"]))
    assert second.id == first.id
    town.write(lambda store: settle(store, town.office, "me", [ending]))
    assert town.read(lambda store: store.outbox.counts())["claimed"] == 1
    assert town.write(lambda store: store.outbox.sent(second.id, "me", "ref"))


def test_an_officer_is_reached_while_one_address_is(town: Town) -> None:
    """A body whose officer has blocked one of her two addresses still has somebody."""
    officer = town.officer("Lê Thị Thử")
    other = town.person("Nơi kia", channel="terminal", address="kia")
    join(officer, other)
    body = town.read(lambda store: store.officers.at(who(town, officer)[0])).bodies[0]

    def reached() -> bool:
        return town.read(lambda store: store.bodies.has_officer(body, "receives"))

    officer._does("(chặn)", left=True)
    assert reached()
    other._does("(chặn)", left=True)
    assert not reached()
    officer.says("việc")
    assert reached()


# --- whatever happens -------------------------------------------------------------------------------

CHANNELS = ("paper", "terminal", "web", "paper")
NAMES = (NAME, "Trần Văn Ví Dụ")
PLACES = st.integers(0, len(CHANNELS) - 1)


class Somebody:
    """A person as the model knows her: her addresses, in the order of their first names."""

    def __init__(self, *addresses: int) -> None:
        self.addresses = set(addresses)
        self.names: set[str] = set()
        self.has_agreed = False


class JoiningMachine(RuleBasedStateMachine):
    """Joins, parts, blocks, signs and pushes; each letter must go to exactly one address."""

    founded: Founded
    words: Words

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ketdoan-joining-"))
        self.url = self.founded.fresh(self.folder)
        clock = Clock()
        office = Office(
            Database(self.url, KEYS, clock), self.words, "https://x.example", ABILITIES
        )
        self.town = Town(office, clock, self.founded.tokens)

    def teardown(self) -> None:
        self.town.database.close()
        self.founded.store.drop(self.url)
        shutil.rmtree(self.folder)

    @initialize()
    def people_come(self) -> None:
        self.chats = [
            self.town.person(f"N{n}", channel=channel, address=f"ABCDEFGHJKMNPQR{n + 2}")
            for n, channel in enumerate(CHANNELS)
        ]
        self.whose = [Somebody(n) for n in range(len(CHANNELS))]
        self.used = [0] * len(CHANNELS)
        self.blocked: set[int] = set()
        self.steps = 0
        for n in range(len(CHANNELS)):
            self._uses(n)
            self.chats[n].says("chào")

    def _uses(self, n: int) -> None:
        self.steps += 1
        self.town.clock.advance(minutes=1)
        self.used[n] = self.steps
        self.blocked.discard(n)

    @rule(n=PLACES)
    def talk(self, n: int) -> None:
        self._uses(n)
        self.chats[n].says("menu")

    @rule(n=PLACES)
    def block(self, n: int) -> None:
        self.chats[n]._does("(chặn)", left=True)
        self.blocked.add(n)

    @rule(n=PLACES, name=st.sampled_from(NAMES))
    def sign(self, n: int, name: str) -> None:
        self._uses(n)
        self.chats[n].signs(MAY, name=name)
        self.whose[n].names.add(name)
        self.whose[n].has_agreed = True

    @rule(n=PLACES)
    def withdraw(self, n: int) -> None:
        self._uses(n)
        self.chats[n].says("rút tên")
        self.chats[n].taps("withdraw-now")
        self.whose[n].names.clear()

    @rule(n=PLACES, other=PLACES)
    def join(self, n: int, other: int) -> None:
        one, two = self.whose[n], self.whose[other]
        if len(one.names) > 1 or len(two.names) > 1 or one is two:
            return
        self._uses(other)
        self._uses(n)
        join(self.chats[n], self.chats[other])
        # Both spoke in one moment: now it is known who did last.
        self._uses(n)
        self.chats[n].says("menu")
        one.names |= two.names
        one.has_agreed = one.has_agreed or two.has_agreed
        one.addresses |= two.addresses
        for place in one.addresses:
            self.whose[place] = one

    @rule(n=PLACES)
    def leave(self, n: int) -> None:
        if len(self.whose[n].addresses) < 2 or len(self.whose[n].names) > 1:
            return
        self._uses(n)
        chat = self.chats[n]
        chat.says("tách ra")
        chat.taps("joined-leave")
        chat.taps("joined-leave-now")
        self._left(n)

    @rule(n=PLACES)
    def put_another_out(self, n: int) -> None:
        if len(self.whose[n].addresses) < 2 or len(self.whose[n].names) > 1:
            return
        self._uses(n)
        chat = self.chats[n]
        before = {other: who(self.town, one)[0] for other, one in enumerate(self.chats)}
        chat.says("nơi đã nối")
        if not any(choice.id == "put-out-1" for choice in chat.received[-1].choices):
            return
        chat.taps("put-out-1")
        after = {other: who(self.town, one)[0] for other, one in enumerate(self.chats)}
        (gone,) = [other for other in before if before[other] != after[other]]
        assert gone != n
        self._left(gone)

    def _left(self, n: int) -> None:
        self.whose[n].addresses.discard(n)
        self.whose[n] = Somebody(n)

    @rule(n=PLACES)
    def push(self, n: int) -> None:
        person = self.whose[n]
        owner = who(self.town, self.chats[n])[0]

        def read_all(store: Store) -> None:
            while store.news.take(owner) is not None:
                pass

        self.town.write(read_all)
        before = [len(chat.received) for chat in self.chats]
        lay_news(self.town, self.chats[n])
        self.town.deliver()
        got = [
            place
            for place, chat in enumerate(self.chats)
            for reply in chat.received[before[place] :]
            if reply.text == ENVELOPE
        ]
        reached = person.addresses - self.blocked
        if not person.has_agreed or not reached:
            assert got == []
            return
        wanted = max(reached, key=lambda place: (CHANNELS[place] != "web", self.used[place]))
        assert got == [wanted], "one letter, to the address used last that pushes"

    @invariant()
    def nobody_counts_twice(self) -> None:
        petition = self.town.petition()
        people = {id(one): one for one in getattr(self, "whose", [])}.values()
        counted = sum(len(one.names) for one in people)
        assert (petition.counted if petition else 0) == counted

    @invariant()
    def each_is_whose_the_model_says(self) -> None:
        owners: dict[int, int] = {}
        for place, chat in enumerate(getattr(self, "chats", [])):
            owner = who(self.town, chat)[0]
            assert owners.setdefault(id(self.whose[place]), owner) == owner
        assert len(set(owners.values())) == len(owners)

    @invariant()
    def nothing_broke(self) -> None:
        failed = self.town.read(lambda store: store.inbox.failed())
        assert [one.error for one in failed] == []

    @invariant()
    def each_letter_is_one_row(self) -> None:
        rows = self.town.read(lambda store: store.connection.execute(select(letter.c.key)).all())
        assert len({row.key for row in rows}) == len(rows)


RUNS = {"sqlite": 25, "postgresql": 6}


def _run(founded: Founded, words: Words, runs: int) -> None:
    machine = type("Machine", (JoiningMachine,), {"founded": founded, "words": words})
    how = settings(
        max_examples=runs,
        stateful_step_count=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(machine, settings=how)


def test_letters_go_to_one_address_whatever_happens(founded, words, store) -> None:
    """Joined, parted, blocked and back: one letter each, never to who left, nobody counted twice."""
    _run(founded, words, RUNS[store.name])


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_letters_go_to_one_address_for_long(founded, words, store) -> None:
    """Twenty times as many."""
    _run(founded, words, 20 * RUNS[store.name])
