"""One INSERT for both stores that does nothing when the row is there already."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def insert_once(connection: Connection, table: Table, **values: object) -> bool:
    """Insert a row unless one of its keys is taken; return whether it was inserted."""
    if connection.dialect.name == "sqlite":
        once = sqlite_insert(table).values(**values).on_conflict_do_nothing()
        return connection.execute(once).rowcount == 1
    also = postgresql_insert(table).values(**values).on_conflict_do_nothing()
    return connection.execute(also).rowcount == 1
