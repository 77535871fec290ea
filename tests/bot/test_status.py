"""Where it stands: one tap, her code, four values from elsewhere, the lock, the letters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from chat import GIAY, MAY, TINH, Chat, Town

from bot.mail import Mail
from storage.store import Store

NAME = "Nguyễn Thị Mẫu"
NONE = "Chưa có tin mới."
NOTHING = "Hiện không có tên nào của bạn được tính."


def change(town: Town, chat: Chat, **values: object) -> None:
    """Set columns of the newest case that a chat has signed."""

    def work(store: Store) -> None:
        case_id = store.signatures.cases_of(chat.conversation_id())[0]
        store.cases.change(store.cases.by_id(case_id), **values)

    town.write(work)


def letter(town: Town, chat: Chat, key: str, **facts: object) -> None:
    """Lay a letter out for a chat, as an officer's act does."""

    def work(store: Store) -> None:
        case_id = store.signatures.cases_of(chat.conversation_id())[0]
        mail = Mail(store, town.office, key=f"test:{key}:{next(town.events)}")
        mail.news(chat.conversation_id(), store.cases.by_id(case_id), key, **facts)
        mail.post()

    town.write(work)
    town.deliver()


def daily_run(town: Town, chat: Chat, low: int = 0, *, is_enough: bool = False) -> None:
    """Renew the band of a petition, as the daily run does."""

    def work(store: Store) -> None:
        case_id = store.signatures.cases_of(chat.conversation_id())[0]
        store.cases.set_band(case_id, low, is_enough=is_enough)
        if is_enough:
            store.cases.enough_was_told(case_id)

    town.write(work)


# --- the states that a locked chat must not tell apart --------------------------------------------


def never_came(town: Town) -> Chat:
    """Nothing was ever recorded here."""
    chat = town.person("Lê Thị Thử")
    chat.scans(MAY)
    return chat


def put_off(town: Town) -> Chat:
    """A draft."""
    chat = town.person(NAME)
    chat.signs(last="later")
    return chat


def waiting(town: Town) -> Chat:
    """Signed, and waiting for enough people."""
    chat = town.person(NAME)
    chat.signs()
    return chat


def taken_back(town: Town) -> Chat:
    """Signed and taken back."""
    chat = waiting(town)
    chat.says("rút tên")
    chat.taps("withdraw-now")
    return chat


def made_up(town: Town) -> Chat:
    """Taken back where nothing was recorded: the code is made up."""
    chat = never_came(town)
    chat.says("rút tên")
    chat.taps("withdraw-now")
    return chat


STATES: dict[str, Callable[[Town], Chat]] = {
    "never": never_came,
    "draft": put_off,
    "waiting": waiting,
    "withdrawn": taken_back,
    "made up": made_up,
}


def test_locked_all_states_read_alike(town):
    """Locked, nothing, a draft, waiting, taken back and a made-up code read the same, letter by letter."""
    read = set()
    for make in STATES.values():
        chat = make(town)
        chat.says("khóa")
        locked = chat.last
        asked = chat.says("tới đâu rồi")
        read.add((locked, *(one.text + str(len(one.choices)) for one in asked)))
    assert len(read) == 1
    assert NONE in str(read)


def test_unlocked_only_who_never_came_reads_no_news(town):
    """Unlocked, one tap brings what her code would bring; only who never came reads that there is none."""
    read = {name: make(town).says("tới đâu rồi")[-1].text for name, make in STATES.items()}
    assert [name for name, text in read.items() if text.startswith(NONE)] == ["never"]
    assert [name for name, text in read.items() if NOTHING in text] == ["withdrawn", "made up"]
    assert "Bạn chưa ghi tên." in read["draft"]
    assert "Đang ở bước: chờ đủ người." in read["waiting"]


@pytest.mark.parametrize("state", ["draft", "waiting", "withdrawn", "made up"])
def test_the_code_opens_what_the_lock_closed(town, state):
    """In a locked chat her code brings what one tap brings without the lock; "mở khóa" then opens it."""
    chat = STATES[state](town)
    code = chat.code
    open_words = chat.says("tới đâu rồi")[-1].text
    chat.says("khóa")
    chat.says("mở khóa")
    assert chat.last == "Gõ mã của bạn để đọc."
    chat.says(code.lower())
    assert chat.last == open_words
    chat.says("mở khóa")
    assert chat.last.startswith("Đã mở khóa.")
    chat.says("tới đâu rồi")
    assert chat.last == open_words


def test_the_code_opens_for_a_while_only(town):
    """Some minutes after the code was typed the locked chat is closed again."""
    chat = waiting(town)
    chat.says("khóa")
    chat.says(chat.code)
    town.clock.advance(minutes=16)
    chat.says("tới đâu rồi")
    assert chat.last.startswith(NONE)
    chat.says("mở khóa")
    assert chat.last == "Gõ mã của bạn để đọc."


def test_a_lock_closes_every_way_to_details(town):
    """Locked, letters, texts, corrections and pages ask for the code; the old buttons too."""
    chat = waiting(town)
    chat.says("tới đâu rồi")
    letter(town, chat, "news-returned?")
    chat.taps("open-news")
    chat.says("khóa")
    for say in ("bản đã ghi",):
        chat.says(say)
        assert chat.last == "Gõ mã của bạn để đọc."
    for tap in ("detail", "edit-mine"):
        chat.taps(tap)
        assert chat.last == "Gõ mã của bạn để đọc.", tap
    chat.says("thông tin của tôi")
    for tap in ("change-consent", "see-kept"):
        chat.taps(tap)
    chat.taps("open-private")
    assert chat.last == "Gõ mã của bạn để đọc."
    chat.taps("code-lost")
    assert chat.last.startswith("Bạn chọn Ghi tên, làm lại các bước")


def test_a_lock_reads_as_in_the_storyboard(town, golden):
    """Lock, short form, code, unlock."""
    chat = waiting(town)
    town.log.clear()
    chat.says("khóa")
    chat.says("tới đâu rồi")
    chat.says(chat.code)
    chat.says("mở khóa")
    chat.says("tới đâu rồi")
    golden("status_lock", town.transcript())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"state": "taken"},
            "Có tin: đang được xem xét. Dự kiến có trả lời chậm nhất ngày 07/12/2026.",
        ),
        ({"state": "taken", "escalated_at": "now"}, "Có tin: đang chậm hơn dự kiến."),
        ({"state": "approved", "answered_at": "now"}, "Có tin: đã có trả lời."),
        ({"state": "refused", "answered_at": "now", "is_live": False}, "Có tin: đã có trả lời."),
    ],
)
def test_locked_once_something_moves(town, values, said):
    """Locked, only that something moves is said, in one of three lines."""
    chat = town.person(NAME)
    chat.signs(GIAY)
    chat.says("khóa")
    chat.says("tới đâu rồi")
    assert chat.last.startswith(NONE)
    now = town.clock.now
    change(town, chat, **{key: now if one == "now" else one for key, one in values.items()})
    chat.says("tới đâu rồi")
    assert chat.last.startswith(said)
    assert "mã" in chat.last


# --- codes from elsewhere -------------------------------------------------------------------------


def test_from_another_chat_only_four_values(town):
    """Somebody else's code brings one neutral value, without name, place or day."""
    chat, other = town.person(NAME), town.person("Trần Văn Ví Dụ")
    chat.signs(GIAY)
    code = chat.code
    other.scans(MAY)
    other.says(code)
    assert other.last.startswith(f"{code}: chưa có tin mới.")
    for state, said in (("taken", "đang được xem xét"), ("approved", "đã có trả lời")):
        change(town, chat, state=state)
        other.says(code)
        assert other.last.startswith(f"{code}: {said}.")
        assert "Giày" not in other.last
    change(town, chat, state="taken", escalated_at=town.clock.now)
    other.says(code)
    assert other.last.startswith(f"{code}: đang chậm hơn dự kiến.")


@pytest.mark.parametrize("state", ["draft", "waiting", "withdrawn", "made up"])
def test_unknown_and_fresh_codes_read_alike(town, state):
    """A code that nobody holds reads like one behind which nothing moves."""
    code = STATES[state](town).code
    for place in (MAY, None):
        read = set()
        for number, typed in enumerate((code, "K7M2QX")):
            probe = town.person(f"Phạm Văn Nháp {number}")
            if place:
                probe.scans(place)
            probe.says(typed)
            read.add(probe.last.replace(typed, "…"))
        assert len(read) == 1


def test_officers_code_of_a_petition_tells_nothing(town):
    """The code by which officers know a petition reads like an unknown one."""
    chat = waiting(town)
    code = town.petition().code
    chat.says(code)
    assert code != chat.code or "chưa có tin mới" in chat.last
    assert "Chưa ai mở được tên" not in chat.last


def test_tries_are_limited(town):
    """After some codes of others within a quarter of an hour she is asked to wait."""
    probe = town.person("Phạm Văn Nháp")
    probe.scans(MAY)
    for number in range(5):
        probe.says(f"K7M2Q{number + 2}")
    probe.says("K7M2QX")
    assert probe.last.startswith("Bạn đã thử nhiều mã.")
    town.clock.advance(minutes=16)
    probe.says("K7M2QX")
    assert probe.last.startswith("K7M2QX: chưa có tin mới.")


@pytest.mark.parametrize(
    "typed",
    ["cam on ban", "rat hay", "nguyen", "", "😀", "\x00\x00", "K7M2Q", "K7M2QXX", "x" * 300],
)
def test_words_are_no_codes(town, typed):
    """A word that has the form of a code is not answered as one."""
    chat = town.person(NAME)
    chat.says(typed)
    assert "tin mới" not in chat.last


@pytest.mark.parametrize(
    "spell", [str.lower, lambda one: f"#{one[:3]} {one[3:]}", lambda one: f" {one[:3]}-{one[3:]}."]
)
def test_her_code_however_typed(town, spell):
    """Her own code is understood in any case, with spaces, hyphens and #, also in the middle of a step."""
    chat = waiting(town)
    code = chat.code
    chat.says(spell(code))
    assert chat.last.startswith(f"Mã {code}, xem lúc")
    chat.taps("sign") if "sign" in chat.labels else chat.says("ghi tên")
    chat.says(spell(code))
    assert chat.last.startswith(f"Mã {code}, xem lúc")
    chat.says("a")
    assert chat.last.startswith("Họ và tên đầy đủ")


def test_a_name_like_a_code_is_a_name(town):
    """In the middle of signing, a name that has the form of a code is taken as the name."""
    chat = town.person(NAME)
    chat.signs(name="Nguy En")
    assert chat.last.startswith("Đã ghi nhận")


# --- details --------------------------------------------------------------------------------------


def test_waiting_for_enough(town, golden):
    """Waiting reads as in the storyboard, in the band of the last daily run."""
    chat = waiting(town)
    town.log.clear()
    daily_run(town, chat, 10)
    chat.taps("status")
    assert "Số người tính tới sáng nay: từ 10 đến 19 người." in chat.last
    golden("status_waiting", town.transcript())


def test_that_enough_have_signed_shows_only_after_the_daily_run(town):
    """Five have signed and an officer has taken it: before the daily run a signer reads as before."""
    officer = town.officer("Lê Thị Thử")
    chat = waiting(town)
    before = chat.says("tới đâu rồi")[-1].text
    town.gather(4)
    assert town.petition().state == "ready"
    assert chat.says("tới đâu rồi")[-1].text == before
    change(town, chat, state="taken", officer_id=None)
    assert chat.says("tới đâu rồi")[-1].text == before
    change(town, chat, state="ready")
    daily_run(town, chat, 5, is_enough=True)
    chat.says("tới đâu rồi")
    assert "Đã đủ người ghi tên." in chat.last
    assert officer.received


def test_the_number_falls_again(town):
    """What the daily run has told is not taken back the same day; the next run says it waits again."""
    town.officer("Lê Thị Thử")
    chat = waiting(town)
    others = town.gather(4)
    daily_run(town, chat, 5, is_enough=True)
    others[0].says("rút tên")
    others[0].taps("withdraw-now")
    assert town.petition().state == "open"
    chat.says("tới đâu rồi")
    assert "Đã đủ người ghi tên." in chat.last
    daily_run(town, chat, 0, is_enough=False)
    chat.says("tới đâu rồi")
    assert "chờ đủ người" in chat.last
    assert "không ai mở được tên bạn" in chat.last


PETITION = [
    ({"state": "taken"}, "Đang ở bước: chờ công đoàn xem xét."),
    ({"state": "taken", "escalated_at": "now"}, "Tới nay chưa có trả lời, chúng tôi xin lỗi bạn."),
    ({"state": "taken", "answered_at": "now"}, "Công đoàn phường Mẫu đã nhận hồ sơ của nơi bạn làm."),
    ({"state": "guided"}, "Công đoàn phường Mẫu đã nhận hồ sơ của nơi bạn làm."),
    ({"state": "guided", "congress_at": "now", "congress_place": "Nhà văn hóa phường Mẫu"}, "Nhà văn hóa phường Mẫu"),
    ({"state": "checked", "sent_at": "now"}, "Nơi ra quyết định: Liên đoàn Lao động tỉnh Mẫu."),
    ({"state": "returned", "sent_at": "now", "due_on": None}, "Đang ở bước: chờ công đoàn xem xét."),
    ({"state": "recognised", "decision_no": "12/QĐ-LĐLĐ", "decision_on": date(2026, 12, 18)}, "quyết định công nhận số 12/QĐ-LĐLĐ, ngày 18/12/2026"),
    ({"state": "refused", "reason": "Chưa đúng nơi.", "is_live": False}, "“Chưa đúng nơi.”"),
]  # fmt: skip
JOIN = [
    ({"state": "waiting"}, "Dự kiến có trả lời chậm nhất ngày 07/12/2026."),
    ({"state": "taken", "escalated_at": "now"}, "báo lên Liên đoàn Lao động tỉnh Mẫu ngày 20/11/2026"),
    ({"state": "approved", "answered_at": "now"}, "Công đoàn phường Mẫu đã đồng ý, ngày 20/11/2026."),
    ({"state": "decided", "decision_no": "07/QĐ-CĐCS", "decision_on": date(2026, 12, 17)}, "Công đoàn Công ty Giày Thí Nghiệm đã ra quyết định kết nạp số 07/QĐ-CĐCS, ngày 17/12/2026."),
    ({"state": "returned", "reason": "Họ tên chưa đủ chữ."}, "“Họ tên chưa đủ chữ.”"),
    ({"state": "refused", "reason": "Chưa đúng nơi.", "is_live": False}, "gửi lại khi đã đủ điều kiện"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("enterprise", "values", "said"),
    [(MAY, *one) for one in PETITION] + [(GIAY, *one) for one in JOIN],
)
def test_every_state_has_its_words(town, enterprise, values, said):
    """Each state of a petition and of a join is told in plain words, with buttons that work."""
    chat = town.person(NAME)
    chat.signs(enterprise)
    if enterprise == MAY:
        daily_run(town, chat, 5, is_enough=True)
    now = town.clock.now
    change(town, chat, **{key: now if one == "now" else one for key, one in values.items()})
    chat.says("tới đâu rồi")
    assert said in chat.last
    assert chat.last.startswith(f"Mã {chat.code}, xem lúc 08:00 ngày 20/11/2026.")
    for label in chat.labels:
        chat.taps(label)
        assert "Nút này thuộc câu trước" not in chat.last, label
    assert town.read(lambda store: store.inbox.failed()) == []


def test_the_day_is_that_of_the_latest_confirmation(town):
    """A repeated signing shows the day of the last, so that nothing is dated by a repetition."""
    chat = waiting(town)
    town.clock.advance(days=3)
    chat.signs()
    chat.says("tới đâu rồi")
    assert "Bạn ghi tên ngày 23/11/2026." in chat.last


def test_two_places_are_told_both(town):
    """Who signed at two places is told both under one code."""
    chat = waiting(town)
    town.clock.advance(minutes=1)
    chat.signs(GIAY)
    told = chat.says("tới đâu rồi")
    assert [one.text.split("\n")[1] for one in told] == [
        "Việc: xin vào công đoàn ở Công ty Giày Thí Nghiệm.",
        "Việc: muốn có công đoàn ở Công ty May Ví Dụ.",
    ]


def test_a_question_shows_in_the_status(town):
    """Who only asked an officer something reads where her question stands, and the answer in full."""
    chat = town.person(NAME)
    chat.scans(MAY)

    def ask(store: Store) -> int:
        body = store.bodies.by_code(TINH)
        case = store.cases.open(
            "request", store.people.new_code(), "waiting", body.id,
            conversation_id=chat.conversation_id(), about="wage", text="Lương chậm?", due_on=date(2026, 11, 23),
        )  # fmt: skip
        return case.id

    case_id = town.write(ask)
    chat.says("tới đâu rồi")
    assert "Nơi trả lời: Liên đoàn Lao động tỉnh Mẫu." in chat.last
    code = town.read(lambda store: store.cases.by_id(case_id).code)
    other = town.person("Trần Văn Ví Dụ")
    other.scans(GIAY)
    other.says(code)
    assert other.last.startswith(f"{code}: đang được xem xét.")
    town.write(
        lambda store: store.cases.change(
            store.cases.by_id(case_id),
            state="answered",
            answered_at=store.now,
            is_live=False,
            reason="Chậm nhất 15 ngày.",
        )
    )
    chat.says(code)
    assert "“Chậm nhất 15 ngày.”" in chat.last


# --- letters --------------------------------------------------------------------------------------


def test_one_envelope_and_then_plain_words(town, golden):
    """The envelope says nothing, the letter is neutral, and her next tap brings who, where and what."""
    chat = town.person(NAME)
    chat.signs(GIAY)
    town.log.clear()
    change(town, chat, state="approved", answered_at=town.clock.now)
    letter(town, chat, "news-join-approved?")
    assert chat.last == "Bạn có tin mới."
    chat.taps("open-news")
    assert chat.last.startswith("Tin ngày 20/11/2026 về việc bạn theo dõi:")
    chat.taps("detail")
    assert "Công đoàn phường Mẫu đã đồng ý" in chat.last
    golden("status_letters", town.transcript())


def test_several_letters_in_one_envelope(town):
    """What waits together comes together, oldest first; the envelope tapped again tells how it stands."""
    chat = town.person(NAME)
    chat.signs(GIAY)
    letter(town, chat, "news-late?", new_due=date(2026, 12, 15))
    letter(town, chat, "news-returned?")
    envelopes = [one for one in chat.received if one.text == "Bạn có tin mới."]
    assert len(envelopes) == 1
    old = chat.button("open-news")
    came = chat.taps("open-news")
    assert ["15/12/2026" in one.text for one in came] == [True, False]
    chat.presses(old.payload)
    assert chat.last.startswith(f"Mã {chat.code}")


def test_after_the_status_was_read_the_next_letter_has_an_envelope(town):
    """Who reads the status instead of the letter is not left without the next envelope."""
    chat = town.person(NAME)
    chat.signs(GIAY)
    letter(town, chat, "news-late?", new_due=date(2026, 12, 15))
    chat.says("tới đâu rồi")
    letter(town, chat, "news-returned?")
    assert chat.last == "Bạn có tin mới."


def test_without_consent_nothing_is_pushed_and_everything_is_found(town):
    """Who did not agree to be contacted gets no envelope and reads the same when she asks."""
    chat = town.person(NAME)
    chat.signs(GIAY, consent="consent-a")
    change(town, chat, state="approved", answered_at=town.clock.now)
    letter(town, chat, "news-join-approved?")
    assert chat.last != "Bạn có tin mới."
    chat.says("tới đâu rồi")
    assert "đã đồng ý" in chat.last


LETTERS = ["news-enough?", "news-late?", "news-join-approved?", "news-join-decided?", "news-start-approved?",
           "news-refused?", "news-returned?", "news-congress?", "news-checked?", "news-recognised?",
           "news-question?", "news-answer?", "moved-body"]  # fmt: skip


@pytest.mark.parametrize("key", LETTERS)
def test_every_letter_can_be_read_without_facts(town, words, key):
    """Every letter is filled from the case where nobody laid facts in, and its buttons work."""
    chat = town.person(NAME)
    chat.signs(GIAY)
    letter(town, chat, key)
    chat.taps("open-news")
    assert chat.last.startswith("Tin ngày 20/11/2026 về việc bạn theo dõi:")
    for label in chat.labels:
        chat.taps(label)
        assert "Nút này thuộc câu trước" not in chat.last
    assert town.read(lambda store: store.inbox.failed()) == []


def test_the_responsible_body_changed(town):
    """A letter about another body names neither; her tap names both."""
    chat = town.person(NAME)
    chat.signs(GIAY)
    letter(town, chat, "moved-body", from_body="Công đoàn xã Thử")
    chat.taps("open-news")
    assert "Thử" not in chat.last
    chat.taps("see-new-body")
    assert "Nơi xem xét nay là Công đoàn phường Mẫu, trước là Công đoàn xã Thử." in chat.last


@pytest.mark.parametrize(("answer", "wants"), [("hand-yes", True), ("hand-no", False)])
def test_her_answer_on_handing_down_binds(town, golden, answer, wants):
    """Asked whether her name may go to the CĐCS, she says yes or no, and the desk reads it."""
    officer = town.officer("Lê Thị Thử")
    chat = town.person(NAME)
    chat.signs(GIAY)
    town.log.clear()
    case_id = town.read(lambda store: store.signatures.cases_of(chat.conversation_id())[0])
    town.write(lambda store: store.ledger.write("hand_down_asked", case_id=case_id))
    letter(town, chat, "news-question?")
    chat.taps("open-news")
    chat.taps("detail")
    assert "xin phép chuyển tên bạn cho Công đoàn Công ty Giày Thí Nghiệm" in chat.last
    old = chat.button(answer)
    chat.taps(answer)
    case = town.read(lambda store: store.cases.by_id(case_id))
    assert (case.wants_cdcs, case.state) == (wants, "waiting")
    officer.taps("open-news")
    assert officer.last.startswith(f"{chat.code}: người gửi đã trả lời.")
    acts = [one.act for one in town.read(lambda store: store.ledger.of_case(case_id))]
    golden(f"status_{answer.replace('-', '_')}", town.transcript(chat))
    chat.presses(old.payload)
    assert [one.act for one in town.read(lambda store: store.ledger.of_case(case_id))] == acts


# --- text, page, question -------------------------------------------------------------------------


def test_the_text_on_a_page(town):
    """“Bản đã ghi” brings the exact text on a page that opens once; the chat does not show it."""
    chat = waiting(town)
    chat.says("bản đã ghi")
    assert "Tôi là" not in chat.last
    page = chat.opens().page
    assert page.name == "text"
    assert page.facts["text"].startswith(f"Tôi là {NAME}, công dân Việt Nam")
    assert len(page.facts["fingerprint"]) == 64
    assert chat.opens().page.name == "expired"


def test_the_share_link_names_nobody(town):
    """Signers and others get the same link, and it opens the page of the place."""
    signer, other = waiting(town), never_came(town)
    signer.taps("share")
    other.says("chia sẻ")
    assert signer.last == other.last
    token = signer.last.split("/q/")[1].split("\n")[0]
    assert town.read(lambda store: store.posters.by_token(token).variant) == "share"
    assert NAME not in signer.last


def test_a_refusal_goes_to_the_body_above(town):
    """“Hỏi lên cấp trên” opens a question at the body above, once, with a day to answer."""
    chat = town.person(NAME)
    chat.signs(GIAY)
    upper = town.officer("Phạm Văn Nháp", TINH, "receives")
    change(
        town,
        chat,
        state="refused",
        is_live=False,
        answered_at=town.clock.now,
        reason="Chưa đúng nơi.",
    )
    chat.says("tới đâu rồi")
    chat.taps("ask-upper")
    assert chat.last.startswith("Đã chuyển câu hỏi của bạn lên Liên đoàn Lao động tỉnh Mẫu.")
    assert upper.last == "Có việc mới cần xem."
    chat.says("tới đâu rồi")
    chat.taps("ask-upper")
    requests = town.read(lambda store: store.cases.requests_of(chat.conversation_id()))
    assert [(one.about, one.due_on.isoformat()) for one in requests] == [("refusal", "2026-11-23")]
    assert NAME not in requests[0].text
