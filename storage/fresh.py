"""Fresh codes: short, easily read from paper, and never like a word."""

import secrets

from union.codes import ALPHABET

_DIGITS = frozenset("23456789")


def fresh_code(length: int) -> str:
    """Return a random code of *length* with at least one digit: "rút tên" has the form of one."""
    while True:
        number = secrets.randbelow(len(ALPHABET) ** length)
        code = ""
        for _ in range(length):
            number, place = divmod(number, len(ALPHABET))
            code += ALPHABET[place]
        if _DIGITS & set(code):
            return code
