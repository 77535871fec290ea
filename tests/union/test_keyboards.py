"""What Vietnamese keyboards make of a code: nothing of a quiet one, never another of an old one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.codes import ALPHABET, QUIET, bare, readings

Keyboard = Callable[[str], str]

quiet = st.text(alphabet=QUIET, min_size=6, max_size=6)
any_code = st.text(alphabet=ALPHABET, min_size=6, max_size=6)

_CIRCUMFLEX, _BREVE, _HORN = "\u0302", "\u0306", "\u031b"
_TELEX_TONES = {"F": "\u0300", "S": "\u0301", "R": "\u0309", "X": "\u0303", "J": "\u0323"}
_VNI_TONES = {"2": "\u0300", "1": "\u0301", "3": "\u0309", "4": "\u0303", "5": "\u0323"}
_VIQR_TONES = {"`": "\u0300", "'": "\u0301", "?": "\u0309", "~": "\u0303", ".": "\u0323"}


class _Typing:
    """A keyboard as it is typed on: a key may mark a letter of the word before it."""

    def __init__(self, *, reaches_back: bool) -> None:
        # Some keyboards look only at the key before, some at the whole word.
        self.reaches_back = reaches_back
        self.letters: list[str] = []

    def place(self, bases: str, without: str = "") -> int | None:
        """Return where in the word the last letter is that a key would mark, or None."""
        for place in range(len(self.letters) - 1, -1, -1):
            letter = self.letters[place]
            if not letter[0].isalpha():
                return None
            if letter[0] in bases and not set(without) & set(letter[1:]):
                return place
            if not self.reaches_back:
                return None
        return None

    def marks(self, bases: str, mark: str, without: str) -> bool:
        """Put a mark on a letter; False where there is none to mark."""
        place = self.place(bases, without)
        if place is None:
            return False
        self.letters[place] += mark
        return True

    @property
    def text(self) -> str:
        """What stands on the screen."""
        # Keyboards put the shape of a letter before its tone, whichever was typed first.
        shapes = _CIRCUMFLEX + _BREVE + _HORN
        letters = [
            one[0] + "".join(sorted(one[1:], key=lambda mark: mark not in shapes))
            for one in self.letters
        ]
        return unicodedata.normalize("NFC", "".join(letters))


def telex(code: str, *, reaches_back: bool) -> str:
    """Type a code on a Telex keyboard."""
    typing = _Typing(reaches_back=reaches_back)
    tones = "".join(_TELEX_TONES.values())
    for key in code:
        shapes = _CIRCUMFLEX + _BREVE + _HORN
        if key in _TELEX_TONES and typing.marks("AEUY", _TELEX_TONES[key], tones):
            continue
        if key in "AE" and typing.marks(key, _CIRCUMFLEX, shapes):
            continue
        if key == "W" and (typing.marks("A", _BREVE, shapes) or typing.marks("U", _HORN, shapes)):
            continue
        if key == "D" and (place := typing.place("D")) is not None:
            typing.letters[place] = "Đ"
            continue
        typing.letters.append("U" + _HORN if key == "W" else key)
    return typing.text


def vni(code: str, *, reaches_back: bool) -> str:
    """Type a code on a VNI keyboard."""
    typing = _Typing(reaches_back=reaches_back)
    shapes, tones = _CIRCUMFLEX + _BREVE + _HORN, "".join(_VNI_TONES.values())
    for key in code:
        if key in _VNI_TONES and typing.marks("AEUY", _VNI_TONES[key], tones):
            continue
        if key == "6" and typing.marks("AE", _CIRCUMFLEX, shapes):
            continue
        if key == "7" and typing.marks("U", _HORN, shapes):
            continue
        if key == "8" and typing.marks("A", _BREVE, shapes):
            continue
        if key == "9" and (place := typing.place("D")) is not None:
            typing.letters[place] = "Đ"
            continue
        typing.letters.append(key)
    return typing.text


def viqr(code: str, *, reaches_back: bool) -> str:
    """Type a code on a VIQR keyboard: of letters and digits it changes DD alone."""
    del reaches_back
    return code.replace("DD", "Đ")


KEYBOARDS = [
    lambda code, make=make, back=back: make(code, reaches_back=back)
    for make in (telex, vni, viqr)
    for back in (False, True)
]


def test_the_keyboards_of_these_tests_are_none_that_do_nothing() -> None:
    """Each marks what a real one marks, so that the tests below can fail."""
    assert telex("AA2DDW", reaches_back=False) == "Â2ĐƯ"
    assert telex("ANSK2W", reaches_back=True) == "ÁNK2Ư"
    assert vni("A6K2D9", reaches_back=False) == "ÂK2Đ"
    assert vni("AK24U7", reaches_back=True) == "ÀK4Ư"
    assert viqr("DD2345", reaches_back=False) == "Đ2345"


@pytest.mark.parametrize("keyboard", KEYBOARDS)
@given(code=quiet)
def test_a_quiet_code_stays_as_it_was_typed(keyboard: Keyboard, code: str) -> None:
    """On every keyboard, in capitals or small, it reads as itself and as nothing else."""
    for typed in (keyboard(code), keyboard(code).lower(), f"#{keyboard(code)[:3]} {code[3:]}"):
        assert readings(typed) == (code,)


@pytest.mark.parametrize("keyboard", KEYBOARDS)
@given(code=any_code)
def test_an_old_code_without_marks_is_itself(keyboard: Keyboard, code: str) -> None:
    """A code of all letters that a keyboard left alone reads as itself and as nothing else."""
    if keyboard(code) == code:
        assert readings(code) == (code,)


@pytest.mark.parametrize("keyboard", [one for n, one in enumerate(KEYBOARDS) if n % 2 == 0])
@given(code=any_code)
def test_an_old_code_is_among_its_readings(keyboard: Keyboard, code: str) -> None:
    """Where a key marks the letter just before it, the code that was typed is always found."""
    assert code in readings(keyboard(code))


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("mã K7M2QX", "K7M2QX"),
        ("Mã: k7m 2qx", "k7m 2qx"),
        ("Mã để bắt đầu: K7M2QX", "K7M2QX"),
        ("ma #K7M2QX", "K7M2QX"),
        ("ma\u0303 K7M2QX", "K7M2QX"),
        ("/start K7M2QX", "K7M2QX"),
        (" CODE: K7M2QX", "K7M2QX"),
    ],
)
def test_the_word_before_a_code_is_passed_over(typed: str, rest: str) -> None:
    """People write "mã" before it, and some apps put /start there."""
    assert bare(typed) == rest
    assert readings(typed) == ("K7M2QX",)


@pytest.mark.parametrize(
    "typed", ["may vi du", "mai", "Mã Lực", "ma", "mã", "codec", "/starter", "", "macK7M2QX"]
)
def test_a_word_that_only_begins_like_it_is_no_code(typed: str) -> None:
    """A name is no code because it begins with the same letters."""
    assert readings(typed) == ()


def test_a_code_may_begin_like_the_word() -> None:
    """The letters MA at its beginning are part of the code."""
    assert readings("MA K7M2")[0] == "MAK7M2"
    assert readings("MAK7M2") == ("MAK7M2",)


def test_rubbish_before_a_code_breaks_nothing(bad_input: str) -> None:
    """Whatever is typed, what remains is text; rubbish is no code."""
    assert isinstance(bare(bad_input), str)
    assert readings(f"mã {bad_input}") == ()
