"""Fetch updates of Zalo's Bot Platform: each is given once, and heard before the next."""

import asyncio
import random
import signal
from contextlib import suppress

import structlog

from bot import sender
from bot.feeding import feed
from bot.hear import hear, place_of
from bot.office import Office
from bot.speech import Heard, TooFast
from channels.zalo_bot_reading import NotAnUpdate, understand
from channels.zalo_bot_speaking import ZaloBotMouth
from storage.database import NotWritten, TooBusy
from storage.spool import SpoolTrouble
from webhook.announce import until_done
from webhook.settings import Settings
from webhook.wiring import zalo_bot_of
from webhook.zalo_bot import heard_kinds

log = structlog.get_logger()

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
# How long it is waited for the next one, and so for the end when told to stop.
WAIT_SECONDS = 10
# One that cannot even be kept, so often in a row, must not hold everybody else up.
MOST_TRIES = 8


def run(settings: Settings, office: Office, *, sends: bool) -> None:
    """Fetch until told to stop; *sends*: letters, too."""
    asyncio.run(_run(settings, office, sends=sends))


async def _run(settings: Settings, office: Office, *, sends: bool) -> None:
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    bot = zalo_bot_of(settings)
    sending = asyncio.create_task(sender.run(office, {"zalo-bot": bot} if sends else {}, stop))
    try:
        await Polling(office, bot, stop).run()
    finally:
        stop.set()
        await sending
        await bot.close()


class Polling:
    """Fetches and hears until *stop*.

    The platform gives an update once and counts nothing: what was fetched and not yet kept is lost
    if the program is killed in that moment. Told to stop, it hears to its end what it has.
    """

    def __init__(self, office: Office, bot: ZaloBotMouth, stop: asyncio.Event) -> None:
        self._office = office
        self._bot = bot
        self._stop = stop

    async def run(self) -> None:
        """Take the webhook away and fetch, one update after the other."""
        await self._take_webhook_away()
        log.info("zalo-bot is fetched")
        # What it could not hear when it was stopped comes before what is fetched now.
        await asyncio.to_thread(feed, self._office)
        wait = FIRST_WAIT
        while not self._stop.is_set():
            try:
                # Not broken off when told to stop: an update on its way would be lost.
                came = await self._bot.update(WAIT_SECONDS)
            except TooFast as told:
                await self._rest(told.seconds)
            except Exception as error:  # noqa: BLE001 -- the line breaks in many ways
                log.warning("zalo-bot", trying="fetch", error=place_of(error))
                await self._rest(random.uniform(wait / 2, wait))  # noqa: S311 -- no secret
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                wait = FIRST_WAIT
                if came is not None:
                    await self._take(came)

    async def _take(self, came: object) -> None:
        try:
            update = understand(came, self._office.database.clock())
        except NotAnUpdate:
            heard_kinds["malformed"] += 1
            return
        heard_kinds[update.kind] += 1
        if update.heard is not None:
            await self._hear(update.heard)

    async def _hear(self, heard: Heard) -> None:
        """Hear one thing, however long the store takes: nobody brings it again."""
        wait = FIRST_WAIT
        tries = 0
        while tries < MOST_TRIES:
            try:
                outcome = await asyncio.to_thread(hear, heard, self._office)
            except (TooBusy, NotWritten):
                log.warning("zalo-bot waits for the store")
                # Told to stop, it does not wait for ever for a store that is gone.
                tries += self._stop.is_set()
            except Exception as error:  # noqa: BLE001 -- tried again, and not for ever
                log.error("zalo-bot broke", error=place_of(error))
                tries += 1
            else:
                heard_kinds["repeat"] += outcome.is_repeat
                return
            await asyncio.sleep(wait if not self._stop.is_set() else FIRST_WAIT)
            wait = min(wait * 2, LONGEST_WAIT)
        await self._lay_up(heard)

    async def _lay_up(self, heard: Heard) -> None:
        """Lay up in the spool what could not be heard: `serve` and `rounds` feed it."""
        spool, why = self._office.spool, "there is no spool"
        if spool is not None:
            try:
                came_at = self._office.database.clock()
                await asyncio.wrap_future(spool.lay_up(heard.to_json(), came_at))
            except SpoolTrouble as trouble:
                why = str(trouble)
            else:
                heard_kinds["spooled"] += 1
                return
        heard_kinds["given up"] += 1
        log.error("zalo-bot: an update is lost", why=why)

    async def _take_webhook_away(self) -> None:
        away = until_done("zalo-bot webhook away", self._bot.delete_webhook)
        acting = asyncio.ensure_future(away)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((acting, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (acting, stopping):
                one.cancel()
            await asyncio.gather(acting, stopping, return_exceptions=True)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
