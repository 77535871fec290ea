"""What stands on a poster: what to do, the code for who cannot scan, whose it is and how old."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal
from urllib.parse import urlsplit

from bot.casework import desk_of
from bot.office import Office
from storage.bodies import NoTriage
from webhook.trouble import Trouble

Size = Literal["a4", "a5"]

_TELEGRAM_HOSTS = ("t.me", "telegram.me")
_BOT = re.compile(r"/(\w{5,32})/?", re.ASCII)


@dataclass(frozen=True)
class Origin:
    """Who puts a poster up, the number listed for them ("" where none is), and the day."""

    body: str
    hotline: str
    printed_on: date


@dataclass(frozen=True)
class Sheet:
    """One poster, word for word; *place* is the part of *typed* that she has to find or type."""

    size: Size
    language: str
    address: str
    code: str
    title: str
    head: str
    lead: str
    typed: str
    place: str
    safety: str
    whose: str
    printed: str


def origin_of(office: Office, enterprise: str) -> Origin:
    """Return whose posters hang for this enterprise: the body that its questions go to.

    *enterprise* is a code or tax code. Raises Trouble where nobody is responsible.
    """
    with office.database.read() as store:
        known = store.enterprises.by_code(enterprise.upper())
        if known is None:
            raise Trouble(f"no enterprise has the code or tax code {enterprise}")
        try:
            body = desk_of(store, known)
        except NoTriage:
            raise Trouble(
                "no body is named that takes what nobody else is responsible for;"
                " `ketdoan init --triage CODE` names it"
            ) from None
        return Origin(body.name, store.bodies.hotline(body.id), store.today)


def sheet_of(
    office: Office,
    oa_name: str,
    origin: Origin,
    size: Size,
    language: str,
    address: str,
    code: str,
) -> Sheet:
    """Return the poster with this *address* and *code* (as it is shown) in words.

    The small sheet has no head. The enterprise is not named: who holds the sheet must not be
    seen to hold that of her own workplace.
    """
    words = office.words
    key, place = _way(office, oa_name)
    named = {"oa_name": place, "bot": place, "address": place}
    whose = "poster-whose" if origin.hotline else "poster-whose-plain"
    return Sheet(
        size=size,
        language=language,
        address=address,
        code=code,
        title=words.text("page-head", language),
        head=words.text("poster-head", language) if size == "a4" else "",
        lead=words.text("poster-lead", language),
        typed=words.text(key, language, poster_code=code, **named),
        place=place,
        safety=words.text("poster-safety", language),
        whose=words.text(whose, language, body=origin.body, hotline=origin.hotline),
        printed=words.text("poster-printed", language, month=f"{origin.printed_on:%m/%Y}"),
    )


def _way(office: Office, oa_name: str) -> tuple[str, str]:
    """Return the words for who cannot scan, and what she looks for: the first door there is."""
    if "zalo" in office.doors:
        return "poster-code", oa_name
    if bot := _bot(office.doors.get("telegram", "")):
        return "poster-code-telegram", bot
    return "poster-code-web", _written(office.public_url)


def _bot(address: str) -> str:
    """Return the name by which a bot is found, from its address such as https://t.me/NAME."""
    parts = urlsplit(address)
    found = _BOT.fullmatch(parts.path)
    return f"@{found[1]}" if found and parts.hostname in _TELEGRAM_HOSTS else ""


def _written(address: str) -> str:
    """Return an address as people type it; browsers add https by themselves, and nothing else."""
    return address.removeprefix("https://").rstrip("/")
