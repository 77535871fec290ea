"""Let a talk happen on one channel, line by line, and say what it came to."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from chat import ABILITIES, Town
from stores import Founded

from bot.office import Office
from bot.words import Words
from conformance.deeds import DEEDS
from conformance.facts import facts_of
from conformance.installation import Installation, install
from conformance.person import Person
from conformance.platforms import Platforms
from conformance.script import MOVES, Step, Talk
from storage.posters import Poster
from storage.store import Store
from webhook.wiring import LOCALES

_ROLES = {"tiếp nhận": "receives", "kiểm tra": "checks", "ký": "signs"}
_CODE = re.compile(r"\{mã(?: (?P<who>[^}]+))?\}")
_JOINING = re.compile(r"\{mã nối (?P<who>[^}]+)\}")
_COLLEAGUES = re.compile(r"(?P<number>\d+) ở (?P<where>\S+?)(?:, (?P<days>\d+) ngày trước)?")
_LETTERS = "ABCDEGHIKLMNOPQRSTUVXY"


class Failed(AssertionError):
    """A talk did not go as it is written; the text names the line and what was there instead."""


class Stage:
    """One talk on one channel."""

    def __init__(self, talk: Talk, ground: Installation, platforms: Platforms) -> None:
        self.talk = talk
        self.ground = ground
        self.people = {
            name: platforms.person(ground, name, number) for number, name in enumerate(talk.people)
        }
        self._platforms = platforms
        self._has_begun = False

    def play(self) -> str:
        """Let everything happen; return what the database says at the end. Raises Failed."""
        try:
            for step in self.talk.steps:
                self._step(step)
            jumped = any(step.verb in MOVES for step in self.talk.steps)
            refused = self._platforms.refusals(self.ground.channel, jumped=jumped)
            assert not refused, f"refused by the platform: {refused}"
            assert not self.ground.lost(), "a letter found no way to its reader"
            said = self.ground.log.read_text(encoding="utf-8")
            assert '"level": "error"' not in said, said
            return facts_of(
                self.ground, {one.name: one.conversation_id for one in self.people.values()}
            )
        finally:
            for one in self.people.values():
                one.leave()

    def _step(self, step: Step) -> None:
        try:
            if not step.who:
                self._happens(step.verb, step.what)
                return
            if not self._has_begun:
                self._begin()
            self._does(self.people[step.who], step.verb, self._filled(step))
        except Failed:
            raise
        except Exception as why:
            where = f"{self.talk.path.name}, line {step.line}, on {self.ground.channel}"
            raise Failed(f"{where}: {type(why).__name__}: {why}") from why

    def _begin(self) -> None:
        self._platforms.connect(self.ground)
        self.ground.start()
        self._has_begun = True

    # --- what happens to everybody -----------------------------------------------------------------

    def _happens(self, verb: str, what: str) -> None:
        match verb:
            case "sáng hôm sau":
                self._mornings(1)
            case "mấy sáng sau":
                self._look_each_morning(what)
            case "máy chủ khởi động lại":
                self.ground.stop()
                self.ground.start()
            case "đã ghi tên":
                self._colleagues(what)

    def _mornings(self, number: int) -> None:
        self.ground.mornings(number)
        for one in self.people.values():
            one.wake()

    def _look_each_morning(self, what: str) -> None:
        """Let mornings come on each of which officers look at their desks: `15 Hoa, Tùng`.

        Who says nothing for days can not be written to on every channel.
        """
        number, _, who = what.partition(" ")
        for _ in range(int(number) - 1):
            self._mornings(1)
            for name in who.split(", "):
                self.people[name].says("việc")
        self._mornings(1)

    def _colleagues(self, what: str) -> None:
        """Let colleagues have signed before the talk begins: `5 ở DN-MAY, 14 ngày trước`."""
        found = _COLLEAGUES.fullmatch(what)
        assert found is not None, what
        assert not self._has_begun, "they come before the talk begins"
        ground, before = self.ground, timedelta(days=int(found["days"] or 0))
        office = Office(ground.database, Words.load(LOCALES), ground.served.url, ABILITIES)
        town = Town(office, None, ground.served.tokens)  # type: ignore[arg-type]
        ground.ahead -= before
        for letter in _LETTERS[: int(found["number"])]:
            town.person(f"Trần Văn Mẫu {letter}", "web", f"COLLEAGUE{letter}").signs(
                found["where"]
            )
        ground.ahead += before

    # --- what somebody does ------------------------------------------------------------------------

    def _filled(self, step: Step) -> str:
        def code(found: re.Match[str]) -> str:
            return self.people[found["who"] or step.who].code

        def joining_code(found: re.Match[str]) -> str:
            return self.people[found["who"]].joining_code

        return _CODE.sub(code, _JOINING.sub(joining_code, step.what))

    def _does(self, who: Person, verb: str, what: str) -> None:
        assert verb in DEEDS, f"nobody has learned to do {verb!r}"
        DEEDS[verb](self, who, what)

    def poster(self, enterprise: str) -> Poster:
        def look(store: Store) -> Poster:
            found = store.enterprises.by_code(enterprise)
            assert found is not None, f"no enterprise {enterprise}"
            return store.posters.of_enterprise(found.id)[0]

        return self.ground.read(look)

    def invitations(self, what: str) -> list[str]:
        """Return codes for offices: `Lê Thị Thử, CD-MAU, tiếp nhận, kiểm tra`."""
        name, body, *roles = [one.strip() for one in what.split(",")]
        return [self.ground.served.invite(body, _ROLES[role], name) for role in roles]


def play(talk: Talk, channel: str, founded: Founded, platforms: Platforms, folder: Path) -> str:
    """Let a talk happen on a channel, on a town of its own; return its facts. Raises Failed."""
    ground = install(founded, folder, channel, platforms.environment(channel))
    try:
        return Stage(talk, ground, platforms).play()
    finally:
        ground.close()
