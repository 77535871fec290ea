"""A store that goes away for a minute: 503 as long as it is away, and then all works again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from browsing import Browser
from chat import ABILITIES, KEYS, MAY, Clock, Town
from httpx import Client
from postgres import Cluster
from stores import found

from bot.office import Office
from bot.words import Words
from storage.database import Database

pytestmark = pytest.mark.store("postgresql", reason="a file does not go away")
LONGEST = 30.0


@pytest.fixture
def town(own_server: Cluster, words: Words) -> Iterator[Town]:
    """The town on a server of its own."""
    tokens = found(own_server.create("away"))
    clock = Clock()
    database = Database(own_server.url("away"), KEYS, clock)
    yield Town(Office(database, words, "https://ketdoan.example", ABILITIES), clock, tokens)
    database.close()


@pytest.fixture
def office(town: Town) -> Office:
    """The installation on that server."""
    return replace(town.office)


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + LONGEST
    while not is_so():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_the_server_goes_away_for_a_minute(
    browser: Browser, client: Client, town: Town, own_server: Cluster
) -> None:
    """No turn is acknowledged meanwhile, pages wait, and afterwards the same form is heard once."""
    browser.scans(town.tokens[MAY])
    assert client.get("/readyz").status_code == 200
    form = next(one for one in browser.read.forms if "Gửi" in one.buttons)
    line = form.fields | {"text": "một dòng chữ"}
    own_server.stop()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    for _ in range(2):
        assert client.post(form.action, data=line).status_code == 503
        assert client.get("/chat").status_code == 503
        assert client.get(f"/q/{town.tokens[MAY]}").status_code == 503
    own_server.start()
    until(lambda: client.get("/readyz").status_code == 200)
    for _ in range(2):
        assert client.post(form.action, data=line, follow_redirects=True).status_code == 200
    browser.goes("/chat")
    assert browser.words.count("một dòng chữ") == 1
    assert town.read(lambda store: store.inbox.failed()) == []
