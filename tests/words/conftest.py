import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from bot.words import Words

LOCALES = Path(__file__).parents[2] / "locales"


@dataclass(frozen=True)
class Entry:
    """One entry of a catalogue, with what its comment says: who reads it and which buttons follow."""

    key: str
    text: str
    readers: frozenset[str]
    choices: tuple[str, ...]

    @property
    def gaps(self):
        return frozenset(re.findall(r"\{(\w+)\}", self.text))

    @property
    def first_line(self):
        return self.text.split("\n")[0]

    @property
    def is_label(self):
        return self.key.startswith("choice-")


def _entry(message):
    lines = message.auto_comments
    listed = [
        line.removeprefix("choices: ").split() for line in lines if line.startswith("choices: ")
    ]
    readers = {word for line in lines if not line.startswith("choices: ") for word in line.split()}
    return Entry(
        message.id, message.string, frozenset(readers), tuple(listed[0] if listed else ())
    )


def _catalogue(language):
    with (LOCALES / language / "bot.po").open("rb") as file:
        return {one.id: _entry(one) for one in read_po(file, abort_invalid=True) if one.id}


@pytest.fixture(scope="session")
def catalogues():
    return {path.parent.name: _catalogue(path.parent.name) for path in LOCALES.glob("*/bot.po")}


@pytest.fixture(scope="session")
def words():
    return Words.load(LOCALES)
