"""Which of the choices offered a person meant, when she typed it instead of tapping."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from union.folding import clean, fold

_NUMBER = re.compile(r"(?:(?:so|chon|nut|number|option) )?([0-9]{1,2})")
_NUMBER_AND_WORDS = re.compile(r"([0-9]{1,2}) (.+)")
_FEWEST_WORDS = 2


def pick(text: str, labels: Sequence[str]) -> int | None:
    """Find the place (from 0) of the label that *text* names, or None; never guess between two.

    Understood are its number ("1", "[1]", "số 1", full-width), its words with or without marks,
    its first words (two at least) when no other label begins so, and number and words together
    when they agree.
    """
    typed = fold(text)
    if whole := _NUMBER.fullmatch(typed):
        return _agreed(int(whole[1]) - 1, labels, _by_words(text, labels), words_needed=False)
    named = _by_words(text, labels)
    if len(named) == 1:
        return named[0]
    if both := _NUMBER_AND_WORDS.fullmatch(typed):
        return _agreed(int(both[1]) - 1, labels, _by_words(both[2], labels), words_needed=True)
    return None


def _agreed(
    place: int, labels: Sequence[str], named: list[int], *, words_needed: bool
) -> int | None:
    if not 0 <= place < len(labels):
        return None
    agrees = place in named or (not named and not words_needed)
    return place if agrees else None


def _by_words(text: str, labels: Sequence[str]) -> list[int]:
    typed = fold(text).split()
    if not typed:
        return []
    whole = [place for place, label in enumerate(labels) if fold(label).split() == typed]
    if whole:
        return _by_marks(text, labels, whole, _is_whole)
    if len(typed) < _FEWEST_WORDS:
        return []
    begun = [
        place for place, label in enumerate(labels) if fold(label).split()[: len(typed)] == typed
    ]
    return _by_marks(text, labels, begun, _is_begun)


def _by_marks(
    text: str,
    labels: Sequence[str],
    places: list[int],
    fits: Callable[[list[str], list[str]], bool],
) -> list[int]:
    """Labels that differ only in their marks are told apart by the marks, if she typed them."""
    if len(places) < 2:
        return places
    exact = [place for place in places if fits(_marked_words(text), _marked_words(labels[place]))]
    return exact if len(exact) == 1 else places


def _is_whole(typed: list[str], label: list[str]) -> bool:
    return typed == label


def _is_begun(typed: list[str], label: list[str]) -> bool:
    return label[: len(typed)] == typed


def _marked_words(text: str) -> list[str]:
    lettered = (
        char if unicodedata.category(char)[0] in "LMN" else " " for char in clean(text).casefold()
    )
    return "".join(lettered).split()
