"""Two conversations become one person's while others talk: nothing is lost, nobody is stuck."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from chat import GIAY, MAY, PHUONG, Chat, Town
from joined import NAME, are_one, code_of, join, who
from processes import Work, side_by_side
from sqlalchemy import func, select

from bot.hear import hear
from bot.office import Office
from bot.speech import Heard
from storage.people import Person
from storage.store import Store
from storage.tables import conversation, joining, letter, news, person, receipt, signature

Meet = Callable[[], None]


@pytest.fixture
def pair(town: Town) -> tuple[Chat, Chat]:
    """Two conversations that have both signed under one name."""
    mau, other = town.person(NAME), town.person("Nơi kia", channel="terminal", address="kia")
    mau.signs(MAY)
    other.signs(MAY, name=NAME)
    return mau, other


def count(town: Town, column: Any, *where: Any) -> int:
    """Count rows."""
    query = select(func.count(column)).where(*where)
    return int(town.read(lambda store: store.connection.execute(query).scalar()) or 0)


def nothing_broke(town: Town) -> None:
    """No turn of anybody broke."""
    assert [one.error for one in town.read(lambda store: store.inbox.failed())] == []


def says(chat: Chat, *events: Heard) -> Work:
    """Return the work of saying these one after the other."""
    del chat

    def work(office: Office, meet: Meet) -> list[str]:
        meet()
        return [hear(one, office).letters[-1].text for one in events]

    return work


def pressed(chat: Chat, choice: str, event: str) -> Heard:
    """Return the press of a button that was shown."""
    return Heard(chat.channel, chat.address, event, choice=chat.button(choice).payload)


# --- side by side -----------------------------------------------------------------------------------


@pytest.mark.parametrize("again", range(3))
def test_one_code_asked_with_by_two_at_once(town: Town, again: int) -> None:
    """Of two who answer the question of one code in the same moment one is passed on."""
    mau, *others = (town.person(f"Người {letter}") for letter in "ABC")
    mau.signs(MAY)
    code = code_of(mau)
    for one in others:
        one.says(code)
    events = [pressed(one, "joining-same", f"same{n}-{again}") for n, one in enumerate(others)]
    told = side_by_side(
        town.office,
        town.clock.now,
        *(says(one, event) for one, event in zip(others, events, strict=True)),
    )
    assert sorted("bấm đồng ý" in text for (text,) in told) == [False, True]
    assert count(town, joining.c.id, joining.c.asked_at.is_not(None)) == 1
    nothing_broke(town)


def test_agreed_to_twice_at_once(town: Town, pair: tuple[Chat, Chat]) -> None:
    """Two taps of one yes join once."""
    mau, other = pair
    other.says(code_of(mau))
    other.taps("joining-same")
    works = [says(mau, pressed(mau, "joining-yes", f"yes{n}")) for n in range(2)]
    side_by_side(town.office, town.clock.now, *works)
    assert are_one(town, mau, other)
    assert town.petition().counted == 1
    assert count(town, conversation.c.id, conversation.c.channel == "joined") == 1
    nothing_broke(town)


def test_each_agrees_to_join_the_other_at_once(town: Town, pair: tuple[Chat, Chat]) -> None:
    """Both showed a code and typed the other's: both say yes, nobody is stuck, one owner."""
    mau, other = pair
    other.says(code_of(mau))
    other.taps("joining-same")
    mau.says(code_of(other))
    mau.taps("joining-same")
    # The later code has ended the earlier question of the same conversation, so one yes is too late.
    works = [
        says(one, pressed(one, "joining-yes", f"y{one.address}"))
        for one in (mau, other)
        if _asked(one)
    ]
    side_by_side(town.office, town.clock.now, *works)
    assert are_one(town, mau, other)
    assert town.petition().counted == 1
    nothing_broke(town)


def _asked(chat: Chat) -> bool:
    return any(choice.id == "joining-yes" for reply in chat.received for choice in reply.choices)


@pytest.mark.parametrize("again", range(3))
def test_two_pairs_cross_at_once(town: Town, again: int) -> None:
    """A joins B while C joins D, and then the two pairs join from both ends: four of one person."""
    del again
    chats = [
        town.person(f"P{n}", channel=("paper", "terminal")[n % 2], address=f"p{n}")
        for n in range(4)
    ]
    for chat in chats:
        chat.signs(MAY, name=NAME)
    for shows, types in (chats[:2], chats[2:]):
        types.says(code_of(shows))
        types.taps("joining-same")
    side_by_side(
        town.office,
        town.clock.now,
        *(
            says(one, pressed(one, "joining-yes", f"yes-{one.address}"))
            for one in (chats[0], chats[2])
        ),
    )
    assert town.petition().counted == 2
    # From both ends: A asks D, C asks B.
    chats[3].says(code_of(chats[0]))
    chats[3].taps("joining-same")
    chats[1].says(code_of(chats[2]))
    chats[1].taps("joining-same")
    side_by_side(
        town.office,
        town.clock.now,
        *(
            says(one, pressed(one, "joining-yes", f"two-{one.address}"))
            for one in (chats[0], chats[2])
        ),
    )
    assert are_one(town, *chats)
    assert town.petition().counted == 1
    nothing_broke(town)


def test_turns_at_both_addresses_at_once(town: Town, pair: tuple[Chat, Chat]) -> None:
    """A person's turns come one by one, wherever she says them: her name stands once."""
    mau, other = pair
    join(mau, other)

    def talks(chat: Chat) -> Work:
        def work(office: Office, meet: Meet) -> None:
            numbers = iter(range(1000))

            def does(**what: Any) -> Any:
                event = f"{chat.address}~{next(numbers)}"
                return hear(Heard(chat.channel, chat.address, event, **what), office).letters

            def taps(shown: Any, choice: str) -> Any:
                found = [c for one in reversed(shown) for c in one.choices if c.id == choice]
                return does(choice=found[0].payload)

            for _ in range(6):
                meet()
                does(scan=town.tokens[MAY])
                shown = taps(does(text="ghi tên"), "consent-a")
                shown = does(text="Trần Thị Thử")
                taps(shown, "put-name")
                taps(does(text="rút tên"), "withdraw-now")
                does(text="dừng")
                does(text="nhận tin")

        return work

    side_by_side(town.office, town.clock.now, talks(mau), talks(other))
    owner = who(town, mau)[0]
    names = [one.name for one in town.read(lambda store: store.people.at(owner))]
    assert sorted(names) == [NAME, "Trần Thị Thử"]
    assert town.petition().counted == 0
    nothing_broke(town)


def test_a_stop_is_not_lost_to_a_turn_elsewhere(town: Town, pair: tuple[Chat, Chat]) -> None:
    """What she stops at one address stays stopped, though she is talking at the other."""
    mau, other = pair
    join(mau, other)
    other.says("dừng")
    stops = other.button("stop-all").payload
    rounds = 12

    def stop(office: Office, meet: Meet) -> list[bool]:
        kept = []
        for number in range(rounds):
            meet()
            hear(Heard(other.channel, other.address, f"stop{number}", choice=stops), office)
            meet()
            with office.database.read() as store:
                known = store.conversations.find(mau.channel, mau.address)
                kept.append(known is not None and known.stopped_all_at is not None)
            hear(Heard(other.channel, other.address, f"on{number}", text="nhận tin"), office)
        return kept

    def talk(office: Office, meet: Meet) -> None:
        for number in range(rounds):
            meet()
            for part in range(4):
                hear(Heard(mau.channel, mau.address, f"t{number}-{part}", text="menu"), office)
            meet()

    kept, _ = side_by_side(town.office, town.clock.now, stop, talk)
    assert kept == [True] * rounds
    nothing_broke(town)


def test_the_last_tap_at_both_addresses_at_once(town: Town, pair: tuple[Chat, Chat]) -> None:
    """Who puts her name down at both in the same moment has asked to join once."""
    mau, other = pair
    join(mau, other)
    for chat in pair:
        chat.signs(GIAY, name=NAME, last="later")
        chat.taps("sign")
        for choice in ("to-above", "consent-a"):
            chat.taps(choice)
        chat.says(NAME)
    works = [says(one, pressed(one, "put-name", f"put-{one.address}")) for one in pair]
    side_by_side(town.office, town.clock.now, *works)
    place = town.read(lambda store: store.enterprises.by_code(GIAY)).id
    owner = who(town, mau)[0]
    assert len(town.read(lambda store: store.cases.live_join(owner, place))) == 1
    nothing_broke(town)


def _pair_that_asks(town: Town, number: int) -> tuple[Chat, Chat]:
    """Return two who have signed under one name and stand before the last tap."""
    one = town.person(f"M{number}", address=f"m{number}")
    two = town.person(f"K{number}", channel="terminal", address=f"k{number}")
    for chat in (one, two):
        chat.signs(MAY, name=f"Nguyễn Thị {'ABCD'[number]}")
    two.says(code_of(one))
    two.taps("joining-same")
    return one, two


def test_joining_while_an_officer_tells_the_signers(town: Town) -> None:
    """Whatever is told meanwhile reaches her: no news stays with an address that owns none."""
    town.officer("Lê Thị Thử", PHUONG)
    pairs = [_pair_that_asks(town, number) for number in range(4)]
    town.gather(6)
    petition = town.petition()

    def agree(office: Office, meet: Meet) -> None:
        for one, _ in pairs:
            meet()
            hear(pressed(one, "joining-yes", f"yes-{one.address}"), office)

    def tells(office: Office, meet: Meet) -> None:
        from bot import casework
        from bot.mail import Mail

        for number in range(4):
            meet()

            def work(store: Store, number: int = number) -> None:
                case = store.cases.locked(petition.id)
                mail = Mail(store, office, f"tell{number}")
                casework.tell_signers(mail, case, "news-late?")
                mail.post()

            office.database.write(work)

    side_by_side(town.office, town.clock.now, agree, tells)
    assert all(are_one(town, one, two) for one, two in pairs)
    owners = {who(town, chat)[0] for pair in pairs for chat in pair}
    rows = {who(town, chat)[1] for pair in pairs for chat in pair}
    assert count(town, news.c.id, news.c.conversation_id.in_(rows)) == 0
    for owner in owners:
        assert count(town, news.c.id, news.c.conversation_id == owner) >= 4
    assert town.petition().counted == 10
    nothing_broke(town)


# --- what is moved ----------------------------------------------------------------------------------


def test_everything_is_the_owners(town: Town, pair: tuple[Chat, Chat]) -> None:
    """Persons, consents, receipts, signatures, cases, news and seats lie with the owner, none behind."""
    mau, other = pair
    for chat in pair:
        chat.says("góp sức vận động")
        chat.says("gặp cán bộ")
    rows = [who(town, chat)[1] for chat in pair]
    join(mau, other)
    owner = who(town, mau)[0]
    for table in (person, receipt, signature, news):
        assert count(town, table.c.id, table.c.conversation_id.in_(rows)) == 0, table.name
    assert count(town, letter.c.id, letter.c.conversation_id == owner) == 0
    assert count(town, person.c.id, person.c.erased_at.is_(None)) == 1
    assert count(town, receipt.c.id, receipt.c.joined_to_id.is_not(None)) == 1


def test_a_verified_number_is_kept(town: Town) -> None:
    """Of a typed number and a verified one the verified stays with the person."""

    def work(store: Store) -> Person:
        one = store.conversations.locked("paper", "v1", "vi")
        two = store.conversations.locked("paper", "v2", "vi")
        store.people.keep(one.id, NAME, "+84912345678", "claimed")
        store.people.keep(two.id, NAME, "+84987654321", "verified")
        sides = [one.id, two.id]
        one.named_at = two.named_at = store.now
        owner = store.conversations.join(one, two)
        store.merging.move(sides, owner)
        (found,) = store.people.at(owner)
        return found

    found = town.write(work)
    assert (found.phone, found.known) == ("+84987654321", "verified")


def test_an_earlier_code_leads_to_the_last_in_one_step(town: Town) -> None:
    """Joined again and again, every code she ever held still leads to what stands."""
    chats = [town.person(f"P{n}", channel="terminal", address=f"p{n}") for n in range(4)]
    codes = []
    for chat in chats:
        chat.signs(MAY, name=NAME)
        codes.append(chat.code)
    join(chats[2], chats[3])
    join(chats[0], chats[1])
    join(chats[3], chats[0])
    found = {
        town.read(lambda store, code=code: store.people.receipt_by_code(code)).id for code in codes
    }
    assert len(found) == 1
    signed = {
        tuple(one.id for one in town.read(lambda store, code=code: store.signatures.by_code(code)) if one.state == "valid")
        for code in codes
    }  # fmt: skip
    assert len(signed) == 1
    assert town.petition().counted == 1


def test_nobody_is_found_where_nobody_is(town: Town) -> None:
    """Addresses of an unknown id are an error, those of one that stands alone are itself."""
    with pytest.raises(LookupError):
        town.read(lambda store: store.conversations.addresses_of(12345))
    alone = town.person(NAME)
    alone.says("chào")
    (found,) = town.read(lambda store: store.conversations.addresses_of(who(town, alone)[0]))
    assert found.address == alone.address
    assert not found.is_joined
