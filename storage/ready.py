"""Statements made ready once: compiled for the store in use and run on the driver's own cursor.

A turn runs some dozen statements of a few shapes. Building and looking one up anew costs 60 to
90 microseconds each time, running it 4; so what a turn needs is built once and kept. SQLAlchemy
still writes the SQL and converts every value; only its run-time is left out.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Date, Dialect, Executable
from sqlalchemy.sql import Select

from storage.tables import Instant

_MOMENTS = (Instant, Date)
Convert = Callable[[Any], Any]


class Line:
    """The driver's own connection within one transaction, and which store it leads to."""

    __slots__ = ("dialect", "raw", "store")

    def __init__(self, connection: Connection) -> None:
        """Take the driver's connection from under *connection*."""
        self.raw: Any = connection.connection.dbapi_connection
        self.dialect = connection.dialect
        self.store = connection.dialect.name


class Ready:
    """One statement, for SQLite and PostgreSQL alike; *gaps* names its `bindparam`s in order."""

    __slots__ = ("_gaps", "_made", "_statement")

    def __init__(self, statement: Executable, *gaps: str) -> None:
        """Keep *statement*; it is compiled when a store first runs it."""
        self._statement = statement
        self._gaps = gaps
        self._made: dict[str, _Made] = {}

    def all(self, line: Line, values: Sequence[Any] = ()) -> list[Any]:
        """Return every row, its columns by name."""
        made = self._made.get(line.store) or self._make(line)
        return made.rows(run(line, made.sql, made.bound(values)).fetchall())

    def first(self, line: Line, values: Sequence[Any] = ()) -> Any | None:
        """Return the first row, or None."""
        made = self._made.get(line.store) or self._make(line)
        row = run(line, made.sql, made.bound(values)).fetchone()
        return None if row is None else made.rows((row,))[0]

    def change(self, line: Line, values: Sequence[Any] = ()) -> int:
        """Run a change; return how many rows it touched."""
        made = self._made.get(line.store) or self._make(line)
        return int(run(line, made.sql, made.bound(values)).rowcount)

    def _make(self, line: Line) -> "_Made":
        made = self._made[line.store] = _Made(self._statement, self._gaps, line.dialect)
        return made


def run(line: Line, sql: str, bound: Sequence[Any]) -> Any:
    """Run text on the driver's own connection; every statement made ready passes here."""
    return line.raw.execute(sql, bound)


def savepoint(line: Line, name: str) -> None:
    """Mark a place in the transaction to which `roll_back` can return."""
    run(line, f"SAVEPOINT {name}", ())


def release(line: Line, name: str) -> None:
    """Let go of a place; what was done since then stays part of the transaction."""
    run(line, f"RELEASE SAVEPOINT {name}", ())


def roll_back(line: Line, name: str) -> None:
    """Undo everything since the place was marked, and let go of it."""
    run(line, f"ROLLBACK TO SAVEPOINT {name}", ())
    run(line, f"RELEASE SAVEPOINT {name}", ())


class _Made:
    """A statement as one store understands it, its gaps by place."""

    __slots__ = ("_binds", "_convert", "_row", "sql")

    def __init__(self, statement: Any, gaps: Sequence[str], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        if compiled.post_compile_params or not compiled.positional:
            raise ValueError("neither a list (IN) nor a store with named gaps can be made ready")
        self.sql = str(compiled)
        constants = compiled.construct_params(_check=False)
        self._binds = [
            (
                gaps.index(name) if name in gaps else None,
                constants.get(name),
                _to_store(compiled.binds[name].type, dialect),
            )
            for name in compiled.positiontup or ()
        ]
        columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        self._row: Any = _named(statement.selected_columns.keys()) if columns else tuple
        self._convert = [
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := _from_store(column.type, dialect)) is not None
        ]

    def bound(self, values: Sequence[Any]) -> list[Any]:
        """Return the values as the driver wants them, in the order of the SQL."""
        bound = []
        for place, constant, convert in self._binds:
            value = constant if place is None else values[place]
            bound.append(value if convert is None else convert(value))
        return bound

    def rows(self, found: Any) -> list[Any]:
        """Return the driver's rows with every value as the schema says."""
        if not self._convert:
            return [self._row(one) for one in found]
        made = []
        for one in found:
            row = list(one)
            for place, convert in self._convert:
                if row[place] is not None:
                    row[place] = convert(row[place])
            made.append(self._row(row))
        return made


def _named(names: Any) -> Any:
    """Return what makes a row of a list; the columns are known at run time only."""
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024
    return row._make


def _to_store(kind: Any, dialect: Dialect) -> Convert | None:
    convert: Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return _once(convert) if convert and isinstance(kind, _MOMENTS) else convert


def _from_store(kind: Any, dialect: Dialect) -> Convert | None:
    convert: Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return _once(convert) if convert and isinstance(kind, _MOMENTS) else convert


def _once(convert: Convert) -> Convert:
    # A turn writes one and the same moment in half a dozen rows.
    return lru_cache(maxsize=256)(convert)
