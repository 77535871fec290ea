"""Try with a real account what Zalo's documents leave open: each call, and what it is answered."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any

from webhook.asking import ask
from webhook.settings import Settings
from webhook.trouble import Trouble
from webhook.zalo_account import meaning

_SECONDS = 10
_MOST_BYTES = 256 * 1024
_CS = "/v3.0/oa/message/cs"
_FOLLOWERS = "/v3.0/oa/user/getlist"
_DETAIL = "/v3.0/oa/user/detail"
_QUOTA = "/v3.0/oa/quota/message"

Body = Mapping[str, Any]


def probed(settings: Settings, token: str, to: str) -> Iterator[str]:
    """Try everything with one person; yield a line for each. Raises Trouble."""
    user = to or _only_follower(settings, token)
    yield _line("a text", _ask(settings, token, _CS, _said(user, "Thử: chữ.")))
    one = _ask(settings, token, _CS, _said(user, "Thử: một nút. Bấm giúp.", 1))
    yield _line(
        "a text with a button, without template_type", one, "set KETDOAN_ZALO_BUTTONS=false"
    )
    six = _ask(settings, token, _CS, _said(user, "Thử: sáu nút.", 6))
    yield _line("six buttons (a refusal is expected)", six)
    yield _line("her profile", _ask(settings, token, _DETAIL, {"user_id": user}, gets=True))
    quota = _ask(settings, token, _QUOTA, {"user_id": user})
    yield _line("her window and the quota", quota)
    yield "now press the button: `zalo press` must grow among the updates, and a reply must come"


def _only_follower(settings: Settings, token: str) -> str:
    asked = {"offset": 0, "count": 2, "is_follower": "true"}
    told = _ask(settings, token, _FOLLOWERS, asked, gets=True)
    users = told[1].get("users") if told[0] == 0 else None
    if not isinstance(users, list):
        raise Trouble(f"the followers could not be asked for: {_told(told[0])}; use --to")
    if len(users) != 1 or not isinstance(users[0], dict):
        raise Trouble("the account has not exactly one follower: say with --to whom to write to")
    return str(users[0].get("user_id", ""))


def _said(user: str, text: str, buttons: int = 0) -> Body:
    message: dict[str, Any] = {"text": text}
    if buttons:
        # What we do not know a press of: it is answered like any unknown button.
        keys = [
            {"title": f"Nút {number}", "type": "oa.query.hide", "payload": f"#c.probe{number}"}
            for number in range(1, buttons + 1)
        ]
        message["attachment"] = {"type": "template", "payload": {"buttons": keys}}
    return {"recipient": {"user_id": user}, "message": message}


def _line(what: str, told: tuple[int | str, Body], otherwise: str = "") -> str:
    if told[0] == 0:
        return f"{what}: taken"
    more = f"; {otherwise}" if otherwise else ""
    return f"{what}: {_told(told[0])}{more}"


def _told(code: int | str) -> str:
    return f"{code}: {meaning(code)}" if isinstance(code, int) else code


def _ask(
    settings: Settings, token: str, path: str, asked: Body, *, gets: bool = False
) -> tuple[int | str, Body]:
    """Return the number of Zalo's answer, or a word where there is none, and its data."""
    said = json.dumps(asked, ensure_ascii=False)
    query = f"?data={urllib.parse.quote(said)}" if gets else ""
    # Only http and https pass the setting.
    request = urllib.request.Request(  # noqa: S310
        f"{settings.zalo_api_url}{path}{query}",
        data=None if gets else said.encode(),
        headers={"access_token": token, "content-type": "application/json"},
    )
    try:
        with ask(request, _SECONDS) as answer:
            told = json.loads(answer.read(_MOST_BYTES))
        data = told.get("data")
        return int(told.get("error", 0)), data if isinstance(data, dict) else {}
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return f"HTTP {refusal.code}", {}
    except (OSError, ValueError, TypeError, AttributeError, HTTPException) as error:
        # Not its words: they hold the address, and with it who was asked for.
        return f"no answer ({type(error).__name__})", {}
