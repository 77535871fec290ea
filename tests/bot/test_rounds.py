"""What time does: once per slot, in pieces, told once, whatever the clock and the processes do."""

import threading
from datetime import date, timedelta

import pytest
from chat import GIAY, MAY, PHUONG, TINH, XA

from bot import rounds
from storage.desk import VIETNAM

DUE = date(2026, 12, 7)


def band(town):
    """The band of the petition as the last daily run left it."""
    return town.read(lambda store: store.cases.band(town.petition().id))


def news_keys(town, chat):
    """The keys of everything that was ever laid out for somebody."""
    from sqlalchemy import select

    from storage.tables import news

    def look(store):
        mine = news.c.conversation_id == chat.conversation_id()
        rows = store.connection.execute(select(news.c.key).where(mine).order_by(news.c.id))
        return [row.key for row in rows]

    return town.read(look)


# --- the daily run -------------------------------------------------------------------------------


def test_bands_change_once_a_day_and_not_before_half_past_seven(town):
    """The band of yesterday stands until the daily run, whatever was signed since."""
    town.gather(5)
    assert band(town) is None
    town.clock.set(date(2026, 11, 21), 7, 29)
    town.rounds()
    assert band(town) is None
    town.rounds(minutes=1)
    assert band(town).low == 5
    town.gather(6)
    town.rounds(hours=2)
    assert band(town).low == 5
    town.rounds(days=1)
    assert band(town).low == 10


def test_enough_is_told_once_and_not_taken_back(town):
    """Every signer is told the next morning, once; signing and taking back tells nobody anything."""
    officer = town.officer("Lê Thị Thử")
    signers = town.gather(5)
    assert all(news_keys(town, chat) == [] for chat in signers)
    town.rounds(days=1)
    assert all(news_keys(town, chat) == ["news-enough?"] for chat in signers)
    signers[0].says("rút tên")
    signers[0].taps("withdraw-now")
    town.rounds(days=1)
    signers[0].signs(MAY)
    town.rounds(days=1)
    assert all(news_keys(town, chat) == ["news-enough?"] for chat in signers)
    assert not any("người" in reply.text and "5" in reply.text for reply in officer.received[-1:])


def test_a_yes_on_the_same_day_is_the_only_word(town):
    """Whoever was told that the body said yes is not told afterwards that enough have signed."""
    officer = town.officer("Lê Thị Thử")
    signers = town.gather(5)
    officer.says(town.petition().code)
    officer.taps("desk-take")
    officer.taps("desk-approve")
    officer.taps("desk-approve-yes")
    town.rounds(days=1)
    assert news_keys(town, signers[0]) == ["news-start-approved?"]


def test_a_slot_runs_once_whatever_the_clock_does(town):
    """Ticking twice, and a clock that jumps a day ahead and back again, do nothing twice."""
    signers = town.gather(5)
    town.clock.set(date(2026, 11, 21), 8)
    town.rounds()
    town.clock.set(date(2026, 11, 22), 8)
    town.rounds()
    town.clock.set(date(2026, 11, 21), 9)
    assert "bands" not in town.rounds()
    town.clock.set(date(2026, 11, 22), 10)
    assert "bands" not in town.rounds()
    assert [news_keys(town, chat) for chat in signers] == [["news-enough?"]] * 5


def test_several_processes_tick_at_once(town):
    """Four ticks in the same moment are one daily run, one digest, one word to each."""
    town.officer("Lê Thị Thử")
    signers = town.gather(5)
    town.clock.set(date(2026, 11, 23), 8)
    start = threading.Barrier(4)

    def tick():
        start.wait()
        rounds.tick(town.office)

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    town.deliver()
    assert [news_keys(town, chat) for chat in signers] == [["news-enough?"]] * 5
    assert [reply.text for reply in town.chats[0].received].count("Bản tin việc sáng nay.") == 1


def test_a_run_that_stops_in_between_goes_on_where_it_was(town, monkeypatch):
    """Pieces end where they end: after a crash the rest is done, and nothing again."""
    monkeypatch.setattr(rounds, "PIECE", 1)
    town.gather(1, MAY)
    town.gather(1, "DN-MAY-2")
    town.clock.set(date(2026, 11, 21), 8)
    calls = []
    real = rounds._renew_bands

    def breaks_at_the_second(mail, after):
        calls.append(after)
        if len(calls) == 2:
            raise RuntimeError("on purpose")
        return real(mail, after)

    monkeypatch.setattr(rounds, "_renew_bands", breaks_at_the_second)
    rounds.tick(town.office)
    petitions = town.read(lambda store: store.cases.live_petitions())
    bands = [town.read(lambda s, c=case.id: s.cases.band(c)) for case in petitions]
    assert [one is not None for one in bands] == [True, False]
    rounds.tick(town.office)
    assert all(town.read(lambda s, c=case.id: s.cases.band(c)) for case in petitions)
    assert calls[1] == calls[2]


def test_one_broken_case_stops_no_other(town, monkeypatch):
    """A case on which the run fails is left out and logged; the others are done."""
    town.gather(1, MAY)
    town.gather(1, "DN-MAY-2")
    broken = town.petition().id
    real = rounds._renew_band

    def break_one(mail, case):
        if case.id == broken:
            mail.store.cases.set_band(case.id, 100, is_enough=True)
            raise RuntimeError("on purpose")
        real(mail, case)

    monkeypatch.setattr(rounds, "_renew_band", break_one)
    town.clock.set(date(2026, 11, 21), 8)
    town.rounds()
    assert band(town) is None
    other = town.petition("DN-MAY-2").id
    assert town.read(lambda store: store.cases.band(other)).low == 0


# --- deadlines -----------------------------------------------------------------------------------


def test_ten_working_days_leave_out_the_holiday_of_24_november(town):
    """Ten working days from Friday 20/11/2026 end on 07/12, since 24/11 is a holiday."""
    town.gather(5)
    assert town.petition().due_on == DUE


def test_a_late_case_is_told_to_the_body_above_and_to_the_sender_once(town, golden):
    """On the day after: the holder is reminded, the body above told, the sender gets a new day."""
    officer = town.officer("Lê Thị Thử")
    province = town.officer("Trần Văn Tỉnh", TINH, "receives")
    worker = town.gather(5)[0]
    officer.says(town.petition().code)
    officer.taps("desk-take")
    town.clock.set(DUE, 9)
    town.rounds()
    assert town.petition().escalated_at is None
    town.clock.set(date(2026, 12, 8), 7, 40)
    town.log.clear()
    town.rounds()
    town.rounds(days=1)
    province.taps("desk-late")
    province.taps("desk-remind-holder")
    worker.taps("open-news")
    worker.taps("detail")
    golden("rounds-late", town.transcript(province, worker))
    assert news_keys(town, worker).count("news-late?") == 1


def test_the_officer_above_may_take_a_late_case_up(town):
    """The body above takes it over; its senders read that another body looks at it."""
    officer = town.officer("Lê Thị Thử")
    province = town.officer("Trần Văn Tỉnh", TINH, "receives")
    worker = town.gather(5)[0]
    code = town.petition().code
    officer.says(code)
    officer.taps("desk-take")
    town.clock.set(date(2026, 12, 8), 8)
    town.rounds()
    province.taps("desk-late")
    province.taps("desk-take-self")
    case = town.petition()
    assert case.body_id == town.read(lambda store: store.bodies.by_code(TINH)).id
    assert case.state == "taken"
    assert "moved-body" in news_keys(town, worker)
    officer.taps("desk-approve")
    assert "nay thuộc Liên đoàn Lao động tỉnh Mẫu" in officer.last
    town.rounds(days=1)
    assert town.petition().body_id == case.body_id


def test_the_officer_above_may_free_a_late_case(town):
    """Taken out of the holder's hands it lies on the desk again, and the desk is told."""
    officer = town.officer("Lê Thị Thử")
    colleague = town.officer("Phạm Văn Nháp")
    province = town.officer("Trần Văn Tỉnh", TINH, "receives")
    town.gather(5)
    officer.says(town.petition().code)
    officer.taps("desk-take")
    town.clock.set(date(2026, 12, 8), 8)
    town.rounds()
    before = len(colleague.received)
    province.taps("desk-late")
    province.taps("desk-give-other")
    assert town.petition().state == "ready"
    assert town.petition().officer_id is None
    assert len(colleague.received) == before + 1


def test_a_late_case_that_was_answered_meanwhile_is_left_alone(town):
    """Between the word and the press the officer below has answered: the press changes nothing."""
    officer = town.officer("Lê Thị Thử")
    province = town.officer("Trần Văn Tỉnh", TINH, "receives")
    town.gather(5)
    officer.says(town.petition().code)
    officer.taps("desk-take")
    town.clock.set(date(2026, 12, 8), 8)
    town.rounds()
    province.taps("desk-late")
    officer.taps("desk-approve")
    officer.taps("desk-approve-yes")
    province.taps("desk-take-self")
    assert "không đổi gì" in province.last
    assert town.petition().body_id == town.read(lambda store: store.bodies.by_code(PHUONG)).id


def test_what_was_sent_back_is_not_late(town):
    """While the sender has to complete something the body is not told to hurry."""
    officer = town.officer("Lê Thị Thử")
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY)
    officer.says(worker.code)
    officer.taps("desk-take")
    officer.taps("desk-return")
    officer.taps("reason-name-short")
    officer.taps("send")
    town.rounds(days=40)
    assert "news-late?" not in news_keys(town, worker)


def test_due_soon_is_one_reminder_for_each_officer(town):
    """Two working days before the day the holder is reminded, once, for all her cases together."""
    officer = town.officer("Lê Thị Thử")
    town.gather(5)
    town.person("Trần Văn Ví Dụ").signs(GIAY)
    town.clock.set(date(2026, 12, 3), 7, 40)
    before = len(officer.received)
    town.rounds()
    town.rounds(minutes=5)
    town.clock.set(date(2026, 12, 4), 7, 40)
    town.rounds()
    said = [reply.text for reply in officer.received[before:]]
    assert said.count("Có việc sắp tới hạn.") == 1


# --- the digest ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "hour", "comes"),
    [
        (date(2026, 11, 20), 8, True),
        (date(2026, 11, 23), 7, False),
        (date(2026, 11, 23), 11, True),
        (date(2026, 11, 23), 18, False),
        (date(2026, 11, 21), 8, False),
        (date(2026, 11, 24), 8, False),
    ],
)
def test_the_digest_comes_on_working_mornings(town, day, hour, comes):
    """Not on Saturday, not on the holiday of 24/11, not before her hour, not in the evening."""
    officer = town.officer("Lê Thị Thử")
    town.clock.set(day, hour)
    town.rounds()
    assert ("Bản tin việc sáng nay." in officer.last) is comes


def test_a_stopped_officer_gets_no_digest(town):
    """Whose rights ended has nothing to read in the morning."""
    officer = town.officer("Lê Thị Thử")
    town.revoke(officer)
    town.rounds(days=3)
    assert "Bản tin việc sáng nay." not in [reply.text for reply in officer.received]


# --- another body is responsible -----------------------------------------------------------------


def cover(town, body, since, priority=9):
    """Let another body look after the commune from a day on, as an import would."""

    def work(store):
        found = store.bodies.by_code(body)
        store.bodies.cover(
            found.id,
            "commune",
            "26041",
            priority=priority,
            valid_from=since,
            valid_to=None,
            source="thử",
        )

    town.write(work)


def test_open_cases_follow_a_change_of_coverage(town):
    """On its first day the new body has every open case; dates stay and everyone is told."""
    town.officer("Lê Thị Thử")
    new = town.officer("Trần Văn Xã", XA)
    signers = town.gather(5)
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY)
    cover(town, XA, date(2026, 11, 22))
    town.clock.set(date(2026, 11, 21), 8)
    assert "reroute" not in town.rounds()
    town.rounds(days=1)
    case = town.petition()
    assert case.body_id == town.read(lambda store: store.bodies.by_code(XA)).id
    assert case.due_on == DUE
    for chat in (*signers, worker):
        assert "moved-body" in news_keys(town, chat)
    acts = [one.act for one in town.read(lambda store: store.ledger.of_case(case.id))]
    assert "handed_over" in acts
    new.says("việc")
    assert case.code in new.last
    assert "reroute" not in town.rounds(days=1)


def test_a_petition_below_its_number_moves_without_a_word_to_any_desk(town):
    """Neither the old nor the new body learns that there is one; its signers are told."""
    old, new = town.officer("Lê Thị Thử"), town.officer("Trần Văn Xã", XA)
    signers = town.gather(2)
    cover(town, XA, date(2026, 11, 20))
    before = [len(chat.received) for chat in (old, new)]
    town.clock.set(date(2026, 11, 21), 7, 45)
    town.rounds()
    assert town.petition().body_id == town.read(lambda store: store.bodies.by_code(XA)).id
    assert [len(chat.received) for chat in (old, new)] == before
    assert all("moved-body" in news_keys(town, chat) for chat in signers)


def test_what_was_handed_on_by_hand_stays_where_it_was_put(town):
    """The daily run does not undo what an officer decided."""
    officer = town.officer("Lê Thị Thử")
    town.officer("Trần Văn Xã", XA)
    town.gather(5)
    officer.says(town.petition().code)
    officer.taps("desk-take")
    officer.taps("desk-more")
    officer.taps("desk-hand-on")
    officer.taps("desk-find-body")
    officer.says(XA)
    officer.says("1")
    town.rounds(days=1)
    assert town.petition().body_id == town.read(lambda store: store.bodies.by_code(XA)).id


def test_cases_of_a_body_that_ended_are_never_left_alone(town):
    """When a body is dissolved its cases go where the place of work belongs now."""
    town.officer("Trần Văn Tỉnh", TINH, "receives")
    town.gather(5)

    def dissolve(store):
        from storage.tables import body_version, coverage

        body = store.bodies.by_code(PHUONG)
        end = date(2026, 11, 21)
        for table in (body_version, coverage):
            store.connection.execute(
                table.update().where(table.c.body_id == body.id).values(valid_to=end)
            )

    town.write(dissolve)
    town.rounds(days=1)
    assert town.petition().body_id == town.read(lambda store: store.bodies.by_code(TINH)).id


# --- scans and forgetting ------------------------------------------------------------------------


def test_scans_are_written_and_named(town):
    """Counts handed to a tick are kept; the name says that they need not come again."""
    poster = town.read(lambda store: store.posters.by_token(town.tokens[MAY]))
    before = town.read(lambda store: store.posters.scans(poster.id))
    assert "scans" in rounds.tick(town.office, {poster.id: 3})
    assert "scans" not in rounds.tick(town.office, {})
    assert town.read(lambda store: store.posters.scans(poster.id)) == before + 3


def test_scans_that_cannot_be_written_are_not_named(town):
    """A poster that is not there fails its job and no other; the caller keeps the counts."""
    assert "scans" not in rounds.tick(town.office, {12345: 1})


def test_old_drafts_become_receipts_of_nothing(town):
    """What was put off is gone after its seven days."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.signs(MAY, last="later")
    town.rounds(days=6)
    known = town.read(lambda store: store.conversations.by_id(chat.conversation_id()))
    assert "draft" in known.memory
    town.rounds(days=2)
    known = town.read(lambda store: store.conversations.by_id(chat.conversation_id()))
    assert "draft" not in known.memory
    receipts = town.read(lambda store: store.people.receipts_at(chat.conversation_id()))
    assert [one.draft_until_on for one in receipts] == [None]


def test_what_a_silent_conversation_remembers_is_wiped(town):
    """After thirty silent days nothing of an unfinished talk is left."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.taps("sign")
    town.rounds(days=29)
    known = town.read(lambda store: store.conversations.by_id(chat.conversation_id()))
    assert known.memory
    town.rounds(days=2)
    known = town.read(lambda store: store.conversations.by_id(chat.conversation_id()))
    assert (known.memory, known.step) == ({}, "")


def test_letters_on_pages_and_old_events_go_after_thirty_days(town):
    """The page of the web chat is empty after thirty days, and events are forgotten."""
    chat = town.person("Nguyễn Thị Mẫu", channel="web")
    chat.scans(MAY)
    event = f"e{next(town.events) - 1}"
    town.rounds(days=31)
    letters = town.read(lambda store: store.outbox.for_page(chat.conversation_id()))
    assert letters == []
    assert town.write(lambda store: store.inbox.is_first_time("web", event))


def test_words_of_letters_that_found_no_way_and_of_read_news_go_after_thirty_days(town):
    """A dead letter stays counted and loses its words; news that was read loses its facts."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    here = chat.conversation_id()

    def lay(store):
        store.news.lay_out(here, None, "news-question?", {"due": 1})
        assert store.news.take(here)
        store.outbox.post(key="x", conversation_id=here, channel="paper", reply="{}")
        (one,) = store.outbox.claim("l", 60, ["paper"], 1, here)
        store.outbox.dead(one.id, "l", "rejected")

    town.write(lay)
    town.rounds(days=31)
    assert town.read(lambda store: store.outbox.counts())["dead"] == 1
    assert [one.reply for one in town.read(lambda store: store.outbox.troubled())] == [""]
    newest = town.read(lambda store: store.news.newest(here))
    assert newest.facts == {}


def test_expired_links_are_forgotten(town):
    """A day after its end a link is not even known any more."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    here = chat.conversation_id()
    town.write(lambda store: store.links.make("mine", here, 10))
    town.rounds(days=2)
    assert town.write(lambda store: store.links.forget_before(store.now + timedelta(days=9))) == 0


def test_nothing_due_is_nothing_done(town):
    """A second tick in the same minute does nothing and says so."""
    town.officer("Lê Thị Thử")
    town.gather(5)
    town.clock.set(date(2026, 11, 23), 8)
    assert town.rounds()
    assert town.rounds() == []
    assert town.clock.now.astimezone(VIETNAM).hour == 8


def test_a_kept_event_is_given_up_after_a_quarter_of_a_year(town):
    """What broke and was never replayed is not kept for ever."""
    town.write(lambda store: store.inbox.keep_failed("paper", "x", "{}", "E at f:1"))
    town.rounds(days=89)
    assert len(town.read(lambda store: store.inbox.failed())) == 1
    town.rounds(days=2)
    assert town.read(lambda store: store.inbox.failed()) == []


def test_a_move_is_not_told_before_the_morning_tells_that_enough_have_signed(town):
    """Handed on at noon, a petition's signers learn of it no sooner than of the number."""
    officer = town.officer("Lê Thị Thử")
    town.officer("Trần Văn Tỉnh", TINH, "receives")
    signers = town.gather(5)
    before = [len(chat.received) for chat in signers]
    officer.says("việc")
    officer.says("1")
    officer.taps("desk-hand-on")
    officer.says("1")
    assert town.petition().body_id != officer_body(town)
    assert [len(chat.received) for chat in signers] == before


def officer_body(town):
    """Return the id of the ward's body."""
    return town.read(lambda store: store.bodies.by_code(PHUONG)).id
