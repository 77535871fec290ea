"""A request as the desk has it: opened, told, due on a day, with the number she gave."""

import re
from datetime import date, time, timedelta

from bot.casework import tell_desk
from bot.turn import Turn
from storage import phones
from storage.cases import Case
from storage.desk import VIETNAM
from union.bodies import Body
from union.calendar import add_working_days
from union.cases import deadline_rule, is_urgent
from union.folding import clean
from union.refusals import Unclear

# An answer promised for a day is promised for the end of office hours.
END_OF_DAY = time(17, 0)
LONGEST_TIME = 80
_BETWEEN = re.compile(r"[\s,;:]+")
_MOST_PARTS = 30


def open_request(
    turn: Turn,
    about: str,
    text: str,
    body: Body,
    enterprise_id: int | None,
    *,
    call: str = "",
    at_once: bool = False,
) -> Case:
    """Open a request at a body, words and number sealed; *at_once* makes any kind urgent."""
    urgent = at_once or is_urgent(about)
    return turn.store.cases.open(
        "request",
        turn.store.people.new_code(),
        "waiting",
        body.id,
        conversation_id=turn.conversation.id,
        enterprise_id=enterprise_id,
        about=about,
        is_urgent=urgent,
        text=text,
        call=call,
        due_on=_due_on(turn, deadline_rule("accident" if urgent else "question")),
    )


def _due_on(turn: Turn, rule: str) -> date:
    """Return the day of the answer: never one whose office hours are over."""
    holidays = turn.store.law.holidays()
    days = turn.rules.number(rule, turn.today)
    due = add_working_days(turn.today, days, holidays)
    is_over = turn.now.astimezone(VIETNAM).time() >= END_OF_DAY
    if is_over and due == turn.today:
        due = add_working_days(due + timedelta(days=1), 0, holidays)
    return due


def tell(turn: Turn, case: Case) -> int:
    """Tell the officers of a request's body, at once where it is urgent; return how many."""
    key = "desk-urgent" if case.is_urgent else "desk-new"
    return tell_desk(turn.mail, case, key, ["desk", "later"], urgent=case.is_urgent)


def last_request(turn: Turn) -> Case | None:
    """Return the newest request from here that is not closed, or None."""
    sent = turn.store.cases.requests_of(turn.conversation.id)
    return next((one for one in reversed(sent) if one.is_live), None)


def set_call(turn: Turn, case: Case, wish: str) -> None:
    """Keep a number and a time with a sent request, and tell the desk that it is there."""
    turn.hide()
    changed = turn.store.cases.change(case, call=wish)
    turn.store.ledger.write("call_wished", case_id=case.id, body_id=case.body_id)
    tell(turn, changed)


def may_ask_phone(turn: Turn) -> bool:
    """Whether a phone number may be typed on this channel."""
    return turn.office.can(turn.heard.channel).asks_identity


def phone_and_time(text: str) -> str:
    """Return "+84900000000, sau 19 giờ" for a number in any spelling, with or without a time.

    Raises Unclear (error-phone?) where no phone number stands in *text*.
    """
    parts = [part for part in _BETWEEN.split(clean(text)) if part][:_MOST_PARTS]
    for first in range(len(parts)):
        for last in range(len(parts), first, -1):
            number = phones.normal(" ".join(parts[first:last]))
            if number is not None:
                when = " ".join([*parts[:first], *parts[last:]])[:LONGEST_TIME]
                return f"{number}, {when}" if when else number
    raise Unclear("error-phone?")
