"""A real database for every test, a clock that stands still, and no network but loopback."""

import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Nothing here speaks TLS, and each client would read a hundred and forty certificates first: with
# a folder that is not there, an HTTP client is made in a hundredth of the time.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(ROOT / "tests" / "no-certificates")
sys.path.insert(0, str(Path(__file__).parent))

from chat import ABILITIES, KEYS, Clock, Town  # noqa: E402
from postgres import FOLDER, HONEST, Cluster, NoServer, Run  # noqa: E402
from stores import Founded, Postgresql, Sqlite, Store  # noqa: E402

from bot.office import Office  # noqa: E402
from bot.words import Words  # noqa: E402
from storage.database import Database  # noqa: E402

STORES = ("sqlite", "postgresql")
# What the last lines say where there is no server: nobody shall believe that all was tested.
NO_SERVER = "NO POSTGRESQL HERE"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden transcripts")
    parser.addoption(
        "--store", choices=(*STORES, "both"), default="both", help="run on one store only"
    )


# --- two stores -----------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Let the first process of a run hold what the others share."""
    if not hasattr(config, "workerinput"):
        config.stash[_RUN] = Run()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the server, however the run went."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.end()


_RUN = pytest.StashKey[Run]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a memory on both stores, unless it is about one of them."""
    if "store" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--store")
    about = metafunc.definition.get_closest_marker("store")
    later = metafunc.definition.get_closest_marker("long_on")
    for one in (about, later):
        assert one is None or one.kwargs.get("reason"), "say why it is about one store only"
    names = [
        pytest.param(name, marks=[pytest.mark.long] if later and name in later.args else [])
        for name in STORES
        if chosen in (name, "both") and (about is None or name in about.args)
    ]
    metafunc.parametrize("store", names, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: no core shall wait for another at the end."""
    first = (
        *("tests/browser", "tests/e2e", "tests/test_crash", "tests/test_model", "tests/test_kill"),
        *("tests/conformance", "tests/bot/test_hostile"),
    )
    items.sort(key=lambda item: not item.nodeid.startswith(first))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested."""
    skipped = terminalreporter.stats.get("skipped", [])
    without = sum(NO_SERVER in str(one.longrepr) for one in skipped)
    if without:
        line = f"PostgreSQL: not installed, {without} tests skipped"
        terminalreporter.write_sep("=", line, red=True, bold=True)


@pytest.fixture(scope="session")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Store]:
    kept: dict[str, Store] = {}

    def opened(name: str) -> Store:
        if name not in kept:
            folder = tmp_path_factory.mktemp("founded")
            kept[name] = Sqlite(folder) if name == "sqlite" else Postgresql()
        return kept[name]

    return opened


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest, _opened: Callable[[str], Store]) -> Store:
    """The store of this test: each test runs on SQLite and on PostgreSQL."""
    try:
        return _opened(request.param)
    except NoServer as why:
        if os.environ.get("CI"):
            pytest.fail(f"no PostgreSQL in CI, .ci/run installs it: {why}")
        pytest.skip(f"{NO_SERVER}: {why}")


@pytest.fixture(scope="module")
def _own_server(store: Store) -> Iterator[Cluster]:
    assert store.name == "postgresql"
    folder = Path(os.environ[FOLDER]) / f"own{os.getpid()}"
    folder.mkdir()
    server = Cluster(folder, HONEST)
    server.start()
    server.welcome()
    yield server
    server.stop(signal.SIGQUIT)
    shutil.rmtree(folder)


@pytest.fixture
def own_server(_own_server: Cluster) -> Cluster:
    """A PostgreSQL of a module's own, which tests may stop and kill; it runs when one begins."""
    if not _own_server.is_running:
        _own_server.start()
    return _own_server


@pytest.fixture(autouse=True)
def swept(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take the databases of a test away when it has ended."""
    if "store" not in request.fixturenames:
        yield
        return
    store: Store = request.getfixturevalue("store")
    mark = store.mark()
    yield
    store.sweep(mark)


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
def founded(store: Store) -> Founded:
    """A town's database, made once and copied for each test."""
    return Founded(store)


@pytest.fixture
def clock() -> Clock:
    """Friday 20/11/2026, 08:00 in Vietnam, until it is moved."""
    return Clock()


@pytest.fixture
def database(founded: Founded, clock: Clock, tmp_path: Path) -> Iterator[Database]:
    """A fresh copy of the town's database."""
    opened = Database(founded.fresh(tmp_path), KEYS, clock)
    yield opened
    opened.close()


@pytest.fixture
def office(database: Database, words: Words) -> Office:
    """The installation as the conversation sees it."""
    return Office(database, words, "https://ketdoan.example", ABILITIES)


@pytest.fixture
def town(office: Office, clock: Clock, founded: Founded) -> Town:
    """The invented place of the tests."""
    return Town(office, clock, founded.tokens)


@pytest.fixture
def build(founded: Founded, words: Words, tmp_path: Path) -> Iterator[Callable[[], Town]]:
    """Found towns that are alike to the last row, as many as are asked for."""
    opened: list[Database] = []

    def found() -> Town:
        now = Clock()
        opened.append(Database(founded.fresh(tmp_path, f"twin{len(opened)}"), KEYS, now))
        made = Office(opened[-1], words, "https://ketdoan.example", ABILITIES)
        return Town(made, now, founded.tokens)

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
