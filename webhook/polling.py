"""Fetch updates from Telegram: what was fetched is heard and committed before it is let go."""

import asyncio
import random
import signal
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress

import structlog

from bot import sender
from bot.hear import hear, place_of
from bot.office import Office
from bot.speech import Heard, TooFast
from channels.telegram import bot_id
from channels.telegram_line import Taken, TokenRefused
from channels.telegram_reading import NotAnUpdate, Update, understand
from channels.telegram_speaking import Telegram
from storage.database import NotWritten, TooBusy
from webhook.announce import until_done
from webhook.settings import PREFIX, Settings
from webhook.telegram import heard_kinds
from webhook.trouble import SettingTrouble
from webhook.wiring import telegram_of

log = structlog.get_logger()

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
# A turn that raises is kept for replay and answered by an apology. One that cannot even be kept,
# so often in a row, must not hold everybody else up.
MOST_TRIES = 8


def run(settings: Settings, office: Office, *, sends: bool) -> None:
    """Fetch until told to stop; *sends*: letters, too. Raises SettingTrouble."""
    asyncio.run(_run(settings, office, sends=sends))


async def _run(settings: Settings, office: Office, *, sends: bool) -> None:
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    bot = telegram_of(settings)
    mouths = {"telegram": bot} if sends else {}
    sending = asyncio.create_task(sender.run(office, mouths, stop))
    try:
        await Polling(office, bot, bot_id(settings.telegram_token), stop).run()
    except TokenRefused:
        raise SettingTrouble(f"{PREFIX}TELEGRAM_TOKEN: Telegram does not know it") from None
    finally:
        stop.set()
        await sending
        await bot.close()


class Polling:
    """Fetches and hears until *stop*. People are heard side by side, each in her own order."""

    def __init__(self, office: Office, bot: Telegram, number: int, stop: asyncio.Event) -> None:
        self._office = office
        self._bot = bot
        self._number = number
        self._stop = stop
        self._offset: int | None = None
        self._wait = FIRST_WAIT

    async def run(self) -> None:
        """Take the webhook away and fetch, batch after batch. Raises TokenRefused."""
        await self._unless_stopped(self._take_webhook_away())
        log.info("telegram is fetched")
        while not self._stop.is_set():
            came = await self._unless_stopped(self._fetch())
            if came and await self._hear_all(came):
                self._offset = 1 + max(_number_of(one) for one in came)

    async def _take_webhook_away(self) -> Sequence[object]:
        await until_done("webhook away", self._bot.delete_webhook, ends_on=TokenRefused)
        return ()

    async def _unless_stopped(self, act: Awaitable[Sequence[object]]) -> Sequence[object]:
        """Wait for something on the line, but no longer than until the program is to end."""
        acting = asyncio.ensure_future(act)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((acting, stopping), return_when=asyncio.FIRST_COMPLETED)
            return acting.result() if acting.done() else ()
        finally:
            for one in (acting, stopping):
                one.cancel()
            await asyncio.gather(acting, stopping, return_exceptions=True)

    # --- fetching ----------------------------------------------------------------------------

    async def _fetch(self) -> Sequence[object]:
        try:
            came = await self._bot.updates(self._offset)
        except TooFast as told:
            await asyncio.sleep(told.seconds)
        except TokenRefused:
            raise
        except Exception as error:  # noqa: BLE001 -- the line breaks in many ways, and comes back
            await self._after(error)
        else:
            self._wait = FIRST_WAIT
            return came
        return ()

    async def _after(self, error: Exception) -> None:
        log.warning("telegram", trying="fetch", error=place_of(error))
        if isinstance(error, Taken) and error.by_webhook:
            # Somebody's `serve` has set it again; who fetches was told to by hand.
            await self._take_webhook_away()
        await asyncio.sleep(random.uniform(self._wait / 2, self._wait))  # noqa: S311 -- no secret
        self._wait = min(self._wait * 2, LONGEST_WAIT)

    # --- hearing -----------------------------------------------------------------------------

    async def _hear_all(self, came: Iterable[object]) -> bool:
        """Hear a batch; False where it was not heard to its end and must come again."""
        lanes: dict[str, list[Update]] = defaultdict(list)
        for one in came:
            update = self._read(one)
            heard_kinds[update.kind] += 1
            if update.heard is not None:
                lanes[update.heard.address].append(update)
        return all(await asyncio.gather(*(self._hear_lane(one) for one in lanes.values())))

    def _read(self, raw: object) -> Update:
        try:
            return understand(raw, self._number, self._office.database.clock())
        except NotAnUpdate:
            return Update("not an update")

    async def _hear_lane(self, lane: Iterable[Update]) -> bool:
        for update in lane:
            assert update.heard is not None
            if not await self._hear(update.heard):
                return False
            if update.tap is not None:
                self._bot.stop_spinner(update.tap)
        return True

    async def _hear(self, heard: Heard) -> bool:
        """Hear one thing, however long the store takes; False where the program is to end."""
        wait, tries = FIRST_WAIT, 0
        while not self._stop.is_set():
            try:
                outcome = await asyncio.to_thread(hear, heard, self._office)
            except (TooBusy, NotWritten):
                log.warning("telegram waits for the store")
            except Exception as error:  # noqa: BLE001 -- tried again, and not for ever
                log.error("telegram broke", error=place_of(error))
                tries += 1
                if tries >= MOST_TRIES:
                    heard_kinds["given up"] += 1
                    return True
            else:
                heard_kinds["repeat"] += outcome.is_repeat
                return True
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), wait)
            wait = min(wait * 2, LONGEST_WAIT)
        return False


def _number_of(raw: object) -> int:
    """Return the number of an update, for who goes on behind it."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if isinstance(number, int) else -1
