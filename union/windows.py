"""How long somebody may be written to after she last did something on a channel, and for what."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from union.consent import QUIET_FROM, QUIET_TO

Fare = Literal["free", "paid", "shut"]

# So long before her window closes she is offered something that opens it again.
LEAD = timedelta(hours=4)
# Where that is at night: in the morning, if so much is left then, or else the evening before.
LEAST_LEFT = timedelta(minutes=30)
EVENING = time(20, 0)
# By how much at most the evening before is earlier.
MOST_EARLIER = timedelta(hours=11)


@dataclass(frozen=True)
class Window:
    """What a channel allows after her last interaction there, and what the operator pays for.

    Until *free* a letter costs nothing, until *paid* it costs *price*, then none goes.
    *template_price*: what one neutral letter costs that goes at any time; None: there is none.
    All that costs together stays within *budget* a month. Prices are in đồng.
    """

    free: timedelta
    paid: timedelta
    price: int = 0
    budget: int = 0
    template_price: int | None = None

    def fare(self, from_at: datetime | None, at: datetime, spent: int) -> Fare:
        """Return how a letter may go at a moment, so much being *spent* in its month.

        *from_at*: her last interaction; None: nothing is known of one.
        """
        if from_at is None or at >= from_at + self.paid:
            return "shut"
        if at < from_at + self.free:
            return "free"
        return "paid" if spent + self.price <= self.budget else "shut"

    def template_fare(self, spent: int) -> Fare:
        """Return how a neutral letter may go that is bound to no window."""
        may = self.template_price is not None and spent + self.template_price <= self.budget
        return "paid" if may else "shut"


def offer_at(closes_at: datetime) -> datetime:
    """Return when to offer something that opens the window again that closes at *closes_at*.

    That is a local time, and so is what is returned: it never lies in the quiet hours.
    """
    wanted = closes_at - LEAD
    if QUIET_TO <= wanted.time() < QUIET_FROM:
        return wanted
    morning = datetime.combine(wanted.date(), QUIET_TO, tzinfo=wanted.tzinfo)
    if wanted.time() >= QUIET_FROM:
        morning += timedelta(days=1)
    if morning + LEAST_LEFT <= closes_at:
        return morning
    return datetime.combine((morning - timedelta(days=1)).date(), EVENING, tzinfo=wanted.tzinfo)
