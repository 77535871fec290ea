"""The fake Zalo as a process: its end, its seed, its people across both platforms."""

from http.client import HTTPConnection

import pytest
from fakes.zalo_calls import LAN, bot_says, cs, good
from fakes.zalo_client import FakeZalo


class TestProcess:
    def test_it_ends_with_who_started_it(self) -> None:
        """The process is gone when its standard input is closed, and its port with it."""
        zalo = FakeZalo().start()
        process = zalo.process
        assert process
        process.stdin.close()
        process.wait(10)
        with pytest.raises(ConnectionRefusedError):
            HTTPConnection("127.0.0.1", zalo.port).connect()
        process.stdout.close()

    def test_the_same_seed_fails_in_the_same_places(self) -> None:
        """Chances are drawn from the seed: a failure can be had again."""

        def run(zalo: FakeZalo) -> list[int]:
            zalo.reset()
            zalo.crowd(LAN, 1)
            zalo.faults(**{"-32": 0.5})
            return [cs(zalo, {"text": str(n)})["error"] for n in range(30)]

        with FakeZalo(seed=3, keep=3) as three, FakeZalo(seed=4) as four:
            first = run(three)
            assert first == run(three)
            assert first != run(four)

    def test_somebody_waits_for_words(self, zalo) -> None:
        """What was said since she last did something is found, what was said before is not."""
        good(cs(zalo, {"text": "trước"}))
        zalo.say(LAN, "chào")
        with pytest.raises(AssertionError, match="nobody said"):
            zalo.wait_for(LAN, "trước", seconds=0.05)
        good(cs(zalo, {"text": "sau"}))
        assert zalo.wait_for(LAN, "sau")["text"] == "sau"
        zalo.bot.say(LAN, "chào")
        bot_says(zalo, "bot")
        assert zalo.bot.wait_for(LAN)["text"] == "bot"

    def test_the_settings_of_the_product(self, zalo) -> None:
        """It names what the product needs to speak to it."""
        named = zalo.environment()
        assert named["KETDOAN_ZALO_API_URL"] == zalo.url
        assert len(named) == 11
