"""What officers decide: one decision each, everyone told, nothing by a stale or forged press."""

import itertools
import threading
from datetime import UTC, date, datetime

import pytest
from chat import CDCS, GIAY, KCN, MAY, PHUONG, TINH, XA, ZONE

from bot.dialogues.decisions_typed import moment_and_place, number_and_day
from bot.hear import hear
from bot.payloads import payload
from bot.speech import Heard
from storage.desk import VIETNAM
from union.refusals import Unclear

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
ODD = ["", "a" * 4000, "🙂", "\x00", "\u202e12/QĐ", "12/QĐ\u200b", "1e\u0323"]


def opens(officer, code):
    """Open a card by its code."""
    officer.says(code)


def takes(officer, code):
    """Open a card and take the case."""
    opens(officer, code)
    officer.taps("desk-take")


def case_of(town, code):
    """The case with this code, whatever stands on its receipt."""

    def look(store):
        known = store.cases.by_code(code)
        if known is not None:
            return known
        return store.cases.by_id(store.signatures.by_code(code)[-1].case_id)

    return town.read(look)


def agreed(town, officer):
    """A petition that enough have signed and that this officer has said yes to."""
    signers = town.gather(5)
    code = town.petition().code
    takes(officer, code)
    officer.taps("desk-approve")
    officer.taps("desk-approve-yes")
    return signers, code


def guided(town, officer):
    """A petition with a day for its congress."""
    signers, code = agreed(town, officer)
    opens(officer, code)
    officer.taps("desk-guide")
    officer.says("06/12/2026 09:00, Nhà văn hóa phường Mẫu")
    officer.taps("desk-confirm")
    return signers, code


def checked(town, officer):
    """A petition whose dossier is complete."""
    signers, code = guided(town, officer)
    opens(officer, code)
    officer.taps("desk-check")
    officer.taps("desk-complete")
    return signers, code


# --- a petition, from the queue to its recognition -----------------------------------------------


def test_a_petition_comes_to_its_recognition(town, golden):
    """Received and checked by the commune, decided by the province; everyone is told each time."""
    officer = town.officer("Lê Thị Thử")
    signer = town.officer("Trần Văn Tỉnh", TINH, "signs")
    worker = town.gather(5)[0]
    town.clock.set(date(2026, 11, 23), 9, 14)
    town.log.clear()
    officer.says("việc")
    officer.says("1")
    officer.taps("desk-take")
    officer.taps("desk-approve")
    officer.taps("desk-approve-yes")
    officer.taps("desk-this")
    officer.taps("desk-guide")
    officer.says("06/12/2026 09:00")
    officer.says("Nhà văn hóa phường Mẫu")
    officer.taps("desk-confirm")
    town.clock.set(date(2026, 12, 8), 9, 0)
    officer.taps("desk-this")
    officer.taps("desk-check")
    officer.taps("desk-complete")
    town.clock.set(date(2026, 12, 18), 15, 0)
    signer.says("việc")
    signer.says("1")
    signer.taps("desk-decide")
    signer.says("Quyết định số 12/QĐ-LĐLĐ ngày 18/12/2026")
    signer.taps("desk-confirm")
    worker.taps("open-news")
    golden("desk-petition", town.transcript(officer, signer, worker))
    enterprise = town.read(lambda store: store.enterprises.by_code(MAY))
    body = town.read(lambda store: store.bodies.by_id(enterprise.cdcs_id))
    assert (body.name, body.level) == ("Công đoàn Công ty May Ví Dụ", "grassroots")
    assert body.parent_id == town.read(lambda store: store.bodies.by_code(TINH)).id
    assert town.petition() is None


def test_each_step_tells_every_signer(town):
    """Yes, the congress, the check and the decision are each laid out for every signer."""
    officer = town.officer("Lê Thị Thử")
    province = town.officer("Trần Văn Tỉnh", TINH, "signs")
    signers, code = checked(town, officer)
    opens(province, code)
    province.taps("desk-decide")
    province.says("12/QĐ-LĐLĐ, 20/11/2026")
    province.taps("desk-confirm")
    for chat in signers:
        keys = []
        chat_id = chat.conversation_id()
        while (one := town.write(lambda store, c=chat_id: store.news.take(c))) is not None:
            keys.append(one.key)
        assert keys == [
            "news-start-approved?",
            "news-congress?",
            "news-checked?",
            "news-recognised?",
        ]


def test_the_case_moves_to_the_body_that_decides(town):
    """After the check the case lies at the province and nobody holds it; days are counted anew."""
    officer = town.officer("Lê Thị Thử")
    _, code = checked(town, officer)
    case = case_of(town, code)
    assert case.body_id == town.read(lambda store: store.bodies.by_code(TINH)).id
    assert case.officer_id is None
    assert case.due_on == date(2026, 12, 7)
    opens(officer, code)
    assert "desk-decide" not in [one.id for one in officer.received[-1].choices]


def test_a_dossier_that_lacks_papers_goes_back_to_the_desk(town):
    """What is missing is kept word for word, the signers have nothing to do, and it may be checked again."""
    officer = town.officer("Lê Thị Thử")
    signers, code = guided(town, officer)
    news = [chat.last for chat in signers]
    opens(officer, code)
    officer.taps("desk-check")
    officer.taps("desk-incomplete")
    officer.says("Thiếu biên bản đại hội.")
    officer.taps("send")
    assert case_of(town, code).state == "returned"
    assert case_of(town, code).reason == "Thiếu biên bản đại hội."
    assert [chat.last for chat in signers] == news
    opens(officer, code)
    officer.taps("desk-check")
    officer.taps("desk-complete")
    assert case_of(town, code).state == "checked"


def test_a_body_that_may_not_check_passes_the_dossier_on(town):
    """Where checking falls to another body, the button hands the dossier over to it."""

    def unpower(store):
        for code in (PHUONG,):
            body = store.bodies.by_code(code)
            store.bodies.empower(
                body.id, "petition", "checks",
                valid_from=date(2026, 1, 1), valid_to=date(2026, 1, 1), source="test",
            )  # fmt: skip

    town.write(unpower)
    officer = town.officer("Lê Thị Thử")
    _, code = guided(town, officer)
    opens(officer, code)
    officer.taps("desk-check")
    assert "kiểm tra" in officer.last
    case = case_of(town, code)
    assert case.state == "guided"
    assert case.body_id == town.read(lambda store: store.bodies.by_code(TINH)).id


def test_the_congress_must_be_in_the_future(town):
    """A day that has passed, or none, is asked for again."""
    officer = town.officer("Lê Thị Thử")
    _, code = agreed(town, officer)
    opens(officer, code)
    officer.taps("desk-guide")
    officer.says("06/10/2026 09:00, Nhà văn hóa")
    assert "đã qua" in officer.last
    officer.says("hôm nào đó")
    assert "chưa rõ" in officer.last
    assert case_of(town, code).state == "taken"


def test_a_decision_cannot_lie_in_the_future(town):
    """Only a paper that exists has a number and a day."""
    officer = town.officer("Lê Thị Thử")
    province = town.officer("Trần Văn Tỉnh", TINH, "signs")
    _, code = checked(town, officer)
    opens(province, code)
    province.taps("desk-decide")
    province.says("12/QĐ-LĐLĐ, 18/12/2026")
    assert "chưa tới" in province.last
    assert case_of(town, code).state == "checked"


def test_a_petition_is_paused_while_too_few_are_left(town):
    """Somebody takes her name back: the desk shows it, names close, and nothing goes forward."""
    officer = town.officer("Lê Thị Thử")
    signers, code = agreed(town, officer)
    signers[0].says("rút tên")
    signers[0].taps("withdraw-now")
    opens(officer, code)
    assert "tạm dừng" in officer.last
    assert "desk-open-names" not in [one.id for one in officer.received[-1].choices]
    officer.says(f"mở tên {code}")
    assert "tạm dừng" in officer.last
    opens(officer, code)
    officer.taps("desk-guide")
    assert "tạm dừng" in officer.last
    signers[0].signs(MAY)
    opens(officer, code)
    assert "tạm dừng" not in officer.last


# --- taking, letting go, two at once -------------------------------------------------------------


def test_the_second_officer_reads_who_was_first(town, golden):
    """Two see the same card; one takes it, the other reads by whom and when, and changes nothing."""
    one, two = town.officer("Lê Thị Thử"), town.officer("Phạm Văn Nháp")
    town.gather(5)
    code = town.petition().code
    opens(one, code)
    opens(two, code)
    town.log.clear()
    town.clock.advance(minutes=74)
    one.taps("desk-take")
    two.taps("desk-take")
    two.taps("desk-this")
    golden("desk-two-officers", town.transcript(one, two))


def sees_card(town, chat, code, number):
    """Open a card and return the payload of its first button; its letters stay where they lie."""
    heard = Heard(chat.channel, chat.address, f"card{number}", text=code)
    return hear(heard, town.office).letters[-1].choices[0].payload


def test_a_hundred_races_have_one_winner_each(town):
    """Two officers press in the same moment: one holds the case, the other reads by whom."""
    race(town, 100)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_thousand_races_have_one_winner_each(town):
    """The same, a thousand times."""
    race(town, 1000)


def race(town, number):
    """Let two officers press at once so many times; one decision comes of each."""
    one, two = town.officer("Lê Thị Thử"), town.officer("Phạm Văn Nháp")
    town.gather(5)
    code = town.petition().code
    numbers = itertools.count()
    for _ in range(number):
        presses = [(chat, sees_card(town, chat, code, next(numbers))) for chat in (one, two)]
        start = threading.Barrier(2)

        def press(chat, carried, start=start):
            heard = Heard(chat.channel, chat.address, f"race{next(numbers)}", choice=carried)
            start.wait()
            chat.outcome = hear(heard, town.office)

        threads = [threading.Thread(target=press, args=each) for each in presses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        said = [chat.outcome.letters[0].text for chat in (one, two)]
        assert sum("Bạn đã nhận" in text for text in said) == 1
        assert sum("đã có người nhận trước" in text for text in said) == 1
        winner = one if "Bạn đã nhận" in said[0] else two
        holder = town.read(lambda store: store.officers.by_id(town.petition().officer_id))
        assert holder.name == winner.name
        town.write(
            lambda store: store.cases.change(
                store.cases.by_code(code), state="ready", officer_id=None, taken_at=None
            )
        )
    taken = [one.act for one in town.read(lambda store: store.ledger.of_case(town.petition().id))]
    assert taken.count("taken") == number


def test_letting_go_gives_it_back_to_colleagues(town):
    """What one lets go another may take."""
    one, two = town.officer("Lê Thị Thử"), town.officer("Phạm Văn Nháp")
    town.gather(5)
    code = town.petition().code
    takes(one, code)
    one.taps("desk-more")
    one.taps("desk-release")
    assert case_of(town, code).state == "ready"
    takes(two, code)
    assert "Bạn đã nhận" in two.received[-2].text


def test_an_old_button_changes_nothing(town):
    """A button of a card that has passed is refused."""
    officer = town.officer("Lê Thị Thử")
    town.gather(5)
    code = town.petition().code
    opens(officer, code)
    old = officer.button("desk-take").payload
    officer.says("việc")
    officer.presses(old)
    assert case_of(town, code).officer_id is None
    assert "không dùng nữa" in officer.last


def test_a_press_on_a_case_that_went_on_changes_nothing(town):
    """The worker took her wish back meanwhile: the officer's yes comes too late and says so."""
    officer = town.officer("Lê Thị Thử")
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY)
    code = worker.code
    takes(officer, code)
    officer.taps("desk-approve")
    worker.says("rút tên")
    worker.taps("withdraw-now")
    officer.taps("desk-approve-yes")
    assert "không đổi gì" in officer.last
    assert case_of(town, code).state == "withdrawn"


def test_a_reason_written_for_one_step_is_not_sent_at_the_next(town):
    """While she types what is missing a colleague finds the dossier complete: nothing is sent back."""
    roles = ("receives", "checks", "signs")
    one = town.officer("Lê Thị Thử", KCN, *roles)
    two = town.officer("Phạm Văn Nháp", KCN, *roles)
    town.gather(5, ZONE)
    code = town.petition(ZONE).code
    takes(one, code)
    one.taps("desk-approve")
    one.taps("desk-approve-yes")
    opens(one, code)
    one.taps("desk-guide")
    one.says("06/12/2026 09:00, Thư viện")
    one.taps("desk-confirm")
    town.write(lambda store: store.cases.change(store.cases.by_code(code), officer_id=None))
    opens(one, code)
    one.taps("desk-return")
    one.says("Thiếu biên bản đại hội.")
    opens(two, code)
    two.taps("desk-check")
    two.taps("desk-complete")
    one.taps("send")
    assert "không đổi gì" in one.last
    assert case_of(town, code).state == "checked"


@pytest.mark.parametrize("choice", ["desk-take", "desk-approve-yes", "desk-confirm", "pick-1"])
def test_forged_buttons_do_nothing(town, choice):
    """A button that was never offered here, or was offered to somebody else, is refused."""
    officer = town.officer("Lê Thị Thử")
    town.gather(5)
    opens(officer, town.petition().code)
    stranger = town.person("kẻ lạ")
    stranger.says("menu")
    genuine = payload(town.database.keys, officer.conversation_id(), 99, choice)
    for chat in (stranger, officer):
        chat.presses(genuine)
        chat.presses(f"1.{choice}.AAAAAAAAAAAAAAAAAAAA")
    assert town.petition().state == "ready"
    assert town.read(lambda store: store.inbox.failed()) == []


# --- rights that end -----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["revoked", "suspended"])
def test_rights_that_end_in_the_middle_of_a_step(town, state):
    """Between the question and the yes she is stopped: the press does nothing and says so."""
    officer = town.officer("Lê Thị Thử")
    signers = town.gather(5)
    code = town.petition().code
    takes(officer, code)
    officer.taps("desk-approve")
    news = len(signers[0].received)
    operator = town.person("vận hành", channel="operator")
    operator.submits(
        "revoke", body=PHUONG, role="", officer="", suspend="yes" if state == "suspended" else "no"
    )
    town.clock.advance(minutes=5)
    officer.taps("desk-approve-yes")
    assert officer.last.startswith(
        "Quyền của bạn tại Công đoàn phường Mẫu đã dừng lúc 08:00 ngày 20/11/2026."
    )
    case = case_of(town, code)
    assert (case.state, case.answered_at, case.officer_id) == ("taken", None, None)
    assert len(signers[0].received) == news
    officer.says("việc")
    assert code not in officer.last
    officer.says(code)
    assert "Công ty May" not in officer.last


def test_what_a_stopped_officer_held_is_free_again(town):
    """A colleague may take what a stopped officer held, at the step where it stood."""
    one, two = town.officer("Lê Thị Thử"), town.officer("Phạm Văn Nháp")
    _, code = agreed(town, one)
    town.revoke(one)
    takes(two, code)
    assert "đã đồng ý hướng dẫn" in two.last
    assert case_of(town, code).answered_at is not None


def test_a_role_is_needed_for_each_act(town):
    """Who only receives cannot check; who only signs cannot take."""
    receives = town.officer("Lê Thị Thử", PHUONG, "receives")
    signs = town.officer("Lý Văn Ký", PHUONG, "signs")
    _, code = guided(town, receives)
    opens(receives, code)
    receives.taps("desk-check")
    assert "thuộc vai khác" in receives.last
    assert case_of(town, code).state == "guided"
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY)
    opens(signs, worker.code)
    assert "desk-take" not in [one.id for one in signs.received[-1].choices]


def test_a_role_without_the_power_behind_it_signs_nothing(town):
    """An officer with the role "signs" at a body that does not recognise unions cannot recognise one."""
    officer = town.officer("Lê Thị Thử", PHUONG, "receives", "checks", "signs")
    town.gather(5)
    code = town.petition().code
    takes(officer, code)
    assert "desk-refuse" not in [one.id for one in officer.received[-1].choices]


# --- joining -------------------------------------------------------------------------------------


def test_a_join_is_approved_and_decided(town, golden):
    """The body above takes a wish to join, says yes, and records the committee's decision."""
    officer = town.officer("Lê Thị Thử")
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY)
    town.log.clear()
    officer.says("việc")
    officer.says("1")
    officer.taps("desk-take")
    officer.taps("desk-approve")
    officer.taps("desk-approve-yes")
    worker.taps("open-news")
    town.clock.set(date(2026, 12, 18), 10, 0)
    officer.taps("desk-this")
    officer.taps("desk-join-decide")
    officer.says("07/QĐ-CĐCS, 17/12/2026")
    officer.taps("desk-confirm")
    worker.taps("open-news")
    worker.taps("detail")
    golden("desk-join", town.transcript(officer, worker))
    assert case_of(town, worker.code).state == "decided"


def test_a_join_is_sent_back_and_completed(town, golden):
    """The reason from the list is read over, sent word for word, and the sender completes."""
    officer = town.officer("Lê Thị Thử")
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY)
    takes(officer, worker.code)
    town.log.clear()
    officer.taps("desk-return")
    officer.taps("reason-name-short")
    officer.taps("send")
    worker.taps("open-news")
    worker.taps("detail")
    officer.taps("desk-this")
    golden("desk-join-returned", town.transcript(officer, worker))
    case = case_of(town, worker.code)
    assert (case.state, case.due_on) == ("returned", date(2026, 11, 30))


def test_a_refusal_carries_the_reason_as_it_was_typed(town):
    """What the officer typed and read over is what the sender reads."""
    officer = town.officer("Lê Thị Thử")
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY)
    takes(officer, worker.code)
    officer.taps("desk-refuse")
    officer.taps("reason-typed")
    officer.says("Bạn làm ở chi nhánh xã Thử, nơi này không thuộc chúng tôi.")
    officer.taps("retype")
    officer.says("Bạn làm ở chi nhánh khác.")
    officer.taps("send")
    worker.taps("open-news")
    worker.taps("detail")
    assert "“Bạn làm ở chi nhánh khác.”" in worker.last
    assert not case_of(town, worker.code).is_live


@pytest.mark.parametrize("typed", ODD)
def test_odd_reasons_send_nothing(town, typed):
    """A reason that cannot be read is asked for again; nothing breaks, nothing is sent by itself."""
    officer = town.officer("Lê Thị Thử")
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY)
    takes(officer, worker.code)
    officer.taps("desk-refuse")
    officer.taps("reason-typed")
    officer.says(typed)
    assert case_of(town, worker.code).state == "taken"
    assert town.read(lambda store: store.inbox.failed()) == []


# --- handing on ----------------------------------------------------------------------------------


def test_a_case_is_handed_on_with_its_dates(town):
    """The other body gets it, nobody holds it, the day stays, and the senders are told."""
    officer, other = town.officer("Lê Thị Thử"), town.officer("Trần Văn Xã", XA)
    signers = town.gather(5)
    code = town.petition().code
    town.rounds(days=3)
    signers[0].taps("open-news")
    takes(officer, code)
    due = case_of(town, code).due_on
    officer.taps("desk-more")
    officer.taps("desk-hand-on")
    assert "Liên đoàn Lao động tỉnh Mẫu" in officer.last
    officer.taps("desk-find-body")
    officer.says("khong co noi nay")
    assert "chưa thấy nơi nào" in officer.last
    officer.says("xa thu")
    officer.says("1")
    case = case_of(town, code)
    assert (case.state, case.officer_id, case.due_on) == ("ready", None, due)
    assert case.body_id == town.read(lambda store: store.bodies.by_code(XA)).id
    signers[0].taps("open-news")
    assert "Nơi xem xét đã đổi" in signers[0].last
    other.says("việc")
    assert code in other.last


def test_a_name_kept_from_the_workplace_needs_the_senders_yes(town, golden):
    """Who chose the body above is asked before her name goes to the union of her workplace."""
    officer = town.officer("Lê Thị Thử")
    chair = town.officer("Võ Thị Cơ Sở", CDCS, "receives")
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY, where="to-above")
    takes(officer, worker.code)
    town.log.clear()
    officer.taps("desk-more")
    officer.taps("desk-hand-on")
    officer.says("1")
    officer.taps("desk-ask-sender")
    assert case_of(town, worker.code).body_id == town.read(lambda s: s.bodies.by_code(PHUONG)).id
    worker.taps("open-news")
    worker.taps("detail")
    worker.taps("hand-no")
    officer.says(worker.code)
    golden("desk-hand-down", town.transcript(officer, worker))
    chair.says("việc")
    assert worker.code not in chair.last


def test_with_her_yes_the_name_goes_down(town):
    """After the sender's yes the union of her workplace gets the case."""
    officer = town.officer("Lê Thị Thử")
    chair = town.officer("Võ Thị Cơ Sở", CDCS, "receives")
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY, where="to-above")
    takes(officer, worker.code)
    for _ in range(2):
        officer.says(worker.code)
        officer.taps("desk-more")
        officer.taps("desk-hand-on")
        officer.says("1")
        if officer.received[-1].choices[0].id == "desk-ask-sender":
            officer.taps("desk-ask-sender")
            worker.taps("open-news")
            worker.taps("detail")
            worker.taps("hand-yes")
    chair.says("việc")
    assert worker.code in chair.last


def test_questions_and_petitions_never_go_to_a_grassroots_union(town):
    """The union of a workplace gets joins of that workplace and nothing else."""
    officer = town.officer("Lê Thị Thử")
    town.officer("Võ Thị Cơ Sở", CDCS, "receives")
    town.gather(5)
    code = town.petition().code
    takes(officer, code)
    officer.taps("desk-more")
    officer.taps("desk-hand-on")
    officer.taps("desk-find-body")
    officer.says(CDCS)
    officer.says("1")
    assert "không nhận được việc này" in officer.last
    assert case_of(town, code).body_id == town.read(lambda store: store.bodies.by_code(PHUONG)).id


# --- questions -----------------------------------------------------------------------------------


def asks(town, text="Công ty trả lương chậm hai tháng rồi.", **how):
    """Let a worker ask the desk."""

    def work(store):
        chat = town.person("Phan Thị Hỏi")
        known = store.conversations.locked(chat.channel, chat.address, "vi")
        body = store.bodies.by_code(PHUONG)
        case = store.cases.open(
            "request", store.people.new_code(), "waiting", body.id,
            conversation_id=known.id, about="wage", text=text, due_on=date(2026, 11, 23), **how,
        )  # fmt: skip
        return chat, case.code

    return town.write(work)


def test_a_question_is_answered_by_one_letter(town, golden):
    """The question is on the card without a name; the answer is read over and sent word for word."""
    officer = town.officer("Lê Thị Thử")
    worker, code = asks(town)
    town.log.clear()
    officer.says("việc")
    officer.says("1")
    officer.taps("desk-take")
    officer.taps("desk-answer")
    officer.says("Bạn giữ bảng lương và bảng chấm công.")
    officer.taps("send")
    worker.taps("open-news")
    worker.taps("open-letter")
    golden("desk-question", town.transcript(officer, worker))
    case = case_of(town, code)
    assert (case.state, case.is_live) == ("answered", False)


def test_a_question_may_be_closed_after_a_call(town):
    """Whoever wanted a call reads that it is closed, and the officer reads how to call."""
    officer = town.officer("Lê Thị Thử")
    worker, code = asks(town, call="+84912345678, sau 19 giờ")
    takes(officer, code)
    assert "912345678" not in officer.last
    officer.taps("desk-more")
    officer.taps("desk-call")
    assert any("Không nói gọi từ đâu" in reply.text for reply in officer.received[-2:])
    officer.taps("desk-more")
    officer.taps("desk-close")
    assert not case_of(town, code).is_live
    worker.taps("open-news")
    worker.taps("open-letter")
    assert "đã gọi cho bạn" in worker.last


@pytest.mark.parametrize("typed", ODD)
def test_odd_answers_are_asked_again_or_read_over(town, typed):
    """Nothing is sent that the officer has not read over."""
    officer = town.officer("Lê Thị Thử")
    _, code = asks(town)
    takes(officer, code)
    officer.taps("desk-answer")
    officer.says(typed)
    assert case_of(town, code).state == "taken"
    assert town.read(lambda store: store.inbox.failed()) == []


# --- what officers type --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "hour", "minute", "place"),
    [
        ("06/12/2026 09:00, Nhà văn hóa phường Mẫu", 9, 0, "Nhà văn hóa phường Mẫu"),
        ("9h30 6.12.2026 Thư viện", 9, 30, "Thư viện"),
        ("06-12-2026 lúc 14 giờ", 14, 0, "lúc"),
        ("6/12/2026 18h", 18, 0, ""),
        ("Nhà văn hóa, 06/12/2026, 07:05", 7, 5, "Nhà văn hóa"),
    ],
)
def test_days_are_read_as_people_write_them(typed, hour, minute, place):
    """Day, hour and place are understood in the ways in which they are written."""
    at, where = moment_and_place(typed, NOW)
    assert at == datetime(2026, 12, 6, hour, minute, tzinfo=VIETNAM)
    assert where == place


@pytest.mark.parametrize(
    "typed",
    [
        *ODD,
        "06/12/2026",
        "09:00",
        "31/02/2027 09:00",
        "06/12/26 09:00",
        "6/12/2099 09:00",
        "06/12/2026 25:00",
    ],
)
def test_unreadable_days_are_asked_again(typed):
    """What is no day with an hour is never guessed."""
    with pytest.raises(Unclear):
        moment_and_place(typed, NOW)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12/QĐ-LĐLĐ, 18/11/2026", "12/QĐ-LĐLĐ"),
        ("Quyết định số 12/QĐ-LĐLĐ ngày 18/11/2026", "12/QĐ-LĐLĐ"),
        ("18/11/2026 07/QĐ-CĐCS", "07/QĐ-CĐCS"),
        ("số 7 ngày 18-11-2026", "7"),
    ],
)
def test_decisions_are_read_as_they_stand_on_paper(typed, number):
    """Number and day of a decision are understood in the usual ways."""
    assert number_and_day(typed, date(2026, 11, 20)) == (number, date(2026, 11, 18))


@pytest.mark.parametrize(
    "typed",
    [
        *ODD,
        "18/11/2026",
        "12/QĐ",
        "12/QĐ 30/02/2026",
        "12/QĐ 21/11/2026",
        f"{'1' * 80} 18/11/2026",
    ],
)
def test_unreadable_decisions_are_asked_again(typed):
    """Without a number, without a day, or with a day to come there is no decision."""
    with pytest.raises(Unclear):
        number_and_day(typed, date(2026, 11, 20))
