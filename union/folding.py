"""What people type, made clean to keep and plain to compare, with or without marks."""

import re
import unicodedata

# A letter of any language served here carries fewer marks than this. Longer runs are decoration,
# and a run of thousands costs quadratic time in Unicode normalisation.
MOST_MARKS = 8

_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})
# Characters that show nothing although Unicode calls them letters or marks: a name made of them
# would look empty.
_INVISIBLE = frozenset(
    [chr(code) for code in (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)]
    + [chr(code) for code in (0x180B, 0x180C, 0x180D, 0x180F)]
    + [chr(code) for code in range(0xFE00, 0xFE10)]
    + [chr(code) for code in range(0xE0100, 0xE01F0)]
)
# Letters of Vietnamese and its neighbours in composed form, ASCII, single spaces: most of what is
# typed. There is nothing to clean in it, which the long way finds out at ten times the cost.
_ORDINARY = re.compile(r"(?:[!-~\u00c0-\u024f\u1ea0-\u1ef9]+(?: (?! |$)|$))*")
# Old Vietnamese fonts stored the capital of đ as the Icelandic Eth.
_STROKED = str.maketrans({"đ": "d", "Đ": "d", "ð": "d", "Ð": "d"})


def clean(text: str) -> str:
    """Put the text in composed form (NFC), on one line, without what cannot be seen.

    Control characters, NUL, direction marks, zero-width characters, byte order marks, variation
    selectors and half surrogates go; line breaks and runs of spaces become one space. Cleaning
    twice changes nothing.
    """
    if _ORDINARY.fullmatch(text):
        return text
    visible = "".join(filter(None, map(_visible, text)))
    composed = _few_marks(unicodedata.normalize("NFC", _few_marks(visible)))
    return " ".join(composed.split())


def fold(text: str) -> str:
    """Make the text comparable: no marks, capitals, punctuation, wide letters, foreign digits.

    Only the marks of Latin writing go. The vowel signs of Khmer or Thai are letters to their
    readers and stay.
    """
    if _ORDINARY.fullmatch(text):
        return " ".join(text.translate(_PLAINLY).split())
    return _fold_anything(text)


def _fold_anything(text: str) -> str:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", clean(text)).casefold())
    plain = "".join(map(_plain, apart.translate(_STROKED)))
    return " ".join(clean(plain).split())


class _Plainly(dict[int, str]):
    """What each ordinary letter folds to, found out once for each."""

    def __missing__(self, code: int) -> str:
        """Fold one letter the long way. What is no letter parts words."""
        # Between two letters: what parts words must still part them.
        self[code] = found = _fold_anything(f"a{chr(code)}a")[1:-1]
        return found


_PLAINLY = _Plainly()


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    if char in _INVISIBLE or unicodedata.category(char) in _DROPPED_CATEGORIES:
        return ""
    return char


def _few_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run <= MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _plain(char: str) -> str:
    if "\u0300" <= char <= "\u036f":
        return ""
    match unicodedata.category(char):
        case "Nd":
            return str(unicodedata.decimal(char))
        case "Me":  # the box around a keycap digit
            return ""
        case category if category[0] in "LMN":
            return char
        case _:
            return " "
