"""What every page needs: the office, the settings, the pages, the limits; and how a page hears."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from starlette.requests import Request
from starlette.responses import Response

from bot.admission import Reader, Visit
from bot.arriving import Asked
from bot.hear import prepare, submit, submit_arrival, submit_page
from bot.office import Office
from bot.speech import Heard, Outcome
from bot.turn import Prepared
from storage.store import Store
from webhook.landings import Landing
from webhook.limits import Limits
from webhook.pages import Pages
from webhook.scans import Scans
from webhook.settings import Settings

T = TypeVar("T")


@dataclass
class Door:
    """Everything that a request may use."""

    settings: Settings
    office: Office
    pages: Pages
    limits: Limits = field(default_factory=Limits)
    scans: Scans = field(default_factory=Scans)
    is_demo: bool = False
    _landing: Landing = field(default_factory=Landing)

    async def hear(self, heard: Heard) -> Outcome:
        """Let the office answer what was heard, in its one transaction.

        Raises TooBusy and NotWritten: then nothing is kept and the same may be sent again.
        """
        prepared = Prepared()
        if heard.text is not None:
            prepared = await asyncio.to_thread(prepare, heard, self.office)
        return await self._landing.answer_to(submit(heard, self.office, prepared))

    async def give_code(self, asked: Asked) -> Outcome:
        """Give an arrival code to a poster's page. Raises TooBusy and NotWritten."""
        return await self._landing.answer_to(submit_arrival(asked, self.office))

    async def hear_page(self, visit: Visit) -> tuple[Reader, Outcome] | None:
        """Let the office answer a form of whoever holds the link whose token it carries.

        None: nobody does, or this browser may not. Raises TooBusy and NotWritten.
        """
        came, answer = submit_page(visit, self.office)
        outcome = await self._landing.answer_to(answer)
        return None if came.reader is None else (came.reader, outcome)

    async def read(self, look: Callable[[Store], T]) -> T:
        """Return what *look* finds in one read-only moment, off the event loop."""

        def reading() -> T:
            with self.office.database.read() as store:
                return look(store)

        return await asyncio.to_thread(reading)

    @property
    def gives_codes(self) -> bool:
        """Whether people are led to Zalo and their codes are heard there by us."""
        can = self.office.abilities
        return "zalo" in self.office.doors and ("zalo" in can or "zalo-bot" in can)

    def language(self, request: Request, known: str | None = None) -> str:
        """Return the language of a page: as asked in the address, or *known*, or the reference."""
        spoken = self.office.words.languages
        asked = request.query_params.get("lang", "")
        if asked in spoken:
            return asked
        return known if known in spoken else spoken[0]

    def refuse(self, request: Request, status: int, key: str, seconds: int = 0) -> Response:
        """Return the page that says what stood in the way, and count it."""
        self.office.watch.refused("page", key)
        return self.pages.refusal(key, self.language(request), status, seconds)


def door_of(request: Request) -> Door:
    """Return the door that a request came through."""
    return cast("Door", request.app.state.door)
