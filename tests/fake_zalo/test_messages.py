"""What an OA may say: each limit of a message is kept, at it and beyond it."""

import random
import unicodedata
from typing import Any

import httpx
import pytest
from fakes.zalo_calls import (
    CARD,
    LAN,
    OPENS,
    PHOTO,
    SHOWN,
    YES,
    asking,
    buttoned,
    call,
    cs,
    good,
    pictured,
    refresh,
    templated,
)  # fmt: skip
from fakes.zalo_client import REFRESH, oa_user


def button(**changed: Any) -> dict[str, Any]:
    return buttoned({**YES, **changed})


def opening(kind: str, **payload: Any) -> dict[str, Any]:
    return buttoned({"title": "Gọi", "type": f"oa.open.{kind}", "payload": payload})


BAD = [
    ("a field that is missing", {}, -201),
    ("no object", "chào", -201),
    ("an empty text", {"text": ""}, -201),
    ("a text of blanks", {"text": " \n"}, -201),
    ("a text that is a number", {"text": 5}, -201),
    ("a text that is too long", {"text": "ế" * 2001}, -201),
    ("a text that is decomposed", {"text": unicodedata.normalize("NFD", "Công đoàn")}, -201),
    ("an unknown field", {"text": "a", "parse_mode": "html"}, -201),
    ("a quote of nothing", {"text": "a", "quote_message_id": "a1b2"}, -201),
    ("six buttons", buttoned(*[YES] * 6), -201),
    ("no buttons", buttoned(), -201),
    ("buttons without a text", templated(buttons=[YES]), -201),
    ("buttons under a text that is too long", buttoned(YES, text="a" * 2001), -201),
    ("a title that is too long", button(title="a" * 101), -201),
    ("a title that is empty", button(title=""), -201),
    ("a title that is decomposed", button(title=unicodedata.normalize("NFD", "ế")), -201),
    ("a payload that is too long", button(payload="a" * 1001), -201),
    ("a payload that is empty", button(payload=""), -201),
    ("a payload that is an object", button(payload={"a": 1}), -201),
    ("a button of no known type", button(type="oa.query.ask"), -201),
    ("a button that calls back", button(type="callback"), -201),
    ("a button with an unknown field", button(callback_data="a"), -201),
    ("a button without a payload", buttoned({"title": "a", "type": "oa.query.show"}), -201),
    ("a button that is a text", buttoned("Có"), -201),
    ("a link that is a text", button(type="oa.open.url", payload="https://example.org"), -201),
    ("a link to nowhere", opening("url", url="tel:113"), -201),
    ("a number to call in words", opening("phone", phone_code="0901 234 567"), -201),
    ("a number to write to alone", opening("sms", phone_code="84901234567"), -201),
    ("a type of template for buttons", templated(template_type="button", buttons=[YES]), -233),
    ("a list", templated(template_type="list", elements=[]), -233),
    ("quick replies", {"text": "a", "quick_replies": []}, -201),
    ("an attachment of another type", {"attachment": {"type": "audio", "payload": {}}}, -201),
    ("two pictures", pictured(PHOTO, PHOTO), -201),
    ("no picture", templated(template_type="media", elements=[]), -201),
    ("a picture twice named", pictured({**PHOTO, "attachment_id": "image_1"}), -201),
    ("a picture not named", pictured({"media_type": "image"}), -201),
    ("a picture that was not uploaded", pictured({"media_type": "image", "attachment_id": "x"}), -201),
    ("a picture on this disk", pictured({**PHOTO, "url": "file:///a.jpg"}), -201),
    ("a video", pictured({**PHOTO, "media_type": "video"}), -201),
    ("a moving picture without its size", pictured({**PHOTO, "media_type": "gif"}), -201),
    ("a sticker by its address", pictured({**PHOTO, "media_type": "sticker"}), -201),
    ("a caption that is too long", {**pictured(), "text": "a" * 2001}, -201),
    ("buttons under a picture", templated(template_type="media", elements=[PHOTO], buttons=[YES]), -201),
    ("two questions", asking(CARD, CARD), -201),
    ("a question without a picture", asking({"title": "a", "subtitle": "b"}), -201),
    ("a question whose title is too long", asking({**CARD, "title": "a" * 101}), -201),
    ("a question whose line is too long", asking({**CARD, "subtitle": "a" * 501}), -201),
    ("a question with a text", {**asking(), "text": "a"}, -201),
    ("a file that was not uploaded", {"attachment": {"type": "file", "payload": {"token": "x"}}}, -201),
]  # fmt: skip
SAYS = [
    {"text": "ế" * 2000},
    {"text": "🌾" * 2000},
    buttoned(YES, SHOWN, OPENS, YES, YES),
    button(title="ế" * 100, payload="a" * 1000),
    button(image_icon="https://cdn.example.org/i.png"),
    opening("phone", phone_code="84901234567"),
    opening("sms", content="hi", phone_code="84901234567"),
    pictured(),
    {**pictured(), "text": "a" * 2000},
    pictured({**PHOTO, "media_type": "gif", "width": 100, "height": 80}),
    asking({**CARD, "title": "a" * 100, "subtitle": "a" * 500}),
]


class TestLimits:
    @pytest.mark.parametrize(("what", "message", "error"), BAD, ids=[one[0] for one in BAD])
    def test_what_breaks_a_rule_is_refused(self, zalo, what, message, error) -> None:
        """It is refused with Zalo's number, stands in no chat, and is kept for the test."""
        told = cs(zalo, message)
        assert told["error"] == error, what
        assert zalo.chat(LAN) == []
        assert [one["error"] for one in zalo.refusals()] == [error]

    @pytest.mark.parametrize("message", SAYS)
    def test_what_is_just_within_is_taken(self, zalo, message) -> None:
        """What is exactly as long as allowed stands in her chat."""
        told = good(cs(zalo, message))
        assert told["user_id"] == oa_user(LAN)
        assert told["sent_time"].isdigit()
        assert zalo.chat(LAN)[0]["message_id"] == told["message_id"]
        assert zalo.refusals() == []

    @pytest.mark.parametrize(
        "body",
        [
            None,
            [],
            {"message": {"text": "a"}},
            {"recipient": {"user_id": oa_user(LAN)}},
            {"recipient": {"user_id": int(oa_user(LAN))}, "message": {"text": "a"}},
            {"recipient": {"phone": "84901234567"}, "message": {"text": "a"}},
            {"recipient": {"user_id": oa_user(99)}, "message": {"text": "a"}},
            {"recipient": {"user_id": oa_user(LAN)}, "message": {"text": "a"}, "tag": "x"},
        ],
    )
    def test_a_wrong_body(self, zalo, body) -> None:
        """A body without its parts, with more, or for somebody unknown, is -201."""
        url = f"{zalo.url}/v3.0/oa/message/cs"
        token = {"access_token": zalo.tokens()["access_token"]}
        assert httpx.post(url, json=body, headers=token).json()["error"] == -201

    def test_the_body_is_json_and_says_so(self, zalo) -> None:
        """A form, or JSON that does not say what it is, is -201."""
        body = f'{{"recipient":{{"user_id":"{oa_user(LAN)}"}},"message":{{"text":"a"}}}}'
        url = f"{zalo.url}/v3.0/oa/message/cs"
        token = {"access_token": zalo.tokens()["access_token"]}
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            headers = {**token, "content-type": kind}
            assert httpx.post(url, content=body, headers=headers).json()["error"] == -201
        headers = {**token, "content-type": "application/json"}
        good(httpx.post(url, content=body, headers=headers).json())
        half = body.replace('"a"', '"\\ud83d"')
        assert httpx.post(url, content=half, headers=headers).json()["error"] == -201

    def test_a_quote_of_what_was_said(self, zalo) -> None:
        """A message of this chat can be quoted."""
        number = zalo.say(LAN, "chào")["message_id"]
        good(cs(zalo, {"text": "a", "quote_message_id": number}))

    def test_buttons_under_a_picture_can_be_allowed(self, zalo) -> None:
        """Nobody knows of the real one: the fake refuses unless told otherwise."""
        zalo.faults(media_buttons=True)
        good(cs(zalo, templated(template_type="media", elements=[PHOTO], buttons=[YES])))


def bent(chance: random.Random, found: Any) -> Any:
    """The same with one part of it exchanged for something strange."""
    strange = [None, True, -1, 1.5, "", "\x00", [], {}, [[]], {"a": []}, "a" * 5000, ["cs"], "//["]
    if isinstance(found, dict) and found and chance.random() < 0.8:
        name = chance.choice(sorted(found))
        return {**found, name: bent(chance, found[name])}
    if isinstance(found, list) and found and chance.random() < 0.8:
        return [bent(chance, found[0]), *found[1:]]
    return chance.choice(strange)


class TestStrangeBodies:
    def test_nothing_breaks_it(self, zalo) -> None:
        """Whatever a body holds, the answer is a number of Zalo's, and the fake goes on."""
        chance = random.Random(5)
        headers = {"access_token": zalo.tokens()["access_token"]}
        paths = ("/v3.0/oa/message/cs", "/v3.0/oa/message/template", "/v2.0/oa/message")
        with httpx.Client(base_url=zalo.url, headers=headers) as client:
            for _ in range(400):
                message = {**chance.choice(SAYS), "quote_message_id": "a"}
                body = {"recipient": {"user_id": oa_user(LAN)}, "message": message}
                told = client.post(chance.choice(paths), json=bent(chance, body))
                assert told.json()["error"] in (0, -201, -233, -240)
        assert [one for one in zalo.refusals() if one["error"] == 500] == []


class TestOtherPaths:
    @pytest.mark.parametrize(
        ("path", "error"),
        [
            ("/v2.0/oa/message", -240),
            ("/v3.0/oa/message", 404),
            ("/v3.0/oa/message/transaction", 404),
            ("/v3.0/oa/message/promotion", 404),
            ("/v3.0/oa/message/cs/", 404),
            ("/v3.0/oa/getoa", 404),
            ("/", 404),
        ],
    )
    def test_a_wrong_path(self, zalo, path, error) -> None:
        """Version 2 is shut for texts; what was discontinued or never was is no API."""
        body = {"recipient": {"user_id": oa_user(LAN)}, "message": {"text": "a"}}
        told = call(zalo, path, body)
        assert told["error"] == error
        assert error != 404 or told["message"] == "empty or invalid API"

    def test_a_wrong_method(self, zalo) -> None:
        """A message is posted, a profile is got."""
        assert call(zalo, "/v3.0/oa/message/cs")["error"] == 404
        assert call(zalo, "/v3.0/oa/user/detail", {"user_id": oa_user(LAN)})["error"] == 404

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"authorization": "Bearer AT_first_demo"},
            {"access_token": "Bearer AT_first_demo"},
            {"access_token": "AT_none"},
            {"access_token": "AT_first_demo", "authorization": "Bearer AT_first_demo"},
        ],
    )
    def test_the_token_stands_bare_in_its_own_header(self, zalo, headers) -> None:
        """No token, one behind "Bearer", or an unknown one, is -216 with HTTP 200."""
        told = httpx.get(f"{zalo.url}/v2.0/oa/getoa", headers=headers)
        assert (told.status_code, told.json()["error"]) == (200, -216)
        assert len(zalo.refusals()) == 1

    def test_a_template(self, zalo) -> None:
        """An approved template goes out whole, paid, and outside her window as well."""
        zalo.move_clock(days=20)
        token = refresh(zalo, REFRESH)["access_token"]
        asked = {
            "user_id": oa_user(LAN),
            "template_id": "123456",
            "template_data": {"name": "An"},
        }
        path = "/v3.0/oa/message/template"
        assert set(good(call(zalo, path, asked, token=token))) >= {"message_id", "sent_time"}
        assert zalo.log(call="template")[0]["paid"] is True
        for changed in (
            {"template_id": "1"},
            {"template_id": 123456},
            {"template_data": {}},
            {"template_data": {"name": 5}},
            {"template_data": {"name": "a", "more": "b"}},
            {"tracking_id": "job-1"},
            {"user_id": oa_user(99)},
        ):
            assert call(zalo, path, {**asked, **changed}, token=token)["error"] == -201
        zalo.do("refuse", LAN)
        assert call(zalo, path, asked, token=token)["error"] == -244

    def test_a_reaction(self, zalo) -> None:
        """A reaction to a message that is there goes by the old path, fifty times at most."""
        number = zalo.say(LAN, "chào")["message_id"]
        action = {"react_icon": "/-strong", "react_message_id": number}
        asked = {"recipient": {"user_id": oa_user(LAN)}, "sender_action": action}
        for _ in range(50):
            good(call(zalo, "/v2.0/oa/message", asked))
        assert call(zalo, "/v2.0/oa/message", asked)["error"] == -201
        action["react_message_id"] = "none"
        assert call(zalo, "/v2.0/oa/message", asked)["error"] == -201
