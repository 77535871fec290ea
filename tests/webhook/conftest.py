"""The door of the town, open on loopback, and browsers that come to it."""

import logging
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from fastapi import FastAPI
from httpx import Client

sys.path.insert(0, str(Path(__file__).parent))

from browsing import Browser, serving

from bot.office import Office
from webhook.app import create_app
from webhook.door import Door
from webhook.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Let no test inherit where another one's commands sent the log."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A place on loopback where the door will stand."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen(128)
        yield made


@pytest.fixture
def settings(tmp_path: Path, listening: socket.socket) -> Settings:
    """Settings of an installation reached on loopback."""
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    return read_settings(data_dir=tmp_path, public_url=origin)


@pytest.fixture
def app(settings: Settings, office: Office) -> FastAPI:
    """The application of the town."""
    return create_app(settings, replace(office, public_url=settings.origin, doors={}))


@pytest.fixture
def door(app: FastAPI) -> Door:
    """What the pages of the running application use."""
    found: Door = app.state.door
    return found


@pytest.fixture
def client(app: FastAPI, settings: Settings, listening: socket.socket) -> Iterator[Client]:
    """The application, running, and somebody who sends to it."""
    with serving(app, listening), Client(base_url=settings.origin, timeout=30) as opened:
        yield opened


@pytest.fixture
def browser(client: Client) -> Browser:
    """One person's browser."""
    return Browser(client)


@pytest.fixture
def another(client: Client, settings: Settings) -> Iterator[Callable[[], Browser]]:
    """Make a browser of somebody else, with cookies of its own."""
    made: list[Client] = []

    def make() -> Browser:
        made.append(Client(base_url=settings.origin, timeout=30))
        return Browser(made[-1])

    yield make
    for one in made:
        one.close()
