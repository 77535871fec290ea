"""Look at what lets us speak for an Official Account: its pair of tokens, and at Zalo itself."""

from datetime import timedelta

from storage.store import Store
from storage.tokens import Holding
from webhook.findings import Findings
from webhook.settings import PREFIX, Settings
from webhook.trouble import Trouble
from webhook.zalo_account import account_of, id_of, meaning

ACCOUNT = "zalo"
_LONGEST = 120
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


def look_at_zalo(settings: Settings, held: Holding | None, found: Findings) -> None:
    """Ask Zalo whose account the token speaks for; a token is never shown, nor renewed here."""
    if not settings.zalo_app_id:
        found.notes.append(f"zalo: {PREFIX}ZALO_APP_ID is not set")
        return
    token = held.access if held is not None else settings.zalo_access_token
    if not token:
        return
    try:
        account = account_of(settings, token)
    except Trouble as trouble:
        found.troubles.append(str(trouble))
        return
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
