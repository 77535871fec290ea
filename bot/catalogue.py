"""Reads the words of one language from its files: sentences, commands, topics, texts to sign."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, cast

from babel import Locale
from babel.messages.pofile import PoFileError, read_po

from union.papers import Paper
from union.rules import Certainty

Phrases = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Topic:
    """One answer on rights, with the documents behind it.

    *figures* are keys of the dated law that the text shows; *computed* are figures made by
    multiplying others. *phrases* are ways in which people ask. *review_on*: after this day it is
    to be read again; *approved*: by the union's lawyer; *hand_over*: a person is offered after it.
    """

    number: int
    slug: str
    title: str
    short: str
    text: str
    sources: tuple[str, ...]
    certainty: Certainty
    figures: tuple[str, ...]
    computed: Phrases
    phrases: tuple[str, ...]
    updated_on: date
    review_on: date
    approved: bool
    hand_over: bool


@dataclass(frozen=True)
class Language:
    """What one language can say: sentences and papers by key, commands by name, topics by slug."""

    texts: Mapping[str, str]
    commands: Phrases
    topics: Mapping[str, Topic]
    papers: Mapping[str, Paper]


def read_language(folder: Path) -> Language:
    """Return the words that stand in *folder*, whose name is the code of their language.

    Raises ValueError with the file's name for a file that cannot be read, and babel's
    UnknownLocaleError for a folder named after no language.
    """
    Locale.parse(folder.name)  # an unknown code would only fail at the first date
    topics = [_topic(path) for path in sorted(folder.glob("rights/*.md"))]
    papers = [_paper(path) for path in sorted(folder.glob("papers/*.md"))]
    return Language(
        texts=_texts(folder / "bot.po"),
        commands=_phrases(_toml(folder / "commands.toml")),
        topics={topic.slug: topic for topic in topics},
        papers={paper.key: paper for paper in papers},
    )


def _texts(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except (PoFileError, ValueError) as why:
        raise ValueError(f"{path}: {why}") from why
    # A "fuzzy" translation belongs to an older sentence: better Vietnamese than wrong.
    return {
        str(entry.id): str(entry.string)
        for entry in catalogue
        if entry.id and entry.string and not entry.fuzzy
    }


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as why:
        raise ValueError(f"{path}: {why}") from why


def _phrases(table: object) -> dict[str, tuple[str, ...]]:
    rows = cast("dict[str, list[str]]", table)
    return {name: tuple(several) for name, several in rows.items()}


def _parts(path: Path) -> tuple[dict[str, object], str]:
    """Return the header between two lines of +++, and the text after them."""
    try:
        _, header, body = path.read_text("utf-8").split("+++\n", 2)
        return tomllib.loads(header), body.rstrip("\n")
    except ValueError as why:
        raise ValueError(f"{path}: {why}") from why


def _paper(path: Path) -> Paper:
    header, body = _parts(path)
    return Paper(text=body, **_fields(path, header, Paper))


def _topic(path: Path) -> Topic:
    header, body = _parts(path)
    header.setdefault("computed", {})
    header["computed"] = _phrases(header["computed"])
    for name in ("sources", "figures", "phrases"):
        header[name] = tuple(cast("list[str]", header.get(name, ())))
    return Topic(text=body, **_fields(path, header, Topic))


def _fields(path: Path, header: dict[str, object], kind: type) -> dict[str, Any]:
    """Return the header if it has the fields of *kind* but the text, no more and no fewer."""
    wanted = {one.name for one in fields(kind)} - {"text"}
    if wrong := wanted ^ set(header):
        raise ValueError(f"{path}: missing or unknown in the header: {', '.join(sorted(wrong))}")
    return header
