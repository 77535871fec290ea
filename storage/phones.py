"""Reads a phone number however it is written, and hides most of it when it is shown."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

_LONGEST = 40
_WIDE = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0B: "+"}  # full-width
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BETWEEN = re.compile(r"[\s.()\-\u2010-\u2015\u2212]")
_DIGITS = re.compile(r"\+?[0-9]{8,17}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")

# The mobile prefixes of eleven digits and what became of them in the autumn of 2018
# (Ministry of Information and Communications, Quyết định 798/QĐ-BTTTT of 25/5/2018).
_RENUMBERED = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36",
    "167": "37", "168": "38", "169": "39",
    "186": "56", "188": "58", "199": "59",
}  # fmt: skip
_OLD = re.compile(r"\+840?(1[0-9]{2})([0-9]{7})")

_COUNTRIES = phonenumbers.COUNTRY_CODE_TO_REGION_CODE

_SOMEONES = {
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
}


def normal(text: str) -> str | None:
    """Return *text* as an E.164 number ("+84912345678"), or None when it is not a phone number.

    Vietnamese numbers are read with 0, 84, 0084 or +84 in front, with any spacing; foreign ones
    with + or 00. Nothing is guessed: letters, a missing first 0 and two numbers at once are None,
    and so are service numbers (1800, 1900), which are nobody's phone.
    """
    if len(text) > _LONGEST:
        return None
    dialled = _BETWEEN.sub("", _UNSEEN.sub("", text).translate(_WIDE))
    if not _DIGITS.fullmatch(dialled):
        return None
    return _checked(_renumbered(_international(dialled)))


def masked(e164: str) -> str:
    """Return a number with its middle hidden: "09•• ••• 000", "+1 ••• ••• 000" from abroad.

    Anything that is not an E.164 number comes back wholly hidden.
    """
    if not _E164.fullmatch(e164):
        return "•••• ••• •••"
    if e164.startswith("+84"):
        return f"0{e164[3]}•• {'•' * (len(e164) - 9)} {e164[-3:]}"
    country = next((e164[1:end] for end in (2, 3, 4) if int(e164[1:end]) in _COUNTRIES), "")
    return f"+{country} ••• ••• {e164[-3:]}" if country else "•••• ••• •••"


def _international(dialled: str) -> str:
    """Put the country in front: 0912… and 84912… are Vietnamese, 00 is how one dials abroad."""
    if dialled.startswith("+"):
        return dialled
    if dialled.startswith("00"):
        return f"+{dialled[2:]}"
    if dialled.startswith("0"):
        return f"+84{dialled[1:]}"
    # Without 0 or +, only Vietnam's own 84 is beyond doubt.
    return f"+{dialled}" if dialled.startswith("84") else ""


def _renumbered(number: str) -> str:
    old = _OLD.fullmatch(number)
    return f"+84{_RENUMBERED[old[1]]}{old[2]}" if old and old[1] in _RENUMBERED else number


def _checked(number: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    if phonenumbers.number_type(parsed) not in _SOMEONES:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
