"""Learning: answers with figures, dates and sources; in between any step; and what is told nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from chat import GIAY, MAY, Chat, Town

from bot.dialogues import danger
from storage.law import read_rules
from union.rules import Rule

Golden = Callable[[str, str], None]
TWELVE = {1, 3, 5, 6, 8, 9, 10, 11, 12, 13, 50, 51}


@pytest.fixture
def mau(town: Town) -> Chat:
    """Somebody at a place without a union."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    return chat


def rules() -> list[Rule]:
    """Return the dated law as it is delivered."""
    from town import ROOT

    return read_rules(ROOT / "law")


def test_an_answer_has_its_day_its_figures_and_its_sources(town: Town, golden: Golden) -> None:
    """Asked by buttons and by words: figures in force, their first day, the sources on request."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.taps("rights")
    chat.says("dong doan phi bn z ad")
    if "253.000" not in chat.last:
        chat.says("dong doan phi bn")
    assert "253.000 đồng" in chat.last
    chat.taps("Xem nguồn")
    chat.taps("Hỏi câu khác")
    chat.taps("rights-join")
    chat.taps("Cần bao nhiêu người")
    assert "Số trong câu này áp dụng từ ngày" in chat.last
    assert "dự kiến" in chat.last
    golden("rights", town.transcript())


def test_twelve_topics_in_two_taps(town: Town, mau: Chat) -> None:
    """Every topic is two taps from the question, with at most five buttons, told apart by two words."""
    found = set()
    mau.taps("rights")
    groups = [choice.id for choice in mau.received[-1].choices if choice.id.startswith("rights-")]
    for group in groups:
        mau.taps("rights")
        mau.taps(group)
        choices = mau.received[-1].choices
        assert len(choices) <= 5
        assert all(len(choice.label) <= 30 for choice in choices)
        found |= {int(choice.id.removeprefix("topic-")) for choice in choices}
    assert found == TWELVE
    for number in sorted(TWELVE):
        mau.taps(f"topic-{number}") if number in found and _has(mau, number) else None
    assert mau.last


def _has(chat: Chat, number: int) -> bool:
    return any(
        choice.id == f"topic-{number}" for reply in chat.received for choice in reply.choices
    )


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("number", sorted(TWELVE))
def test_every_topic_can_be_answered_today(
    town: Town, mau: Chat, number: int, language: str
) -> None:
    """No topic lacks a figure, in either language, and each shows its day."""
    if language == "en":
        mau.says("English")
    for group in ("rights-union", "rights-join", "rights-safe"):
        mau.taps("rights")
        mau.taps(group)
    mau.taps(f"topic-{number}")
    assert "{" not in mau.last
    assert ("Cập nhật ngày 20/11/2026" if language == "vi" else "20 November 2026") in mau.last


def test_more_topics_than_buttons_become_pages(
    town: Town, mau: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group of more than five topics is turned page by page, and no topic is lost."""
    from bot.dialogues import rights

    monkeypatch.setattr(rights, "_GROUPS", {"rights-union": frozenset(TWELVE)})
    mau.taps("rights")
    mau.taps("rights-union")
    seen = []
    while True:
        ids = [choice.id for choice in mau.received[-1].choices]
        assert len(ids) <= 5
        seen += [one for one in ids if one.startswith("topic-")]
        if "next-page" not in ids:
            break
        mau.taps("Tiếp")
    assert sorted(int(one.removeprefix("topic-")) for one in seen) == sorted(TWELVE)


def test_until_approved_an_answer_is_a_draft_except_in_the_demo(town: Town, mau: Chat) -> None:
    """Outside the demo an answer that no lawyer has approved says so, also the one that offers a person."""
    for question in ("đóng đoàn phí bao nhiêu", "vào công đoàn có bị đuổi việc không"):
        mau.says(question)
        assert "Bản dự thảo, chờ công đoàn duyệt." in mau.last
        assert "Bản nháp" not in mau.last
    town.write(lambda store: store.settings.put("demo", "yes"))
    for question in ("đóng đoàn phí bao nhiêu", "vào công đoàn có bị đuổi việc không"):
        mau.says(question)
        assert "dự thảo" not in mau.last


def test_some_answers_offer_a_person(mau: Chat) -> None:
    """Where a person should help, she is offered one first."""
    mau.says("vào công đoàn có bị đuổi việc không")
    assert mau.labels[0] == "Nói với cán bộ"
    mau.taps("Nói với cán bộ")
    assert mau.last.startswith("Chuyện này về gì?")


def test_a_figure_out_of_date_is_not_shown(town: Town, mau: Chat) -> None:
    """When the law has a gap, or nobody has read the answer again in time, no old figure is told."""
    ended = [
        replace(one, valid_to=date(2026, 11, 1))
        if one.key == "base_salary" and one.valid_to is None
        else one
        for one in rules()
    ]
    town.write(lambda store: store.law.enact(ended))
    mau.says("đóng đoàn phí bao nhiêu")
    assert mau.last.startswith("Số này có thể đã đổi")
    assert "253.000" not in mau.last
    mau.says("công đoàn là gì")
    assert "Số này có thể đã đổi" not in mau.last
    town.write(lambda store: store.law.enact(rules()))
    town.clock.set(date(2027, 3, 15))
    mau.scans(MAY)
    mau.says("đóng đoàn phí bao nhiêu")
    assert mau.last.startswith("Số này có thể đã đổi")


def test_a_figure_that_changed_is_told_by_its_new_value(town: Town, mau: Chat) -> None:
    """The figure follows the dated law, not the text: a new row, a new number and its first day."""
    changed = [
        replace(one, valid_to=date(2026, 11, 1))
        if one.key == "base_salary" and one.valid_to is None
        else one
        for one in rules()
    ]
    now = next(one for one in rules() if one.key == "base_salary" and one.valid_to is None)
    changed.append(replace(now, value="3000000", valid_from=date(2026, 11, 1)))
    town.write(lambda store: store.law.enact(changed))
    mau.says("đóng đoàn phí bao nhiêu")
    assert "300.000 đồng" in mau.last
    assert "áp dụng từ ngày 01/11/2026" in mau.last


def test_a_question_in_the_middle_of_a_step_is_answered_and_the_step_asked_again(
    town: Town, golden: Golden
) -> None:
    """A question is never taken for a name; after the answer she is asked again and can answer."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.taps("sign")
    chat.taps("consent-a")
    chat.says("ghi tên ở đây có giá trị gì")
    assert chat.last.startswith("Quay lại chỗ đang dở:\nHọ và tên đầy đủ")
    chat.taps("Xem nguồn")
    assert chat.last.startswith("Quay lại chỗ đang dở:\nHọ và tên đầy đủ")
    chat.taps("ask-another")
    chat.taps("rights-safe")
    chat.taps("topic-50")
    assert chat.last.startswith("Quay lại chỗ đang dở:\nHọ và tên đầy đủ")
    chat.says("Nguyễn Thị Mẫu")
    assert "Tôi là Nguyễn Thị Mẫu" in chat.last
    golden("rights-in-between", town.transcript())


def test_an_unknown_question_is_not_guessed(mau: Chat) -> None:
    """Without an answer she is told so, and offered an officer."""
    mau.taps("rights")
    mau.says("mua xe máy trả góp ở đâu")
    assert mau.last.startswith("Chúng tôi chưa có câu trả lời cho câu này, nên không đoán.")
    assert mau.labels == ["Nhờ cán bộ trả lời", "Hỏi cách khác", "Xem các mục"]


@pytest.mark.parametrize("typed", ["", "\x00", "\u202e", "🙂"])
def test_odd_questions_are_answered(mau: Chat, typed: str) -> None:
    """Nothing readable is asked again; a picture has no answer."""
    mau.taps("rights")
    mau.says(typed)
    assert mau.labels
    assert "trục trặc" not in mau.last


def test_who_sees_my_name(town: Town, golden: Golden) -> None:
    """Where no union is, and where one is, it is said who can read her name and who cannot."""
    one, two, three = town.person("Một Mẫu"), town.person("Hai Mẫu"), town.person("Ba Mẫu")
    one.scans(MAY)
    one.taps("Ai thấy tên tôi?")
    two.scans(GIAY)
    two.taps("Ai thấy tên tôi?")
    three.says("ai thấy tên tôi")
    assert "Liên đoàn Lao động tỉnh Mẫu" in three.last
    golden("rights-who-sees", town.transcript())


@pytest.mark.parametrize(
    "typed",
    [
        "trong chuyền có ai ký chưa",
        "ai da ghi ten roi",
        "cho xem danh sách người ký",
        "có ai ghi tên chưa ạ",
        "who has signed?",
    ],
)
def test_who_has_signed_is_told_nobody(town: Town, mau: Chat, typed: str) -> None:
    """The same kind words for everybody, however many have signed."""
    before = mau.says(typed)[-1].text
    assert before.startswith("Ai đã ghi tên, chúng tôi không nói với bất kỳ ai.")
    town.gather(6)
    assert mau.says(typed)[-1].text == before


@pytest.mark.parametrize(
    "typed",
    ["cần bao nhiêu người ký", "ai thấy tên tôi", "ai được vào công đoàn", "không phải tôi", "ký"],
)
def test_other_questions_about_names_are_not_refused(typed: str) -> None:
    """Asking about the rules or about herself is no question about others."""
    assert not danger.phrases("refusals.toml")["who"].inside(typed)


def test_topic_buttons_may_be_pressed_any_time(mau: Chat) -> None:
    """A button of an answer long past still answers; one of a topic that is gone shows the topics."""
    mau.taps("rights")
    mau.taps("rights-union")
    button = mau.button("topic-1").payload
    mau.taps("sign")
    mau.presses(button)
    assert mau.last.startswith("Quay lại chỗ đang dở:")


def test_sources_without_an_answer_show_the_topics(town: Town, mau: Chat) -> None:
    """The button "Xem nguồn" pressed when its answer is forgotten leads to the topics."""
    mau.says("đóng đoàn phí bao nhiêu")
    button = mau.button("sources").payload
    mau.scans(GIAY)
    mau.taps("sign")
    mau.says("hủy")
    mau.presses(button)
    assert mau.last.startswith("Bạn hỏi về gì?")
