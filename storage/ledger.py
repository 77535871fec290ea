"""The ledger: who did what and when, append only. Facts are counts and codes, never names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.desk import Desk
from storage.tables import ledger

Fact = str | int | bool | None


@dataclass(frozen=True)
class Entry:
    """One act as it was written down."""

    id: int
    at: datetime
    act: str
    case_id: int | None
    officer_id: int | None
    body_id: int | None
    enterprise_id: int | None
    facts: Mapping[str, Fact]


class Ledger(Desk):
    """Writes acts down and reads them; nothing here changes or deletes one."""

    def write(
        self,
        act: str,
        *,
        case_id: int | None = None,
        officer_id: int | None = None,
        body_id: int | None = None,
        enterprise_id: int | None = None,
        **facts: Fact,
    ) -> None:
        """Write one act down."""
        self._add(
            ledger,
            at=self.now,
            act=act,
            case_id=case_id,
            officer_id=officer_id,
            body_id=body_id,
            enterprise_id=enterprise_id,
            facts=facts,
        )

    def of_case(self, case_id: int) -> list[Entry]:
        """Return what happened to a case, in order."""
        return self._entries(ledger.c.case_id == case_id)

    def newest(self, limit: int = 200) -> list[Entry]:
        """Return the last acts of all, in order, at most *limit*."""
        rows = self.connection.execute(
            select(ledger).order_by(ledger.c.id.desc()).limit(limit)
        ).all()
        return [_entry(row._asdict()) for row in rows[::-1]]

    def _entries(self, condition: object) -> list[Entry]:
        query = select(ledger).where(condition).order_by(ledger.c.id)  # type: ignore[arg-type]
        return [_entry(row._asdict()) for row in self.connection.execute(query)]


def _entry(row: dict[str, object]) -> Entry:
    row.pop("chain")
    return Entry(**row)  # type: ignore[arg-type]
