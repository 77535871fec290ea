"""Reads one row of an import table column by column, and notes every fault it meets."""

import re
from datetime import date

from bot.sheet_cells import Cells, tidied
from bot.sheet_faults import Fault, shown
from bot.sheet_rows import CASE_KINDS
from storage import phones

_ISO = re.compile("(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})")
_DAY_FIRST = re.compile("(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4})")
_YEARS = range(1900, 2101)
_LONGEST = 300  # letters in a cell, unless the column says less
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_YES = {"yes", "y", "có", "co", "true", "1"}
_NO = {"no", "n", "không", "khong", "false", "0"}
_SHORTER = {
    "code": 32, "parent": 32, "body": 32, "enterprise": 32, "hotline": 32,
    "ref": 64, "zone": 64, "sector": 64,
}  # fmt: skip


class RowReader:
    """Reads one row column by column and notes every fault it meets."""

    def __init__(self, line: int, header: Cells, cells: Cells, faults: list[Fault]) -> None:
        self.line, self._faults, self._before = line, faults, len(faults)
        self._cells = {name: cell for name, cell in zip(header, cells, strict=False) if name}
        nameless = [cell for name, cell in zip(header, cells, strict=False) if not name]
        if any(cell.strip() for cell in nameless + cells[len(header) :]):
            self.fault(None, "import-too-many-cells")
        for column in self._cells:
            self._check(column)

    @property
    def is_good(self) -> bool:
        """Whether no fault of this row has been met so far."""
        return len(self._faults) == self._before

    def fault(self, column: str | None, key: str, **facts: str | int) -> None:
        """Note a fault; without a column it is the row that is wrong."""
        self._faults.append(Fault(self.line, column, key, facts))

    def unknown(self, column: str, value: str, *allowed: str) -> None:
        """Note that a cell must say one of *allowed*."""
        self.fault(column, "import-unknown-value", value=shown(value), allowed=", ".join(allowed))

    def text(self, column: str) -> str | None:
        """Return a cell, None when it is empty or its column is not there."""
        return self._cells.get(column) or None

    def must(self, column: str) -> str:
        """Return a cell that has to be filled; an empty one is a fault and ""."""
        found = self.text(column)
        if found is None:
            self.fault(column, "import-missing-value")
        return found or ""

    def code(self, column: str, found: str | None) -> str | None:
        """Return a short id in capitals; letters, digits, dot, dash and low line only."""
        if found is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", found):
            return found.upper() if found else None
        self.fault(column, "import-code", value=shown(found))
        return None

    def one_of(self, column: str, found: str | None, allowed: tuple[str, ...]) -> str | None:
        """Return *found* in small letters; what is not allowed is a fault, and returned too."""
        if found and found.casefold() not in allowed:
            self.unknown(column, found, *allowed)
        return found.casefold() if found else None

    def kinds(self, column: str) -> frozenset[str]:
        """Return the kinds of case that a cell lists, parted by spaces, commas or semicolons."""
        said = re.split(r"[\s,;]+", (self.text(column) or "").casefold())
        for kind in said:
            if kind and kind not in CASE_KINDS:
                self.unknown(column, kind, *CASE_KINDS)
        return frozenset(kind for kind in said if kind)

    def number(self, column: str, least: int) -> int | None:
        """Return a whole number from *least* up; anything else is a fault and None."""
        found = self.text(column)
        if found is None:
            return None
        if re.fullmatch(r"[+-]?[0-9]{1,7}", found) and int(found) >= least:
            return int(found)
        self.fault(column, "import-not-a-number", value=shown(found), least=least)
        return None

    def yes_or_no(self, column: str) -> bool | None:
        """Return yes or no, said in English or Vietnamese; None for an empty cell."""
        found = (self.text(column) or "").casefold()
        if found and found not in _YES | _NO:
            self.unknown(column, found, "yes", "no")
        return found in _YES if found else None

    def dates(self) -> tuple[date, date | None]:
        """Return the first day, and the day from which it no longer holds (None: still does).

        A day that cannot be read is a fault and date.min.
        """
        begins = self._day("valid_from", self.must("valid_from")) or date.min
        ends = self._day("valid_to", self.text("valid_to"))
        if ends and ends <= begins:
            self.fault("valid_to", "import-ends-before-start")
        return begins, ends

    def _day(self, column: str, found: str | None) -> date | None:
        if not found:
            return None
        day = _as_date(found)
        if day is not None:
            return day
        self.fault(column, "import-not-a-date", value=shown(found))
        return None

    def _check(self, column: str) -> None:
        """Tidy a cell; refuse what a spreadsheet would run as a formula, and what is too long."""
        raw = self._cells[column]
        self._cells[column] = kept = tidied(raw)
        most = _SHORTER.get(column, _LONGEST)
        if _is_formula(column, raw, kept):
            self.fault(column, "import-formula", value=shown(kept))
            self._cells[column] = ""
        elif len(kept) > most:
            self.fault(column, "import-too-long", max=most)
            self._cells[column] = kept[:most]


def _as_date(found: str) -> date | None:
    """Return a date written 2025-07-01 or 1/7/2025 (the day first, as in Vietnam), or None."""
    written = _ISO.fullmatch(found) or _DAY_FIRST.fullmatch(found)
    try:
        day = date(*(int(written[part]) for part in "ymd")) if written else date.min
    except ValueError:
        return None
    return day if day.year in _YEARS else None


def _is_formula(column: str, raw: str, kept: str) -> bool:
    if not raw.lstrip(" ").startswith(_FORMULA_SIGNS):
        return False
    if column in ("priority", "workers") and re.fullmatch(r"[+-][0-9]+", kept):
        return False
    return column != "hotline" or phones.normal(kept) is None
