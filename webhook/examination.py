"""Look over an installation: every setting in force, and whatever needs a look."""

from collections.abc import Collection
from datetime import timedelta

from bot.hear import place_of
from bot.office import Office
from channels.telegram import bot_id
from storage.bodies import NoTriage
from storage.store import Store
from storage.tokens import Holding
from union.rules import NoRule
from webhook import setup
from webhook.examination_store import look_at_backlog, look_at_spool, look_at_store
from webhook.examination_zalo import look_at_owner, look_at_pair, look_at_zalo
from webhook.examination_zalo_bot import look_at_zalo_bot
from webhook.examination_zalo_day import (
    look_at_address,
    look_at_events,
    look_at_kinds,
    tell_what_is_open,
)
from webhook.findings import Findings
from webhook.logs import set_up_logs
from webhook.settings import PREFIX, Settings, read_settings, unknown_names
from webhook.trouble import SettingTrouble, Trouble
from webhook.wiring import make_office

_AHEAD = timedelta(days=400)
_MASK = "(set, not shown)"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


# What can be asked whether it knows us.
CHANNELS = ("telegram", "zalo")


def examine(online: Collection[str] = ()) -> Findings:
    """Look at settings, key, database, backlog and law; *online*: ask these channels, too.

    Raises SettingTrouble.
    """
    set_up_logs()
    settings = read_settings()
    found = Findings(in_force(settings))
    found.notes += [f"{name} is not a setting: a typing error?" for name in unknown_names()]
    if settings.metrics_port is not None and settings.metrics_host not in _LOOPBACK:
        found.notes.append(f"metrics: other machines can read them on {settings.metrics_host}")
    if "telegram" in online:
        # Loaded for those who ask: the rest needs no network.
        from webhook.examination_telegram import look_at_telegram

        look_at_telegram(settings, found)
    try:
        settings.keys()
        setup.check(settings)
        office = make_office(settings)
    except Trouble as trouble:
        found.troubles.append(str(trouble))
        return found
    try:
        setup.check_key(office.database)
        with office.database.read() as store:
            _look(store, office, settings, found)
            held = look_at_pair(store, settings, found)
            look_at_owner(store, settings, found)
            look_at_events(store, settings, found)
        if "zalo" in online:
            _ask_zalo(settings, held, found)
    except SettingTrouble as trouble:
        found.troubles.append(str(trouble))
    except Exception as error:  # noqa: BLE001 -- whatever it is, the rest is told all the same
        found.troubles.append(f"the database broke while it was read: {place_of(error)}")
    finally:
        office.database.close()
    return found


def _ask_zalo(settings: Settings, held: Holding | None, found: Findings) -> None:
    look_at_zalo(settings, held, found)
    look_at_address(settings, found)
    look_at_kinds(settings, found)
    look_at_zalo_bot(settings, found)
    if settings.has_zalo:
        tell_what_is_open(found)


# --- settings ------------------------------------------------------------------------------------


def in_force(settings: Settings) -> dict[str, str]:
    """Return every setting as it works, secrets masked."""
    worked_out = {
        "database_url": settings.store_url,
        "key_file": "(not used: KEY is set)" if settings.key else settings.key_path,
        "public_url": settings.origin,
    }
    return {
        f"{PREFIX}{name}".upper(): _shown(
            worked_out.get(name, getattr(settings, name)), about.repr
        )
        for name, about in Settings.model_fields.items()
    }


def _shown(value: object, is_open: bool) -> str:  # noqa: FBT001 -- as the field says of itself
    if not is_open:
        return _MASK if value else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else setup.shown(str(value))


# --- the rest ------------------------------------------------------------------------------------


def _look(store: Store, office: Office, settings: Settings, found: Findings) -> None:
    found.notes.append(f"channels: {', '.join(sorted(office.abilities))}")
    if settings.has_zalo and settings.zalo_signature == "log":
        found.notes.append(
            f"zalo: {PREFIX}ZALO_SIGNATURE is log: whoever finds the door can speak for anybody"
        )
    if store.settings.is_demo:
        found.notes.append("this database is a demo")
    known = setup.known_bot(store)
    if settings.telegram_token and known not in (None, str(bot_id(settings.telegram_token))):
        found.troubles.append(f"{PREFIX}TELEGRAM_TOKEN: this database belongs to bot {known}")
    look_at_store(store, settings, found)
    _look_at_law(store, found)
    _look_at_bodies(store, found)
    look_at_backlog(store, office, found)
    look_at_spool(office, settings, found)


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
