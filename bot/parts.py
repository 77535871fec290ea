"""A letter that is longer than a channel takes at once, in parts that each are a letter."""

from collections.abc import Iterator
from dataclasses import replace

import regex

from bot.speech import Abilities, Reply, Unit, length

# Where a text may be cut, best first: between paragraphs, lines, sentences, words. A space that
# does not break keeps a number and its unit together.
_PARAGRAPH = regex.compile(r"\n[^\S\n]*\n")
_LINE = regex.compile(r"\n")
_SENTENCE = regex.compile(r"(?<=[.?!…])\s|(?<=[.?!…][\"'”’»)\]])\s")
_WORD = regex.compile(r"[^\S\u00a0\u202f]")

# What the eye sees as one letter: a picture, a flag, a letter with its marks (Unicode's annex 29);
# also two halves of one character, as some programs leave them.
_LETTER = regex.compile(r"[\ud800-\udbff][\udc00-\udfff]|\X")


def in_parts(reply: Reply, can: Abilities) -> tuple[Reply, ...]:
    """Return the letters that say a reply where at most `can.longest` goes at once, in order.

    What is to be pressed stands under the last, and its link in its words; files go first.
    """
    if can.takes(reply.listed if can.lists else reply.worded) or can.longest is None:
        return (reply,)
    longest = can.longest - _for_lines(reply, can)
    texts = list(parts_of(reply.worded, longest, can.unit))
    if not texts:
        return (reply,)
    if reply.link and reply.link not in texts[-1]:
        # It was said further up: who can not press a button must find it where she reads last.
        texts[-1:] = parts_of(f"{texts[-1]}\n{reply.link}", longest, can.unit)
    bare = replace(reply, choices=(), files=(), ask_phone=False, link=None, link_label="")
    made = [replace(bare, text=one) for one in texts[:-1]]
    made.append(replace(reply, text=texts[-1], files=()))
    made[0] = replace(made[0], files=reply.files)
    return tuple(made)


def _for_lines(reply: Reply, can: Abilities) -> int:
    """Return how much room to leave for the choices, should they be said as lines."""
    if not can.lists or can.longest is None:
        return 0
    lines = length(reply.listed, can.unit) - length(reply.worded, can.unit)
    # Words get a quarter at least, or a list that fills a message would make a letter of each.
    return min(lines, can.longest * 3 // 4)


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
    for one in _LETTER.finditer(text):
        if not one.group().isspace():
            return text[one.start() :]
    return ""


def _cut(text: str, longest: int, unit: Unit) -> int:
    """Return where the first part of a text ends."""
    fits = _fitting(text, longest, unit)
    if fits == len(text):
        return fits
    # Two more: whether a letter ends at a place shows in what comes behind it.
    ends = [one.end() for one in _LETTER.finditer(text, 0, fits + 2)]
    for end in (_PARAGRAPH, _LINE, _SENTENCE):
        place = _last(end, text, fits, ends)
        # A part that is nearly empty is no better than one that ends within a paragraph.
        if place > fits // 2:
            return place
    whole = max((one for one in ends if one <= fits), default=fits)
    return _last(_WORD, text, fits, ends) or whole


def _last(end: regex.Pattern[str], text: str, fits: int, ends: list[int]) -> int:
    """Return the last place up to *fits* where something *ends* before a space, or 0."""
    # One more: what ends exactly there fits, and its end is the space behind it.
    whole = set(ends)
    places = [found.start() for found in end.finditer(text, 0, fits + 1)]
    return next((one for one in reversed(places) if one + 1 in whole), 0)


def _fitting(text: str, longest: int, unit: Unit) -> int:
    """Return how many characters of a text fit into a part."""
    units = 0
    for number, one in enumerate(text):
        units += length(one, unit)
        if units > longest:
            return max(number, 1)
    return len(text)
