"""How a person consents that we speak for an account: the address, and what comes back."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from channels.zalo_oauth import Granted, granted_of, is_plain

_LONGEST = 32_768


class NotUnderstood(ValueError):
    """What was pasted is not what it should be; the text says what that is, and none of it."""


@dataclass(frozen=True)
class Consent:
    """What Zalo sends the browser back with: a code for one use, and for which account."""

    code: str = field(repr=False)
    oa_id: str = ""


def challenge_of(verifier: str) -> str:
    """Return what stands in the console for *verifier*: SHA-256 in base64url without padding."""
    mark = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(mark).decode("ascii").rstrip("=")


def consent_address(oauth_url: str, app_id: str, callback: str, verifier: str = "") -> str:
    """Return the address that an administrator of the account opens.

    Callback and challenge must be those saved in the console. Nothing is sent along to be echoed:
    Zalo does not promise that.
    """
    asked = {"app_id": app_id, "redirect_uri": callback}
    if verifier:
        asked["code_challenge"] = challenge_of(verifier)
    return f"{oauth_url.rstrip('/')}/v4/oa/permission?{urlencode(asked)}"


def read_consent(pasted: str) -> Consent:
    """Read the address that the browser was sent to, or the code alone. Raises NotUnderstood."""
    text = pasted.strip()
    if not text or len(text) > _LONGEST or not is_plain(text):
        raise NotUnderstood("paste the whole address that the browser was sent to, on one line")
    if "://" not in text and "code=" not in text:
        return Consent(text)
    query = text.partition("?")[2] if "://" in text else text.rpartition("?")[2]
    said = parse_qs(query.partition("#")[0])
    if not said.get("code"):
        raise NotUnderstood("there is no code in this address: was consent given?")
    return Consent(said["code"][0], said.get("oa_id", [""])[0])


def read_pair(lines: list[str]) -> Granted:
    """Read a pair as the console's API Explorer prints it, or one token on each of two lines.

    Raises NotUnderstood.
    """
    text = "\n".join(lines).strip()
    if not text.startswith("{"):
        words = text.split()
        if len(words) != 2:
            raise NotUnderstood("paste the access token, then on its own line the refresh token")
        text = json.dumps({"access_token": words[0], "refresh_token": words[1]})
    try:
        granted = granted_of(200, text.encode())
    except Exception:  # noqa: BLE001 -- whatever it was instead
        raise NotUnderstood("there is no access token in it") from None
    if not granted.refresh:
        raise NotUnderstood("there is no refresh token in it: nobody could renew it")
    return granted


def is_whole(lines: list[str]) -> bool:
    """Whether what was pasted so far is all of a pair: JSON to its end, or two lines."""
    text = "\n".join(lines).strip()
    if not text.startswith("{"):
        return len(text.split()) >= 2
    try:
        found: Mapping[str, Any] = json.loads(text)
    except ValueError:
        return len(text) > _LONGEST
    return isinstance(found, dict)
