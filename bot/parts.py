"""A letter that is longer than a channel takes at once, in parts that each are a letter."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from bot.speech import Abilities, Reply, Unit, length

# Where a text may be cut, best first: between paragraphs, lines, sentences, words. A space that
# does not break keeps a number and its unit together.
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"(?<=[.?!…])\s|(?<=[.?!…][\"'”’»)\]])\s")
_WORD = re.compile(r"[^\S\u00a0\u202f]")

# What belongs to the letter before it: joiners, tags and skin tones of pictures, and the vowels of
# Thai, Lao and Korean that Unicode calls letters. Marks are known by their category.
_BELONGS = re.compile(
    "[\u200c\u200d\U000e0020-\U000e007f\U0001f3fb-\U0001f3ff\u0e33\u0eb3\u1160-\u11ff\ud7b0-\ud7fb]"
)
_JOINER = "\u200d"
# Two of these are one flag.
_FLAGS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
# The sign that binds two consonants in the writing of India and its neighbours.
_BINDS = 9


def in_parts(reply: Reply, can: Abilities) -> tuple[Reply, ...]:
    """Return the letters that say a reply where at most `can.longest` goes at once, in order.

    What is to be pressed stands under the last, and its link in its words; files go first.
    """
    if can.takes(reply.worded) or can.longest is None:
        return (reply,)
    texts = list(parts_of(reply.worded, can.longest, can.unit))
    if not texts:
        return (reply,)
    if reply.link and reply.link not in texts[-1]:
        # It was said further up: who can not press a button must find it where she reads last.
        texts[-1:] = parts_of(f"{texts[-1]}\n{reply.link}", can.longest, can.unit)
    bare = replace(reply, choices=(), files=(), ask_phone=False, link=None, link_label="")
    made = [replace(bare, text=one) for one in texts[:-1]]
    made.append(replace(reply, text=texts[-1], files=()))
    made[0] = replace(made[0], files=reply.files)
    return tuple(made)


def parts_of(text: str, longest: int, unit: Unit = "character") -> Iterator[str]:
    """Give a text in parts of at most *longest* units (2 or more), without the spaces between.

    No word is cut that fits into a part, and nothing that the eye sees as one letter. Nothing is
    given for a text that shows nothing.
    """
    left = _without_spaces(text.rstrip())
    while left:
        cut = _cut(left, longest, unit)
        if part := left[:cut].rstrip():
            yield part
        left = _without_spaces(left[cut:])


def _without_spaces(text: str) -> str:
    """Return a text from its first word on; a space that bears a mark is one."""
    at = 0
    while at < len(text) and text[at].isspace() and not _is_torn(text, at + 1):
        at += 1
    return text[at:]


def _cut(text: str, longest: int, unit: Unit) -> int:
    """Return where the first part of a text ends."""
    fits = _fitting(text, longest, unit)
    if fits == len(text):
        return fits
    for end in (_PARAGRAPH, _LINE, _SENTENCE):
        place = _last(end, text, fits)
        # A part that is nearly empty is no better than one that ends within a paragraph.
        if place > fits // 2:
            return place
    return _last(_WORD, text, fits) or _whole(text, fits)


def _last(end: re.Pattern[str], text: str, fits: int) -> int:
    """Return the last place up to *fits* where something ends, or 0."""
    # One more: what ends exactly there fits, and its end is the space behind it.
    places = [found.start() for found in end.finditer(text, 0, fits + 1)]
    return next((one for one in reversed(places) if not _is_torn(text, one + 1)), 0)


def _whole(text: str, fits: int) -> int:
    """Return the last place up to *fits* that tears no letter; *fits* where one fills the part."""
    for place in range(fits, 0, -1):
        if not _is_torn(text, place):
            return place
    return fits - 1 if fits > 1 and _is_pair(text, fits) else fits


def _is_torn(text: str, at: int) -> bool:
    """Whether a cut there would tear what the eye sees as one letter (Unicode's annex 29)."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if before.isascii() and after.isascii():
        return before == "\r" and after == "\n"
    if before in _FLAGS and after in _FLAGS:
        return (at - len(text[:at].rstrip(_FLAGS))) % 2 == 1
    return (
        before == _JOINER
        or bool(_BELONGS.match(after))
        or unicodedata.category(after)[0] == "M"
        or unicodedata.combining(before) == _BINDS
        or _is_pair(text, at)
    )


def _is_pair(text: str, at: int) -> bool:
    """Whether two halves of one character meet there, as some programs leave them."""
    return "\ud800" <= text[at - 1] <= "\udbff" and "\udc00" <= text[at] <= "\udfff"


def _fitting(text: str, longest: int, unit: Unit) -> int:
    """Return how many characters of a text fit into a part."""
    units = 0
    for number, one in enumerate(text):
        units += length(one, unit)
        if units > longest:
            return max(number, 1)
    return len(text)
