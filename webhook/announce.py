"""Tell platforms where to deliver, and learn a bot's name: tried again until it has worked.

Start-up waits for none of it: pages and letters work while they can not be reached.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from bot.hear import place_of
from bot.office import Office
from bot.speech import TooFast
from webhook.settings import Settings
from webhook.telegram import webhook_secret

log = structlog.get_logger()

FIRST_WAIT = 1.0
LONGEST_WAIT = 300.0
_NAME = re.compile(r"[A-Za-z0-9_]{3,64}")


class Hook(Protocol):
    """A bot that can be told where to deliver."""

    async def set_webhook(self, address: str, secret: str) -> None:
        """Let updates be delivered to *address*."""


class Bot(Hook, Protocol):
    """The bot as far as it is announced."""

    async def name(self) -> str:
        """Return its name in links."""


async def announce(settings: Settings, office: Office, bot: Bot) -> None:
    """Have updates delivered to our address, if there is one, and open the door in our pages."""
    address = settings.updates_url
    secret = webhook_secret(settings, office.database.keys)
    if address:
        await until_done("webhook", lambda: bot.set_webhook(address, secret))
        log.info("telegram delivers", to=address)
    else:
        log.warning("telegram can not reach this address; `ketdoan poll` fetches the updates")
    if "telegram" not in office.doors:
        await until_done("name", lambda: _open_door(office, bot))


async def announce_zalo_bot(settings: Settings, office: Office, bot: Hook) -> None:
    """Have updates of Zalo's Bot Platform delivered to our address, if there is one."""
    # Imported here: who has no such bot carries nothing of it.
    from webhook.zalo_bot import bot_secret

    address = settings.bot_updates_url
    if not address:
        log.warning("zalo-bot can not reach this address; `ketdoan poll zalo-bot` fetches")
        return
    secret = bot_secret(settings, office.database.keys)
    await until_done("zalo-bot webhook", lambda: bot.set_webhook(address, secret))
    log.info("zalo-bot delivers", to=address)


async def _open_door(office: Office, bot: Bot) -> None:
    name = await bot.name()
    if _NAME.fullmatch(name):
        office.doors["telegram"] = f"https://t.me/{name}"


async def until_done(
    what: str, act: Callable[[], Awaitable[None]], *, ends_on: type[Exception] | None = None
) -> None:
    """Do something with a platform until it has worked, waiting twice as long each time.

    Raises an error of the kind *ends_on* and no other.
    """
    wait = FIRST_WAIT
    while True:
        try:
            await act()
        except TooFast as told:
            await asyncio.sleep(told.seconds)
        except Exception as error:
            if ends_on is not None and isinstance(error, ends_on):
                raise
            log.warning("announcing", trying=what, error=place_of(error))
            await asyncio.sleep(random.uniform(wait / 2, wait))  # noqa: S311 -- no secret
            wait = min(wait * 2, LONGEST_WAIT)
        else:
            return
