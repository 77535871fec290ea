"""The two cookies: the web chat's is the address of the conversation, a one-time page's a number.

The chat's is kept for 180 days from the last visit: only the address that put a name down can take
it back, so a cookie that dies with the browser would take that right away. On a shared machine
"leave this machine" takes it off at once. A one-time page's tells one browser from another, on
that page alone, and is gone within the hour.
"""

import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

from union.codes import ALPHABET
from webhook.settings import Settings

ADDRESS_LENGTH = 16
KEPT_SECONDS = 180 * 24 * 3600
# Longer than any link is good for. Not "until the browser closes": a phone closes it by itself.
VISITOR_SECONDS = 3600
_VISITOR_BYTES = 16
_VISITOR = re.compile(r"[A-Za-z0-9_-]{22}")


def new_address() -> str:
    """Return a fresh address, which is also the code to come back with: 79 bits nobody guesses."""
    return "".join(secrets.choice(ALPHABET) for _ in range(ADDRESS_LENGTH))


def name(settings: Settings) -> str:
    """Return the cookie's name: browsers bind the one with a prefix to this host and to https."""
    return "__Host-kd" if settings.is_https else "kd"


def address_in(request: Request, settings: Settings) -> str | None:
    """Return the address in the cookie if it has the form of one."""
    said = request.cookies.get(name(settings), "")
    fits = len(said) == ADDRESS_LENGTH and all(letter in ALPHABET for letter in said)
    return said if fits else None


def keep(response: Response, settings: Settings, address: str) -> None:
    """Let this browser keep the address."""
    response.set_cookie(
        name(settings),
        address,
        max_age=KEPT_SECONDS,
        path="/",
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, settings: Settings) -> None:
    """Let this browser keep nothing."""
    response.delete_cookie(
        name(settings), path="/", secure=settings.is_https, httponly=True, samesite="lax"
    )


# --- one-time pages ------------------------------------------------------------------------------


def new_visitor() -> str:
    """Return a fresh number for a browser that looks at a one-time page: 128 bits."""
    return secrets.token_urlsafe(_VISITOR_BYTES)


def visitor_name(settings: Settings) -> str:
    """Return the name of that cookie; with the prefix browsers take it over https alone."""
    return "__Secure-kd-page" if settings.is_https else "kd-page"


def visitor_in(request: Request, settings: Settings) -> str:
    """Return the number in the cookie, "" where there is none or it has not the form of one."""
    said = request.cookies.get(visitor_name(settings), "")
    return said if _VISITOR.fullmatch(said) else ""


def keep_visitor(response: Response, settings: Settings, visitor: str, *, path: str) -> None:
    """Let this browser keep the number, for *path* alone."""
    response.set_cookie(
        visitor_name(settings),
        visitor,
        max_age=VISITOR_SECONDS,
        path=path,
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )
