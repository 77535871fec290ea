"""Where everything meets: settings become an office with its memory, words and channels."""

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

from bot.office import Office
from bot.sending import Mouth
from bot.speech import Abilities, Pace, Window
from bot.words import Words
from channels import telegram, zalo, zalo_bot
from channels.telegram_loading import load_aiogram
from channels.terminal import ABILITIES as TERMINAL
from channels.web import ABILITIES as WEB
from storage.database import Clock, Database, NoSuchStore, utc_now
from storage.desk import VIETNAM
from storage.law import read_terms
from storage.spool import Spool
from webhook.settings import PREFIX, ROOT, Settings
from webhook.trouble import SettingTrouble

if TYPE_CHECKING:
    from channels.telegram_speaking import Telegram
    from channels.zalo_bot_speaking import ZaloBotMouth
    from channels.zalo_speaking import ZaloMouth

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
        abilities=abilities(settings, clock().astimezone(VIETNAM).date()),
        doors=doors(settings),
        spool=Spool(settings.spool_folder, keys, settings.spool_mb * 1_000_000),
    )


def abilities(settings: Settings, on: date | None = None) -> dict[str, Abilities]:
    """Return what each channel can do that is configured, by its terms of the day *on*: today."""
    made = dict(_OURS)
    if settings.telegram_token:
        asks = settings.telegram_ask_contact
        made["telegram"] = replace(telegram.ABILITIES, asks_contact=asks)
    if settings.has_zalo:
        # Lines hold as many choices as there are.
        most = zalo.ABILITIES.most_choices if settings.zalo_buttons else None
        day = on or utc_now().astimezone(VIETNAM).date()
        made[zalo.CHANNEL] = replace(
            zalo.ABILITIES,
            most_choices=most,
            asks_contact=bool(settings.zalo_card_url),
            window=zalo_window(settings, day),
        )
    if settings.zalo_bot_token:
        made[zalo_bot.CHANNEL] = zalo_bot.ABILITIES
    return made


def zalo_window(settings: Settings, on: date) -> Window:
    """Return for how long Zalo lets us write to somebody, and what we may spend on it."""
    terms = read_terms(LAW)
    return Window(
        free=timedelta(hours=terms.number("zalo_free_hours", on)),
        paid=timedelta(hours=terms.number("zalo_paid_hours", on)),
        price=terms.number("zalo_message_price", on),
        budget=settings.zalo_budget,
        template_price=settings.zalo_template_price if settings.zalo_template_id else None,
    )


def mouths(settings: Settings, tokens: zalo.Tokens | None = None) -> dict[str, Line]:
    """Return what sends letters, by channel; each is to be closed by who asked for it.

    *tokens* keeps the token of Zalo's account fresh.
    """
    made: dict[str, Line] = {}
    if settings.telegram_token:
        made["telegram"] = telegram_of(settings)
    if settings.has_zalo:
        made[zalo.CHANNEL] = zalo_of(settings, tokens)
    if settings.zalo_bot_token:
        made[zalo_bot.CHANNEL] = zalo_bot_of(settings)
    return made


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


def zalo_of(settings: Settings, tokens: zalo.Tokens | None = None) -> "ZaloMouth":
    """Return the mouth of the account that is set; *tokens* keeps its token fresh."""
    from channels.zalo_line import Line as ZaloLine
    from channels.zalo_speaking import Template, ZaloMouth

    line = ZaloLine(tokens or zalo.OneToken(settings.zalo_access_token), settings.zalo_api_url)
    pace = Pace(settings.zalo_per_second, 0)
    template = None
    if settings.zalo_template_id:
        template = Template(settings.zalo_template_id, settings.zalo_template_field)
    return ZaloMouth(
        line,
        pace=pace,
        buttons=settings.zalo_buttons,
        card_url=settings.zalo_card_url,
        template=template,
    )


def zalo_bot_of(settings: Settings) -> "ZaloBotMouth":
    """Return the bot of the token that is set."""
    from channels.zalo_bot_speaking import ZaloBotMouth

    return ZaloBotMouth(
        settings.zalo_bot_token,
        settings.zalo_bot_api_url,
        pace=Pace(settings.zalo_bot_per_second, settings.zalo_bot_per_chat_seconds),
    )


def doors(settings: Settings) -> dict[str, str]:
    """Return the doors of other channels that the landing page shows, in their fixed order."""
    both = {"zalo": _zalo_door(settings), "telegram": settings.telegram_url}
    return {name: url for name, url in both.items() if url}


def _zalo_door(settings: Settings) -> str:
    """Return where people find us on Zalo: the account before the bot, or ""."""
    if settings.zalo_url:
        return settings.zalo_url
    if settings.has_zalo:
        return f"{zalo.DOOR_URL}{settings.zalo_oa_id}"
    return settings.zalo_bot_link if settings.zalo_bot_token else ""
