"""A turn whose answer is longer than its channel takes at once lays it out in parts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from chat import ABILITIES, Clock, Town
from sqlalchemy import select

from bot import dialogue
from bot.mail import Mail
from bot.speech import Reply
from storage.store import Store
from storage.tables import letter

LONG = " ".join(f"Đây là câu số {n} mà thôi 😀." for n in range(400))
LINK = "https://ketdoan.example/t/abc"


@pytest.fixture(autouse=True)
def long_talk() -> Iterator[None]:
    """Register a form of the tests' own that is answered at length, and take it out again."""

    @dialogue.on_form("test-long")
    def tell(turn) -> None:
        turn.say("help")
        turn._post(LONG, ["menu", "person"], LINK)
        turn.say("tip-thanks")

    yield
    del dialogue._forms["test-long"]


def keys(town: Town) -> list[str]:
    """Return the keys of all letters, in the order in which they are to go."""
    rows = town.read(
        lambda store: list(store.connection.execute(select(letter).order_by(letter.c.id)))
    )
    return [row.key for row in rows]


def test_a_long_answer_is_three_letters_and_buttons_are_under_the_last(town: Town) -> None:
    """Each part has a key and a place of its own; what was answered is one reply all the same."""
    chat = town.person("Nguyễn Thị Mẫu", "abroad")
    chat.submits("test-long", event="long")
    before, *parts, after = chat.received
    assert len(parts) == 3
    assert " ".join(one.text for one in parts) == f"{LONG}\n{LINK}"
    assert all(ABILITIES["abroad"].takes(one.worded) for one in parts)
    assert [[choice.id for choice in one.choices] for one in parts] == [[], [], ["menu", "person"]]
    assert [one.link for one in parts] == [None, None, LINK]
    assert keys(town) == [f"abroad:long:{n}" for n in range(5)]
    whole = chat.outcome.letters[1]
    assert (len(chat.outcome.letters), whole.text, whole.link) == (3, LONG, LINK)
    assert (chat.outcome.letters[0], chat.outcome.letters[2]) == (before, after)
    chat.taps("menu")
    assert chat.received[-1] is not after


def test_heard_again_it_is_answered_once(town: Town) -> None:
    """The same event lays no part a second time."""
    chat = town.person("Nguyễn Thị Mẫu", "abroad")
    chat.submits("test-long", event="long")
    chat.submits("test-long", event="long")
    assert len(chat.received) == len(keys(town)) == 5


@pytest.mark.parametrize("channel", ["paper", "web"])
def test_where_any_length_goes_it_is_one_letter(town: Town, channel: str) -> None:
    """A channel without a limit gets the answer in one, with its buttons."""
    chat = town.person("Nguyễn Thị Mẫu", channel)
    chat.submits("test-long", event="long")
    assert [one.text for one in chat.received if "câu số" in one.text] == [LONG]


def test_parts_that_wait_for_the_morning_go_in_their_order(town: Town, clock: Clock) -> None:
    """A long letter with an hour of its own waits whole, and goes whole."""
    chat = town.person("Nguyễn Thị Mẫu", "abroad")
    chat.says("menu")
    seen = len(chat.received)

    def lay(store: Store) -> None:
        known = store.conversations.locked("abroad", chat.address, "vi")
        mail = Mail(store, town.office, "late")
        mail.lay(known, Reply("Hai"))
        mail.lay(known, Reply(LONG), not_before_at=clock.now + timedelta(hours=1))
        mail.lay(known, Reply("Một"), first=True)
        mail.post()

    town.write(lay)
    town.deliver()
    assert [one.text for one in chat.received[seen:]] == ["Một", "Hai"]
    clock.advance(hours=2)
    town.deliver()
    assert " ".join(one.text for one in chat.received[seen + 2 :]) == LONG
