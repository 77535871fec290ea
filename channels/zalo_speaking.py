"""Speak to people through an Official Account of Zalo."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from bot.speech import Pace, Rejected, Reply, Unsure
from channels.zalo import PER_SECOND
from channels.zalo_letters import Body, contact_card, picture, said, shape, template
from channels.zalo_line import Expired, Line, Refused

log = structlog.get_logger()

PACE = Pace(per_second=PER_SECOND, per_address_seconds=0)

SEND = "/v3.0/oa/message/cs"
SEND_TEMPLATE = "/v3.0/oa/message/template"
UPLOAD_IMAGE = "/v2.0/oa/upload/image"

# Below the 30 s after which the sender gives a letter up, all of its calls included.
SEND_SECONDS = 28
# Whether Zalo takes buttons under a text is documented by resellers alone. These codes say no.
_NO_BUTTONS = frozenset({-201, -233})

# What is uploaded is kept for seven days; a day less, because clocks differ.
_KEPT_SECONDS = 6 * 24 * 3600.0
_MOST_KEPT = 100


@dataclass(frozen=True)
class Template:
    """A message that Zalo has approved: its number, and the name of its one gap, if it has one."""

    number: str
    field: str = ""


class ZaloMouth:
    """The mouth of one account. *buttons*: choices are buttons, otherwise numbered lines.

    *template*: the neutral message that goes where no letter may.
    *card_url*: the picture on the form that asks for a number; without it none is asked for.
    """

    def __init__(
        self,
        line: Line,
        *,
        pace: Pace = PACE,
        buttons: bool = True,
        card_url: str = "",
        uploads: "Uploads | None" = None,
        template: Template | None = None,
    ) -> None:
        self.pace = pace
        self._line = line
        self._buttons = buttons
        self._card_url = card_url
        self._uploads = uploads or Uploads()
        self._template = template

    async def close(self) -> None:
        """Let go of the line."""
        await self._line.close()

    async def send(self, address: str, reply: Reply) -> str:
        """Send one letter and return the number of its message.

        Raises Gone, Shut, TooFast, Rejected, Unreachable, Unsure.
        """
        try:
            async with asyncio.timeout(SEND_SECONDS):
                if reply.is_template:
                    return await self._fill(address, reply)
                if reply.ask_phone and reply.choices and self._card_url:
                    reply = await self._ask_number(address, reply)
                return await self._say(address, reply)
        except TimeoutError:
            raise Unsure from None

    async def send_picture(self, address: str, name: str, content: bytes, caption: str) -> str:
        """Send a picture (PNG or JPEG of at most a megabyte) and return its message's number.

        Raises Gone, Shut, TooFast, Rejected, Unreachable, Unsure.
        """
        mark = hashlib.sha256(content).hexdigest()
        attachment = self._uploads.find(mark)
        if attachment is None:
            media = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
            told = await self._line.upload(UPLOAD_IMAGE, name, media, content)
            attachment = str(told.get("attachment_id", ""))
            self._uploads.keep(mark, attachment)
        try:
            return await self._post(picture(address, attachment, caption))
        except Expired:
            self._uploads.forget(mark)
            raise

    async def _say(self, address: str, reply: Reply) -> str:
        """Say a letter with buttons, or with lines where buttons are refused, from then on."""
        if not self._buttons or not (reply.choices or reply.link_label):
            return await self._post(said(address, reply, buttons=False))
        body = said(address, reply, buttons=True)
        try:
            return await self._post(body)
        except Refused as refused:
            if refused.code not in _NO_BUTTONS or "attachment" not in body["message"]:
                raise
        ref = await self._post(said(address, reply, buttons=False))
        # The same words went without buttons: it was they that are not taken.
        self._buttons = False
        log.error("zalo refuses buttons", do="set KETDOAN_ZALO_BUTTONS=false, or look why")
        return ref

    async def _fill(self, address: str, reply: Reply) -> str:
        """Send the approved message; Zalo takes it outside her window, and asks its price."""
        if self._template is None:
            raise Rejected("no template")
        body = template(address, self._template.number, self._template.field, reply.text)
        return await self._post(body, SEND_TEMPLATE)

    async def _ask_number(self, address: str, reply: Reply) -> Reply:
        """Show the form; return the letter that is to follow it."""
        # What is asked is said in full below the form.
        asked = reply.text.partition("\n")[0]
        card = contact_card(address, reply.choices[0].label, asked, self._card_url)
        try:
            await self._post(card)
        except Refused:
            # Its question is said below all the same, and a number can be typed.
            log.error("zalo refuses the form for a number", do="look at KETDOAN_ZALO_CARD_URL")
            return reply
        # What the form does needs no button beside it.
        return replace(reply, choices=reply.choices[1:])

    async def _post(self, body: Body, path: str = SEND) -> str:
        try:
            told = await self._line.post(path, body)
        except Refused as refused:
            log.error("zalo refuses a message", code=refused.code, **shape(body))
            raise
        return str(told.get("message_id", ""))


class Uploads:
    """What was uploaded lately, by a mark of its content; the oldest is forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def find(self, mark: str) -> str | None:
        """Return the name under which Zalo keeps this content, or None."""
        name, at = self._kept.get(mark, ("", float("-inf")))
        return name if name and self._clock() - at < _KEPT_SECONDS else None

    def keep(self, mark: str, name: str) -> None:
        """Remember under which name Zalo keeps this content."""
        self._kept.pop(mark, None)
        self._kept[mark] = (name, self._clock())
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def forget(self, mark: str) -> None:
        """Forget a name that Zalo no longer knows."""
        self._kept.pop(mark, None)
