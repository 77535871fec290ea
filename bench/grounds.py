"""The ground on which servers are tried out: a town's database, its key, its settings."""

import base64
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import places  # noqa: F401 -- opens the tests' folder
from storage.database import Database
from storage.migrate import upgrade
from storage.sealed import Keyring
from storage.store import Store

STORES = ("sqlite", "postgresql")
TOKEN = "123456:TEST-TOKEN-ketdoan_test_bot-000000"  # noqa: S105 -- the fake's
SECRET = "bench"  # noqa: S105 -- nobody's
PUBLIC_URL = "https://ketdoan.example"
# The place that has a grassroots union already.
JOIN = "DN-GIAY"
_OFFICERS = (
    *(("CD-MAU", "receives"), ("CD-MAU", "checks")),
    *(("CD-THU", "receives"), ("CD-KCN", "receives")),
)


@dataclass
class Ground:
    """Where one store's run takes place: its database, its key, its servers, the platform."""

    store: str
    folder: Path
    url: str
    checked_url: str
    keys: Keyring
    servers: int
    tokens: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    invitations: list[str] = field(default_factory=list)

    @property
    def key_file(self) -> Path:
        """Where the key lies."""
        return self.folder / "key"

    @property
    def history(self) -> Path:
        """What happened, for the checker."""
        return self.folder / "history.jsonl"

    def keep(self) -> None:
        """Write a server's database into the folder; a file lies there already."""
        from postgres import binaries

        programs = binaries()
        if self.store == "sqlite" or programs is None:
            return
        address = self.checked_url.replace("+psycopg", "")
        subprocess.run(
            [programs / "pg_dump", "--file", self.folder / "town.sql", address], check=True
        )

    def settings(self, port: int, platform: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of a server, with those of a platform."""
        return {
            "data_dir": str(self.folder),
            "database_url": self.url,
            "key_file": str(self.key_file),
            "host": "127.0.0.1",
            "port": port,
            "public_url": PUBLIC_URL,
            **platform,
        }


def telegram_settings(port: int) -> dict[str, Any]:
    """Return the settings of a bot at the fake Telegram on *port*."""
    return {
        "telegram_token": TOKEN,
        "telegram_api_url": f"http://127.0.0.1:{port}",
        "telegram_webhook_secret": SECRET,
    }


@contextmanager
def ground(store: str, folder: Path, mind: Callable[[Path], object]) -> Iterator[Ground]:
    """Found a town on a fresh database of this kind. Raises NoServer.

    *mind* is told where a PostgreSQL server lies, so that somebody can clear it away.
    """
    key = secrets.token_bytes(32)
    keys = Keyring({1: key})
    with _database(store, folder, mind) as (url, checked_url):
        made = Ground(store, folder, url, checked_url, keys, 1 if store == "sqlite" else 2)
        made.key_file.write_text(f"1 {base64.b64encode(key).decode()}\n")
        made.key_file.chmod(0o600)
        made.tokens, made.codes, made.invitations = _found(url, keys)
        yield made


@contextmanager
def _database(
    store: str, folder: Path, mind: Callable[[Path], object]
) -> Iterator[tuple[str, str]]:
    """Yield the database's address, and the one by which the checker may look at everything."""
    from postgres import HONEST, OWNER, Cluster, clear

    if store == "sqlite":
        yield (f"sqlite:///{folder}/town.db",) * 2
        return
    place = Path(tempfile.mkdtemp(prefix="bench-kill-pg-"))
    mind(place)
    cluster = Cluster(place, HONEST)
    try:
        cluster.start()
        cluster.welcome()
        yield cluster.create("kill"), cluster.url("kill", OWNER)
    finally:
        cluster.stop()
        clear(place)


def _found(url: str, keys: Keyring) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Found the tests' town; return its posters' tokens and codes, and invitations."""
    from town import found_town

    def invite(store: Store) -> list[str]:
        made = []
        for code, role in _OFFICERS:
            body = store.bodies.by_code(code)
            assert body is not None
            made.append(store.officers.invite(body.id, role, "Trần Thị Mẫu", "bench", days=7))
        return made

    def printed(store: Store, token: str) -> str:
        known = store.posters.by_token(token)
        assert known is not None
        return known.code

    upgrade(url)
    database = Database(url, keys)
    try:
        tokens = database.write(found_town)
        with database.read() as store:
            codes = {place: printed(store, token) for place, token in tokens.items()}
        return tokens, codes, database.write(invite)
    finally:
        database.close()
