"""The OpenAPI of an Official Account: every answer is HTTP 200 with a number in it."""

from collections.abc import Callable
from typing import Any

from fakes.zaloapi.account import Oa, Platform
from fakes.zaloapi.arrivals import Arrival
from fakes.zaloapi.people import Json
from fakes.zaloapi.profiles import detail, followers, getoa, quota
from fakes.zaloapi.refusals import Refused, wrong
from fakes.zaloapi.requests import Deed, Request, carried_out, read_json
from fakes.zaloapi.sending import consult, old_message, template
from fakes.zaloapi.uploads import read_multipart, stored, upload_of
from fakes.zaloapi.window import within_rate

Take = Callable[[Oa, Any, Arrival], Deed]
# Name of the call -> how its parameters are read: JSON of the body, or of the query's `data`.
CALLS: dict[tuple[str, str], tuple[str, Take]] = {
    ("POST", "/v3.0/oa/message/cs"): ("cs", consult),
    ("POST", "/v3.0/oa/message/template"): ("template", template),
    ("POST", "/v2.0/oa/message"): ("message", old_message),
    ("GET", "/v3.0/oa/user/detail"): ("user/detail", detail),
    ("GET", "/v3.0/oa/user/getlist"): ("user/getlist", followers),
    ("GET", "/v2.0/oa/getoa"): ("getoa", getoa),
    ("POST", "/v3.0/oa/quota/message"): ("quota/message", quota),
}
UPLOADS = {f"/v2.0/oa/upload/{kind}": kind for kind in ("image", "gif", "file")}
NO_SUCH = 404


def named(request: Request) -> str:
    """What the log calls it; faults go by the same names."""
    if request.path in UPLOADS and request.method == "POST":
        return f"upload/{UPLOADS[request.path]}"
    found = CALLS.get((request.method, request.path))
    return found[0] if found else "?"


async def perform(platform: Platform, request: Request, arrival: Arrival) -> Json:
    """Answer one call, or raise Refused or Spoilt."""
    arrival.call = named(request)
    if arrival.call == "?":
        raise Refused(NO_SUCH, "empty or invalid API", f"{request.method} {request.path}")
    oa = authorised(platform, request, arrival)
    platform.log.calls[arrival.call] += 1
    request.answer_headers = within_rate(platform, oa)
    result = await carried_out(platform, arrival, checked(oa, request, arrival))
    return {"data": result, "error": 0, "message": "Success"}


def authorised(platform: Platform, request: Request, arrival: Arrival) -> Oa:
    """The OA whose token the header bears, bare and under its own name."""
    if "authorization" in request.headers:
        raise Refused(-216, "Access token is invalid", "the header is access_token, no Bearer")
    token = request.headers.get("access_token", "")
    if token in platform.tokens.access:
        arrival.account = platform.tokens.access[token].oa
    return platform.found(platform.tokens.owner(token))


def checked(oa: Oa, request: Request, arrival: Arrival) -> Deed:
    """Read the parameters where this call has them; the deed is done later, if at all."""
    if request.path in UPLOADS:
        kind = UPLOADS[request.path]
        asset = upload_of(oa, kind, read_multipart(request.kind, request.body))
        return lambda: stored(oa, asset)
    take = CALLS[request.method, request.path][1]
    if request.method == "POST":
        given = request.json()
        if given is None:
            raise wrong("the body must be JSON and say so")
        return take(oa, given, arrival)
    if set(request.query) - {"data"}:
        raise wrong("the only query parameter is data")
    given = read_json(request.query.get("data", "{}"))
    return take(oa, given, arrival)


def refusal(refused: Refused) -> Json:
    return {"error": refused.error, "message": refused.message}
