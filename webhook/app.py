"""Build the door: every page, what guards them, and what runs beside them."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from bot.office import Office
from webhook import chat, health, landing, private, status
from webhook.clockwork import Clockwork
from webhook.door import Door, door_of
from webhook.guard import Guard
from webhook.pages import Pages
from webhook.settings import Settings

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
    for one in (health, landing, chat, private, status):
        app.include_router(one.router)
    if is_demo:
        _add_demo(app)
    app.add_api_route("/static/{name}", _static, methods=["GET"])
    app.add_exception_handler(HTTPException, _no_such_page)
    app.add_middleware(Guard, origin=settings.origin, limits=door.limits, refuse=door.refuse)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    return app


def _add_demo(app: FastAPI) -> None:
    # Imported here and nowhere else: an installation in earnest has no such pages.
    from webhook import demo_pages

    app.include_router(demo_pages.router)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    door: Door = app.state.door
    clockwork = Clockwork(door.office, door.scans)
    running = asyncio.create_task(clockwork.run(), name="clockwork")
    # What start-up made lives as long as the program: the collector need not look at it again,
    # which took up to 100 ms each time and showed in the slowest answers.
    gc.collect()
    gc.freeze()
    log.info("open", url=door.settings.origin, demo=door.is_demo)
    try:
        yield
    finally:
        clockwork.stop()
        await running
        await asyncio.to_thread(door.office.database.close)
        gc.unfreeze()
        log.info("closed")


async def _static(request: Request, name: str) -> Response:
    found = door_of(request).pages.static(name)
    return found or door_of(request).refuse(request, 404, "page-not-found")


async def _no_such_page(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    return door_of(request).refuse(request, code, _KEYS.get(code, "page-bad-form"))
