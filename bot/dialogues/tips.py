"""A tip worth reading by itself; whatever she taps under it, Zalo lets us write to her again."""

from bot.dialogue import opening, opens_on
from bot.turn import Turn
from union.rules import NoRule

PAY = "holiday_work_pay"
# A tip may be opened some days after it came.
_DAYS = 14


@opens_on("tip-open")
def payslip(turn: Turn) -> None:
    """Say what to photograph each month."""
    turn.say("tip-payslip", ["tip-wages", "status", "menu"])


@opens_on("tip-overtime-open")
def overtime(turn: Turn) -> None:
    """Say what to write down of overtime."""
    turn.say("tip-overtime", ["tip-wages", "status", "menu"])


@opens_on("tip-holiday-work")
def holiday(turn: Turn) -> None:
    """Say what work on a public holiday is paid, by the law of today."""
    day = turn.store.law.holiday_near(turn.today, _DAYS)
    try:
        pay = turn.rules.in_force(PAY, turn.today)
    except NoRule:
        pay = None
    if day is None or pay is None:
        opening("rights")(turn)
        return
    turn.say(
        "tip-holiday",
        ["tip-wages", "status", "menu"],
        pay=turn.office.words.figure(pay, turn.language),
        day=day.day_on,
        today=turn.today,
        law=pay.source,
        law_of_day=day.source,
    )


@opens_on("tip-wages")
def wages(turn: Turn) -> None:
    """Go on to questions about rights."""
    opening("rights")(turn)


@opens_on("tip-no", "tip-holiday-off")
def no(turn: Turn) -> None:
    """Let it be; that opens her window as well."""
    turn.say("tip-thanks")
