"""A real database for every test, a clock that stands still, and no network but loopback."""

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(Path(__file__).parent))

from chat import ABILITIES, CDCS, GIAY, KCN, KEYS, MAY, PHUONG, TINH, XA, ZONE, Clock, Town  # noqa: E402

from bot.office import Office  # noqa: E402
from bot.words import Words  # noqa: E402
from storage.bodies import TRIAGE  # noqa: E402
from storage.database import Database  # noqa: E402
from storage.law import read_holidays, read_rules  # noqa: E402
from storage.migrate import upgrade  # noqa: E402
from storage.store import Store  # noqa: E402

SINCE = date(2025, 7, 1)


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


def _settle(store: Store) -> dict[str, str]:
    """Found the town: bodies with dates and powers, enterprises, posters. Return the tokens."""
    bodies = store.bodies
    always = {"valid_from": SINCE, "valid_to": None, "source": "test"}
    named = {
        TINH: ("Liên đoàn Lao động tỉnh Mẫu", "province", None),
        PHUONG: ("Công đoàn phường Mẫu", "commune", TINH),
        XA: ("Công đoàn xã Thử", "commune", TINH),
        KCN: ("Công đoàn các khu công nghiệp tỉnh Mẫu", "special", TINH),
        CDCS: ("Công đoàn Công ty Giày Thí Nghiệm", "grassroots", PHUONG),
    }
    ids = {code: bodies.keep(code) for code in named}
    for code, (name, level, parent) in named.items():
        bodies.describe(
            ids[code],
            name=name,
            level=level,
            parent_id=ids[parent] if parent else None,
            hotline=None,
            **always,
        )
    powers = {
        TINH: ("receives", "checks", "signs"),
        PHUONG: ("receives", "checks"),
        XA: ("receives", "checks"),
        KCN: ("receives", "checks", "signs"),
    }
    for code, roles in powers.items():
        for kind in ("join", "petition", "request"):
            for role in roles:
                bodies.empower(ids[code], kind, role, **always)
    for role in ("receives", "checks", "signs"):
        bodies.empower(ids[CDCS], "join", role, **always)
    bodies.cover(ids[TINH], "province", "75", priority=0, **always)
    bodies.cover(ids[PHUONG], "commune", "26041", priority=0, **always)
    bodies.cover(ids[XA], "commune", "26068", priority=0, **always)
    bodies.cover(ids[KCN], "zone", "KCN Mẫu", priority=0, **always)
    store.settings.put(TRIAGE, TINH)
    return _employ(store, ids[CDCS])


def _employ(store: Store, cdcs_id: int) -> dict[str, str]:
    places = {
        MAY: ("Công ty May Ví Dụ", "26041", None, 350),
        GIAY: ("Công ty Giày Thí Nghiệm", "26041", None, 1200),
        ZONE: ("Công ty Điện Tử Bản Nháp", "26068", "KCN Mẫu", 5000),
        "DN-MAY-2": ("Công ty May Ví Dụ Hai", "26068", None, 90),
    }
    tokens = {}
    for code, (name, commune, zone, workers) in places.items():
        row_id = store.enterprises.keep(
            code,
            {
                "name": name,
                "commune_code": commune,
                "province_code": "75",
                "zone": zone,
                "workers": workers,
            },
        )
        if code == GIAY:
            store.enterprises.set_cdcs(row_id, cdcs_id)
        tokens[code] = store.posters.make(enterprise_id=row_id).token
    return tokens


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A town's database, made once and copied for each test."""
    path = tmp_path_factory.mktemp("founded") / "town.db"
    upgrade(f"sqlite:///{path}")
    database = Database(f"sqlite:///{path}", KEYS, Clock())

    def found(store: Store) -> dict[str, str]:
        store.law.enact(read_rules(ROOT / "law"))
        store.law.proclaim(read_holidays(ROOT / "law", range(2025, 2029)))
        return _settle(store)

    tokens = database.write(found)
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
