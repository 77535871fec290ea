"""What is ordered to go wrong goes wrong that often, with right calls, and is not held against them."""

import httpx
import pytest
from fakes.zalo_calls import LAN, PLAIN, bot_says, call, cs, good
from fakes.zalo_client import oa_user


def post(zalo, text="a", timeout=5.0) -> httpx.Response:
    body = {"recipient": {"user_id": oa_user(LAN)}, "message": {"text": text}}
    headers = {"access_token": zalo.tokens()["access_token"]}
    url = f"{zalo.url}/v3.0/oa/message/cs"
    return httpx.post(url, json=body, headers=headers, timeout=timeout, verify=PLAIN)


class TestOrders:
    @pytest.mark.parametrize("error", [-216, -220, -32, -201, -230, -211, -100, -500])
    def test_a_number(self, zalo, error) -> None:
        """The next two messages are refused with it, the third is taken."""
        zalo.faults(**{str(error): 2})
        got = [cs(zalo, {"text": str(n)})["error"] for n in range(3)]
        assert got == [error, error, 0]
        assert zalo.refusals() == []
        assert [one["outcome"] for one in zalo.log(call="cs")] == [
            str(error),
            str(error),
            "accepted",
        ]
        assert len(zalo.chat(LAN)) == 1

    @pytest.mark.parametrize("status", [429, 403, 500, 502, 503])
    def test_a_status(self, zalo, status) -> None:
        """A gateway answers in place of Zalo, with a page."""
        zalo.faults(**{str(status): 1})
        told = post(zalo)
        assert (told.status_code, told.headers["content-type"]) == (status, "text/html")
        assert post(zalo).json()["error"] == 0

    def test_a_page(self, zalo) -> None:
        """HTML comes where JSON was expected."""
        zalo.faults(html=1)
        assert post(zalo).text.startswith("<html>")

    @pytest.mark.parametrize(
        ("name", "arrived"),
        [
            ("reset_before", 0),
            ("hang", 0),
            ("reset_after", 1),
            ("timeout_after", 1),
            ("cut_answer", 1),
        ],
    )
    def test_no_answer(self, zalo, name, arrived) -> None:
        """The message arrived or not, and the sender can not know."""
        zalo.faults(**{name: 1})
        with pytest.raises(httpx.TransportError):
            post(zalo, timeout=0.4)
        assert len(zalo.chat(LAN)) == arrived
        assert zalo.stats()["accepted"] == arrived
        assert post(zalo).json()["error"] == 0
        assert zalo.stats()["duplicates_sent"] == arrived

    def test_for_some_calls_and_people(self, zalo) -> None:
        """An order may be about one call, or about one person for good."""
        zalo.say(5, "a")
        zalo.faults(**{"-213": {"users": [oa_user(5)]}})
        assert [cs(zalo, {"text": "a"}, who)["error"] for who in (5, LAN, 5)] == [-213, 0, -213]
        zalo.faults(**{"-213": None, "-221": {"next": 1, "calls": ["getoa"]}})
        good(cs(zalo, {"text": "a"}, 5))
        assert call(zalo, "/v2.0/oa/getoa")["error"] == -221
        zalo.no_faults()
        good(call(zalo, "/v2.0/oa/getoa"))

    def test_the_contract_comes_first(self, zalo) -> None:
        """A wrong call uses no order up, and is kept as wrong."""
        zalo.faults(**{"-32": 1})
        assert cs(zalo, {"text": ""})["error"] == -201
        assert cs(zalo, {"text": "a"})["error"] == -32
        assert [one["error"] for one in zalo.refusals()] == [-201]
        assert zalo.refusals(but=(-201,)) == []

    def test_a_chance(self, zalo) -> None:
        """A number below one is a chance, drawn from the seed."""
        zalo.faults(**{"-32": 0.5})
        got = {cs(zalo, {"text": str(n)})["error"] for n in range(20)}
        assert got == {0, -32}

    def test_latency(self, zalo) -> None:
        """Every answer takes so long."""
        zalo.faults(latency_ms=100)
        good(cs(zalo, {"text": "a"}))
        last = zalo.log(call="cs")[0]
        assert last["answered_at"] - last["at"] > 0.09

    def test_a_bots_numbers(self, zalo) -> None:
        """At the Bot Platform a status is the answer's error_code."""
        zalo.faults(**{"429": 1, "403": 1})
        got = [bot_says(zalo, "a").get("error_code") for _ in range(3)]
        assert got == [429, 403, None]

    @pytest.mark.parametrize(
        "wanted",
        [
            {"nonsense": 1},
            {"-32": {"often": 1}},
            {"-32": True},
            {"signature": "new"},
            {"limit": 3},
        ],
    )
    def test_a_wrong_order(self, zalo, wanted) -> None:
        """An order that makes no sense is a mistake of the test."""
        with pytest.raises(AssertionError):
            zalo.faults(**wanted)
