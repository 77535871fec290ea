"""What the store stands on: which program, which version, what its clock says."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from storage.store import Store

_ASK = text("SELECT current_setting('server_version') AS version, clock_timestamp() AS moment")


@dataclass(frozen=True)
class Premises:
    """The store as it is; *moment* is its own clock, None where that is the machine's."""

    kind: str
    version: str
    moment: datetime | None


def premises(store: Store) -> Premises:
    """Return what the store of this transaction stands on."""
    kind = store.connection.dialect.name
    if kind == "sqlite":
        return Premises(kind, sqlite3.sqlite_version, None)
    row = store.connection.execute(_ASK).one()
    return Premises(kind, row.version, row.moment)
