"""Whether the program is alive, and whether it can work: for whoever watches the machine."""

from datetime import timedelta

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.hear import place_of
from storage.store import Store
from webhook.door import door_of

router = APIRouter()
log = structlog.get_logger()

# Letters that found no way this lately mean that a channel is in trouble now.
_LATELY = timedelta(hours=1)
_MOST_WAITING = 900


@router.get("/healthz")
async def alive() -> Response:
    """Say that the program runs."""
    return JSONResponse({"alive": True})


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Say whether the memory can be used, and which channels are in trouble."""
    door = door_of(request)
    try:
        troubled = await door.read(in_trouble)
    except Exception as error:  # noqa: BLE001 -- whatever stops it, it is not ready
        log.error("not ready", error=place_of(error))
        return JSONResponse({"ready": False, "database": "unusable", "channels": []}, 503)
    is_full = door.office.database.waiting > _MOST_WAITING
    facts = {
        "ready": not is_full,
        "database": "full queue" if is_full else "usable",
        "channels": troubled,
    }
    return JSONResponse(facts, 503 if is_full else 200)


def in_trouble(store: Store) -> list[str]:
    """Return the channels whose letters lately found no way."""
    return store.backlog.in_trouble(store.now - _LATELY)
