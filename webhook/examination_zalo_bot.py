"""Ask Zalo's Bot Platform which bot the token is of and where it delivers."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from webhook.asking import ask
from webhook.examination_clock import look_at_clock
from webhook.findings import Findings
from webhook.settings import PREFIX, Settings

_SECONDS = 10
_MOST_BYTES = 64 * 1024
_LONGEST = 120
_OPEN = (
    (
        "zalo-bot, not verified: whether a picture comes as photo or photo_url, with or without "
        "wrapper, and whether somebody can be written to after a week. To verify: send it a "
        "picture and look for `zalo-bot malformed` among the updates; both shapes are read"
    ),
    (
        "zalo-bot, not verified: the free plan (reported: 50 people and 3,000 messages a month "
        "for a bot). To verify: Zalo Bot Manager shows it; `quota` in the log: it is used up"
    ),
)


def look_at_zalo_bot(settings: Settings, found: Findings) -> None:
    """Note which bot it is and where its updates go; the token is never shown."""
    if not settings.zalo_bot_token:
        return
    bot = _ask(settings, "getMe", found)
    if bot is None:
        return
    found.notes.append(f"zalo-bot: the bot is {str(bot.get('account_name', ''))[:_LONGEST]}")
    hook = _ask(settings, "getWebhookInfo", found)
    if hook is not None:
        _look_at_webhook(settings, str(hook.get("url") or ""), found)
    found.notes += _OPEN


def _look_at_webhook(settings: Settings, url: str, found: Findings) -> None:
    if not url:
        found.notes.append("zalo-bot: no webhook is set; `ketdoan poll zalo-bot` fetches updates")
    elif url == settings.bot_updates_url:
        found.notes.append("zalo-bot: updates are delivered to this installation")
    else:
        found.troubles.append("zalo-bot: updates are delivered to another address than ours")


def _ask(settings: Settings, method: str, found: Findings) -> dict[str, Any] | None:
    # Only http and https pass the setting.
    asked = urllib.request.Request(  # noqa: S310
        f"{settings.zalo_bot_api_url}/bot{settings.zalo_bot_token}/{method}",
        data=b"{}",
        headers={"content-type": "application/json"},
    )
    try:
        with ask(asked, _SECONDS) as answer:
            told = json.loads(answer.read(_MOST_BYTES))
            if method == "getMe":
                look_at_clock("zalo-bot", str(answer.headers.get("Date", "")), found)
        if told.get("ok") is True:
            return dict(told.get("result") or {})
        code = told.get("error_code")
    except urllib.error.HTTPError as refusal:
        refusal.close()
        code = refusal.code
    except (OSError, ValueError, TypeError, AttributeError, HTTPException) as error:
        found.troubles.append(f"zalo-bot: {method} could not be asked ({type(error).__name__})")
        return None
    why = f": {PREFIX}ZALO_BOT_TOKEN is not known there" if code in (401, 404) else ""
    told_code = code if isinstance(code, int) else "no number"
    found.troubles.append(f"zalo-bot: {method} was answered with {told_code}{why}")
    return None
