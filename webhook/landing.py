"""The page behind the code on a poster, and the few pages that anybody may read."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.casework import desk_of
from bot.office import Office
from bot.speech import Heard
from storage.bodies import NoTriage
from storage.conversations import Conversation
from storage.posters import Poster
from storage.store import Store
from webhook import cookies, nonces, qr
from webhook.door import Door, door_of
from webhook.forms import read_form
from webhook.guard import WAIT_SECONDS, asker

router = APIRouter()

# A token has 22 letters; what is much longer is none, and is not worth a look into the store.
LONGEST_TOKEN = 64
# Stands for every token that opens nothing.
NO_TOKEN = "0"  # noqa: S105 -- no secret: it opens nothing


@dataclass(frozen=True)
class Arrival:
    """What a landing page may say: whose page it is, for whom, and the code to type."""

    body: str = ""
    enterprise: str = ""
    code: str = ""
    poster_id: int | None = None


def arrival(store: Store, token: str) -> Arrival:
    """Return what the page of this token says; the same for unknown and revoked ones."""
    poster = store.posters.by_token(token) if len(token) <= LONGEST_TOKEN else None
    if poster is None:
        return Arrival(body=_triage(store))
    enterprise = None
    if poster.enterprise_id is not None:
        enterprise = store.enterprises.by_id(poster.enterprise_id)
    # What somebody typed for a new place must not stand on a page of the union unchecked.
    is_checked = enterprise is not None and enterprise.state == "checked"
    name = enterprise.name if enterprise and is_checked and poster.names_enterprise else ""
    return Arrival(_body(store, poster), name, poster.code, poster.id)


def _body(store: Store, poster: Poster) -> str:
    if poster.body_id is not None:
        return store.bodies.by_id(poster.body_id).name
    try:
        place = store.enterprises.by_id(poster.enterprise_id) if poster.enterprise_id else None
        return desk_of(store, place).name
    except NoTriage:
        return ""


def _triage(store: Store) -> str:
    try:
        return store.bodies.triage().name
    except NoTriage:
        return ""


# --- the poster's page -------------------------------------------------------------------------


@router.get("/q/{token}.svg")
async def drawing(request: Request, token: str) -> Response:
    """Return the QR code of a poster as SVG."""
    return await _picture(request, token, qr.svg, "image/svg+xml")


@router.get("/q/{token}.png")
async def picture(request: Request, token: str) -> Response:
    """Return the QR code of a poster as PNG."""
    return await _picture(request, token, qr.png, "image/png")


async def _picture(
    request: Request, token: str, make: Callable[[str], bytes], kind: str
) -> Response:
    door = door_of(request)
    known = await door.read(lambda store: arrival(store, token).poster_id)
    if known is None:
        return door.refuse(request, 404, "page-not-found")
    content = await asyncio.to_thread(make, door.office.page(f"/q/{token}"))
    return Response(content, media_type=kind)


@router.get("/q/{token}")
async def landing(request: Request, token: str) -> Response:
    """Show the page behind a poster's code."""
    door = door_of(request)
    found = await door.read(lambda store: arrival(store, token))
    if found.poster_id is not None and "prefetch" not in request.headers.get("sec-purpose", ""):
        door.scans.add(found.poster_id)
    return _landing(request, door, token, found)


def _landing(request: Request, door: Door, token: str, found: Arrival) -> Response:
    # All tokens that open nothing share one page: same words, same size, nothing sent back.
    shown = token if found.poster_id is not None else NO_TOKEN
    return door.pages.show(
        "landing",
        door.language(request),
        found=found,
        is_unknown=found.poster_id is None,
        path=f"/q/{shown}",
        token=shown,
        doors=_doors(door.office, shown),
        gives_code=door.gives_codes and found.poster_id is not None,
        is_gone=found.poster_id is not None and "gone" in request.query_params,
        nonce=nonces.fresh(door.office.database.keys, shown),
    )


def _doors(office: Office, token: str) -> dict[str, str]:
    """Return the doors to other channels; Telegram's hands the poster's token over by itself."""
    doors = dict(office.doors)
    if "telegram" in doors and token != NO_TOKEN:
        address = doors["telegram"]
        doors["telegram"] = f"{address}{'&' if '?' in address else '?'}start={token}"
    return doors


# --- the way into the web chat -----------------------------------------------------------------


@router.post("/q/{token}/chat")
async def begin(request: Request, token: str) -> Response:
    """Begin the web chat, or go on with the one that this browser knows."""
    fields = await read_form(request)
    return await _start(request, token[:LONGEST_TOKEN], fields)


@router.post("/chat/begin")
async def begin_without_code(request: Request) -> Response:
    """Begin the web chat without a poster."""
    return await _start(request, "", await read_form(request))


async def _start(request: Request, token: str, fields: dict[str, str]) -> Response:
    """Let the office hear a scan (an empty *token*: an arrival without a code) and show the chat.

    A browser's own address is taken up only where a conversation stands behind it: an address
    that somebody put into the browser must not become hers.
    """
    door = door_of(request)
    known = await present(request)
    limits = door.limits
    if not (limits.talk.takes(known.address) if known else limits.newcomers.takes()):
        return door.refuse(request, 503, "page-unavailable", WAIT_SECONDS)
    address = known.address if known else cookies.new_address()
    if token or known is None:
        await door.hear(_arrived(door, address, token, fields))
    await _speak(door, address, fields.get("lang", ""))
    answer = RedirectResponse("/chat#new", 303)
    cookies.keep(answer, door.settings, address)
    return answer


async def present(request: Request) -> Conversation | None:
    """Return the conversation of this browser: that of the address in its cookie, or None."""
    door = door_of(request)
    said = cookies.address_in(request, door.settings)
    return await door.read(lambda store: store.conversations.find("web", said)) if said else None


def _arrived(door: Door, address: str, token: str, fields: dict[str, str]) -> Heard:
    keys = door.office.database.keys
    nonce, language = fields.get("nonce", ""), fields.get("lang")
    if not nonces.is_for(keys, token, nonce):
        nonce = nonces.fresh(keys, token)
    event = nonces.event_id(keys, nonce, "arrived", address)
    if token:
        return Heard("web", address, event, scan=token, language=language)
    # Nothing said: whoever comes without a code is greeted, and asked where she works.
    return Heard("web", address, event, text="", language=language)


async def _speak(door: Door, address: str, language: str) -> None:
    """Go on in the language of the page that she came from now."""
    typed = {"en": "english", "vi": "tiếng việt"}.get(language)
    known = await door.read(lambda store: store.conversations.find("web", address))
    if typed and known is not None and known.language != language:
        event = nonces.fresh(door.office.database.keys, address)
        await door.hear(Heard("web", address, event, text=typed))


# --- without a poster --------------------------------------------------------------------------


@router.get("/")
async def home(request: Request) -> Response:
    """Show a neutral page: type the code of a poster, or begin without one."""
    door = door_of(request)
    if door.is_demo and not request.query_params:
        return RedirectResponse("/demo", 303)
    body = await door.read(_triage)
    nonce = nonces.fresh(door.office.database.keys, "")
    return door.pages.show(
        "home",
        door.language(request),
        body=body,
        nonce=nonce,
        site_verification=door.settings.zalo_site_verification,
    )


@router.post("/")
async def typed(request: Request) -> Response:
    """Go to the page of the poster whose code was typed; a wrong one is an unknown poster."""
    door = door_of(request)
    code = (await read_form(request)).get("code", "")[:100]
    if not door.limits.may_guess(asker(request)):
        return door.refuse(request, 503, "page-unavailable", WAIT_SECONDS)
    poster = await door.read(lambda store: store.posters.by_code(code))
    lang = f"?lang={door.language(request)}" if "lang" in request.query_params else ""
    return RedirectResponse(f"/q/{poster.token if poster else NO_TOKEN}{lang}", 303)


@router.get("/about")
async def about(request: Request) -> Response:
    """Say who made this page; *q* is the token of the poster it was opened from."""
    door = door_of(request)
    token = request.query_params.get("q", "")[:LONGEST_TOKEN]
    found = await door.read(lambda store: arrival(store, token))
    return door.pages.show(
        "about",
        door.language(request),
        body=found.body,
        in_vietnam=door.settings.server_in_vietnam,
        token=token,
        path="/about",
    )


@router.get("/employer")
async def employer(request: Request) -> Response:
    """Say what an employer needs to know: the same for every company."""
    door = door_of(request)
    token = request.query_params.get("q", "")[:LONGEST_TOKEN]
    return door.pages.show("employer", door.language(request), token=token, path="/employer")
