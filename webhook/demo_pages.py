"""The demo's pages: be a worker, be an officer, let time pass, see what happened."""

import asyncio
import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import rounds
from storage.store import Store
from webhook import cookies, setup
from webhook.demo_clock import DemoClock
from webhook.demo_people import Offices, offices, redeem, sign_some
from webhook.door import Door, door_of
from webhook.forms import BadForm, read_form
from webhook.landing import present
from webhook.staging import SAMPLES
from webhook.timeline import told

router = APIRouter()

# Who this browser has been: so that one visitor can play both sides.
_ROLES_COOKIE = "kd_demo"
_MOST_ROLES = 12
_ONE = re.compile(rf"([wo])([0-9A-Z]{{{cookies.ADDRESS_LENGTH}}})")


@router.get("/demo")
async def demo(request: Request) -> Response:
    """Show where to begin."""
    door = door_of(request)
    language = door.language(request)
    posters, desks = await door.read(lambda store: (_posters(store), offices(store)))
    roles = _roles(request)
    page = door.pages.show(
        "demo",
        language,
        posters=posters,
        desks=desks,
        roles=list(enumerate(roles)),
        now=door.office.database.clock(),
        is_lan=door.settings.host == "0.0.0.0",  # noqa: S104 -- compared, not bound
        path="/demo",
    )
    _keep_roles(page, roles)
    return page


@router.post("/demo/worker")
async def be_worker(request: Request) -> Response:
    """Become a new person in front of a poster."""
    door = door_of(request)
    fields = await read_form(request)
    posters = await door.read(_posters)
    token = posters.get(fields.get("enterprise", ""), ("", "", ""))[1]
    if not token:
        raise BadForm
    answer = RedirectResponse(f"/q/{token}?lang={door.language(request)}", 303)
    _keep_roles(answer, await _with_present(request))
    cookies.forget(answer, door.settings)
    return answer


@router.post("/demo/officer")
async def be_officer(request: Request) -> Response:
    """Become an officer: invited and accepted for real, in a web chat of her own."""
    door = door_of(request)
    code = (await read_form(request)).get("body", "")
    desks: Offices = await door.read(offices)
    desk = next((one for one in desks if one.code == code), None)
    if desk is None:
        raise BadForm
    address = await redeem(door, desk, door.language(request))
    answer = RedirectResponse("/chat#new", 303)
    _keep_roles(answer, [*await _with_present(request), f"o{address}"])
    cookies.keep(answer, door.settings, address)
    return answer


@router.post("/demo/as")
async def be_again(request: Request) -> Response:
    """Become somebody again whom this browser has been before."""
    door = door_of(request)
    chosen = (await read_form(request)).get("role", "")
    roles = await _with_present(request)
    if chosen not in roles:
        raise BadForm
    answer = RedirectResponse("/chat#new", 303)
    _keep_roles(answer, roles)
    cookies.keep(answer, door.settings, chosen[1:])
    return answer


@router.post("/demo/fill")
async def fill(request: Request) -> Response:
    """Let some invented colleagues put their names down, through the same talk."""
    door = door_of(request)
    await read_form(request)
    posters = await door.read(_posters)
    await sign_some(door, posters[SAMPLES[0]][1])
    return _to_timeline(request)


@router.post("/demo/time")
async def pass_time(request: Request) -> Response:
    """Let mornings come, one by one, and do what time brings."""
    door = door_of(request)
    days = {"1": 1, "7": 7}.get((await read_form(request)).get("days", ""), 1)
    clock = door.office.database.clock
    if not isinstance(clock, DemoClock):
        raise BadForm
    await asyncio.to_thread(_mornings, door, clock, days)
    return _to_timeline(request)


def _to_timeline(request: Request) -> Response:
    return RedirectResponse(f"/demo/timeline?lang={door_of(request).language(request)}", 303)


def _mornings(door: Door, clock: DemoClock, days: int) -> None:
    for _ in range(days):
        clock.next_morning()
        setup.set_demo_ahead(door.office.database, int(clock.ahead.total_seconds()))
        rounds.tick(door.office)


@router.get("/demo/timeline")
async def timeline(request: Request) -> Response:
    """Show what happened, without a name."""
    door = door_of(request)
    language = door.language(request)
    lines = await door.read(lambda store: told(store, door.office.words, language))
    return door.pages.show("timeline", language, lines=lines, path="/demo/timeline")


# --- who this browser has been -----------------------------------------------------------------


def _posters(store: Store) -> dict[str, tuple[str, str, str]]:
    """Return name, token and code of the newest poster of each sample enterprise."""
    found = {}
    for code in SAMPLES:
        known = store.enterprises.by_code(code)
        if known is None:
            continue
        posters = [one for one in store.posters.of_enterprise(known.id) if not one.revoked_at]
        if posters:
            found[code] = (known.name, posters[-1].token, posters[-1].code)
    return found


def _roles(request: Request) -> list[str]:
    said = request.cookies.get(_ROLES_COOKIE, "")
    found = [one for one in said.split(".") if _ONE.fullmatch(one)]
    return list(dict.fromkeys(found))[-_MOST_ROLES:]


async def _with_present(request: Request) -> list[str]:
    """Return whom this browser has been, with whom it is now."""
    roles = _roles(request)
    known = await present(request)
    if known is not None and known.address not in {one[1:] for one in roles}:
        roles.append(f"w{known.address}")
    return roles


def _keep_roles(answer: Response, roles: list[str]) -> None:
    answer.set_cookie(
        _ROLES_COOKIE, ".".join(roles[-_MOST_ROLES:]), path="/demo", httponly=True, samesite="lax"
    )
