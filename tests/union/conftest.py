"""What the tests of the rules share: things that people, phones and attackers really send."""

import pytest

BAD_INPUTS = {
    "nothing": "",
    "spaces": "  \t\n ",
    "4,000 letters": "a" * 4000,
    "4,000 words": "a " * 4000,
    "emoji": "😀👍🏽❤️",
    "NUL": "\x00",
    "right-to-left marks": "\u202e\u200f\u2066\u2069",
    "zero width": "\u200b\u200c\u200d\ufeff",
    "half a surrogate": "\ud800",
    "invisible letters": "\u3164\u115f",
    "4,000 marks": "a" + "\u0301\u0323" * 2000,
    "marks alone": "\u0301\u0302",
    "punctuation": "?!…",
}


@pytest.fixture(params=list(BAD_INPUTS.values()), ids=list(BAD_INPUTS))
def bad_input(request: pytest.FixtureRequest) -> str:
    """One text that no parser may stumble over."""
    text: str = request.param
    return text
