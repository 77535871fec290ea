"""Letters that reached nobody: a page rings for nobody, and what is lost is noticed."""

from __future__ import annotations

import pytest
from chat import Chat, Town
from joined import join
from structlog.testing import capture_logs
from windowed import at, decides, joins, jump, letters, until, with_window

from bot.mail import Mail
from bot.office import Office
from bot.speech import Reply

ENVELOPE = "Bạn có tin mới."
MISSED = "không tới người gửi"


@pytest.fixture
def office(office: Office) -> Office:
    """The installation, with a channel that has a window; nothing may be spent."""
    return with_window(office)


def texts(chat: Chat, words: str) -> list[str]:
    """Return what somebody read that holds these words."""
    return [one.text for one in chat.received if words in one.text]


def test_a_page_of_hers_does_not_hide_that_nothing_reaches_her(town):
    """Her window has closed and her other address is a page: it lies there, and the desk is told;
    when she is back on the channel the envelope comes there.
    """
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    page = town.person("Trang", "web", address="trang-cua-ban-0001")
    join(worker, page)
    town.clock.advance(minutes=5)
    worker.says("menu")
    until(town, at(4, 9, month=12))
    decides(officer, worker.code)
    jump(town, at(4, 10, month=12))
    officer.taps("open-news")
    assert texts(officer, MISSED + " trên Zalo")
    assert texts(page, ENVELOPE) == [ENVELOPE]
    worker.says("menu")
    assert texts(worker, ENVELOPE) == [ENVELOPE]


def lose_an_answer(town: Town, chat: Chat) -> None:
    """Lay out an answer that is not sent before her window closes."""

    def work(store):
        mail = Mail(store, town.office, f"late{next(town.events)}")
        mail.lay(store.conversations.find(chat.channel, chat.address), Reply("Đây ạ."))
        mail.post()

    town.write(work)


def test_who_agreed_to_no_letters_gets_no_template_for_a_lost_answer(town):
    """An answer that came too late is no leave to write: no template, no desk, nothing breaks."""
    town.office = with_window(town.office, budget=400, template_price=300)
    officer = town.officer("Lê Thị Thử")
    worker = joins(town, consent="consent-a")
    town.clock.now = at(4, 9, month=12)
    decides(officer, worker.code)
    lose_an_answer(town, worker)
    with capture_logs() as logs:
        jump(town, at(4, 12, month=12))
        town.rounds(minutes=1)
    assert not any(one.is_template for one in worker.received)
    assert not texts(officer, MISSED)
    assert [one for one in logs if one["log_level"] == "error"] == []


def test_an_answer_lost_without_a_purse_breaks_nothing(town):
    """The same where no template is set: no letter to the desk lacks its facts."""
    officer = town.officer("Lê Thị Thử")
    worker = joins(town, consent="consent-a")
    town.clock.now = at(4, 9, month=12)
    decides(officer, worker.code)
    lose_an_answer(town, worker)
    with capture_logs() as logs:
        jump(town, at(4, 12, month=12))
        town.rounds(minutes=1)
    assert [one for one in logs if one["log_level"] == "error"] == []


def test_a_letter_of_the_last_minute_is_not_forgotten(town):
    """A letter ends a minute before her window does; looked at at once, it is still looked at."""
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    town.clock.advance(hours=47, minutes=59, seconds=30)
    decides(officer, worker.code)
    town.deliver()
    assert ("shut", "window closed") in letters(town)
    town.rounds(seconds=2)
    town.rounds(minutes=2)
    town.rounds(minutes=2)
    officer.taps("open-news")
    assert texts(officer, MISSED)
