"""What goes wrong on purpose goes wrong as it does at the real server, and is counted."""

import json
import time
from http.client import BadStatusLine

import httpx
import pytest
from fakes.hook import KEYS, LAN, good, refused, until


class TestFaults:
    def test_a_429_and_who_does_not_wait(self, telegram) -> None:
        """A send before the time is over is counted, one on the wire is apart, a later one is right."""
        telegram.faults(**{"429": {"next": 1, "retry_after": 1}}, grace_ms=100)
        answer = httpx.post(
            f"{telegram.url}/bot{telegram.token}/sendMessage", data={"chat_id": LAN, "text": "a"}
        )
        assert answer.status_code == 429
        assert answer.json()["parameters"] == {"retry_after": 1}
        assert answer.headers["retry-after"] == "1"
        assert refused(telegram, "sendMessage", chat_id=LAN, text="b")[0] == 429
        time.sleep(0.2)
        assert refused(telegram, "sendMessage", chat_id=LAN, text="c")[0] == 429
        until(lambda: telegram.call("getMe")[0] == 200, "getMe")
        last = [one for one in telegram.log() if one["method"] == "sendMessage"]
        ends = max(one["answered_at"] for one in last) + 1
        time.sleep(max(0, ends - time.monotonic()))
        good(telegram, "sendMessage", chat_id=LAN, text="d")
        floods = [one["flood"] for one in telegram.log() if one["method"] == "sendMessage"]
        assert floods == [None, "in_flight", "early", None]
        counted = telegram.stats()
        assert (counted["early_after_429"], counted["in_flight_at_429"]) == (1, 1)
        assert (counted["accepted"], counted["answered_429"]) == (1, 3)

    def test_a_429_for_one_chat(self, telegram) -> None:
        """A 429 of one chat lets others through, yet counts them, apart, as too early."""
        telegram.crowd(1, 2)
        only = {"next": 1, "retry_after": 5, "scope": "chat"}
        telegram.faults(**{"429": only}, grace_ms=0)
        assert refused(telegram, "sendMessage", chat_id=1, text="a")[0] == 429
        good(telegram, "sendMessage", chat_id=2, text="a")
        counted = telegram.stats()
        assert (counted["early_after_429"], counted["early_in_scope"]) == (1, 0)

    @pytest.mark.parametrize("kind", ["bucket", "window"])
    def test_a_limit_is_kept(self, telegram, kind) -> None:
        """More sends than the hidden rate allows are refused with the time to wait."""
        telegram.crowd(1, 30)
        telegram.faults(limit={"per_second": 10, "kind": kind, "retry_after": 2})
        got = [telegram.call("sendMessage", chat_id=n, text="a")[0] for n in range(1, 15)]
        assert got[:10] == [200] * 10
        assert set(got[11:]) == {429}
        counted = telegram.stats()
        assert counted["over_limit"] == 1
        assert counted["busiest_second"] == counted["accepted"] >= 10

    def test_a_limit_per_chat(self, telegram) -> None:
        """One chat takes a short burst, then one message a second; others are not held up."""
        telegram.crowd(1, 2)
        telegram.faults(limit={"per_second": 1000, "chat_seconds": 1, "chat_burst": 2})
        got = [telegram.call("sendMessage", chat_id=1, text="a")[0] for _ in range(3)]
        assert got == [200, 200, 429]
        good(telegram, "sendMessage", chat_id=2, text="a")

    def test_a_limit_that_only_counts(self, telegram) -> None:
        """A limit that is not enforced counts what exceeds it."""
        telegram.faults(limit={"per_second": 2, "kind": "window", "enforce": False})
        for n in range(4):
            good(telegram, "sendMessage", chat_id=LAN, text=str(n))
        assert telegram.stats()["over_limit"] == 2
        assert telegram.stats()["duplicates_sent"] == 0

    @pytest.mark.parametrize(
        ("fault", "status", "words"),
        [
            ({"403": {"chats": [LAN]}}, 403, "Forbidden: bot was blocked by the user"),
            ({"500": 1}, 500, "Internal Server Error"),
            (
                {"500": {"next": 1, "description": "Internal Server Error: restart"}},
                500,
                "restart",
            ),
        ],
    )
    def test_a_refusal_on_purpose(self, telegram, fault, status, words) -> None:
        """A switched on refusal is answered, for sends alone, and nothing is delivered."""
        telegram.faults(**fault)
        said = refused(telegram, "sendMessage", chat_id=LAN, text="a")
        assert (said[0], words in said[1]) == (status, True)
        good(telegram, "getMe")
        assert telegram.chat(LAN) == []
        telegram.no_faults()
        good(telegram, "sendMessage", chat_id=LAN, text="a")

    def test_a_proxy_answers_in_html(self, telegram) -> None:
        """A 502 comes as a page, not as JSON."""
        telegram.faults(html_502={"next": 1, "methods": ["getMe"]})
        answer = httpx.post(f"{telegram.url}/bot{telegram.token}/getMe")
        assert answer.status_code == 502
        assert answer.headers["content-type"] == "text/html"

    @pytest.mark.parametrize(("fault", "delivered"), [("reset_before", 0), ("reset_after", 1)])
    def test_a_reset(self, telegram, fault, delivered) -> None:
        """The connection breaks off: before the message counted, or after it was delivered."""
        telegram.faults(**{fault: {"next": 1}})
        with pytest.raises((ConnectionResetError, BadStatusLine)):
            telegram.call("sendMessage", chat_id=LAN, text="a")
        assert len(telegram.chat(LAN)) == delivered
        last = telegram.log()[-1]
        assert (last["outcome"], last["status"]) == (fault, None)

    def test_no_answer_at_all(self, telegram) -> None:
        """A hung call is not delivered and never answered."""
        telegram.faults(hang={"next": 1})
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{telegram.url}/bot{telegram.token}/sendMessage",
                data={"chat_id": LAN, "text": "a"},
                timeout=0.2,
            )
        assert telegram.chat(LAN) == []

    def test_latency(self, telegram) -> None:
        """An answer takes as long as it is told to."""
        telegram.faults(latency_ms=[100, 120])
        began = time.monotonic()
        good(telegram, "getMe")
        assert 0.095 < time.monotonic() - began < 1

    def test_a_late_answer_to_a_tap(self, telegram) -> None:
        """AnswerCallbackQuery too late is a 400."""
        telegram.faults(callbacks_too_old=True)
        query = telegram.tap(LAN, "x")["callback_query_id"]
        said = refused(telegram, "answerCallbackQuery", callback_query_id=query)
        assert said[1].startswith("Bad Request: query is too old")

    def test_the_log_tells_everything_but_the_words(self, telegram) -> None:
        """Each arrival has its place, time, method, chat and outcome, and no text."""
        good(telegram, "getMe")
        good(telegram, "sendMessage", chat_id=LAN, text="bí mật", reply_markup=KEYS)
        good(telegram, "sendMessage", chat_id=LAN, text="bí mật")
        telegram.call("sendMessage", chat_id=99, text="a")
        first, second, third, fourth = telegram.log()
        assert [one["seq"] for one in (first, second, third, fourth)] == [1, 2, 3, 4]
        assert second["at"] <= second["answered_at"] <= time.monotonic()
        assert (second["method"], second["chat"], second["status"]) == ("sendMessage", LAN, 200)
        assert second["names"] == ["chat_id", "text", "reply_markup"]
        assert second["hash"] == third["hash"] != fourth["hash"]
        assert (fourth["status"], fourth["outcome"]) == (400, "refused")
        assert "mật" not in json.dumps(telegram.log(), ensure_ascii=False)
        assert [one["seq"] for one in telegram.log(after=3)] == [4]
        assert telegram.stats()["duplicates_sent"] == 1
