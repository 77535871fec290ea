"""Codes typed from paper, on any keyboard."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.codes import ALPHABET, grouped, normal, readings

LENGTHS = (6, 8, 16)
codes = st.sampled_from(LENGTHS).flatmap(
    lambda n: st.text(alphabet=ALPHABET, min_size=n, max_size=n)
)


def test_alphabet_has_no_look_alikes() -> None:
    """31 capitals and digits, without 0, O, 1, I and L."""
    assert len(ALPHABET) == len(set(ALPHABET)) == 31
    assert not set(ALPHABET) & set("01OIL")
    assert ALPHABET.isalnum()
    assert ALPHABET.isupper()


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("B7WKQ3", "B7WKQ3"),
        ("#b7w kq3", "B7WKQ3"),
        ("h4t-pn8.", "H4TPN8"),
        ("  k7m2qx\n", "K7M2QX"),
        ("ｋ７ｍ２ｑｘ", "K7M2QX"),
        ("p.h.6.t.4.w", "PH6T4W"),
        ("“R9XD5C”", "R9XD5C"),
        ("R9X–D5C", "R9XD5C"),
        ("K7\u200bM2QX", "K7M2QX"),
    ],
)
def test_code_is_understood_however_it_is_spelled(typed: str, code: str) -> None:
    """Case, spaces, hyphens, dots, '#', quotes, full width and zero width do not matter."""
    assert normal(typed) == code


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("K7Ă2Q", "K7AW2Q"),
        ("k7đ2q", "K7DD2Q"),
        ("Ð7K2Q", "DD7K2Q"),
        ("7êk2q", "7EEK2Q"),
        ("ư5cn9t", "W5CN9T"),
        ("7ư2kq", "7UW2KQ"),
        ("7ấ2k", "7AAS2K"),
        ("7á2kq", "7AS2KQ"),
        ("7ú2kq", "7US2KQ"),
        ("7ứ2kq", "7WS2KQ"),
        ("ứn2kq", "WSN2KQ"),
        ("đđđ", "DDDDDD"),
        ("ă2ă2", "AW2AW2"),
        ("K7Ă2QX", "K7A2QX"),
        ("K7Đ2QX", "K7D2QX"),
        ("K7A\u03062Q", "K7AW2Q"),
    ],
)
def test_vietnamese_keyboard_is_undone(typed: str, code: str) -> None:
    """A letter with a mark becomes the keys that made it, or the bare letter when that fits."""
    assert normal(typed) == code


def test_numbers_swallowed_by_vni_are_found_too() -> None:
    """On a VNI keyboard the digit after a letter becomes its mark: A8 is Ă, D9 is Đ."""
    assert "K7A82Q" in readings("K7Ă2Q")
    assert "D97K2Q" in readings("Đ7K2Q")


def test_tone_key_pressed_at_the_end_of_the_word_is_found() -> None:
    """ANS and ASN both become ÁN; both readings are offered, the nearer first."""
    assert readings("2án22") == ("2ASN22", "2ANS22", "2A" + "N" + "22")[:2]


@pytest.mark.parametrize(
    "typed",
    [
        "B7WKO3",
        "B7WKQ",
        "B7WKQ33",
        "B7WK!3!",
        "B7W+KQ",
        "Ö7WKQ3",
        "Ơ7WKQ",
        "В7WKQ3",
        "alo",
        "0900 000 000",
        "xin chào",
    ],
)
def test_what_is_no_code_is_none(typed: str) -> None:
    """Look-alikes, other letters, too short and too long: no code is guessed."""
    assert normal(typed) is None
    assert readings(typed) == ()


def test_bad_input_is_no_code(bad_input: str) -> None:
    """No text makes reading a code fail, and rubbish is none."""
    assert [normal(bad_input, length) for length in LENGTHS] == [None, None, None]


def test_each_reading_of_a_marked_letter_is_offered() -> None:
    """A W or U and W made Ư; the tone came at once, one later, or when the word was done."""
    assert readings("ưm2k9") == ("UWM2K9", "UMW2K9", "U7M2K9", "UM72K9")
    assert readings("2ưk2k9") == ("2WK2K9", "2UK2K9")
    assert readings("ứmmm2") == ("WSMMM2", "WMSMM2", "WMMMS2")
    assert readings("ánmk2") == ("ASNMK2", "ANSMK2", "ANMKS2")


def test_up_to_four_marked_letters_are_undone() -> None:
    """Four letters with marks may still be a code; five are a word."""
    assert normal("Ă2Ă2Ă2Ă2K2K2", 16) == "AW2AW2AW2AW2K2K2"
    assert normal("Ă2Ă2Ă2Ă2Ă2K", 16) is None
    assert normal("ĂĂĂĂĂ2", 6) is None


def test_many_marks_do_not_cost_time() -> None:
    """A long word of marked letters is refused instead of tried in every reading."""
    assert normal("ừ" * 16, 16) is None
    assert len(readings("ừừừừaaaaaaa", 16)) < 2000


@given(codes, st.randoms(use_true_random=False))
def test_code_survives_noise(code: str, chance: random.Random) -> None:
    """Every code is read back from its letters in any case, with separators anywhere."""
    noisy = "#" + "".join(
        chance.choice((char, char.lower(), chr(ord(char) + 0xFEE0)))
        + chance.choice(("", " ", "-", ".", "\u200b"))
        for char in code
    )
    assert normal(noisy, len(code)) == code


@given(codes)
def test_shown_code_is_read_back(code: str) -> None:
    """The grouped form is understood, and nothing but separators was added."""
    assert normal(grouped(code), len(code)) == code
    assert grouped(code).replace(" ", "").replace("-", "") == code


@given(codes)
def test_telex_leftovers_lead_back_to_the_code(code: str) -> None:
    """Where a telex keyboard turned key pairs into marked letters, the code is among the readings."""
    typed = code
    for keys, letter in (
        ("AW", "Ă"),
        ("AA", "Â"),
        ("EE", "Ê"),
        ("UW", "Ư"),
        ("DD", "Đ"),
        ("AS", "Á"),
        ("EX", "Ẽ"),
    ):
        typed = typed.replace(keys, letter, 1)
    if sum(not char.isascii() for char in typed) <= 4:
        assert code in readings(typed, len(code))


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("H4TPN8", "H4T PN8"),
        ("MQ7R4TXC", "MQ7R-4TXC"),
        ("MQ7R4TXC9KPD", "MQ7R-4TXC-9KPD"),
        ("QX7M2KTR9WCPH4VD", "QX7M-2KTR-9WCP-H4VD"),
        ("ABC", "ABC"),
    ],
)
def test_code_is_shown_in_groups(code: str, shown: str) -> None:
    """Six in two groups of three, longer ones in groups of four."""
    assert grouped(code) == shown
