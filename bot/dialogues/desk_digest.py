"""The morning's digest: what waits, what the day before has done, and when it shall come."""

from datetime import date, datetime, timedelta
from typing import Any

from bot.dialogue import opens_on, step
from bot.dialogues.desk import numbers, waiting
from bot.dialogues.desk_rights import body_named, officers_only, stage
from bot.mail import Option
from bot.turn import Turn
from storage.desk import VIETNAM
from storage.officers import Officer
from union.calendar import is_working_day
from union.refusals import Unclear

HOURS = (6, 7, 8, 9, 10)
_LEDGER_SEEN = 1000
# What the ledger calls the acts after which a body has said its word.
DONE = frozenset(
    ("approved", "returned", "refused", "checked", "recognised", "decided", "answered", "closed")
)


@opens_on("digest-open")
@officers_only
def digest(turn: Turn, officer: Officer) -> None:
    """Open the digest: what waits, and what the day before has done."""
    turn.done()
    cases = waiting(turn.store, officer)
    counted = numbers(turn.store, cases)
    facts: dict[str, Any] = {
        "body": ", ".join(body_named(turn, one) for one in officer.bodies),
        "digest_hour": f"{officer.digest_hour:02}:00",
        "today": turn.today,
        "overdue": counted.overdue,
        "soon": counted.soon,
        "new": sum(stage(one) in ("ready", "waiting") for one in cases),
        "questions": sum(one.kind == "request" for one in cases),
        "done": _done_before(turn, officer),
    }
    turn.say("desk-digest-open?", ["desk-overdue", "desk-questions", "desk-all"], **facts)


def _done_before(turn: Turn, officer: Officer) -> str:
    """Return how much the last working day has done; "at least", where the ledger is too long."""
    day = turn.today - timedelta(days=1)
    while not is_working_day(day, turn.store.law.holidays()):
        day -= timedelta(days=1)
    acts = turn.store.ledger.newest(_LEDGER_SEEN)
    done = sum(
        entry.act in DONE and entry.body_id in officer.bodies and _day(entry.at) == day
        for entry in acts
    )
    is_whole = len(acts) < _LEDGER_SEEN or _day(acts[0].at) < day
    return str(done) if is_whole else turn.words("at-least", n=done)


def _day(at: datetime) -> date:
    return at.astimezone(VIETNAM).date()


@opens_on("desk-digest-hour")
@officers_only
def ask_hour(turn: Turn, officer: Officer) -> None:
    """Ask at what hour the digest shall come."""
    choices: list[Option] = [(f"hour-{hour}", f"{hour:02}:00") for hour in HOURS]
    now = f"{officer.digest_hour:02}:00"
    turn.ask("desk-digest-hour?", then=set_hour, choices=choices, digest_hour=now)


@step
@officers_only
def set_hour(turn: Turn, officer: Officer) -> None:
    """Let the digest come at the hour she chose."""
    hours = {f"hour-{hour}": hour for hour in HOURS}
    if turn.choice not in hours:
        raise Unclear("error-choose?")
    turn.store.officers.set_digest_hour(officer.id, hours[turn.choice])
    turn.done()
    turn.say("desk-digest-hour-set", ["desk-queue"], digest_hour=f"{hours[turn.choice]:02}:00")


@opens_on("urgent-busy", "desk-remind-later")
@officers_only
def later(turn: Turn, officer: Officer) -> None:
    """Let it be for now; the morning's digest names it again."""
    turn.say("desk-later", ["desk-queue"], digest_hour=f"{officer.digest_hour:02}:00")
