"""A channel that may be spoken on for a while only: who is reached, who is not, who is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from chat import GIAY, MAY, PHUONG, TINH, Town
from structlog.testing import capture_logs
from windowed import DAYS, at, decides, joins, jump, known_of, letters, spent, until, with_window

from bot.dialogues.standing import short_of_code
from bot.hear import hear
from bot.office import Office
from bot.speech import Form, Heard


@pytest.fixture
def office(office: Office) -> Office:
    """The installation, with a channel that has a window; nothing may be spent."""
    return with_window(office)


@pytest.fixture
def paying(town: Town) -> Town:
    """The town of an operator who pays for letters."""
    town.office = with_window(town.office, budget=1000)
    return town


# --- the application that is decided on day 14 ---------------------------------------------------


def test_a_decision_on_day_14_reaches_who_tapped(paying, golden):
    """Two tips keep the way open, the second at the end of what is paid for; the news arrives."""
    town = paying
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    code = worker.code
    town.log.clear()
    until(town, at(22, 7, 10))
    worker.taps("tip-holiday-work")
    until(town, at(28, 20, 30))
    worker.taps("tip-open")
    until(town, at(4, 9, month=12))
    decides(officer, code)
    worker.taps("open-news")
    golden("window-reached", town.transcript(worker))
    assert "Đã có trả lời: đồng ý" in worker.last
    assert {state for state, _ in letters(town)} == {"sent"}
    # The tip on the ninth day and the news on the fifteenth came after two days of silence.
    assert (spent(town), town.read(lambda store: store.spending.month_on)) == (
        55,
        date(2026, 12, 1),
    )
    town.clock.set(date(2026, 11, 30))
    assert spent(town) == 55


def test_a_decision_on_day_14_that_reaches_nobody_is_told_to_the_desk(town, golden):
    """The card says since when and what ways are left, her page says how it stands, and when she
    writes again the news is there at once.
    """
    officer = town.officer("Lê Thị Thử")
    worker = joins(town, phone="0900000001")
    code = worker.code
    town.log.clear()
    until(town, at(4, 9, month=12))
    decides(officer, code)
    until(town, at(4, 10, month=12))
    officer.taps("open-news")
    officer.taps("desk-other-way")
    said = town.office.words.text(
        "status-page",
        "vi",
        code=code,
        status_short=town.office.words.text(
            f"short-{town.read(lambda store: short_of_code(store, code))}", "vi"
        ),
        today=date(2026, 12, 4),
    )
    town.log.append(("page", said))
    until(town, at(10, 9, month=12))
    worker.says("có ai không")
    worker.taps("open-news")
    golden("window-missed", town.transcript(worker, officer))
    assert "đã có trả lời" in said
    assert any(
        "không tới người gửi trên Zalo từ ngày 22/11/2026" in one.text for one in officer.received
    )
    assert any("gọi số đã để lại" in one.text for one in officer.received)
    assert not any("0900000001" in one.text for one in officer.received)
    assert worker.last.startswith("Tin ngày 04/12/2026")
    assert ("shut", "window closed") in letters(town)


def test_her_page_by_code_tells_the_answer(town):
    """Where no letter arrives her code still tells one of the four values, "answered" at last."""
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    jump(town, at(4, 9, month=12))
    decides(officer, worker.code)
    assert town.read(lambda store: short_of_code(store, worker.code)) == "answered"


# --- what opens her window -----------------------------------------------------------------------


def heard_at(town: Town, chat, touched: datetime | None, **what: object) -> None:
    """Let something be heard from her that she did at *touched*."""
    event = f"w{next(town.events)}"
    what = what or {"text": "menu"}
    hear(Heard(chat.channel, chat.address, event, touched_at=touched, **what), town.office)  # type: ignore[arg-type]


def test_only_what_she_does_there_opens_it(town):
    """A page of ours, however late, opens nothing; an event counts from its own time, and never
    from later than now, and an older one takes nothing back.
    """
    worker = joins(town)
    began = town.clock.now
    assert known_of(town, worker).window_from_at == began
    town.clock.advance(hours=5)
    worker.submits("open-link", token="x" * 30)
    heard_at(town, worker, None, unread="contact")
    assert known_of(town, worker).window_from_at == began
    heard_at(town, worker, began + timedelta(hours=2))
    assert known_of(town, worker).window_from_at == began + timedelta(hours=2)
    heard_at(town, worker, began + timedelta(hours=1))
    assert known_of(town, worker).window_from_at == began + timedelta(hours=2)
    heard_at(town, worker, began + timedelta(days=9))
    assert known_of(town, worker).window_from_at == town.clock.now


def test_following_again_opens_it_and_brings_the_envelope(town):
    """Who comes back without a word has what waited for her in the same moment."""
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    jump(town, at(4, 9, month=12))
    decides(officer, worker.code)
    before = len(worker.received)
    heard_at(town, worker, town.clock.now, left=False)
    town.deliver()
    assert [one.text for one in worker.received[before:]] == ["Bạn có tin mới."]
    assert known_of(town, worker).window_shut_at is None


def test_who_had_left_has_what_was_decided_meanwhile_when_she_is_back(town):
    """Nothing was laid out for who had left: it comes to her when she follows again."""
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    heard_at(town, worker, at(20, 9), left=True)
    town.clock.now = at(20, 10)
    decides(officer, worker.code)
    before = len(worker.received)
    heard_at(town, worker, at(20, 10), left=False)
    town.deliver()
    assert [one.text for one in worker.received[before:]] == ["Bạn có tin mới."]


def test_an_event_from_before_opens_nothing(town):
    """What is brought days late does not pass for a fresh word: the news waits on."""
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    jump(town, at(4, 9, month=12))
    decides(officer, worker.code)
    before = len(worker.received)
    heard_at(town, worker, at(1, month=12), unread="late")
    town.deliver()
    assert worker.received[before:] == []
    assert known_of(town, worker).window_shut_at is not None


def test_a_stopped_talk_is_not_begun_again(town):
    """Who stopped all letters while one found her window closed gets no envelope for her next word."""
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    jump(town, at(4, 9, month=12))
    decides(officer, worker.code)
    known = known_of(town, worker)
    known.stopped_all_at = town.clock.now
    town.write(lambda store: store.conversations.remember(known))
    before = len(worker.received)
    worker.says("menu")
    assert "Bạn có tin mới." not in [one.text for one in worker.received[before:]]


def test_an_apology_after_a_broken_turn_is_in_the_window(town, monkeypatch):
    """She wrote, so the answer may go, even where the turn itself broke."""
    worker = joins(town)
    jump(town, at(30))
    monkeypatch.setattr("bot.turn.Turn.say", lambda *_, **__: 1 / 0)
    with capture_logs():
        worker.says("menu")
    assert worker.received[-1].text == town.office.words.text("error-sorry", "vi")


def test_heard_keeps_its_time(town):
    """What is kept for replay has the time of the event, not that of the replay."""
    told = Heard("zalo", "a", "e", form=Form("x", {}), touched_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert Heard.from_json(told.to_json()) == told
    old = told.to_json().replace(', "touched_at": "2026-01-01T00:00:00+00:00"', "")
    assert Heard.from_json(old) == replace(told, touched_at=None)


# --- tips ----------------------------------------------------------------------------------------


def tips(chat) -> list[str]:
    """Return the tips that somebody was offered."""
    return [one.text for one in chat.received if "mẹo nhỏ" in one.text or "nghỉ lễ" in one.text]


def test_a_tip_comes_before_the_window_closes_and_never_at_night(town):
    """44 hours after Friday eight is four on Sunday: she gets it at seven, once, in her window."""
    worker = joins(town)
    until(town, at(22, 6, 50))
    assert tips(worker) == []
    until(town, at(22, 7, 10))
    assert len(tips(worker)) == 1
    until(town, at(26))
    assert len(tips(worker)) == 1
    assert {state for state, _ in letters(town)} == {"sent"}


def test_a_window_that_would_close_in_the_night_is_opened_the_evening_before(town):
    """From 03:00 it closes at three two nights later; the tip comes at eight in the evening."""
    town.clock.now = at(21, 3)
    worker = joins(town)
    until(town, at(22, 19, 50))
    assert tips(worker) == []
    until(town, at(22, 20, 0))
    assert len(tips(worker)) == 1


def test_a_tip_that_was_missed_is_not_laid_out_for_a_closed_window(town):
    """Where nobody ticked in the evening nothing waits for a morning that is too late."""
    town.clock.now = at(21, 3)
    joins(town)
    jump(town, at(22, 22))
    jump(town, at(23, 7))
    assert {state for state, _ in letters(town)} == {"sent"}


def test_there_are_two_tips_at_most_and_both_are_different(town):
    """However often she taps, there is no third one for the same matter."""
    worker = joins(town)
    seen = 0
    for day in range(2, 12):
        for hour in (7, 17, 20):
            until(town, at(20, hour) + day * DAYS)
            if len(tips(worker)) > seen:
                seen += 1
                worker.says("menu")
    assert len(tips(worker)) == 2
    assert len(set(tips(worker))) == 2


@pytest.mark.parametrize("why", ["no-consent", "stopped", "nothing-waits", "gone", "paper"])
def test_who_gets_no_tip(town, why):
    """Not who agreed to no letters, said stop, waits for nothing, left, or is on another channel."""
    worker = town.person("Trần Văn Ví Dụ", "paper" if why == "paper" else "zalo")
    if why == "nothing-waits":
        worker.scans(GIAY)
    else:
        worker.signs(GIAY, consent="consent-a" if why == "no-consent" else "consent-ab")
    if why == "stopped":
        worker.says("dừng")
        worker.taps("stop-all")
    if why == "gone":
        heard_at(town, worker, None, left=True)
    until(town, at(25))
    assert tips(worker) == []


def test_the_tip_of_a_holiday_names_law_and_day(town):
    """Its figure and its sources come from the dated law, and the envelope names no day."""
    worker = joins(town)
    until(town, at(22, 7))
    worker.taps("tip-holiday-work")
    assert "ít nhất 300% tiền lương ngày thường" in worker.last
    assert "24/11/2026" in worker.last
    assert "Điều 98" in worker.last
    assert "Nghị quyết 28/2026/QH16" in worker.last
    town.clock.set(date(2027, 8, 1))
    worker.taps("tip-holiday-work")
    assert "300%" not in worker.last


# --- the receipt ---------------------------------------------------------------------------------


def test_the_receipt_offers_another_way_to_all_alike(town):
    """Who signs for the first time and who signs again read the same and see the same buttons."""
    worker = joins(town)
    first = worker.received[-1]
    worker.signs(GIAY)
    again = worker.received[-1]
    assert (again.text, worker.labels) == (first.text, [one.label for one in first.choices])
    assert "Cách khác" in worker.labels
    worker.taps("second-way")
    assert "https://ketdoan.example/s" in worker.last
    assert "Để lại số" in worker.labels
    elsewhere = town.person("Nguyễn Thị Mẫu")
    elsewhere.signs(GIAY)
    assert "Cách khác" not in elsewhere.labels


# --- the desk ------------------------------------------------------------------------------------


def test_of_a_petition_the_desk_learns_a_band_and_never_who(town):
    """Its card says that some are not reached, in a band; the desk is told once, without names."""
    officer = town.officer("Lê Thị Thử")
    signers = [town.person(f"Nguyễn Văn Mẫu {one}", "zalo") for one in "ABCDEG"]
    for one in signers:
        one.signs(MAY)
    jump(town, at(27))
    # That enough have signed has reached nobody, and was taken up: what follows is told by itself.
    town.rounds(minutes=1)
    signers[0].says("menu")
    code = town.petition().code
    officer.says(code)
    officer.taps("desk-take")
    cards = [one.text for one in officer.received if "một số người" in one.text]
    band = town.office.words.text("band-5", "vi")
    assert band in cards[-1]
    officer.taps("desk-approve")
    officer.taps("desk-approve-yes")
    jump(town, at(27, 10))
    officer.taps("open-news")
    told = [one.text for one in officer.received if "không nhận được tin vừa gửi" in one.text]
    assert len(told) == 1
    assert not any("Mẫu" in one.text and "Nguyễn" in one.text for one in officer.received)


def test_the_desk_is_not_told_of_who_wanted_no_letters(town):
    """Who agreed to none is missed by none: her card says nothing."""
    officer = town.officer("Lê Thị Thử")
    worker = joins(town, consent="consent-a")
    jump(town, at(4, 9, month=12))
    decides(officer, worker.code)
    jump(town, at(4, 11, month=12))
    assert not any("không tới người gửi" in one.text for one in officer.received)


def test_news_before_a_decision_calls_nobody(town):
    """That it is late she reads when she comes; no officer is to call her for that."""
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    jump(town, at(9, month=12))
    assert ("shut", "window closed") in letters(town)
    assert "Bạn có tin mới." not in [one.text for one in worker.received]
    assert not any("không tới người gửi" in one.text for one in officer.received)


# --- the template --------------------------------------------------------------------------------


def test_a_template_goes_where_no_letter_may_once_for_a_decision(town):
    """Neutral words, paid from the budget, once; then the desk needs not be told."""
    town.office = with_window(town.office, budget=400, template_price=300)
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    jump(town, at(4, 9, month=12))
    decides(officer, worker.code)
    jump(town, at(4, 12, month=12))
    assert worker.last == "Bạn có tin mới. Mở lại khung chat cũ để xem."
    assert [one.is_template for one in worker.received].count(True) == 1
    assert spent(town) == 300
    assert town.office.words.text("desk-note", "vi") not in [one.text for one in officer.received]
    jump(town, at(5, 12, month=12))
    assert [one.is_template for one in worker.received].count(True) == 1


def test_a_template_beyond_the_budget_does_not_go_and_the_desk_is_told(town):
    """299 đồng are no budget for one of 300."""
    town.office = with_window(town.office, budget=299, template_price=300)
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    jump(town, at(4, 9, month=12))
    decides(officer, worker.code)
    jump(town, at(4, 12, month=12))
    assert not any(one.is_template for one in worker.received)
    assert spent(town) == 0
    officer.taps("open-news")
    assert "không tới người gửi trên Zalo" in officer.last


def test_a_template_that_is_refused_is_told_to_the_desk(town):
    """Where Zalo takes none the officer learns what she would have learnt without one."""
    town.office = with_window(town.office, budget=400, template_price=300)
    officer = town.officer("Lê Thị Thử")
    worker = joins(town)
    jump(town, at(4, 9, month=12))
    decides(officer, worker.code)

    def refuse(store) -> None:
        windows = {"zalo": town.office.can("zalo").window}
        (one,) = store.outbox.claim("t", 60, ["zalo"], windows=windows)
        assert one.is_template
        from storage.endings import Ending

        store.outbox.settle("t", [Ending(one, "dead", why="zalo -249")])

    from bot.rounds import tick

    town.clock.advance(minutes=1)
    tick(town.office)
    town.write(refuse)
    assert spent(town) == 0
    town.rounds(minutes=1)
    officer.taps("open-news")
    assert "không tới người gửi trên Zalo" in officer.last


# --- officers ------------------------------------------------------------------------------------


def test_a_colleague_is_told_where_an_officer_cannot_be(town):
    """What comes for a body goes to who can be reached there, and the body sees who cannot."""
    town.officer("Phạm Văn Nháp", channel="zalo")
    colleague = town.officer("Lê Thị Thử")
    town.clock.advance(days=3)
    joins(town)
    assert colleague.last == town.office.words.text("desk-new", "vi")
    assert ("shut", "window closed") not in letters(town)
    colleague.says("việc")
    assert any(
        "Phạm Văn Nháp không nhận được tin trên Zalo từ ngày 22/11/2026" in one.text
        for one in colleague.received
    )


def test_a_holder_who_cannot_be_reached_is_stood_in_for(town):
    """Who holds a case and is away is not written to in vain: a colleague is reminded instead."""
    holder = town.officer("Phạm Văn Nháp", channel="zalo")
    worker = joins(town)
    holder.says(worker.code)
    holder.taps("desk-take")
    colleague = town.officer("Lê Thị Thử")
    told = len(holder.received)
    jump(town, at(4, 9, month=12))
    assert town.office.words.text("desk-nudge", "vi") in [one.text for one in colleague.received]
    assert len(holder.received) == told
    colleague.says("việc")
    assert any("Phạm Văn Nháp không nhận được tin" in one.text for one in colleague.received)


def test_where_a_whole_body_is_away_the_body_above_is_told(town):
    """Urgent or not: nothing lies at a desk that nobody sits at."""
    town.officer("Phạm Văn Nháp", channel="zalo")
    above = town.officer("Trần Văn Tỉnh", TINH)
    town.clock.advance(days=3)
    before = len(above.received)
    joins(town)
    assert len(above.received) == before + 1
    above.says("việc")
    assert any("Phạm Văn Nháp không nhận được tin" in one.text for one in above.received)


def test_where_nobody_can_be_told_the_log_says_so(town):
    """The letter is laid at the desk meant, and not lost silently."""
    officer = town.officer("Phạm Văn Nháp", channel="zalo")
    town.clock.advance(days=3)
    with capture_logs() as logs:
        joins(town)
    assert "no desk can be reached" in [one["event"] for one in logs]
    assert ("shut", "window closed") in letters(town)
    before = len(officer.received)
    officer.says("việc")
    assert len(officer.received) > before


def test_a_letter_to_a_desk_that_is_refused_underway_is_told_to_another(town):
    """Zalo calls the window closed that we took for open: others of the body hear of it."""
    away = town.officer("Phạm Văn Nháp", channel="zalo")
    above = town.officer("Trần Văn Tỉnh", TINH)
    worker = town.person("Trần Văn Ví Dụ", "paper")
    town.clock.now = at(21, 7, 30)
    deliver, town.deliver = town.deliver, lambda: None
    worker.scans(GIAY)
    town.deliver = deliver

    def lay(store) -> None:
        store.outbox.post(
            key="k", conversation_id=away.conversation_id(), channel="zalo", reply='{"text": "x"}'
        )

    def refuse(store) -> None:
        from storage.endings import Ending

        windows = {"zalo": town.office.can("zalo").window}
        found = store.outbox.claim("t", 60, ["zalo"], windows=windows)
        store.outbox.settle("t", [Ending(one, "shut", why="window closed") for one in found])

    town.write(lay)
    town.write(refuse)
    for _ in range(3):
        town.rounds(minutes=1)
    told = [one.text for one in above.received]
    assert told.count("Có tin một đồng nghiệp không nhận được. Bạn xem giúp.") == 1


def test_a_digest_that_nobody_of_a_body_gets_is_told_above_once_a_day(town):
    """On Monday the windows of Friday are closed: who sits above hears that, once."""
    town.officer("Phạm Văn Nháp", channel="zalo")
    above = town.officer("Trần Văn Tỉnh", TINH)
    jump(town, at(23, 12))
    told = [one.text for one in above.received if "đồng nghiệp không nhận được" in one.text]
    assert len(told) == 1


@pytest.mark.parametrize("body", [PHUONG])
def test_who_is_back_is_told_again(town, body):
    """A colleague who has written since is told like before, and stands on nobody's list."""
    officer = town.officer("Phạm Văn Nháp", body, channel="zalo")
    colleague = town.officer("Lê Thị Thử", body)
    town.clock.advance(days=3)
    officer.says("việc")
    before = len(officer.received)
    joins(town)
    assert len(officer.received) == before + 1
    colleague.says("việc")
    assert not any("không nhận được tin" in one.text for one in colleague.received)


def test_that_she_left_comes_late_and_undoes_nothing(town):
    """Zalo brings events in no order: who has spoken since she left has come back."""
    worker = joins(town)
    heard_at(town, worker, at(20, 7), left=True)
    assert known_of(town, worker).gone_at is None
    heard_at(town, worker, at(20, 9), left=True)
    left = known_of(town, worker)
    assert left.gone_at is not None
    # That is no interaction that would let us write.
    assert left.window_from_at < at(20, 9)
