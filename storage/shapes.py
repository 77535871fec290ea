"""The few shapes that most statements have, each made ready once for each set of columns.

The values of a shape are handed over in the order of its columns: first those of the condition,
then those that are written.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Table, UniqueConstraint, bindparam, insert, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.ready import Ready


@cache
def added(table: Table, names: tuple[str, ...]) -> Ready:
    """Return the INSERT of these columns."""
    return Ready(insert(table).values(_gaps(table, names)), *_to(names))


@cache
def added_once(table: Table, names: tuple[str, ...], store: str) -> Ready:
    """Return the INSERT that does nothing when one of the row's keys is taken."""
    once: Any = sqlite_insert if store == "sqlite" else postgresql_insert
    # Only the natural key: two processes that made the same id must not pass for a repetition.
    added = once(table).values(_gaps(table, names))
    return Ready(added.on_conflict_do_nothing(index_elements=natural_key(table)), *_to(names))


def natural_key(table: Table) -> list[str] | None:
    """Return the columns that say which row it is, apart from our id; None where several do."""
    keys = [[column.name for column in table.primary_key]]
    keys += [
        [column.name for column in one.columns]
        for one in table.constraints
        if isinstance(one, UniqueConstraint)
    ]
    found = [key for key in keys if key != ["id"]]
    several = len(found) != 1 or any(one.unique for one in table.indexes)
    return None if several else found[0]


@cache
def changed(
    table: Table, where: tuple[str, ...], nulls: tuple[str, ...], names: tuple[str, ...], bump: str
) -> Ready:
    """Return the UPDATE of these columns where others have a value; *bump* counts one up."""
    values = _gaps(table, names)
    if bump:
        values[bump] = table.c[bump] + 1
    change = update(table).where(*_where(table, where, nulls)).values(values)
    return Ready(change, *_is(where), *_to(names))


@cache
def found(
    table: Table,
    where: tuple[str, ...],
    nulls: tuple[str, ...],
    order: str,
    limit: int | None,
    lock: bool,  # noqa: FBT001 -- part of the key under which the statement is kept
) -> Ready:
    """Return the SELECT of whole rows where columns have a value, in the order of a column."""
    query = select(table).where(*_where(table, where, nulls))
    if order:
        column = table.c[order.removeprefix("-")]
        query = query.order_by(column.desc() if order.startswith("-") else column)
    if limit is not None:
        query = query.limit(literal_column(str(limit)))
    return Ready(query.with_for_update(key_share=True) if lock else query, *_is(where))


def _where(table: Table, names: Iterable[str], nulls: Iterable[str]) -> list[Any]:
    equal = [table.c[name] == bindparam(f"is_{name}", type_=table.c[name].type) for name in names]
    return equal + [table.c[name].is_(None) for name in nulls]


def _gaps(table: Table, names: Iterable[str]) -> dict[str, Any]:
    # SQLAlchemy keeps the plain names of columns for itself.
    return {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}


def _is(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"is_{name}" for name in names)


def _to(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"to_{name}" for name in names)
