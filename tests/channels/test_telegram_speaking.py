"""A letter becomes calls of the Bot API: what is said, in how many parts, with what under it."""

import asyncio

import pytest
from aiogram.methods import SendDocument, SendMessage
from aiogram.types import InlineKeyboardMarkup, ReplyKeyboardMarkup, ReplyKeyboardRemove
from hypothesis import given
from hypothesis import strategies as st

from bot.speech import Choice, File, Gone, Pace, Rejected, Reply, TooFast, Unreachable, Unsure
from channels import telegram_speaking
from channels.telegram_letters import LONGEST_TEXT, messages, parts_of
from channels.telegram_speaking import PACE, Telegram

TOKEN = "123456:secret-of-the-tests"
TWO = (Choice("a", "Một", "1.a.X"), Choice("b", "Hai", "1.b.Y"))


def only(reply, *, asks_contact=False):
    """Return the one message that a letter becomes."""
    (made,) = messages(77, reply, asks_contact=asks_contact)
    assert isinstance(made, SendMessage)
    return made


def rows(made):
    """Return the buttons under a message: words, and what each does."""
    keyboard = made.reply_markup
    assert isinstance(keyboard, InlineKeyboardMarkup)
    return [
        [(one.text, one.callback_data or one.url) for one in row]
        for row in keyboard.inline_keyboard
    ]


def units(text):
    """Return how long Telegram finds a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_words_go_as_they_are():
    """No markup is read in what anybody typed, and no server is asked what a link shows."""
    made = only(Reply("<b>Mẫu</b> *x* _y_ http://a.example"))
    assert made.text == "<b>Mẫu</b> *x* _y_ http://a.example"
    assert made.model_dump()["parse_mode"].name == "parse_mode"
    assert Telegram(TOKEN)._bot.default.parse_mode is None
    assert made.link_preview_options.is_disabled
    assert made.reply_markup is None


def test_choices_stand_one_below_the_other():
    """Each choice is a row with its opaque payload."""
    assert rows(only(Reply("Chọn", TWO))) == [[("Một", "1.a.X")], [("Hai", "1.b.Y")]]


def test_a_link_is_a_button_where_telegram_takes_it():
    """A one-time page gets a button over https, and stands in the words for every screen."""
    link = "https://ketdoan.example/t/abc"
    made = only(Reply(f"Mở\n{link}\nXong", TWO[:1], link=link, link_label="Mở trang riêng"))
    assert rows(made) == [[("Mở trang riêng", link)], [("Một", "1.a.X")]]
    assert made.text.count(link) == 1
    bare = only(Reply("Mở", link=link, link_label="Mở trang riêng"))
    assert bare.text == f"Mở\n{link}"


@pytest.mark.parametrize("link", ["http://127.0.0.1:8000/t/abc", "http://ketdoan.example/t/a"])
def test_other_links_stay_words(link):
    """An address that Telegram refuses in a button, or that is not encrypted, is said in words."""
    made = only(Reply("Mở", link=link, link_label="Mở trang riêng"))
    assert made.reply_markup is None
    assert made.text == f"Mở\n{link}"


def test_a_link_to_pass_on_has_no_button():
    """What is there to be passed on stays words."""
    made = only(Reply("Gửi", link="https://ketdoan.example/q/abc"))
    assert made.reply_markup is None


def test_her_own_number_is_asked_for_only_where_allowed():
    """The keyboard that hands a number over is shown where the operator allows it, and goes again."""
    asking = Reply("Số?", TWO, ask_phone=True)
    keyboard = only(asking, asks_contact=True).reply_markup
    assert isinstance(keyboard, ReplyKeyboardMarkup)
    assert [(row[0].text, row[0].request_contact) for row in keyboard.keyboard] == [
        ("Một", True),
        ("Hai", None),
    ]
    assert keyboard.one_time_keyboard
    assert rows(only(asking)) == [[("Một", "1.a.X")], [("Hai", "1.b.Y")]]
    after = only(Reply("Mở", link="https://k.example/t/a", link_label="Mở"), asks_contact=True)
    assert isinstance(after.reply_markup, ReplyKeyboardRemove)
    assert "https://k.example/t/a" in after.text


def test_files_go_before_the_buttons():
    """Files are documents with their names; the buttons stay at the bottom."""
    made = messages(
        77, Reply("Đây", TWO, (File("a.json", "application/json", "{}"),)), asks_contact=False
    )
    assert [type(one) for one in made] == [SendDocument, SendMessage]
    assert (made[0].document.filename, made[0].document.data) == ("a.json", b"{}")


def test_a_long_letter_is_cut_at_sentences():
    """No part is longer than Telegram takes, none is cut in a sentence, buttons are at the end."""
    text = " ".join(f"Đây là câu số {n} 😀." for n in range(600))
    made = messages(77, Reply(text, TWO), asks_contact=False)
    assert len(made) == 4
    assert all(units(one.text) <= LONGEST_TEXT for one in made)
    assert all(one.text.endswith(".") and one.text.startswith("Đây") for one in made)
    assert " ".join(one.text for one in made) == text
    assert [one.reply_markup is not None for one in made] == [False, False, False, True]


@given(st.text(max_size=400), st.integers(2, 50))
def test_nothing_is_lost_in_cutting(text, limit):
    """Whatever the words, the parts fit and hold every letter but the spaces where they were cut."""
    parts = list(parts_of(text, limit))
    assert all(0 < units(one) <= limit for one in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


# --- sending ---------------------------------------------------------------------------------


class Paper(Telegram):
    """A mouth whose line is a list: it says what is told to happen to each call."""

    def __init__(self, *ends):
        super().__init__(TOKEN, pace=Pace(0, 0))
        self.said = []
        self.ends = list(ends)

    async def _call(self, method, seconds=None):
        end = self.ends.pop(0) if self.ends else None
        if end is not None:
            raise end
        self.said.append(method.text)
        return {"message_id": 100 + len(self.said)}


LONG = Reply(" ".join(f"Đây là câu số {n} mà thôi." for n in range(300)))


def tries(mouth, letter, times=1, address="77"):
    """Send a letter some times; return how each try ended."""

    async def sending():
        ends = []
        for _ in range(times):
            try:
                ends.append(await mouth.send(address, letter))
            except Exception as error:
                ends.append(type(error).__name__)
        await mouth.close()
        return ends

    return asyncio.run(sending())


def test_the_reference_is_the_last_message():
    """What a letter became is named by its last message."""
    assert tries(Paper(), Reply("Một")) == ["101"]
    assert tries(Paper(), LONG) == ["102"]


@pytest.mark.parametrize("end", [TooFast(3), Unreachable(), Unsure()])
def test_a_part_that_went_is_not_said_again(end):
    """When the second part fails, the next try begins with it."""
    mouth = Paper(None, end)
    assert tries(mouth, LONG, 2) == [type(end).__name__, "102"]
    assert " ".join(mouth.said) == LONG.text
    assert tries(mouth, LONG) == ["104"]


@pytest.mark.parametrize("end", [Gone(), Rejected()])
def test_a_letter_that_ended_is_forgotten(end):
    """After a refusal for good nothing is remembered of the letter."""
    mouth = Paper(None, end)
    assert tries(mouth, LONG) == [type(end).__name__]
    assert not mouth._begun


def test_the_same_letter_to_somebody_else_is_whole():
    """What was begun with one person is not taken as said to another."""
    mouth = Paper(None, Unreachable())
    tries(mouth, LONG)
    tries(mouth, LONG, address="78")
    assert len(mouth.said) == 3


def test_a_letter_that_shows_nothing_is_refused():
    """Telegram takes no empty message, so none is tried."""
    assert tries(Paper(), Reply(" \n ")) == ["Rejected"]


def test_a_letter_takes_no_longer_than_the_sender_waits(monkeypatch):
    """Parts and pauses together end before the sender's own limit, and then nobody knows."""

    class Slow(Paper):
        async def _call(self, method, seconds=None):
            await asyncio.sleep(5)

    assert telegram_speaking.SEND_SECONDS < 30
    monkeypatch.setattr(telegram_speaking, "SEND_SECONDS", 0.05)
    assert tries(Slow(), Reply("Một")) == ["Unsure"]


def test_telegram_s_own_pace():
    """About thirty letters a second in all, one a second to each person."""
    assert Pace(per_second=30, per_address_seconds=1.0) == PACE


def test_spinners_are_few_and_never_in_the_way():
    """A tap is answered aside; more than a few at once are left to stop by themselves."""
    stopped = []

    class Busy(Paper):
        async def _call(self, method, seconds=None):
            stopped.append(method.callback_query_id)
            raise Rejected("query is too old")

    async def tap():
        mouth = Busy()
        for number in range(200):
            mouth.stop_spinner(str(number))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await mouth.close()

    asyncio.run(tap())
    assert 0 < len(stopped) <= 50
