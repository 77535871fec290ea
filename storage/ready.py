"""Statements made ready once: compiled for the store in use and run on the driver's own cursor.

A turn runs some dozen statements of a few shapes. Building and looking one up anew costs 60 to
90 microseconds each time, running it 4; so what a turn needs is built once and kept. SQLAlchemy
still writes the SQL and converts every value; only its run-time is left out.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Connection, Date, Dialect, Executable, LargeBinary
from sqlalchemy.sql import Select

from storage.tables import Instant

Convert = Callable[[Any], Any]

_MOMENTS = (Instant, Date)
_shared: dict[tuple[type, str, str], Convert] = {}


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

    __slots__ = ("_constants", "_from", "_order", "_row", "_to", "sql")

    def __init__(self, statement: Any, gaps: Sequence[str], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        if compiled.post_compile_params or not compiled.positional:
            raise ValueError("neither a list (IN) nor a store with named gaps can be made ready")
        self.sql = str(compiled)
        constants = compiled.construct_params(_check=False)
        names = list(compiled.positiontup or ())
        # What is no gap is the statement's own; it follows the values that are handed in.
        own = [name for name in names if name not in gaps]
        self._constants = tuple(constants[name] for name in own)
        self._order = _picker([[*gaps, *own].index(name) for name in names])
        self._to = [
            (place, convert)
            for place, name in enumerate(names)
            if (convert := _to_store(compiled.binds[name].type, dialect)) is not None
        ]
        columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        self._row: Any = _named(statement.selected_columns.keys()) if columns else tuple
        self._from = [
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := _from_store(column.type, dialect)) is not None
        ]

    def bound(self, values: Sequence[Any]) -> list[Any]:
        """Return the values as the driver wants them, in the order of the SQL."""
        bound: list[Any] = self._order((*values, *self._constants))
        for place, convert in self._to:
            if bound[place] is not None:
                bound[place] = convert(bound[place])
        return bound

    def rows(self, found: Any) -> list[Any]:
        """Return the driver's rows with every value as the schema says."""
        if not self._from:
            return [self._row(one) for one in found]
        made = []
        for one in found:
            row = list(one)
            for place, convert in self._from:
                if row[place] is not None:
                    row[place] = convert(row[place])
            made.append(self._row(row))
        return made


def _named(names: Any) -> Any:
    """Return what makes a row of a list; the columns are known at run time only."""
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024
    return row._make


def _picker(places: list[int]) -> Callable[[Sequence[Any]], list[Any]]:
    """Return what picks the values at these places, in this order."""
    match places:
        case []:
            return lambda _: []
        case [only]:
            return lambda values: [values[only]]
        case _:
            pick = itemgetter(*places)
            return lambda values: list(pick(values))


def _to_store(kind: Any, dialect: Dialect) -> Convert | None:
    if dialect.name == "sqlite" and isinstance(kind, LargeBinary | Boolean):
        return None  # sqlite3 takes bytes, True and False as they are
    convert: Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return _once(kind, dialect, "to", convert) if isinstance(kind, _MOMENTS) else convert


def _from_store(kind: Any, dialect: Dialect) -> Convert | None:
    if dialect.name == "sqlite" and isinstance(kind, LargeBinary):
        return None
    if dialect.name == "sqlite" and isinstance(kind, Boolean):
        return bool
    convert: Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return _once(kind, dialect, "from", convert) if isinstance(kind, _MOMENTS) else convert


def _once(kind: Any, dialect: Dialect, way: str, convert: Convert | None) -> Convert | None:
    """Return the one conversion of moments that all columns share.

    A turn writes one and the same moment in a dozen places.
    """
    if convert is None:
        return None
    key = (type(kind), dialect.name, way)
    return _shared.setdefault(key, lru_cache(maxsize=1024)(convert))
