"""A small OAuth server, a pair of tokens in the store, and the keeper of both."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from keeping import Desk
from oauth_server import OAuthServer

from storage.database import Database


@pytest.fixture(scope="session")
def _running() -> Iterator[OAuthServer]:
    with OAuthServer() as server:
        yield server


@pytest.fixture
def server(_running: OAuthServer) -> OAuthServer:
    """A fresh grant on a server in a process of its own."""
    _running.reset()
    return _running


@pytest.fixture
def desk(server: OAuthServer, database: Database, clock) -> Desk:
    """The store with the server's pair in it, just consented to."""
    made = Desk(server, database, clock)
    made.store_pair()
    return made
