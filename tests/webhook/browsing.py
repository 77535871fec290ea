"""A browser without a browser: it follows our redirects, keeps cookies and reads forms."""

import gc
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

import uvicorn
from fastapi import FastAPI
from httpx import Client, Response


@contextmanager
def serving(app: FastAPI, listening: socket.socket) -> Iterator[None]:
    """Run an application on loopback, as `ketdoan serve` does, until the block ends."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        loop="uvloop",
        http="httptools",
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    # The program collects all garbage when it opens: here that of every test before, each time.
    # It is let go again when it closes.
    gc.freeze()
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the door did not open"
        time.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the door did not close"


@dataclass
class PageForm:
    """One form of a page: where it goes, what is hidden in it, its buttons by their words."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class Reader(HTMLParser):
    """Reads the forms, links and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.links: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: PageForm | None = None
        self._button: tuple[str, str] | None = None
        self._link: str | None = None
        self._words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.tags.append((tag, said))
        if tag == "form":
            self._open = PageForm(said.get("action") or "")
            self.forms.append(self._open)
        if tag in ("input", "textarea") and self._open is not None and said.get("name"):
            if said.get("type") in ("radio", "checkbox") and "checked" not in said:
                return
            self._open.fields[str(said["name"])] = said.get("value") or ""
        if tag == "button":
            self._button, self._words = (said.get("name") or "", said.get("value") or ""), ""
        if tag == "a":
            self._link, self._words = said.get("href"), ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._open is not None and self._button is not None:
            self._open.buttons[" ".join(self._words.split())] = self._button
            self._button = None
        if tag == "a" and self._link is not None:
            self.links[" ".join(self._words.split())] = self._link
            self._link = None
        if tag == "form":
            self._open = None

    def handle_data(self, data: str) -> None:
        self._words += data


class Browser:
    """One browser: its cookies, the page it is on."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.page: Response | None = None
        self.path = "/"

    def goes(self, path: str, **headers: str) -> Response:
        """Open an address and follow where it leads."""
        return self._arrive(self.client.get(path, headers=headers, follow_redirects=False))

    def sends(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Response:
        """Send a form and follow where it leads."""
        sent = self.client.post(path, data=fields or {}, headers=headers, follow_redirects=False)
        return self._arrive(sent)

    def presses(self, words: str, **filled: str) -> Response:
        """Press the last button with these words, with fields filled in."""
        for form in reversed(self.read.forms):
            if words in form.buttons:
                name, value = form.buttons[words]
                fields = form.fields | filled
                if name:
                    fields[name] = value
                return self.sends(form.action or self.path, fields)
        buttons = [one for form in self.read.forms for one in form.buttons]
        raise AssertionError(f"no button {words!r}, only {buttons}")

    def says(self, text: str) -> Response:
        """Type a line in the chat."""
        return self.presses("Gửi", text=text)

    def scans(self, token: str) -> Response:
        """Open a poster's page and begin the web chat there."""
        self.goes(f"/q/{token}")
        return self.presses("Nhắn tại đây")

    def signs(self, token: str, name: str = "Nguyễn Thị Mẫu") -> Response:
        """Walk from the scan to the last tap."""
        self.scans(token)
        self.presses("Ghi tên")
        self.presses("Chỉ giữ tên (A)")
        self.says(name)
        return self.presses("Ghi tên")

    @property
    def read(self) -> Reader:
        """The page as forms, links and tags."""
        assert self.page is not None
        return Reader(self.page.text)

    @property
    def words(self) -> str:
        """The words of the page, one line."""
        assert self.page is not None
        bare = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", self.page.text, flags=re.DOTALL)
        return " ".join(unescape(bare).split())

    def _arrive(self, answer: Response) -> Response:
        self.path = answer.request.url.path
        while answer.is_redirect:
            path = answer.headers["location"]
            assert path.startswith("/"), "we never lead away from our own pages"
            answer = self.client.get(path, follow_redirects=False)
            self.path = answer.request.url.path
        self.page = answer
        return answer
