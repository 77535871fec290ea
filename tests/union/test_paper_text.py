"""Texts that are agreed to: filled exactly, recognised for ever."""

import unicodedata
from dataclasses import FrozenInstanceError
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.papers import Paper, fill, fingerprint, gaps

STATEMENT = "Tôi là {name}, đang làm ở {enterprise}. Bản {paper_version}, {name}."


def test_every_gap_is_filled() -> None:
    """All places of one fact are filled, and nothing else is touched."""
    facts = {
        "name": "Nguyễn Thị Mẫu",
        "enterprise": "Công ty May Ví Dụ",
        "paper_version": "TL-1",
        "other": 1,
    }
    assert fill(STATEMENT, facts) == (
        "Tôi là Nguyễn Thị Mẫu, đang làm ở Công ty May Ví Dụ. Bản TL-1, Nguyễn Thị Mẫu."
    )
    assert gaps(STATEMENT) == {"name", "enterprise", "paper_version"}


def test_a_missing_fact_is_named() -> None:
    """No paper goes out with a gap: the missing fact is told by its name."""
    with pytest.raises(KeyError, match="enterprise"):
        fill(STATEMENT, {"name": "Nguyễn Thị Mẫu", "paper_version": "TL-1"})


@pytest.mark.parametrize("value", ["{enterprise}", "{", "}}", "{0}", "\\g<0>", "%s", "{name!r}"])
def test_braces_in_a_value_stay_what_they_are(value: str) -> None:
    """A name with braces fills nothing and runs nothing."""
    assert fill("Tôi là {name}.", {"name": value, "enterprise": "x"}) == f"Tôi là {value}."


@pytest.mark.parametrize(
    "template", ["{", "a } b", "{Name}", "{name!r}", "{na me}", "{}", "{{name}}"]
)
def test_a_malformed_template_is_refused(template: str) -> None:
    """A gap that would stay open on paper is found before."""
    with pytest.raises(ValueError, match="brace"):
        fill(template, {"name": "Nguyễn Thị Mẫu"})


@given(st.text(), st.text())
def test_two_texts_have_two_fingerprints(one: str, other: str) -> None:
    """Equal in composed form, equal fingerprint; else not."""
    try:
        same = fingerprint(one) == fingerprint(other)
    except UnicodeEncodeError:  # half a surrogate cannot be in a cleaned text
        return
    assert same == (unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other))


def test_the_fingerprint_never_changes() -> None:
    """A fingerprint made years ago is found again: this one is fixed for good."""
    assert fingerprint("Tôi là Nguyễn Thị Mẫu.") == FIXED
    assert fingerprint(unicodedata.normalize("NFD", "Tôi là Nguyễn Thị Mẫu.")) == FIXED
    assert fingerprint("Tôi là Nguyễn Thị Mẫu. ") != FIXED


FIXED = "8a5f9ac7ded54b9fb55f73af12fce91b538d990078f4b6c30ca312031388fb71"


def test_a_paper_is_not_changed_afterwards() -> None:
    """A version that was agreed to stays as it was."""
    paper = Paper("sign-statement-start", "TL-1", date(2026, 11, 20), STATEMENT)
    with pytest.raises(FrozenInstanceError):
        paper.text = "khác"  # type: ignore[misc]
