"""What every desk of the store shares: this transaction's connection, the keys, the moment."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Table, insert, select, update

from storage.ids import new_id
from storage.once import insert_once
from storage.sealed import Keyring

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


class Desk:
    """One shelf of the memory, used within one transaction."""

    def __init__(self, connection: Connection, keys: Keyring, now: datetime) -> None:
        """Work on *connection*; *now* is the moment of this transaction, in UTC."""
        self.connection = connection
        self.keys = keys
        self.now = now

    @property
    def today(self) -> date:
        """The date in Vietnam at this moment."""
        return self.now.astimezone(VIETNAM).date()

    def _add(self, table: Table, **values: object) -> int:
        row_id = int(str(values.pop("id", None) or new_id()))
        self.connection.execute(insert(table).values(id=row_id, **values))
        return row_id

    def _add_once(self, table: Table, **values: object) -> bool:
        return insert_once(self.connection, table, **values)

    def _change(self, table: Table, row_id: int, **values: object) -> None:
        self.connection.execute(update(table).where(table.c.id == row_id).values(**values))

    def _row(self, table: Table, row_id: int) -> Row[Any] | None:
        return self.connection.execute(select(table).where(table.c.id == row_id)).one_or_none()

    def _seal(self, table: Table, row_id: int, column: str, text: str) -> bytes:
        return self.keys.seal(table.name, row_id, column, text)

    def _open(self, table: Table, row_id: int, column: str, sealed: bytes | None) -> str:
        """Return the text, or "" where nothing is kept (any more)."""
        return self.keys.open(table.name, row_id, column, sealed) if sealed else ""
