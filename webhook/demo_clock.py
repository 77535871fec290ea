"""The clock of a demo: it can be moved ahead, so that deadlines and daily runs can be seen."""

from datetime import UTC, datetime, time, timedelta

from storage.database import Database, utc_now
from storage.desk import VIETNAM
from webhook.setup import AHEAD

# After the daily run and the officers' morning digest.
MORNING = time(8, 5)


class DemoClock:
    """Tells the time, some days ahead."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self.ahead = ahead

    def __call__(self) -> datetime:
        """Return the moment as the demo lives it, in UTC."""
        return utc_now() + self.ahead

    def next_morning(self) -> None:
        """Go to the next morning."""
        now = self()
        local = now.astimezone(VIETNAM)
        day = local.date() + timedelta(days=1)
        self.ahead += datetime.combine(day, MORNING, tzinfo=VIETNAM).astimezone(UTC) - now


def go_with_demo(database: Database) -> None:
    """Set the clock of a demo's database as far ahead as it was left; others keep theirs."""
    with database.read() as store:
        is_demo, ahead = store.settings.is_demo, store.settings.get(AHEAD)
    if is_demo:
        database.clock = DemoClock(timedelta(seconds=int(ahead or 0)))
