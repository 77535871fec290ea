"""Cleaning and folding what was typed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.folding import MOST_MARKS, clean, fold


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Nguyễn   Thị\tMẫu \n", "Nguyễn Thị Mẫu"),
        (unicodedata.normalize("NFD", "Nguyễn Thị Mẫu"), "Nguyễn Thị Mẫu"),
        ("một\r\nhai\u2028ba\u2029bốn", "một hai ba bốn"),
        ("Mẫu\x00\x07", "Mẫu"),
        ("\u202eMẫu\u202c \u2066Thị\u2069\u200f", "Mẫu Thị"),
        ("M\u200bẫ\u200du\ufeff", "Mẫu"),
        ("❤\ufe0f", "❤"),
        ("Mẫu\u3164", "Mẫu"),
        ("M\ud800ẫu", "Mẫu"),
        ("Mẫu\u00a0\u3000Thị", "Mẫu Thị"),
        ("ភាសាខ្មែរ", "ភាសាខ្មែរ"),
    ],
)
def test_clean_keeps_only_what_can_be_seen(typed: str, kept: str) -> None:
    """Nothing invisible is kept, everything visible is, in composed form on one line."""
    assert clean(typed) == kept


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Nguyễn Thị Mẫu", "nguyen thi mau"),
        ("ĐƯỜNG", "duong"),
        ("Ðường", "duong"),
        ("Ví-Dụ, (Công ty)", "vi du cong ty"),
        ("１２３ ＡＢＣ", "123 abc"),
        ("1️⃣", "1"),
        ("①", "1"),
        ("១២", "12"),
        ("İ", "i"),
        ("Straße", "strasse"),
        ("김철수", "김철수"),
        ("ភាសា", "ភាសា"),
        ("😀 👍", ""),
    ],
)
def test_fold_leaves_what_a_person_meant(typed: str, folded: str) -> None:
    """Marks, capitals, punctuation and width do not matter when two texts are compared."""
    assert fold(typed) == folded


def test_khmer_words_that_differ_in_a_vowel_stay_different() -> None:
    """The vowel signs of Khmer are no marks to be dropped."""
    assert fold("កា") != fold("កិ")


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """What is stored and cleaned again is the same text, so fingerprints stay true."""
    assert clean(clean(text)) == clean(text)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    """What is stored folded can be compared with what is folded now."""
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_clean_text_can_be_stored_and_shown(text: str) -> None:
    """Clean text is composed, on one line, without control or format characters, and encodes."""
    cleaned = clean(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not {unicodedata.category(char) for char in cleaned} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert cleaned == " ".join(cleaned.split())
    cleaned.encode("utf-8")


@given(st.text(alphabet=st.characters(categories=["L", "Nd", "Zs"])))
def test_folding_ignores_decomposition_and_capitals(text: str) -> None:
    """An iPhone's decomposed letters and a shouted text compare like the plain ones."""
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
    assert fold(text.casefold()) == fold(text)


def test_eight_marks_on_each_letter_are_kept_and_no_ninth() -> None:
    """Decoration is cut after the eighth mark, letter by letter."""
    assert MOST_MARKS == 8
    eight = "x" + "\u0315" * 8
    assert clean(eight + eight) == eight + eight
    assert clean(eight + "\u0315y") == eight + "y"


INVISIBLE = [
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
]


def test_nothing_invisible_stays() -> None:
    """Fillers and variation selectors of every kind go, their visible neighbours stay."""
    assert clean("".join(map(chr, INVISIBLE))) == ""
    for code in (0x115E, 0x1161, 0x17B3, 0x17B6, 0x2801, 0x180A, 0xFE10):
        assert clean(f"a{chr(code)}a") == f"a{chr(code)}a"


def test_thousands_of_marks_are_cut() -> None:
    """A letter buried under marks keeps a few of them and costs no time."""
    assert len(clean("a" + "\u0301\u0323" * 50_000)) <= 1 + MOST_MARKS


def test_bad_input_is_cleaned_and_folded(bad_input: str) -> None:
    """No text makes cleaning or folding fail."""
    assert clean(bad_input) == clean(clean(bad_input))
    assert fold(bad_input) == fold(clean(bad_input))
