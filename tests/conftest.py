"""A real database for every test, a clock that stands still, and no network but loopback."""

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(Path(__file__).parent))

from chat import ABILITIES, KEYS, Clock, Town  # noqa: E402
from town import found_town  # noqa: E402

from bot.office import Office  # noqa: E402
from bot.words import Words  # noqa: E402
from storage.database import Database  # noqa: E402
from storage.migrate import upgrade  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden transcripts")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing connect but to this machine itself."""
    connect = socket.socket.connect

    def only_here(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX:
            host = address[0] if isinstance(address, tuple) else ""
            assert host in ("127.0.0.1", "::1", "localhost"), f"a test called out to {host}"
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", only_here)


@pytest.fixture(scope="session")
def words() -> Words:
    """The catalogue as it is delivered."""
    return Words.load(ROOT / "locales")


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A town's database, made once and copied for each test."""
    path = tmp_path_factory.mktemp("founded") / "town.db"
    upgrade(f"sqlite:///{path}")
    database = Database(f"sqlite:///{path}", KEYS, Clock())

    tokens = database.write(found_town)
    database.close()
    return path, tokens


@pytest.fixture
def clock() -> Clock:
    """Friday 20/11/2026, 08:00 in Vietnam, until it is moved."""
    return Clock()


@pytest.fixture
def database(
    founded: tuple[Path, dict[str, str]], clock: Clock, tmp_path: Path
) -> Iterator[Database]:
    """A fresh copy of the town's database."""
    path = tmp_path / "town.db"
    shutil.copy(founded[0], path)
    opened = Database(f"sqlite:///{path}", KEYS, clock)
    yield opened
    opened.close()


@pytest.fixture
def office(database: Database, words: Words) -> Office:
    """The installation as the conversation sees it."""
    return Office(database, words, "https://ketdoan.example", ABILITIES)


@pytest.fixture
def town(office: Office, clock: Clock, founded: tuple[Path, dict[str, str]]) -> Town:
    """The invented place of the tests."""
    return Town(office, clock, founded[1])


@pytest.fixture
def build(
    founded: tuple[Path, dict[str, str]], words: Words, tmp_path: Path
) -> Iterator[Callable[[], Town]]:
    """Found towns that are alike to the last row, as many as are asked for."""
    opened: list[Database] = []

    def found() -> Town:
        now = Clock()
        path = tmp_path / f"twin{len(opened)}.db"
        shutil.copy(founded[0], path)
        opened.append(Database(f"sqlite:///{path}", KEYS, now))
        made = Office(opened[-1], words, "https://ketdoan.example", ABILITIES)
        return Town(made, now, founded[1])

    yield found
    for one in opened:
        one.close()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a transcript with its golden file; `--update` rewrites it."""

    def compare(name: str, text: str) -> None:
        path = ROOT / "tests" / "chats" / f"{name}.chat"
        if request.config.getoption("--update"):
            path.write_text(text, encoding="utf-8")
            return
        assert path.exists(), f"no golden transcript {path.name}; run pytest --update"
        assert text == path.read_text(encoding="utf-8")

    return compare
