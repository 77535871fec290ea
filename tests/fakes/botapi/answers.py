"""What each method of the Bot API does that says nothing; `speaking` has those that do."""

import time
from collections.abc import Callable
from typing import Any

from fakes.botapi.account import Account, Webhook
from fakes.botapi.delivery import refused_address
from fakes.botapi.people import Json
from fakes.botapi.queue import DEFAULT_KINDS
from fakes.botapi.refusals import bad, too_many
from fakes.botapi.speaking import delete, edit_markup, edit_text
from fakes.botapi.texts import units

MAX_ANSWER = 200
ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)
SAME_WEBHOOK_SECONDS = 1.0


def answer_callback(account: Account, taken: Json) -> bool:
    if units(taken.get("text", "")) > MAX_ANSWER:
        raise bad("MESSAGE_TOO_LONG")
    query = taken["callback_query_id"]
    chat_id, until = account.callbacks.get(query, (0, 0.0))
    if account.platform.faults.plain["callbacks_too_old"] or time.monotonic() > until:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    account.answers.append(
        {
            "callback_query_id": query,
            "chat": chat_id,
            "text": taken.get("text", ""),
            "show_alert": taken.get("show_alert", False),
        }
    )
    return True


def action(account: Account, taken: Json) -> bool:
    if taken["action"] not in ACTIONS:
        raise bad("Wrong parameter action in request")
    account.writable(taken["chat_id"])
    return True


def get_chat(account: Account, taken: Json) -> Json:
    chat = account.found(taken["chat_id"])
    gifts = "unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels"
    return {
        **chat.as_chat(),
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts.split(), chat.person is not None),
    }


def get_me(account: Account, taken: Json) -> Json:
    more = "can_read_all_group_messages supports_inline_queries can_connect_to_business "
    more += "has_main_web_app has_topics_enabled"
    return {**account.as_user(), "can_join_groups": True, **dict.fromkeys(more.split(), False)}


async def get_updates(account: Account, taken: Json) -> list[bytes]:
    if account.webhook:
        await account.queue.refuse(account.platform.speed)
    remember(account, taken)
    found = await account.queue.take(
        taken.get("offset", 0),
        min(max(taken.get("limit", 100), 1), 100),
        min(max(taken.get("timeout", 0), 0), 50),
    )
    return [one.body for one in found]


def remember(account: Account, taken: Json) -> None:
    """The wanted kinds of updates stay as they were when nothing is said; [] is the default."""
    if "allowed_updates" in taken:
        account.queue.allowed = frozenset(taken["allowed_updates"]) or DEFAULT_KINDS


def set_webhook(account: Account, taken: Json) -> bool:
    """Set or, with an empty address, remove the webhook. More than one a second is 429."""
    if not taken["url"]:
        return delete_webhook(account, taken)
    now = time.monotonic()
    if now < account.webhook_set_at + SAME_WEBHOOK_SECONDS:
        raise too_many(1)
    account.webhook_set_at = now
    secret = taken.get("secret_token")
    if secret and len(secret) > 256:
        raise bad("secret token is too long")
    if secret and not all(one.isascii() and (one.isalnum() or one in "_-") for one in secret):
        raise bad("secret token contains unallowed characters")
    if why := refused_address(account.platform, taken["url"]):
        raise bad(why)
    if taken.get("drop_pending_updates"):
        account.queue.waiting.clear()
    remember(account, taken)
    account.queue.interrupt("terminated by setWebhook request")
    wanted = Webhook(
        taken["url"],
        secret,
        min(max(taken.get("max_connections", 40), 1), 100),
        taken.get("ip_address"),
        "certificate" in taken,
    )
    if account.webhook != wanted or taken.get("drop_pending_updates"):
        account.webhook = wanted
        account.postman.restart()
    return True


def delete_webhook(account: Account, taken: Json) -> bool:
    if taken.get("drop_pending_updates"):
        account.queue.waiting.clear()
    account.webhook = None
    account.postman.restart()
    return True


def webhook_told(account: Account, taken: Json) -> Json:
    account.queue.expire()
    hook = account.webhook
    told: Json = {
        "url": hook.url if hook else "",
        "has_custom_certificate": bool(hook and hook.certificate),
        "pending_update_count": len(account.queue.waiting),
    }
    if hook:
        told |= {"max_connections": hook.max_connections, "ip_address": "127.0.0.1"}
        if hook.error_at:
            told |= {"last_error_date": hook.error_at, "last_error_message": hook.error}
    if account.queue.allowed != DEFAULT_KINDS:
        told["allowed_updates"] = sorted(account.queue.allowed)
    return told


def log_out(account: Account, taken: Json) -> bool:
    account.logged_out = True
    return True


def setter(name: str, at_most: int) -> Callable[[Account, Json], bool]:
    """A sentence about the bot, per language."""

    def put(account: Account, taken: Json) -> bool:
        if units(taken.get(name, "")) > at_most:
            raise bad(f"{name.replace('_', ' ')} is too long")
        account.about[name, taken.get("language_code", "")] = taken.get(name, "")
        return True

    return put


def getter(name: str) -> Callable[[Account, Json], Json]:
    def read(account: Account, taken: Json) -> Json:
        language = taken.get("language_code", "")
        found = account.about.get((name, language), account.about.get((name, ""), ""))
        return {name: found}

    return read


def commands_key(taken: Json) -> tuple[str, str]:
    scope = taken.get("scope", {"type": "default"})
    return "commands", f"{scope.get('type')}:{taken.get('language_code', '')}"


def set_commands(account: Account, taken: Json) -> bool:
    account.about[commands_key(taken)] = taken["commands"]
    return True


def delete_commands(account: Account, taken: Json) -> bool:
    account.about.pop(commands_key(taken), None)
    return True


ANSWERS: dict[str, Callable[[Account, Json], Any]] = {
    "getMe": get_me,
    "logOut": log_out,
    "close": lambda account, taken: True,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": webhook_told,
    "sendChatAction": action,
    "editMessageText": edit_text,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete,
    "answerCallbackQuery": answer_callback,
    "getChat": get_chat,
    "setMyCommands": set_commands,
    "getMyCommands": lambda account, taken: account.about.get(commands_key(taken), []),
    "deleteMyCommands": delete_commands,
    "setMyDescription": setter("description", 512),
    "getMyDescription": getter("description"),
    "setMyShortDescription": setter("short_description", 120),
    "getMyShortDescription": getter("short_description"),
    "setMyName": setter("name", 64),
    "getMyName": getter("name"),
}
SAID = {"setWebhook": "Webhook was set", "deleteWebhook": "Webhook was deleted"}
