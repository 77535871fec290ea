"""Prepare an installation: its folder, its key, the newest schema, the law. May be run again.

Reading the law in and moving a demo's clock are set-up, so they write without a turn.
"""

import os
import re
from datetime import date
from pathlib import Path

from channels.telegram import bot_id
from storage.bodies import TRIAGE
from storage.database import Database, NoSuchStore, utc_now
from storage.desk import VIETNAM
from storage.law import read_holidays, read_rules
from storage.migrate import is_current, upgrade
from storage.sealed import make_key_file
from storage.store import Store
from webhook.settings import PREFIX, Settings
from webhook.trouble import SettingTrouble, Trouble
from webhook.wiring import LAW

# Holidays from the year of the oldest deadline still open to the last one promised ahead.
_YEARS_BACK, _YEARS_AHEAD = 2, 4
# The setting that says by how many seconds a demo's clock is ahead.
AHEAD = "demo_ahead"
_KEY_MARK = "key_mark"
_BOT = "telegram_bot"
_OA = "zalo_oa"


def prepare(settings: Settings) -> list[str]:
    """Make what is missing and bring the rest up to date; return what was done, in English.

    Raises SettingTrouble.
    """
    done = []
    # The database, its log and what else is made here are for this user's eyes alone.
    os.umask(0o077)
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not settings.key and not settings.key_path.exists():
            make_key_file(settings.key_path)
            done.append(f"made the key {settings.key_path}: keep a copy in a safe place")
    except OSError as trouble:
        raise SettingTrouble(
            f"{PREFIX}DATA_DIR: {settings.data_dir} cannot be used ({trouble.strerror})"
        ) from None
    migrate(settings)
    done.append(f"the database is up to date: {shown(settings.store_url)}")
    return done


def migrate(settings: Settings) -> None:
    """Bring the schema forward. Raises SettingTrouble."""
    check_place(settings)
    if not _is_ready(settings):
        upgrade(settings.store_url)


def check(settings: Settings) -> None:
    """Make sure that the database can be used as it is. Raises SettingTrouble."""
    check_place(settings)
    path = file_of(settings.store_url)
    if path is not None and not path.exists():
        raise SettingTrouble(f"there is no database at {path} yet; `ketdoan init` makes one")
    if not _is_ready(settings):
        raise SettingTrouble("the database is not up to date; run `ketdoan init`")


def _is_ready(settings: Settings) -> bool:
    """Whether the schema is the newest one. Raises SettingTrouble where there is no such store."""
    try:
        return is_current(settings.store_url)
    except NoSuchStore as trouble:
        raise SettingTrouble(f"{PREFIX}DATABASE_URL: {trouble}") from None
    except Exception as trouble:  # noqa: BLE001 -- away, locked, or no database of ours
        raise SettingTrouble(
            f"{PREFIX}DATABASE_URL: {_unusable(settings)} ({type(trouble).__name__})"
        ) from None


def _unusable(settings: Settings) -> str:
    path = file_of(settings.store_url)
    if path is not None:
        return f"{path} cannot be used"
    return f"the server of {shown(settings.store_url)} does not answer, or does not let us in"


def check_place(settings: Settings) -> None:
    """Make sure that a file's folder exists; a server tells by itself. Raises SettingTrouble."""
    path = file_of(settings.store_url)
    if path is not None and not path.parent.is_dir():
        raise SettingTrouble(f"{PREFIX}DATABASE_URL: the folder {path.parent} does not exist")


def know_key(database: Database) -> None:
    """Note, once, which key seals this database. Raises SettingTrouble where another does."""
    mark = database.keys.mac("key", _KEY_MARK)
    database.write(lambda store: store.settings.keep_first(_KEY_MARK, mark))
    check_key(database)


def check_key(database: Database) -> None:
    """Refuse a key that is not the one of this database: nothing would open, and what it sealed
    would be lost with it. Raises SettingTrouble.
    """
    with database.read() as store:
        known = store.settings.get(_KEY_MARK)
    if known is not None and known != database.keys.mac("key", _KEY_MARK):
        raise SettingTrouble(f"{PREFIX}KEY_FILE: this is not the key that sealed this database")


def know_bot(database: Database, token: str, *, replaces: bool = False) -> None:
    """Let a database belong to one bot: the first, until another *replaces* it.

    Two at once would answer the same people twice. Raises SettingTrouble for another's token.
    """
    mine = str(bot_id(token))
    known = _first_of(database, _BOT, mine)
    if replaces and known != mine:
        database.write(lambda store: store.settings.put(_BOT, mine))
    elif known != mine:
        raise SettingTrouble(
            f"{PREFIX}TELEGRAM_TOKEN: it is of bot {mine}, but this database belongs to bot "
            f"{known}; `ketdoan bot --replace` hands it over"
        )


def _first_of(database: Database, name: str, mine: str) -> str:
    with database.read() as store:
        known = store.settings.get(name)
    if known is None:
        known = database.write(lambda store: store.settings.keep_first(name, mine))
    return known


def known_bot(store: Store) -> str | None:
    """Return the number of the bot that a database belongs to, or None."""
    return store.settings.get(_BOT)


def know_oa(database: Database, oa_id: str, *, replaces: bool = False) -> None:
    """Let a database belong to one Official Account: the first, until another *replaces* it.

    The same person has another id at another account, so everybody here would be a stranger to
    it. Raises SettingTrouble for another's id.
    """
    known = _first_of(database, _OA, oa_id)
    if replaces and known != oa_id:
        database.write(lambda store: store.settings.put(_OA, oa_id))
    elif known != oa_id:
        raise SettingTrouble(foreign_oa(oa_id, known))


def known_oa(store: Store) -> str | None:
    """Return the id of the Official Account that a database belongs to, or None."""
    return store.settings.get(_OA)


def foreign_oa(oa_id: str, known: str) -> str:
    """Return why an account that is set now does not go with the database."""
    return (
        f"{PREFIX}ZALO_OA_ID: it is {oa_id}, but people, letters and tokens of this database "
        f"belong to account {known}; `ketdoan zalo own --replace` hands it over"
    )


def proclaim_law(database: Database) -> tuple[int, int]:
    """Read the dated rules and the holidays in; return how many of each.

    Raises ValueError where the files contradict themselves.
    """
    year = today().year
    rules = read_rules(LAW)
    days = read_holidays(LAW, range(year - _YEARS_BACK, year + _YEARS_AHEAD + 1))

    def work(store: Store) -> tuple[int, int]:
        return store.law.enact(rules), store.law.proclaim(days)

    return database.write(work)


def name_triage(database: Database, code: str) -> str:
    """Let this body take what nobody else is responsible for; return what it is called.

    Raises Trouble where no body has the code.
    """

    def work(store: Store) -> str:
        body = store.bodies.by_code(code.upper())
        if body is None:
            raise Trouble(f"--triage: no body has the code {code}; import the bodies first")
        store.settings.put(TRIAGE, body.code)
        return body.name

    return database.write(work)


def mark_demo(database: Database) -> None:
    """Mark the database: only then do chosen times and ready-made officers work.

    Raises Trouble for one that holds cases: an installation in earnest never becomes a demo.
    """

    def work(store: Store) -> None:
        if store.cases.counts() and not store.settings.is_demo:
            raise Trouble("this database holds cases and is no demo")
        store.settings.put("demo", "yes")

    database.write(work)


def today() -> date:
    """Return the date in Vietnam."""
    return utc_now().astimezone(VIETNAM).date()


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite database, or None for another kind."""
    path = url.removeprefix("sqlite:///").partition("?")[0]
    return Path(path) if url.startswith("sqlite:///") and path else None


def shown(url: str) -> str:
    """Return an address without any password in it, before the host or among what follows."""
    open_ = re.sub(r"^([\w.+-]+://[^:/@?]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&][^=&]*pass[^=&]*=)[^&]*", r"\1***", open_, flags=re.IGNORECASE)


def set_demo_ahead(database: Database, seconds: int) -> None:
    """Keep how far the demo's time has been moved ahead, for the other commands beside it."""
    database.write(lambda store: store.settings.put(AHEAD, str(seconds)))
