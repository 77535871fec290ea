"""The web chat: forms and redirects are the product, a small script only makes it live."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from bot.speech import Form, Heard, Outcome
from storage.conversations import Conversation
from union.codes import readings
from webhook import cookies, nonces
from webhook.door import Door, door_of
from webhook.forms import BadForm, read_form
from webhook.guard import WAIT_SECONDS, asker
from webhook.landing import present
from webhook.outcomes import page_after
from webhook.talks import Talk, look

router = APIRouter()

_HOME = "/chat#new"


# --- reading -----------------------------------------------------------------------------------


@router.get("/chat")
async def chat(request: Request) -> Response:
    """Show the conversation of this browser."""
    door = door_of(request)
    address = cookies.address_in(request, door.settings)
    talk = await door.read(lambda store: look(store, address)) if address else None
    if address is None or talk is None:
        return RedirectResponse("/", 303)
    page = door.pages.show(
        "chat",
        talk.conversation.language,
        talk=talk,
        nonce=nonces.fresh(door.office.database.keys, address),
        wait=WAIT_SECONDS,
    )
    cookies.keep(page, door.settings, address)
    return page


@router.get("/chat/letters")
async def letters(request: Request) -> Response:
    """Return what is new since letter number *after*, for the script; 204 where nothing is."""
    door = door_of(request)
    address = cookies.address_in(request, door.settings)
    if address is None:
        return JSONResponse({"left": True}, 404)
    if not door.limits.talk.takes(f"look:{address}"):
        return _busy()
    after = _number(request.query_params.get("after", ""))
    talk = await door.read(lambda store: look(store, address, after))
    if talk is not None and not talk.lines:
        return Response(status_code=204)
    return _told(door, address, talk, after)


def _told(door: Door, address: str, talk: Talk | None, after: int) -> Response:
    """Return what the script shows: the new letters as our own template writes them."""
    if talk is None:
        return JSONResponse({"left": True}, 404)
    nonce = nonces.fresh(door.office.database.keys, address)
    html = door.pages.fill("letters", talk.conversation.language, talk=talk, nonce=nonce)
    news = {
        "html": html,
        # As text: a letter's number has more bits than numbers in a script hold.
        "last": str(talk.last or after),
        "offer": talk.conversation.offer,
        "nonce": nonce,
    }
    return JSONResponse(news)


# --- saying ------------------------------------------------------------------------------------


@router.post("/chat")
async def say(request: Request) -> Response:
    """Hear a typed line or a tapped choice."""
    fields = await read_form(request)
    if "choice" in fields:
        return await _heard(request, fields, choice=fields["choice"])
    return await _heard(request, fields, text=fields.get("text", ""))


@router.post("/chat/leave")
async def leave(request: Request) -> Response:
    """Ask in the chat how she wants to leave this machine."""
    return await _heard(request, await read_form(request), form="leave")


@router.post("/chat/leave-code")
async def leave_code(request: Request) -> Response:
    """Show the code to come back with."""
    return await _heard(request, await read_form(request), form="leave-code")


@router.post("/chat/left")
async def left(request: Request) -> Response:
    """Leave: this machine keeps nothing."""
    return await _heard(request, await read_form(request), form="left")


async def _heard(
    request: Request,
    fields: dict[str, str],
    *,
    text: str | None = None,
    choice: str | None = None,
    form: str | None = None,
) -> Response:
    door = door_of(request)
    known = await present(request)
    if known is None:
        return _gone(request)
    address = known.address
    nonce = fields.get("nonce", "")
    if not nonces.is_for(door.office.database.keys, address, nonce):
        raise BadForm
    if not door.limits.talk.takes(address):
        return _too_much(door, request)
    said = (f"text={text}", f"choice={choice}", f"form={form}")
    heard = Heard(
        "web",
        address,
        nonces.event_id(door.office.database.keys, nonce, *said),
        text=text,
        choice=choice,
        form=Form(form, {}) if form is not None else None,
    )
    outcome = await door.hear(heard)
    return await _after(request, door, known, fields, outcome)


async def _after(
    request: Request, door: Door, known: Conversation, fields: dict[str, str], outcome: Outcome
) -> Response:
    """Return what follows a turn: a page that is never stored, the new letters, or the chat."""
    address = known.address
    if outcome.page is not None:
        return page_after(door, known, outcome, whose=address)
    if _wants_json(request):
        after = _number(fields.get("after", ""))
        talk = await door.read(lambda store: look(store, address, after))
        return _told(door, address, talk, after)
    answer = RedirectResponse(_HOME, 303)
    cookies.keep(answer, door.settings, address)
    return answer


# --- coming back -------------------------------------------------------------------------------


@router.get("/chat/return")
async def come_back(request: Request) -> Response:
    """Show where to type the code to come back with."""
    return _return_page(request, door_of(request))


@router.post("/chat/return")
async def returned(request: Request) -> Response:
    """Open the conversation of a return code on this machine, under a fresh address."""
    door = door_of(request)
    typed = (await read_form(request)).get("code", "")[:100]
    if not door.limits.may_guess(asker(request)):
        return _too_much(door, request)
    codes = readings(typed, cookies.ADDRESS_LENGTH)
    known = await door.read(
        lambda store: next((c for c in codes if store.conversations.find("web", c)), None)
    )
    if known is None:
        return _return_page(request, door, is_unclear=True)
    event = nonces.fresh(door.office.database.keys, known)
    form = Form("return", {"new": cookies.new_address()})
    outcome = await door.hear(Heard("web", known, event, form=form))
    if outcome.page is None or outcome.page.name != "returned":
        return _return_page(request, door, is_unclear=True)
    answer = RedirectResponse(_HOME, 303)
    cookies.keep(answer, door.settings, form.fields["new"])
    return answer


def _return_page(request: Request, door: Door, *, is_unclear: bool = False) -> Response:
    return door.pages.show(
        "return", door.language(request), is_unclear=is_unclear, path="/chat/return"
    )


# --- small things ------------------------------------------------------------------------------


def _wants_json(request: Request) -> bool:
    return request.headers.get("accept", "") == "application/json"


def _number(said: str) -> int:
    """Return the number of a letter, or 0 for what is none (ids have 63 bits)."""
    return min(int(said), 2**63 - 1) if said.isascii() and said.isdigit() and len(said) < 20 else 0


def _busy() -> Response:
    return JSONResponse({"wait": WAIT_SECONDS}, 503, {"retry-after": str(WAIT_SECONDS)})


def _too_much(door: Door, request: Request) -> Response:
    if _wants_json(request):
        return _busy()
    return door.refuse(request, 503, "page-unavailable", WAIT_SECONDS)


def _gone(request: Request) -> Response:
    if _wants_json(request):
        return JSONResponse({"left": True}, 404)
    return RedirectResponse("/", 303)
