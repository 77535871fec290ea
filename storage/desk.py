"""What every desk of the store shares: this transaction's connection, the keys, the moment."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table

from storage import shapes
from storage.ids import new_id
from storage.ready import Line, Ready
from storage.reference import Known
from storage.sealed import Keyring

T = TypeVar("T")
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


class Desk:
    """One shelf of the memory, used within one transaction."""

    def __init__(
        self, connection: Connection, keys: Keyring, now: datetime, known: Known | None = None
    ) -> None:
        """Work on *connection*; *now* is the moment of this transaction, in UTC."""
        self.connection = connection
        self.keys = keys
        self.now = now
        self.known = known or Known(Line(connection))
        self.line = self.known.line

    @property
    def today(self) -> date:
        """The date in Vietnam at this moment."""
        return self.now.astimezone(VIETNAM).date()

    # --- reading -----------------------------------------------------------------------------

    def _rows(
        self,
        table: Table,
        *,
        order: str = "",
        limit: int | None = None,
        lock: bool = False,
        **equal: Any,
    ) -> list[Any]:
        """Return the rows whose columns have these values (None: hold nothing).

        *order* is a column, with a minus for the greatest first; *lock* holds them until the end
        of the transaction.
        """
        found, values = _found(table, order, limit, equal, lock=lock)
        return found.all(self.line, values)

    def _first(
        self, table: Table, *, order: str = "", lock: bool = False, **equal: Any
    ) -> Any | None:
        """Return the first such row, or None."""
        found, values = _found(table, order, 1, equal, lock=lock)
        return found.first(self.line, values)

    def _row(self, table: Table, row_id: int) -> Any | None:
        return self._first(table, id=row_id)

    def _kept(self, name: object, build: Callable[[], T]) -> T:
        """Return what is built from the reference tables alone, kept between turns."""
        return self.known.of(name, build)

    # --- changing ----------------------------------------------------------------------------

    def _add(self, table: Table, **values: Any) -> int:
        self.known.touched(table)
        row_id = values.setdefault("id", None) or new_id()
        values["id"] = row_id
        shapes.added(table, tuple(values)).change(self.line, tuple(values.values()))
        return int(row_id)

    def _add_once(self, table: Table, **values: Any) -> bool:
        """Insert a row unless one of its keys is taken; return whether it was inserted."""
        self.known.touched(table)
        once = shapes.added_once(table, tuple(values), self.line.store)
        return once.change(self.line, tuple(values.values())) == 1

    def _change(self, table: Table, row_id: int, *, bump: str = "", **values: Any) -> None:
        self._change_where(table, {"id": row_id}, bump=bump, **values)

    def _change_where(
        self, table: Table, equal: Mapping[str, Any], *, bump: str = "", **values: Any
    ) -> int:
        """Change the rows whose columns have these values (None: hold nothing); return how many.

        *bump* is a column that counts one up.
        """
        self.known.touched(table)
        names, nulls, wanted = _parted(equal)
        changed = shapes.changed(table, names, nulls, tuple(values), bump)
        return changed.change(self.line, (*wanted, *values.values()))

    # --- sealing -----------------------------------------------------------------------------

    def _seal(self, table: Table, row_id: int, column: str, text: str) -> bytes:
        return self.keys.seal(table.name, row_id, column, text)

    def _open(self, table: Table, row_id: int, column: str, sealed: bytes | None) -> str:
        """Return the text, or "" where nothing is kept (any more)."""
        return self.keys.open(table.name, row_id, column, sealed) if sealed else ""


def _found(
    table: Table, order: str, limit: int | None, equal: Mapping[str, Any], *, lock: bool
) -> tuple[Ready, Sequence[Any]]:
    names, nulls, wanted = _parted(equal)
    return shapes.found(table, names, nulls, order, limit, lock), wanted


def _parted(equal: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...], Sequence[Any]]:
    """Return the columns that have a value, those that hold nothing, and the values."""
    wanted = tuple(equal.values())
    if None not in wanted:
        return tuple(equal), (), wanted
    names = tuple(name for name, value in equal.items() if value is not None)
    nulls = tuple(name for name, value in equal.items() if value is None)
    return names, nulls, tuple(value for value in wanted if value is not None)
