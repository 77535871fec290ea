"""Look at what lets us speak for an Official Account: its pair of tokens, and at Zalo itself."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from storage.store import Store
from storage.tokens import Holding
from webhook.examination_clock import look_at_clock
from webhook.findings import Findings
from webhook.settings import PREFIX, Settings
from webhook.setup import foreign_oa, known_oa, today
from webhook.trouble import Trouble
from webhook.zalo_account import Told, id_of, meaning, told_of

ACCOUNT = "zalo"
_LONGEST = 120
# As Zalo writes a date: 31/12/2026.
_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_PACKAGE_DAYS = 14
_LOGIN = "run `ketdoan zalo login`"


def look_at_pair(store: Store, settings: Settings, found: Findings) -> Holding | None:
    """Note how old the pair is, when it ends, and whether a person must consent; return it."""
    held = store.tokens.look(ACCOUNT)
    if not settings.zalo_app_id:
        return held
    if not settings.zalo_app_secret:
        found.troubles.append(f"{PREFIX}ZALO_APP_SECRET: must be set: no token can be renewed")
    if held is None:
        if not settings.zalo_refresh_token:
            found.troubles.append(f"zalo: there is no pair of tokens yet; {_LOGIN}")
        return None
    ends_at = (held.made_at + timedelta(seconds=held.life)).isoformat(timespec="seconds")
    hours, left = held.age / 3600, (held.life - held.age) / 3600
    found.notes.append(
        f"zalo: pair {held.version} (from {held.source}) is {hours:.1f} h old; its token ends in "
        f"{left:.1f} h, at {ends_at}"
    )
    _look_at_renewal(held, found)
    return held


def _look_at_renewal(held: Holding, found: Findings) -> None:
    begun = held.begun_at.isoformat(timespec="seconds") if held.begun_at else ""
    if held.trouble:
        since = held.trouble_at.isoformat(timespec="seconds") if held.trouble_at else ""
        found.troubles.append(
            f"zalo: CONSENT NEEDED since {since}: {held.trouble}{_explained(held.trouble)}; "
            f"{_LOGIN}"
        )
        return
    if held.unsure > 1:
        found.troubles.append(
            f"zalo: {held.unsure} renewals of this pair had no known end, the last of {begun}: it "
            f"is probably lost; {_LOGIN}"
        )
    elif held.unsure:
        found.notes.append(f"zalo: a renewal was begun at {begun}; its end is not known yet")
    if not held.is_renewable:
        found.troubles.append(f"zalo: there is no refresh token with the pair; {_LOGIN}")
    elif held.age > held.life:
        found.troubles.append(
            f"zalo: the token has ended and was not renewed ({held.failed} tries); is `serve` "
            "running, can it reach Zalo?"
        )


def _explained(why: str) -> str:
    name, _, code = why.partition(" ")
    is_code = name == "zalo" and code.lstrip("-").isdigit()
    return f" ({meaning(int(code))})" if is_code else ""


def look_at_owner(store: Store, settings: Settings, found: Findings) -> None:
    """Note where the account that is set is not the one that this database belongs to."""
    known = known_oa(store)
    if settings.has_zalo and known not in (None, settings.zalo_oa_id):
        found.troubles.append(foreign_oa(settings.zalo_oa_id, str(known)))


def look_at_zalo(settings: Settings, held: Holding | None, found: Findings) -> None:
    """Ask Zalo whose account the token speaks for; a token is never shown, nor renewed here."""
    if not settings.zalo_app_id:
        found.notes.append(f"zalo: {PREFIX}ZALO_APP_ID is not set")
        return
    token = held.access if held is not None else settings.zalo_access_token
    if not token:
        return
    try:
        told = told_of(settings, token)
    except Trouble as trouble:
        found.troubles.append(str(trouble))
        return
    _look_at_account(settings, told.account, found)
    _look_at_rate(settings, told, found)
    look_at_clock("zalo", told.date, found)


def _look_at_account(settings: Settings, account: Mapping[str, Any], found: Findings) -> None:
    package = str(account.get("package_name", "") or "none")[:_LONGEST]
    until = str(account.get("package_valid_through_date", ""))[:_LONGEST]
    found.notes.append(
        f"zalo: the account is {str(account.get('name', ''))[:_LONGEST]} ({id_of(account)}), "
        f"package {package}{f' until {until}' if until else ''}"
    )
    if account.get("is_verified") is True:
        found.notes.append("zalo: the account is verified")
    else:
        found.troubles.append("zalo: the account is not verified: calls are refused with -221")
    if settings.zalo_oa_id and id_of(account) != settings.zalo_oa_id:
        found.troubles.append(
            f"{PREFIX}ZALO_OA_ID: the token speaks for account {id_of(account)[:32]}"
        )
    _look_at_package(until, found)


def _look_at_package(until: str, found: Findings) -> None:
    day = _DAY.fullmatch(until)
    try:
        last = date(int(day[3]), int(day[2]), int(day[1])) if day else None
    except ValueError:
        last = None
    left = (last - today()).days if last else None
    if left is not None and left < _PACKAGE_DAYS:
        found.troubles.append(
            f"zalo: the package ends in {left} days, on {until}: calls are refused with -224 then"
        )


def _look_at_rate(settings: Settings, told: Told, found: Findings) -> None:
    if not told.limit:
        found.notes.append(
            "zalo: no X-RateLimit headers came: how fast the account may speak is not verified; "
            "ask who sold the package"
        )
        return
    found.notes.append(
        f"zalo: X-RateLimit-Limit {told.limit}, Remain {told.remain or '?'}: whether it is of "
        "the app or of the account, and of how long, is not documented; ours is "
        f"{settings.zalo_per_second:g} a second"
    )
    if told.limit.isdigit() and int(told.limit) < settings.zalo_per_second * 60:
        found.troubles.append(
            f"{PREFIX}ZALO_PER_SECOND: {settings.zalo_per_second:g} a second are more than "
            f"{told.limit} a minute, if that is what the limit means"
        )
