"""What a measurement needs around it: a port, a fake Telegram, a PostgreSQL, the disk's speed."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))


def free_port() -> int:
    """Return a port on this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def fake_telegram() -> Iterator[str]:
    """Run the tests' fake Telegram, a process of its own; yield its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/fakes/telegram.py"), "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    try:
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a private PostgreSQL as it comes (fsync on); yield the address of a database in it."""
    from postgres import HONEST, Cluster, clear

    folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))
    cluster = Cluster(folder, HONEST)
    cluster.found()
    cluster.start()
    cluster.welcome()
    try:
        yield cluster.create("bench")
    finally:
        cluster.stop()
        clear(folder)


def fsyncs(folder: Path, seconds: float = 1.0) -> int:
    """Return how often a second one page can be written and brought to the disk here."""
    path = folder / "fsync"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    until = time.perf_counter() + seconds
    done = 0
    while time.perf_counter() < until:
        os.pwrite(descriptor, b"x" * 4096, 4096 * (done % 64))
        os.fdatasync(descriptor)
        done += 1
    os.close(descriptor)
    path.unlink()
    return round(done / seconds)
