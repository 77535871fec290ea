"""Every word on a page stands in the catalogue; no sentence hides in a template."""

import re
from pathlib import Path

import pytest

from bot.words import Words

ROOT = Path(__file__).parents[2]
WORDS = Words.load(ROOT / "locales")
TEMPLATES = sorted((ROOT / "webhook" / "templates").glob("*.html"))
# What is no sentence: the names of languages, the sign of a drawing.
NO_SENTENCE = {"English", "Tiếng Việt", "QR"}


@pytest.mark.parametrize("language", WORDS.languages)
def test_every_key_of_a_page_has_words(language):
    """Each key that a template names is in the catalogue of each language."""
    known = WORDS._of(language).texts
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        for key in re.findall(r"""\bt\(["']([a-z0-9?-]+)["'],?""", text):
            assert key in known, (path.name, key)
        for choice in re.findall(r"""\blabel\(["']([a-z0-9-]+)["']\)""", text):
            assert f"choice-{choice}" in known, (path.name, choice)
    for reason in ("duplicates", "papers", "call", "other"):
        assert f"choice-purpose-{reason}" in known


def test_no_sentence_stands_in_a_template():
    """What is read on a page comes from the catalogue: templates hold no words of their own."""
    for path in TEMPLATES:
        bare = re.sub(
            r"\{% block \w+_attributes %\}.*?\{% endblock %\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]+>",
            " ",
            path.read_text("utf-8"),
            flags=re.DOTALL,
        )
        words = set(re.findall(r"[^\W\d_]{2,}", bare)) - {
            word for one in NO_SENTENCE for word in one.split()
        }
        assert not words, (path.name, words)


def test_every_act_on_the_timeline_has_words(words):
    """Each act that the timeline tells has its sentence in every language."""
    from webhook.timeline import _KEYS

    for language in words.languages:
        for key in set(_KEYS.values()):
            assert words.text(key, language, code="K7M2QX", body="Công đoàn phường Mẫu", n=5)
