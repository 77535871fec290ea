"""Updates reach a webhook as from the real server: in order, again, until they are taken."""

import itertools
import json
import threading
import time
from typing import Any

import pytest
from fakes.client import FakeTelegram
from fakes.hook import LAN, Hook, good


def hooked(telegram: FakeTelegram, hook: Hook, **more: Any) -> None:
    good(telegram, "setWebhook", url=hook.url, **more)


class TestWebhook:
    def test_the_secret_comes_along(self, telegram, hook) -> None:
        """Each delivery bears the secret in its header and the update as JSON."""
        hooked(telegram, hook, secret_token="Bi-mat_1")
        telegram.say(LAN, "chào")
        telegram.wait_taken()
        headers = hook.heard[0]["headers"]
        assert headers["X-Telegram-Bot-Api-Secret-Token"] == "Bi-mat_1"
        assert headers["Content-Type"] == "application/json"
        assert hook.texts() == ["chào"]

    def test_what_came_before_is_delivered(self, telegram, hook) -> None:
        """Updates that waited go to a new webhook, unless they are to be dropped."""
        telegram.say(LAN, "a")
        hooked(telegram, hook)
        telegram.wait_taken()
        assert hook.texts() == ["a"]
        telegram.faults(hold=True)
        telegram.say(LAN, "b")
        good(telegram, "deleteWebhook", drop_pending_updates=True)
        assert telegram.stats()["pending"] == 0

    def test_one_person_in_order_many_at_once(self, telegram, hook) -> None:
        """Messages of one chat wait for each other; those of different chats go side by side."""
        hooked(telegram, hook)
        telegram.say(LAN, "first")
        telegram.wait_taken()
        arrived = threading.Barrier(5, timeout=10)

        def together(update: dict[str, Any]) -> int:
            if update["message"]["text"] == "0":
                arrived.wait()
            return 200

        hook.answer = together
        for turn in range(5):
            for chat in range(1, 6):
                telegram.say(chat, str(turn))
        telegram.wait_taken()
        for chat in range(1, 6):
            said = [
                one["update"]["message"]["text"]
                for one in hook.heard
                if one["update"]["message"]["from"]["id"] == chat
            ]
            assert said == ["0", "1", "2", "3", "4"]

    def test_a_tap_overtakes_a_message(self, telegram, hook) -> None:
        """A callback of the same person does not wait for her message: they are two queues."""
        hooked(telegram, hook)
        telegram.say(LAN, "first")
        telegram.wait_taken()
        tapped = threading.Event()

        def slow(update: dict[str, Any]) -> int:
            if "callback_query" in update:
                tapped.set()
            else:
                assert tapped.wait(10)
            return 200

        hook.answer = slow
        telegram.say(LAN, "a")
        telegram.tap(LAN, "x")
        telegram.wait_taken()
        assert tapped.is_set()

    def test_no_more_connections_than_allowed(self, telegram, hook) -> None:
        """max_connections bounds what is under way at once."""
        hooked(telegram, hook, max_connections=2)
        hook.answer = lambda update: time.sleep(0.02) or 200
        for chat in range(1, 21):
            telegram.say(chat, "a")
        telegram.wait_taken()
        assert hook.busiest == 2
        assert len(hook.heard) == 20

    @pytest.mark.parametrize("how", [500, 302, 404, "cut"])
    def test_a_refused_update_comes_again(self, telegram, hook, how) -> None:
        """Anything but 2xx brings the same update again, before the next of its chat."""
        hooked(telegram, hook)
        hook.answer = lambda update: how if len(hook.heard) < 4 else 200
        first = telegram.say(LAN, "a")["update_id"]
        second = telegram.say(LAN, "b")["update_id"]
        telegram.wait_taken()
        assert hook.ids() == [first] * 4 + [second]
        counted = telegram.stats()["webhook"]
        assert (counted["redelivered"], counted["accepted"]) == (3, 2)
        assert good(telegram, "getWebhookInfo")["last_error_message"]

    def test_the_waits_grow(self, telegram, hook) -> None:
        """It tries again at once, then after 2, 4 and 8 s, here a hundred times as fast."""
        hooked(telegram, hook)
        hook.answer = lambda update: 500 if len(hook.heard) < 6 else 200
        telegram.say(LAN, "a")
        telegram.wait_taken()
        times = [one["at"] for one in hook.heard]
        waits = [later - before for before, later in itertools.pairwise(times)]
        for wait, least in zip(waits[1:], (0.02, 0.04, 0.08, 0.16), strict=True):
            assert least * 0.9 < wait < least + 0.3

    def test_retry_after_is_honoured(self, telegram, hook) -> None:
        """A webhook that asks for time gets it."""
        hooked(telegram, hook)
        asks = (503, {"Retry-After": "30"}, b"")
        hook.answer = lambda update: asks if len(hook.heard) == 1 else 200
        telegram.say(LAN, "a")
        telegram.wait_taken()
        assert 0.27 < hook.heard[1]["at"] - hook.heard[0]["at"] < 2

    def test_nobody_listens_for_a_while(self, telegram, hook) -> None:
        """Updates survive a webhook that is not there, and getWebhookInfo says what was wrong."""
        hook.server_close()
        hook.shutdown()
        hooked(telegram, hook)
        telegram.say(LAN, "a")
        telegram.wait_until(lambda stats: stats["webhook"]["broken"] >= 2)
        told = good(telegram, "getWebhookInfo")
        assert (told["pending_update_count"], told["last_error_message"]) == (
            1,
            "Connection refused",
        )

    def test_expired_updates_stay_away(self, telegram, hook) -> None:
        """An update whose time runs out between two attempts is dropped, and the next one goes."""
        telegram.faults(expiry={"callback": 0.1})
        hooked(telegram, hook)
        hook.answer = lambda update: 500 if "callback_query" in update else 200
        telegram.tap(LAN, "x")
        telegram.wait_until(lambda stats: stats["webhook"]["expired"] == 1)
        telegram.say(LAN, "b")
        telegram.wait_taken()
        assert "message" in hook.heard[-1]["update"]

    def test_a_wait_longer_than_its_life(self, telegram, hook) -> None:
        """An update that could only go after its time is dropped at once and holds up nothing."""
        telegram.faults(expiry={"callback": 1})
        hooked(telegram, hook)
        later = (503, {"Retry-After": "3600"}, b"")
        hook.answer = lambda update: later if len(hook.heard) == 1 else 200
        telegram.tap(LAN, "x")
        telegram.tap(LAN, "y")
        telegram.wait_taken()
        assert [one["update"]["callback_query"]["data"] for one in hook.heard] == ["x", "y"]
        assert telegram.stats()["webhook"]["expired"] == 1

    def test_gone_for_good(self, telegram, hook) -> None:
        """410 for as long as 23 hours removes the webhook."""
        telegram.faults(gone_after=0.1)
        hooked(telegram, hook)
        hook.answer = lambda update: 410
        telegram.say(LAN, "a")
        telegram.wait_until(lambda stats: stats["webhook"]["removed"] == 1)
        assert good(telegram, "getWebhookInfo")["url"] == ""

    def test_a_method_in_the_answer(self, telegram, hook) -> None:
        """A method in a webhook's answer is executed, one that reads or sets webhooks is not."""
        hooked(telegram, hook)
        said = [
            {"method": "sendMessage", "chat_id": LAN, "text": "trả lời"},
            {"method": "deleteWebhook"},
            {"method": "sendMessage", "chat_id": LAN, "txt": "sai"},
        ]
        form = {"Content-Type": "application/json"}
        hook.answer = lambda update: (200, form, json.dumps(said[len(hook.heard) - 1]).encode())
        for text in "abc":
            telegram.say(LAN, text)
        telegram.wait_taken()
        telegram.wait_until(lambda stats: stats["methods"].get("sendMessage") == 2)
        assert [one["text"] for one in telegram.chat(LAN) if one["from_bot"]] == ["trả lời"]
        assert [one["outcome"] for one in telegram.log() if one["in_answer"]] == [
            "accepted",
            "refused",
        ]
        assert good(telegram, "getWebhookInfo")["url"]

    def test_duplicates_and_lost_answers(self, telegram, hook) -> None:
        """Accepted updates come again, and those whose answer was lost; none is left out."""
        telegram.faults(duplicate=0.5, lose_answer=0.3, reorder=0.3)
        hooked(telegram, hook)
        ids = [telegram.say(1 + n % 7, str(n))["update_id"] for n in range(60)]
        telegram.wait_taken(20)
        counted = telegram.stats()["webhook"]
        assert set(hook.ids()) == set(ids)
        assert len(hook.ids()) > len(ids) + 20
        assert counted["duplicates"] > 10
        assert counted["broken"] > 5

    def test_reordered_across_people_never_within(self, telegram, hook) -> None:
        """Some updates are overtaken by those of other people, none by one of the same person."""
        telegram.faults(reorder=0.4)
        hooked(telegram, hook, max_connections=1)
        for n in range(60):
            telegram.say(1 + n % 6, str(n))
        telegram.wait_taken(20)
        order = [int(text) for text in hook.texts()]
        assert order != sorted(order)
        for person in range(6):
            hers = [n for n in order if n % 6 == person]
            assert hers == sorted(hers)

    def test_held_back(self, telegram, hook) -> None:
        """While updates are held nothing leaves; then all of it does."""
        hooked(telegram, hook)
        telegram.faults(hold=True)
        telegram.say(LAN, "a")
        time.sleep(0.05)
        assert not hook.heard
        telegram.faults(hold=None)
        telegram.wait_taken()
        assert hook.texts() == ["a"]

    def test_an_address_of_the_world_is_led_here(self, telegram, hook) -> None:
        """A webhook with a public address is delivered to this machine once it is routed."""
        telegram.route("https://ketdoan.example", hook.url.removesuffix("/telegram"))
        good(telegram, "setWebhook", url="https://ketdoan.example/telegram")
        telegram.say(LAN, "a")
        telegram.wait_taken()
        assert hook.heard[0]["headers"]["Host"] == "ketdoan.example"

    def test_setting_it_twice_in_a_second_is_too_much(self, telegram, hook) -> None:
        """A second setWebhook within a second is a 429, even with the same address."""
        hooked(telegram, hook)
        status, told = telegram.call("setWebhook", url=hook.url)
        assert (status, told["parameters"]) == (429, {"retry_after": 1})

    def test_setting_it_again_disturbs_nothing(self, telegram, hook) -> None:
        """Another process that sets the same webhook, a second later, interrupts no delivery."""
        hooked(telegram, hook)
        again = threading.Event()
        hook.answer = lambda update: again.wait(10) and 200
        telegram.say(LAN, "a")
        hook.wait(1)
        time.sleep(1.05)
        hooked(telegram, hook)
        again.set()
        telegram.wait_taken()
        assert hook.texts() == ["a"]

    def test_hurrying(self, telegram, hook) -> None:
        """Waiting updates leave at once when a test asks for it."""
        hooked(telegram, hook)
        asks = (503, {"Retry-After": "3600"}, b"")
        hook.answer = lambda update: asks if len(hook.heard) == 1 else 200
        telegram.say(LAN, "a")
        telegram.wait_until(lambda stats: stats["webhook"]["refused"] == 1)
        telegram.retry()
        telegram.wait_taken()
        assert hook.texts() == ["a", "a"]
