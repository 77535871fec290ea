"""A shared phone: leaving the web chat so that it keeps nothing, and coming back with the code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chat import MAY, PHUONG, Chat, Town
from sqlalchemy import select

from bot.hear import hear
from bot.speech import Form, Heard, Outcome
from storage.tables import conversation

Golden = Callable[[str, str], None]
ADDRESS = "QX7M2KTR9WCPH4VD"
FRESH = "ABCDEFGHJKMNPQRS"


@pytest.fixture
def mau(town: Town) -> Chat:
    """Somebody who has signed on a shared machine."""
    chat = town.person("Nguyễn Thị Mẫu", channel="web", address=ADDRESS)
    chat.signs(MAY)
    return chat


def on_page(town: Town, address: str) -> list[str] | None:
    """Return what the page at a web address shows, or None where nobody is."""

    def look(store) -> list[str] | None:
        known = store.conversations.find("web", address)
        return None if known is None else [one.reply for one in store.outbox.for_page(known.id)]

    return town.read(look)


def comes_back(town: Town, typed: str, new: str = FRESH, event: str = "back") -> Outcome:
    """Type a return code on another machine."""
    return hear(Heard("web", typed, event, form=Form("return", {"new": new})), town.office)


def test_leaving_with_a_code_and_coming_back(town: Town, golden: Golden) -> None:
    """The code stands on a page only; with it the talk goes on elsewhere, under a fresh address."""
    chat = town.person("Nguyễn Thị Mẫu", channel="web", address=ADDRESS)
    chat.scans(MAY)
    chat.taps("sign")
    chat.taps("consent-a")
    asked = chat.last
    chat.submits("leave")
    assert chat.labels == ["Xem mã, rồi rời", "Rời luôn", "Ở lại"]
    chat.taps("Xem mã, rồi rời")
    assert chat.outcome.page is not None
    assert (chat.outcome.page.name, chat.outcome.page.facts["code"]) == (
        "return-code",
        "QX7M-2KTR-9WCP-H4VD",
    )
    assert chat.outcome.letters == ()
    assert "QX7M" not in town.transcript()
    outcome = chat.submits("left")
    assert outcome.page is not None
    assert outcome.page.name == "left"
    assert on_page(town, ADDRESS) == []

    back = comes_back(town, ADDRESS)
    assert back.page is not None
    assert back.page.name == "returned"
    assert back.letters[-1].text == asked
    assert on_page(town, ADDRESS) is None, "using the code ends it"
    chat.address = FRESH
    town.deliver()
    chat.says("Nguyễn Thị Mẫu")
    assert "Tôi là Nguyễn Thị Mẫu" in chat.last
    golden("device", town.transcript())


def test_a_code_is_good_once(town: Town, mau: Chat) -> None:
    """Used a second time, it opens nothing and makes no conversation."""
    mau.submits("leave-code")
    mau.submits("left")
    assert comes_back(town, ADDRESS, FRESH, "one").page.name == "returned"
    assert comes_back(town, ADDRESS, "ZZZZZZZZZZZZZZZZ", "two").page.name == "return-unclear"
    assert on_page(town, ADDRESS) is None
    assert on_page(town, "ZZZZZZZZZZZZZZZZ") is None


def test_leaving_for_good_lets_nobody_back(town: Town, mau: Chat) -> None:
    """After "Rời luôn" what was recorded stays and counts, the address opens nothing, the page is wiped."""
    known = mau.conversation_id()
    mau.submits("leave")
    mau.taps("Rời luôn")
    assert mau.outcome.page is not None
    assert mau.outcome.page.name == "left"
    assert on_page(town, ADDRESS) is None
    assert comes_back(town, ADDRESS).page.name == "return-unclear"
    assert town.petition().counted == 1
    left = town.read(lambda store: store.conversations.by_id(known))
    assert left.memory == {}
    assert town.read(lambda store: store.outbox.for_page(known)) == []


def test_the_old_machine_begins_anew(town: Town, mau: Chat) -> None:
    """After leaving for good, the next person on that machine finds an empty talk."""
    mau.submits("leave")
    mau.taps("Rời luôn")
    mau.says("tới đâu rồi")
    assert "MÃ" not in town.neutral(mau.last)
    assert mau.code not in mau.last


def test_the_form_left_without_a_code_leaves_for_good(town: Town, mau: Chat) -> None:
    """Whoever has not seen the code cannot have copied it: nobody is to come back."""
    mau.submits("left")
    assert on_page(town, ADDRESS) is None
    assert comes_back(town, ADDRESS).page.name == "return-unclear"


def test_waiting_letters_and_echoes_are_wiped(town: Town) -> None:
    """Letters that the page has not read yet are wiped too, and the tap leaves no echo."""
    for number in range(3):
        heard = Heard("web", ADDRESS, f"w{number}", text=f"chuyện riêng {number}")
        hear(heard, town.office)
    assert len(on_page(town, ADDRESS) or []) >= 6
    hear(Heard("web", ADDRESS, "code", form=Form("leave-code", {})), town.office)
    hear(Heard("web", ADDRESS, "left", form=Form("left", {})), town.office)
    assert on_page(town, ADDRESS) == []


def test_staying_goes_on(town: Town, mau: Chat) -> None:
    """The button "Ở lại" comes back to the question she was at, and the address stays."""
    mau.taps("menu")
    mau.taps("sign")
    mau.taps("consent-a")
    asked = mau.last
    mau.submits("leave")
    mau.taps("Ở lại")
    assert mau.last == asked
    assert on_page(town, ADDRESS) is not None


def test_typing_it_is_the_same(mau: Chat) -> None:
    """The words "rời khỏi máy này" typed does what the page's button does."""
    mau.says("rời khỏi máy này")
    assert mau.labels == ["Xem mã, rồi rời", "Rời luôn", "Ở lại"]
    mau.says("là sao?")
    assert mau.last.startswith("Bạn bấm một nút")


@pytest.mark.parametrize(
    "typed",
    [
        "QX7M2KTR9WCPH4VV",
        "A" * 16,
        "",
        "\x00",
        "x" * 4000,
        "QX7M-2KTR-9WCP-H4VD",
        "left:abc",
        "erased:1",
    ],
)
def test_a_wrong_code_opens_nothing_and_leaves_nothing(town: Town, mau: Chat, typed: str) -> None:
    """A wrong code reads the same whatever it is, and its address does not come to life."""
    mau.submits("leave-code")
    mau.submits("left")
    outcome = comes_back(town, typed)
    assert outcome.page is not None
    assert outcome.page.name == "return-unclear"
    assert outcome.letters == ()
    assert on_page(town, typed) is None
    assert on_page(town, ADDRESS) == []


@pytest.mark.parametrize("new", ["", "short", "\x00" * 20])
def test_coming_back_needs_a_fresh_address(town: Town, mau: Chat, new: str) -> None:
    """Without a fresh address the code is not used up."""
    mau.submits("leave-code")
    mau.submits("left")
    assert comes_back(town, ADDRESS, new, "bad").page is None
    assert comes_back(town, ADDRESS, FRESH, "good").page.name == "returned"


def test_left_twice_is_left_once(town: Town, mau: Chat) -> None:
    """The same form heard again is a repeat; an old leaving button does nothing more."""
    mau.submits("leave-code")
    mau.submits("left", event="once")
    assert mau.submits("left", event="once").is_repeat
    assert on_page(town, ADDRESS) == []


def test_where_there_is_no_page_there_is_nothing_to_leave(town: Town) -> None:
    """On a channel of its own app the word is refused, and the address stays."""
    chat = town.person("Trần Văn Ví Dụ")
    chat.scans(MAY)
    chat.says("rời khỏi máy này")
    assert chat.last == "Việc này bạn không làm được ở đây."
    for form in ("leave", "leave-code", "left"):
        assert chat.submits(form).page is None
    assert chat.conversation_id()


def test_an_officer_cannot_leave_for_good(town: Town) -> None:
    """Whoever is told of cases must be able to come back: only leaving with the code is offered."""
    officer = town.officer("Lê Thị Thử", PHUONG, channel="web")
    officer.submits("leave")
    assert officer.labels == ["Xem mã, rồi rời", "Ở lại"]
    officer.submits("left")
    assert on_page(town, officer.address) is not None


def test_nothing_of_the_code_is_kept(town: Town, mau: Chat) -> None:
    """The code stands in no letter and in no memory: it is the address, and that is sealed."""
    mau.submits("leave-code")
    memory = town.read(lambda store: store.conversations.by_id(mau.conversation_id()).memory)
    assert ADDRESS not in str(memory)
    rows = town.read(lambda store: store.connection.execute(select(conversation)).all())
    assert all(ADDRESS.encode() not in bytes(row.address_sealed) for row in rows)
