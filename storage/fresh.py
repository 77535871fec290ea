"""Fresh codes: short, easily read from paper, and never like a word."""

import secrets

from union.codes import ALPHABET

_DIGITS = frozenset("23456789")


def fresh_code(length: int, letters: str = ALPHABET) -> str:
    """Return a random code of *length* with at least one digit: "rút tên" has the form of one."""
    while True:
        code = written(secrets.randbelow(len(letters) ** length), length, letters)
        if has_digit(code):
            return code


def written(number: int, length: int, letters: str) -> str:
    """Return a number as *length* of these letters; what is too big for them is cut off."""
    code = ""
    for _ in range(length):
        number, place = divmod(number, len(letters))
        code += letters[place]
    return code


def has_digit(code: str) -> bool:
    """Whether a code has a digit, so that it is never a word."""
    return bool(_DIGITS & set(code))
