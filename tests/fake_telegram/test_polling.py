"""Long polling as the real server does it: waits, confirms, and one poll at a time."""

import threading
import time
from typing import Any

from fakes.hook import LAN, good, refused, until


class TestPolling:
    def test_an_offset_confirms(self, telegram) -> None:
        """Updates come again until a higher offset is asked for, in order, at most `limit`."""
        ids = [telegram.say(LAN, text)["update_id"] for text in "abc"]
        assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
        told = good(telegram, "getUpdates", limit=2)
        assert [one["update_id"] for one in told] == ids[:2]
        told = good(telegram, "getUpdates", offset=ids[1])
        assert [one["message"]["text"] for one in told] == ["b", "c"]
        assert good(telegram, "getUpdates", offset=ids[2] + 1) == []
        assert telegram.stats()["pending"] == 0

    def test_a_negative_offset_keeps_the_last(self, telegram) -> None:
        """getUpdates(-1) forgets all but the newest update."""
        for text in "abc":
            telegram.say(LAN, text)
        told = good(telegram, "getUpdates", offset=-1)
        assert [one["message"]["text"] for one in told] == ["c"]

    def test_numbers_begin_anew(self, telegram) -> None:
        """After a week of silence numbers may be lower, and the bot's old offset hides none."""
        last = telegram.say(LAN, "a")["update_id"]
        assert good(telegram, "getUpdates", offset=last + 1) == []
        telegram.do("jump", to=1000)
        telegram.say(LAN, "b")
        assert good(telegram, "getUpdates", offset=last + 1)[0]["update_id"] == 1000

    def test_it_waits_for_something(self, telegram) -> None:
        """A long poll answers as soon as something comes, and with nothing when its time is up."""
        began = time.monotonic()
        assert good(telegram, "getUpdates", timeout=1) == []
        assert 0.95 < time.monotonic() - began < 3
        threading.Timer(0.2, telegram.say, (LAN, "đây")).start()
        began = time.monotonic()
        assert good(telegram, "getUpdates", timeout=20, offset=1)[0]["message"]["text"] == "đây"
        assert time.monotonic() - began < 5

    def test_one_at_a_time(self, telegram) -> None:
        """A second getUpdates ends the first with 409, as does setting a webhook."""
        heard: list[Any] = []

        def poll() -> None:
            heard.append(telegram.call("getUpdates", timeout=20))

        for end, words in (
            (lambda: telegram.call("getUpdates", timeout=0, offset=5), "other getUpdates request"),
            (
                lambda: telegram.call("setWebhook", url="http://127.0.0.1:1/"),
                "by setWebhook request",
            ),
        ):
            waiting = threading.Thread(target=poll)
            before = telegram.stats()["polls"]
            waiting.start()
            until(lambda: telegram.stats()["polls"] > before, "a poll")  # noqa: B023
            time.sleep(0.02)
            end()
            waiting.join(10)
            status, told = heard.pop()
            assert status == 409
            assert words in told["description"]

    def test_no_polling_beside_a_webhook(self, telegram) -> None:
        """While a webhook is set getUpdates is a 409; without it it works again."""
        good(telegram, "setWebhook", url="http://127.0.0.1:1/")
        status, said = refused(telegram, "getUpdates")
        assert (status, "use deleteWebhook" in said) == (409, True)
        good(telegram, "deleteWebhook")
        assert good(telegram, "getUpdates") == []

    def test_the_wanted_kinds_are_remembered(self, telegram) -> None:
        """allowed_updates holds until it is said anew; what is not wanted is never kept."""
        good(telegram, "getUpdates", allowed_updates=["callback_query"])
        assert telegram.say(LAN, "a")["update_id"] is None
        telegram.tap(LAN, "x")
        assert list(good(telegram, "getUpdates", offset=1)[0])[1] == "callback_query"
        good(telegram, "getUpdates", allowed_updates=[], offset=2)
        assert telegram.say(LAN, "a")["update_id"]
        assert telegram.raw(message_reaction={"chat": {"id": LAN}})["update_id"] is None

    def test_what_nobody_takes_is_dropped(self, telegram) -> None:
        """An update that outlives its time is gone: a callback sooner than a message."""
        telegram.faults(expiry={"callback": 0.05})
        telegram.say(LAN, "a")
        telegram.tap(LAN, "x")
        time.sleep(0.1)
        assert [list(one)[1] for one in good(telegram, "getUpdates")] == ["message"]
        assert telegram.stats()["webhook"]["expired"] == 1
