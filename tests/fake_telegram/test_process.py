"""The fake Telegram as a process: its end, its seed, its memory."""

from http.client import HTTPConnection

import pytest
from fakes.client import FakeTelegram
from fakes.hook import good


class TestProcess:
    def test_it_ends_with_who_started_it(self) -> None:
        """The process is gone when its standard input is closed, and its port with it."""
        telegram = FakeTelegram().start()
        process = telegram.process
        assert process
        process.stdin.close()
        process.wait(10)
        with pytest.raises(ConnectionRefusedError):
            HTTPConnection("127.0.0.1", telegram.port).connect()
        process.stdout.close()

    def test_the_same_seed_fails_in_the_same_places(self) -> None:
        """Chances are drawn from the seed: a failure can be had again."""

        def run(seed: int) -> list[int]:
            with FakeTelegram(seed=seed) as telegram:
                telegram.crowd(1, 1)
                telegram.faults(**{"500": 0.5})
                return [telegram.call("sendMessage", chat_id=1, text="a")[0] for _ in range(40)]

        first = run(3)
        assert first == run(3)
        assert first != run(4)

    def test_the_log_can_be_bounded(self) -> None:
        """With a limit the log keeps the newest arrivals and says how many it dropped."""
        with FakeTelegram(log_limit=10, keep=3) as telegram:
            telegram.crowd(1, 1)
            for n in range(50):
                good(telegram, "sendMessage", chat_id=1, text=str(n))
            kept = telegram.ask("GET", "log")
            assert kept["log"][-1]["seq"] == 50
            assert len(kept["log"]) + kept["dropped"] == 50
            assert len(kept["log"]) < 20
            assert [one["text"] for one in telegram.chat(1)] == ["47", "48", "49"]
