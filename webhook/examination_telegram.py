"""Ask Telegram whether it knows our bot and how it delivers, where the operator wants that."""

import json
import urllib.error
import urllib.request
from typing import Any

from webhook.asking import ask
from webhook.examination_clock import look_at_clock
from webhook.findings import Findings
from webhook.settings import Settings

_SECONDS = 10
_LONGEST = 120


def look_at_telegram(settings: Settings, found: Findings) -> None:
    """Note which bot the token belongs to and where its updates go; a token is never shown."""
    if not settings.telegram_token:
        found.notes.append("telegram: no token is set")
        return
    bot = _ask(settings, "getMe", found)
    if bot is None:
        return
    found.notes.append(f"telegram: the bot is @{bot.get('username', '')}")
    hook = _ask(settings, "getWebhookInfo", found)
    if hook is not None:
        _look_at_webhook(settings, hook, found)


def _look_at_webhook(settings: Settings, hook: dict[str, Any], found: Findings) -> None:
    url = str(hook.get("url", ""))
    if not url:
        found.notes.append("telegram: no webhook is set; `ketdoan poll` fetches the updates")
    elif url == settings.updates_url:
        found.notes.append("telegram: updates are delivered to this installation")
    else:
        found.troubles.append("telegram: updates are delivered to another address than ours")
    found.notes.append(f"telegram: {hook.get('pending_update_count', 0)} updates wait")
    if said := str(hook.get("last_error_message", "")):
        found.notes.append(f"telegram: the last delivery failed: {said[:_LONGEST]}")


def _ask(settings: Settings, method: str, found: Findings) -> dict[str, Any] | None:
    """Return what Telegram answers, or None: then it is noted why, without the address."""
    url = f"{settings.telegram_api_url.rstrip('/')}/bot{settings.telegram_token}/{method}"
    try:
        # Only http and https pass the setting.
        with ask(url, _SECONDS) as answer:
            if method == "getMe":
                look_at_clock("telegram", str(answer.headers.get("Date", "")), found)
            return dict(json.load(answer)["result"])
    except urllib.error.HTTPError as refusal:
        # Closed by hand: it holds the line on which the refusal came.
        refusal.close()
        why = "the token is not known there" if refusal.code in (401, 404) else "it is in trouble"
        found.troubles.append(f"telegram: {method} was answered with {refusal.code}: {why}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        found.troubles.append(f"telegram: {method} could not be asked ({type(error).__name__})")
    return None
