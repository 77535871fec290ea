"""Stopping: news for many, every message, or the step under way; only when the word is the whole line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chat import MAY, Chat, Town

from bot.mail import Mail
from storage.conversations import Conversation
from storage.store import Store

Golden = Callable[[str, str], None]


@pytest.fixture
def mau(town: Town) -> Chat:
    """Somebody at a place without a union."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    return chat


def settings(town: Town, chat: Chat) -> Conversation:
    """Return what a conversation has set."""
    return town.read(lambda store: store.conversations.by_id(chat.conversation_id()))


def news_arrive(town: Town, chat: Chat) -> bool:
    """Try to push news about her matter; say whether they came."""
    before = len(chat.received)

    def work(store: Store) -> None:
        mail = Mail(store, town.office, f"news{before}")
        mail.news(chat.conversation_id(), None, "news-late?")
        mail.post()
        store.news.take(chat.conversation_id())

    town.write(work)
    town.deliver()
    return len(chat.received) > before


def test_stopping_and_beginning_again(town: Town, mau: Chat, golden: Golden) -> None:
    """News for many, everything, and news again, as she reads it."""
    mau.says("dừng")
    mau.taps("Dừng tin chung")
    mau.says("DUNG")
    mau.taps("Dừng mọi tin")
    mau.says("nhận tin")
    mau.taps("more")
    mau.taps("Nhận, dừng tin")
    mau.taps("Giữ như cũ")
    golden("stopping", town.transcript())


@pytest.mark.parametrize(
    "typed",
    ["dừng", "DUNG", "Dừng.", "stop", "hủy nhận tin", "d\u01b0\u0300ng", "\u200bdừng\u202e"],
)
def test_the_word_alone_stops(mau: Chat, typed: str) -> None:
    """With marks or without, decomposed or with invisible signs: the whole line is the word."""
    mau.says(typed)
    assert mau.last.startswith("Bạn muốn dừng loại nào?")


@pytest.mark.parametrize(
    "typed",
    [
        "máy dừng rồi sao",
        "đúng",
        "dùng",
        "dừng lại ở đây là sao bạn",
        "stop it now please",
        "\x00",
    ],
)
def test_the_word_in_a_sentence_does_not(mau: Chat, typed: str) -> None:
    """A sentence that has the word in it is a sentence."""
    mau.says(typed)
    assert not mau.last.startswith("Bạn muốn dừng loại nào?")


def test_stopping_news_for_many_leaves_her_matter(town: Town) -> None:
    """News about her own matter still come; general news do not."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.signs(MAY)
    chat.says("dừng")
    chat.taps("news-off")
    kept = settings(town, chat)
    assert (kept.wants_news, kept.stopped_all_at) == (False, None)
    assert kept.stopped_news_at is not None
    assert news_arrive(town, chat)


def test_stopping_everything_stops_everything_but_answers(town: Town) -> None:
    """Nothing is pushed any more; what she asks is answered; "nhận tin" begins again."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.signs(MAY)
    chat.says("dừng")
    chat.taps("stop-all")
    assert not news_arrive(town, chat)
    chat.says("menu")
    assert chat.last.startswith("Bạn muốn làm gì?")
    chat.says("nhận tin")
    assert chat.last == "Bạn sẽ nhận lại tin. Muốn dừng thì gõ: dừng."
    assert news_arrive(town, chat)
    assert settings(town, chat).wants_news is True


def test_stopping_loses_nothing_recorded(town: Town) -> None:
    """A name that was put down still counts after everything was stopped."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.signs(MAY)
    chat.says("dừng")
    chat.taps("stop-all")
    assert town.petition().counted == 1


def test_in_the_middle_of_a_step(mau: Chat) -> None:
    """The step goes on after stopping news, is dropped only by "Bỏ việc đang dở", and kept by "Không dừng"."""
    mau.taps("sign")
    mau.taps("consent-a")
    asked = mau.last
    mau.says("dừng")
    mau.taps("Không dừng")
    assert mau.last == f"Quay lại chỗ đang dở:\n{asked}"
    mau.says("dừng")
    mau.taps("Dừng tin chung")
    assert mau.last == f"Quay lại chỗ đang dở:\n{asked}"
    mau.says("dừng")
    mau.taps("Bỏ việc đang dở")
    assert mau.last == "Đã bỏ. Phần bạn vừa gõ đã được xóa."
    mau.says("Nguyễn Thị Mẫu")
    assert mau.last.startswith("Chúng tôi chưa hiểu câu này.")


def test_old_stop_buttons_still_stop(town: Town, mau: Chat) -> None:
    """Who presses an old "Dừng mọi tin", even twice, means it."""
    mau.says("dừng")
    button = mau.button("stop-all").payload
    mau.says("menu")
    mau.presses(button)
    mau.presses(button)
    assert mau.last.startswith("Đã dừng mọi tin.")
    assert settings(town, mau).stopped_all_at is not None


def test_a_forged_stop_stops_nothing(town: Town, mau: Chat) -> None:
    """Another person's button is refused and changes nothing."""
    other = town.person("Trần Văn Ví Dụ")
    other.scans(MAY)
    other.says("dừng")
    mau.presses(other.button("stop-all").payload)
    assert mau.last == "Việc này bạn không làm được ở đây."
    assert settings(town, mau).stopped_all_at is None


@pytest.mark.parametrize("typed", ["", "\x00", "gì vậy", "x" * 4000])
def test_odd_answers_to_the_settings_change_nothing(town: Town, mau: Chat, typed: str) -> None:
    """What is no choice is asked again."""
    mau.says("cài đặt tin")
    mau.says(typed)
    assert "Nhận tin chung" in mau.labels
    assert settings(town, mau).wants_news is None


def test_with_nothing_under_way_stopping_nothing_is_the_menu(mau: Chat) -> None:
    """Both "Không dừng" and "Bỏ việc đang dở" lead to the menu where nothing waits."""
    for choice in ("stop-not", "stop-step"):
        mau.says("dừng")
        mau.taps(choice)
        assert mau.last.startswith("Bạn muốn làm gì?")
