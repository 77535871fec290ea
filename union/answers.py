"""What people type when asked for a name, a consent or their own words: is it an answer?"""

import re
import unicodedata

from union.folding import clean, fold
from union.refusals import Unclear

NAME_LIMIT = 100
TEXT_LIMIT = 1000

_NAME_SIGNS = frozenset(" '’‘ʼ`´-‐‑.·・")
_FORMULA_STARTS = ("=", "+", "-", "@")  # a spreadsheet would run them
_LINK = re.compile(
    r"(?i)\b(?:https?|www)\b|\w\.(?:com|vn|net|org|info|me|io|ly|xyz|app|link|top|site|online|club)\b"
)
# Peoples who write a whole name without a space between its parts.
_UNSPACED = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "KHMER", "THAI", "LAO", "MYANMAR")
# Words of two and more Vietnamese or English letters: most names, and nothing to look at twice.
_ORDINARY_NAME = re.compile(
    r"(?:[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1ea0-\u1ef9]{2,}(?: (?!$)|$)){2,}"
)
_CONSENT = re.compile(r"[abc](?: (?:va |and )?[abc])*")


def full_name(text: str, short_is_right: bool = False) -> str:  # noqa: FBT001, FBT002
    """Return the name as she typed it, marks and capitals kept, at most 100 characters.

    With *short_is_right* a name of one word passes, because she said that it is her whole name.
    Raises Unclear: error-name-long?, error-name-number?, error-name-letters?, error-name-short?,
    and error-unclear? when nothing is left to read.
    """
    name = clean(unicodedata.normalize("NFKC", clean(text)))
    if not name:
        raise Unclear("error-unclear?")
    if len(name) > NAME_LIMIT:
        raise Unclear("error-name-long?", limit=NAME_LIMIT)
    if _ORDINARY_NAME.fullmatch(name) and not _LINK.search(name):
        return name
    if any(unicodedata.category(char)[0] == "N" for char in name):
        raise Unclear("error-name-number?")
    if not _is_lettered(name):
        raise Unclear("error-name-letters?")
    if not short_is_right and _looks_short(name):
        raise Unclear("error-name-short?", choices=("name-is-right",))
    return name


def consent_choice(text: str) -> tuple[bool, bool, bool] | None:
    """Which of A (handling), B (contact) and C (statistics) she named, or None when she named none
    for sure.

    "a", "A B", "a,c", "abc", "a và b". Letters without a space count only in their order: "ba" is
    also the word for three. Whether the first is indispensable is not decided here.
    """
    typed = fold(text)
    if re.fullmatch(r"a?b?c?", typed) and typed:
        named = set(typed)
    elif _CONSENT.fullmatch(typed):
        named = {word for word in typed.split() if len(word) == 1}
    else:
        return None
    return "a" in named, "b" in named, "c" in named


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for marks, capitals, punctuation and spacing."""
    folded = fold(one)
    return bool(folded) and folded == fold(other)


def near_name(one: str, other: str) -> bool:
    """Whether two names may be one person's: a slip of the finger, another order, a middle name
    left out.

    A hint for an officer to look at, never a reason to join, block or change anything.
    """
    first, second = fold(one), fold(other)
    if not first or not second:
        return False
    words, others = first.split(), second.split()
    return (
        sorted(words) == sorted(others) or _lacks_middle(words, others) or _is_slip(first, second)
    )


def free_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Her own words on one line, at most *limit* characters.

    Raises Unclear: error-unclear? when nothing is left, error-too-long? beyond the limit.
    """
    words = clean(text)
    if not words:
        raise Unclear("error-unclear?")
    if len(words) > limit:
        raise Unclear("error-too-long?", limit=limit)
    return words


def _is_lettered(name: str) -> bool:
    if name.startswith(_FORMULA_STARTS) or _LINK.search(name):
        return False
    kinds = [unicodedata.category(char)[0] for char in name]
    return (
        kinds[0] != "M"
        and "L" in kinds
        and all(
            kind in "LM" or char in _NAME_SIGNS for kind, char in zip(kinds, name, strict=True)
        )
    )


def _looks_short(name: str) -> bool:
    letters = [char for char in name if unicodedata.category(char)[0] == "L"]
    if all(unicodedata.name(char, "").startswith(_UNSPACED) for char in letters):
        return len(letters) < 2
    words = [word for word in name.split() if any(char.isalpha() for char in word)]
    return len(words) < 2 or all(len(word.strip(".")) < 2 for word in words)


def _lacks_middle(words: list[str], others: list[str]) -> bool:
    short, long = sorted((words, others), key=len)
    if len(short) < 2 or short[0] != long[0] or short[-1] != long[-1]:
        return False
    rest = iter(long)
    return all(word in rest for word in short)


def _is_slip(first: str, second: str) -> bool:
    one, other = first.replace(" ", "")[:NAME_LIMIT], second.replace(" ", "")[:NAME_LIMIT]
    # Vietnamese names share most of their words, so two slips are forgiven in long names only.
    most = 2 if min(len(one), len(other)) >= 16 else 1
    if min(len(one), len(other)) < 4:
        return one == other
    return abs(len(one) - len(other)) <= most and _slips(one, other) <= most


def _slips(one: str, other: str) -> int:
    """How many letters to change, add, drop or swap with a neighbour between the two names."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
