"""What rarely changes, kept between turns: the law, the bodies and who is responsible where.

A mark in the store names its state. Every transaction reads the mark first, so that nothing is
ever answered from what another process has changed; whoever changes it sets a new mark, and from
then on reads the rows themselves until the end of its transaction.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Table

from storage import shapes
from storage.ids import new_id
from storage.ready import Line
from storage.tables import (
    body,
    body_power,
    body_version,
    coverage,
    enterprise,
    holiday,
    rule,
    setting,
)

T = TypeVar("T")

MARK = "reference_mark"
_KEPT = frozenset((rule, holiday, body, body_version, body_power, coverage, setting))
_MOST = 20_000
_mark = shapes.found(setting, ("key",), (), "", None, lock=False)


class Reference:
    """Everything that was built under one mark; a new mark begins an empty shelf."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._shelf: tuple[str, dict[object, Any]] = ("", {})

    def under(self, mark: str) -> dict[object, Any]:
        """Return what was built under this mark. Several threads may ask at once."""
        known, shelf = self._shelf
        if known != mark or len(shelf) > _MOST:
            shelf = {}
            self._shelf = (mark, shelf)
        return shelf


class Known:
    """The reference as one transaction sees it."""

    def __init__(self, line: Line, reference: Reference | None = None) -> None:
        """Look at nothing yet."""
        self.line = line
        self._reference = reference
        self._shelf: dict[object, Any] | None = None
        self._seen: dict[tuple[Table, int], Any] = {}
        #: What this transaction has locked, as it now stands, by kind and id or token: nobody else
        #: changes it.
        self.held: dict[tuple[str, int | str], Any] = {}

    def seen(self, table: Table, row_id: int, look: Callable[[], T]) -> T:
        """Return a row that this transaction has looked at and not changed since, or look."""
        if (table, row_id) not in self._seen:
            self._seen[table, row_id] = look()
        found: T = self._seen[table, row_id]
        return found

    def saw(self, table: Table, row_id: int, row: Any) -> None:
        """Note a row as it stands now, in place of what was seen of it before."""
        self._seen[table, row_id] = row

    def look_again(self) -> None:
        """Forget what was seen: part of this transaction is undone, or rows have changed."""
        self._seen.clear()
        self.held.clear()
        if self._reference is None:
            self._shelf = {}

    def of(self, name: object, build: Callable[[], T]) -> T:
        """Return what *build* makes from the store, or what it made before under the same mark."""
        if self._shelf is None:
            self._shelf = self._read()
        if name not in self._shelf:
            self._shelf[name] = build()
        found: T = self._shelf[name]
        return found

    def touched(self, table: Table) -> None:
        """Note that a row of *table* changes in this transaction."""
        if table is enterprise:
            self.look_again()
        if table not in _KEPT:
            return
        # Never a shelf of others: this transaction may yet be undone. Each change may change
        # whatever was built from it.
        self._reference = None
        self._shelf = {}
        mark = (MARK, str(new_id()))
        once = shapes.added_once(setting, ("key", "value"), self.line.store)
        if once.change(self.line, mark) == 0:
            shapes.changed(setting, ("key",), (), ("value",), "").change(self.line, mark)

    def _read(self) -> dict[object, Any]:
        if self._reference is None:
            return {}
        row = _mark.first(self.line, (MARK,))
        return self._reference.under(row.value if row else "")
