"""A talk in the terminal: what came while away, then line by line, answers as they come."""

import asyncio
import queue
import sys
import threading

import typer

from bot import sender
from bot.hear import hear
from bot.office import Office
from bot.speech import Heard
from channels.terminal import Terminal
from storage.database import NotWritten, TooBusy
from webhook.trouble import Trouble

# So often a talk by hand looks whether somebody else's answer has come.
_LOOK_SECONDS = 1.0


class Talking:
    """One talk under *name*, beside a running `serve` or alone."""

    def __init__(self, office: Office, name: str) -> None:
        if not name.strip():
            raise Trouble("--as: give a name", code=2)
        self._office = office
        self._terminal = Terminal(name.strip(), typer.echo)
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=1)

    def run(self, scan: str = "") -> None:
        """Talk until the input ends."""
        if sys.stdin.isatty():
            words = self._office.words
            typer.echo(words.text("talk-hello", words.languages[0]), err=True)
        self._deliver()
        if scan:
            self._hear(self._scanned(scan))
        threading.Thread(target=self._read_lines, name="lines", daemon=True).start()
        while True:
            try:
                line = self._lines.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                self._deliver()
                continue
            if line is None:
                return
            self._hear(self._terminal.read(line))

    def _read_lines(self) -> None:
        # Bytes, because a script may send anything: what is no UTF-8 becomes a replacement sign.
        for line in sys.stdin.buffer:
            self._lines.put(line.decode("utf-8", "replace").rstrip("\r\n"))
        self._lines.put(None)

    def _scanned(self, code: str) -> Heard:
        with self._office.database.read() as store:
            poster = store.posters.by_token(code) or store.posters.by_code(code)
        return self._terminal.scan(poster.token if poster else code)

    def _hear(self, heard: Heard) -> None:
        try:
            hear(heard, self._office)
        except (TooBusy, NotWritten):
            raise Trouble("the database is busy or the disk is full; say it again later") from None
        self._deliver()

    def _deliver(self) -> None:
        """Print every letter that waits for this name, in order."""
        with self._office.database.read() as store:
            known = store.conversations.find("terminal", self._terminal.name)
        if known is None:
            return
        mouths = {"terminal": self._terminal}
        while asyncio.run(sender.drain(self._office, mouths, conversation_id=known.row_id)):
            continue
