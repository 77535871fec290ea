"""How soon does a fresh process answer, how soon after SIGKILL under load, and what does it hold?

    python -m bench.start --json [--runs 5]

Real `ketdoan serve`, `poll` and `send` on a prepared SQLite database, with and without Telegram,
beside a bare FastAPI and a bare FastAPI with aiogram in the same interleaved rounds. Medians:
start in seconds until the first page was answered, memory in megabytes after
some hundred turns.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from bench.grounds import SECRET, TOKEN, Ground, ground, telegram_settings
from bench.load import typed
from bench.places import ROOT, free_port
from webhook.settings import PREFIX

if TYPE_CHECKING:
    from fakes.client import FakeTelegram

PLACE = "DN-MAY"
NAMED = "Công ty May Ví Dụ"
KETDOAN = (sys.executable, "-m", "webhook")
VISITORS, AT_ONCE = 40, 8
LETTERS = 60
GIVEN_UP = 60.0
# Stands for the port until there is one.
PORT = "{port}"
FIRST_CHAT = 2_000_000

# The floors: (what, at most).
FLOORS = {
    "start_s.serve": 2.0,
    "start_s.serve after SIGKILL": 3.0,
    "memory_mb.serve": 120.0,
    "memory_mb.serve with telegram": 250.0,
}

BARE = """
import gc, sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/healthz")
async def alive(): return {}
gc.collect(); gc.freeze()
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools",
    access_log=False, log_level="warning")
"""
FROZEN = """
import gc, pathlib, sys, threading, time
def tell(path):
    while not gc.get_freeze_count(): time.sleep(0.01)
    pathlib.Path(path).write_text(str(gc.get_freeze_count()))
threading.Thread(target=tell, args=(sys.argv.pop(),), daemon=True).start()
from webhook.__main__ import main
main()
"""


@dataclass
class Kind:
    """One program that is started: how, with which settings, and which page is asked for."""

    name: str
    command: Sequence[str]
    settings: Mapping[str, str]
    page: str
    shows: str = ""


class Process:
    """A started program."""

    def __init__(self, kind: Kind, folder: Path, port: int) -> None:
        """Start it."""
        self.kind = kind
        self.port = port
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.began = time.perf_counter()
        self._log = (folder / f"{kind.name}.log").open("ab")
        self.process = subprocess.Popen(
            [one.replace(PORT, str(port)) for one in kind.command],
            cwd=ROOT,
            env=kept | {name: one.replace(PORT, str(port)) for name, one in kind.settings.items()},
            stdout=self._log,
            stderr=self._log,
        )

    def answered(self) -> float:
        """Wait for the first whole page; return the seconds since the start."""
        return self.until(self._answers)

    def until(self, is_there: Callable[[], bool]) -> float:
        """Wait until something is so; return the seconds since the start."""
        while not is_there():
            waited = time.perf_counter() - self.began
            if self.process.poll() is not None or waited > GIVEN_UP:
                said = Path(self._log.name).read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.kind.name} does not answer: {said}")
            time.sleep(0.002)
        return time.perf_counter() - self.began

    def _answers(self) -> bool:
        line = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", self.kind.page)
            answer = line.getresponse()
            return answer.status == 200 and self.kind.shows in answer.read().decode()
        except (OSError, HTTPException):
            return False
        finally:
            line.close()

    @property
    def memory(self) -> float:
        """What it holds resident, in megabytes."""
        told = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", told)
        assert found
        return int(found[1]) / 1024

    def end(self, how: int = signal.SIGTERM) -> None:
        """End it."""
        self.process.send_signal(how)
        self.process.wait(30)
        self._log.close()


@contextmanager
def running(kind: Kind, folder: Path) -> Iterator[Process]:
    """Start a program and end it."""
    process = Process(kind, folder, free_port())
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.end()


# --- what is started -----------------------------------------------------------------------------


def kinds(ground: Ground, telegram: str) -> dict[str, Kind]:
    """Return the programs by their names; *telegram*: the address of the fake."""
    ours = {
        f"{PREFIX}DATA_DIR": str(ground.folder),
        f"{PREFIX}DATABASE_URL": ground.url,
        f"{PREFIX}KEY_FILE": str(ground.key_file),
        f"{PREFIX}PORT": PORT,
    }
    abroad = ours | {
        f"{PREFIX}TELEGRAM_TOKEN": TOKEN,
        f"{PREFIX}TELEGRAM_API_URL": telegram,
        f"{PREFIX}TELEGRAM_WEBHOOK_SECRET": SECRET,
        f"{PREFIX}PUBLIC_URL": f"http://127.0.0.1:{PORT}",
    }
    page = f"/q/{ground.tokens[PLACE]}"
    alive = "/healthz"
    serve = (*KETDOAN, "serve")
    frozen = (sys.executable, "-c", FROZEN, "serve", str(ground.folder / "frozen"))
    found = (
        Kind("serve", serve, ours, page, NAMED),
        Kind("serve with telegram", serve, abroad, page, NAMED),
        Kind("bare fastapi", (sys.executable, "-c", BARE, PORT), {}, alive),
        Kind("fastapi and aiogram", (sys.executable, "-m", "bench.echo", PORT), {}, alive),
        Kind("frozen", frozen, ours, page, NAMED),
        Kind("poll", (*KETDOAN, "poll"), abroad, ""),
        Kind("send", (*KETDOAN, "send"), abroad, ""),
    )
    return {one.name: one for one in found}


# --- who visits ----------------------------------------------------------------------------------


def _browser(port: int, **more: Any) -> httpx.Client:
    # Certificates would be read each time, and nothing here is encrypted.
    address = f"http://127.0.0.1:{port}"
    return httpx.Client(base_url=address, follow_redirects=True, verify=False, **more)  # noqa: S501


def visit(port: int, token: str, number: int) -> int:
    """Play one person in the web chat, from the poster to her receipt; return her turns."""
    with _browser(port) as browser:
        browser.get(f"/q/{token}")
        page = browser.post(f"/q/{token}/chat").text
        name = f"Nguyễn Thị {chr(97 + number % 26)}{chr(97 + number // 26 % 26)}".title()
        for step in ("sign", "consent-a", name, "put-name", "status"):
            page = browser.post("/chat", data=_said(page, step)).text
    return 6


def _said(page: str, step: str) -> dict[str, str]:
    nonces = re.findall(r'name="nonce" value="([^"]+)"', page)
    payloads = re.findall(rf'value="(\d+\.{re.escape(step)}\.[A-Z2-7]+)"', page)
    said = {"choice": payloads[-1]} if payloads else {"text": step}
    return said | {"nonce": nonces[-1]}


def visits(port: int, token: str, number: int = VISITORS) -> int:
    """Let many people visit, some at once; return how many turns that made."""
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        return sum(crowd.map(lambda one: visit(port, token, one), range(number)))


@contextmanager
def visited(port: int, token: str) -> Iterator[None]:
    """Let people visit without an end, whatever becomes of the server."""
    over = threading.Event()

    def again(number: int) -> None:
        while not over.is_set():
            with suppress(httpx.HTTPError, IndexError):
                visit(port, token, number)
            # A browser that finds nobody takes a moment, too, before it knocks again.
            over.wait(0.05)

    crowd = [threading.Thread(target=again, args=(one,)) for one in range(AT_ONCE)]
    for one in crowd:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in crowd:
            one.join()


def knock(port: int, number: int = 300) -> None:
    """Ask a baseline for its page so often."""
    with _browser(port) as browser:
        for _ in range(number):
            browser.get("/healthz")


def write(port: int, number: int = 300) -> None:
    """Bring updates of people who write, over and over."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    with _browser(port, headers=headers) as telegram:
        for one in range(number):
            update = typed(FIRST_CHAT + one % 30, 1_000_000 + one, "alo")
            assert telegram.post("/telegram", json=update).status_code == 200


# --- measuring -----------------------------------------------------------------------------------


class Measure:
    """Starts everything in turn, several times over, and keeps what it saw."""

    def __init__(self, ground: Ground, telegram: "FakeTelegram") -> None:
        self.ground = ground
        self.telegram = telegram
        self.kinds = kinds(ground, telegram.url)
        self.start: dict[str, list[float]] = defaultdict(list)
        self.memory: dict[str, list[float]] = defaultdict(list)
        self.frozen = 0
        self.turns = 0

    @property
    def token(self) -> str:
        """What stands on the poster."""
        return self.ground.tokens[PLACE]

    def once(self, number: int) -> None:
        """Measure everything once."""
        self._pages("bare fastapi", knock)
        self._pages("serve", self._visits)
        self._killed()
        self._pages("fastapi and aiogram", knock)
        self._pages("serve with telegram", self._writes)
        self._poll()
        self._send(number)

    def _visits(self, port: int) -> None:
        self.turns = visits(port, self.token)

    def _writes(self, port: int) -> None:
        write(port)
        self._visits(port)

    def _pages(self, name: str, load: Callable[[int], None]) -> None:
        with running(self.kinds[name], self.ground.folder) as process:
            self.start[name].append(process.answered())
            self.memory[f"{name} idle"].append(process.memory)
            load(process.port)
            self.memory[name].append(process.memory)

    def _killed(self) -> None:
        """Kill it under load; start it again on the same port while people still knock."""
        kind, folder = self.kinds["serve"], self.ground.folder
        first = Process(kind, folder, free_port())
        first.answered()
        with visited(first.port, self.token):
            time.sleep(1.0)
            first.end(signal.SIGKILL)
            again = Process(kind, folder, first.port)
            self.start["serve after SIGKILL"].append(again.answered())
        again.end()

    def _poll(self) -> None:
        before = self.telegram.stats()["polls"]
        with running(self.kinds["poll"], self.ground.folder) as process:
            self.start["poll"].append(
                process.until(lambda: bool(self.telegram.stats()["polls"] > before))
            )
            for one in range(200):
                self.telegram.say(FIRST_CHAT + 100 + one % 50, "alo")
            self.telegram.wait_taken(GIVEN_UP)
            self.memory["poll"].append(process.memory)

    def _send(self, number: int) -> None:
        """Let letters wait, then start who sends them."""
        self._lay_out(number)
        before = self.telegram.stats()["accepted"]
        with running(self.kinds["send"], self.ground.folder) as process:
            self.start["send"].append(
                process.until(lambda: bool(self.telegram.stats()["accepted"] > before))
            )
            process.until(lambda: bool(self.telegram.stats()["accepted"] >= before + LETTERS))
            self.memory["send"].append(process.memory)

    def _lay_out(self, number: int) -> None:
        from bot.hear import hear
        from bot.speech import Heard
        from webhook.settings import read_settings
        from webhook.wiring import make_office

        given = self.ground.settings(8000, telegram_settings(self.telegram.port))
        office = make_office(read_settings(**given))
        first = FIRST_CHAT + 1000 * (1 + number)
        self.telegram.crowd(first, LETTERS)
        try:
            for chat in range(first, first + LETTERS):
                hear(Heard("telegram", str(chat), f"bench:{chat}", text="alo"), office)
        finally:
            office.database.close()

    def look_at_the_frozen(self) -> None:
        """Ask a server of its own how much its collector need not look at."""
        with running(self.kinds["frozen"], self.ground.folder) as process:
            process.answered()
            told = self.ground.folder / "frozen"
            process.until(lambda: told.exists() and bool(told.read_text()))
            self.frozen = int(told.read_text())

    def told(self) -> dict[str, Any]:
        """Return the medians, the ratios to the baselines, and the floors that are not met."""
        start = {name: round(statistics.median(one), 3) for name, one in self.start.items()}
        memory = {name: round(statistics.median(one), 1) for name, one in self.memory.items()}
        figures = {f"start_s.{name}": one for name, one in start.items()}
        figures |= {f"memory_mb.{name}": one for name, one in memory.items()}
        return {
            "start_s": start,
            "memory_mb": memory,
            "ratio": {
                "start to bare fastapi": _ratio(start, "serve", "bare fastapi"),
                "start with telegram to fastapi and aiogram": _ratio(
                    start, "serve with telegram", "fastapi and aiogram"
                ),
                "memory to bare fastapi": _ratio(memory, "serve", "bare fastapi"),
                "memory with telegram to fastapi and aiogram": _ratio(
                    memory, "serve with telegram", "fastapi and aiogram"
                ),
            },
            "gc_frozen": self.frozen,
            "turns_before_memory": self.turns,
            "runs": len(self.start["serve"]),
            "floors": FLOORS,
            "not_met": [name for name, most in FLOORS.items() if figures[name] > most],
        }


def _ratio(figures: Mapping[str, float], ours: str, theirs: str) -> float:
    return round(figures[ours] / figures[theirs], 2)


def main() -> int:
    """Measure; return 0 where every floor is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one line of JSON at the end")
    asked = parser.parse_args()
    from fakes.client import FakeTelegram

    folder = Path(tempfile.mkdtemp(prefix="bench-start-"))
    try:
        with ground("sqlite", folder, lambda _: None) as made, FakeTelegram() as telegram:
            measure = Measure(made, telegram)
            # First of all, and unmeasured: what Python compiles it compiles now.
            measure.look_at_the_frozen()
            for number in range(asked.runs):
                measure.once(number)
                print(f"run {number + 1} of {asked.runs}", file=sys.stderr)
            told = measure.told()
    finally:
        shutil.rmtree(folder)
    print(json.dumps(told, ensure_ascii=False, indent=None if asked.json else 1))
    return 1 if told["not_met"] else 0


if __name__ == "__main__":
    sys.exit(main())
