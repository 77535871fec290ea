"""Knows every commune, ward and province of Vietnam as they have been since July 2025."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from union.folding import clean, fold

_LONGEST = 120
_KINDS = {"p": "phuong", "x": "xa", "dk": "dac khu"}
_KIND_FIRST = re.compile(r"(xa|phuong|dac khu|x|p|dk) (.+)")
_PROVINCE_FIRST = re.compile(r"(?:tinh|thanh pho|tp|t) (.+)|tp(hcm)")
_NOT_SPOKEN = re.compile("['\u2019\u02bc]")  # B'Lao is written with any of them


@dataclass(frozen=True)
class Province:
    """A province or a city of that rank; *code* has two digits."""

    code: str
    name: str
    folded: str


@dataclass(frozen=True)
class Commune:
    """A commune, ward or special zone; *code* has five digits, *name* says which of the three."""

    code: str
    name: str
    folded: str
    province_code: str
    province_name: str

    @property
    def bare(self) -> str:
        """The folded name without "xã", "phường" or "đặc khu"."""
        return _bare(self.folded)


def commune(code: str) -> Commune | None:
    """Return the commune of this official code ("26020", also "26020 "), or None."""
    return _communes().get(_digits(code, 5))


def province(code_or_name: str) -> Province | None:
    """Return a province by its code ("75") or its name, with or without "tỉnh", or None."""
    by_code = _provinces().get(_digits(code_or_name, 2))
    if by_code or len(code_or_name) > _LONGEST:
        return by_code
    wanted = _province_key(code_or_name)
    return next((one for one in _provinces().values() if _province_key(one.name) == wanted), None)


def find(text: str, province: str | None = None) -> list[Commune]:
    """Return the communes that *text* may mean: a code, or a name with or without its kind.

    Marks and capitals may be missing. Where the marks are written they decide between communes
    that differ in nothing else, and so does the kind ("xã", "phường", "P."). *province* is a code
    or a name; one that does not exist finds nothing.
    """
    if len(text) > _LONGEST:
        return []
    within = _province(province) if province is not None else None
    if province is not None and within is None:
        return []
    found = _with_marks(text, _closest(_fold(text), within))
    if not found and (one := commune(text)):
        found = [one] if within in (None, _provinces()[one.province_code]) else []
    return found


def _closest(wanted: str, within: Province | None) -> list[Commune]:
    """Return what matches best: the whole name, else the bare name, else without its kind."""
    kind_first = _KIND_FIRST.match(wanted)
    whole = f"{_KINDS.get(kind_first[1], kind_first[1])} {kind_first[2]}" if kind_first else ""
    for key in (whole, wanted, kind_first[2] if kind_first else ""):
        found = [one for one in _by_name().get(key, []) if within is None or _is_in(one, within)]
        if found:
            return found
    return []


def _with_marks(text: str, found: list[Commune]) -> list[Commune]:
    """Keep those written with the same marks, if *text* has marks and any is."""
    said = clean(text).casefold()
    if said.isascii():
        return found
    return [one for one in found if said.endswith(_bare(one.name.casefold()))] or found


def _bare(name: str) -> str:
    """Return an official name without its kind: it always has one, of one word or two."""
    return name.split(" ", 2 if name.startswith(("đặc ", "dac ")) else 1)[-1]


def _is_in(one: Commune, within: Province) -> bool:
    return one.province_code == within.code


def _fold(text: str) -> str:
    return fold(_NOT_SPOKEN.sub("", text))


def _digits(text: str, width: int) -> str:
    """Return a code with the noughts that spreadsheets drop, or "" if it is no code."""
    kept = text.strip()
    return kept.zfill(width) if kept.isascii() and kept.isdigit() and len(kept) <= width else ""


def _province_key(name: str) -> str:
    folded = _fold(name)
    first = _PROVINCE_FIRST.fullmatch(folded)
    bare = (first[1] or first[2]) if first else folded
    return {"hcm": "ho chi minh"}.get(bare, bare)


_province = province  # find() has a parameter of that name


@cache
def _provinces() -> dict[str, Province]:
    # Imported at first use: the package is a table of thousands of Python objects.
    from vietnam_provinces import Province as Listed

    listed = [(f"{int(one.code):02}", one.name) for one in Listed.iter_all()]
    return {code: Province(code, name, _fold(name)) for code, name in listed}


@cache
def _communes() -> dict[str, Commune]:
    from vietnam_provinces import Ward

    made = {}
    for ward in Ward.iter_all():
        home = _provinces()[f"{int(ward.province_code):02}"]
        code = f"{int(ward.code):05}"
        name = unicodedata.normalize("NFC", ward.name)
        made[code] = Commune(code, name, _fold(name), home.code, home.name)
    return made


@cache
def _by_name() -> dict[str, list[Commune]]:
    named: dict[str, list[Commune]] = {}
    for one in _communes().values():
        for key in {one.folded, one.bare}:
            named.setdefault(key, []).append(one)
    return named
