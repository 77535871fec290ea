"""A fake Telegram for a whole file of tests, begun anew for each of them."""

from collections.abc import Iterator

import pytest
from fakes.client import FakeTelegram
from fakes.hook import LAN, Hook


@pytest.fixture(scope="module")
def running() -> Iterator[FakeTelegram]:
    with FakeTelegram(speed=100) as telegram:
        yield telegram


@pytest.fixture
def telegram(running: FakeTelegram) -> FakeTelegram:
    running.reset()
    running.crowd(LAN, 1)
    return running


@pytest.fixture
def hook(telegram: FakeTelegram) -> Iterator[Hook]:
    made = Hook()
    yield made
    telegram.reset()
    made.shutdown()
    made.server_close()
