"""OAuth version 4 as the app meets it: consent, exchange, refresh."""

from urllib.parse import urlencode

from fakes.zaloapi.account import Platform
from fakes.zaloapi.arrivals import Arrival
from fakes.zaloapi.people import Json
from fakes.zaloapi.refusals import Refused
from fakes.zaloapi.requests import Deed, Request, carried_out
from fakes.zaloapi.tokens import ACCESS_SECONDS

TOKEN_PATH, CONSENT_PATH = "/v4/oa/access_token", "/v4/oa/permission"
KINDS = {"authorization_code": "exchange", "refresh_token": "refresh"}
FIELDS = {
    "exchange": {"app_id", "grant_type", "code", "code_verifier"},
    "refresh": {"app_id", "grant_type", "refresh_token"},
}


async def perform(platform: Platform, request: Request, arrival: Arrival) -> Json:
    """Answer a call for tokens, or raise Refused or Spoilt."""
    arrival.call = "oauth"
    if (request.method, request.path) != ("POST", TOKEN_PATH):
        raise Refused(404, "empty or invalid API", f"{request.method} {request.path}")
    given = request.form()
    if given is None:
        raise Refused(-14002, "Invalid app id", "the body must be a form")
    arrival.names = tuple(given)
    arrival.call = KINDS.get(given.get("grant_type", ""), "oauth")
    platform.log.calls[arrival.call] += 1
    return await carried_out(platform, arrival, checked(platform, request, given, arrival))


def checked(platform: Platform, request: Request, given: dict[str, str], arrival: Arrival) -> Deed:
    """Who asks, for what, with what; the deed issues a new pair."""
    app, tokens = platform.app, platform.tokens
    if given.get("app_id") != app.id:
        raise Refused(-14002, "Invalid app id", "not the id of the app")
    if request.headers.get("secret_key") != app.secret:
        raise Refused(-14004, "Invalid secret key", "the header secret_key is not the app's")
    if arrival.call == "oauth":
        raise Refused(-14018, "Invalid grant type", "authorization_code or refresh_token")
    if unknown := set(given) - FIELDS[arrival.call]:
        raise Refused(-14018, "Invalid grant type", f"unknown fields {sorted(unknown)}")
    old_lives = bool(platform.faults.plain["old_token_lives"])
    if arrival.call == "exchange":
        spent = tokens.exchangeable(given.get("code", ""), given.get("code_verifier"))
    else:
        spent = tokens.refreshable(given.get("refresh_token", ""))
    arrival.account = spent.oa

    def deed() -> Json:
        keeps = arrival.outcome == "no_refresh_token"
        same = given["refresh_token"] if keeps else None
        tokens.issue(spent.oa, refresh=same, old_lives=old_lives)
        if not keeps:
            spent.gone = "used"
        return pair_told(platform, spent.oa, without_refresh=keeps)

    return deed


def pair_told(platform: Platform, oa: str, *, without_refresh: bool) -> Json:
    access, refresh = platform.tokens.pair[oa]
    told: Json = {"access_token": access, "refresh_token": refresh}
    if without_refresh:
        del told["refresh_token"]
    return {**told, "expires_in": str(ACCESS_SECONDS)}


def refusal(refused: Refused) -> Json:
    return {
        "error": refused.error,
        "error_name": refused.message,
        "error_reason": refused.message,
        "error_description": refused.message,
        "ref_doc": "https://developers.zalo.me/docs/api/official-account-api",
    }


def consented(platform: Platform, query: dict[str, str], oa: str) -> str:
    """Where the browser of the OA's administrator is led after she agreed.

    The challenge that the console holds is the one that counts. `state` does not come back.
    """
    if query.get("app_id") != platform.app.id:
        raise Refused(-14002, "Invalid app id", "not the id of the app")
    if query.get("redirect_uri") != platform.app.redirect_uri:
        raise Refused(-14003, "Invalid redirect uri", "not the one that the console holds")
    code = platform.tokens.code(oa, platform.app.challenge or query.get("code_challenge"))
    back = {"code": code, "oa_id": oa}
    if platform.faults.plain["echo_state"] and "state" in query:
        back["state"] = query["state"]
    joint = "&" if "?" in platform.app.redirect_uri else "?"
    return f"{platform.app.redirect_uri}{joint}{urlencode(back)}"
