"""Somebody with several addresses, one of them on a channel that closes: she is reached by another."""

from __future__ import annotations

import pytest
from chat import GIAY, MAY, TINH, Chat, Town
from joined import join
from windowed import at, decides, joins, jump, letters, until, with_window

from bot.mail import Mail
from bot.office import Office
from storage.endings import Ending

ENVELOPE = "Bạn có tin mới."


@pytest.fixture
def office(office: Office) -> Office:
    """The installation, with a channel that has a window; nothing may be spent."""
    return with_window(office)


@pytest.fixture
def pair(town: Town) -> tuple[Chat, Chat]:
    """One person: on the channel with a window, where she spoke last, and on another."""
    worker = joins(town)
    other = town.person("Nơi kia", "terminal", address="kia")
    join(worker, other)
    town.clock.advance(minutes=5)
    worker.says("menu")
    return worker, other


def told(chat: Chat, words: str) -> list[str]:
    """Return what somebody read that holds these words."""
    return [one.text for one in chat.received if words in one.text]


def test_news_comes_where_she_can_be_reached_and_the_desk_is_not_troubled(town, pair):
    """Her window has closed: the decision reaches her other address, once, and no card says more."""
    worker, other = pair
    officer = town.officer("Lê Thị Thử")
    until(town, at(27))
    before = len(worker.received)
    decides(officer, worker.code)
    until(town, at(27, 10))
    assert told(other, ENVELOPE) == [ENVELOPE]
    assert len(worker.received) == before
    assert told(officer, "không tới người gửi") == []


def test_who_is_heard_elsewhere_is_offered_no_tip(town, pair):
    """Nothing has to be kept open for her: no tip is laid out anywhere."""
    worker, other = pair
    until(town, at(26))
    assert [one for chat in (worker, other) for one in told(chat, "mẹo nhỏ")] == []
    assert [one for chat in (worker, other) for one in told(chat, "nghỉ lễ")] == []


def test_where_nothing_reaches_her_the_card_says_so(town, pair):
    """Blocked there and closed here: the officer reads since when, and what is left."""
    worker, other = pair
    officer = town.officer("Lê Thị Thử")
    other._does("(chặn)", left=True)
    jump(town, at(27))
    decides(officer, worker.code)
    town.rounds(minutes=5)
    officer.says(worker.code)
    assert told(officer, "không tới người gửi trên Zalo từ ngày")


def lay(town: Town, chat: Chat, office: Office) -> None:
    """Lay news out for a person, and send nothing yet."""

    def work(store) -> None:
        mail = Mail(store, office, f"push{next(town.events)}")
        known = store.conversations.by_id(chat.conversation_id())
        mail.news(known.id, None, "news-late?")
        mail.post()

    town.write(work)


def test_what_the_channel_refuses_goes_on_to_her_other_address(town, pair):
    """It calls the window closed that we took for open: the same letter goes on, and once."""
    worker, other = pair
    lay(town, worker, town.office)

    def refuse(store) -> None:
        windows = {"zalo": town.office.can("zalo").window}
        found = store.outbox.claim("t", 60, ["zalo"], windows=windows)
        endings = [Ending(one, "shut", why="window closed") for one in found]
        assert len(endings) == 1
        addresses.settle(store, town.office, "t", endings)
        addresses.settle(store, town.office, "t", endings)

    from bot import addresses

    town.write(refuse)
    town.deliver()
    assert told(other, ENVELOPE) == [ENVELOPE]
    assert "shut" not in {state for state, _ in letters(town)}
    until(town, at(21))
    assert told(other, ENVELOPE) == [ENVELOPE]


def test_a_letter_that_came_too_late_is_brought_to_her_other_address(town, pair):
    """It waited until the window had closed: the envelope comes elsewhere, once."""
    worker, other = pair
    lay(town, worker, town.office)
    town.clock.now = at(25)
    town.deliver()
    assert ("shut", "window closed") in letters(town)
    assert told(other, ENVELOPE) == []
    for _ in range(3):
        town.rounds(minutes=1)
    assert told(other, ENVELOPE) == [ENVELOPE]
    worker.says("menu")
    assert told(worker, ENVELOPE) == []


def test_who_is_reached_elsewhere_is_not_counted_as_missed(town):
    """The band of a petition counts people, and only those whom nothing reaches."""
    officer = town.officer("Lê Thị Thử")
    signers = [town.person(f"Nguyễn Văn Mẫu {one}", "zalo") for one in "ABCDEG"]
    for number, one in enumerate(signers):
        one.signs(MAY)
        if number < 3:
            join(one, town.person(f"Nơi kia {number}", "terminal", address=f"kia{number}"))
    # A page rings for nobody.
    join(signers[4], town.person("Trang", "web", address="trang-cua-ban-0001"))
    jump(town, at(27))
    town.rounds(minutes=1)
    spans = {"zalo": town.office.can("zalo").window.free}
    case = town.petition()
    assert (
        town.read(lambda store: store.conversations.count_out_of_reach(case.id, spans, ["web"]))
        == 3
    )
    signers[5].says("menu")
    assert (
        town.read(lambda store: store.conversations.count_out_of_reach(case.id, spans, ["web"]))
        == 2
    )
    officer.says(case.code)
    assert told(officer, "một số người")


def test_an_officer_with_two_addresses_is_away_only_when_both_are(town):
    """Work is told at her other address; nobody stands in for her."""
    officer = town.officer("Phạm Văn Nháp", channel="zalo")
    above = town.officer("Trần Văn Tỉnh", TINH)
    other = town.person("Nơi kia", "terminal", address="kia")
    join(officer, other)
    town.clock.advance(minutes=5)
    officer.says("việc")
    jump(town, at(27))
    before = len(other.received)
    town.person("Trần Văn Ví Dụ", "paper").signs(GIAY)
    town.rounds(minutes=1)
    assert len(other.received) > before
    assert told(above, "không nhận được") == []
    above.says("việc")
    assert told(above, "Phạm Văn Nháp không nhận được tin") == []
