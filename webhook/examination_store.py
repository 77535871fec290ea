"""Look at the database of an installation, and at what lies about in it."""

import os
import shutil
from pathlib import Path

from bot.office import Office
from storage.backlog import Stuck
from storage.database import utc_now
from storage.premises import premises
from storage.spool import Lying
from storage.store import Store
from webhook.findings import Findings
from webhook.health import in_trouble
from webhook.lookout import READ_WHERE_IT_LIES
from webhook.settings import Settings
from webhook.setup import file_of

# With less room than this a database soon takes nothing any more.
_LEAST_ROOM_MB = 200
# Leases, deadlines and quiet hours are told by the database's clock, cookies and logs by ours.
_MOST_SECONDS_APART = 5.0
_MOST_REASONS = 20
# What waits longer in the spool waits for something that is broken; as full as this, it is urgent.
_SPOOL_SECONDS = 300
_NEARLY_FULL = 0.8


def look_at_store(store: Store, settings: Settings, found: Findings) -> None:
    """Note which store it is, whether its clock goes with ours, and how much room is left."""
    known = premises(store)
    # Whoever got here has seen a schema that is up to date: anything else is refused before.
    found.notes.append(f"database: {known.kind} {known.version}, reachable, schema up to date")
    if known.moment is not None:
        apart = (known.moment - utc_now()).total_seconds()
        found.notes.append(f"database clock: {apart:+.1f} s from this machine's")
        if abs(apart) > _MOST_SECONDS_APART:
            found.troubles.append(f"the clocks of database and machine are {apart:+.0f} s apart")
    path = file_of(settings.store_url)
    if path is not None:
        room = shutil.disk_usage(path.parent).free // 1_000_000
        found.notes.append(f"free disk space beside the database: {room} MB")
        if room < _LEAST_ROOM_MB:
            found.troubles.append(f"the disk is nearly full: {room} MB are left")


def look_at_backlog(store: Store, office: Office, found: Findings) -> None:
    """Note what waits, what found no way and what broke; no words, no addresses."""
    _note_waiting(store, office, found)
    stuck = store.backlog.stuck()
    found.stuck = [
        {"channel": one.channel, "state": one.state, "reason": one.reason, "letters": one.letters}
        for one in stuck
    ]
    found.notes += [_told(one) for one in stuck[:_MOST_REASONS]]
    found.notes.append(f"letters that found no way: {sum(one.letters for one in stuck)}")
    found.notes.append(f"channels in trouble: {', '.join(in_trouble(store)) or 'none'}")
    if broken := store.backlog.failed_events():
        found.troubles.append(f"{broken} events broke their turn; see `ketdoan replay`")


def _note_waiting(store: Store, office: Office, found: Findings) -> None:
    for one in store.backlog.waiting(READ_WHERE_IT_LIES):
        due = one.due_at
        waits = max(int((store.now - due).total_seconds()), 0) if due is not None else None
        found.backlog.append(
            {
                "channel": one.channel,
                "lane": one.lane,
                "state": one.state,
                "letters": one.letters,
                "oldest_seconds": waits,
            }
        )
        oldest = "none is due yet" if waits is None else f"the oldest for {waits} s"
        found.notes.append(
            f"letters: {one.letters} {one.state} for {one.channel}, lane {one.lane}, {oldest}"
        )
        if one.channel not in office.abilities:
            found.notes.append(f"letters: {one.channel} is not set up, nobody sends them")
    if not found.backlog:
        found.notes.append("letters: none waits to be sent")


def _told(one: Stuck) -> str:
    return f"letters: {one.letters} {one.state} for {one.channel}: {one.reason or 'no reason'}"


# --- what waits for the store ------------------------------------------------------------------


def look_at_spool(office: Office, settings: Settings, found: Findings) -> None:
    """Note what Zalo delivered and the store has not taken yet; no words, no addresses."""
    uses = {"zalo", "zalo-bot"} & set(office.abilities)
    spool = office.spool
    if spool is None or not (uses or spool.folder.is_dir()):
        return
    if uses and not _can_be_written(spool.folder):
        found.troubles.append(f"spool: {spool.folder} cannot be written; events would be refused")
    try:
        lying = spool.lying()
    except OSError as trouble:
        found.troubles.append(f"spool: {spool.folder} cannot be read ({trouble.strerror})")
        return
    if lying.oldest_at is None and not lying.events:
        found.notes.append(f"spool: nothing waits in {spool.folder}")
    else:
        _look_at_waiting(office, lying, found)
    if lying.bytes > settings.spool_mb * 1_000_000 * _NEARLY_FULL:
        found.troubles.append(
            f"spool: {lying.bytes // 1_000_000} of {settings.spool_mb} MB are full; then the door "
            "fails, and Zalo switches it off"
        )
    if lying.aside:
        found.troubles.append(
            f"spool: {lying.aside} files aside in {spool.folder}: something in them could not be "
            "opened or heard; see docs/operate-zalo.md"
        )


def _look_at_waiting(office: Office, lying: Lying, found: Findings) -> None:
    now = office.database.clock()
    age = max(int((now - lying.oldest_at).total_seconds()), 0) if lying.oldest_at else 0
    line = f"spool: about {lying.events} events wait for the store, the first for {age} s"
    if age > _SPOOL_SECONDS:
        found.troubles.append(f"{line}; is `serve` running, can it write?")
    else:
        found.notes.append(line)


def _can_be_written(folder: Path) -> bool:
    """Whether it can be, or could be made."""
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
