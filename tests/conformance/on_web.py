"""The web chat: a browser that sends our forms and follows where they lead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from html import unescape

from conformance.browser import Browser
from conformance.person import Person
from storage.posters import Poster

_LETTER = re.compile(r'<li class="us" data-id="(\d+)".*?</li>', re.DOTALL)
_HREF = re.compile(r'<a[^>]* href="([^"]*/t/[^"]*)"')
_RETURN = re.compile(r"\b[A-Z2-9]{4}(?:[ -][A-Z2-9]{4}){3}\b")
_TAG = re.compile(r"<[^>]+>")


class OnWeb(Person):
    """Somebody at a browser. Her letters are what the page shows; nobody pushes any there."""

    _seen: dict[int, str]
    _return_code = ""

    @cached_property
    def chat(self) -> Browser:
        """The page of the chat."""
        self._seen = {}
        return Browser(self.pages)

    @property
    def address(self) -> str:
        return self.pages.cookies.get("kd", "")

    def _scan(self, poster: Poster) -> None:
        self.chat.scans(poster.token)

    def _say(self, text: str) -> None:
        self._open()
        [form] = [one for one in self.chat.read.forms if "text" in one.fields]
        self.chat.sends(form.action, form.fields | {"text": text})

    def _tap(self, label: str) -> None:
        self._open()
        for form in reversed(self.chat.read.forms):
            name, payload = form.buttons.get(label, ("", ""))
            if name == "choice":
                self.chat.sends(form.action, form.fields | {name: payload})
                return
        raise AssertionError(f"no choice {label!r}; {self.told()}")

    def _open(self) -> None:
        """Look at the chat; who was never here begins it without a poster."""
        if not self.address:
            self.chat.goes("/?lang=vi")
            self.chat.presses("Nhắn tại đây")
        self.chat.goes("/chat")

    def _letters(self) -> Sequence[str]:
        chat = self.chat
        if self.address:
            chat.goes("/chat")
            for found in _LETTER.finditer(chat.text):
                self._seen.setdefault(int(found[1]), _words(found[0]))
        return [self._seen[number] for number in sorted(self._seen)]

    def _settle(self) -> None:
        """What a form led to is on the page that answers it."""

    # --- a machine that others use ---------------------------------------------------------------

    def leaves_machine(self) -> None:
        """Leave by the button of the page, and take the code to come back with along."""
        self._begin()
        self._open()
        self.chat.presses("Rời khỏi máy này")
        self.chat.goes("/chat")
        self.chat.presses("Xem mã, rồi rời")
        found = _RETURN.search(self.chat.words)
        assert found is not None, self.chat.words
        self._return_code = found[0]
        self.chat.presses("Đã chép, rời máy")
        assert not self.address, "the machine still knows her"

    def stays_at_machine(self) -> None:
        self._begin()
        self._open()
        self.chat.presses("Rời khỏi máy này")
        self.chat.goes("/chat")
        self.taps("Ở lại")

    def comes_back(self) -> None:
        self._begin()
        self.chat.goes("/chat/return")
        self.chat.presses("Mở", code=self._return_code)
        self._end()


def _words(html: str) -> str:
    """Return what a letter says, with the addresses of its links in it."""
    letter = html.partition("<form")[0]
    return unescape(_TAG.sub("", _HREF.sub(r" \1 ", letter)))
