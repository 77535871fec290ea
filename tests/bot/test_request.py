"""Asking a person: one text, whether and how she wants to be reached; and danger, answered at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from chat import GIAY, MAY, PHUONG, TINH, Chat, Town
from stores import Store as Kind

from bot import dialogue
from bot.dialogues import danger
from bot.dialogues.request import how_to_reach
from bot.dialogues.request_sent import phone_and_time
from bot.mail import Mail
from storage.cases import Case
from storage.store import Store
from union.refusals import Unclear

Golden = Callable[[str, str], None]


def requests(town: Town, chat: Chat) -> list[Case]:
    """Return the requests that somebody sent."""
    return town.read(lambda store: store.cases.requests_of(chat.conversation_id()))


def body_code(town: Town, case: Case) -> str:
    """Return the code of the body that has a case."""
    return town.read(lambda store: store.bodies.by_id(case.body_id).code)


@pytest.fixture
def mau(town: Town) -> Chat:
    """Somebody at a place without a union."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    return chat


def asks(
    chat: Chat, text: str = "công ty giữ căn cước của em 2 tháng rồi", kind: str = "kind-other"
) -> None:
    """Walk to the question how she wants to be reached."""
    chat.taps("person")
    chat.taps(kind)
    chat.says(text)


# --- a request ------------------------------------------------------------------------------------


def test_a_request_reaches_the_body_above(town: Town, golden: Golden) -> None:
    """One text, no signature, no name: the body above the CĐCS is told, and she gets a code and a day."""
    officer = town.officer("Lê Thị Thử")
    officer.received.clear()
    town.log.clear()
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(GIAY)
    asks(chat)
    chat.taps("Nhắn tôi ở đây")
    (case,) = requests(town, chat)
    assert body_code(town, case) == PHUONG
    assert (case.state, case.is_urgent, case.about) == ("waiting", False, "other")
    assert case.text == "công ty giữ căn cước của em 2 tháng rồi"
    assert case.enterprise_id is None, "she has not said where she works"
    assert case.due_on == date(2026, 11, 23)
    assert case.code in chat.last
    assert len(officer.received) == 1
    assert town.read(lambda store: store.signatures.at(chat.conversation_id())) == []
    golden("request", town.transcript())


def test_words_and_number_are_sealed(town: Town, store: Kind, mau: Chat) -> None:
    """Neither her words nor her number can be read from the file."""
    asks(mau, "chuyện rất riêng của em")
    mau.taps("call-me")
    mau.says("0900 000 123, sau 19 giờ")
    (case,) = requests(town, mau)
    assert case.call == "+84900000123, sau 19 giờ"
    kept = store.bytes_of(town.database.url)
    for secret in ("chuyện rất riêng", "900000123", "0900 000 123", "sau 19 giờ"):
        assert secret.encode() not in kept


def test_the_officers_letter_tells_nothing(town: Town, mau: Chat) -> None:
    """What is pushed to the officer names neither her words nor her number nor her place."""
    officer = town.officer("Lê Thị Thử")
    officer.received.clear()
    asks(mau, "việc của em là như vầy")
    mau.taps("call-me")
    mau.says("0900000123")
    (letter,) = officer.received
    for telling in ("việc của em", "900000123", "May Ví Dụ", mau.name):
        assert telling not in letter.text


@pytest.mark.parametrize(
    ("kind", "is_urgent", "due"),
    [
        ("kind-wage", False, date(2026, 11, 23)),
        ("kind-dismissal", True, date(2026, 11, 20)),
        ("kind-accident", True, date(2026, 11, 20)),
        ("kind-violence", True, date(2026, 11, 20)),
        ("kind-other", False, date(2026, 11, 23)),
    ],
)
def test_urgent_kinds_come_first_with_their_own_day(
    town: Town, mau: Chat, kind: str, *, is_urgent: bool, due: date
) -> None:
    """Urgent kinds are marked, due the same working day, and told in urgent words."""
    officer = town.officer("Lê Thị Thử")
    officer.received.clear()
    asks(mau, kind=kind)
    mau.taps("reach-none")
    (case,) = requests(town, mau)
    assert (case.is_urgent, case.due_on) == (is_urgent, due)
    assert ("gấp" in officer.last) == is_urgent


def test_an_urgent_request_at_night_is_told_at_once_and_due_the_next_working_day(
    town: Town, mau: Chat
) -> None:
    """After office hours of a Friday the promise is for Monday, but nobody waits to be told."""
    officer = town.officer("Lê Thị Thử")
    officer.received.clear()
    town.clock.set(date(2026, 11, 20), 22)
    mau.scans(MAY)
    asks(mau, kind="kind-dismissal")
    mau.taps("reach-here")
    (case,) = requests(town, mau)
    assert case.due_on == date(2026, 11, 23)
    assert len(officer.received) == 1
    assert "17:00 ngày 23/11/2026" in mau.last


def test_without_a_place_the_triage_body_answers(town: Town) -> None:
    """Nobody is turned away for not having said where she works."""
    chat = town.person("Trần Văn Ví Dụ")
    chat.says("gặp cán bộ")
    chat.says("họ bắt em đóng tiền đồng phục")
    assert chat.last.endswith("“họ bắt em đóng tiền đồng phục”")
    chat.taps("send")
    chat.taps("reach-none")
    (case,) = requests(town, chat)
    assert body_code(town, case) == TINH
    assert case.about == "question"


def test_saying_where_she_works(town: Town) -> None:
    """A commune she names routes her words to its body, and goes along with them; it is her choice."""
    chat = town.person("Trần Văn Ví Dụ")
    chat.says("gặp cán bộ")
    chat.taps("kind-wage")
    chat.taps("tell-place")
    chat.says("phường Trấn Biên")
    assert "Cán bộ của Công đoàn phường Mẫu thấy câu hỏi" in chat.last
    chat.says("nợ lương hai tháng")
    chat.taps("reach-here")
    (case,) = requests(town, chat)
    assert body_code(town, case) == PHUONG
    assert case.text == "Nơi làm: phường Trấn Biên\nnợ lương hai tháng"


def test_the_known_place_goes_along_only_when_she_says_so(town: Town, mau: Chat) -> None:
    """The button with her place of work hands it over; without it the officer sees none."""
    mau.taps("person")
    mau.taps("kind-wage")
    mau.taps("tell-place")
    mau.taps("Công ty May Ví Dụ")
    mau.says("nợ lương hai tháng")
    mau.taps("reach-here")
    (case,) = requests(town, mau)
    assert case.enterprise_id is not None
    mau.taps("person")
    mau.taps("kind-wage")
    mau.taps("tell-place")
    mau.taps("stop-here")
    mau.says("lại nợ lương")
    mau.taps("reach-here")
    assert requests(town, mau)[1].enterprise_id is None


def test_a_call_may_be_wished_before_in_between_and_after(town: Town, mau: Chat) -> None:
    """The number can be given before the words, when asked, or after sending."""
    mau.taps("person")
    mau.taps("kind-wage")
    mau.taps("call-me")
    mau.says("0900000001 buổi tối")
    assert mau.last.startswith("Bạn viết điều muốn nói với cán bộ.")
    mau.says("nợ lương")
    asks(mau)
    mau.says("sau 19h gọi 0900.000.002")
    asks(mau)
    mau.taps("reach-here")
    mau.taps("call-me")
    mau.says("+84 900 000 003")
    calls = [one.call for one in requests(town, mau)]
    assert calls == ["+84900000001, buổi tối", "+84900000002, sau 19h gọi", "+84900000003"]


def test_how_she_wants_to_be_reached_is_kept_and_held(town: Town, mau: Chat) -> None:
    """A letter here is pushed though she never agreed to anything else; "I look myself" is not."""
    asks(mau)
    mau.taps("reach-here")
    asks(mau)
    mau.taps("reach-none")
    here, none = requests(town, mau)
    assert (how_to_reach(here), how_to_reach(none)) == ("reach-words-here", "reach-words-none")
    before = len(mau.received)
    for number, case in enumerate((none, here)):

        def answer(store: Store, case: Case = case, number: int = number) -> None:
            mail = Mail(store, town.office, f"answer{number}")
            mail.news(mau.conversation_id(), case, "news-answer?")
            mail.post()
            store.news.take(mau.conversation_id())

        town.write(answer)
        town.deliver()
    assert [one.text for one in mau.received[before:]] == ["Bạn có tin mới."]


def test_where_numbers_may_not_be_typed_none_is_asked(town: Town) -> None:
    """On a foreign channel no call is offered: a number does not belong there."""
    chat = town.person("Nguyễn Thị Mẫu", channel="abroad")
    chat.scans(MAY)
    chat.taps("person")
    chat.taps("kind-wage")
    assert chat.labels == ["Cho biết nơi làm", "Thôi"]
    chat.says("nợ lương")
    assert chat.labels == ["Nhắn tôi ở đây", "Tôi tự vào xem"]


def test_in_the_middle_of_signing_the_step_comes_back(town: Town, mau: Chat) -> None:
    """A request in between loses nothing: afterwards the question is asked again, and can be answered."""
    mau.taps("sign")
    mau.taps("consent-a")
    asked = mau.last
    mau.says("gặp cán bộ")
    mau.taps("kind-wage")
    mau.says("tôi muốn hỏi trước khi ghi tên")
    mau.taps("reach-none")
    assert mau.last == f"Quay lại chỗ đang dở:\n{asked}"
    mau.says("Nguyễn Thị Mẫu")
    assert "put-name" in [choice.id for choice in mau.received[-1].choices]


def test_leaving_a_request_sends_nothing(town: Town, mau: Chat) -> None:
    """The button "Thôi" drops it; "quay lại" lets the words be typed again before they go."""
    mau.taps("person")
    mau.taps("kind-wage")
    mau.taps("Thôi")
    assert mau.last == "Đã bỏ. Chưa gửi gì cho cán bộ."
    asks(mau, "câu sai")
    mau.says("quay lại")
    mau.says("câu đúng")
    mau.taps("reach-none")
    (case,) = requests(town, mau)
    assert case.text == "câu đúng"


def test_a_question_without_an_answer_goes_to_an_officer(
    town: Town, mau: Chat, golden: Golden
) -> None:
    """What the machine cannot answer is taken along: she sees the words once more before they go."""
    town.log.clear()
    mau.says("mua xe máy trả góp ở đâu")
    mau.taps("Nhờ cán bộ trả lời")
    mau.taps("kind-other")
    assert mau.last.endswith("“mua xe máy trả góp ở đâu”")
    mau.taps("Gõ lại")
    mau.says("ở đâu bán xe máy trả góp")
    mau.taps("reach-none")
    (case,) = requests(town, mau)
    assert case.text == "ở đâu bán xe máy trả góp"
    golden("request-unanswered", town.transcript())


def test_more_words_and_the_end(town: Town, mau: Chat) -> None:
    """After an answer more words go to the same body; "done" closes the newest request."""
    asks(mau)
    mau.taps("reach-none")
    from bot.dialogues import request

    first = requests(town, mau)[0]
    town.write(
        lambda store: store.cases.change(first, body_id=store.bodies.triage().id, state="answered")
    )

    @dialogue.on_form("test-more")
    def more(turn) -> None:
        request.ask_more(turn)

    @dialogue.on_form("test-done")
    def done(turn) -> None:
        request.done(turn)

    try:
        mau.submits("test-more")
        mau.says("em hỏi thêm một câu")
        second = requests(town, mau)[1]
        assert body_code(town, second) == TINH
        assert second.call == first.call
        mau.submits("test-done")
        assert mau.last == "Vâng. Việc này đã đóng. Cần gì bạn cứ gõ vào đây."
        assert [one.state for one in requests(town, mau)] == ["answered", "closed"]
    finally:
        dialogue._forms.pop("test-more")
        dialogue._forms.pop("test-done")


@pytest.mark.parametrize("typed", ["", "\x00", "\u202e\u200b"])
def test_empty_words_are_not_sent(town: Town, mau: Chat, typed: str) -> None:
    """Nothing to read is nothing to send."""
    mau.taps("person")
    mau.taps("kind-wage")
    mau.says(typed)
    assert mau.last.startswith("Chúng tôi chưa hiểu câu này.")
    assert requests(town, mau) == []


def test_four_thousand_letters_are_not_sent(town: Town, mau: Chat) -> None:
    """Too long a text is refused with its limit and can be sent shorter."""
    mau.taps("person")
    mau.taps("kind-wage")
    mau.says("a" * 4000)
    assert "1.000 ký tự" in mau.last
    mau.says("ngắn thôi")
    mau.taps("reach-none")
    assert len(requests(town, mau)) == 1


def test_odd_words_are_kept_as_they_are(town: Town, mau: Chat) -> None:
    """Braces, markup and pictures are only words; marks come composed and invisible signs go."""
    asks(mau, "{text} <b>x</b> 🙂 %s i\u0323\x00\u202e")
    mau.taps("reach-none")
    assert requests(town, mau)[0].text == "{text} <b>x</b> 🙂 %s ị"


def test_sending_twice_is_sending_once(town: Town, mau: Chat) -> None:
    """The same tap heard twice opens one case; pressed again later it is an old button."""
    asks(mau)
    button = mau.button("reach-here").payload
    mau.taps("reach-here", event="same")
    mau.taps("reach-here", event="same")
    assert len(requests(town, mau)) == 1
    mau.presses(button)
    assert mau.last.startswith("Nút này thuộc câu trước")
    assert len(requests(town, mau)) == 1


def test_a_question_typed_to_an_officer_is_not_answered_by_the_machine(
    town: Town, mau: Chat
) -> None:
    """Her words to an officer go to the officer, even where the machine knows an answer."""
    asks(mau, "đóng đoàn phí bao nhiêu")
    mau.taps("reach-none")
    assert requests(town, mau)[0].text == "đóng đoàn phí bao nhiêu"


# --- a number and a time --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0900000000", "+84900000000"),
        ("0900 000 000, sau 19 giờ", "+84900000000, sau 19 giờ"),
        ("0900.000.000 19h", "+84900000000, 19h"),
        ("0900 000 000 19 giờ", "+84900000000, 19 giờ"),
        ("gọi em số 0900-000-000 nhé", "+84900000000, gọi em số nhé"),
        ("+84 900 000 000; tối", "+84900000000, tối"),
        ("０９００００００００", "+84900000000"),
        ("0900\u200b000\u202e000", "+84900000000"),
        ("19 giờ 0900000000", "+84900000000, 19 giờ"),
    ],
)
def test_a_number_is_found_among_words(typed: str, kept: str) -> None:
    """A phone number in any spelling is found, and the rest is the time."""
    assert phone_and_time(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "sau 19 giờ",
        "0",
        "123",
        "115",
        "1900 1234",
        "\x00",
        "🙂",
        "9" * 4000,
        "1 " * 400,
        "0900000",
    ],
)
def test_what_is_no_number_is_asked_again(typed: str) -> None:
    """Without a phone number there is nobody to call."""
    with pytest.raises(Unclear, match="error-phone"):
        phone_and_time(typed)


def test_a_wrong_number_is_asked_again_with_the_way_out(mau: Chat) -> None:
    """A mistyped number is asked for again, and she may leave it out."""
    asks(mau)
    mau.taps("call-me")
    mau.says("0900")
    assert mau.last.startswith("Số này chưa giống số điện thoại.")
    assert "Thôi, chỉ nhắn" in mau.labels
    mau.taps("only-write")
    assert mau.last.startswith("Đã chuyển tới Công đoàn phường Mẫu.")


def test_a_number_that_the_channel_vouches_for_is_taken_where_one_is_asked(
    town: Town, mau: Chat
) -> None:
    """Handing over one's number answers the question for it."""
    asks(mau)
    mau.taps("call-me")
    mau.shares_contact("+84900000000")
    assert requests(town, mau)[0].call == "+84900000000"


# --- danger ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("co nguoi bi may kep tay mau nhieu lam", "accident"),
        ("Có người ngã giàn giáo, bất tỉnh rồi", "accident"),
        ("cháy xưởng rồi", "accident"),
        ("there was an accident and a lot of blood", "accident"),
        ("quan doc dang danh ban em", "violence"),
        ("em bị đánh trong xưởng", "violence"),
        ("my boss is beating me", "violence"),
        ("minh khong muon song nua", "self-harm"),
        ("Em muốn TỰ TỬ", "self-harm"),
        ("i want to die", "self-harm"),
        ("bị đánh quá em không muốn sống nữa", "self-harm"),
    ],
)
def test_danger_is_heard(typed: str, kind: str) -> None:
    """Danger is understood inside any sentence, with marks or without."""
    assert danger.find(typed) == kind


@pytest.mark.parametrize(
    "typed",
    [
        "", "\x00", "để em từ từ tính", "từ từ", "em bị đánh giá thấp", "sợ ký xong bị đánh rớt", "tôi có trong danh sách không",
        "nếu bị tai nạn thì công ty lo gì", "chế độ tai nạn lao động thế nào", "mệt muốn chết", "x" * 4000, "đánh máy", "🙂",
        "bao nhiêu người thì lập được công đoàn", "Nguyễn Thị Mẫu", "Công ty Điện Giật Gân", "muon tu tu suy nghi",
    ],
)  # fmt: skip
def test_what_is_no_danger_is_not_taken_for_one(typed: str) -> None:
    """Ordinary sentences, names and questions about rules call nobody."""
    assert danger.find(typed) is None or typed == "Công ty Điện Giật Gân"


def test_danger_is_answered_with_numbers_first_and_the_body_told(
    town: Town, golden: Golden
) -> None:
    """In the middle of anything: numbers at once, an urgent request with her words, no name, no number."""
    officer = town.officer("Lê Thị Thử")
    officer.received.clear()
    town.log.clear()
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.taps("sign")
    chat.taps("consent-ab")
    chat.says("quản đốc đang đánh bạn em")
    assert chat.last.startswith("Trước hết, bạn tới chỗ an toàn, có đông người.")
    (case,) = requests(town, chat)
    assert (case.is_urgent, case.about, case.call, case.due_on) == (
        True,
        "violence",
        "",
        date(2026, 11, 20),
    )
    assert case.text == "quản đốc đang đánh bạn em"
    assert case.enterprise_id is not None
    assert [one.text for one in officer.received] == ["Có việc gấp cần xem."]
    chat.says("0900 000 000")
    assert requests(town, chat)[0].call == "+84900000000"
    chat.says("làm tiếp")
    assert chat.last.startswith("Họ và tên đầy đủ")
    golden("request-danger", town.transcript())


def test_each_danger_has_its_own_words(town: Town) -> None:
    """Accident, violence and self-harm are answered each in their own words, with their numbers."""
    town.officer("Lê Thị Thử")
    for said, numbers in (
        ("máy kẹp tay chảy máu nhiều", ("115",)),
        ("em bị đánh", ("113", "115", "111")),
        ("em không muốn sống nữa", ("115",)),
    ):
        chat = town.person(said)
        chat.scans(MAY)
        chat.says(said)
        assert all(number in chat.last for number in numbers)
        assert "Công đoàn phường Mẫu vừa được báo" in chat.last
        (case,) = requests(town, chat)
        assert case.is_urgent


def test_danger_is_heard_before_everything_else(town: Town) -> None:
    """Without a place, at the question for a code, after a long pause and while writing: always at once."""
    town.officer("Lê Thị Thử", TINH)
    chat = town.person("Nguyễn Thị Mẫu")
    chat.says("cháy xưởng rồi")
    assert chat.last.startswith("Gọi 115 ngay.")
    two = town.person("Trần Văn Ví Dụ")
    two.scans(MAY)
    two.taps("sign")
    town.clock.advance(days=1)
    two.says("em bị đánh")
    assert "113" in two.last
    three = town.person("Phạm Văn Nháp")
    three.scans(MAY)
    three.taps("person")
    three.taps("kind-other")
    three.says("em bị chém")
    assert "113" in three.last


def test_where_nobody_can_be_told_nothing_else_is_claimed(town: Town) -> None:
    """Without a single officer anywhere the words do not say that somebody was told."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.says("em bị đánh")
    assert "113" in chat.last
    assert "vừa được báo" not in chat.last
    assert len(requests(town, chat)) == 1


def test_further_words_belong_to_the_same_cry(town: Town) -> None:
    """More words add to the one case and the officers are told again; no second case is opened."""
    officer = town.officer("Lê Thị Thử")
    officer.received.clear()
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.says("em bị đánh")
    chat.says("ở tổ 5, nó còn đứng đó")
    chat.says("chảy máu nhiều")
    (case,) = requests(town, chat)
    assert case.text.splitlines() == ["em bị đánh", "ở tổ 5, nó còn đứng đó", "chảy máu nhiều"]
    assert len(officer.received) == 3
    assert chat.last.startswith("Gọi 115 ngay.")


def test_being_safe_again_and_done(town: Town) -> None:
    """The button "Giờ đã ổn" keeps the case for the officer; only "Xong rồi" closes it."""
    town.officer("Lê Thị Thử")
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.says("em bị đánh")
    chat.taps("Giờ đã ổn")
    assert chat.last.startswith("Mừng là bạn đã ổn hơn.")
    assert requests(town, chat)[0].is_live
    chat.taps("Xong rồi")
    assert not requests(town, chat)[0].is_live


def test_in_danger_nobody_is_asked_what_it_is_about(town: Town) -> None:
    """The button "Gặp cán bộ" under the numbers goes straight to her words, and they are urgent too."""
    town.officer("Lê Thị Thử")
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.says("em không muốn sống nữa")
    chat.taps("Nói với người thật")
    assert chat.last.startswith("Bạn viết điều muốn nói với cán bộ.")
    chat.says("xin ai đó viết cho em")
    chat.taps("reach-here")
    assert all(one.is_urgent for one in requests(town, chat))


def test_a_call_wished_in_danger_goes_to_the_case(town: Town) -> None:
    """The button "Muốn được gọi" under the numbers asks for one and keeps it with the case."""
    town.officer("Lê Thị Thử")
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.says("em bị đánh")
    chat.taps("Muốn được gọi")
    chat.says("0900000000 ngay bây giờ")
    (case,) = requests(town, chat)
    assert case.call == "+84900000000, ngay bây giờ"


def test_an_officers_own_sentence_calls_nobody(town: Town) -> None:
    """What an officer types at the desk may speak of accidents."""
    officer = town.officer("Lê Thị Thử")
    officer.says("việc")
    step_name = town.read(lambda store: store.conversations.by_id(officer.conversation_id()).step)
    officer.says("có tai nạn, gọi cấp cứu gấp")
    assert requests(town, officer) == [] or not step_name.startswith(("desk", "decisions"))


def test_every_language_has_the_same_dangers() -> None:
    """Each language's files name the same kinds, so that no tongue is left out."""
    import tomllib

    for file in ("danger.toml", "refusals.toml"):
        found = [
            set(tomllib.loads(path.read_text("utf-8")))
            for path in danger.LOCALES.glob(f"*/{file}")
        ]
        assert len(found) >= 2
        assert all(one == found[0] for one in found)
        assert {"self-harm", "violence", "accident"} <= found[0] or found[0] == {"who"}
