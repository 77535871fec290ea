"""A letter longer than a channel takes at once: where it is cut, and what each part carries."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.parts import in_parts, parts_of
from bot.speech import Abilities, Choice, File, Reply, length

TWO = (Choice("a", "Một", "1.a.X"), Choice("b", "Hai", "1.b.Y"))
SMALL = Abilities(pushes=True, asks_identity=True, longest=20)
LINK = "https://k.example/t/a"

# Each of these is seen as one letter; none may be torn.
SEEN_AS_ONE = [
    "😀",
    "👩‍👩‍👧‍👦",
    "👍🏽",
    "🇻🇳",
    "❤️‍🔥",
    "1️⃣",
    "🏴\U000e0067\U000e0062\U000e007f",
    "ế",
    "e\u0302\u0301",
    "u\u031b\u0301",
    "q\u0323\u0301",
    "ក្ក",
    "क्ष",
    "กำ",
    "\u1112\u119e\u11ab",
    "a\u200d",
    "\ud83d\ude00",
]
seen = st.sampled_from(SEEN_AS_ONE)
anything = st.lists(
    st.one_of(seen, st.sampled_from([" ", "\n", "\n\n", ". ", "a", "đ", "\u00a0"]), st.text())
).map("".join)
units = st.sampled_from(["character", "utf-16"])


def shown(text: str) -> str:
    """Return a text without its spaces."""
    return "".join(text.split())


def utf_16(text: str) -> int:
    """Return how many units of UTF-16 a text has, counted by the codec."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# --- where it is cut ------------------------------------------------------------------------------


@given(anything, st.integers(2, 60), units)
@example(" \n ", 2, "character")
@example("", 2, "utf-16")
@example(" \u0301" * 40, 5, "character")
@example("a" + "\u0301" * 40, 5, "character")
@example("🇻🇳" * 40, 5, "utf-16")
@example("a \U0001d165", 2, "utf-16")
def test_nothing_is_lost_and_every_part_fits(text, longest, unit):
    """Whatever the words, the parts hold every letter in its order, and none is empty or too long."""
    parts = list(parts_of(text, longest, unit))
    measure = utf_16 if unit == "utf-16" else len
    assert all(0 < measure(one) <= longest for one in parts)
    assert all(one.strip() for one in parts)
    assert shown("".join(parts)) == shown(text)


@given(st.lists(seen, min_size=1, max_size=80), st.integers(13, 60), units)
def test_what_the_eye_sees_as_one_letter_is_never_torn(letters, longest, unit):
    """A row of pictures, flags and letters with marks is cut between them alone."""
    text = "".join(letters)
    ends = {0}
    for one in letters:
        ends.add(max(ends) + len(one))
    at = 0
    for part in parts_of(text, longest, unit):
        at += len(part)
        assert at in ends, (part, letters)
    assert at == len(text)


@given(anything, st.integers(2, 60), units)
def test_composed_stays_composed(text, longest, unit):
    """A text in composed form (NFC) is cut into parts in composed form."""
    composed = unicodedata.normalize("NFC", text)
    assert all(
        unicodedata.is_normalized("NFC", part) for part in parts_of(composed, longest, unit)
    )


@given(
    st.lists(st.text("abcđế😀", min_size=1, max_size=9), max_size=60), st.integers(18, 60), units
)
def test_no_word_is_cut_that_fits(words, longest, unit):
    """Cut between words, the parts have the very words of the text."""
    parts = list(parts_of(" ".join(words), longest, unit))
    assert " ".join(parts).split(" ") == (words or [""])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Một hai ba.\n\nBốn. Năm sáu bảy", ["Một hai ba.", "Bốn. Năm sáu bảy"]),
        ("Một hai ba.\nBốn. Năm sáu bảy", ["Một hai ba.", "Bốn. Năm sáu bảy"]),
        ("Một hai ba bốn. Năm sáu bảy", ["Một hai ba bốn.", "Năm sáu bảy"]),
        ('"Một hai ba bốn?" Năm sáu', ['"Một hai ba bốn?"', "Năm sáu"]),
        ("A.\n\nMột hai ba bốn năm sáu", ["A.\n\nMột hai ba bốn", "năm sáu"]),
        ("Một hai ba bốn nă 10\u00a0kg", ["Một hai ba bốn nă", "10\u00a0kg"]),
        ("a" * 45, ["a" * 20, "a" * 20, "a" * 5]),
        ("x " + "a" * 25, ["x", "a" * 20, "a" * 5]),
        ("a" * 20 + " " + "b" * 20, ["a" * 20, "b" * 20]),
        ("Một hai ba.\n\nBốn.\nNăm sáu", ["Một hai ba.", "Bốn.\nNăm sáu"]),
        ("Một hai ba bốn năm a sáu", ["Một hai ba bốn năm a", "sáu"]),
        ("a" * 19 + "\ud83d\ude00", ["a" * 19, "\ud83d\ude00"]),
        (
            "\u200d\ud83d\ude00" * 9,
            ["\u200d\ud83d\ude00" * 6 + "\u200d", "\ud83d\ude00" + "\u200d\ud83d\ude00" * 2],
        ),
        ("a" * 19 + " \u0301b", ["a" * 19, " \u0301b"]),
        ("  Một  ", ["Một"]),
        ("   ", []),
        ("", []),
    ],
)
def test_it_is_cut_where_it_reads_best(text, parts):
    """At the end of a paragraph, a line, a sentence, a word; a word that is too long, anywhere."""
    assert list(parts_of(text, 20)) == parts


def test_a_picture_counts_as_its_channel_counts():
    """Ten pictures are ten characters, and twenty units of UTF-16."""
    assert list(parts_of("😀" * 20, 20, "character")) == ["😀" * 20]
    assert list(parts_of("😀" * 20, 20, "utf-16")) == ["😀" * 10] * 2
    assert (length("ế😀", "character"), length("ế😀", "utf-16")) == (2, 3)


def test_a_very_long_text_is_cut_in_no_time():
    """A text of a hundred thousand marks or flags does not hold up the turn."""
    began = time.process_time()
    for text in (
        "a" + "\u0301" * 100_000,
        "🇻" * 100_000,
        "\n " * 50_000 + "a",
        "a\u200d" * 50_000,
    ):
        parts = list(parts_of(text, 4096, "utf-16"))
        assert shown("".join(parts)) == shown(text)
    assert time.process_time() - began < 10


# --- what each part carries -----------------------------------------------------------------------


def test_what_goes_at_once_stays_as_it_is():
    """A letter that fits is the same letter, also on a channel that takes any length."""
    short, long = Reply("Một " * 4, TWO, link=LINK[:3]), Reply("Một " * 9000, TWO, link=LINK)
    assert in_parts(short, SMALL) == (short,)
    assert in_parts(long, Abilities(pushes=True, asks_identity=True)) == (long,)
    assert in_parts(Reply(" " * 50), SMALL) == (Reply(" " * 50),)


def test_buttons_stand_under_the_last_part():
    """Choices and the question for her number go last; files go first, before the words."""
    files = (File("a.json", "application/json", "{}"),)
    long = Reply("Một hai ba bốn năm. " * 3, TWO, files, ask_phone=True)
    first, second, last = in_parts(long, SMALL)
    assert [one.text for one in (first, second, last)] == ["Một hai ba bốn năm."] * 3
    assert (first.files, second.files, last.files) == (files, (), ())
    assert (first.choices, second.choices, last.choices) == ((), (), TWO)
    assert [one.ask_phone for one in (first, second, last)] == [False, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "Một hai ba bốn năm " * 3,
        f"{LINK} Một hai ba bốn năm sáu bảy tám chín mười",
        "Một hai ba bốn",
    ],
)
def test_a_link_stands_where_she_reads_last(text):
    """Its button is under the last part, and the whole link in the words of that part."""
    able = Abilities(pushes=True, asks_identity=True, longest=25)
    *before, last = in_parts(Reply(text, TWO, link=LINK, link_label="Mở"), able)
    assert before
    assert (last.link, last.link_label, last.choices) == (LINK, "Mở", TWO)
    assert LINK in last.text
    assert last.worded == last.text
    assert {(one.link, one.link_label, one.choices) for one in before} == {(None, "", ())}
    assert all(able.takes(one.worded) for one in (*before, last))
