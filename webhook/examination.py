"""Look over an installation: every setting in force, and whatever needs a look."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.office import Office
from storage.bodies import NoTriage
from storage.store import Store
from union.rules import NoRule
from webhook import setup
from webhook.health import in_trouble
from webhook.logs import set_up_logs
from webhook.settings import PREFIX, Settings, read_settings, unknown_names
from webhook.trouble import Trouble
from webhook.wiring import make_office

_AHEAD = timedelta(days=400)
_MASK = "(set, not shown)"


@dataclass
class Findings:
    """What was found. *troubles* stop the work; *notes* are worth knowing."""

    settings: dict[str, str]
    notes: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, object]:
        """Return everything for a program."""
        return {"settings": self.settings, "notes": self.notes, "troubles": self.troubles}


def examine() -> Findings:
    """Look at settings, key, database, backlog and law. Raises SettingTrouble."""
    set_up_logs()
    settings = read_settings()
    found = Findings(in_force(settings))
    found.notes += [f"{name} is not a setting: a typing error?" for name in unknown_names()]
    try:
        settings.keys()
        setup.check(settings)
        office = make_office(settings)
    except Trouble as trouble:
        found.troubles.append(str(trouble))
        return found
    try:
        with office.database.read() as store:
            _look(store, office, found)
    finally:
        office.database.close()
    return found


def in_force(settings: Settings) -> dict[str, str]:
    """Return every setting as it works, secrets masked."""
    known = {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": setup.shown(settings.store_url),
        "KEY_FILE": "(not used: KEY is set)" if settings.key else str(settings.key_path),
        "KEY": _MASK if settings.key else "",
        "PUBLIC_URL": settings.origin,
        "HOST": settings.host,
        "PORT": str(settings.port),
        "ZALO_URL": settings.zalo_url,
        "TELEGRAM_URL": settings.telegram_url,
        "OA_NAME": settings.oa_name,
        "SERVER_IN_VIETNAM": "yes" if settings.server_in_vietnam else "no",
    }
    return {f"{PREFIX}{name}": value for name, value in known.items()}


def _look(store: Store, office: Office, found: Findings) -> None:
    found.notes.append(f"channels: {', '.join(sorted(office.abilities))}")
    if store.settings.is_demo:
        found.notes.append("this database is a demo")
    _look_at_law(store, found)
    _look_at_bodies(store, found)
    _look_at_letters(store, found)


def _look_at_law(store: Store, found: Findings) -> None:
    book, today = store.law.book(), store.today
    if not book.keys:
        found.troubles.append("no figure of law is read in; run `ketdoan init`")
    for key in sorted(book.keys):
        try:
            rule = book.in_force(key, today)
        except NoRule:
            found.notes.append(f"law: no value of {key} is in force today")
            continue
        if rule.review_on is not None and rule.review_on <= today:
            found.notes.append(f"law: {key} was to be read again by {rule.review_on}")
        if rule.is_provisional(today):
            found.notes.append(f"law: {key} is shown as expected only ({rule.certainty})")
    until = today + _AHEAD
    expected = [day for day in store.law.uncertain_holidays() if today <= day <= until]
    if expected:
        days = ", ".join(day.isoformat() for day in sorted(expected))
        found.notes.append(f"holidays expected, not decided: {days}")


def _look_at_bodies(store: Store, found: Findings) -> None:
    bodies = store.bodies.all()
    found.notes.append(f"bodies: {len(bodies)}, officers: {len(store.officers.all())}")
    try:
        found.notes.append(f"triage: {store.bodies.triage().code}")
    except NoTriage:
        found.troubles.append("no triage body is set; run `ketdoan init --triage CODE`")


def _look_at_letters(store: Store, found: Findings) -> None:
    counts = store.outbox.counts()
    listed = ", ".join(f"{state} {number}" for state, number in sorted(counts.items()))
    # A page reads its letters itself, so that those stay "waiting" until they are wiped.
    found.notes.append(f"letters: {listed or 'none'}")
    found.notes.append(f"channels in trouble: {', '.join(in_trouble(store)) or 'none'}")
    if stuck := counts.get("dead", 0) + counts.get("held", 0):
        found.notes.append(f"letters that found no way: {stuck}")
    if broken := len(store.inbox.failed()):
        found.troubles.append(f"{broken} events broke their turn; see `ketdoan replay`")
