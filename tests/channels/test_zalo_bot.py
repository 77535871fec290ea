"""Zalo's Bot Platform: what is heard, how letters become lines, what its refusals mean."""

import asyncio
import json
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from answering import Server

from bot.parts import in_parts
from bot.speech import (
    Choice,
    File,
    Gone,
    Heard,
    Pace,
    Rejected,
    Reply,
    TooFast,
    Unreachable,
    Unsure,
)
from channels import zalo_bot_speaking
from channels.zalo_bot import ABILITIES
from channels.zalo_bot_reading import NotAnUpdate, Update, read, understand
from channels.zalo_bot_speaking import PACE, ZaloBotMouth

TOKEN = "123456:secret-of-the-tests"
SHE = "7f3a0c51d2e94b86a1f0"
NUMBER = "9c04e1b7f2a83d56c0e1"
AT = 1767225600123
NOW = datetime.fromtimestamp(AT / 1000, UTC)
PERSON = {"id": SHE, "display_name": "Lan Demo", "is_bot": False}


def update(name="message.text.received", *, wrapped=True, **more):
    """Return an update as it is delivered."""
    message = {
        "from": PERSON, "chat": {"id": SHE, "chat_type": "PRIVATE"},
        "message_id": NUMBER, "date": AT,
    } | more  # fmt: skip
    told = {"event_name": name, "message": message}
    return {"ok": True, "result": told} if wrapped else told


HEARD = [
    ("text", update(text="1"), {"text": "1"}),
    ("text", update(text="K7M2QX", wrapped=False), {"text": "K7M2QX"}),
    ("text", update(text=unicodedata.normalize("NFD", "Mẫu")), {"text": "Mẫu"}),
    ("text", update(text="/starter"), {"text": "/starter"}),
    ("text", update(text="#c.3.sign.X"), {"text": "#c.3.sign.X"}),
    ("start", update(text="/start K7M2QX"), {"text": "K7M2QX"}),
    ("start", update(text=" /start  "), {"text": ""}),
    ("unread", update("message.image.received", photo_url="https://x", caption="1"), {"unread": "photo"}),
    ("unread", update("message.image.received", photo="https://x"), {"unread": "photo"}),
    ("unread", update("message.sticker.received", sticker="1"), {"unread": "sticker"}),
    ("unread", update("message.voice.received", voice_url="https://x"), {"unread": "voice"}),
    ("unread", update("message.unsupported.received"), {"unread": "file"}),
    ("late", update(text="1", date=AT - 26 * 3600_000), {"unread": "late"}),
    ("text", update(text="1", date=AT + 26 * 3600_000), {"text": "1"}),
    ("text", update(text="1", date="soon"), {"text": "1"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "told", "what"), HEARD)
def test_what_is_heard(kind, told, what):
    """With the wrapper or without it, each thing becomes what she did, under its message's number."""
    expected = Update(kind, Heard("zalo-bot", SHE, NUMBER, **what))
    assert understand(told, NOW) == read(json.dumps(told).encode(), NOW) == expected


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("group", update(text="1", chat={"id": "g1", "chat_type": "GROUP"})),
        ("group", update("message.image.received", chat={"id": "g1", "chat_type": "GROUP"})),
        ("unknown", update("message.reaction.received")),
        ("unknown", update("something.of.2031")),
        ("foreign", update(text="1", **{"from": {"id": "b", "is_bot": True}})),
    ],
)
def test_what_nobody_answers_is_counted(kind, told):
    """Groups, other bots and unknown kinds are told by kind."""
    assert understand(told, NOW) == Update(kind)


@pytest.mark.parametrize(
    "told",
    [
        None, 5, [], {}, {"ok": True, "result": None}, {"event_name": 5}, {"event_name": "message.text.received"},
        update(text=5), update(), update(text="1", chat=None), update(text="1", chat={"id": 5}),
        update(text="1", message_id=None), update(text="1", message_id=5), update(text="1", message_id=""),
        update(text="1", chat={"id": "a/b", "chat_type": "PRIVATE"}), update(text="1", message=5) | {"result": "x"},
    ],
)  # fmt: skip
def test_what_lacks_a_part_is_no_update(told):
    """Without a name, a chat, a number or a text nothing is heard."""
    with pytest.raises(NotAnUpdate):
        understand(told, NOW)


@pytest.mark.parametrize("body", [b"", b"x=1", b"[" * 90_000, b"\xff"])
def test_what_is_no_json_is_no_update(body):
    """Nothing breaks the reading."""
    with pytest.raises(NotAnUpdate):
        read(body, NOW)


def test_a_strange_number_is_kept_as_a_mark():
    """A number of another shape still makes one event of two deliveries."""
    odd = update(text="1", message_id="x y" * 200)
    first, again = understand(odd, NOW), understand(odd, NOW + timedelta(hours=1))
    assert first == again
    assert len(first.heard.event_id) == 40


# --- speaking ------------------------------------------------------------------------------------


def calls(server, act):
    """Let somebody use the mouth of the bot; return what came back or was raised."""

    async def calling(url):
        mouth = ZaloBotMouth(TOKEN, url, pace=Pace(0, 0))
        try:
            return await act(mouth)
        except Exception as error:
            return error
        finally:
            await mouth.close()

    return server.during(calling)


def sent(*answers, reply=None):
    """Send one letter; return how it ended and what was asked."""
    server = Server(*answers)
    return calls(server, lambda mouth: mouth.send(SHE, reply or Reply("Một"))), server


def refused(code, description="Nguyễn Thị Mẫu"):
    """Return an answer by which the platform says no."""
    return {"ok": False, "error_code": code, "description": description}


SENT = {"ok": True, "result": {"message_id": "m1", "date": AT}}


def test_choices_are_numbered_lines():
    """There are no buttons: the list stands under the words, and the link in them."""
    choices = (Choice("a", "Một", "1.a.X", 1), Choice("b", "Hai", "1.b.Y", 2))
    link = "https://k.example/t/a"
    ended, server = sent(SENT, reply=Reply("Chọn", choices, link=link, link_label="Mở"))
    assert ended == "m1"
    assert server.bodies == [{"chat_id": SHE, "text": f"Chọn\n{link}\n1. Một\n2. Hai"}]
    assert server.asked[0]["path"] == f"/bot{TOKEN}/sendMessage"


def test_what_is_laid_out_always_fits():
    """Words and lines together stay within what goes at once."""
    long = tuple(Choice(f"c{n}", "Ư" * 100, f"1.c{n}.X", n) for n in range(1, 6))
    for letters in range(1400, 2100, 50):
        for part in in_parts(Reply("ế " * (letters // 2), long), ABILITIES):
            assert 1 <= len(zalo_bot_speaking._text(part)) <= 2000


@pytest.mark.parametrize(
    "reply", [Reply("x" * 2001), Reply(" "), Reply("x", (), (File("a", "b", "c"),))]
)
def test_what_does_not_go_is_refused_here(reply):
    """What the platform would refuse calls nobody."""
    ended, server = sent(SENT, reply=reply)
    assert type(ended) is Rejected
    assert server.asked == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(400), Rejected),
        (refused(413), Rejected),
        (refused(403), Gone),
        (refused(401), TooFast),
        (refused(404), TooFast),
        (refused(429), TooFast),
        (refused(429, "Quota exceeded"), TooFast),
        (refused(500), Unsure),
        (refused("?"), Unsure),
        ((429, "x"), TooFast),
        ((403, "<html>"), Unreachable),
        ((307, ""), Unreachable),
        ((502, "<html>"), Unsure),
        ("<html>Welcome</html>", Unsure),
        ({"ok": 1}, Unsure),
        ([], Unsure),
        ("hang up", Unsure),
    ],
)
def test_what_a_refusal_means(answer, error):
    """Each is named by what to do next, and nothing of the platform's words goes on."""
    ended, _ = sent(answer)
    assert type(ended) is error
    assert "Mẫu" not in f"{ended!r}{ended}{ended.__context__!r}"
    assert TOKEN not in f"{ended!r}{ended.__cause__!r}"


def test_no_update_is_no_answer_to_a_letter():
    """The number that means that nothing came leaves a letter open."""
    ended, _ = sent(refused(408))
    assert isinstance(ended, Unsure)


@pytest.mark.parametrize(("said", "least"), [("Quota exceeded", 600), ("Too many", 10)])
def test_a_used_up_plan_waits_longer_than_haste(said, least):
    """A month's quota halts the account for long, haste for half a minute; both for all."""
    ended, _ = sent(refused(429, said))
    assert ended.seconds >= least
    assert (ended.seconds > 60) is (least > 60)
    assert ended.for_all


def test_silence_leaves_it_open(monkeypatch):
    """When no answer came, nobody knows whether it was done."""
    monkeypatch.setattr(zalo_bot_speaking, "CALL_SECONDS", 0.2)
    ended, _ = sent("silence")
    assert type(ended) is Unsure


def test_nobody_there_means_nothing_was_said():
    """A refused connection is certain."""

    async def ring():
        mouth = ZaloBotMouth(TOKEN, "http://127.0.0.1:9")
        try:
            await mouth.send(SHE, Reply("x"))
        finally:
            await mouth.close()

    with pytest.raises(Unreachable):
        asyncio.run(ring())


def test_one_update_at_a_time():
    """One object comes, not a list; none within the time is none."""
    one = update(text="1", wrapped=False)
    server = Server({"ok": True, "result": one}, refused(408, "Request timeout"))
    assert calls(server, lambda mouth: mouth.update(3)) == one
    assert calls(server, lambda mouth: mouth.update(3)) is None
    assert server.bodies[0] == {"timeout": "3"}


def test_webhook_and_name():
    """The platform is told where to deliver with which secret, and the bot's name is learnt."""
    server = Server({"ok": True, "result": {"account_name": "bot.mau"}})
    assert calls(server, lambda mouth: mouth.name()) == "bot.mau"
    calls(server, lambda mouth: mouth.set_webhook("https://k.example/zalo-bot", "s" * 16))
    calls(server, lambda mouth: mouth.delete_webhook())
    assert server.bodies[1] == {"url": "https://k.example/zalo-bot", "secret_token": "s" * 16}
    paths = [one["path"].rpartition("/")[2] for one in server.asked]
    assert paths == ["getMe", "setWebhook", "deleteWebhook"]


def test_the_pace():
    """One letter a second to one chat, and no faster in all than an account."""
    assert Pace(1.5, 1.0) == PACE
