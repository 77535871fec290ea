"""What Telegram delivers: real shapes in, what was heard out; what nobody answers is only counted."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from aiogram.types import Update as Whole
from hypothesis import given
from hypothesis import strategies as st

from bot.speech import Contact, Heard
from channels.telegram_reading import LATE_SECONDS, NotAnUpdate, read, understand

BOT = 123456
NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
SHE = {"id": 5550001, "is_bot": False, "first_name": "Mẫu", "language_code": "vi"}
CHAT = {"id": 5550001, "type": "private", "first_name": "Mẫu"}
GROUP = {"id": -100777, "type": "supergroup", "title": "Tổ 3"}


def message(chat=CHAT, speaker=SHE, age=timedelta(0), **what):
    """Return a message as it is delivered."""
    date = int((NOW - age).timestamp())
    return {"message_id": 7, "date": date, "chat": chat, "from": speaker, **what}


def said(**what):
    """Return the update of a message."""
    return {"update_id": 900, "message": message(**what)}


def tapped(data="3.sign.MARK", chat=CHAT, speaker=SHE, **more):
    """Return the update of a tap on a button under a message of the bot."""
    bot = {"id": BOT, "is_bot": True, "first_name": "Kết Đoàn"}
    under = message(chat, bot, timedelta(days=20), text="Chọn")
    tap = {"id": "4382", "from": speaker, "chat_instance": "-9", "message": under, "data": data}
    return {"update_id": 900, "callback_query": tap | more}


def member(status, chat=CHAT, speaker=SHE):
    """Return the update that somebody let the bot in or threw it out."""
    bot = {"id": BOT, "is_bot": True, "first_name": "Kết Đoàn"}
    date = int(NOW.timestamp())
    new = {"user": bot, "status": status}
    if status == "kicked":
        new["until_date"] = 0
    changed = {
        "chat": chat,
        "from": speaker,
        "date": date,
        "old_chat_member": {"user": bot, "status": "member"},
        "new_chat_member": new,
    }
    return {"update_id": 900, "my_chat_member": changed}


def reads(update):
    """Return what is read of an update, once as bytes and once as it is fetched."""
    read_whole = read(json.dumps(update).encode(), BOT, NOW)
    assert read_whole == understand(update, BOT, NOW)
    return read_whole


def heard(**what):
    """Return what she must have been heard to do."""
    kept = {"language": "vi"} | what
    return Heard("telegram", "5550001", "123456:900", **kept)


HEARD = [
    ("text", said(text="tới đâu rồi"), heard(text="tới đâu rồi")),
    ("text", said(text="1"), heard(text="1")),
    ("text", said(text="/menu"), heard(text="/menu")),
    ("text", said(text="/starter x"), heard(text="/starter x")),
    ("start", said(text="/start"), heard(text="")),
    ("start", said(text="/start   "), heard(text="")),
    ("scan", said(text="/start aB3_-x"), heard(scan="aB3_-x")),
    ("scan", said(text="/start H4T PN8"), heard(scan="H4T PN8")),
    ("tap", tapped(), heard(choice="3.sign.MARK")),
    ("tap", tapped(data="\x00' OR 1=1"), heard(choice="\x00' OR 1=1")),
    (
        "contact",
        said(contact={"phone_number": "84912345678", "first_name": "M", "user_id": 5550001}),
        heard(contact=Contact("+84912345678", is_own=True)),
    ),
    (
        "contact",
        said(contact={"phone_number": "+84912345678", "first_name": "K", "user_id": 42}),
        heard(contact=Contact("+84912345678", is_own=False)),
    ),
    (
        "contact",
        said(contact={"phone_number": "0912 345 678", "first_name": "K"}),
        heard(contact=Contact("0912 345 678", is_own=False)),
    ),
    ("unread", said(photo=[{"file_id": "x"}], caption="1"), heard(unread="photo")),
    ("unread", said(voice={"file_id": "x"}), heard(unread="voice")),
    ("unread", said(sticker={"file_id": "x"}), heard(unread="sticker")),
    ("unread", said(location={"latitude": 1.0, "longitude": 2.0}), heard(unread="location")),
    ("unread", said(animation={}, document={}), heard(unread="document")),
    ("left", member("kicked"), heard(left=True)),
    ("returned", member("member"), heard(left=False)),
    ("late", said(text="1", age=timedelta(days=7)), heard(unread="late")),
    ("late", said(text="/start abc", age=timedelta(days=7)), heard(unread="late")),
]


@pytest.mark.parametrize(("kind", "update", "expected"), HEARD)
def test_what_is_heard(kind, update, expected):
    """Each thing a person can do alone with the bot becomes what she did, under Telegram's number."""
    found = reads(update)
    assert (found.kind, found.heard) == (kind, expected)
    assert found.tap == ("4382" if kind == "tap" else None)


PASSED_OVER = [
    ("group", said(text="1", chat=GROUP)),
    ("group", said(text="/start abc", chat=GROUP)),
    ("group", tapped(chat=GROUP)),
    ("group", tapped(message=None)),
    ("group", member("kicked", chat=GROUP)),
    ("group", {"update_id": 900, "chat_member": {}}),
    ("foreign", said(text="1", speaker=SHE | {"id": 42})),
    ("foreign", said(text="1", speaker=SHE | {"is_bot": True})),
    ("foreign", member("restricted")),
    ("edited", {"update_id": 900, "edited_message": message(text="2")}),
    ("channel", {"update_id": 900, "channel_post": message(text="x")}),
    ("channel", {"update_id": 900, "edited_channel_post": message(text="x")}),
    ("inline", {"update_id": 900, "inline_query": {"id": "1", "query": "x"}}),
    ("unknown", {"update_id": 900, "something_of_2031": {}}),
    ("unknown", {"update_id": 900}),
    ("unknown", tapped(data=None, game_short_name="x")),
    ("service", said(pinned_message={})),
    ("service", said(message_auto_delete_timer_changed={"message_auto_delete_time": 9})),
    ("unreadable", said(text="1", speaker={"id": "she"})),
    ("unreadable", {"update_id": 900, "message": "text"}),
    ("unreadable", {"update_id": 900, "message": None}),
    ("unreadable", {"update_id": 900, "message": {"chat": []}}),
    ("unreadable", {"update_id": 900, "callback_query": {"id": "1"}}),
    ("unreadable", {"update_id": 900, "my_chat_member": {"chat": CHAT, "from": SHE}}),
    ("unreadable", said(text="x") | {"message": {"chat": CHAT, "from": SHE, "date": "now"}}),
    ("unreadable", said(text="x") | {"message": message(text="x") | {"date": 10**400}}),
]


@pytest.mark.parametrize(("kind", "update"), PASSED_OVER)
def test_what_nobody_answers(kind, update):
    """Groups, channels, strangers, edits, and what is not understood are counted and left alone."""
    found = reads(update)
    assert (found.kind, found.heard, found.tap) == (kind, None, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"{}",
        b"update_id=900&message=x",
        b'{"update_id": "900"}',
        b'{"update_id": true}',
        b'{"update_id": -1}',
        b'{"update_id": 9223372036854775808}',
        b'{"update_id": 1.5}',
        b'{"update_id": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b'{"update_id": 1, "message": {"text": "\xff"}}',
    ],
)
def test_what_is_no_update(body):
    """Whatever is not JSON, or carries no number of Telegram's, is no update."""
    with pytest.raises(NotAnUpdate):
        read(body, BOT, NOW)


def test_words_grow_old_and_buttons_do_not():
    """A line older than Telegram keeps one is not taken for an answer; a button's age says nothing."""
    fresh = said(text="1", age=timedelta(seconds=LATE_SECONDS - 1))
    old = said(text="1", age=timedelta(seconds=LATE_SECONDS + 1))
    assert reads(fresh).heard == heard(text="1")
    assert reads(old).heard == heard(unread="late")
    assert reads(tapped()).heard == heard(choice="3.sign.MARK")


@pytest.mark.parametrize(
    ("code", "language"),
    [("vi", "vi"), ("en", "en"), ("en-GB", "en"), ("zh-hans", "zh"), ("", None), (None, None)],
)
def test_the_language_is_that_of_her_telegram(code, language):
    """A new conversation can begin in the language that her Telegram speaks."""
    found = reads(said(text="x", speaker=SHE | {"language_code": code}))
    assert found.heard.language == language


def test_another_bot_is_another_event():
    """The same number of an update from two bots is two events."""
    body = json.dumps(said(text="x")).encode()
    assert read(body, 1, NOW).heard.event_id != read(body, 2, NOW).heard.event_id


def test_half_a_character_is_heard():
    """A lone surrogate and a NUL in a text are what she typed, not an error."""
    body = json.dumps(said(text="a\ud800\x00b")).encode()
    assert read(body, BOT, NOW).heard.text == "a\ud800\x00b"


@pytest.mark.parametrize("update", [update for _, update, _ in HEARD[:13]])
def test_aiogram_reads_the_same(update):
    """What the light look takes is what aiogram finds in the whole update."""
    whole = Whole.model_validate(update)
    found = read(json.dumps(update).encode(), BOT, NOW).heard
    event = whole.message or whole.callback_query
    assert found.address == str(event.from_user.id)
    if whole.callback_query:
        assert found.choice == whole.callback_query.data
    elif whole.message.contact:
        assert found.contact.phone.endswith(whole.message.contact.phone_number)
    elif found.text:
        assert found.text == whole.message.text
    else:
        assert whole.message.text.startswith("/start")


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "chat",
                    "from",
                    "id",
                    "type",
                    "date",
                    "text",
                    "contact",
                    "data",
                    "message",
                    "status",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(["message", "callback_query", "my_chat_member"]), nested)
def test_nothing_that_is_delivered_breaks_the_reader(kind, inside):
    """Whatever stands where a message should, the reader gives an answer and never raises."""
    found = understand({"update_id": 1, kind: inside}, BOT, NOW)
    assert found.heard is None or found.heard.address.lstrip("-").isdigit()


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body):
    """Any bytes are an update or none."""
    try:
        read(body, BOT, NOW)
    except NotAnUpdate:
        return
