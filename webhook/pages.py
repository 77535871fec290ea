"""Pages of ours: templates filled with the words of one language, and nothing from elsewhere."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    meta,
)
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from bot.words import Words
from union.codes import grouped

HERE = Path(__file__).parent
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_LOADER = FileSystemLoader(HERE / "templates")
_WORDS_ALONE = {"lang", "languages", "t", "label", "file", "is_web"}
# The address in a static file's name changes with its bytes, so that it may be kept for long.
_KEPT = "public, max-age=31536000, immutable"


class Pages:
    """Fills templates. *origin* is our own address: only links to it are made tappable."""

    def __init__(self, words: Words, origin: str) -> None:
        self.words = words
        self._origin = origin
        self._filled: dict[tuple[str, str, bool], str] = {}

    def show(
        self,
        name: str,
        language: str,
        /,
        *,
        status: int = 200,
        **facts: Any,
    ) -> HTMLResponse:
        """Return the page *name* in a language. Raises LookupError for a page nobody made."""
        return HTMLResponse(self.fill(name, language, **facts), status_code=status)

    def fill(self, name: str, language: str, /, **facts: Any) -> str:
        """Return the text of a page or of a part of one."""
        if _says_the_same(name):
            key = (name, language, bool(facts.get("is_web")))
            if key not in self._filled:
                self._filled[key] = self._fill(name, language, **facts)
            return self._filled[key]
        return self._fill(name, language, **facts)

    def _fill(self, name: str, language: str, /, **facts: Any) -> str:
        return _template(name).render(
            lang=language,
            languages=self.words.languages,
            linked=self._linked,
            t=self._speaker(language),
            label=self._labeller(language),
            when=lambda at: self.words.when(at, language) if isinstance(at, datetime) else at,
            **facts,
        )

    def refusal(self, key: str, language: str, status: int, seconds: int) -> HTMLResponse:
        """Return the page that says what stood in the way."""
        page = self.show(
            "notice", language, status=status, text=self._refused(key, language, seconds)
        )
        if status == 503:
            page.headers["retry-after"] = str(seconds)
        return page

    def static(self, name: str) -> Response | None:
        """Return a file of ours, or None."""
        kept = _files().get(name)
        if kept is None:
            return None
        content, kind = kept
        return Response(content, media_type=kind, headers={"cache-control": _KEPT})

    # --- inside --------------------------------------------------------------------------------

    def _speaker(self, language: str) -> Callable[..., str]:
        def speak(key: str, **facts: Any) -> str:
            return self.words.text(key, language, **facts)

        return speak

    def _labeller(self, language: str) -> Callable[..., str]:
        def speak(choice: str, **facts: Any) -> str:
            return self.words.label(choice, language, **facts)

        return speak

    def _refused(self, key: str, language: str, seconds: int) -> str:
        return self.words.text(key, language, seconds=seconds)

    def _linked(self, text: str, private: str) -> Markup:
        """Return a text with links to our own pages made tappable; everything else is escaped.

        A one-time page is a button with the words *private*; an address to pass on stays visible.
        """
        parts = re.split(f"({re.escape(self._origin)}/[A-Za-z0-9_/-]+)", text)
        made = (
            self._link(part, private) if n % 2 else escape(part) for n, part in enumerate(parts)
        )
        return Markup("").join(made)

    def _link(self, address: str, private: str) -> Markup:
        path = address.removeprefix(self._origin)
        if path.startswith("/t/"):
            return Markup('<a class="button" href="{}">{}</a>').format(path, private)
        return Markup('<a href="{0}">{0}</a>').format(address)


# --- what lies beside this file: read and made ready once for each process ---------------------


@cache
def _environment() -> Environment:
    made = Environment(
        loader=_LOADER,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["grouped"] = grouped
    made.globals["file"] = _file
    return made


@cache
def _template(name: str) -> Template:
    try:
        return _environment().get_template(f"{name}.html")
    except TemplateNotFound:
        raise LookupError(name) from None


@cache
def _says_the_same(name: str) -> bool:
    """Whether a page is filled with words alone, so that everybody may get the same text."""
    return _used(f"{name}.html") <= _WORDS_ALONE


def _used(file: str) -> set[str]:
    try:
        source, _, _ = _LOADER.get_source(_environment(), file)
    except TemplateNotFound:
        raise LookupError(file) from None
    parsed = _environment().parse(source)
    used = meta.find_undeclared_variables(parsed)
    for other in meta.find_referenced_templates(parsed):
        # A part that is named only while the page is filled may use anything.
        used |= _used(other) if other else {"?"}
    return used


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    return {
        _stamped(path): (path.read_bytes(), _TYPES[path.suffix])
        for path in sorted((HERE / "static").iterdir())
        if path.suffix in _TYPES
    }


@cache
def _names() -> dict[str, str]:
    return {path.name: f"/static/{_stamped(path)}" for path in sorted((HERE / "static").iterdir())}


def _file(name: str) -> str:
    return _names()[name]


def _stamped(path: Path) -> str:
    mark = hashlib.sha256(path.read_bytes()).hexdigest()[:10]
    return f"{path.stem}.{mark}{path.suffix}"
