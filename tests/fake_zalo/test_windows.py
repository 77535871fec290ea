"""Whom an OA may write to, when it costs, and how fast."""

import pytest
from fakes.zalo_calls import (
    LAN,
    OPENS,
    SHOWN,
    TUNG,
    YES,
    asking,
    buttoned,
    call,
    cs,
    good,
    refresh,
)  # fmt: skip
from fakes.zalo_client import ACCESS, REFRESH


def token(zalo) -> str:
    """A live token, however far the clock was moved."""
    live = zalo.tokens()
    if live["access_works"]:
        return str(live["access_token"])
    return str(refresh(zalo, live["refresh_token"])["access_token"])


def says(zalo, person=LAN) -> int:
    """The number that an ordinary message to her is answered with."""
    return int(cs(zalo, {"text": "a"}, person, token=token(zalo))["error"])


class TestWindow:
    @pytest.mark.parametrize(
        ("hours", "error", "paid"),
        [(0, 0, False), (47.9, 0, False), (48.1, 0, True), (167.9, 0, True), (168.1, -230, False)],
    )
    def test_free_then_paid_then_closed(self, zalo, hours, error, paid) -> None:
        """48 hours are free, until the seventh day it costs, then it is -230."""
        zalo.move_clock(hours=hours)
        assert says(zalo) == error
        last = zalo.log(call="cs")[-1]
        assert (last["paid"], last["error"]) == (paid, error or None)
        assert zalo.stats()["paid"] == paid
        assert [one["paid"] for one in zalo.chat(LAN)] == ([paid] if not error else [])

    @pytest.mark.parametrize(
        "doing",
        [
            lambda zalo: zalo.follow(LAN),
            lambda zalo: zalo.say(LAN, "a"),
            lambda zalo: zalo.send(LAN, "image"),
            lambda zalo: zalo.press(LAN, YES["title"]),
            lambda zalo: zalo.press(LAN, SHOWN["title"]),
            lambda zalo: zalo.chatnow(LAN),
        ],
    )
    def test_what_opens_it_again(self, zalo, doing) -> None:
        """Following, writing, sending, pressing a query and "Nhắn tin" open it."""
        good(cs(zalo, buttoned(YES, SHOWN)))
        zalo.move_clock(days=8)
        assert says(zalo) == -230
        doing(zalo)
        assert says(zalo) == 0
        assert zalo.stats()["paid"] == 0

    @pytest.mark.parametrize(
        "doing",
        [
            lambda zalo: zalo.do("see", LAN),
            lambda zalo: zalo.do("react", LAN),
            lambda zalo: zalo.press(LAN, OPENS["title"]),
            lambda zalo: zalo.do("staff", LAN, text="a"),
            lambda zalo: zalo.submit(LAN, "Lan", "84901234567"),
        ],
    )
    def test_what_does_not(self, zalo, doing) -> None:
        """Reading, a reaction, a link and what staff write leave it closed."""
        good(cs(zalo, buttoned(OPENS)))
        good(cs(zalo, asking()))
        zalo.move_clock(days=8)
        doing(zalo)
        assert says(zalo) == -230

    def test_the_clock_is_set(self, zalo) -> None:
        """A test may say what time it is; windows and events go by it."""
        now = zalo.set_clock(1_795_000_000)
        assert 0 <= now - 1_795_000_000 < 5
        zalo.say(LAN, "a")
        assert zalo.view(LAN)["last_at"] - now < 5
        zalo.set_clock(1_795_000_000 + 49 * 3600)
        assert says(zalo) == 0
        assert zalo.stats()["paid"] == 1

    def test_nobody_is_written_to_first(self, zalo) -> None:
        """Somebody who never did anything here is -201, also when a test looked at her chat."""
        assert says(zalo, TUNG) == -201
        assert zalo.chat(TUNG) == []
        assert says(zalo, TUNG) == -201
        zalo.say(TUNG, "chào")
        assert says(zalo, TUNG) == 0

    def test_who_unfollowed(self, zalo) -> None:
        """She is -213 until she does something again."""
        zalo.unfollow(LAN)
        assert says(zalo) == -213
        zalo.say(LAN, "a")
        assert says(zalo) == 0
        zalo.withdraw(LAN)
        assert says(zalo) == -213

    def test_a_budget(self, zalo) -> None:
        """Paid messages beyond the budget are -211; free ones go on."""
        zalo.faults(paid_left=1)
        zalo.crowd(TUNG, 1, ago=3 * 86_400)
        assert [says(zalo, TUNG), says(zalo, TUNG), says(zalo)] == [0, -211, 0]

    def test_people_of_another_oa(self, zalo) -> None:
        """An OA's people are not another's, and a token is one OA's."""
        zalo.ask("POST", "oas", {"id": "9990000000000000001", "secret": "s"})
        other = "AT_9990000000000000001"
        assert cs(zalo, {"text": "a"}, token=other)["error"] == -201
        assert zalo.log(call="cs")[-1]["account"] == "9990000000000000001"


class TestRate:
    def test_so_many_in_a_second(self, zalo) -> None:
        """More calls of one OA in a second than set are -32, other OAs' are not."""
        zalo.ask("POST", "oas", {"id": "9990000000000000001", "secret": "s"})
        zalo.faults(limit={"per_second": 3})
        got = [call(zalo, "/v2.0/oa/getoa", token=ACCESS)["error"] for _ in range(4)]
        assert got == [0, 0, 0, -32]
        good(call(zalo, "/v2.0/oa/getoa", token="AT_9990000000000000001"))
        assert zalo.stats()["busiest_second"] == 3

    def test_so_many_in_a_minute(self, zalo) -> None:
        """The app has so many calls a minute; headers tell how many are left."""
        import httpx

        zalo.faults(limit={"per_minute": 2})
        url, headers = f"{zalo.url}/v2.0/oa/getoa", {"access_token": ACCESS}
        got = [httpx.get(url, headers=headers) for _ in range(3)]
        assert [one.json()["error"] for one in got] == [0, 0, -32]
        assert got[0].headers["x-ratelimit-limit"] == "2"
        assert [one.headers.get("x-ratelimit-remain") for one in got] == ["1", "0", None]

    def test_the_log_and_the_counts(self, zalo) -> None:
        """An arrival tells whose token, who, what kind, which words, and whether it cost."""
        refresh(zalo, REFRESH)
        good(cs(zalo, {"text": "bí mật"}))
        good(cs(zalo, {"text": "bí mật"}))
        first, second = zalo.log(call="cs")
        assert (first["account"], first["kind"], first["outcome"]) == (
            "3579246801357924680",
            "text",
            "accepted",
        )
        assert first["hash"] == second["hash"]
        assert first["at"] <= first["answered_at"] <= second["at"]
        assert "mật" not in str(zalo.log())
        assert zalo.stats()["duplicates_sent"] == 1
        assert zalo.log(after=second["seq"]) == []
