"""One-time pages: a look at the address shows a button only, and the button opens.

The look gives the browser a cookie, for this page alone; the button binds the link to it. The
cookie does not come with the opening: an answer that is lost would lock her out of her own page.
"""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.admission import OPENS, Reader, Visit
from bot.speech import Form, Page
from webhook import cookies, nonces
from webhook.door import Door, door_of
from webhook.forms import BadForm, read_form
from webhook.guard import WAIT_SECONDS, asker
from webhook.outcomes import page_after, shown

router = APIRouter()

LONGEST_TOKEN = 64
# Nothing else may stand in the path of a cookie; a token of another form opens nothing.
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_TOKEN}}}")
# What a page may send, beside opening it; anything else is no form of ours.
FORMS = frozenset(
    ("sign-page", "open-names", "show-phone", "set-aside", "consents-page", "mine-download")
)
# Fields that say where the form came from, not what she filled in.
_OURS = frozenset(("form", "nonce", "token", "lang"))


@router.get("/t/{token}")
async def closed(request: Request, token: str) -> Response:
    """Show a button and nothing else, whatever the token: previews of links come here too."""
    door = door_of(request)
    path = f"/t/{token[:LONGEST_TOKEN]}"
    page = door.pages.show("private", door.language(request), path=path)
    if _TOKEN.fullmatch(token):
        visitor = cookies.visitor_in(request, door.settings) or cookies.new_visitor()
        cookies.keep_visitor(page, door.settings, visitor, path=path)
    return page


@router.post("/t/{token}")
async def opened(request: Request, token: str) -> Response:
    """Open the page, or hear what was filled in on it."""
    door = door_of(request)
    fields = await read_form(request)
    name = fields.get("form", OPENS)
    if name != OPENS and name not in FORMS:
        raise BadForm
    if len(token) > LONGEST_TOKEN:
        return _expired(request, door)
    if not door.limits.pages.takes(token):
        return door.refuse(request, 503, "page-unavailable", WAIT_SECONDS)
    return await _hear(request, door, token, name, fields)


async def _hear(
    request: Request, door: Door, token: str, name: str, fields: dict[str, str]
) -> Response:
    event = _event(door, token, name, fields)
    filled = {key: value for key, value in fields.items() if key not in _OURS}
    form = Form(name, {**filled, "token": token})
    own = cookies.address_in(request, door.settings)
    visitor = cookies.visitor_in(request, door.settings)
    found = await door.hear_page(Visit(form, event, visitor, lambda one: _may_open(one, own)))
    if found is None:
        return _expired(request, door)
    known, outcome = found
    if outcome.page is not None:
        return page_after(door, known, outcome, whose=token)
    if outcome.is_repeat:
        return _said(door, known, "error-already-done")
    if outcome.letters:
        return door.pages.show("notice", known.language, text=outcome.letters[0].text)
    return _said(door, known, "page-back-to-chat")


def _may_open(reader: Reader, own: str | None) -> bool:
    """Whether this browser may open it: names, only the one whose chat got the link."""
    return reader.kind != "names" or reader.channel != "web" or reader.address == own


def _said(door: Door, known: Reader, key: str) -> Response:
    text = door.office.words.text(key, known.language)
    return door.pages.show("notice", known.language, text=text)


def _event(door: Door, token: str, name: str, fields: dict[str, str]) -> str:
    """Return the event's name. Opening is no deed: whoever lost the line may press again."""
    keys = door.office.database.keys
    nonce = fields.get("nonce", "")
    if name == OPENS:
        nonce = nonces.fresh(keys, token)
    elif not nonces.is_for(keys, token, nonce):
        raise BadForm
    said = sorted(f"{key}={value}" for key, value in fields.items())
    return f"form:{nonces.event_id(keys, nonce, *said)}"


def _expired(request: Request, door: Door) -> Response:
    """Say that the link opens nothing: the same for unknown, used, expired and another's."""
    if not door.limits.may_guess(asker(request)):
        return door.refuse(request, 503, "page-unavailable", WAIT_SECONDS)
    return shown(door, door.language(request), Page("expired"), whose="")
