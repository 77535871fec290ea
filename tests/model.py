"""A small model of a petition, and a machine that signs, takes back, repeats and restarts."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path

from chat import ABILITIES, KEYS, MAY, PHUONG, Chat, Clock, Town
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from stores import Founded

from bot.hear import hear
from bot.office import Office
from bot.speech import Heard
from bot.words import Words
from storage.database import Database
from union.petitions import names_may_open

ENOUGH = 5
ADDRESSES = [f"a{number}" for number in range(7)]
NAMES = ["Nguyễn Thị Mẫu", "Trần Văn Ví Dụ"]
AT_DESK = ("taken",)


class Petition:
    """What must be true, in as few lines as possible: who stands how, and what follows."""

    def __init__(self) -> None:
        self.stands: dict[tuple[str, str], str] = {}
        self.state = "none"
        self.told = False

    @property
    def counted(self) -> int:
        return sum(how == "counts" for how in self.stands.values())

    def sign(self, address: str, name: str, *, foreign: bool) -> None:
        if self.stands.get((address, name)) != "aside":
            self.stands[address, name] = "apart" if foreign else "counts"
        self.state = "open" if self.state == "none" else self.state
        self.recount()

    def withdraw(self, address: str) -> None:
        for key, how in self.stands.items():
            if key[0] == address and how != "aside":
                self.stands[key] = "withdrawn"
        self.recount()

    def set_aside(self, address: str) -> None:
        for key, how in self.stands.items():
            if key[0] == address and how in ("counts", "apart"):
                self.stands[key] = "aside"
        self.recount()

    def recount(self) -> None:
        if self.state == "open" and self.counted >= ENOUGH:
            self.state = "ready"
        elif self.state == "ready" and self.counted < ENOUGH:
            self.state = "open"


class SigningMachine(RuleBasedStateMachine):
    """Does with the real program what the model does with a dictionary, and compares."""

    founded: Founded
    words: Words

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ketdoan-model-"))
        self.url = self.founded.fresh(self.folder)
        self.clock = Clock()
        self.town = Town(self._open(), self.clock, self.founded.tokens)
        self.model = Petition()
        self.events: list[Heard] = []
        self.codes: dict[tuple[str, str], str] = {}
        self.officers: dict[str, Chat] = {}
        self.revoked: set[str] = set()
        self.holder: str | None = None
        self.numbers = itertools.count()

    def _open(self) -> Office:
        database = Database(self.url, KEYS, self.clock)
        return Office(database, self.words, "https://ketdoan.example", ABILITIES)

    def teardown(self) -> None:
        self.town.database.close()
        self.founded.store.drop(self.url)
        shutil.rmtree(self.folder)

    @initialize(signed=st.sampled_from([0, 3, 4, 5, 6]))
    def people_come(self, signed: int) -> None:
        """Begin near the number that is needed: there most can go wrong."""
        self.people = {one: self.town.person(one, address=one) for one in ADDRESSES}
        for name in ("Lê Thị Thử", "Phạm Văn Nháp"):
            self.officers[name] = self.town.officer(name)
        for address in ADDRESSES[:signed]:
            self._sign(address, NAMES[0], foreign=False, consent="consent-ab")

    # --- what people do -------------------------------------------------------------------------

    @rule(
        address=st.sampled_from(ADDRESSES),
        name=st.sampled_from(NAMES),
        foreign=st.sampled_from([False, False, False, True]),
        consent=st.sampled_from(["consent-a", "consent-ab"]),
    )
    def sign(self, address: str, name: str, *, foreign: bool, consent: str) -> None:
        self._sign(address, name, foreign=foreign, consent=consent)

    def _sign(self, address: str, name: str, *, foreign: bool, consent: str) -> None:
        chat = self.people[address]
        last = "foreign" if foreign else "put-name"
        replies = chat.signs(MAY, name=name, consent=consent, last=last)
        assert replies[-1].text.startswith("Đã ghi nhận theo ý bạn vừa chọn.")
        known = self.codes.setdefault((address, name), chat.code)
        assert chat.code == known, "the same name from the same address keeps its code"
        self.model.sign(address, name, foreign=foreign)

    @rule(address=st.sampled_from(ADDRESSES), name=st.sampled_from(NAMES))
    def put_it_off(self, address: str, name: str) -> None:
        chat = self.people[address]
        replies = chat.signs(MAY, name=name, last="later")
        assert replies[-1].text.startswith("Đã ghi nhận theo ý bạn vừa chọn.")
        # A draft's code is hers for its seven days only; once she has signed it stays.
        if (address, name) in self.codes:
            assert chat.code == self.codes[address, name]

    @rule(address=st.sampled_from(ADDRESSES))
    def withdraw(self, address: str) -> None:
        chat = self.people[address]
        chat.says("rút tên")
        replies = chat.taps("withdraw-now")
        assert replies[-1].text.startswith("Đã ghi nhận theo ý bạn vừa chọn.")
        self.model.withdraw(address)

    @rule(address=st.sampled_from(ADDRESSES))
    def say_it_was_not_me(self, address: str) -> None:
        chat = self.people[address]
        if not any(key[0] == address for key in self.model.stands):
            return
        chat.says("không phải tôi")
        chat.taps("not-me-yes")
        self.model.set_aside(address)

    @rule(address=st.sampled_from(ADDRESSES), back=st.integers(0, 30))
    def press_an_old_button(self, address: str, back: int) -> None:
        chat = self.people[address]
        old = [
            choice.payload
            for reply in chat.received[:-1]
            for choice in reply.choices
            if choice.id in ("put-name", "withdraw-now", "not-me-yes", "foreign", "later")
        ]
        newest = (
            {choice.payload for choice in chat.received[-1].choices} if chat.received else set()
        )
        stale = [one for one in old if one not in newest]
        if stale:
            chat.presses(stale[-1 - back % len(stale)])

    @rule(address=st.sampled_from(ADDRESSES), other=st.sampled_from(ADDRESSES))
    def press_another_ones_button(self, address: str, other: str) -> None:
        if address != other and self.people[other].received:
            for choice in self.people[other].received[-1].choices:
                (reply,) = self.people[address].presses(choice.payload)
                assert reply.text.startswith("Việc này bạn không làm được ở đây.")

    @rule(back=st.integers(0, 40))
    def bring_an_event_again(self, back: int) -> None:
        with self.town.database.read() as store:
            from sqlalchemy import select

            from storage.tables import inbox

            keys = [
                (row.channel, row.event_id)
                for row in store.connection.execute(select(inbox).order_by(inbox.c.id))
            ]
        if not keys:
            return
        channel, event = keys[-1 - back % len(keys)]
        for chat in self.people.values():
            outcome = hear(Heard(channel, chat.address, event, text="ghi tên"), self.town.office)
            assert outcome.is_repeat
            assert outcome.letters == ()

    # --- what officers do -----------------------------------------------------------------------

    @rule(name=st.sampled_from(["Lê Thị Thử", "Phạm Văn Nháp"]))
    def take(self, name: str) -> None:
        chat = self.officers[name]
        chat.says("việc")
        petition = self.town.petition()
        offered = self._opens_card(chat)
        may = name not in self.revoked and self.model.state == "ready" and self.holder is None
        if may:
            assert offered, chat.last
            chat.taps("desk-take")
            self.model.state = "taken"
            self.holder = name
        elif petition is not None and self.model.state == "open":
            assert petition.code not in chat.last

    def _opens_card(self, chat: Chat) -> bool:
        petition = self.town.petition()
        if petition is None or petition.code not in chat.last:
            return False
        chat.says(petition.code)
        return any(choice.id == "desk-take" for choice in chat.received[-1].choices)

    @rule(name=st.sampled_from(["Lê Thị Thử", "Phạm Văn Nháp"]))
    def look_for_names(self, name: str) -> None:
        petition = self.town.petition()
        if petition is None:
            return
        chat = self.officers[name]
        before = len(chat.received)
        chat.says(f"mở tên {petition.code}")
        sent = any("/t/" in reply.text for reply in chat.received[before:])
        if sent:
            assert name not in self.revoked
            assert names_may_open(self.model.state)  # type: ignore[arg-type]

    @precondition(lambda self: len(self.revoked) < 2)
    @rule(name=st.sampled_from(["Lê Thị Thử", "Phạm Văn Nháp"]))
    def revoke(self, name: str) -> None:
        if name in self.revoked:
            return
        self.town.revoke(self.officers[name], PHUONG)
        self.revoked.add(name)
        if self.holder == name:
            self.holder = None

    # --- what time and machines do --------------------------------------------------------------

    @rule()
    def a_day_passes(self) -> None:
        before = {one: self._enough_news(chat) for one, chat in self.people.items()}
        self.clock.advance(days=1)
        self.town.rounds()
        self.model.told = self.model.told or self.model.state in ("ready", "taken")
        for one, chat in self.people.items():
            assert self._enough_news(chat) - before[one] <= 1
            assert self._enough_news(chat) <= 1, "told once, and not again"

    def _enough_news(self, chat: Chat) -> int:
        with self.town.database.read() as store:
            from sqlalchemy import func, select

            from storage.tables import news

            known = store.conversations.find(chat.channel, chat.address)
            if known is None:
                return 0
            query = select(func.count()).where(
                news.c.conversation_id == known.id, news.c.key == "news-enough?"
            )
            return int(store.connection.execute(query).scalar() or 0)

    @rule()
    def restart(self) -> None:
        self.town.database.close()
        self.town.office = self._open()

    # --- what must be true ----------------------------------------------------------------------

    @invariant()
    def the_program_agrees_with_the_model(self) -> None:
        petition = self.town.petition()
        if petition is None:
            assert self.model.state == "none"
            return
        assert petition.counted == self.model.counted
        assert petition.state == self.model.state
        held = self.town.read(lambda store: petition.officer_id)
        assert (held is None) == (self.holder is None)

    @invariant()
    def every_row_stands_as_in_the_model(self) -> None:
        petition = self.town.petition()
        if petition is None:
            return

        def look(store):
            found = {}
            for one in store.signatures.of_case(petition.id):
                person = store.people.by_id(one.person_id)
                address = store.conversations.by_id(one.conversation_id).address
                assert (address, person.name) not in found, "one person, one signature"
                how = "apart" if one.is_foreign else "counts"
                named = {"valid": how, "withdrawn": "withdrawn", "set_aside": "aside"}
                found[address, person.name] = named[one.state]
            return found

        assert self.town.read(look) == self.model.stands

    @invariant()
    def nothing_broke(self) -> None:
        failed = self.town.read(lambda store: store.inbox.failed())
        assert [one.error for one in failed] == []
