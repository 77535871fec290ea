"""The page between a poster and Zalo: a code to send there first, and the way to it."""

from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.arriving import Asked
from storage.arrivals import ArrivalCode
from storage.database import NotWritten, TooBusy
from storage.desk import VIETNAM
from storage.store import Store
from webhook import nonces
from webhook.door import Door, door_of
from webhook.forms import read_form
from webhook.guard import asker
from webhook.landing import LONGEST_TOKEN, Arrival, arrival

router = APIRouter()

# The only place where a message can be laid ready in the address; nobody relies on it.
_TAKES_TEXT = "zalo.me"


@router.post("/q/{token}/zalo")
async def ask(request: Request, token: str) -> Response:
    """Give the page an arrival code and show it; it can be loaded again, and is the same.

    Where none can be given, the poster's own code is shown: it opens the same.
    """
    door = door_of(request)
    token = token[:LONGEST_TOKEN]
    fields = await read_form(request)
    nonce, said = fields.get("nonce", ""), fields.get("lang", "")
    language = said if said in door.office.words.languages else ""
    if not nonces.is_for(door.office.database.keys, token, nonce):
        return _to(token, "", {}, language)
    asked = Asked(token, nonce, language, door.settings.arrival_minutes)
    given = {"asked": nonce} if await _give(request, door, asked) else {}
    return _to(token, "/zalo", given, language)


async def _give(request: Request, door: Door, asked: Asked) -> bool:
    if not door.gives_codes or not door.limits.codes.takes(asker(request)):
        return False
    try:
        return (await door.give_code(asked)).page is not None
    except (TooBusy, NotWritten):
        return False


@router.get("/q/{token}/zalo")
async def show(request: Request, token: str) -> Response:
    """Show the code that was asked for, or the poster's own; looking makes and uses up none."""
    door = door_of(request)
    asked = request.query_params.get("asked", "")
    language = door.language(request)
    if asked and not nonces.is_for(door.office.database.keys, token, asked):
        return _to(token, "", {}, language)

    def look(store: Store) -> tuple[Arrival, ArrivalCode | None, datetime]:
        return arrival(store, token), store.arrivals.given(asked) if asked else None, store.now

    found, given, now = await door.read(look)
    if found.poster_id is None or not door.gives_codes:
        return _to(token, "", {}, language)
    if asked and given is None:
        return _to(token, "", {"gone": "1"}, language)
    code = given.code if given else found.code
    return door.pages.show(
        "zalo",
        language,
        code=code,
        expires=_hour(given.expires_at, now) if given else "",
        address=_with_text(door.office.doors["zalo"], f"#{code}"),
        oa_name=door.settings.oa_name,
        path=f"/q/{token}/zalo",
        back=f"/q/{token}?lang={language}",
        asked=f"{urlencode({'asked': asked})}&" if asked else "",
    )


def _hour(at: datetime, now: datetime) -> str:
    """Return until when a code is good, by Vietnam's clock; with its day where that is another."""
    local = at.astimezone(VIETNAM)
    is_today = local.date() == now.astimezone(VIETNAM).date()
    return f"{local:%H:%M}" if is_today else f"{local:%H:%M, %d/%m}"


def _with_text(address: str, text: str) -> str:
    """Return Zalo's address with a message laid ready, where there is room for one."""
    parts = urlsplit(address)
    if parts.hostname != _TAKES_TEXT or parts.query or parts.fragment:
        return address
    return f"{address}?text={quote(text)}"


def _to(token: str, rest: str, said: dict[str, str], language: str) -> Response:
    """Lead on to a page of this poster, in the language that was chosen."""
    query = urlencode(said | ({"lang": language} if language else {}))
    path = f"/q/{quote(token, safe='')}{rest}"
    return RedirectResponse(f"{path}?{query}" if query else path, 303)
