"""A warm parent from which servers are forked: a start takes a tenth of a second, not seconds.

It has imported everything, read words and certificates, and opened nothing: no thread, no socket,
no database. What it forks is the real `ketdoan serve`. These things are different there, and only
these: the account may send 500 letters a second and any number to one person; a lease lasts three
seconds instead of ninety, and who has just started takes over what ran out, for no process lives
long enough to watch the clock first; letters of events with an odd number must not go twice
(nothing in the product asks for that yet); what renews Zalo's token waits for seconds where it
waits for minutes, for the same reason; and the log goes to a file.
"""

import ctypes
import gc
import json
import os
import re
import signal
import ssl
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

# Everything that `serve` would load later is loaded here, once.
import certifi
import httptools  # noqa: F401
import psycopg  # noqa: F401
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401
import uvicorn.lifespan.on
import uvicorn.protocols.http.httptools_impl  # noqa: F401
import uvloop  # noqa: F401

import bench.places
import channels.telegram_reading
import channels.telegram_speaking
import channels.zalo_line
import channels.zalo_oauth
import channels.zalo_speaking
import channels.zalo_tokens
import webhook.announce
import webhook.app
import webhook.counter
import webhook.telegram
import webhook.zalo
import webhook.zalo_vault
from bot import sender
from bot.speech import Pace
from bot.words import Words
from channels.zalo import Tokens
from storage import ids
from storage.database import utc_now
from storage.outbox import Outbox
from webhook import serving, wiring
from webhook.logs import set_up_logs
from webhook.settings import PREFIX, Settings, read_settings

assert bench.places.ROOT  # the tests' folder is searched from here on
from postgres import clear  # noqa: E402

LEASE_SECONDS = 3.0
_TAKE_OVER_SECONDS = 0.5
_FAST = Pace(per_second=500, per_address_seconds=0.0)
_AHEAD = timedelta(hours=40)
_PR_SET_PDEATHSIG = 1
_NUMBER = re.compile(r"(?:telegram:\d+:(\d+)|zalo:([0-9a-f]{20})):")
# A call to Zalo's OAuth, and the lease under which one is made.
_CALL_SECONDS, _TOKEN_LEASE_SECONDS = 1.0, 1.5
# How long what stands still for minutes stands still here.
_SHORT_SECONDS = 0.3
_DRAINED = 60.0


class Nursery:
    """The parent as whoever forked it sees it: starts servers, kills them, drains the outbox."""

    def __init__(self) -> None:
        """Fork it. Raises RuntimeError where this process has opened too much already."""
        _must_be_bare()
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._orders)
            os.close(self._answers)
            _be_parent(os.fdopen(orders), os.fdopen(answers, "w"))
        os.close(orders)
        os.close(answers)
        self._says = os.fdopen(self._orders, "w")
        self._hears = os.fdopen(self._answers)

    def start(self, name: str, log: Path, **settings: Any) -> int:
        """Fork a server with these settings; return its process."""
        return int(self._told("start", name, str(log), settings))

    def kill(self, name: str) -> None:
        """Kill a server with SIGKILL; return when it is gone."""
        self._told("kill", name)

    def stop(self, name: str) -> int:
        """Ask a server to stop; return how it ended."""
        return int(self._told("stop", name))

    def drain(self, log: Path, **settings: Any) -> int:
        """Send every letter that waits, also those of tomorrow morning; return how it ended."""
        return int(self._told("drain", str(log), settings))

    def mind(self, folder: Path) -> None:
        """Clear a PostgreSQL server's folder away at the end, however that comes."""
        self._told("mind", str(folder))

    def end(self) -> None:
        """End the parent and whatever it has started."""
        self._says.close()
        self._hears.close()
        os.waitpid(self.pid, 0)

    def _told(self, *order: Any) -> Any:
        self._says.write(json.dumps(order) + "\n")
        self._says.flush()
        answer = self._hears.readline()
        if not answer:
            raise RuntimeError("the nursery has ended")
        return json.loads(answer)


def _must_be_bare() -> None:
    """Make sure that nothing is open that a child must not share."""
    if threading.active_count() > 1 or len(list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError("a thread runs already")
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            if str(one.readlink()).startswith(("socket:", "anon_inode:[eventpoll]")):
                raise RuntimeError("a socket is open already")


# --- the parent itself ---------------------------------------------------------------------------


def _be_parent(orders: TextIO, answers: TextIO) -> None:
    children: dict[str, int] = {}
    minded: list[str] = []
    # Ctrl-C is for whoever plays; this process ends when nobody gives it orders any more.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for name in [one for one in os.environ if one.startswith(PREFIX)]:
            del os.environ[name]
        _read_once()
        _change_what_is_different()
        # Shared with every child: its own start-up has little left to look at.
        gc.collect()
        gc.freeze()
        for line in orders:
            order, *rest = json.loads(line)
            if order == "mind":
                minded += rest
            told = 0 if order == "mind" else _carry_out(order, rest, children)
            answers.write(json.dumps(told) + "\n")
            answers.flush()
    except BaseException:  # noqa: BLE001 -- told, and then it ends
        traceback.print_exc()
    finally:
        for one in children.values():
            os.kill(one, signal.SIGKILL)
        for folder in minded:
            clear(Path(folder))
        os._exit(0)


def _carry_out(order: str, rest: list[Any], children: dict[str, int]) -> int:
    match order:
        case "start":
            name, log, settings = rest
            children[name] = _forked(lambda: serving.serve(_settings(settings)), log)
            return children[name]
        case "kill":
            return _ended(children.pop(rest[0]), signal.SIGKILL)
        case "stop":
            return _ended(children.pop(rest[0]), signal.SIGTERM)
        case "drain":
            log, settings = rest
            return _ended(_forked(lambda: _drain(_settings(settings)), log), None)
    raise ValueError(order)


def _ended(pid: int, how: signal.Signals | None) -> int:
    if how is not None:
        os.kill(pid, how)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _forked(work: Callable[[], None], log: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _dies_with_its_parent()
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        ids.after_fork()
        work()
    except BaseException:  # noqa: BLE001 -- the log says why
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _dies_with_its_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _settings(given: dict[str, Any]) -> Settings:
    return read_settings(**given)


# --- what is different there ---------------------------------------------------------------------


def _read_once() -> None:
    """Read what every server would read anew: the words, and the certificates of the world."""
    words = Words.load(wiring.LOCALES)
    vars(wiring)["Words"] = _WordsAtHand(words)
    context = ssl.create_default_context(cafile=certifi.where())
    ssl.create_default_context = lambda **_: context


class _WordsAtHand:
    """Stands where the words are loaded, and has them already."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def load(self, folder: Path) -> Words:
        """Return them."""
        del folder
        return self._words


def _change_what_is_different() -> None:
    known = sender.Sender.__init__.__kwdefaults__
    assert known
    assert known["lease_seconds"] == sender.LEASE_SECONDS
    known.update(lease_seconds=LEASE_SECONDS, trusts=True)
    assert sender._TAKE_OVER_SECONDS > _TAKE_OVER_SECONDS  # noqa: SLF001
    sender._TAKE_OVER_SECONDS = _TAKE_OVER_SECONDS  # noqa: SLF001
    vars(webhook.app)["mouths"] = _mouths
    wiring.mouths = _mouths
    real = Outbox.post

    def post(self: Outbox, **sides: Any) -> bool:
        if _is_odd(sides["key"]):
            sides["if_unsure"] = "hold"
        return real(self, **sides)

    Outbox.post = post  # type: ignore[method-assign]
    _hurry_tokens()


def _is_odd(key: str) -> bool:
    found = _NUMBER.match(key)
    return bool(found and (int(found[1]) if found[1] else int(found[2], 16)) % 2)


def _hurry_tokens() -> None:
    """Let what keeps Zalo's token go on within a life of a second."""
    keeper, oauth = channels.zalo_tokens.Keeper, channels.zalo_oauth.OAuth
    for made, given in (
        (keeper, {"lease_seconds": _TOKEN_LEASE_SECONDS, "fresh_seconds": 0.0}),
        (oauth, {"seconds": _CALL_SECONDS}),
    ):
        known = vars(made)["__init__"].__kwdefaults__
        assert given.keys() <= known.keys()
        known.update(given)
    for name in ("LOOK_SECONDS", "ONCE_MORE_SECONDS", "RARELY_SECONDS", "FIRST_WAIT"):
        assert vars(channels.zalo_tokens)[name] > _SHORT_SECONDS
        vars(channels.zalo_tokens)[name] = _SHORT_SECONDS
    halted = vars(channels.zalo_line.Halted)["__init__"]
    assert halted.__defaults__ == (channels.zalo_line.HALT_SECONDS,)
    halted.__defaults__ = (_SHORT_SECONDS,)


def _mouths(settings: Settings, tokens: Tokens | None = None) -> dict[str, wiring.Line]:
    if settings.has_zalo:
        assert tokens is not None
        line = channels.zalo_line.Line(tokens, settings.zalo_api_url)
        return {"zalo": channels.zalo_speaking.ZaloMouth(line, pace=_FAST)}
    token, url = settings.telegram_token, settings.telegram_api_url
    return {"telegram": channels.telegram_speaking.Telegram(token, url, pace=_FAST)}


def _drain(settings: Settings) -> None:
    """Send until nothing waits any more; the clock is ahead, so that the morning has come."""
    import asyncio

    set_up_logs()

    def ahead() -> datetime:
        return utc_now() + _AHEAD

    async def work() -> None:
        office = wiring.make_office(settings, ahead)
        mouths = _mouths(settings, webhook.zalo_vault.keeper_of(settings, office.database))
        try:
            async with asyncio.timeout(_DRAINED):
                while _waits(office):
                    if not await sender.drain(office, mouths):
                        await asyncio.sleep(0.05)
        finally:
            for one in mouths.values():
                await one.close()
            office.database.close()

    asyncio.run(work())


def _waits(office: Any) -> bool:
    with office.database.read() as store:
        counts = store.outbox.counts()
    return bool(counts.get("waiting", 0) + counts.get("claimed", 0))
