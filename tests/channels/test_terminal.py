"""The terminal as a channel: lines become what was heard, letters become lines."""

import asyncio

import pytest

from bot.speech import Choice, File, Reply
from channels.terminal import ABILITIES, Terminal, written
from channels.web import ABILITIES as WEB


def test_a_line_is_heard_as_it_was_typed():
    """Whatever the line holds, it is the text, from this name."""
    terminal = Terminal("Mẫu", print)
    for line in ("", "1", "ghi tên", "a" * 4000, "😀", "\x00", "\u202ex", "Nguye\u0302\u0303n"):
        heard = terminal.read(line)
        assert (heard.channel, heard.address, heard.text) == ("terminal", "Mẫu", line)
        assert heard.scan is None


def test_no_two_events_have_one_name():
    """Every line of every talk has an id of its own, also when the same name talks twice."""
    first, second = Terminal("Mẫu", print), Terminal("Mẫu", print)
    ids = [one.read("x").event_id for one in (first, second) for _ in range(50)]
    ids.append(first.scan("token").event_id)
    assert len(set(ids)) == 101
    assert max(map(len, ids)) < 128


def test_a_scan_is_a_scan():
    """A poster's token is handed on as it is."""
    heard = Terminal("Mẫu", print).scan("abc")
    assert heard.scan == "abc"
    assert heard.text is None


def test_a_letter_is_written_line_by_line():
    """`bot> ` before the first line, the rest indented, choices with what may be typed for them."""
    choices = (Choice("a", "Chọn 1", "p", number=1), Choice("b", "Chọn bằng lời", "p"))
    reply = Reply(
        "Một\nHai", choices, (File("a.json", "application/json", "{}"),), link="http://x/t/1"
    )
    assert written(reply) == [
        "bot> Một",
        "     Hai",
        "     http://x/t/1",
        "     [1] Chọn 1",
        "     [•] Chọn bằng lời",
        "     (a.json)",
    ]


def test_a_link_in_the_words_is_not_said_twice():
    """A link that stands in the text already is not repeated."""
    assert written(Reply("Mở http://x/t/1 nhé", link="http://x/t/1")) == [
        "bot> Mở http://x/t/1 nhé"
    ]


@pytest.mark.parametrize("text", ["", "\n", "a\n\nb"])
def test_empty_lines_stay_lines(text):
    """Empty lines are neither lost nor padded."""
    lines = written(Reply(text))
    assert len(lines) == text.count("\n") + 1
    assert all(line == line.rstrip() for line in lines)


def test_sending_prints():
    """A letter sent to the terminal is on the screen, in order."""
    printed: list[str] = []
    terminal = Terminal("Mẫu", printed.append)

    async def send() -> None:
        await terminal.send("Mẫu", Reply("Một"))
        await terminal.send("Mẫu", Reply("Hai"))

    asyncio.run(send())
    assert printed == ["bot> Một", "bot> Hai"]


def test_what_the_two_channels_can_do():
    """The page cannot ring and shows her lines; the terminal reaches who sits there."""
    assert (WEB.pushes, WEB.asks_identity, WEB.echoes) == (False, True, True)
    assert WEB.news_line == "receipt-news-web"
    assert (ABILITIES.pushes, ABILITIES.asks_identity, ABILITIES.echoes) == (True, True, False)
