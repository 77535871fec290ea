"""A choice typed instead of tapped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.choices import pick
from union.folding import fold

WELCOME = ("Ghi tên", "Hỏi quyền lợi", "Ai thấy tên tôi?", "Gặp cán bộ", "Việc khác")
CONSENT = ("Chỉ giữ tên (A)", "Thêm nhắn tin (A, B)", "Thêm số liệu (A, C)", "Cả ba (A, B, C)")
PLACES = ("Số 1, phường Mẫu", "Số 2, xã Thử", "Gõ lại tên")


@pytest.mark.parametrize(
    "typed",
    ["2", "[2]", "2.", "2)", "(2)", "số 2", "so 2", "Số 2.", "２", "2️⃣", "②", "#2", "chọn 2", "២"],
)
def test_number_is_understood(typed: str) -> None:
    """Its number, in every spelling, is the choice."""
    assert pick(typed, WELCOME) == 1


@pytest.mark.parametrize(
    ("typed", "labels", "place"),
    [
        ("ghi tên", WELCOME, 0),
        ("GHI TEN", WELCOME, 0),
        ("hoi quyen loi", WELCOME, 1),
        ("hỏi quyền", WELCOME, 1),
        ("ai thay ten toi", WELCOME, 2),
        ("Việc khác!", WELCOME, 4),
        ("cả ba", CONSENT, 3),
        ("them nhan", CONSENT, 1),
        ("Thêm số liệu (A, C)", CONSENT, 2),
        ("[1] Ghi tên", WELCOME, 0),
        ("4. gap can bo", WELCOME, 3),
        ("số 2", PLACES, 1),
        ("xong", ("Xong", "Chưa"), 0),
    ],
)
def test_words_are_understood(typed: str, labels: tuple[str, ...], place: int) -> None:
    """Its words, whole or begun with two, with or without marks, are the choice."""
    assert pick(typed, labels) == place


@pytest.mark.parametrize(
    ("typed", "labels"),
    [
        ("0", WELCOME),
        ("6", WELCOME),
        ("1 2", WELCOME),
        ("1,5", WELCOME),
        ("ghi", WELCOME),
        ("thêm", CONSENT),
        ("gặp cán bộ ngay", WELCOME),
        ("[2] Ghi tên", WELCOME),
        ("1 alo", WELCOME),
        ("gửi đi", ("Gửi đi ngay", "Gửi đi sau")),
        ("xong", ("Xong", "Xong")),
        ("số 2", ("Số 2, xã Thử", "Số 1, phường Mẫu")),
        ("9" * 4000, WELCOME),
        ("1", ()),
        ("ghi tên", ()),
    ],
)
def test_doubt_is_no_choice(typed: str, labels: tuple[str, ...]) -> None:
    """Out of range, one word of several, contradiction, or two that fit: nothing is chosen."""
    assert pick(typed, labels) is None


def test_marks_decide_between_labels_that_differ_in_nothing_else() -> None:
    """Typed with marks the choice is clear; typed without, it is not."""
    labels = ("Bán hàng", "Bạn hàng")
    assert pick("bạn hàng", labels) == 1
    assert pick("Bán hàng", labels) == 0
    assert pick("ban hang", labels) is None


def test_marks_decide_between_labels_that_begin_alike() -> None:
    """Two words with marks are enough where two words without are not."""
    labels = ("Bán hàng rong", "Bạn hàng cũ")
    assert pick("bạn hàng", labels) == 1
    assert pick("bán hàng", labels) == 0
    assert pick("ban hang", labels) is None


def test_whole_words_win_over_a_longer_label() -> None:
    """A label typed in full is meant, also when another begins with it."""
    assert pick("đồng ý", ("Đồng ý, báo người gửi", "Đồng ý")) == 1


def test_bad_input_is_no_choice(bad_input: str) -> None:
    """Rubbish chooses nothing."""
    assert pick(bad_input, WELCOME) is None


labels_lists = st.lists(
    st.text(alphabet="abcđêô ", min_size=1, max_size=12).filter(lambda label: bool(fold(label))),
    min_size=1,
    max_size=5,
)


@given(labels_lists, st.data())
def test_number_always_chooses_its_label(labels: list[str], chance: st.DataObject) -> None:
    """Whatever the words, the plain number on the button is that button."""
    place = chance.draw(st.integers(0, len(labels) - 1))
    assert pick(str(place + 1), labels) == place
    assert pick(f"[{place + 1}] {labels[place]}", labels) in (place, None)


@given(labels_lists, st.data())
def test_words_choose_their_label_or_nothing(labels: list[str], chance: st.DataObject) -> None:
    """A label's own words never choose a label with other words."""
    place = chance.draw(st.integers(0, len(labels) - 1))
    chosen = pick(labels[place], labels)
    assert chosen is None or fold(labels[chosen]) == fold(labels[place])
    if sum(fold(label) == fold(labels[place]) for label in labels) == 1:
        assert chosen == place
