"""Prepare an installation: its folder, its key, the newest schema, the law. May be run again.

Reading the law in and moving a demo's clock are set-up, so they write without a turn.
"""

from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from storage.database import Database, utc_now
from storage.desk import VIETNAM
from storage.law import read_holidays, read_rules
from storage.migrate import is_current, upgrade
from storage.sealed import make_key_file
from storage.store import Store
from webhook.settings import PREFIX, Settings
from webhook.trouble import SettingTrouble
from webhook.wiring import LAW

# Holidays from the year of the oldest deadline still open to the last one promised ahead.
_YEARS_BACK, _YEARS_AHEAD = 2, 4
# The setting that says by how many seconds a demo's clock is ahead.
AHEAD = "demo_ahead"


def prepare(settings: Settings) -> list[str]:
    """Make what is missing and bring the rest up to date; return what was done, in English.

    Raises SettingTrouble.
    """
    done = []
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
    upgrade(settings.store_url)


def check(settings: Settings) -> None:
    """Make sure that the database can be used as it is. Raises SettingTrouble."""
    check_place(settings)
    path = file_of(settings.store_url)
    if path is not None and not path.exists():
        raise SettingTrouble(f"there is no database at {path} yet; `ketdoan init` makes one")
    if not is_current(settings.store_url):
        raise SettingTrouble("the database is not up to date; run `ketdoan init`")


def check_place(settings: Settings) -> None:
    """Make sure that the address leads to a folder that exists. Raises SettingTrouble."""
    path = file_of(settings.store_url)
    if path is None:
        raise SettingTrouble(
            f"{PREFIX}DATABASE_URL: this version keeps its memory in sqlite:///FILE"
        )
    if not path.parent.is_dir():
        raise SettingTrouble(f"{PREFIX}DATABASE_URL: the folder {path.parent} does not exist")


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


def today() -> date:
    """Return the date in Vietnam."""
    return utc_now().astimezone(VIETNAM).date()


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite database, or None for another kind."""
    path = url.removeprefix("sqlite:///").partition("?")[0]
    return Path(path) if url.startswith("sqlite:///") and path else None


def shown(url: str) -> str:
    """Return a database's address without its password."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return "(not an address)"
    return url.replace(f":{password}@", ":***@") if password else url


def set_demo_ahead(database: Database, seconds: int) -> None:
    """Keep how far the demo's time has been moved ahead, for the other commands beside it."""
    database.write(lambda store: store.settings.put(AHEAD, str(seconds)))
