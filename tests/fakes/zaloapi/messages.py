"""What an OA says with `cs`: texts, buttons, pictures, files, the question for a phone number."""

from dataclasses import dataclass, field
from typing import Any

from fakes.zaloapi.account import Oa
from fakes.zaloapi.people import Json
from fakes.zaloapi.refusals import Refused, wrong
from fakes.zaloapi.shapes import link, one_of, part, phone, whole, words

MAX_TEXT, MAX_TITLE, MAX_SUBTITLE, MAX_PAYLOAD, MAX_BUTTONS = 2000, 100, 500, 1000, 5
QUERIES = ("oa.query.show", "oa.query.hide")
MEDIA = ("image", "gif", "sticker")


@dataclass
class Said:
    """A message that keeps the contract."""

    kind: str
    text: str = ""
    buttons: list[Json] = field(default_factory=list)
    attachment: Json | None = None

    def worded(self) -> str:
        """The words whose mark the log keeps."""
        titles = [one["title"] for one in self.buttons]
        return "\n".join([self.text, *titles, *map(str, (self.attachment or {}).values())])


def message_of(oa: Oa, given: Any, known: set[str]) -> Said:
    """Read a `message`; Refused when it breaks a rule. `known`: what may be quoted."""
    message = part(given, "message", (), ("text", "attachment", "quote_message_id"))
    if "quote_message_id" in message:
        quoted(message["quote_message_id"], known)
    if "attachment" not in message:
        return Said("text", words(message.get("text"), "text", MAX_TEXT))
    attachment = part(message["attachment"], "attachment", ("type", "payload"))
    if attachment["type"] == "file":
        said = file_of(oa, attachment["payload"])
    elif attachment["type"] == "template":
        said = template_of(oa, attachment["payload"])
    else:
        raise wrong("attachment.type is template or file")
    return captioned(said, message)


def quoted(name: Any, known: set[str]) -> None:
    if not isinstance(name, str) or name not in known:
        raise wrong("quote_message_id names no message of this chat")


def captioned(said: Said, message: Json) -> Said:
    """Buttons need a text, a picture may have one, a file and a question have none."""
    if said.kind in ("file", "request_user_info"):
        if "text" in message:
            raise wrong(f"no text beside a {said.kind}")
    elif said.kind == "text" or "text" in message:
        said.text = words(message.get("text"), "text", MAX_TEXT)
    return said


def template_of(oa: Oa, given: Any) -> Said:
    if not isinstance(given, dict):
        raise wrong("payload must be an object")
    kind = given.get("template_type")
    if kind == "media":
        return media_of(oa, given)
    if kind == "request_user_info":
        return question_of(given)
    if "template_type" in given:
        raise Refused(-233, "Message type is invalid", f"template_type {kind!r}")
    return Said("text", buttons=buttons_of(part(given, "payload", ("buttons",))["buttons"]))


def buttons_of(given: Any) -> list[Json]:
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_BUTTONS:
        raise wrong(f"buttons must be a list of 1 to {MAX_BUTTONS}")
    return [button_of(one) for one in given]


def button_of(given: Any) -> Json:
    button = part(given, "button", ("title", "type", "payload"), ("image_icon",))
    words(button["title"], "button.title", MAX_TITLE)
    if "image_icon" in button:
        link(button["image_icon"], "button.image_icon")
    kind, payload = button["type"], button["payload"]
    if kind in QUERIES:
        words(payload, "button.payload", MAX_PAYLOAD)
    elif kind == "oa.open.url":
        link(part(payload, "button.payload", ("url",))["url"], "button.payload.url")
    elif kind == "oa.open.phone":
        number = part(payload, "button.payload", ("phone_code",))["phone_code"]
        phone(number, "button.payload.phone_code")
    elif kind == "oa.open.sms":
        letter = part(payload, "button.payload", ("content", "phone_code"))
        phone(letter["phone_code"], "button.payload.phone_code")
        words(letter["content"], "button.payload.content", MAX_PAYLOAD)
    else:
        raise wrong(f"no button of type {kind!r}")
    return button


def media_of(oa: Oa, given: Json) -> Said:
    """One picture, moving picture or sticker, by its address or as it was uploaded."""
    allowed = ("buttons",) if oa.platform.faults.plain["media_buttons"] else ()
    payload = part(given, "payload", ("template_type", "elements"), allowed)
    element = one_of(payload["elements"], "elements")
    kind = element.get("media_type") if isinstance(element, dict) else None
    if kind not in MEDIA:
        raise wrong(f"media_type is one of {MEDIA}")
    sizes = ("width", "height") if kind == "gif" else ()
    part(element, "element", ("media_type", *sizes), ("url", "attachment_id"))
    for size in sizes:
        whole(element[size], f"element.{size}", 1, 10_000)
    if ("url" in element) == ("attachment_id" in element):
        raise wrong("an element has a url or an attachment_id, one of them")
    if "url" not in element:
        used(oa, element["attachment_id"], kind)
    elif kind == "sticker":
        raise wrong("a sticker has an attachment_id")
    else:
        link(element["url"], "element.url")
    return Said(kind, "", buttons_of(payload["buttons"]) if "buttons" in payload else [], element)


def question_of(given: Json) -> Said:
    """The card by which a person shares her name and number."""
    payload = part(given, "payload", ("template_type", "elements"))
    element = part(
        one_of(payload["elements"], "elements"), "element", ("title", "subtitle", "image_url")
    )
    words(element["title"], "element.title", MAX_TITLE)
    words(element["subtitle"], "element.subtitle", MAX_SUBTITLE)
    link(element["image_url"], "element.image_url")
    return Said("request_user_info", attachment=element)


def file_of(oa: Oa, given: Any) -> Said:
    payload = part(given, "payload", ("token",))
    used(oa, payload["token"], "file")
    return Said("file", attachment=payload)


def used(oa: Oa, name: Any, kind: str) -> None:
    """What was uploaded can be used by the same OA, for what it is, for seven days."""
    if kind == "sticker":
        words(name, "element.attachment_id", MAX_PAYLOAD)
        return
    asset = oa.assets.get(name) if isinstance(name, str) else None
    if asset is None or asset.kind != kind:
        raise wrong(f"no {kind} was uploaded under this name")
    if asset.until <= oa.platform.clock.now():
        raise Refused(-100, "Attachment is expired", "uploaded more than 7 days ago")
