"""What an app hears of people: every kind of event, and all its ids as strings."""

from typing import Any

import pytest
from fakes.zalo_calls import LAN, OPENS, SHOWN, YES, asking, buttoned, cs, good, pictured
from fakes.zalo_client import APP_ID, OA_ID, oa_user
from fakes.zaloapi.events import OTHERS

HEAD = {"app_id", "user_id_by_app", "event_name", "timestamp"}
BETWEEN = HEAD | {"sender", "recipient"}
DOES = [
    (lambda zalo: zalo.say(LAN, "chào"), "user_send_text", BETWEEN | {"message"}),
    (lambda zalo: zalo.follow(LAN), "follow", HEAD | {"oa_id", "follower", "source"}),
    (lambda zalo: zalo.unfollow(LAN), "unfollow", HEAD | {"oa_id", "follower", "source"}),
    (lambda zalo: zalo.chatnow(LAN), "user_click_chatnow", HEAD | {"oa_id", "user_id"}),
    (lambda zalo: zalo.withdraw(LAN), "user_withdraw", HEAD | {"oa_id", "user_id"}),
    (lambda zalo: zalo.withdraw(LAN, shape="sender"), "user_withdraw", BETWEEN),
    (lambda zalo: zalo.withdraw(LAN, shape="follower"), "user_withdraw", HEAD | {"oa_id", "follower"}),
    (lambda zalo: zalo.submit(LAN, "Lan", "0901234567", forged=True), "user_submit_info", BETWEEN | {"info"}),
    (lambda zalo: zalo.do("see", LAN), "user_seen_message", BETWEEN | {"message"}),
    (lambda zalo: zalo.do("react", LAN), "user_reacted_message", BETWEEN | {"message"}),
    (lambda zalo: zalo.do("staff", LAN, text="a"), "oa_send_text", BETWEEN | {"message", "admin_id"}),
    *((lambda zalo, kind=kind: zalo.send(LAN, kind), f"user_send_{kind}", BETWEEN | {"message"})
      for kind in ["image", "gif", "video", "audio", "link", "sticker", "file", "location", "business_card"]),
]  # fmt: skip


def leaves(found: Any) -> list[Any]:
    """Every value that is no list and no object."""
    if isinstance(found, dict):
        return [leaf for one in found.values() for leaf in leaves(one)]
    if isinstance(found, list):
        return [leaf for one in found for leaf in leaves(one)]
    return [found]


class TestKinds:
    @pytest.mark.parametrize(("doing", "name", "fields"), DOES)
    def test_what_somebody_does_is_heard(self, zalo, hook, doing, name, fields) -> None:
        """The event has the fields of its kind and no others; every value is a string."""
        good(cs(zalo, {"text": "a"}))
        zalo.connect(hook.url)
        doing(zalo)
        zalo.wait_taken()
        event = hook.heard[0]["event"]
        assert event["event_name"] == name
        assert set(event) == fields
        assert all(isinstance(leaf, str) for leaf in leaves(event))
        assert (event["app_id"], len(event["timestamp"])) == (APP_ID, 13)
        assert oa_user(LAN) in leaves(event)
        assert event["user_id_by_app"] != oa_user(LAN)

    def test_ids_of_messages(self, zalo, hook) -> None:
        """A message's id is twenty hexadecimals, and no two are the same."""
        zalo.connect(hook.url)
        for _ in range(5):
            zalo.say(LAN, "a")
        zalo.wait_taken()
        found = [one["message"]["msg_id"] for one in hook.events("user_send_text")]
        assert len(set(found)) == 5
        assert all(len(one) == 20 and set(one) <= set("0123456789abcdef") for one in found)

    def test_an_old_event(self, zalo, hook) -> None:
        """An event may be about what happened a day ago."""
        zalo.connect(hook.url)
        zalo.say(LAN, "a", ago=86_400)
        zalo.say(LAN, "b")
        zalo.wait_taken()
        old, new = (int(one["timestamp"]) for one in hook.events())
        assert 86_399_000 < new - old < 86_500_000

    def test_anything_at_all(self, zalo, hook) -> None:
        """An event as the test wrote it is signed and delivered like any other."""
        zalo.connect(hook.url)
        zalo.raw({"event_name": "user_dances", "timestamp": 5})
        zalo.wait_taken()
        assert hook.heard[0]["event"] == {"event_name": "user_dances", "timestamp": 5}
        assert "x-zevent-signature" in hook.heard[0]["headers"]

    @pytest.mark.parametrize("name", sorted(OTHERS))
    def test_what_is_of_no_use(self, zalo, hook, name) -> None:
        """Tags, consents, groups and visitors of a web page are heard of as well."""
        zalo.connect(hook.url)
        zalo.do("other", LAN, event=name)
        zalo.wait_taken()
        assert hook.heard[0]["event"]["event_name"] == name


class TestButtons:
    def test_a_press_is_a_text(self, zalo, hook) -> None:
        """A query's payload comes as if it were typed; shown in her chat, or hidden."""
        good(cs(zalo, buttoned(YES, SHOWN, OPENS)))
        zalo.connect(hook.url)
        zalo.press(LAN, YES["title"])
        zalo.press(LAN, SHOWN["title"])
        zalo.say(LAN, SHOWN["payload"])
        assert zalo.press(LAN, OPENS["title"])["opens"] == OPENS["payload"]
        zalo.wait_taken()
        pressed, shown, typed = hook.events()
        assert [one["message"]["text"] for one in (pressed, shown, typed)] == [
            "#c.7Qk2",
            "/help",
            "/help",
        ]
        assert set(pressed["message"]) == set(typed["message"]) == {"text", "msg_id"}
        hers = [one["text"] for one in zalo.chat(LAN) if not one["from_bot"]]
        assert hers == ["/help", "/help"]

    def test_only_what_is_shown_can_be_pressed(self, zalo) -> None:
        """A button that is in no message of her chat is a mistake of the test."""
        with pytest.raises(AssertionError, match="no button"):
            zalo.press(LAN, "Có")
        with pytest.raises(AssertionError, match="nobody asked her"):
            zalo.submit(LAN, "Lan", "84901234567")


class TestShapes:
    @pytest.mark.parametrize("phone", ["84901234567", "0901234567", "901234567", 901234567, ""])
    @pytest.mark.parametrize("shape", ["new", "old"])
    def test_a_number_in_every_shape(self, zalo, hook, phone, shape) -> None:
        """What she shares comes as text or number, in the newer or the older shape."""
        good(cs(zalo, asking()))
        zalo.connect(hook.url)
        zalo.submit(LAN, "Lan", phone, shape=shape)
        zalo.wait_taken()
        found = hook.events("user_submit_info")[0]["info"]
        assert (found["name"], found["phone"]) == ("Lan", phone)
        assert ("full_address" in found) is (shape == "new")

    @pytest.mark.parametrize(
        ("message", "name"),
        [
            ({"text": "a"}, "oa_send_text"),
            (buttoned(YES), "oa_send_text"),
            (pictured(), "oa_send_image"),
            (asking(), "oa_send_list"),
        ],
    )
    def test_echoes(self, zalo, hook, message, name) -> None:
        """What the OA says comes back to the app, unless switched off; no admin_id stands in it."""
        zalo.connect(hook.url)
        told = good(cs(zalo, message))
        zalo.wait_taken()
        (event,) = hook.events()
        assert (event["event_name"], event["message"]["msg_id"]) == (name, told["message_id"])
        assert (event["sender"], event["recipient"]) == ({"id": OA_ID}, {"id": oa_user(LAN)})
        assert "admin_id" not in event
        zalo.faults(echoes=False, receipts=True)
        good(cs(zalo, message))
        zalo.wait_taken()
        assert hook.events()[-1]["event_name"] == "user_received_message"
        assert len(hook.events()) == 2
