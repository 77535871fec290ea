"""A letter becomes calls of the Bot API: what is said, how much at once, with what under it."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiogram.methods import SendDocument, SendMessage
from aiogram.types import InlineKeyboardMarkup, ReplyKeyboardMarkup, ReplyKeyboardRemove

from bot.sending import say
from bot.speech import Choice, File, Gone, Pace, Rejected, Reply, TooFast, Unreachable, Unsure
from channels import telegram_speaking
from channels.telegram_letters import messages
from channels.telegram_speaking import PACE, Telegram
from storage.letters import Letter

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


def test_as_much_as_telegram_takes_goes_at_once():
    """It takes 4,096 units of UTF-16 with the link; one more, or one picture more, and it is refused."""
    assert units(only(Reply("😀" * 2048, TWO)).text) == 4096
    link = "https://ketdoan.example/q/abc"
    assert units(only(Reply("ế" * (4095 - len(link)), link=link)).text) == 4096
    for one in (Reply("😀" * 2048 + "."), Reply("ế" * (4096 - len(link)), link=link)):
        with pytest.raises(Rejected, match="too long"):
            messages(77, one, asks_contact=False)


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


def test_the_reference_is_its_message():
    """What a letter became is named by its message."""
    assert tries(Paper(), Reply("Một")) == ["101"]


@pytest.mark.parametrize("end", [TooFast(3), Unreachable(), Unsure(), Gone(), Rejected()])
def test_how_it_ends_is_told_as_it_is(end):
    """What Telegram says of a letter reaches the sender, who tries again; here nobody does."""
    mouth = Paper(end)
    assert tries(mouth, Reply("Một")) == [type(end).__name__]
    assert not mouth.said


def test_what_is_too_long_ends_there():
    """A letter that nobody cut is refused with a clear word, and nothing of it goes."""
    mouth = Paper()
    long = Letter(
        id=1,
        key="k",
        conversation_id=1,
        channel="telegram",
        address="77",
        lane="talk",
        if_unsure="resend",
        state="claimed",
        reply=Reply("ế" * 4097).to_json(),
        tries=1,
        made_at=datetime(2026, 11, 20, tzinfo=UTC),
        error="",
    )
    ending, outcome = asyncio.run(say(mouth, long))
    assert (ending.how, ending.why, outcome) == ("dead", "too long", "rejected")
    assert not mouth.said


def test_a_letter_that_shows_nothing_is_refused():
    """Telegram takes no empty message, so none is tried."""
    assert tries(Paper(), Reply(" \n ")) == ["Rejected"]


def test_a_letter_takes_no_longer_than_the_sender_waits(monkeypatch):
    """Files and pauses together end before the sender's own limit, and then nobody knows."""

    class Slow(Paper):
        async def _call(self, method, seconds=None):
            await asyncio.sleep(5)

    assert telegram_speaking.SEND_SECONDS < 30
    monkeypatch.setattr(telegram_speaking, "SEND_SECONDS", 0.05)
    assert tries(Slow(), Reply("Một")) == ["Unsure"]


def test_telegram_s_own_pace():
    """About thirty letters a second in all, one a second to each person."""
    assert Pace(per_second=28, per_address_seconds=1.0) == PACE


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
