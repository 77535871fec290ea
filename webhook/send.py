"""The command `send`: send the letters that wait, in a process of its own."""

import asyncio
import gc
import signal
from typing import TYPE_CHECKING

import structlog
import typer

from webhook.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.office import Office
    from channels.zalo_tokens import Keeper
    from webhook.wiring import Line

log = structlog.get_logger()


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(send)


def send() -> None:
    """Send the letters that wait, and nothing else. Several may run, beside `serve` or without.

    Ends with SIGTERM or Ctrl-C: letters on their way are ended first.
    """
    from webhook.counter import open_office
    from webhook.metrics import watched
    from webhook.setup import know_bot
    from webhook.wiring import mouths

    with open_office() as (settings, opened):
        if settings.telegram_token:
            know_bot(opened.database, settings.telegram_token)
        keeper = None
        if settings.has_zalo:
            from webhook.setup import know_oa
            from webhook.zalo_vault import keeper_of

            know_oa(opened.database, settings.zalo_oa_id)
            keeper = keeper_of(settings, opened.database)
        lines = mouths(settings, keeper)
        if not lines:
            raise Trouble(
                "no channel is set up that letters could be sent by: set KETDOAN_ZALO_APP_ID, "
                "KETDOAN_ZALO_BOT_TOKEN or KETDOAN_TELEGRAM_TOKEN",
                code=2,
            )
        with watched(settings, opened, insists=False) as office:
            asyncio.run(_send(office, lines, keeper))


async def _send(
    office: "Office", lines: "Mapping[str, Line]", keeper: "Keeper | None" = None
) -> None:
    from bot import sender

    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    gc.collect()
    gc.freeze()
    log.info("sending", channels=sorted(lines))
    if keeper is not None:
        keeper.start()
    try:
        await sender.run(office, lines, stop)
    finally:
        for line in lines.values():
            await line.close()
        if keeper is not None:
            await keeper.close()
    log.info("sent")
