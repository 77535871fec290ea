"""Where everything meets: settings become an office with its memory, words and channels."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from bot.office import Office
from bot.sending import Mouth
from bot.speech import Abilities, Pace
from bot.words import Words
from channels import telegram
from channels.telegram_loading import load_aiogram
from channels.terminal import ABILITIES as TERMINAL
from channels.web import ABILITIES as WEB
from storage.database import Clock, Database, NoSuchStore, utc_now
from webhook.settings import PREFIX, ROOT, Settings
from webhook.trouble import SettingTrouble

if TYPE_CHECKING:
    from channels.telegram_speaking import Telegram

LOCALES = ROOT / "locales"
LAW = ROOT / "law"

# Ours are light and always there. What speaks to others is imported only when it is configured.
_OURS: dict[str, Abilities] = {"web": WEB, "terminal": TERMINAL}


class Line(Mouth, Protocol):
    """A mouth that holds a line to somebody else's server."""

    async def close(self) -> None:
        """Let go of the line."""


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
        abilities=abilities(settings),
        doors=doors(settings),
    )


def abilities(settings: Settings) -> dict[str, Abilities]:
    """Return what each channel can do that is configured."""
    if not settings.telegram_token:
        return dict(_OURS)
    asks = settings.telegram_ask_contact
    return {**_OURS, "telegram": replace(telegram.ABILITIES, asks_contact=asks)}


def mouths(settings: Settings) -> dict[str, Line]:
    """Return what sends letters, by channel; each is to be closed by who asked for it."""
    if not settings.telegram_token:
        return {}
    return {"telegram": telegram_of(settings)}


def telegram_of(settings: Settings) -> "Telegram":
    """Return the bot of the token that is set."""
    load_aiogram()
    from channels.telegram_speaking import Telegram

    return Telegram(
        settings.telegram_token,
        settings.telegram_api_url,
        asks_contact=settings.telegram_ask_contact,
        pace=Pace(settings.telegram_per_second, settings.telegram_per_chat_seconds),
    )


def doors(settings: Settings) -> dict[str, str]:
    """Return the doors of other channels that the landing page shows, in their fixed order."""
    both = {"zalo": settings.zalo_url, "telegram": settings.telegram_url}
    return {name: url for name, url in both.items() if url}
