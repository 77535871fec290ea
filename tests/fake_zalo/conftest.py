"""A fake Zalo for a whole file of tests, begun anew for each of them."""

from collections.abc import Iterator

import pytest
from fakes.zalo_calls import LAN
from fakes.zalo_client import FakeZalo
from fakes.zalo_hook import Hook


@pytest.fixture(scope="module")
def running() -> Iterator[FakeZalo]:
    with FakeZalo() as zalo:
        yield zalo


@pytest.fixture
def zalo(running: FakeZalo) -> FakeZalo:
    running.reset()
    running.follow(LAN)
    running.bot.crowd(LAN, 1)
    return running


@pytest.fixture
def hook(zalo: FakeZalo) -> Iterator[Hook]:
    made = Hook()
    yield made
    zalo.reset()
    made.shutdown()
    made.server_close()
