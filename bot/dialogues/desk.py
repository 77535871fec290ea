"""The officer's desk: what waits, the most pressing first, and the digest of the morning."""

from dataclasses import dataclass
from typing import Any

from bot import reach
from bot.dialogue import Act, opens_on, reads_text, step
from bot.dialogues import desk_card
from bot.dialogues.desk_facts import END_OF_DAY, kind_words
from bot.dialogues.desk_places import waiting_places
from bot.dialogues.desk_rights import (
    body_named,
    code_of,
    is_paused,
    officers_only,
    paused,
    put_in_hand,
)
from bot.mail import Option
from bot.turn import Turn
from bot.windows import ringing
from storage.cases import Case
from storage.desk import VIETNAM
from storage.officers import Officer
from storage.store import Store
from union.calendar import working_days_between
from union.cases import is_due_soon, is_overdue, order
from union.codes import readings
from union.folding import fold
from union.refusals import Unclear

PAGE = 4
_MOST = 500
_MOST_AWAY = 10
_OPEN_NAMES = ("mo ten ", "open names ")


# --- what waits ----------------------------------------------------------------------------------


def waiting(store: Store, officer: Officer) -> list[Case]:
    """Return what an officer has to see, the most pressing first.

    What was sent back to its sender waits for her and not for the desk.
    """
    found = store.cases.queue(officer.bodies, _MOST)
    mine = [one for one in found if not (one.kind == "join" and one.state == "returned")]
    return order(mine, store.today)


def _free(store: Store, officer: Officer) -> list[Case]:
    return [one for one in waiting(store, officer) if one.officer_id in (None, officer.id)]


@dataclass(frozen=True)
class Numbers:
    """How many cases are overdue, due within two working days, and the rest."""

    overdue: int
    soon: int
    rest: int


def numbers(store: Store, cases: list[Case]) -> Numbers:
    """Count what waits by how pressing it is."""
    holidays = store.law.holidays()
    overdue = sum(is_overdue(one.due_on, store.today) for one in cases)
    soon = sum(is_due_soon(one.due_on, store.today, holidays) for one in cases)
    return Numbers(overdue, soon, len(cases) - overdue - soon)


# --- the queue -----------------------------------------------------------------------------------


@opens_on("desk", "desk-queue", "desk-all", "urgent-see")
@officers_only
def queue(turn: Turn, officer: Officer) -> None:
    """Show everything that waits."""
    turn.done()
    _list(turn, officer, waiting(turn.store, officer))


@opens_on("desk-overdue")
@officers_only
def overdue(turn: Turn, officer: Officer) -> None:
    """Show what is overdue."""
    turn.done()
    late = [one for one in waiting(turn.store, officer) if is_overdue(one.due_on, turn.today)]
    _list(turn, officer, late)


@opens_on("desk-questions", "relay-waiting")
@officers_only
def questions(turn: Turn, officer: Officer) -> None:
    """Show the questions that wait for a person."""
    turn.done()
    _list(turn, officer, [one for one in waiting(turn.store, officer) if one.kind == "request"])


def _list(turn: Turn, officer: Officer, cases: list[Case], start: int = 0) -> None:
    _say_away(turn, officer)
    places = bool(waiting_places(turn.store, officer, 1))
    head: dict[str, Any] = {
        "body": ", ".join(body_named(turn, one) for one in officer.bodies),
        "time": turn.now,
        "today": turn.today,
    }
    if not cases:
        turn.say("desk-queue-empty", ["desk-places"] if places else [], **head)
        return
    size = PAGE - 1 if places else PAGE
    page = cases[start : start + size]
    turn.memory["list"] = [one.id for one in cases]
    turn.memory["start"] = start + size
    choices: list[Option] = [
        (f"pick-{one.id}", _button(turn, officer, one, n)) for n, one in enumerate(page, 1)
    ]
    if len(cases) > start + size:
        choices.append("desk-see-more")
    if places:
        choices.append("desk-places")
    counted = numbers(turn.store, cases)
    lines = "\n".join(_line(turn, one, n) for n, one in enumerate(page, 1))
    turn.ask(
        "desk-queue?",
        then=picked,
        choices=choices,
        list=lines,
        overdue=counted.overdue,
        soon=counted.soon,
        open=counted.rest,
        **head,
    )


def _say_away(turn: Turn, officer: Officer) -> None:
    """Say which colleagues, here and at the bodies below, nothing reaches now."""
    below = [one.id for one in turn.store.bodies.all() if one.parent_id in officer.bodies]
    missing = reach.away(turn.store, turn.office, [*officer.bodies, *below])
    lines = []
    for one, since in missing[:_MOST_AWAY]:
        channel = ringing(turn.store, turn.office, one.conversation_id)[0].channel
        named = reach.channel_name(turn.office, channel, turn.language)
        day = since.astimezone(VIETNAM).date()
        lines.append(turn.words("desk-away-line", officer=one.name, channel=named, since=day))
    if lines:
        turn.say("desk-away", list="\n".join(lines))


def _line(turn: Turn, case: Case, n: int) -> str:
    facts = {"n": n, "code": code_of(turn.store, case), "kind": kind_words(turn, case)}
    return turn.words("desk-queue-line", clock=_clock(turn, case), **facts)


def _clock(turn: Turn, case: Case) -> str:
    if case.due_on is None:
        return turn.words(f"state-{case.state}")
    if is_overdue(case.due_on, turn.today):
        days = working_days_between(case.due_on, turn.today, turn.store.law.holidays())
        return turn.words("clock-overdue", days=max(days, 1))
    if case.due_on == turn.today:
        return turn.words("clock-today", hour=END_OF_DAY)
    return turn.words("clock-due", due=case.due_on)


def _button(turn: Turn, officer: Officer, case: Case, n: int) -> str:
    return turn.words("desk-queue-button", n=n, mark=turn.words(_mark(turn, officer, case)))


def _mark(turn: Turn, officer: Officer, case: Case) -> str:
    if is_overdue(case.due_on, turn.today):
        return "mark-overdue"
    if case.is_urgent:
        return "mark-urgent"
    if case.officer_id == officer.id:
        return "mark-mine"
    if case.officer_id is not None:
        return "mark-held"
    is_soon = is_due_soon(case.due_on, turn.today, turn.store.law.holidays())
    return "mark-soon" if is_soon else "mark-new"


@step
@officers_only
def picked(turn: Turn, officer: Officer) -> None:
    """Open the case that was picked, or show the next ones."""
    choice = turn.choice or ""
    if choice == "desk-see-more":
        known = {one.id: one for one in waiting(turn.store, officer)}
        still = [known[row_id] for row_id in turn.memory.get("list", []) if row_id in known]
        _list(turn, officer, still, int(turn.memory.get("start", 0)))
        return
    if not choice.startswith("pick-"):
        raise Unclear("error-choose?")
    _open(turn, officer, turn.store.cases.by_id(int(choice.removeprefix("pick-"))))


def _open(turn: Turn, officer: Officer, case: Case) -> None:
    """Show the card of a case, unless it left her desk or names under it must stay closed."""
    if case.body_id not in officer.bodies:
        queue(turn)
    elif case.state == "open":
        turn.say("desk-not-yet", ["desk-queue"], code=case.code)
    else:
        desk_card.show(turn, officer, case)


@opens_on("desk-next")
@officers_only
def following(turn: Turn, officer: Officer) -> None:
    """Show what comes after the case she looked at."""
    before = turn.memory.get("case")
    turn.done()
    cases = _free(turn.store, officer)
    ids = [one.id for one in cases]
    if not cases:
        _list(turn, officer, [])
        return
    place = ids.index(before) + 1 if before in ids else 0
    desk_card.show(turn, officer, cases[place % len(cases)])


@opens_on("desk-this")
@officers_only
def this(turn: Turn, officer: Officer) -> None:
    """Show the case she had in hand last."""
    row_id = turn.memory.get("case")
    if row_id is None:
        queue(turn)
        return
    turn.done()
    _open(turn, officer, turn.store.cases.by_id(int(row_id)))


# --- a code, typed -------------------------------------------------------------------------------


@reads_text
def read_code(turn: Turn) -> Act | None:
    """Recognise the code of a case of hers, alone or after "mở tên"."""
    if turn.officer is None:
        return None
    typed = fold(turn.text)
    wants_names = typed.startswith(_OPEN_NAMES)
    code = " ".join(turn.text.split()[2:]) if wants_names else turn.text
    case = _case_by_code(turn, turn.officer, code)
    if case is None:
        return None
    turn.memory["typed"] = [case.id, wants_names]
    return open_typed


@officers_only
def open_typed(turn: Turn, officer: Officer) -> None:
    """Open the case whose code was typed, or the page of its names."""
    row_id, wants_names = turn.memory.pop("typed")
    turn.done()
    case = turn.store.cases.locked(int(row_id))
    if wants_names and is_paused(turn.store, case):
        paused(turn, case)
    elif wants_names and desk_card.may(turn.store, officer, case, "desk-open-names"):
        put_in_hand(turn, case)
        desk_card.press("desk-open-names", turn, officer, case)
    else:
        _open(turn, officer, case)


def _case_by_code(turn: Turn, officer: Officer, typed: str) -> Case | None:
    for code in readings(typed):
        signed = turn.store.signatures.by_code(code)
        joins = [turn.store.cases.by_id(one.case_id) for one in signed]
        known = turn.store.cases.by_code(code)
        found = [known] if known else [one for one in joins if one.kind == "join"]
        for case in reversed(found):
            if case.body_id in officer.bodies:
                return case
    return None
