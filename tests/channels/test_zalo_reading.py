"""What Zalo delivers: whether it is Zalo's, what was heard out of it, what is only counted."""

import hashlib
import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.speech import FOLLOWED, OPENED, WITHDRAWN, Contact, Form, Heard
from channels.zalo_reading import (
    LATE_SECONDS,
    NAMELESS,
    Ignored,
    NotAnEvent,
    Read,
    is_zalos,
    opened,
    read,
    signed,
    variant,
)

APP = "1122334455667788990"
OA = "3579246801357924680"
SHE = "2468013579246801357"
SECRET = "oaSecretDemo0001"
AT = "1767225600123"
NOW = datetime.fromtimestamp(1767225601, UTC)

# Made with the official formula, apart from this code.
TEXT = (
    '{"app_id":"1122334455667788990","sender":{"id":"2468013579246801357"},'
    '"recipient":{"id":"3579246801357924680"},"user_id_by_app":"4680135792468013579",'
    '"event_name":"user_send_text","message":{"text":"Xin chào #DK7F3",'
    '"msg_id":"a1b2c3d4e5f60718293a"},"timestamp":"1767225600123"}'
).encode()
TEXT_MAC = "mac=9eaaf6f7841c8df05f5ff61753818360701554fc7cab2ef281a45a08323ecabe"
FOLLOW = (
    b'{"oa_id":"3579246801357924680","follower":{"id":"2468013579246801357"},'
    b'"user_id_by_app":"4680135792468013579","event_name":"follow","source":"oa_profile",'
    b'"app_id":"1122334455667788990","timestamp":"1767225600456"}'
)
FOLLOW_MAC = "mac=c392fb2efe1b19d84585cec2c582638463a787d2045f2baceb82288d5c2ec02a"
VECTORS = [(TEXT, TEXT_MAC, AT), (FOLLOW, FOLLOW_MAC, "1767225600456")]


# --- whose it is -----------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "mac", "timestamp"), VECTORS)
def test_the_vectors_verify(body, mac, timestamp):
    """Both known bodies carry their signatures, with the prefix and bare."""
    assert signed(body, timestamp, mac, APP, SECRET)
    assert signed(body, timestamp, mac.removeprefix("mac="), APP, SECRET)
    assert is_zalos(body, mac, APP, SECRET)


@pytest.mark.parametrize(("body", "mac", "timestamp"), VECTORS)
def test_a_wrong_signature_is_none(body, mac, timestamp):
    """Capitals, another prefix, a cut, an empty one, marks, other secrets, other times: refused."""
    wrong = [
        mac.upper(), "mac=" + mac[4:].upper(), "MAC=" + mac[4:], mac[:-1], mac + "0", "", "mac=",
        "mac=mac=" + mac[4:], "ế" * 64, "sha256=" + mac[4:], mac[4:] + "\n",
    ]  # fmt: skip
    assert not any(is_zalos(body, one, APP, SECRET) for one in wrong)
    assert not is_zalos(body, mac, APP, "app-secret")
    assert not is_zalos(body, mac, OA, SECRET)
    assert not signed(body, str(int(timestamp) + 1), mac, APP, SECRET)


@pytest.mark.parametrize("place", range(0, len(TEXT), 7))
def test_one_changed_byte_is_seen(place):
    """A body of which one byte is another is not Zalo's."""
    changed = TEXT[:place] + bytes([TEXT[place] ^ 1]) + TEXT[place + 1 :]
    assert not is_zalos(changed, TEXT_MAC, APP, SECRET)


def _mac(body, timestamp, first=APP):
    """Sign a body."""
    whole = first.encode() + body + timestamp.encode() + SECRET.encode()
    return "mac=" + hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize(
    ("body", "timestamp"),
    [
        (b'{"timestamp":1767225600123,"event_name":"follow"}', AT),
        (b'{"x":{"timestamp":"5"},"timestamp" : "1767225600123"}', AT),
        (b'{"text":"\\"timestamp\\":\\"7\\"","timestamp":"1767225600123"}', AT),
    ],
)
def test_the_timestamp_is_found_unparsed(body, timestamp):
    """It is found as a number, behind another one, and not in what somebody typed."""
    assert is_zalos(body, _mac(body, timestamp), APP, SECRET)
    assert not is_zalos(body, _mac(body, "7"), APP, SECRET)


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff" * 100, b'{"timestamp":"x"}', b"[" * 90_000])
def test_without_a_timestamp_nothing_is_signed(body):
    """Where the formula lacks a part no signature fits."""
    assert not is_zalos(body, _mac(body, ""), APP, SECRET)


def test_the_log_of_a_first_day_says_what_would_fit():
    """Other first terms that some programs use are told apart, and never accepted."""
    other = TEXT.replace(APP.encode(), b"777")
    assert variant(TEXT, _mac(TEXT, AT, OA), OA, SECRET) == "oa"
    assert variant(other, _mac(other, AT, "777"), OA, SECRET) == "body"
    assert variant(TEXT, "mac=00", OA, SECRET) == "none"
    assert not is_zalos(TEXT, _mac(TEXT, AT, OA), APP, SECRET)


# --- what it says ----------------------------------------------------------------------------


def event(name, /, **more):
    """Return an event of hers as it is delivered."""
    common = {
        "app_id": APP, "user_id_by_app": "4680135792468013579", "event_name": name,
        "timestamp": AT, "sender": {"id": SHE}, "recipient": {"id": OA},
    }  # fmt: skip
    return common | more


def said(text, number="a1b2c3d4e5f60718293a", **more):
    """Return the event of a line that she typed."""
    return event("user_send_text", message={"text": text, "msg_id": number}, **more)


def attached(kind, **payload):
    """Return the event of something that is not text."""
    message = {"msg_id": "b1", "text": "1", "attachments": [{"type": kind, "payload": payload}]}
    return event(f"user_send_{kind}", message=message)


def bare(name, **more):
    """Return an event without sender and recipient."""
    return {"app_id": APP, "event_name": name, "timestamp": AT, "oa_id": OA} | more


def heard(number, **what):
    """Return what she must have been heard to do."""
    return Heard("zalo", SHE, number, **what)


TYPED = "a1b2c3d4e5f60718293a"
PHONE = {"name": "Mẫu", "phone": "84912345678"}
HEARD = [
    ("text", said("Xin chào #DK7F3"), heard(TYPED, text="Xin chào #DK7F3")),
    ("text", said("1", quote_msg_id="x"), heard(TYPED, text="1")),
    ("text", said("#K7M2QX"), heard(TYPED, text="#K7M2QX")),
    ("text", said("<b>x</b>"), heard(TYPED, text="<b>x</b>")),
    ("text", said("😀😀"), heard(TYPED, text="😀😀")),
    ("text", said(""), heard(TYPED, text="")),
    ("text", said("a\x00b"), heard(TYPED, text="a\x00b")),
    ("text", said(unicodedata.normalize("NFD", "Mẫu")), heard(TYPED, text="Mẫu")),
    ("text", said("1", sender={"id": int(SHE)}), heard(TYPED, text="1")),
    ("text", said("1", 12345), heard("12345", text="1")),
    ("text", said("1", timestamp=int(AT)), heard(TYPED, text="1")),
    ("press", said("#c.3.sign.MARK"), heard(TYPED, choice="3.sign.MARK")),
    ("press", said(" #c.3.sign.MARK\n"), heard(TYPED, choice="3.sign.MARK")),
    ("press", said("#c."), heard(TYPED, choice="")),
    ("unread", attached("image", url="https://photo.zdn.example/x.jpg"), heard("b1", unread="photo")),
    ("unread", attached("gif"), heard("b1", unread="photo")),
    ("unread", attached("video"), heard("b1", unread="video")),
    ("unread", attached("audio"), heard("b1", unread="voice")),
    ("unread", attached("link"), heard("b1", unread="link")),
    ("unread", attached("sticker", id="1"), heard("b1", unread="sticker")),
    ("unread", attached("file", name="cv.pdf"), heard("b1", unread="file")),
    ("unread", attached("location", coordinates={"latitude": "1"}), heard("b1", unread="location")),
    ("unread", attached("business_card"), heard("b1", unread="contact")),
    ("contact", event("user_submit_info", info=PHONE, message={"msg_id": "c1"}),
     heard("c1", contact=Contact("+84912345678", is_own=False))),
    ("late", said("1", timestamp="1767000000000"), heard(TYPED, unread="late")),
    ("late", said("#c.3.sign.MARK", timestamp="1767000000000"), heard(TYPED, unread="late")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "told", "expected"), HEARD)
def test_what_is_heard(kind, told, expected):
    """Each thing that she can do becomes what she did, under the number of its message."""
    made = read(opened(json.dumps(told).encode()), NOW, OA)
    assert replace(made, heard=replace(made.heard, touched_at=None)) == Read(kind, expected)


WITHOUT_NUMBER = [
    ("follow", bare("follow", follower={"id": SHE}, source="oa_profile"),
     {"form": Form(FOLLOWED, {})}),
    ("returned", bare("follow", follower={"id": SHE}, timestamp="1767000000000"), {"left": False}),
    ("left", bare("unfollow", follower={"id": SHE}), {"left": True}),
    ("start", bare("user_click_chatnow", user_id=SHE), {"form": Form(OPENED, {})}),
    ("withdrawn", event("user_withdraw"), {"form": Form(WITHDRAWN, {})}),
    ("withdrawn", bare("user_withdraw", user_id=int(SHE)), {"form": Form(WITHDRAWN, {})}),
    ("withdrawn", event("user_withdraw", timestamp="1500000000000"), {"form": Form(WITHDRAWN, {})}),
    ("contact", event("user_submit_info", info=PHONE),
     {"contact": Contact("+84912345678", is_own=False)}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "told", "what"), WITHOUT_NUMBER)
def test_what_has_no_number_has_a_mark(kind, told, what):
    """Without a message's number the event is told apart by kind, person and time, unreadably."""
    made = read(told, NOW, OA)
    assert (made.kind, made.heard.address) == (kind, SHE)
    assert replace(made.heard, touched_at=None) == Heard("zalo", SHE, made.heard.event_id, **what)
    assert SHE not in made.heard.event_id
    others = [
        told | {"timestamp": "1767225600999"},
        told | {"event_name": "user_click_chatnow", "sender": {"id": SHE}},
        json.loads(json.dumps(told).replace(SHE, "99")),
    ]
    numbers = {read(one, NOW, OA).heard.event_id for one in [told, *others]}
    assert len(numbers) == (4 if kind != "start" else 3)


@pytest.mark.parametrize(
    ("phone", "dialled"),
    [
        ("84912345678", "+84912345678"),
        (84912345678, "+84912345678"),
        ("+84 912 345 678", "+84912345678"),
        ("0912345678", "0912345678"),
        ("912345678", "0912345678"),
        (912345678, "0912345678"),
    ],
)
def test_every_spelling_of_a_number_is_a_claim(phone, dialled):
    """The form's number is read in each spelling, and is never proof that it is hers."""
    made = read(event("user_submit_info", info={"phone": phone}), NOW)
    assert made.heard.contact == Contact(dialled, is_own=False)


@pytest.mark.parametrize(
    "filled", [None, {}, [], {"phone": ""}, {"phone": "gọi em"}, {"phone": {}}]
)
def test_a_form_without_a_number_is_not_read(filled):
    """Sent empty or with what is no number it is answered like anything that is not text."""
    assert read(event("user_submit_info", info=filled), NOW).heard.unread == "contact"


IGNORED = [
    ("received", event("user_received_message", message={"msg_id": "x"})),
    ("seen", event("user_seen_message", message={"msg_ids": ["x"]})),
    ("reaction", event("user_reacted_message")),
    ("reaction", event("oa_reacted_message")),
    *[("echo", event(f"oa_send_{kind}", admin_id="1"))
      for kind in ("text", "image", "gif", "list", "file", "sticker")],
    ("anonymous", event("anonymous_send_text", message={"text": "1"})),
    ("profile", event("update_user_info")),
    ("tag", event("add_user_to_tag")),
    ("tag", event("remove_user_from_tag")),
    ("widget", event("widget_interaction_accepted")),
    ("call", event("oa_send_consent")),
    ("call", event("user_reply_consent")),
    ("unknown", event("create_group")),
    ("unknown", event("user_click_button")),
    ("unknown", event("")),
    ("unknown", event("hub.challenge")),
    ("foreign", said("1", recipient={"id": "1"})),
    ("foreign", bare("follow", oa_id="1", follower={"id": SHE})),
    (NAMELESS, bare("user_withdraw", user_id_by_app="4680135792468013579")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "told"), IGNORED)
def test_what_nobody_answers_is_counted(kind, told):
    """Echoes, receipts, tags, another account's events, what is unknown: a kind and no more."""
    assert read(told, NOW, OA) == Ignored(kind)


@pytest.mark.parametrize(
    "told",
    [
        {},
        event(None),
        event(5),
        event("user_send_text"),
        event("user_send_text", message="x"),
        event("user_send_text", message={"msg_id": "x"}),
        event("user_send_text", message={"msg_id": "x", "text": 5}),
        said("1", sender=None),
        said("1", sender={}),
        said("1", sender={"id": ""}),
        said("1", sender={"id": True}),
        said("1", sender={"id": 1.5}),
        said("1", sender={"id": -5}),
        said("1", sender={"id": "a/../b"}),
        said("1", sender={"id": "9" * 500}),
        said("1", None, timestamp=None),
        said("1", None, timestamp="soon"),
        said("1", None, timestamp="9" * 30),
        bare("follow"),
        bare("follow", follower={"id": SHE}, timestamp=None),
        bare("user_click_chatnow"),
    ],
)
def test_what_lacks_a_part_is_no_event(told):
    """Without a name, a person, a text or what tells it apart nothing is heard."""
    with pytest.raises(NotAnEvent):
        read(told, NOW, OA)


@pytest.mark.parametrize("body", [b"", b"x=1", b"[]", b"5", b"[" * 90_000, b"\xff", b"1" * 9000])
def test_what_is_no_json_is_no_event(body):
    """Neither forms nor lists nor brackets by the thousand."""
    with pytest.raises(NotAnEvent):
        opened(body)


@pytest.mark.parametrize(
    ("hours", "is_late"),
    [(0, False), (2, False), (24, False), (26, True), (-1, False), (-9999, False)],
)
def test_old_words_are_heard_and_older_ones_not_obeyed(hours, is_late):
    """Zalo's hours of trying again pass, and a clock that is wrong; what is over a day old is asked anew."""
    now = datetime.fromtimestamp(int(AT) / 1000, UTC) + timedelta(hours=hours)
    assert (read(said("1"), now).heard.unread == "late") is is_late
    assert LATE_SECONDS > 2.5 * 3600


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
            st.sampled_from(["sender", "id", "message", "text", "msg_id", "info", "phone", "user_id",
                             "follower", "recipient", "oa_id", "timestamp"]), inner, max_size=6),
        max_leaves=12,
    ),
    st.sampled_from(["user_send_text", "follow", "user_submit_info", "user_withdraw", "user_send_gif", "x"]),
)  # fmt: skip
def test_nothing_breaks_it(parts, name):
    """Whatever an event holds, it is read, ignored, or no event."""
    told = (parts if isinstance(parts, dict) else {"x": parts}) | {"event_name": name}
    try:
        made = read(told, NOW, OA)
    except NotAnEvent:
        return
    if isinstance(made, Read):
        Heard.from_json(made.heard.to_json())


# --- what opens her window -------------------------------------------------------------------

TOUCHED_AT = datetime.fromtimestamp(int(AT) / 1000, UTC)
TOUCHES = [
    said("1"),
    said("#c.3.sign.MARK"),
    attached("image"),
    bare("follow", follower={"id": SHE}),
    bare("user_click_chatnow", user_id=SHE),
]
NO_TOUCHES = [
    event("user_submit_info", info=PHONE),
    event("user_submit_info", info={"phone": ""}),
    event("user_withdraw"),
]


@pytest.mark.parametrize("told", TOUCHES, ids=lambda told: told["event_name"])
def test_what_she_does_in_the_chat_opens_her_window_from_its_own_time(told):
    """Brought again much later it still counts from then; from a future time it counts from now."""
    assert read(told, NOW, OA).heard.touched_at == TOUCHED_AT
    late = read(told, TOUCHED_AT + timedelta(days=3), OA)
    assert late.heard.touched_at == TOUCHED_AT
    early = TOUCHED_AT - timedelta(hours=1)
    assert read(told, early, OA).heard.touched_at == early
    for odd in ("9" * 16, "9999999999999999"):
        assert read(told | {"timestamp": odd}, NOW, OA).heard.touched_at == NOW


@pytest.mark.parametrize("told", NO_TOUCHES)
def test_what_zalo_does_not_name_opens_nothing(told):
    """A form and a withdrawal are no interactions that let us write."""
    assert read(told, NOW, OA).heard.touched_at is None


def test_when_she_left_is_known():
    """News of it that comes late must not undo that she has come back."""
    left = read(bare("unfollow", follower={"id": SHE}), NOW, OA).heard
    assert left.left
    assert left.touched_at is not None


@pytest.mark.parametrize(
    "sides",
    [
        {"sender": {"id": OA}, "recipient": {"id": SHE}},
        {"sender": {"id": SHE}, "recipient": {"id": OA}},
        {"sender": {"id": OA}, "user_id": SHE},
        {"user_id": SHE, "oa_id": "999"},
        {"user": {"id": SHE}, "recipient": {"id": "999"}},
    ],
)
def test_whatever_shape_a_withdrawal_has_it_is_hers(sides):
    """Its shape is not documented: it is never taken for the account's, nor for another's."""
    told = {"event_name": "user_withdraw", "timestamp": "1795136400000", **sides}
    found = read(told, datetime.now(UTC), OA)
    assert isinstance(found, Read)
    assert (found.kind, found.heard.address) == ("withdrawn", SHE)


def test_a_withdrawal_of_our_account_is_nobodys():
    """Where only we are named, a person must look into it."""
    told = {"event_name": "user_withdraw", "timestamp": "1", "sender": {"id": OA}}
    assert read(told, datetime.now(UTC), OA) == Ignored(NAMELESS)
