"""The Bot Platform: one update at a time, its secret, its plan, and what it has not."""

import threading

import httpx
import pytest
from fakes.zalo_calls import LAN, TUNG, bot_call, bot_good, bot_says
from fakes.zalo_client import BOT_SECRET, BOT_TOKEN, bot_user

HERE = bot_user(LAN)
BAD = [
    ("sendMessage", {"chat_id": HERE}),
    ("sendMessage", {"chat_id": HERE, "text": ""}),
    ("sendMessage", {"chat_id": HERE, "text": "a" * 2001}),
    ("sendMessage", {"chat_id": HERE, "text": 5}),
    ("sendMessage", {"chat_id": 5, "text": "a"}),
    ("sendMessage", {"chat_id": bot_user(99), "text": "a"}),
    ("sendMessage", {"chat_id": HERE, "text": "a", "reply_markup": {}}),
    ("sendMessage", {"chat_id": HERE, "text": "a", "parse_mode": "MarkdownV2"}),
    ("sendMessage", {"chat_id": HERE, "text": "a", "text_styles": [{"start": 0, "len": 2, "st": ["b"]}]}),
    ("sendMessage", {"chat_id": HERE, "text": "a", "text_styles": [{"start": 0, "len": 1, "st": ["x"]}]}),
    ("sendMessage", {"chat_id": HERE, "text": "a", "text_styles": {}}),
    ("sendPhoto", {"chat_id": HERE}),
    ("sendPhoto", {"chat_id": HERE, "photo": "http://cdn.example.org/a.jpg"}),
    ("sendPhoto", {"chat_id": HERE, "photo": "AgAC123"}),
    ("sendPhoto", {"chat_id": HERE, "photo": "https://cdn.example.org/a.jpg", "caption": "a" * 2001}),
    ("sendSticker", {"chat_id": HERE}),
    ("sendVoice", {"chat_id": HERE, "voice_url": "https://cdn.example.org/a.mp3"}),
    ("sendChatAction", {"chat_id": HERE, "action": "upload_photo"}),
    ("setWebhook", {"url": "http://127.0.0.1:1/"}),
    ("setWebhook", {"url": "http://127.0.0.1:1/", "secret_token": "short"}),
    ("setWebhook", {"url": "http://127.0.0.1:1/", "secret_token": "a" * 257}),
    ("setWebhook", {"url": "http://ketdoan.example/", "secret_token": BOT_SECRET}),
    ("setWebhook", {"url": "", "secret_token": BOT_SECRET}),
    ("getUpdates", {"offset": 5}),
    ("getUpdates", {"timeout": "soon"}),
    ("getMe", {"more": 1}),
]  # fmt: skip


def hooked(zalo, hook) -> None:
    url = hook.url.replace("/zalo", "/zalo-bot")
    told = bot_good(bot_call(zalo, "setWebhook", url=url, secret_token=BOT_SECRET))
    assert told["url"] == url


class TestMethods:
    @pytest.mark.parametrize(("method", "given"), BAD)
    def test_a_wrong_call(self, zalo, method, given) -> None:
        """A call that breaks a rule is 400 in the answer, says why, and is kept."""
        told = bot_call(zalo, method, **given)
        assert (told["ok"], told["error_code"]) == (False, 400)
        assert told["description"].startswith("Bad Request: ")
        assert [one["call"] for one in zalo.refusals()] == [method]
        assert zalo.bot.chat(LAN) == []

    @pytest.mark.parametrize(
        "method", ["sendTemplate", "editMessageText", "getUserProfile", "sendmessage", ""]
    )
    def test_what_is_not_there(self, zalo, method) -> None:
        """A method that does not exist is 404, a wrong token 401."""
        assert bot_call(zalo, method)["error_code"] == 404
        assert bot_call(zalo, "getMe", token="1:none")["error_code"] == 401

    def test_what_goes_out(self, zalo) -> None:
        """Texts up to 2,000 characters, pictures by address, stickers, voice, typing."""
        told = bot_good(bot_says(zalo, "ế" * 2000))
        assert len(told["message_id"]) == 20
        assert isinstance(told["date"], int)
        styles = [{"start": 0, "len": 2, "st": ["b", "c_db342e"]}]
        bot_good(bot_says(zalo, "🌾", text_styles=styles))
        bot_good(bot_says(zalo, "*a*", parse_mode="markdown"))
        photo = {"photo": "https://cdn.example.org/a.jpg", "caption": "a" * 2000}
        bot_good(bot_call(zalo, "sendPhoto", chat_id=HERE, **photo))
        bot_good(bot_call(zalo, "sendSticker", chat_id=HERE, sticker="bfe458bf"))
        voice = {"voice_url": "https://cdn.example.org/a.aac"}
        bot_good(bot_call(zalo, "sendVoice", chat_id=HERE, **voice))
        assert bot_call(zalo, "sendChatAction", chat_id=HERE, action="typing") == {"ok": True}
        kinds = [one["kind"] for one in zalo.bot.chat(LAN)]
        assert kinds == ["text", "text", "text", "image", "sticker", "voice"]
        assert bot_good(bot_call(zalo, "getMe"))["account_name"].startswith("Bot")
        assert zalo.refusals() == []

    def test_forms_and_queries_are_taken(self, zalo) -> None:
        """A call means the same as a form and in the address; a mere text is none."""
        address = f"{zalo.url}/bot{BOT_TOKEN}/sendMessage"
        given = {"chat_id": HERE, "text": "a"}
        bot_good(httpx.post(address, data=given).json())
        bot_good(httpx.get(address, params=given).json())
        assert httpx.post(address, content=b"a").json()["error_code"] == 400

    def test_the_status_of_http(self, zalo) -> None:
        """It is 200 whatever the answer says, or the same number, as the fake is told."""
        address = f"{zalo.url}/bot{BOT_TOKEN}/sendMessage"
        assert httpx.post(address, json={}).status_code == 200
        zalo.faults(bot_status="same")
        assert httpx.post(address, json={}).status_code == 400

    def test_nothing_breaks_it(self, zalo) -> None:
        """Whatever stands in a field, the answer is a number, and the fake goes on."""
        strange = [None, True, -1, 1.5, "", "\x00", [], {}, [[]], [{}], "//[", "http://[", "a:b"]
        whole = {
            "sendMessage": {"chat_id": HERE, "text": "a", "text_styles": []},
            "sendPhoto": {"chat_id": HERE, "photo": "https://cdn.example.org/a.jpg"},
            "setWebhook": {"url": "http://127.0.0.1:1/", "secret_token": BOT_SECRET},
            "getUpdates": {"timeout": "0"},
        }
        for method, given in whole.items():
            for name in given:
                for value in strange:
                    told = bot_call(zalo, method, **{**given, name: value})
                    assert told["ok"] or told["error_code"] in (400, 408)
            bot_call(zalo, "deleteWebhook")
        assert {one["error"] for one in zalo.refusals()} == {-201}


class TestPolling:
    def test_one_update_at_a_time(self, zalo) -> None:
        """The oldest comes alone, as an object, once; then 408, which is no refusal."""
        zalo.bot.say(LAN, "a")
        zalo.bot.say(LAN, "b")
        first = bot_good(bot_call(zalo, "getUpdates", timeout="0"))
        assert first["event_name"] == "message.text.received"
        assert first["message"]["text"] == "a"
        assert first["message"]["from"]["id"] == first["message"]["chat"]["id"] == HERE
        assert len(HERE) == 20
        assert bot_good(bot_call(zalo, "getUpdates", timeout=0))["message"]["text"] == "b"
        assert bot_call(zalo, "getUpdates", timeout="0")["error_code"] == 408
        assert zalo.refusals() == []

    def test_it_waits(self, zalo) -> None:
        """A call waits for what comes."""
        threading.Timer(0.2, zalo.bot.say, (LAN, "a")).start()
        assert bot_good(bot_call(zalo, "getUpdates", timeout="5"))["message"]["text"] == "a"

    def test_who_hangs_up_takes_nothing(self, zalo) -> None:
        """An update that nobody waits for any more stays."""
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{zalo.url}/bot{BOT_TOKEN}/getUpdates", json={}, timeout=0.2)
        zalo.bot.say(LAN, "a")
        assert bot_good(bot_call(zalo, "getUpdates", timeout="1"))["message"]["text"] == "a"

    def test_not_beside_a_webhook(self, zalo, hook) -> None:
        """While a webhook is set, fetching is refused; after deleteWebhook it works."""
        hooked(zalo, hook)
        assert bot_call(zalo, "getUpdates", timeout="0")["error_code"] == 400
        assert bot_good(bot_call(zalo, "getWebhookInfo"))["url"]
        assert bot_good(bot_call(zalo, "deleteWebhook"))["url"] == ""
        assert bot_call(zalo, "getUpdates", timeout="0")["error_code"] == 408


class TestWebhook:
    @pytest.mark.parametrize("wrapper", [True, False])
    def test_with_and_without_a_wrapper(self, zalo, hook, wrapper) -> None:
        """The secret stands in the header; ok and result stand around the update, or not."""
        hooked(zalo, hook)
        zalo.faults(wrapper=wrapper)
        zalo.bot.say(LAN, "a")
        zalo.wait_taken()
        (heard,) = hook.heard
        assert heard["headers"]["x-bot-api-secret-token"] == BOT_SECRET
        assert "x-zevent-signature" not in heard["headers"]
        assert ("result" in heard["event"]) is wrapper
        update = heard["event"].get("result", heard["event"])
        assert update["message"]["text"] == "a"

    @pytest.mark.parametrize(
        ("kind", "fields"),
        [
            ("image", {"photo_url", "caption"}),
            ("sticker", {"sticker", "url"}),
            ("voice", {"voice_url"}),
            ("unsupported", set()),
        ],
    )
    def test_other_kinds(self, zalo, hook, kind, fields) -> None:
        """Pictures, stickers and voices have their fields, what is unsupported has none."""
        hooked(zalo, hook)
        zalo.bot.send(LAN, kind, **({"caption": "a"} if kind == "image" else {}))
        zalo.wait_taken()
        update = hook.heard[0]["event"]["result"]
        assert update["event_name"] == f"message.{kind}.received"
        common = {"from", "chat", "message_id", "date"}
        assert set(update["message"]) == common | fields

    def test_a_picture_in_the_other_field(self, zalo, hook) -> None:
        """Readers disagree: it is `photo`, when told."""
        hooked(zalo, hook)
        zalo.faults(photo_field="photo", wrapper="mixed")
        zalo.bot.send(LAN, "image")
        zalo.bot.raw({"event_name": "message.link.received"})
        zalo.wait_taken()
        found = [one["event"].get("result", one["event"]) for one in hook.heard]
        assert any("photo" in one.get("message", {}) for one in found)
        assert any(one["event_name"] == "message.link.received" for one in found)

    def test_it_comes_again(self, zalo, hook) -> None:
        """What the webhook does not take comes again, and never switches it off."""
        hooked(zalo, hook)
        hook.answer = lambda heard: 500 if len(hook.heard) < 3 else 200
        zalo.bot.say(LAN, "a")
        zalo.wait_taken()
        assert len(hook.heard) == 3

    def test_groups(self, zalo, hook) -> None:
        """In a group a bot hears what mentions it, and answers the group, not the person."""
        hooked(zalo, hook)
        place = "a" * 20
        asked = {"group": place, "user": HERE, "text": "chào"}
        zalo.bot.do("group", **asked, mentions=False)
        zalo.bot.do("group", **asked)
        zalo.wait_taken()
        (heard,) = hook.heard
        message = heard["event"]["result"]["message"]
        assert message["chat"] == {"id": place, "chat_type": "GROUP"}
        assert message["from"]["id"] == HERE
        bot_good(bot_says(zalo, "a", place))
        voice = {"voice_url": "https://cdn.example.org/a.aac"}
        assert bot_call(zalo, "sendVoice", chat_id=place, **voice)["error_code"] == 400


class TestPlan:
    def test_so_many_people(self, zalo) -> None:
        """Who is one too many for the plan can not be answered: 429."""
        zalo.faults(plan={"users": 1})
        zalo.bot.say(TUNG, "a")
        assert bot_says(zalo, "a", TUNG)["error_code"] == 429
        bot_good(bot_says(zalo, "a"))
        assert [one["error"] for one in zalo.refusals()] == [429]

    def test_so_many_messages_a_month(self, zalo) -> None:
        """After them it is 429 until the month is over."""
        zalo.faults(plan={"messages": 2})
        got = [bot_says(zalo, str(n)).get("error_code") for n in range(3)]
        assert got == [None, None, 429]
        zalo.move_clock(days=31)
        bot_good(bot_says(zalo, "a"))

    def test_so_many_groups(self, zalo) -> None:
        """The plan counts groups too."""
        zalo.faults(plan={"groups": 1})
        for place in ("a" * 20, "b" * 20):
            zalo.bot.do("group", group=place, user=HERE, text="a")
        bot_good(bot_says(zalo, "a", "a" * 20))
        assert bot_says(zalo, "a", "b" * 20)["error_code"] == 429
