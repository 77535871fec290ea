"""How many turns a second over HTTP, whole and durable, beside a bare echo on the same machine.

Two turns are measured: the tap in Telegram that records consent, and the last act of signing, a
form of ours sent by somebody who has not signed. Each goes through the real `ketdoan serve`; what
is stored afterwards is counted against what was acknowledged. The baseline, in the same rounds and
in turn with them, is a bare FastAPI + aiogram that answers a tap with a method and keeps nothing.

The letters are sent by a second process, and once more from inside the server, in a round of its
own; on PostgreSQL one round more has four serving processes. `bench.where` says where time goes.

    python -m bench.turns [--store sqlite|postgresql|both] [--rounds 5] [--seconds 4]
                          [--minute 60] [--processes 4] [--json]
"""

import argparse
import base64
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.places import fake_telegram, free_port, fsyncs, postgresql
from bench.stage import Ready, prepare
from storage.engines import single
from storage.sealed import Keyring

ROOT = Path(__file__).parent.parent
KEY = b"bench-key-bench-key-bench-key-32"
TOKEN = "123456:TEST-TOKEN-ketdoan_test_bot-000000"  # noqa: S105 -- the fake's
SECRET = "bench-secret"  # noqa: S105 -- nobody's
LINES = 48


@dataclass
class Running:
    """A process of ours, and what it has cost."""

    process: "subprocess.Popen[bytes]"
    port: int = 0

    def cpu(self) -> float:
        """Return the processor seconds that it and its children have used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(one) for one in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


@dataclass
class Bench:
    """One store, the program serving it, and who is about to act."""

    store: str
    url: str
    folder: Path
    ready: Ready
    server: list[Running] = field(default_factory=list)
    taps_used: int = 0
    forms_used: int = 0
    updates: int = 0
    acknowledged: dict[str, int] = field(default_factory=lambda: {"tap": 0, "form": 0})

    # --- requests ----------------------------------------------------------------------------

    def taps(self, most: int) -> list[str]:
        """Return the next taps as they go over the wire."""
        chosen = self.ready.taps[self.taps_used : self.taps_used + most]
        self.updates += len(chosen)
        first = self.updates + 1_000_000
        return [_tap(first + n, chat, data) for n, (chat, data) in enumerate(chosen)]

    def forms(self, most: int) -> list[str]:
        """Return the next forms as they go over the wire."""
        chosen = self.ready.forms[self.forms_used : self.forms_used + most]
        return [_form(token, fields) for token, fields in chosen]

    def measure(self, act: str, seconds: float, rate: int = 6000) -> dict[str, Any]:
        """Let people act for some seconds; return the figures."""
        most = int(rate * seconds)
        requests = self.taps(most) if act == "tap" else self.forms(most)
        before = [one.cpu() for one in self.server]
        found = knock([one.port for one in self.server], requests, seconds)
        spent = sum(one.cpu() - was for one, was in zip(self.server, before, strict=True))
        if act == "tap":
            self.taps_used += found["used"]
        else:
            self.forms_used += found["used"]
        self.acknowledged[act] += found["answered"]
        found["server_cpu_us"] = 1e6 * spent / max(1, found["answered"])
        return found

    # --- what is kept ------------------------------------------------------------------------

    def stored(self) -> dict[str, int]:
        """Return how many of the measured turns are in the store, by what they leave there."""
        engine = single(self.url)
        with engine.connect() as connection:
            heard = "SELECT count(*) FROM inbox WHERE channel = 'telegram' AND event_id LIKE '%s'"
            taps = connection.exec_driver_sql(
                heard.replace("%s", "123456:%").replace("%", "%%")
                if self.store == "postgresql"
                else heard.replace("%s", "123456:%")
            ).scalar()
            signed = connection.exec_driver_sql("SELECT count(*) FROM signature").scalar()
            waiting = connection.exec_driver_sql(
                "SELECT count(*) FROM letter WHERE state IN ('waiting', 'claimed')"
            ).scalar()
        engine.dispose()
        return {"tap": int(taps or 0), "form": int(signed or 0), "backlog": int(waiting or 0)}


def _tap(number: int, chat: int, data: str) -> str:
    person = {"id": chat, "is_bot": False, "first_name": "Mẫu", "language_code": "vi"}
    message = {
        "message_id": 5,
        "date": int(time.time()),
        "chat": {"id": chat, "type": "private", "first_name": "Mẫu"},
        "text": "Bạn đồng ý điều nào?",
    }
    query = {
        "id": str(number),
        "from": person,
        "message": message,
        "chat_instance": "1",
        "data": data,
    }
    return _post(
        "/telegram",
        json.dumps({"update_id": number, "callback_query": query}),
        f"content-type: application/json\r\nx-telegram-bot-api-secret-token: {SECRET}\r\n",
    )


def _form(token: str, fields: dict[str, str]) -> str:
    body = urllib.parse.urlencode(fields)
    return _post(f"/t/{token}", body, "content-type: application/x-www-form-urlencoded\r\n")


def _post(path: str, body: str, headers: str) -> str:
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}"
        f"content-length: {len(body.encode())}\r\n\r\n{body}"
    )


# --- running ---------------------------------------------------------------------------------


def knock(ports: list[int], requests: list[str], seconds: float) -> dict[str, Any]:
    """Run the load generator, one for each port; return the figures of all together."""
    share = [requests[number :: len(ports)] for number in range(len(ports))]
    callers = []
    for number, (port, part) in enumerate(zip(ports, share, strict=True)):
        asked = {
            "host": "127.0.0.1",
            "port": port,
            "seconds": seconds,
            "lines": LINES // len(ports),
            "requests": part,
            "salt": int(time.time()) + number,
        }
        caller = subprocess.Popen(
            [sys.executable, "-m", "bench.knock"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert caller.stdin
        caller.stdin.write(json.dumps(asked).encode())
        caller.stdin.close()
        callers.append(caller)
    told = [json.loads(one.stdout.read()) for one in callers if one.stdout]
    for one in callers:
        one.wait()
    whole = dict(told[0])
    # Each takes every so-manyth request: what none of them has taken begins after the fastest.
    whole["used"] = len(told) * max(one["used"] for one in told)
    for more in told[1:]:
        for name in ("answered", "per_second", "own_cpu_seconds"):
            whole[name] += more[name]
        for name in ("p50_ms", "p99_ms"):
            whole[name] = max(whole[name], more[name])
        whole["other"] |= more["other"]
    return whole


@contextmanager
def run(command: list[str], environment: dict[str, str], port: int = 0) -> Iterator[Running]:
    """Run a program until the block ends; with a *port*, wait until it answers there."""
    log = open(Path(environment["KETDOAN_DATA_DIR"]) / f"log-{port}", "ab")  # noqa: SIM115, PTH123
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    running = Running(process, port)
    try:
        if port:
            _wait(port)
        yield running
    finally:
        running.stop()
        log.close()


def _wait(port: int) -> None:
    for _ in range(1200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the server does not answer")


def environment(folder: Path, url: str, port: int, api: str, *, inside: bool) -> dict[str, str]:
    """Return the settings of one server."""
    key = folder / "key"
    key.write_text(f"1 {base64.b64encode(KEY).decode()}\n")
    key.chmod(0o600)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KETDOAN_")}
    return kept | {
        "KETDOAN_DATA_DIR": str(folder),
        "KETDOAN_DATABASE_URL": url,
        "KETDOAN_KEY_FILE": str(key),
        "KETDOAN_PORT": str(port),
        "KETDOAN_TELEGRAM_TOKEN": TOKEN,
        "KETDOAN_TELEGRAM_API_URL": api,
        "KETDOAN_TELEGRAM_WEBHOOK_SECRET": SECRET,
        "KETDOAN_SEND_INSIDE": "true" if inside else "false",
    }


@dataclass(frozen=True)
class Trial:
    """What is measured at once: rounds of some seconds, a long stretch, how it is served."""

    rounds: int
    seconds: float
    minute: float = 0.0
    places: int = 200
    processes: int = 1
    inside: bool = False


def measure_store(asked: Trial, store: str, stack: ExitStack) -> dict[str, Any]:
    """Measure one store; return its figures."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
    url = f"sqlite:///{folder}/bench.db"
    if store == "postgresql":
        url = stack.enter_context(postgresql())
    needed = int((asked.rounds * asked.seconds + 2) * 2200 + asked.minute * 2000)
    ready = prepare(
        url, Keyring({1: KEY}), taps=needed, forms=needed, places=asked.places, signed=0
    )
    bench = Bench(store, url, folder, ready)
    before = bench.stored()
    api = stack.enter_context(fake_telegram())
    for _ in range(asked.processes):
        port = free_port()
        settings = environment(folder, url, port, api, inside=asked.inside)
        bench.server.append(stack.enter_context(run(["-m", "webhook", "serve"], settings, port)))
    if not asked.inside:
        stack.enter_context(run(["-m", "webhook", "send"], settings))
    echo_port = free_port()
    echo = stack.enter_context(run(["-m", "bench.echo", str(echo_port)], settings, echo_port))
    figures = _rounds(asked, bench, echo)
    for act in ("tap", "form") if asked.minute else ():
        figures[f"{act}_minute"] = bench.measure(act, asked.minute, rate=2000)
    after = bench.stored()
    kept = {act: after[act] - before[act] for act in ("tap", "form")}
    figures["stored"] = kept
    figures["acknowledged"] = dict(bench.acknowledged)
    figures["stored_equals_acknowledged"] = kept == bench.acknowledged
    figures["backlog"] = after["backlog"]
    figures["fsyncs_per_second"] = fsyncs(folder)
    return figures


def _rounds(asked: Trial, bench: Bench, echo: Running) -> dict[str, Any]:
    """Measure echo, tap and form in turn, some rounds; return the medians and ratios."""
    bench.measure("tap", 1)
    bench.measure("form", 1)
    found: dict[str, list[dict[str, Any]]] = {"echo": [], "tap": [], "form": []}
    for _ in range(asked.rounds):
        requests = [_tap(n, 1_000_000 + n, "x.y.z") for n in range(int(6000 * asked.seconds))]
        before = echo.cpu()
        one = knock([echo.port], requests, asked.seconds)
        one["server_cpu_us"] = 1e6 * (echo.cpu() - before) / max(1, one["answered"])
        found["echo"].append(one)
        for act in ("tap", "form"):
            found[act].append(bench.measure(act, asked.seconds))
    figures: dict[str, Any] = {name: _median(listed) for name, listed in found.items()}
    for act in ("tap", "form"):
        figures[f"{act}_to_echo"] = round(
            figures[act]["per_second"] / figures["echo"]["per_second"], 3
        )
    return figures


def _median(listed: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("per_second", "p50_ms", "p99_ms", "server_cpu_us", "own_cpu_seconds")
    middle: dict[str, Any] = {
        name: round(statistics.median(one[name] for one in listed), 3) for name in names
    }
    middle["other"] = [one["other"] for one in listed if one["other"]]
    return middle


def _measured(asked: Trial, store: str) -> dict[str, Any]:
    with ExitStack() as stack:
        return measure_store(asked, store, stack)


def _side_by_side(short: Trial, store: str, processes: int) -> dict[str, Any]:
    """Measure some serving processes against one, a round each."""
    one, more = (_measured(replace(short, processes=each), store) for each in (1, processes))
    ratios = {
        act: round(more[act]["per_second"] / one[act]["per_second"], 2) for act in ("tap", "form")
    }
    return {f"processes_{processes}": more, f"processes_{processes}_to_1": ratios}


def main() -> None:
    """Measure, and print the figures."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--seconds", type=float, default=4.0)
    asked.add_argument("--minute", type=float, default=60.0)
    asked.add_argument("--places", type=int, default=200)
    asked.add_argument("--processes", type=int, default=4)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    stores = ("sqlite", "postgresql") if given.store == "both" else (given.store,)
    result: dict[str, Any] = {"baseline": "bare FastAPI + aiogram echo, frozen"}
    whole = Trial(given.rounds, given.seconds, given.minute, given.places)
    short = Trial(1, given.seconds, places=given.places)
    for store in stores:
        result[store] = _measured(whole, store)
        result[store]["sender_inside"] = _measured(replace(short, inside=True), store)
        if store == "postgresql" and given.processes > 1:
            result[store].update(_side_by_side(short, store, given.processes))
    print(json.dumps(result) if given.json else json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
