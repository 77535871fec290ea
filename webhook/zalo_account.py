"""Ask Zalo about the Official Account that a token speaks for, and say what an error calls for."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from webhook.asking import ask
from webhook.settings import Settings
from webhook.trouble import Trouble

_PATH = "/v2.0/oa/getoa"
_SECONDS = 10
_MOST_BYTES = 256 * 1024
_BESIDE = ("Date", "X-RateLimit-Limit", "X-RateLimit-Remain")

# What is missing where Zalo answers so, and where it is to be found in its console.
MISSING = {
    -204: "the Official Account was deleted",
    -205: "there is no such Official Account",
    -209: "the app is not activated: switch it on in the console",
    -212: "the app has no right to this API: register the product Official Account in the console",
    -216: "the token is not valid (any more)",
    -219: "the app was removed",
    -220: "the token has ended or was taken back",
    -221: "the Official Account is not verified",
    -223: "no administrator of the account has granted the app its rights: `ketdoan zalo login`",
    -224: "the package of the account does not hold this API: a higher one must be bought",
    -235: "this kind of account may not do that",
    -32: "too many calls: ask again in a minute",
    -14002: "the app id is wrong, or the app is not activated: KETDOAN_ZALO_APP_ID",
    -14003: "the callback is not the one that is saved in the console",
    -14004: "the app secret is wrong: KETDOAN_ZALO_APP_SECRET",
    -14005: "the code is wrong, older than 10 minutes, or was used before",
    -14014: "the refresh token is not valid or was used before",
}


class Unanswered(Trouble):
    """Zalo does not say whose account it is; the text says why."""


def meaning(code: int) -> str:
    """Return what an error of Zalo's calls for, in a sentence of ours."""
    return MISSING.get(code, "Zalo refuses that")


@dataclass(frozen=True)
class Told:
    """What Zalo says of an account, and beside it: its clock, and how many calls are left.

    *limit*, *remain*: as the headers have them, "" where there are none.
    """

    account: Mapping[str, Any]
    date: str
    limit: str
    remain: str


def account_of(settings: Settings, token: str) -> Mapping[str, Any]:
    """Return what Zalo says of the account that *token* speaks for. Raises Unanswered."""
    return told_of(settings, token).account


def told_of(settings: Settings, token: str) -> Told:
    """Return the same with what stands beside it. Raises Unanswered."""
    # Only http and https pass the setting.
    asked = urllib.request.Request(  # noqa: S310
        f"{settings.zalo_api_url}{_PATH}", headers={"access_token": token}
    )
    try:
        with ask(asked, _SECONDS) as answer:
            found = json.loads(answer.read(_MOST_BYTES))
            heads = [str(answer.headers.get(name, ""))[:40] for name in _BESIDE]
        code = int(found.get("error", 0))
        account = found.get("data")
    except urllib.error.HTTPError as refusal:
        # Closed by hand: it holds the line on which the refusal came.
        refusal.close()
        raise Unanswered(f"zalo: getoa was answered with HTTP {refusal.code}") from None
    except (OSError, ValueError, TypeError, AttributeError, HTTPException) as error:
        raise Unanswered(f"zalo: getoa could not be asked ({type(error).__name__})") from None
    if code or not isinstance(account, dict):
        raise Unanswered(f"zalo: getoa was answered with {code}: {meaning(code)}")
    return Told(account, *heads)


def id_of(account: Mapping[str, Any]) -> str:
    """Return the number of an account, or "" where none was told."""
    return str(account.get("oa_id") or account.get("oaid") or "")
