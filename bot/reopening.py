"""Before a channel closes to us she is offered a tip; what she taps under it opens it again.

At most two for one matter that waits, each another one, and never two within one window: who does
not tap is left in peace. Only who agreed to letters gets any.
"""

from datetime import datetime, timedelta

from bot.dialogues.tips import PAY
from bot.mail import Mail
from bot.office import Office
from bot.speech import Window
from bot.windows import is_heard_elsewhere
from storage.conversations import TIP, Conversation
from storage.desk import VIETNAM
from storage.store import Store
from union.consent import QUIET_FROM, QUIET_TO
from union.rules import NoRule
from union.windows import LEAD, MOST_EARLIER, offer_at

MOST = 2
# So long ahead a public holiday is near.
_NEAR_DAYS = 3
_CHOICES = {
    "holiday": ["tip-holiday-work", "tip-holiday-off"],
    "payslip": ["tip-open", "tip-no"],
    "overtime": ["tip-overtime-open", "tip-no"],
}


def candidates(store: Store, office: Office, beyond: int, limit: int) -> list[int]:
    """Return addresses whose window may have to be opened again about now, by id."""
    found: set[int] = set()
    for channel, can in office.abilities.items():
        if can.window is None:
            continue
        longest = can.window.paid if can.window.budget else can.window.free
        after, until = store.now - longest, store.now - can.window.free + LEAD + MOST_EARLIER
        found.update(store.conversations.with_window(channel, after, until, beyond, limit))
    return sorted(found)[:limit]


def offer(mail: Mail, row_id: int) -> None:
    """Offer a tip to somebody whose window at an address closes soon, if something of hers waits.

    Who hears of it at another address needs none.
    """
    store = mail.store
    known = store.conversations.locked_by_id(row_id)
    window = mail.office.can(known.channel).window
    case_id = _what_waits(store, known.id)
    if case_id is None or window is None or known.window_from_at is None:
        return
    if is_heard_elsewhere(store, mail.office, known):
        return
    beginning = f"{TIP}{known.id}:{case_id}:"
    addresses = store.conversations.addresses_of(row_id)
    laid = [key for one in addresses for key in store.outbox.tips(one.row_id, beginning)]
    sent = {key.split(":")[3] for key in laid}
    name = _next(store, sent)
    if name is None or not _is_time(store, known, window, len(sent)):
        return
    mail.key = f"{beginning}{name}"
    mail.push(known.id, f"tip-{name}-envelope", [*_CHOICES[name]], topic="tip")


def _what_waits(store: Store, conversation_id: int) -> int | None:
    """Return the oldest matter of hers that no one has ended, or None."""
    cases = [store.cases.by_id(one) for one in _signed(store, conversation_id)]
    cases += store.cases.requests_of(conversation_id)
    waiting = [one.id for one in cases if one.is_live and one.state != "answered"]
    return min(waiting, default=None)


def _signed(store: Store, conversation_id: int) -> set[int]:
    signed = store.signatures.at(conversation_id)
    return {one.case_id for one in signed if one.state == "valid"}


def _next(store: Store, sent: set[str]) -> str | None:
    """Return the name of the tip that comes next: that of a holiday only where one is near."""
    if len(sent) >= MOST:
        return None
    names = ["payslip", "overtime"]
    if store.law.holiday_near(store.today, _NEAR_DAYS, ahead=True) and _has_pay(store):
        names.insert(0, "holiday")
    return next(one for one in names if one not in sent)


def _has_pay(store: Store) -> bool:
    try:
        store.law.book().in_force(PAY, store.today)
    except NoRule:
        return False
    return True


def _is_time(store: Store, known: Conversation, window: Window, sent: int) -> bool:
    """Whether to offer now. The second comes later where letters may cost something until then."""
    assert known.window_from_at is not None
    spent = store.spending.spent(known.channel) if window.budget else 0
    closes_at = known.window_from_at + window.free
    if sent and spent + window.price <= window.budget:
        closes_at = known.window_from_at + window.paid
    now = _local(store.now)
    is_day = QUIET_TO <= now.time() < QUIET_FROM
    return is_day and offer_at(_local(closes_at)) <= now < _local(closes_at)


def _local(at: datetime) -> datetime:
    return at.astimezone(VIETNAM)


def slot(now: datetime) -> str:
    """Return the name of these ten minutes: so often it is looked who is to be offered a tip."""
    return (now - timedelta(minutes=now.minute % 10)).strftime("%Y-%m-%dT%H:%M")
