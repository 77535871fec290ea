"""What time does: the daily run, deadlines, reminders, the morning's digest, and forgetting.

Every piece is one transaction, claimed by its slot, so that several processes may tick at once
and one that dies in between is taken up where it stopped. A day is a slot: a clock that jumps
back runs nothing twice.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TypeVar

import structlog

from bot import casework, reopening, unreached
from bot.feeding import feed, forget_aside
from bot.hear import place_of
from bot.mail import Mail
from bot.office import Office
from bot.rerouting import MOST_OF_A_BODY, every_case, move, new_body, tell_senders
from bot.windows import can_hear
from storage.cases import Case
from storage.database import NotWritten, TooBusy
from storage.desk import VIETNAM
from storage.engines import goes_again
from storage.officers import Officer
from storage.outbox import LOST, Unreached
from storage.store import Store
from union import bands
from union.calendar import is_working_day
from union.cases import is_due_soon

log = structlog.get_logger()
T = TypeVar("T")

# The hour at which bands change and news of the day goes out.
DAILY_AT = time(7, 30)
# A digest that is later than this is no digest of the morning any more.
DIGEST_UNTIL = 17
KEPT_DAYS = 30
LINKS_KEPT_DAYS = 1
RUNS_KEPT_DAYS = 400
# An operator has a quarter of a year to replay what broke; then its words go unanswered.
FAILED_KEPT_DAYS = 90
# How many cases one transaction takes: others wait for it.
PIECE = 50
_END = "end"

Piece = Callable[[Mail, int], int | None]


def tick(office: Office, scans: Mapping[int, int] | None = None) -> list[str]:
    """Do what is due now; return the names of the jobs that did something.

    *scans* are counted too: where "scans" is not among the names returned, count them again. A job
    that fails is logged, and the others go on; the next tick takes it up.
    """
    now = office.database.moment().astimezone(VIETNAM)
    jobs: list[tuple[str, Callable[[], bool]]] = [
        ("scans", lambda: count_scans(office, scans or {})),
        ("spool", lambda: feed(office)),
        ("forget", lambda: _forget(office, now)),
        ("memories", lambda: _memories(office, now)),
    ]
    if now.time() >= DAILY_AT:
        jobs += [
            ("reroute", lambda: _reroute(office, now.date())),
            ("bands", lambda: _daily(office, "bands", now.date(), _renew_bands)),
            ("overdue", lambda: _overdue(office)),
            ("nudge", lambda: _nudge(office, now.date())),
        ]
    jobs.append(("digest", lambda: _digest(office, now)))
    jobs.append(("reopen", lambda: _reopen(office, now)))
    jobs.append(("unreached", lambda: _unreached(office)))
    jobs.append(("settle", lambda: _settle(office)))
    done = [name for name, job in jobs if _is_done(office, name, job)]
    if done:
        office.letters_wait.set()
    return done


def _is_done(office: Office, name: str, job: Callable[[], bool]) -> bool:
    try:
        did = job()
    except (TooBusy, NotWritten):
        return False
    except Exception as error:  # noqa: BLE001 -- one job must not stop the others
        log.error("round", job=name, error=place_of(error))
        return False
    office.watch.round_ended(name)
    return did


def _settle(office: Office) -> bool:
    """Let what was wiped since the last tick be gone from the log of the store, too."""
    office.database.settle()
    return False


def count_scans(office: Office, scans: Mapping[int, int]) -> bool:
    """Write scans counted since the last time. Raises TooBusy, NotWritten: count them again."""
    if not scans:
        return False
    office.database.write(lambda store: store.posters.count(scans))
    return True


# --- pieces --------------------------------------------------------------------------------------


def _daily(office: Office, job: str, day: date, piece: Piece) -> bool:
    """Run a job once for *day*, piece by piece; return whether anything was left to do.

    Each piece begins after the id that the one before ended with. Where it stands is kept in the
    same transaction, so that a crash leaves neither a gap nor a double.
    """
    slot = day.isoformat()
    did = False
    while not _is_finished(office, job, slot):
        went_on = office.database.write(lambda store: _run_piece(store, office, job, slot, piece))
        did = did or went_on
        if not went_on:
            break
    return did


def _is_finished(office: Office, job: str, slot: str) -> bool:
    with office.database.read() as store:
        return store.settings.get(_mark(job)) == f"{slot}:{_END}"


def _run_piece(store: Store, office: Office, job: str, slot: str, piece: Piece) -> bool:
    kept_slot, _, kept_after = (store.settings.get(_mark(job)) or "").partition(":")
    after = kept_after if kept_slot == slot else "0"
    if after == _END or not store.settings.is_first_run(job, f"{slot}:{after}"):
        return False
    mail = Mail(store, office, key=f"round:{job}:{slot}:{after}")
    last = piece(mail, int(after))
    store.settings.put(_mark(job), f"{slot}:{_END if last is None else last}")
    return True


def _mark(job: str) -> str:
    return f"round-{job}"


def _each(mail: Mail, cases: Iterable[Case], act: Callable[[Mail, Case], None]) -> None:
    """Do *act* for each case by itself: one that breaks leaves nothing and stops no other."""
    for case in cases:
        own = Mail(mail.store, mail.office, key=f"{mail.key}:{case.id}")
        try:
            with mail.store.savepoint():
                act(own, case)
                own.post()
        except Exception as error:  # noqa: BLE001 -- seen in the log, tried again another day
            log.error("round", case=case.id, error=place_of(error))


# --- the daily run: bands, and that enough have signed -------------------------------------------


def _renew_bands(mail: Mail, after: int) -> int | None:
    """Renew the bands of some petitions; tell signers, once, that enough have signed."""
    found = mail.store.cases.live_petitions(after, PIECE)
    _each(mail, found, _renew_band)
    return found[-1].id if len(found) == PIECE else None


def _renew_band(mail: Mail, case: Case) -> None:
    store = mail.store
    case = store.cases.locked(case.id)
    is_enough = case.state != "open"
    store.cases.set_band(case.id, bands.band(case.counted).low, is_enough=is_enough)
    known = store.cases.band(case.id)
    if not is_enough or known is None or known.enough_told_on is not None:
        return
    store.cases.enough_was_told(case.id)
    # Who has been told of the next step already needs no word about this one.
    if case.answered_at is None and case.due_on is not None and case.state in ("ready", "taken"):
        casework.tell_signers(mail, case, "news-enough?", due=case.due_on)


# --- what is late --------------------------------------------------------------------------------


def _overdue(office: Office) -> bool:
    """Tell the body above of what is overdue, and the sender, once, with a new expected day."""
    with office.database.read() as store:
        if not store.cases.overdue(1):
            return False
    did = False
    while office.database.write(lambda store: _escalate_some(store, office)):
        did = True
    return did


def _escalate_some(store: Store, office: Office) -> int:
    """Escalate some cases; return how many are done with."""
    late = store.cases.overdue(PIECE)
    mail = Mail(store, office, key=f"round:overdue:{store.today.isoformat()}")
    _each(mail, late, _escalate)
    still = {one.id for one in store.cases.overdue(PIECE)}
    return len({one.id for one in late} - still)


def _escalate(mail: Mail, case: Case) -> None:
    store = mail.store
    case = store.cases.locked(case.id)
    if not store.cases.is_overdue(case):
        return  # another process was first, or it was answered in this moment
    above = store.bodies.above(store.bodies.by_id(case.body_id))
    changes: dict[str, datetime] = {"escalated_at": store.now}
    is_first = case.late_told_at is None
    if is_first:
        changes["late_told_at"] = store.now
    case = store.cases.change(case, **changes)
    store.ledger.write("escalated", case_id=case.id, body_id=above.id, from_body=case.body_id)
    casework.tell_desk(mail, case, "desk-nudge", ["desk-queue", "desk-remind-later"])
    if above.id != case.body_id:
        upper = replace(case, body_id=above.id, officer_id=None)
        casework.tell_desk(mail, upper, "desk-urgent", ["desk-late", "urgent-busy"])
    if is_first:
        new_due = casework.working_days_from_today(store, "late_extension_days")
        tell_senders(mail, case, "news-late?", new_due=new_due)


# --- what is due soon ----------------------------------------------------------------------------


def _nudge(office: Office, day: date) -> bool:
    """Remind of what falls due within two working days: each officer once, each case once."""
    with office.database.read() as store:
        holidays = store.law.holidays()
        if not is_working_day(day, holidays):
            return False
        marked = store.settings.get(_mark("nudge"))
        if marked == day.isoformat():
            return False
        soon = [
            case.id
            for body in store.bodies.all()
            for case in store.cases.queue([body.id], MOST_OF_A_BODY)
            if _is_to_be_nudged(case, day, holidays)
        ]
    return office.database.write(lambda store: _nudge_all(store, office, day, soon))


def _is_to_be_nudged(case: Case, day: date, holidays: frozenset[date]) -> bool:
    is_ours = case.answered_at is None and case.state != "returned"
    return is_ours and is_due_soon(case.due_on, day, holidays)


def _nudge_all(store: Store, office: Office, day: date, ids: list[int]) -> bool:
    store.settings.put(_mark("nudge"), day.isoformat())
    mail = Mail(store, office, key=f"round:nudge:{day.isoformat()}")
    for row_id in ids:
        case = store.cases.by_id(row_id)
        if case.due_on and store.settings.is_first_run("nudge", f"{row_id}:{case.due_on:%y%m%d}"):
            casework.tell_desk(mail, case, "desk-nudge", ["desk-queue", "desk-remind-later"])
    # Several cases of one officer are one reminder.
    mail.laid = list({one.conversation.id: one for one in mail.laid}.values())
    mail.post()
    return bool(mail.laid)


# --- another body is responsible now -------------------------------------------------------------


def _reroute(office: Office, day: date) -> bool:
    """Hand cases over whose place of work has come to another body."""
    slot = day.isoformat()
    if _is_finished(office, "reroute", slot):
        return False
    with office.database.read() as store:
        moving = [case.id for case in every_case(store) if new_body(store, case) is not None]

    def work(store: Store) -> bool:
        piece, rest = moving[:PIECE], moving[PIECE:]
        del moving[:PIECE]
        mail = Mail(store, office, key=f"round:reroute:{slot}")
        _each(mail, [store.cases.by_id(one) for one in piece], move)
        if not rest:
            store.settings.put(_mark("reroute"), f"{slot}:{_END}")
        return bool(piece)

    did = office.database.write(work)
    while moving:
        office.database.write(work)
    return did


# --- the morning's digest ------------------------------------------------------------------------


def _digest(office: Office, now: datetime) -> bool:
    """Send each officer the digest of the morning, at her hour of a working day."""
    day = now.date()
    slot = f"{day.isoformat()}T{now.hour:02}"
    with office.database.read() as store:
        is_time = is_working_day(day, store.law.holidays()) and now.hour < DIGEST_UNTIL
        if not is_time or store.settings.get(_mark("digest")) == slot:
            return False
        due = [one.id for one in store.officers.all() if one.digest_hour <= now.hour]
    return office.database.write(lambda store: _send_digests(store, office, slot, due))


def _send_digests(store: Store, office: Office, slot: str, ids: list[int]) -> bool:
    day = slot.partition("T")[0]
    store.settings.put(_mark("digest"), slot)
    mail = Mail(store, office, key=f"round:digest:{slot}")
    for officer in [_active(store, one) for one in ids]:
        if not officer or not store.settings.is_first_run("digest", f"{day}:{officer.id}"):
            continue
        if can_hear(store, office, officer.conversation_id):
            mail.push(
                officer.conversation_id, "desk-digest", ["digest-open", "later"], topic="desk"
            )
        else:
            unreached.tell_above(mail, officer, day)
    mail.post()
    return bool(mail.laid)


def _active(store: Store, officer_id: int) -> Officer | None:
    """Return an officer who still acts for a body, or None."""
    officer = store.officers.by_id(officer_id)
    return officer if officer.bodies else None


# --- who can not be written to -------------------------------------------------------------------


def _reopen(office: Office, now: datetime) -> bool:
    """Offer a tip to those whose channel closes to us soon, while something of theirs waits."""
    if not any(can.window for can in office.abilities.values()):
        return False
    slot = reopening.slot(now)
    if _is_finished(office, "reopen", slot):
        return False
    did, beyond = False, 0
    while True:
        with office.database.read() as store:
            some = reopening.candidates(store, office, beyond, PIECE)
        if not some:
            break
        did = office.database.write(partial(_offer, office, some)) or did
        beyond = some[-1]
    office.database.write(lambda store: store.settings.put(_mark("reopen"), f"{slot}:{_END}"))
    return did


def _offer(office: Office, ids: list[int], store: Store) -> bool:
    did = False
    for one in ids:
        mail = Mail(store, office, key="")
        _by_itself(mail, partial(reopening.offer, mail, one))
        did = did or bool(mail.laid)
    return did


def _by_itself(mail: Mail, act: Callable[[], None]) -> None:
    """Do something by itself and lay its letters out; one that breaks leaves nothing."""
    try:
        with mail.store.savepoint():
            act()
            mail.post()
    except Exception as error:
        if goes_again(error):
            raise  # all of it goes again, so that nothing is noted as done that was not
        log.error("round", error=place_of(error))
        mail.laid.clear()


def _unreached(office: Office) -> bool:
    """Take up letters that reached nobody since the last look, each once."""
    with office.database.read() as store:
        kept = store.settings.get(_mark("unreached"))
        looked_at = datetime.fromisoformat(kept) if kept else store.now - unreached.FIRST_LOOK
        since = looked_at - unreached.OVERLAP
        lost = store.outbox.unreached(sorted(office.abilities), since)
        is_old = kept is None or store.now - looked_at > unreached.LONGEST_LOOK
    if not lost and not is_old:
        return False
    return office.database.write(lambda store: _take_up(store, office, lost))


def _take_up(store: Store, office: Office, lost: list[Unreached]) -> bool:
    did = False
    for one in lost:
        moved: list[int] = []
        _by_itself(Mail(store, office, key=""), partial(_move_on, store, office, one, moved))
        if moved:
            # Not noted: where it does not arrive there either it is taken up again.
            did = True
        elif store.settings.is_first_run(LOST, str(one.id)):
            mail = Mail(store, office, key=f"round:lost:{one.id}")
            _by_itself(mail, partial(unreached.take_up, mail, one))
            did = did or bool(mail.laid)
    looked_at = lost[-1].ended_at if lost else store.now
    store.settings.put(_mark("unreached"), looked_at.isoformat())
    return did


def _move_on(store: Store, office: Office, one: Unreached, moved: list[int]) -> None:
    if unreached.moves_on(store, office, one):
        moved.append(one.id)


# --- forgetting ----------------------------------------------------------------------------------


def _forget(office: Office, now: datetime) -> bool:
    """Forget once a day what was kept long enough: drafts, links, events, letters on pages."""
    slot = now.date().isoformat()
    if _is_finished(office, "forget", slot):
        return False

    def work(store: Store) -> int:
        if not store.settings.is_first_run("forget", slot):
            return 0
        store.settings.put(_mark("forget"), f"{slot}:{_END}")
        old = store.now - timedelta(days=KEPT_DAYS)
        drafts = store.people.with_old_drafts()
        for row_id in drafts:
            store.conversations.forget_draft(row_id)
        store.people.end_old_drafts()
        # What is read on a page or by a command is never sent: nobody else ends it.
        unsent = [name for name, can in office.abilities.items() if not can.pushes]
        return (
            len(drafts)
            + store.joinings.forget_before(days=LINKS_KEPT_DAYS)
            + store.links.forget_before(store.now - timedelta(days=LINKS_KEPT_DAYS))
            + store.arrivals.forget_before(store.now)
            + store.inbox.forget_before(old)
            + store.inbox.give_up_before(store.now - timedelta(days=FAILED_KEPT_DAYS))
            + store.outbox.wipe_before([*unsent, "terminal", "operator"], old)
            + store.outbox.wipe_troubled_before(old)
            + store.news.wipe_read_before(old)
            + store.settings.forget_runs_before(store.now - timedelta(days=RUNS_KEPT_DAYS))
        )

    return office.database.write(work) + forget_aside(office) > 0


def _memories(office: Office, now: datetime) -> bool:
    """Wipe what conversations remember that have been silent for long."""
    before = now - timedelta(days=KEPT_DAYS)
    with office.database.read() as store:
        if not store.conversations.with_old_memory(before, 1):
            return False

    def work(store: Store) -> int:
        old = store.conversations.with_old_memory(before, PIECE, lock=True)
        for row_id in old:
            store.conversations.forget_memory(row_id)
        return len(old)

    return office.database.write(work) > 0
