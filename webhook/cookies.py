"""The cookie of the web chat: it is the address of the conversation, and nothing else.

It is kept for 180 days from the last visit: only the address that put a name down can take it
back, so a cookie that dies with the browser would take that right away. On a shared machine
"leave this machine" takes it off at once.
"""

import secrets

from starlette.requests import Request
from starlette.responses import Response

from union.codes import ALPHABET
from webhook.settings import Settings

ADDRESS_LENGTH = 16
KEPT_SECONDS = 180 * 24 * 3600


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
