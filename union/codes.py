"""Codes that people read from paper and type, understood however they were typed."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from union.folding import clean

# No 0 and O, no 1, I and L: they are mistaken for each other on a wet poster.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
# Without vowels, D and W no Vietnamese keyboard finds a letter to mark, nor a word to correct:
# what is typed on one is what was read.
QUIET = "".join(letter for letter in ALPHABET if letter not in "ADEUWY")

_SPACED = 3
_HYPHENED = 4
_MOST_MARKED = 4  # beyond this it is a sentence, and trying every reading would be slow
# What people write before a code, and what a start button of other apps puts there.
_BEFORE = re.compile(
    r"\s*(?:/start|mã để bắt đầu|ma de bat dau|mã|ma|code)(?![^\W_])[\s:.#-]*", re.IGNORECASE
)


class _Keyboard(NamedTuple):
    """Which key a Vietnamese keyboard swallowed to put a mark on the letter before it."""

    shapes: dict[str, str]  # "" stands for the letter itself, as in AA for Â
    tones: dict[str, str]


_BREVE, _CIRCUMFLEX, _HORN, _STROKE = "\u0306", "\u0302", "\u031b", "\u0335"
_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT = "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"

_TELEX = _Keyboard(
    {_BREVE: "W", _CIRCUMFLEX: "", _HORN: "W", _STROKE: ""},
    {_GRAVE: "F", _ACUTE: "S", _HOOK: "R", _TILDE: "X", _DOT: "J"},
)
_VNI = _Keyboard(
    {_BREVE: "8", _CIRCUMFLEX: "6", _HORN: "7", _STROKE: "9"},
    {_GRAVE: "2", _ACUTE: "1", _HOOK: "3", _TILDE: "4", _DOT: "5"},
)


def normal(text: str, length: int = 6) -> str | None:
    """Return the code that was typed, in plain capitals; None where it is none of *length*.

    Understands any case, spaces, hyphens, dots, a leading '#', "mã" or "/start" before it,
    full-width characters, and what Vietnamese keyboards make of a code. Says nothing of whether
    the code exists. Many a word has the form of a code ("rút tên"), so ask this after commands
    and choices were tried.
    """
    return next(_readings(text, length), None)


def readings(text: str, length: int = 6) -> tuple[str, ...]:
    """Every code that the typed text may stand for, likeliest first; several only for marks."""
    return tuple(dict.fromkeys(_readings(text, length)))


def grouped(code: str) -> str:
    """Show a code in groups, "H4T PN8" or "MQ7R-4TXC"; left alone if not 6, 8, 12 or 16
    long.
    """
    if len(code) == 6:
        return " ".join(_slices(code, _SPACED))
    if len(code) in (8, 12, 16):
        return "-".join(_slices(code, _HYPHENED))
    return code


def _slices(code: str, size: int) -> list[str]:
    return [code[start : start + size] for start in range(0, len(code), size)]


def bare(text: str) -> str:
    """Return what was typed without the words that people write before a code."""
    wide = unicodedata.normalize("NFKC", clean(text[:400]))
    return _BEFORE.sub("", wide, count=1) if _BEFORE.match(wide) else text


def _readings(text: str, length: int) -> Iterator[str]:
    yield from _read(text, length)
    # Two of its letters may be "MA", so the whole is tried first.
    if (rest := bare(text)) != text:
        yield from _read(rest, length)


def _read(text: str, length: int) -> Iterator[str]:
    letters = _letters(text)
    marked = sum(len(letter) > 1 for letter in letters)
    # A letter stands for three keys at most: Ấ for A, A and S.
    if marked > _MOST_MARKED or not len(letters) <= length <= len(letters) + 2 * marked:
        return
    for keyboard in (_TELEX, _VNI) if marked else ():
        yield from (code for code in _undone(letters, keyboard) if _is_code(code, length))
    bare = "".join(letter[0] for letter in letters)
    if _is_code(bare, length):
        yield bare


def _is_code(text: str, length: int) -> bool:
    return len(text) == length and all(char in ALPHABET for char in text)


def _letters(text: str) -> list[str]:
    """Split what was typed into letters: each a capital, followed by its marks if it has any."""
    wide = unicodedata.normalize("NFKC", clean(text[:400])).upper().replace("\u2212", "-")
    return [_apart(char) for char in wide if unicodedata.category(char)[0] not in "PZ"]


def _apart(char: str) -> str:
    return "D" + _STROKE if char in "ĐÐ" else unicodedata.normalize("NFD", char)


def _undone(letters: list[str], keyboard: _Keyboard) -> Iterator[str]:
    ways = [_ways(letters, place, keyboard) for place in range(len(letters))]
    for chosen in product(*ways):
        keys_after: list[str] = [""] * len(letters)
        for _, keys, place in chosen:
            keys_after[place] += keys
        yield "".join(way[0] + keys for way, keys in zip(chosen, keys_after, strict=True))


def _ways(letters: list[str], place: int, keyboard: _Keyboard) -> list[tuple[str, str, int]]:
    """How one letter may have come about: its key, the keys swallowed, and after which place."""
    letter = letters[place]
    base, marks = letter[0], letter[1:]
    if not marks:
        return [(base, "", place)]
    shape = "".join(keyboard.shapes[mark] or base for mark in marks if mark in keyboard.shapes)
    tone = "".join(keyboard.tones.get(mark, "") for mark in marks)
    end = _end_of_word(letters, place)
    # The key comes right after its letter, one later, or when the word is done.
    ends = sorted({place, min(place + 1, end), end})
    # Whichever was typed first, the letter looks the same: Ề for E, E, F and for E, F, E.
    typed = dict.fromkeys((shape + tone, tone + shape))
    ways = [(base, keys, after) for keys in typed for after in ends]
    if keyboard is _TELEX and base == "U" and _HORN in marks:  # a single W already gives Ư
        ways = [("W", tone, after) for after in (ends if tone else [place])] + ways
    return ways


def _end_of_word(letters: list[str], place: int) -> int:
    end = place
    while end + 1 < len(letters) and letters[end + 1][0].isalpha():
        end += 1
    return end
