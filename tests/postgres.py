"""A private PostgreSQL for the tests: started once for a whole run, and gone with it.

The first test that needs it starts a keeper, a process of its own that holds the server. The keeper
ends the server and takes its folder away when the run says so, and also when the run is no more.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

# Where this run's server lives. The name has no prefix of ours: it is no setting of the program.
FOLDER = "TESTS_POSTGRES_FOLDER"
OWNER, USER = "postgres", "ketdoan"
_SECONDS = 60.0
# A folder of another run that has only just begun may not be locked yet.
_OLD_SECONDS = 60.0

# A cluster for one run of tests: what a power cut would do to it is of no interest, and a killed
# client or server process loses nothing without fsync either.
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
}
# As it comes: for what is said about a server that goes away.
HONEST: dict[str, str] = {}
_ALWAYS = {
    "listen_addresses": "",
    "max_connections": "200",
    # Not the zone that we count in: a moment that loses its zone on the way must show.
    "timezone": "America/St_Johns",
    "log_min_messages": "warning",
    "lc_messages": "C",
}


class NoServer(Exception):
    """PostgreSQL's server is not installed here, or does not start."""


def binaries() -> Path | None:
    """Return the folder of the newest installed server's programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    for name in ("initdb", "pg_config"):
        path = shutil.which(name)
        if path:
            found.append(Path(path).resolve().parent)
    pg_config = shutil.which("pg_config")
    if pg_config:
        told = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        found.append(Path(told.stdout.strip()))
    return next((one for one in found if (one / "initdb").exists()), None)


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


def _somebody() -> dict[str, Any]:
    """Return as whom the server runs: it refuses root, so root lends it another user."""
    if os.geteuid() != 0:
        return {}
    for name in (OWNER, "nobody"):
        with suppress(KeyError):
            known = pwd.getpwnam(name)
            return {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
    raise NoServer("running as root, and there is no other user to run PostgreSQL as")


class Cluster:
    """One server in a folder of its own, reached through a socket in it that needs no password.

    The folder is for this user alone, and so is the socket.
    """

    def __init__(self, folder: Path, settings: dict[str, str] = QUICK) -> None:
        self.folder = folder
        self.settings = settings
        self._server: subprocess.Popen[bytes] | None = None

    @cached_property
    def _programs(self) -> Path:
        found = binaries()
        if found is None:
            raise NoServer("PostgreSQL's server is not installed")
        return found

    @property
    def _told(self) -> Path:
        return self.folder / "server.log"

    def url(self, database: str, user: str = USER) -> str:
        """Return the address of a database, as KETDOAN_DATABASE_URL takes it."""
        return f"postgresql+psycopg://{user}@/{database}?host={self.folder}"

    def found(self) -> None:
        """Lay the cluster's files out."""
        somebody = _somebody()
        if somebody:
            os.chown(self.folder, somebody["user"], somebody["group"])
        made = subprocess.run(
            [
                self._programs / "initdb",
                *("-D", self.folder / "cluster", "-U", OWNER, "-A", "trust"),
                *("-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **somebody,
        )
        if made.returncode:
            raise NoServer(f"initdb: {made.stderr.strip()}")

    def start(self) -> None:
        """Start the server, on files that are there or on new ones; return when it answers."""
        if not (self.folder / "cluster").exists():
            self.found()
        chosen = _ALWAYS | self.settings | {"unix_socket_directories": str(self.folder)}
        with self._told.open("ab") as log:
            self._server = subprocess.Popen(
                [
                    self._programs / "postgres",
                    *("-D", self.folder / "cluster"),
                    *(part for name in chosen for part in ("-c", f"{name}={chosen[name]}")),
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the tests; they end the server in their own time.
                start_new_session=True,
                **_somebody(),
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        import psycopg

        until = time.monotonic() + _SECONDS
        while self.is_running and time.monotonic() < until:
            try:
                self.command("select 1")
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        self.stop(signal.SIGKILL)
        raise NoServer(f"postgres: {self._told.read_text(errors='replace')[-2000:]}")

    @property
    def is_running(self) -> bool:
        """Whether the server that was started here runs."""
        return self._server is not None and self._server.poll() is None

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop the server: SIGINT puts clients out and writes what is open, SIGQUIT just stops."""
        if self._server is None:
            return
        if self.is_running:
            self._server.send_signal(how)
        try:
            self._server.wait(30)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait(30)
        self._server = None

    def command(self, statement: str, database: str = OWNER) -> None:
        """Let the owner of the cluster do something that needs no transaction."""
        import psycopg

        address = f"host={self.folder} user={OWNER} dbname={database} connect_timeout=10"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def welcome(self) -> None:
        """Make the user that the program is: it owns databases and is nobody special."""
        self.command(f"create role {USER} login")

    def create(self, database: str, template: str | None = None) -> str:
        """Make a database, empty or a copy of another that nobody has open; return its address.

        An empty one sorts words as Vietnamese does: what must sort in one way everywhere has to
        say so itself.
        """
        import psycopg

        made = f"create database {database} owner {USER}"
        if template:
            self.command(f"{made} template {template}")
            return self.url(database)
        try:
            self.command(f"{made} template template0 locale_provider icu icu_locale 'vi-VN'")
        except psycopg.Error:  # a server before 15, or one without ICU
            self.command(f"{made} template template0")
        return self.url(database)

    def drop(self, database: str) -> None:
        """Take a database away, whoever still has it open."""
        self.command(f"drop database if exists {database} with (force)")


# --- one server for a whole run ----------------------------------------------------------------


_PREFIX = "ketdoan-pg-"
# The path of a socket is at most some hundred letters long.
_PLACE = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"  # noqa: S108


def _clear_left_over() -> None:
    """Clear away what an earlier run left that was killed together with its keeper."""
    for folder in Path(_PLACE).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            age = time.time() - (folder / "run").stat().st_mtime
            if age > _OLD_SECONDS and not _lives(folder):
                clear(folder)


def clear(folder: Path) -> None:
    """Stop whatever server runs in *folder* or below it, and take the folder away."""
    for told in folder.glob("**/postmaster.pid"):
        with suppress(OSError, ValueError, IndexError):
            os.kill(int(told.read_text().splitlines()[0]), signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


class Run:
    """A run of tests, in its first process: what it opens it closes, however it ends."""

    def __init__(self) -> None:
        _clear_left_over()
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_PLACE))
        # While this run lives it holds this lock; the keeper looks whether it is still held.
        self._life = (self.folder / "run").open("w")
        fcntl.flock(self._life, fcntl.LOCK_EX)
        os.environ[FOLDER] = str(self.folder)

    def end(self) -> None:
        """End the keeper, and with it the server and the folder."""
        self._life.close()
        os.environ.pop(FOLDER, None)
        if not (self.folder / "keeper").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        keeper = int((self.folder / "keeper").read_text())
        until = time.monotonic() + _SECONDS
        while self.folder.exists() and time.monotonic() < until:
            # Let go of the child where it is ours, so that it does not linger.
            with suppress(ChildProcessError):
                os.waitpid(keeper, os.WNOHANG)
            time.sleep(0.02)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "door").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def of_this_run(settle: Callable[[Cluster], dict[str, str]]) -> tuple[Cluster, dict[str, str]]:
    """Return this run's server and what *settle* returned: both happen once for all processes.

    Raises NoServer.
    """
    folder = Path(os.environ[FOLDER])
    cluster = Cluster(folder)
    with _alone(folder):
        if not (folder / "settled").exists():
            _start_keeper(folder)
            cluster.welcome()
            (folder / "settled").write_text(json.dumps(settle(cluster)))
        kept: dict[str, str] = json.loads((folder / "settled").read_text())
    return cluster, kept


def _start_keeper(folder: Path) -> None:
    if binaries() is None:
        raise NoServer("PostgreSQL's server is not installed")
    if (folder / "failed").exists():
        raise NoServer((folder / "failed").read_text())
    with (folder / "keeper.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, __file__, folder],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (folder / "keeper").write_text(str(keeper.pid))
    until = time.monotonic() + _SECONDS
    while not (folder / "ready").exists():
        if keeper.poll() is not None or time.monotonic() > until:
            keeper.kill()
            keeper.wait()
            (folder / "keeper").rename(folder / "failed")
            (folder / "failed").write_text((folder / "keeper.log").read_text(errors="replace"))
            raise NoServer((folder / "failed").read_text())
        time.sleep(0.02)
    # It outlives this process on purpose: another one's Run ends it.
    keeper.returncode = 0


def keep(folder: Path) -> None:
    """Hold a server in *folder* for as long as the run that made the folder lives."""
    stopping: list[int] = []
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, lambda number, _: stopping.append(number))
    cluster = Cluster(folder)
    try:
        cluster.start()
        (folder / "ready").touch()
        while cluster.is_running and not stopping and _lives(folder):
            time.sleep(0.1)
    finally:
        cluster.stop(signal.SIGQUIT)
    # The folder goes last, for it says that all is over; servers of single tests are below it.
    clear(folder)


def _lives(folder: Path) -> bool:
    with (folder / "run").open() as life:
        try:
            fcntl.flock(life, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
