"""Where everything meets: settings become an office with its memory, words and channels."""

from bot.office import Office
from bot.speech import Abilities
from bot.words import Words
from channels.terminal import ABILITIES as TERMINAL
from channels.web import ABILITIES as WEB
from storage.database import Clock, Database, NoSuchStore, utc_now
from webhook.settings import PREFIX, ROOT, Settings
from webhook.trouble import SettingTrouble

LOCALES = ROOT / "locales"
LAW = ROOT / "law"

# Ours are light and always there. A channel of others is imported only when it is configured.
_OURS: dict[str, Abilities] = {"web": WEB, "terminal": TERMINAL}


def make_office(settings: Settings, clock: Clock = utc_now) -> Office:
    """Open the memory and the words. Raises SettingTrouble."""
    keys = settings.keys()
    try:
        database = Database(settings.store_url, keys, clock)
    except NoSuchStore as trouble:
        raise SettingTrouble(str(trouble)) from None
    except Exception as trouble:  # noqa: BLE001 -- an address that SQLAlchemy cannot even read
        raise SettingTrouble(
            f"{PREFIX}DATABASE_URL: not an address of a database ({type(trouble).__name__})"
        ) from None
    return Office(
        database=database,
        words=Words.load(LOCALES),
        public_url=settings.origin,
        abilities=dict(_OURS),
        doors=doors(settings),
    )


def doors(settings: Settings) -> dict[str, str]:
    """Return the doors of other channels that the landing page shows, in their fixed order."""
    both = {"zalo": settings.zalo_url, "telegram": settings.telegram_url}
    return {name: url for name, url in both.items() if url}
