"""The Bot Platform's methods, with the limits of each."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fakes.zaloapi.account import Platform
from fakes.zaloapi.arrivals import Arrival, hashed
from fakes.zaloapi.bot import Bot
from fakes.zaloapi.delivery import checked_address
from fakes.zaloapi.people import Chat, Json, Message
from fakes.zaloapi.refusals import Misused, Refused, wrong
from fakes.zaloapi.requests import Request, carried_out
from fakes.zaloapi.shapes import link, part, words

MAX_TEXT, MAX_CAPTION = 2000, 2000
STYLE = re.compile(r"[bius]|f_(1[3-9]|20)|c_[0-9a-f]{6}|lst_[12]|ind_[1-5]")
Answer = Any


def addressed(bot: Bot, given: Json, arrival: Arrival) -> Chat:
    """Who is written to: somebody who wrote before, within the plan."""
    number = given["chat_id"]
    arrival.user = number if isinstance(number, str) else None
    chat = bot.chats.get(number) if isinstance(number, str) else None
    if chat is None or not chat.is_known:
        raise wrong("chat_id is nobody who wrote to this bot")
    return chat


def spoken(bot: Bot, chat: Chat, arrival: Arrival, kind: str, text: str, body: Json) -> Answer:
    """Check the plan; the deed puts the message into her chat."""
    arrival.kind, arrival.hash = kind, hashed("\n".join([text, *map(str, body.values())]))
    bot.planned(chat)

    def deed() -> Json:
        platform = bot.platform
        at = int(platform.clock.now() * 1000)
        message = Message(platform.new_id(), True, kind, text, at, 0, attachment=body or None)
        platform.write(chat, message)
        bot.count()
        arrival.message_id = message.id
        platform.log.delivered(arrival)
        return {"message_id": message.id, "date": at}

    return deed


def send_message(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    part(given, "body", ("chat_id", "text"), ("parse_mode", "text_styles"))
    text = words(given["text"], "text", MAX_TEXT)
    if given.get("parse_mode", "html") not in ("markdown", "html"):
        raise wrong("parse_mode is markdown or html")
    if "text_styles" in given and "parse_mode" not in given:
        styled(given["text_styles"], len(text.encode("utf-16-le")) // 2)
    return spoken(bot, addressed(bot, given, arrival), arrival, "text", text, {})


def styled(given: Any, length: int) -> None:
    """Runs of a text, measured in units of UTF-16."""
    if not isinstance(given, list):
        raise wrong("text_styles must be a list")
    for one in given:
        run = part(one, "text_styles", ("start", "len", "st"))
        start, size = run["start"], run["len"]
        if type(start) is not int or type(size) is not int or start < 0 or size < 1:
            raise wrong("start and len are whole numbers")
        if start + size > length:
            raise wrong("a style reaches beyond the text")
        if not isinstance(run["st"], list) or not all(
            isinstance(style, str) and STYLE.fullmatch(style) for style in run["st"]
        ):
            raise wrong("unknown style")


def send_photo(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    part(given, "body", ("chat_id", "photo"), ("caption",))
    photo = link(given["photo"], "photo", ("https",))
    text = words(given["caption"], "caption", MAX_CAPTION) if "caption" in given else ""
    chat = addressed(bot, given, arrival)
    return spoken(bot, chat, arrival, "image", text, {"photo": photo})


def send_sticker(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    part(given, "body", ("chat_id", "sticker"))
    sticker = words(given["sticker"], "sticker", 100)
    chat = addressed(bot, given, arrival)
    return spoken(bot, chat, arrival, "sticker", "", {"sticker": sticker})


def send_voice(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    part(given, "body", ("chat_id", "voice_url"))
    if not link(given["voice_url"], "voice_url", ("https",)).endswith(".aac"):
        raise wrong("voice_url ends with .aac")
    chat = addressed(bot, given, arrival)
    if chat.is_group:
        raise wrong("no voice in groups")
    return spoken(bot, chat, arrival, "voice", "", {"voice_url": given["voice_url"]})


def send_action(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    part(given, "body", ("chat_id", "action"))
    if given["action"] != "typing":
        raise wrong("the action is typing")
    addressed(bot, given, arrival)
    return lambda: None


def get_me(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    part(given, "body", ())
    return lambda: {
        "id": bot.token.split(":")[0],
        "account_name": bot.name,
        "account_type": "BASIC",
        "can_join_groups": True,
    }


def hook_told(bot: Bot) -> Json:
    return {"url": bot.postman.url or "", "updated_at": bot.updated_at}


def hooked(bot: Bot, url: str | None, secret: str = "") -> Json:
    bot.postman.url, bot.postman.secret = url, secret
    bot.updated_at = int(bot.platform.clock.now() * 1000)
    return hook_told(bot)


def set_webhook(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    part(given, "body", ("url", "secret_token"))
    secret = given["secret_token"]
    if not isinstance(secret, str) or not 8 <= len(secret) <= 256 or not secret.isascii():
        raise wrong("secret_token has 8 to 256 characters")
    try:
        url = checked_address(bot.platform, link(given["url"], "url"))
    except Misused as why:
        raise wrong(str(why)) from None
    return lambda: hooked(bot, url, secret)


def delete_webhook(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    part(given, "body", ())
    return lambda: hooked(bot, None)


def webhook_info(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    part(given, "body", ())
    return lambda: hook_told(bot)


async def get_updates(bot: Bot, given: Json, arrival: Arrival) -> Answer:
    """One update, not a list; it is gone once it was given out."""
    part(given, "body", (), ("timeout",))
    if bot.postman.url:
        raise wrong("no fetching while a webhook is set")
    said = given.get("timeout", "30")
    if not isinstance(said, str | int) or isinstance(said, bool) or not str(said).isdigit():
        raise wrong("timeout is a number of seconds")
    update = await bot.fetched(min(int(said), 50))
    return lambda: update


METHODS: dict[str, Callable[[Bot, Json, Arrival], Answer | Awaitable[Answer]]] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": webhook_info,
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendSticker": send_sticker,
    "sendVoice": send_voice,
    "sendChatAction": send_action,
}


async def perform(platform: Platform, request: Request, arrival: Arrival) -> Json:
    """Answer one call, or raise Refused or Spoilt."""
    token, slash, method = request.path.removeprefix("/bot").partition("/")
    bot = platform.bots.get(token)
    if bot is None or not slash:
        raise Refused(401, "Unauthorized", "no bot has this token")
    arrival.account = bot.name
    if method not in METHODS:
        raise Refused(404, "Not Found", f"no method {method[:40]!r}")
    arrival.call = method
    platform.log.calls[method] += 1
    deed = METHODS[method](bot, parameters(request), arrival)
    if isinstance(deed, Awaitable):
        deed = await deed
    result = await carried_out(platform, arrival, deed)
    return {"ok": True} if result is None else {"ok": True, "result": result}


def parameters(request: Request) -> Json:
    """JSON, a form, or the query: all are taken."""
    form = request.form()
    given = form if form is not None else request.json()
    if given is None and not request.body:
        given = request.query
    if not isinstance(given, dict):
        raise wrong("the body is neither JSON nor a form")
    return given


def refusal(refused: Refused) -> Json:
    """The Bot Platform's numbers are those of HTTP."""
    number = 400 if refused.error == -201 else refused.error
    said = f"Bad Request: {refused.why}" if refused.error == -201 else refused.message
    return {"ok": False, "description": said, "error_code": number}
