"""A letter becomes a message of Zalo's: buttons, numbered lines, a picture, a contact card."""

import json
import unicodedata

import pytest
from answering import Server, no, ok
from structlog.testing import capture_logs

from bot.parts import in_parts
from bot.speech import Choice, File, Pace, Rejected, Reply, Shut, Unsure
from channels import zalo_speaking
from channels.zalo import ABILITIES, OneToken
from channels.zalo_letters import said
from channels.zalo_line import Expired, Line, Refused
from channels.zalo_speaking import PACE, SEND, Uploads, ZaloMouth

SHE = "2468013579246801357"
TWO = (Choice("a", "Một", "1.a.X", 1), Choice("b", "Hai", "1.b.Y", 2))
PUSHED = (Choice("open-news", "Xem tin", "0.open-news.X"), Choice("later", "Để sau", "0.later.Y"))
LINK = "https://ketdoan.example/t/abc"


def five(label="Nút"):
    """Return as many choices as a letter has at most."""
    return tuple(Choice(f"c{n}", f"{label} {n}", f"1.c{n}.X", n) for n in range(1, 6))


def buttons(body):
    """Return the buttons of a message: title, kind, what each does."""
    payload = body["message"]["attachment"]["payload"]
    assert "template_type" not in payload
    return [(one["title"], one["type"], one["payload"]) for one in payload["buttons"]]


def sends(server, *letters, **how):
    """Send letters one after the other; return what came back of each or was raised."""

    async def sending(url):
        mouth = ZaloMouth(Line(OneToken("AT"), url), pace=Pace(0, 0), **how)
        ends = []
        for one in letters:
            try:
                ends.append(await mouth.send(SHE, one))
            except Exception as error:
                ends.append(error)
        await mouth.close()
        return ends

    return server.during(sending)


# --- what a letter looks like --------------------------------------------------------------------


def test_words_go_as_they_are_and_composed():
    """Nothing that anybody typed is markup, and what came decomposed goes composed."""
    body = said(SHE, Reply(unicodedata.normalize("NFD", "<b>Mẫu</b>\n")), buttons=True)
    assert body == {"recipient": {"user_id": SHE}, "message": {"text": "<b>Mẫu</b>"}}


def test_choices_are_hidden_queries():
    """Each choice is a button whose payload comes back marked as a press, and not shown."""
    assert buttons(said(SHE, Reply("Chọn", TWO), buttons=True)) == [
        ("Một", "oa.query.hide", "#c.1.a.X"),
        ("Hai", "oa.query.hide", "#c.1.b.Y"),
    ]


def test_a_link_is_a_button_and_stands_in_the_words():
    """A one-time page gets a button over https where there is room, and stands in the words always."""
    body = said(SHE, Reply("Mở", TWO, link=LINK, link_label="Mở trang"), buttons=True)
    assert buttons(body)[0] == ("Mở trang", "oa.open.url", {"url": LINK})
    assert body["message"]["text"] == f"Mở\n{LINK}"
    full = said(SHE, Reply("Mở", five(), link=LINK, link_label="Mở trang"), buttons=True)
    assert len(buttons(full)) == 5
    assert LINK in full["message"]["text"]


@pytest.mark.parametrize("link", ["http://127.0.0.1:8000/t/abc", "http://ketdoan.example/t/a"])
def test_other_links_stay_words(link):
    """An address that is not encrypted is no button."""
    body = said(SHE, Reply("Mở", link=link, link_label="Mở trang"), buttons=True)
    assert body["message"] == {"text": f"Mở\n{link}"}


def test_numbered_lines():
    """Without buttons choices are numbered lines; those of a pushed letter have no number."""
    assert said(SHE, Reply("Chọn:", TWO), buttons=False)["message"] == {
        "text": "Chọn:\n1. Một\n2. Hai"
    }
    pushed = said(SHE, Reply("Có tin.", PUSHED, link=LINK), buttons=False)["message"]
    assert pushed == {"text": f"Có tin.\n{LINK}\n• Xem tin\n• Để sau"}


@pytest.mark.parametrize("as_buttons", [True, False])
def test_what_is_laid_out_always_fits(as_buttons):
    """However long the words and labels, each part goes, with its choices as buttons or as lines."""
    long = tuple(Choice(f"c{n}", "Ư" * 100, f"1.c{n}.X", n) for n in range(1, 6))
    for letters in range(1300, 2100, 7):
        whole = Reply("ế " * (letters // 2), long, link=LINK, link_label="Mở")
        parts = in_parts(whole, ABILITIES)
        made = [said(SHE, one, buttons=as_buttons) for one in parts]
        assert all(len(one["message"]["text"]) <= 2000 for one in made)
        assert [bool(one.choices) for one in parts] == [*[False] * (len(parts) - 1), True]


def test_a_list_that_fills_a_message_makes_no_flood_of_letters():
    """Words beside an endless list are cut into a few parts, never into one for each letter."""
    endless = tuple(Choice(f"c{n}", "Ư" * 100, f"1.c{n}.X", n) for n in range(1, 40))
    assert len(in_parts(Reply("ế " * 1000, endless), ABILITIES)) <= 5


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply("x" * 2001), "too long"),
        (Reply(" \n"), "nothing to say"),
        (Reply("x", five() + TWO), "too many choices"),
        (Reply("x", (Choice("a", "b", "p" * 998),)), "payload too long"),
        (Reply("x", (), (File("a.json", "application/json", "{}"),)), "files do not go here"),
    ],
)
def test_what_does_not_go_is_refused_here(reply, why):
    """What Zalo would refuse ends with a clear word before anything is called."""
    with pytest.raises(Rejected, match=why):
        said(SHE, reply, buttons=True)


def test_two_thousand_characters_go():
    """The limit is of characters, not of UTF-16: pictures count as one."""
    assert said(SHE, Reply("😀" * 2000), buttons=True)["message"]["text"] == "😀" * 2000


def test_long_labels_are_cut():
    """A title holds a hundred characters."""
    body = said(SHE, Reply("x", (Choice("a", "Ư" * 101, "1.a.X"),)), buttons=True)
    assert buttons(body)[0][0] == "Ư" * 100


# --- sending -------------------------------------------------------------------------------------


def test_the_reference_is_its_message():
    """What a letter became is named by its message, sent to the one method for it."""
    server = Server(ok(message_id="m1", quota={"remain": "8"}))
    assert sends(server, Reply("Một", TWO)) == ["m1"]
    assert server.asked[0]["path"] == SEND
    assert server.bodies == [said(SHE, Reply("Một", TWO), buttons=True)]


@pytest.mark.parametrize("code", [-201, -233])
def test_where_buttons_are_refused_lines_go(code):
    """The same letter goes as lines at once, and from then on nothing else; it is told loudly."""
    server = Server(no(code), ok(message_id="m1"), ok(message_id="m2"))
    with capture_logs() as logs:
        assert sends(server, Reply("Một", TWO), Reply("Hai", TWO)) == ["m1", "m2"]
    texts = [one["message"].get("text") for one in server.bodies]
    assert texts == ["Một", "Một\n1. Một\n2. Hai", "Hai\n1. Một\n2. Hai"]
    assert ["attachment" in one["message"] for one in server.bodies] == [True, False, False]
    assert [one["event"] for one in logs][-1] == "zalo refuses buttons"


def test_a_letter_that_is_wrong_in_itself_condemns_no_buttons():
    """Where the lines are refused, too, the letter ends and the next one has its buttons."""
    server = Server(no(-201), no(-201), ok(message_id="m2"))
    first, second = sends(server, Reply("Một", TWO), Reply("Hai", TWO))
    assert (type(first), second) == (Refused, "m2")
    assert "attachment" in server.bodies[-1]["message"]


def test_other_refusals_are_not_tried_as_lines():
    """A letter without buttons, or refused for another reason, is called once."""
    for letter, code in (
        (Reply("Một"), -201),
        (Reply("Một", TWO), -248),
        (Reply("Một", TWO), -230),
    ):
        server = Server(no(code))
        (ended,) = sends(server, letter)
        assert type(ended) in (Refused, Shut)
        assert len(server.asked) == 1


def test_lines_from_the_start_where_the_operator_says_so():
    """With buttons switched off none is ever sent."""
    server = Server(ok(message_id="m"))
    sends(server, Reply("Một", TWO, link=LINK, link_label="Mở"), buttons=False)
    assert server.bodies[0]["message"] == {"text": f"Một\n{LINK}\n1. Một\n2. Hai"}


def test_her_number_is_asked_for_by_a_card():
    """Where a picture for it is set the form goes first, and the other choices under the words."""
    server = Server(ok(message_id="c"), ok(message_id="m"))
    asking = Reply("Số?", TWO, ask_phone=True)
    assert sends(server, asking, card_url="https://k.example/logo.png") == ["m"]
    card, words = server.bodies
    payload = card["message"]["attachment"]["payload"]
    assert payload["template_type"] == "request_user_info"
    (element,) = payload["elements"]
    assert (element["title"], element["subtitle"]) == ("Một", "Số?")
    assert buttons(words) == [("Hai", "oa.query.hide", "#c.1.b.Y")]
    plain = Server(ok(message_id="m"))
    sends(plain, asking)
    assert len(plain.asked) == 1


def test_where_the_form_is_refused_the_question_still_goes():
    """The words and all their choices follow: a refused picture must not silence the question."""
    server = Server(no(-201), ok(message_id="m"))
    asking = Reply("Số?", TWO, ask_phone=True)
    assert sends(server, asking, card_url="https://k.example/logo.png") == ["m"]
    assert len(buttons(server.bodies[1])) == 2


def test_a_letter_ends_before_the_sender_gives_up(monkeypatch):
    """All calls of one letter together are shorter than the sender's patience."""
    assert zalo_speaking.SEND_SECONDS < 30
    monkeypatch.setattr(zalo_speaking, "SEND_SECONDS", 0.2)
    (ended,) = sends(Server("silence"), Reply("Một"))
    assert type(ended) is Unsure


def test_a_refused_message_is_logged_by_its_shape_alone():
    """Numbers of characters and buttons, and the code: no word, no id, no token."""
    with capture_logs() as logs:
        sends(Server(no(-248)), Reply("Nguyễn Thị Mẫu 0912345678", TWO))
    (said_of_it,) = logs
    assert said_of_it["characters"] == 25
    assert said_of_it["buttons"] == 2
    for secret in ("Mẫu", "0912", SHE, "AT", "1.a.X"):
        assert secret not in json.dumps(said_of_it, ensure_ascii=False)


def test_the_pace_is_one_and_a_half_a_second():
    """Unless the operator says otherwise."""
    assert Pace(1.5, 0) == PACE


# --- pictures ------------------------------------------------------------------------------------


def test_a_picture_is_uploaded_once():
    """The same content goes under the name that Zalo gave it; expired, it is uploaded again."""
    server = Server(ok(attachment_id="A1"), ok(message_id="m1"), ok(message_id="m2"),
                    no(-100), ok(attachment_id="A2"), ok(message_id="m3"))  # fmt: skip

    async def showing(url):
        mouth = ZaloMouth(Line(OneToken("AT"), url))
        ends = []
        for _ in range(4):
            try:
                ends.append(await mouth.send_picture(SHE, "a.png", b"\x89PNG", "Ảnh"))
            except Expired:
                ends.append("expired")
        await mouth.close()
        return ends

    assert server.during(showing) == ["m1", "m2", "expired", "m3"]
    paths = [one["path"].rpartition("/")[2] for one in server.asked]
    assert paths == ["image", "cs", "cs", "cs", "image", "cs"]
    shown = json.loads(server.asked[-1]["raw"])["message"]
    assert shown["attachment"]["payload"] == {
        "template_type": "media",
        "elements": [{"media_type": "image", "attachment_id": "A2"}],
    }
    assert shown["text"] == "Ảnh"


def test_uploads_are_forgotten_in_time():
    """What Zalo deletes after seven days is not asked for; only so many are remembered."""
    now = [0.0]
    kept = Uploads(lambda: now[0])
    kept.keep("a", "A")
    now[0] = 5.9 * 86400
    assert kept.find("a") == "A"
    now[0] = 6.1 * 86400
    assert kept.find("a") is None
    for number in range(200):
        kept.keep(str(number), "x")
    assert len(kept._kept) == 100
    assert kept.find("199") == "x"
