"""Build the door: every page, what guards them, and what runs beside them."""

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.office import Office
from webhook import chat, health, landing, private, status, zalo_page
from webhook.clockwork import Clockwork
from webhook.door import Door, door_of
from webhook.guard import Guard
from webhook.pages import Pages
from webhook.settings import Settings
from webhook.verification import verifier_route
from webhook.wiring import Line, mouths

if TYPE_CHECKING:
    from channels.zalo_tokens import Keeper

log = structlog.get_logger()

_KEYS = {404: "page-not-found", 405: "page-not-found", 413: "page-too-big"}


def create_app(settings: Settings, office: Office, *, is_demo: bool = False) -> FastAPI:
    """Return the application: its pages, and beside them the sender and the rounds.

    Opening and closing the database is its lifespan's: when it ends, *office* is closed.
    """
    door = Door(settings, office, Pages(office.words, settings.origin), is_demo=is_demo)
    app = FastAPI(
        title="Kết Đoàn", openapi_url=None, docs_url=None, redoc_url=None, lifespan=_lifespan
    )
    app.state.door = door
    app.state.zalo_tokens = _zalo_tokens(settings, office)
    app.state.mouths = mouths(settings, app.state.zalo_tokens)
    for one in (health, private, landing, zalo_page, chat, status):
        app.router.routes.extend(map(_plain, one.router.routes))
    if is_demo:
        _add_demo(app)
    app.add_api_route("/static/{name}", _static, methods=["GET"])
    if settings.zalo_verifier_file is not None:
        app.router.routes.append(verifier_route(settings.zalo_verifier_file))
    app.add_exception_handler(HTTPException, _no_such_page)
    app.add_middleware(Guard, origin=settings.origin, limits=door.limits, refuse=door.refuse)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    if settings.telegram_token:
        _add_telegram(app, door)
    if settings.has_zalo:
        _add_zalo(app, door)
    if settings.zalo_bot_token:
        _add_zalo_bot(app, door)
    return app


def _zalo_tokens(settings: Settings, office: Office) -> "Keeper | None":
    if not settings.zalo_app_id:
        return None
    # Loads an HTTP client, so it waits for an app.
    from webhook.zalo_vault import keeper_of

    return keeper_of(settings, office.database)


def _plain(page: BaseRoute) -> BaseRoute:
    """Return the route of a page without FastAPI's dependencies and models, which none has.

    They cost each request more than reading and answering it.
    """
    assert isinstance(page, APIRoute)
    taken = inspect.signature(page.endpoint).parameters

    async def show(request: Request) -> Response:
        named = {name: request.path_params[name] for name in taken if name != "request"}
        answer: Response = await page.endpoint(
            **named, **({"request": request} if "request" in taken else {})
        )
        return answer

    return Route(page.path, show, methods=list(page.methods or ()), name=page.name)


def _add_telegram(app: FastAPI, door: Door) -> None:
    # Outermost, before the limits of the pages. Loads aiogram, so it waits for a token.
    from webhook.telegram import TelegramEar

    app.add_middleware(TelegramEar, door=door)


def _add_zalo(app: FastAPI, door: Door) -> None:
    from webhook.zalo import ZaloEar

    app.add_middleware(ZaloEar, door=door)


def _add_zalo_bot(app: FastAPI, door: Door) -> None:
    from webhook.zalo_bot import ZaloBotEar

    app.add_middleware(ZaloBotEar, door=door)


def _add_demo(app: FastAPI) -> None:
    # Imported here and nowhere else: an installation in earnest has no such pages.
    from webhook import demo_pages

    app.include_router(demo_pages.router)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    door: Door = app.state.door
    lines: dict[str, Line] = app.state.mouths
    clockwork = Clockwork(
        door.office, door.scans, mouths=lines if door.settings.send_inside else {}
    )
    keeper: Keeper | None = app.state.zalo_tokens
    if keeper is not None:
        keeper.start()
    running = asyncio.create_task(clockwork.run(), name="clockwork")
    announcing = asyncio.create_task(_announce(door, lines), name="announce")
    # What start-up made lives as long as the program: the collector need not look at it again,
    # which took up to 100 ms each time and showed in the slowest answers.
    gc.collect()
    gc.freeze()
    log.info("open", url=door.settings.origin, demo=door.is_demo)
    try:
        yield
    finally:
        clockwork.stop()
        announcing.cancel()
        await asyncio.gather(announcing, return_exceptions=True)
        try:
            await running
        finally:
            for line in lines.values():
                await line.close()
            if keeper is not None:
                await keeper.close()
            await asyncio.to_thread(door.office.database.close)
            if door.office.spool is not None:
                await asyncio.to_thread(door.office.spool.close)
            gc.unfreeze()
            log.info("closed")


async def _announce(door: Door, lines: dict[str, Line]) -> None:
    """Tell the platforms where we are, where there are any that take it from a program."""
    await asyncio.gather(_announce_to_telegram(door, lines), _announce_to_zalo_bot(door, lines))


async def _announce_to_telegram(door: Door, lines: dict[str, Line]) -> None:
    if "telegram" in lines:
        from channels.telegram_speaking import Telegram
        from webhook.announce import announce

        bot = lines["telegram"]
        assert isinstance(bot, Telegram)
        await announce(door.settings, door.office, bot)


async def _announce_to_zalo_bot(door: Door, lines: dict[str, Line]) -> None:
    if "zalo-bot" in lines:
        from channels.zalo_bot_speaking import ZaloBotMouth
        from webhook.announce import announce_zalo_bot

        bot = lines["zalo-bot"]
        assert isinstance(bot, ZaloBotMouth)
        await announce_zalo_bot(door.settings, door.office, bot)


async def _static(request: Request, name: str) -> Response:
    found = door_of(request).pages.static(name)
    return found or door_of(request).refuse(request, 404, "page-not-found")


async def _no_such_page(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    return door_of(request).refuse(request, code, _KEYS.get(code, "page-bad-form"))
