"""Messages of an OA on their way: whether they may go, what they cost, and her chat."""

from typing import Any

from fakes.zaloapi.account import Oa
from fakes.zaloapi.arrivals import Arrival, hashed
from fakes.zaloapi.events import echo, received
from fakes.zaloapi.messages import Said, message_of
from fakes.zaloapi.people import Chat, Json, Message
from fakes.zaloapi.refusals import Refused, wrong
from fakes.zaloapi.requests import Deed
from fakes.zaloapi.shapes import part, words
from fakes.zaloapi.window import addressed, affordable, is_paid

MOST_REACTIONS = 50


def consult(oa: Oa, given: Any, arrival: Arrival) -> Deed:
    """`cs`: a message to one person inside her window."""
    body = part(given, "body", ("recipient", "message"))
    user = part(body["recipient"], "recipient", ("user_id",))["user_id"]
    noted(arrival, user, body["message"])
    known = set(oa.chats[user].messages) if arrival.user in oa.chats else set()
    said = message_of(oa, body["message"], known)
    arrival.kind, arrival.hash = said.kind, hashed(said.worded())
    chat = addressed(oa, user)
    arrival.paid = is_paid(oa, chat)
    return lambda: delivered(oa, chat, said, arrival)


def noted(arrival: Arrival, user: Any, message: Any) -> None:
    """For the log, before anything is known to be right."""
    arrival.user = user if isinstance(user, str) else None
    arrival.names = tuple(message) if isinstance(message, dict) else ()


def delivered(oa: Oa, chat: Chat, said: Said, arrival: Arrival) -> Json:
    """The message stands in her chat, and the app hears its echo."""
    message = written(oa, chat, said, arrival)
    if oa.platform.faults.plain["echoes"]:
        oa.event(echo(oa, chat, message), chat.id)
    if oa.platform.faults.plain["receipts"]:
        oa.event(received(oa, chat, message.id), chat.id)
    return {**answer_of(chat, message), **quota_told(oa)}


def written(oa: Oa, chat: Chat, said: Said, arrival: Arrival) -> Message:
    platform = oa.platform
    at = int(platform.clock.now() * 1000)
    message = Message(platform.new_id(), True, said.kind, said.text, at, 0)
    message.buttons, message.attachment = said.buttons, said.attachment
    message.paid = arrival.paid
    arrival.message_id = message.id
    platform.log.delivered(arrival)
    return platform.write(chat, message)


def answer_of(chat: Chat, message: Message) -> Json:
    return {"message_id": message.id, "user_id": chat.id, "sent_time": str(message.at)}


def quota_told(oa: Oa) -> Json:
    """A quota that is there or not, in one shape or another: nothing can be read from it."""
    shapes: list[Json] = [
        {},
        {"quota": {"quota_type": "reply", "remain": "8", "total": "8"}},
        {"quota": {"quota_type": "sub_quota"}},
        {"quota": None},
    ]
    return oa.platform.chance.choice(shapes)


def template(oa: Oa, given: Any, arrival: Arrival) -> Deed:
    """An approved template by user id: not bound to her window, always paid."""
    body = part(given, "body", ("user_id", "template_id", "template_data"))
    noted(arrival, body["user_id"], body["template_data"])
    wanted = (
        oa.templates.get(body["template_id"]) if isinstance(body["template_id"], str) else None
    )
    if wanted is None:
        raise wrong("no such template")
    filled = part(body["template_data"], "template_data", wanted)
    for name, value in filled.items():
        words(value, f"template_data.{name}", 1000)
    said = Said("template", attachment={"template_id": body["template_id"], **filled})
    arrival.kind, arrival.hash, arrival.paid = "template", hashed(said.worded()), True
    chat = addressed(oa, body["user_id"])
    if chat.refuses:
        raise Refused(-244, "User refuses this type of message", "she refused templates")
    affordable(oa)

    def deed() -> Json:
        message = written(oa, chat, said, arrival)
        return {"message_id": message.id, "sent_time": str(message.at), **quota_told(oa)}

    return deed


def old_message(oa: Oa, given: Any, arrival: Arrival) -> Deed:
    """The path of version 2: closed for texts, still open for reactions."""
    if not isinstance(given, dict) or "sender_action" not in given:
        raise Refused(-240, "API v2 is shut down, use v3", "a message through v2")
    body = part(given, "body", ("recipient", "sender_action"))
    user = part(body["recipient"], "recipient", ("user_id",))["user_id"]
    action = part(body["sender_action"], "sender_action", ("react_icon", "react_message_id"))
    words(action["react_icon"], "react_icon", 20)
    noted(arrival, user, action)
    arrival.kind = "reaction"
    chat = addressed(oa, user)
    message = chat.messages.get(str(action["react_message_id"]))
    if message is None or message.reactions >= MOST_REACTIONS:
        raise wrong(f"no such message, or {MOST_REACTIONS} reactions")

    def deed() -> Json:
        message.reactions += 1
        return {"message_id": message.id, "user_id": chat.id}

    return deed
