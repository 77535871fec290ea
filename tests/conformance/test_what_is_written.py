"""Talks are written well, of every kind for every dialogue, and the page about them is no older."""

from pathlib import Path

import pytest

from conformance.command import main
from conformance.contents import CHANNELS, DIALOGUES, KINDS, NO_TALK, all_talks
from conformance.deeds import DEEDS
from conformance.on_terminal import _LINE as TERMINAL
from conformance.on_terminal import number_of
from conformance.on_zalo import _LINE as LISTED
from conformance.script import VERBS, Misread, read_talk
from conformance.table import PAGE, Result, as_json, page, printed, read_json

ROOMS = Path(__file__).parents[2] / "bot" / "dialogues"
TALKS = all_talks()


def test_every_module_that_speaks_belongs_to_a_dialogue() -> None:
    """A dialogue that is new must be named here, and so get talks of its own."""
    named = [module for modules in DIALOGUES.values() for module in modules] + list(NO_TALK)
    assert len(named) == len(set(named))
    assert set(named) == {path.stem for path in ROOMS.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("dialogue", DIALOGUES)
def test_every_dialogue_has_talks_of_every_kind(dialogue) -> None:
    """One to its end, one with a mistake, one broken off and resumed, each with its outcome."""
    kinds = {one.kind for one in TALKS if one.dialogue == dialogue and one.facts}
    assert kinds == set(KINDS)


def test_the_page_is_of_these_talks() -> None:
    """The page of the documentation is the one that `make conformance` writes when all holds."""
    held = [Result(talk, channel, "", None, 1.0) for talk in TALKS for channel in CHANNELS]
    assert PAGE.read_text(encoding="utf-8") == page(held)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Lan nói gì đó", "line 6: a line is"),
        (": xin chào", "line 6: a line is"),
        ("Lan: ", "line 6: a line is"),
        ("Lan: (bay lên trời)", "line 6: nobody knows"),
        ("Lan: (quét mã)", "line 6: quét mã: says more"),
        ("Lan: (mở trang: ngay)", "line 6: mở trang: says nothing"),
        ("(Lan quét mã: DN-MAY)", "line 6: nobody knows"),
        ("(sáng hôm sau)", "nobody does anything"),
        ("# Lan: xin chào", "nobody does anything"),
        ("", "nobody does anything"),
    ],
)
def test_a_line_that_is_no_line_is_named(line, why, made_talk) -> None:
    """A talk that is written wrongly names the file, the line and what is wrong with it."""
    with pytest.raises(Misread, match=why):
        made_talk(line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Lan: xin chào\n",
        '+++\ndialogue = "place"\n+++\nLan: xin chào\n',
        '+++\ndialogue = "place"\nkind = "funny"\nabout = "x"\n+++\nLan: xin chào\n',
        '+++\ndialogue = "place"\nkind = "whole"\nabout = ""\n+++\nLan: xin chào\n',
        '+++\ndialogue = "place\nkind = "whole"\nabout = "x"\n+++\nLan: xin chào\n',
        '+++\ndialogue = "place"\nkind = "whole"\nabout = "x"\nmore = "y"\n+++\nLan: xin chào\n',
    ],
)
def test_a_head_that_is_no_head_is_refused(text, tmp_path) -> None:
    """Without dialogue, kind and a sentence about it nothing is a talk."""
    path = tmp_path / "made.talk"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Misread, match=r"made\.talk"):
        read_talk(path)


def test_every_deed_that_may_be_written_is_done() -> None:
    """What a talk may say in brackets is what somebody has learned to do, and nothing else."""
    assert {*VERBS, "say", "tap", "thấy", "không thấy"} == set(DEEDS)


def test_what_is_typed_for_a_choice() -> None:
    """The number of the list said last; words where it has none, or stands further up."""
    letters = [
        "Trước?\n[1] Ghi tên\n[2] Thôi",
        "Bạn?\n[1] Thôi\n[2] Xem việc",
        "Tin.\n[•] Xem tin",
    ]
    assert number_of("Xem tin", letters, TERMINAL) == "Xem tin"
    assert number_of("Xem việc", letters, TERMINAL) == "Xem việc"
    assert number_of("Xem việc", letters[:2], TERMINAL) == "2"
    assert number_of("Ghi tên", letters[:2], TERMINAL) == "Ghi tên"
    assert number_of("Không có", letters, TERMINAL) == ""
    assert number_of("Thôi", ["Bạn?\n1. Ghi tên\n2. Thôi"], LISTED) == "2"
    assert number_of("Thôi", ["Bạn?\n• Ghi tên\n• Thôi"], LISTED) == "Thôi"


def test_the_table_says_what_held() -> None:
    """A channel on which a talk did not hold is crossed, on the screen and for a program."""
    first = TALKS[0]
    results = [
        Result(first, "web", "", "x", 1.0),
        Result(first, "zalo", "line 5", None, 1.0),
    ]
    shown = printed(results)
    assert "✓ 1" in shown
    assert "✗ 0/1" in shown
    assert "1 of 2 held" in shown
    assert '"holds": false' in as_json(results)
    again = read_json(as_json(results), TALKS)
    assert [(one.talk, one.channel, one.trouble) for one in again] == [
        (one.talk, one.channel, one.trouble) for one in results
    ]


@pytest.mark.parametrize(
    "words", [["--channel", "pigeon"], ["--dialogue", "x"], ["--fast"], ["no-such-talk"]]
)
def test_a_command_that_is_none_says_so(words, capsys) -> None:
    """A channel, a dialogue, a talk or an option that does not exist is named, and nothing runs."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert words[-1] in capsys.readouterr().err
