"""Somebody follows the account: she is greeted once, whatever else is brought with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chat import MAY, PHUONG, Chat, Town

from bot.hear import hear
from bot.speech import FOLLOWED, OPENED, Heard
from bot.turn import INTERRUPTED_AFTER

Golden = Callable[[str, str], None]


@pytest.fixture
def mau(town: Town) -> Chat:
    """Somebody with a phone."""
    return town.person("Nguyễn Thị Mẫu")


def leaves(town: Town, chat: Chat, *, left: bool = True) -> None:
    """Let her block the account, or let it in again, as a channel tells it."""
    event = f"left-{next(town.events)}"
    hear(Heard(chat.channel, chat.address, event, left=left), town.office)
    town.deliver()


def gone(town: Town, chat: Chat) -> bool:
    """Whether nothing reaches her."""
    known = town.read(lambda store: store.conversations.find(chat.channel, chat.address))
    assert known is not None
    return known.gone_at is not None


def test_follow_without_a_code(town: Town, mau: Chat, golden: Golden) -> None:
    """Asked for the code or the name of the place, and found by name."""
    mau.submits(FOLLOWED)
    mau.says("may vi du")
    mau.taps("pick-1")
    golden("arrival-follow", town.transcript())


def test_following_opening_and_the_first_word_are_one_greeting(town: Town, mau: Chat) -> None:
    """What a platform brings for one tap is greeted once, in whichever order it comes."""
    mau.submits(FOLLOWED)
    mau.submits(OPENED)
    assert len(mau.received) == 1
    du = town.person("Trần Văn Ví Dụ")
    du.submits(OPENED)
    du.submits(FOLLOWED)
    assert len(du.received) == 1
    loan = town.person("Lê Thị Mẫu")
    loan.says("alo")
    loan.submits(FOLLOWED)
    loan.submits(FOLLOWED)
    assert len(loan.received) == 1


def test_opening_later_greets_again(town: Town, mau: Chat) -> None:
    """Who opens the chat anew after a while is asked again: silence would look broken."""
    mau.submits(FOLLOWED)
    town.clock.advance(minutes=2)
    mau.submits(OPENED)
    assert len(mau.received) == 2


def test_in_the_middle_of_a_talk_nothing_is_said(town: Town, mau: Chat) -> None:
    """Her question stands right above; what she answers next is its answer."""
    mau.scans(MAY)
    mau.taps("sign")
    asked = mau.last
    said = len(mau.received)
    mau.submits(FOLLOWED)
    assert len(mau.received) == said
    mau.taps("consent-ab")
    assert mau.last != asked
    assert "chưa hiểu" not in mau.last


def test_who_comes_back_is_asked_her_question_again(town: Town, mau: Chat) -> None:
    """After she had left, letters were lost: what waits is asked again, and she can be reached."""
    mau.scans(MAY)
    mau.taps("sign")
    asked, said = mau.last, len(mau.received)
    leaves(town, mau)
    assert gone(town, mau)
    mau.submits(FOLLOWED)
    assert not gone(town, mau)
    assert len(mau.received) == said + 1
    assert mau.last == asked


def test_after_a_long_pause_what_waits_is_asked_again(town: Town, mau: Chat) -> None:
    """Nobody types "1" three hours later under a question that is out of sight."""
    mau.scans(MAY)
    mau.taps("sign")
    asked, said = mau.last, len(mau.received)
    town.clock.advance(seconds=INTERRUPTED_AFTER.total_seconds() + 1)
    mau.submits(FOLLOWED)
    assert len(mau.received) == said + 1
    assert mau.last == asked


def test_coming_and_going_without_end_is_greeted_once_a_day(town: Town, mau: Chat) -> None:
    """A loop of leaving and coming back fills no chat; coming back still lets letters through."""
    mau.submits(FOLLOWED)
    for _ in range(20):
        leaves(town, mau)
        mau.submits(FOLLOWED)
    assert len(mau.received) == 1
    assert not gone(town, mau)
    town.clock.advance(days=1)
    leaves(town, mau)
    mau.submits(FOLLOWED)
    assert len(mau.received) == 2


def test_who_wants_no_letters_gets_none_for_following(town: Town, mau: Chat) -> None:
    """Following takes back no order to be left alone."""
    mau.scans(MAY)
    mau.says("dừng")
    mau.taps("stop-all")
    said = len(mau.received)
    leaves(town, mau)
    mau.submits(FOLLOWED)
    assert len(mau.received) == said


def test_an_unblocked_channel_says_nothing(town: Town, mau: Chat) -> None:
    """That she lets a channel in again that does not call it following is not answered."""
    mau.scans(MAY)
    leaves(town, mau)
    leaves(town, mau, left=False)
    assert len(mau.received) == 1
    assert not gone(town, mau)


def test_an_officer_who_comes_back_sees_her_desk(town: Town) -> None:
    """An officer is not asked where she works."""
    thu = town.officer("Lê Thị Thử", PHUONG)
    leaves(town, thu)
    thu.submits(FOLLOWED)
    assert "mã trên tờ dán" not in thu.last
    said = len(thu.received)
    thu.submits(FOLLOWED)
    assert len(thu.received) == said


def test_the_same_event_again_greets_nobody(town: Town, mau: Chat) -> None:
    """What is brought twice is heard once."""
    mau.submits(FOLLOWED, event="once")
    mau.submits(FOLLOWED, event="once")
    assert mau.outcome.is_repeat
    assert len(mau.received) == 1
