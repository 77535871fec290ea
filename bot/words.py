"""Every word shown to people: sentences, buttons, answers on rights, texts to sign."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from math import prod
from pathlib import Path
from typing import Self

from babel.dates import format_date
from babel.numbers import format_decimal

from bot.catalogue import Language, Phrases, Topic, read_language
from union.folding import clean, fold
from union.papers import Paper, fill, gaps
from union.rules import Rule

__all__ = ["REFERENCE", "Fact", "Phrases", "Topic", "Words"]

REFERENCE = "vi"

Fact = str | int | Decimal | date | datetime

# Vietnam has kept one offset and no summer time since 1975; a fixed one needs no zone database.
_VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
_LABEL = "choice-"
_LONGEST_COMMAND = 100
# Shorter phrases stand by chance in questions about something else.
_FEWEST_WORDS_INSIDE = 4
_UNITS = {
    "%": "unit-percent",
    "VND": "unit-dong",
    "working days": "unit-working-days",
    "people": "unit-people",
    "months": "unit-months",
    "hours": "unit-hours",
    "days": "unit-days",
}


@dataclass
class _Heard:
    """Typed phrases of all languages, folded, each with the name of what it means."""

    names: dict[str, str] = field(default_factory=dict)
    spellings: dict[str, set[str]] = field(default_factory=dict)

    def add(self, phrase: str, name: str) -> None:
        """Take a phrase in. Raises ValueError when it already means something else."""
        key = _key(phrase)
        if self.names.setdefault(key, name) != name:
            raise ValueError(f"{phrase!r} means both {self.names[key]!r} and {name!r}")
        self.spellings.setdefault(key, set()).add(_marked(phrase))


class Words:
    """The words of every language at hand; whatever one lacks is said in Vietnamese."""

    def __init__(self, languages: Mapping[str, Language]) -> None:
        """Take languages by code; the reference language must be among them."""
        if REFERENCE not in languages:
            raise ValueError(f"the words of the reference language {REFERENCE!r} are missing")
        self._reference = languages[REFERENCE]
        self._languages = languages
        self._labels: dict[tuple[str, str], str] = {}
        self._commands, self._questions = _Heard(), _Heard()
        for words in languages.values():
            for name, phrase in _each(words.commands):
                self._commands.add(phrase, name)
            for topic in words.topics.values():
                for phrase in (topic.title, *topic.phrases):
                    self._questions.add(phrase, topic.slug)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read every language of *folder*, one sub-folder each.

        Raises ValueError with the file's name for a file that cannot be read.
        """
        found = sorted(path.parent for path in folder.glob("*/bot.po"))
        return cls({path.name: read_language(path) for path in found})

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages at hand, the reference first."""
        return (REFERENCE, *sorted(set(self._languages) - {REFERENCE}))

    def text(self, key: str, language: str, /, **facts: Fact) -> str:
        """Return the sentence with its gaps filled; facts that it does not name are left out.

        A date is written in full, a moment as the hour in Vietnam, a number with its grouping.
        Raises KeyError for an unknown key and for a gap without a fact, TypeError for a fact that
        nobody could read (None, yes or no).
        """
        template = self._template(key, language)
        return fill(template, {gap: self._say(facts[gap], language) for gap in gaps(template)})

    def label(self, choice: str, language: str, /, **facts: Fact) -> str:
        """Return the words of a button. Raises KeyError for an unknown choice."""
        if facts:
            return self.text(_LABEL + choice, language, **facts)
        known = self._labels.get((choice, language))
        if known is None:
            known = self._labels[choice, language] = self.text(_LABEL + choice, language)
        return known

    def when(self, at: datetime, language: str) -> str:
        """Return a moment with its day: "18:30 thứ Tư 09/12/2026", in Vietnam's time."""
        local = at.astimezone(_VIETNAM)
        weekday = self._template(f"weekday-{local.isoweekday()}", language)
        return self.text("moment", language, hour=at, weekday=weekday, day=local.date())

    def figure(self, rule: Rule, language: str) -> str:
        """Return a figure of law with its unit, such as "0,5%" or "10 ngày làm việc".

        Raises ValueError for a unit that has no words.
        """
        return self._with_unit(Decimal(rule.value), rule.unit, language)

    def answer(self, slug: str, language: str, rules: Mapping[str, Rule]) -> str:
        """Return the text of a topic with its figures, *rules* being those in force by key.

        Raises KeyError for an unknown topic and for a figure that is not given.
        """
        topic = self.topic(slug, language)
        facts = {key: self.figure(rules[key], language) for key in topic.figures}
        for name, factors in topic.computed.items():
            product = prod((_factor(one, rules) for one in factors), start=Decimal(1))
            facts[name] = self._with_unit(product, "VND", language)
        return fill(topic.text, facts)

    def topic(self, slug: str, language: str) -> Topic:
        """Return one topic on rights. Raises KeyError."""
        return self._of(language).topics.get(slug) or self._reference.topics[slug]

    def topics(self, language: str) -> tuple[Topic, ...]:
        """Return every topic, in the order of its number."""
        every = (self.topic(slug, language) for slug in self._reference.topics)
        return tuple(sorted(every, key=lambda topic: topic.number))

    def paper(self, key: str, language: str) -> Paper:
        """Return a text to be agreed to or signed, with its version. Raises KeyError."""
        return self._of(language).papers.get(key) or self._reference.papers[key]

    def command(self, text: str) -> str | None:
        """Return the command that is the whole of what was typed, or None.

        Marks and capitals do not matter, except that a single word with marks must have the right
        ones: "đúng" is not "dừng".
        """
        if len(text) > _LONGEST_COMMAND:
            return None
        key = _key(text)
        typed = _marked(text)
        if typed != key and " " not in key and typed not in self._commands.spellings.get(key, ()):
            return None
        return self._commands.names.get(key)

    def find_topic(self, text: str) -> str | None:
        """Return the topic asked about: a known phrase, or the longest one inside a question."""
        asked = fold(text)
        if exact := self._questions.names.get(asked):
            return exact
        inside = [
            phrase
            for phrase in self._questions.names
            if phrase.count(" ") + 1 >= _FEWEST_WORDS_INSIDE and f" {phrase} " in f" {asked} "
        ]
        return self._questions.names[max(inside, key=len)] if inside else None

    def missing(self, language: str) -> list[str]:
        """Return what this language lacks and is said in Vietnamese: keys, topics, papers."""
        words, reference = self._of(language), self._reference
        lacking = [key for key in reference.texts if key not in words.texts]
        lacking += [f"rights/{slug}" for slug in reference.topics if slug not in words.topics]
        return lacking + [f"papers/{key}" for key in reference.papers if key not in words.papers]

    def _of(self, language: str) -> Language:
        return self._languages.get(language, self._reference)

    def _template(self, key: str, language: str) -> str:
        return self._of(language).texts.get(key) or self._reference.texts[key]

    def _say(self, fact: Fact, language: str) -> str:
        locale = language if language in self._languages else REFERENCE
        match fact:
            case datetime():
                return fact.astimezone(_VIETNAM).strftime("%H:%M")
            case date():
                return format_date(fact, self._template("date-shape", locale), locale=locale)
            case str():
                return fact
            case int() | Decimal() if not isinstance(fact, bool):
                return format_decimal(fact, locale=locale, decimal_quantization=False)
            case _:
                raise TypeError(f"{fact!r} has no words of its own")

    def _with_unit(self, value: Decimal, unit: str, language: str) -> str:
        for begin, key in _UNITS.items():
            if unit.startswith(begin):
                return self.text(key, language, n=value.normalize() + 0)
        raise ValueError(f"there are no words for the unit {unit!r}")


def _factor(one: str, rules: Mapping[str, Rule]) -> Decimal:
    if one.isdecimal():
        return Decimal(one)
    value = Decimal(rules[one].value)
    return value / 100 if rules[one].unit.startswith("%") else value


def _key(phrase: str) -> str:
    # "?" has no letters to compare; "??" means the same.
    return fold(phrase) or "".join(dict.fromkeys(clean(phrase)))


def _marked(phrase: str) -> str:
    """Return the phrase with its marks, without capitals and punctuation."""
    plain = unicodedata.normalize("NFKC", clean(phrase)).casefold()
    return " ".join(re.findall(r"\w+", plain)) or _key(phrase)


def _each(phrases: Phrases) -> Iterator[tuple[str, str]]:
    return ((name, phrase) for name, several in phrases.items() for phrase in several)
