"""Settings of this installation that live with its facts, and which rounds have run."""

from datetime import datetime

from sqlalchemy import delete

from storage.desk import Desk
from storage.tables import round_done, setting


class Settings(Desk):
    """Key and value, and which round has run."""

    def get(self, key: str) -> str | None:
        """Return a setting, or None."""
        row = self._first(setting, key=key)
        return None if row is None else row.value

    def put(self, key: str, value: str) -> None:
        """Keep a setting."""
        if not self._add_once(setting, key=key, value=value):
            self._change_where(setting, {"key": key}, value=value)

    def keep_first(self, key: str, value: str) -> str:
        """Keep a setting unless it is set; return the value that stands."""
        self._add_once(setting, key=key, value=value)
        return self.get(key) or value

    def is_first_run(self, job: str, slot: str) -> bool:
        """Claim a round of *job*; False where this or another process has run that slot."""
        return self._add_once(round_done, job=job, slot=slot, done_at=self.now)

    def forget_runs_before(self, moment: datetime) -> int:
        """Forget which rounds ran before *moment*, whose slots are long past; return how many."""
        old = delete(round_done).where(round_done.c.done_at < moment)
        return self.connection.execute(old).rowcount

    @property
    def is_demo(self) -> bool:
        """Whether this database was marked as a demo."""
        return self.get("demo") == "yes"
