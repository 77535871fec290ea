"""Where a matter stands, by the code on a receipt: four values, the same for every kind."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.dialogues.standing import short_of_code
from storage.store import Store
from union.codes import readings
from webhook.door import Door, door_of
from webhook.forms import read_form
from webhook.guard import WAIT_SECONDS, asker

router = APIRouter()

CODE_LENGTH = 6
_LONGEST = 40


@router.get("/s")
async def ask(request: Request) -> Response:
    """Show where to type a code."""
    return _page(request, door_of(request), "", "")


@router.post("/s")
async def look(request: Request) -> Response:
    """Say how the matter behind a code stands; behind an unknown one, nothing is new either."""
    door = door_of(request)
    typed = (await read_form(request)).get("code", "")[:_LONGEST]
    if not door.limits.may_guess(asker(request)):
        return door.refuse(request, 503, "page-unavailable", WAIT_SECONDS)
    codes = readings(typed, CODE_LENGTH)
    code, short = await door.read(lambda store: _first_known(store, codes))
    today = await door.read(lambda store: store.today)
    language = door.language(request)
    said = ""
    if codes:
        words = door.office.words
        short_words = words.text(f"short-{short}", language)
        said = words.text(
            "status-page", language, code=code, status_short=short_words, today=today
        )
    return _page(request, door, typed, said)


def _first_known(store: Store, codes: tuple[str, ...]) -> tuple[str, str]:
    """Return the first reading of what was typed behind which something moves."""
    found = [(code, short_of_code(store, code)) for code in codes]
    moving = [one for one in found if one[1] != "none"]
    return (moving or found or [("", "none")])[0]


def _page(request: Request, door: Door, typed: str, said: str) -> Response:
    return door.pages.show("status", door.language(request), typed=typed, said=said, path="/s")
