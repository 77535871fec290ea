"""The door for Zalo's Official Account: the signature before everything, 200 after the commit."""

import asyncio
import json
import logging
import time
from dataclasses import replace

import knocking
import pytest
from answering import Server, no, ok
from chat import MAY
from fastapi import FastAPI
from knocking import APP, AT, OA, OA_SECRET, SHE, event, letters, said, signature
from sqlalchemy import select

from bot.office import Office
from bot.sender import drain
from bot.speech import Outcome, Pace
from channels.zalo import OneToken
from channels.zalo_line import Line
from channels.zalo_speaking import ZaloMouth
from storage.database import NotWritten, TooBusy
from storage.tables import letter
from webhook import hearing
from webhook.app import create_app
from webhook.limits import Bucket
from webhook.settings import Settings, read_settings
from webhook.wiring import abilities
from webhook.zalo import PATH, heard_kinds

HEADER = b"x-zevent-signature"
TOKEN, APP_SECRET = "AT_secret_of_the_tests", "app-secret-of-the-tests"


def settings_with(tmp_path, **more) -> Settings:
    """Return settings with an account whose API is not there."""
    given = {
        "data_dir": tmp_path, "zalo_app_id": APP, "zalo_app_secret": APP_SECRET, "zalo_oa_id": OA,
        "zalo_oa_secret": OA_SECRET, "zalo_access_token": TOKEN, "zalo_api_url": "http://127.0.0.1:9",
    }  # fmt: skip
    return read_settings(**given | more)


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings that enforce signatures."""
    return settings_with(tmp_path)


@pytest.fixture
def office(office: Office, settings: Settings) -> Office:
    """The installation with Zalo as a channel."""
    return replace(office, abilities=abilities(settings))


@pytest.fixture
def app(settings: Settings, office: Office) -> FastAPI:
    """The application; only asked here, never started."""
    heard_kinds.clear()
    return create_app(settings, office)


def knock(app, *pieces, mac="right", **how):
    """Send a body to the door, rightly signed unless told otherwise."""
    told = signature(b"".join(pieces)) if mac == "right" else mac
    return knocking.knock(
        app, PATH, *pieces, header=None if told is None else (HEADER, told.encode()), **how
    )


def hers(app):
    """Return the letters that lie ready for her."""
    return letters(app, "zalo", SHE)


# --- the signature ---------------------------------------------------------------------------


def _never(*_: object) -> None:
    raise AssertionError("it was asked")


@pytest.mark.parametrize(
    "mac",
    ["", "mac=", "x" * 64, signature(said("1")).upper(), signature(said("2")),
     signature(said("1")) + "0", signature(said("1"), AT + 1), "\xff\xfe", "m" * 60_000],
)  # fmt: skip
def test_what_is_not_signed_is_not_parsed(app, monkeypatch, mac):
    """A missing or wrong signature is refused before the body is parsed or the database touched."""
    database = app.state.door.office.database
    body = said("1")
    for name in ("read", "write", "submit", "clock"):
        monkeypatch.setattr(database, name, _never)
    monkeypatch.setattr("json.loads", _never)
    answer = knock(app, body, mac=mac)
    assert answer.status == 403
    assert answer.reads == (1 if mac else 0)
    assert heard_kinds.total() == 1


def test_without_the_header_nothing_is_read(app):
    """A request that shows no signature at all is refused before its body is asked for."""
    answer = knock(app, said("1"), mac=None)
    assert (answer.status, answer.reads) == (403, 0)
    assert answer.headers[b"connection"] == b"close"
    assert heard_kinds == {"no signature": 1}


def test_bare_and_in_pieces_it_is_taken(app):
    """A signature without its prefix, and a body that comes in pieces, are Zalo's."""
    body = said("menu")
    assert knock(app, body, mac=signature(body)[4:]).status == 200
    assert knock(app, body[:50], body[50:]).status == 200
    assert len(hers(app)) == 1


@pytest.mark.parametrize("mac", [None, "", "mac=" + "0" * 64])
def test_on_a_first_day_wrong_ones_are_taken_and_counted(office, tmp_path, mac, caplog):
    """With "log" an event is heard though its signature is wrong or missing, and it is counted."""
    heard_kinds.clear()
    loose = create_app(settings_with(tmp_path, zalo_signature="log"), office)
    assert knock(loose, said("menu"), mac=mac).status == 200
    assert len(hers(loose)) == 1
    assert heard_kinds == {"wrong signature": 1, "text": 1}


def test_a_stranger_does_not_fill_the_log(app, capsys):
    """Of wrong signatures only the first few are told, with what they fit and no word of the event."""
    for _ in range(50):
        knock(app, said("Nguyễn Thị Mẫu"), mac="mac=00")
    told = capsys.readouterr().out
    assert 1 <= told.count("wrong signature") <= 5
    assert "none" in told
    assert "Mẫu" not in told
    assert heard_kinds["wrong signature"] == 50


# --- what is no event ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 200), ("HEAD", 200), ("PUT", 405), ("DELETE", 405)]
)
def test_only_post_delivers(app, method, status):
    """A look at the address is answered; nothing but POST brings an event."""
    assert knock(app, method=method, mac=None).status == status
    assert heard_kinds == {}


MALFORMED = [
    b'{"timestamp":"%d"' % AT,
    b'[{"timestamp":"%d"}]' % AT,
    b'{"timestamp":"%d"}' % AT,
    event("user_send_text"),
    event("user_send_text", message={"text": 5, "msg_id": "1"}),
    event("user_send_text", message={"text": "1"}, sender={}),
    b"[" * 90_000 + b'"timestamp":"%d"' % AT,
]


@pytest.mark.parametrize("body", MALFORMED)
def test_what_can_not_be_read_is_taken_and_counted(app, body):
    """Signed and yet no event: 200, or Zalo would bring it again and then nothing more."""
    assert knock(app, body).status == 200
    assert heard_kinds == {"malformed": 1}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (event("oa_send_text", admin_id="5", message={"text": "1"}), "echo"),
        (event("user_seen_message", message={"msg_ids": ["1"]}), "seen"),
        (event("something_of_2031"), "unknown"),
        (said("1", recipient={"id": "1"}), "foreign"),
        (event("anonymous_send_text", message={"text": "1"}), "anonymous"),
    ],
)
def test_what_nobody_answers_is_taken_and_left(app, body, kind):
    """Echoes, receipts, unknown kinds, another account's events are kept nowhere."""
    assert knock(app, body).status == 200
    assert heard_kinds == {kind: 1}
    assert hers(app) == []


# --- what is heard ---------------------------------------------------------------------------


def test_it_is_answered_after_the_commit(app, town):
    """When the answer is there, what she did is written and her letter lies ready."""
    assert knock(app, said("h4t pn8")).status == 200
    first = hers(app)
    assert len(first) == 1
    assert heard_kinds == {"text": 1}


def test_the_same_event_twice_is_one(app):
    """A delivery that comes again, also with another timestamp, is answered and changes nothing."""
    body = said("menu")
    later = said("menu", timestamp=str(AT + 1000))
    assert [knock(app, body).status for _ in range(3)] == [200, 200, 200]
    assert knock(app, later, mac=signature(later, AT + 1000)).status == 200
    assert len(hers(app)) == 1
    assert heard_kinds["repeat"] == 3


def arrive(app, town):
    """Let her come to a place and see what she may choose."""
    with app.state.door.office.database.read() as store:
        poster = store.posters.by_token(town.tokens[MAY])
    knock(app, said(poster.code))
    return hers(app)[-1]


def test_a_press_comes_as_text(app, town):
    """The payload of a button, brought like a typed line, is the choice it was."""
    choice = next(one for one in arrive(app, town).choices if one.id == "sign")
    assert knock(app, said(f"#c.{choice.payload}", 2)).status == 200
    assert "đồng ý" in hers(app)[-1].text
    assert heard_kinds["press"] == 1


@pytest.mark.parametrize(
    "payload", ["1.put-name.AAAA", "x", "", "\x00", "\ud800", "1" * 900, "a.b.c"]
)
def test_a_payload_typed_by_hand_does_nothing(app, town, payload):
    """What was not offered to her is refused in words, whatever it looks like."""
    arrive(app, town)
    before = town.petition()
    assert knock(app, said(f"#c.{payload}", 2)).status == 200
    assert town.petition() == before
    assert "không làm được" in hers(app)[-1].text


def test_anothers_button_does_nothing(app, town):
    """A payload copied from somebody else's chat is refused."""
    choice = next(one for one in arrive(app, town).choices if one.id == "sign")
    other = said(f"#c.{choice.payload}", 3, sender={"id": "99"})
    assert knock(app, other).status == 200
    assert "không làm được" in letters(app, "zalo", "99")[-1].text


@pytest.mark.parametrize(
    "text", ["", "\x00", "a\ud800b", "\u202egnp.exe", "x" * 2000, "😀" * 900, "<b>x</b>"]
)
def test_whatever_is_typed_is_answered(app, text):
    """NULs, half characters, direction marks, pictures, markup get an answer like anything else."""
    assert knock(app, said(text)).status == 200
    assert len(hers(app)) >= 1


def test_every_kind_of_event_is_taken(app):
    """Photos, files, forms, coming, going: each is answered with 200 and heard once."""
    kinds = ["user_send_image", "user_send_file", "user_submit_info", "user_click_chatnow"]
    for number, name in enumerate(kinds):
        body = event(name, message={"msg_id": f"m{number}"}, info={"phone": "84912345678"})
        assert knock(app, body).status == 200
    assert heard_kinds == {"unread": 2, "contact": 1, "start": 1}
    assert len(hers(app)) == 4


def test_who_unfollows_is_written_to_no_more(app, town):
    """Leaving is remembered and answered by nobody; who comes back is asked again."""
    arrive(app, town)

    def gone():
        with app.state.door.office.database.read() as store:
            return store.conversations.find("zalo", SHE).gone_at

    for name, left in (("unfollow", True), ("follow", False)):
        body = json.dumps(
            {
                "app_id": APP,
                "oa_id": OA,
                "follower": {"id": SHE},
                "event_name": name,
                "timestamp": str(AT),
            }
        ).encode()
        assert knock(app, body).status == 200
        assert (gone() is not None) is left
        assert len(hers(app)) == (1 if left else 2)


def followed(at=AT):
    """That she follows the account."""
    told = {"app_id": APP, "oa_id": OA, "follower": {"id": SHE}, "event_name": "follow"}
    return json.dumps(told | {"timestamp": str(at)}).encode()


def test_who_follows_is_greeted_once(app):
    """Following, the button of the chat and the same event again bring one greeting."""
    pressed = json.dumps(
        {"app_id": APP, "oa_id": OA, "event_name": "user_click_chatnow", "user_id": SHE}
        | {"timestamp": str(AT)}
    ).encode()
    for body in (followed(), pressed, followed()):
        assert knock(app, body).status == 200
    again = str(int(AT) + 1)
    assert knock(app, followed(again), mac=signature(followed(again), again)).status == 200
    assert [one.text.splitlines()[0] for one in hers(app)] == [
        "Chào bạn. Đây là kênh của Liên đoàn Lao động tỉnh Mẫu."
    ]


def test_a_follow_of_yesterday_greets_nobody(app):
    """What stood in a queue for days says only that she can be reached."""
    old = str(int(AT) - 2 * 24 * 3600 * 1000)
    assert knock(app, followed(old), mac=signature(followed(old), old)).status == 200
    assert hers(app) == []


def test_a_code_from_our_page_is_understood(app, town):
    """The arrival code, as Zalo brings it, leads to the place; brought twice it is one use."""
    from bot.arriving import Asked
    from bot.hear import submit_arrival

    asked = Asked(town.tokens[MAY], "a page", "vi", 1440)
    page = submit_arrival(asked, town.office).result().page
    assert page is not None
    body = said(f"#{page.facts['code']}")
    assert [knock(app, body).status for _ in range(2)] == [200, 200]
    assert len(hers(app)) == 1
    assert "Công ty May Ví Dụ" in hers(app)[0].text


def test_a_withdrawal_stops_and_erases_in_silence(app, town):
    """What waits for her is wiped, nothing is said, and of a stranger nothing is kept."""
    stranger = event("user_withdraw", sender={"id": "77"})
    assert knock(app, stranger).status == 200
    with app.state.door.office.database.read() as store:
        assert store.conversations.find("zalo", "77") is None
    arrive(app, town)
    assert knock(app, event("user_withdraw")).status == 200
    assert hers(app) == []
    with app.state.door.office.database.read() as store:
        known = store.conversations.find("zalo", SHE)
        (request,) = store.cases.requests_of(known.id)
    assert known.stopped_all_at is not None
    assert request.about == "erase"


def test_a_withdrawal_of_nobody_is_told_loudly(app, capsys):
    """Where it is not said who withdraws, a person has to look into it."""
    body = event("user_withdraw", sender=None)
    assert knock(app, body).status == 200
    assert "withdraws" in capsys.readouterr().out


def test_a_week_old_line_is_heard_and_not_obeyed(app, town):
    """A line that somebody kept is answered by a request to say it again; one of two hours is heard."""
    town.clock.advance(hours=2)
    knock(app, said("menu"))
    town.clock.advance(days=7)
    assert knock(app, said("menu", 2)).status == 200
    assert hers(app)[-1].text.startswith("Tin vừa rồi của bạn tới đây mu")
    assert heard_kinds == {"text": 1, "late": 1}


# --- when it cannot be heard -----------------------------------------------------------------


@pytest.mark.parametrize("error", [TooBusy(), NotWritten("x"), ZeroDivisionError()])
def test_what_was_not_written_is_not_acknowledged(app, monkeypatch, error):
    """Zalo is asked to come again, whatever stood in the way."""

    async def hear(_: object) -> None:
        raise error

    monkeypatch.setattr(app.state.door, "hear", hear)
    answer = knock(app, said("1"))
    assert answer.status == 503
    assert b"retry-after" in answer.headers


def test_it_never_waits_longer_than_zalo_does(app, monkeypatch):
    """What takes too long is answered in time to come again, and ends by itself."""
    ended = []

    async def hear(_: object) -> Outcome:
        await asyncio.sleep(0.05)
        ended.append("heard")
        return Outcome()

    assert hearing.PATIENCE_SECONDS < 2
    monkeypatch.setattr(app.state.door, "hear", hear)
    monkeypatch.setattr(hearing.hear_within, "__defaults__", (0.01,))
    began = time.monotonic()
    assert knock(app, said("1")).status == 503
    assert time.monotonic() - began < 1
    assert heard_kinds["slow"] == 1


def test_one_person_cannot_have_the_door_switched_off(app):
    """Who sends faster than anybody types is not heard beyond a limit, and never a reason for 503."""
    app.state.door.limits.talk = Bucket(burst=3, rate=0)
    assert [knock(app, said("1", number)).status for number in range(5)] == [200] * 5
    assert heard_kinds["flood"] == 2
    assert len(hers(app)) == 3
    assert knock(app, event("user_withdraw")).status == 200
    assert hers(app) == []


# --- and answered ----------------------------------------------------------------------------


def send_all(app, server):
    """Send what lies ready through a mouth whose server answers as told; return how letters ended."""
    office = app.state.door.office

    async def sending(url):
        mouth = ZaloMouth(Line(OneToken("AT"), url), pace=Pace(0, 0))
        try:
            await drain(office, {"zalo": mouth})
        finally:
            await mouth.close()

    server.during(sending)
    with office.database.read() as store:
        rows = store.connection.execute(select(letter.c.state, letter.c.error, letter.c.sent_ref))
        return [tuple(one) for one in rows], store.conversations.find("zalo", SHE)


def test_her_answer_goes_out_with_its_buttons(app, town):
    """What the turn laid out arrives at Zalo with payloads that come back as presses."""
    arrive(app, town)
    server = Server(ok(message_id="m1"))
    rows, known = send_all(app, server)
    assert rows == [("sent", None, "m1")]
    assert known.gone_at is None
    (body,) = server.bodies
    assert body["recipient"] == {"user_id": SHE}
    pressed = body["message"]["attachment"]["payload"]["buttons"][0]["payload"]
    assert knock(app, said(pressed, 2)).status == 200
    assert "đồng ý" in hers(app)[-1].text


@pytest.mark.parametrize(("code", "why"), [(-213, "not a follower"), (-217, "blocked")])
def test_who_can_not_be_reached_is_known_with_its_reason(app, town, code, why):
    """The letter ends, its reason stays, nobody writes to her until she speaks again."""
    arrive(app, town)
    rows, known = send_all(app, Server(no(code)))
    assert rows == [("gone", why, None)]
    assert known.gone_at is not None
    knock(app, said("menu", 5))
    with app.state.door.office.database.read() as store:
        assert store.conversations.find("zalo", SHE).gone_at is None


@pytest.mark.parametrize("code", [-230, -232])
def test_whose_window_zalo_calls_closed_is_reached_again_when_she_speaks(app, town, code):
    """That is no block: since when is kept, and her next word opens the window again."""
    arrive(app, town)
    rows, known = send_all(app, Server(no(code)))
    assert rows == [("shut", "window closed", None)]
    assert (known.gone_at, known.window_from_at) == (None, None)
    assert known.window_shut_at is not None
    knock(app, said("menu", 5))
    with app.state.door.office.database.read() as store:
        after = store.conversations.find("zalo", SHE)
    assert (after.window_from_at is None, after.window_shut_at) == (False, None)


def test_a_used_up_quota_keeps_every_letter(app, town):
    """The account is silent, letters wait untouched, and nothing counts against them."""
    arrive(app, town)
    rows, _ = send_all(app, Server(no(-211)))
    assert rows == [("waiting", None, None)]
    with app.state.door.office.database.read() as store:
        assert 800 < store.paces.halts()["zalo"] <= 900


# --- what is told of it ----------------------------------------------------------------------


def test_nothing_of_it_is_logged(app, caplog, capsys):
    """Neither ids, nor words, nor tokens, nor secrets stand in the log."""
    caplog.set_level(logging.DEBUG)
    knock(app, said("Nguyễn Thị Mẫu 0912345678"))
    knock(app, said("Nguyễn Thị Mẫu", 2), mac="mac=11")
    knock(app, event("user_send_text", message="Mẫu"))
    knock(app, event("user_withdraw", sender=None))
    told = caplog.text + "".join(capsys.readouterr())
    for secret in ("Mẫu", "0912", SHE, OA_SECRET, TOKEN, APP_SECRET, signature(said("1"))):
        assert secret not in told


def test_without_the_settings_there_is_no_door(office, tmp_path):
    """An installation without Zalo answers like any address that is not there."""
    plain = create_app(read_settings(data_dir=tmp_path), office)
    assert knock(plain, said("1")).status in (403, 404, 405)
