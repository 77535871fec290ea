"""Set a database up for a measurement: a town, and people who stand just before an act.

A few walk there through the real dialogues; the rest are copies of them, each with an id, an
address, buttons and seals of their own, so that every one of them acts as a person of her own.
"""

import itertools
import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from bot.hear import hear
from bot.office import Office
from bot.payloads import payload
from bot.speech import Abilities, Form, Heard, Outcome
from bot.words import Words
from storage.bodies import TRIAGE
from storage.database import Database
from storage.ids import new_id
from storage.law import read_holidays, read_rules
from storage.migrate import upgrade
from storage.sealed import Keyring
from storage.store import Store
from storage.tables import conversation, link
from webhook import nonces

ROOT = Path(__file__).parent.parent
CHANNEL = "telegram"
FIRST_CHAT = 1_000_000
_PIECE = 2000
_LETTERS = "abcdeghiklmnopqrstuvxy"


@dataclass(frozen=True)
class Ready:
    """What people are about to send: taps as (chat, payload), forms as (token, fields)."""

    taps: list[tuple[int, str]]
    forms: list[tuple[str, dict[str, str]]]


def prepare(
    url: str, keys: Keyring, *, taps: int, forms: int, places: int, signed: int = 0
) -> Ready:
    """Found a town with *places* enterprises and lay out *taps* and *forms* of them all.

    *signed* people have signed before.
    """
    upgrade(url)
    database = Database(url, keys)
    words = Words.load(ROOT / "locales")
    abroad = {CHANNEL: Abilities(pushes=True, asks_identity=False)}
    office = Office(database, words, "http://127.0.0.1", abroad)
    try:
        tokens = database.write(lambda store: _found(store, places))
        people = _People(office)
        made = Ready([], [])
        for number, token in enumerate(tokens):
            first = people.asked(token)
            made.taps.extend(people.copies_asked(first, _share(taps, places, number)))
            page = people.on_page(token)
            made.forms.extend(people.copies_on_page(page, _share(forms, places, number)))
            people.sign(token, page, _share(signed, places, number))
        return Ready(_mixed(made.taps, places), _mixed(made.forms, places))
    finally:
        database.close()


def _share(whole: int, parts: int, number: int) -> int:
    return whole // parts + (number < whole % parts)


def _mixed(listed: list[Any], places: int) -> list[Any]:
    """Let people of all places come in turn, as they do."""
    step = max(1, len(listed) // places)
    return [one for start in range(step) for one in listed[start::step]][: len(listed)]


def _found(store: Store, places: int) -> list[str]:
    store.law.enact(read_rules(ROOT / "law"))
    store.law.proclaim(read_holidays(ROOT / "law", range(2025, 2030)))
    since = store.today - timedelta(days=400)
    always = {"valid_from": since, "valid_to": None, "source": "bench"}
    province, ward = store.bodies.keep("LD"), store.bodies.keep("CD")
    store.bodies.describe(
        province, name="Liên đoàn Lao động tỉnh Mẫu", level="province", parent_id=None, **always
    )
    store.bodies.describe(
        ward, name="Công đoàn phường Mẫu", level="commune", parent_id=province, **always
    )
    for body, roles in ((province, ("receives", "checks", "signs")), (ward, ("receives",))):
        for kind, role in itertools.product(("join", "petition", "request"), roles):
            store.bodies.empower(body, kind, role, **always)
    store.bodies.cover(province, "province", "75", priority=0, **always)
    store.bodies.cover(ward, "commune", "26041", priority=0, **always)
    store.settings.put(TRIAGE, "LD")
    made = []
    for number in range(places):
        where = {"commune_code": "26041", "province_code": "75"}
        named = {"name": f"Công ty May Ví Dụ {_word(number)}", "workers": 900, **where}
        place = store.enterprises.keep(f"DN{number}", named)
        made.append(store.posters.make(enterprise_id=place).token)
    return made


@dataclass(frozen=True)
class _Model:
    """Somebody who walked there: her row as it is kept, what she remembers, what she may send."""

    row: dict[str, Any]
    memory: str
    offer: int = 0
    fields: dict[str, str] | None = None


class _People:
    """Walks people to their act, and copies them."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.keys = office.database.keys
        self.chats = itertools.count(FIRST_CHAT)
        self.events = itertools.count(1)

    # --- walking -----------------------------------------------------------------------------

    def asked(self, token: str) -> _Model:
        """Walk to the question of consent."""
        chat = next(self.chats)
        self._tap(chat, self._does(chat, scan=token), "sign")
        return self._model(chat)

    def on_page(self, token: str) -> _Model:
        """Walk to the page on which the name is put down."""
        chat = next(self.chats)
        asked = self._tap(chat, self._does(chat, scan=token), "sign")
        agreed = self._tap(chat, asked, "consent-ab")
        text = " ".join(f"{one.text} {one.link or ''}" for one in agreed.letters)
        found = re.search(r"/t/([A-Za-z0-9_-]+)", text)
        assert found
        page = self._does(chat, form=Form("open-link", {"token": found[1]})).page
        assert page
        fields = {"form": "sign-page", "choice": "put-name", "phone": ""}
        return self._model(chat, fields | {"version": page.facts["version"]})

    def sign(self, token: str, page: _Model, number: int) -> None:
        """Let copies sign, by the same turn as everybody."""
        del token
        for address, (link_token, fields) in self._pages(page, number):
            form = Form("sign-page", {**fields, "token": link_token})
            self._does(address, form=form)

    def _tap(self, chat: int, before: Outcome, choice: str) -> Outcome:
        for reply in reversed(before.letters):
            for one in reply.choices:
                if one.id == choice:
                    return self._does(chat, choice=one.payload)
        raise LookupError(choice)

    def _does(self, chat: int, **what: Any) -> Outcome:
        event = f"stage:{next(self.events)}"
        return hear(Heard(CHANNEL, str(chat), event, **what), self.office)

    def _model(self, chat: int, fields: dict[str, str] | None = None) -> _Model:
        with self.office.database.read() as store:
            known = store.conversations.find(CHANNEL, str(chat))
            assert known
            query = select(conversation).where(conversation.c.id == known.id)
            row = store.connection.execute(query).mappings().one()
            return _Model(dict(row), json.dumps(known.memory), known.offer, fields)

    # --- copying -----------------------------------------------------------------------------

    def copies_asked(self, model: _Model, number: int) -> list[tuple[int, str]]:
        """Copy somebody who was asked for consent; return what each taps."""
        copies = list(self._copies(model, number))
        return [
            (chat, payload(self.keys, row_id, model.offer, "consent-ab"))
            for chat, row_id in copies
        ]

    def copies_on_page(self, model: _Model, number: int) -> list[tuple[str, dict[str, str]]]:
        """Copy somebody on the page; return the address of each page and what is filled in."""
        return [page for _, page in self._pages(model, number)]

    def _pages(
        self, model: _Model, number: int
    ) -> Iterator[tuple[int, tuple[str, dict[str, str]]]]:
        assert model.fields
        copies = list(self._copies(model, number))
        tokens = [secrets.token_urlsafe(16) for _ in copies]
        self._lay(
            link,
            [self._link(row_id, token) for (_, row_id), token in zip(copies, tokens, strict=True)],
        )
        for (chat, _), token in zip(copies, tokens, strict=True):
            filled = {"name": f"Nguyễn Thị {_word(chat)}", "nonce": nonces.fresh(self.keys, token)}
            yield chat, (token, model.fields | filled)

    def _copies(self, model: _Model, number: int) -> Iterator[tuple[int, int]]:
        made = [(next(self.chats), new_id()) for _ in range(number)]
        self._lay(conversation, [self._row(model, chat, row_id) for chat, row_id in made])
        return iter(made)

    def _row(self, model: _Model, chat: int, row_id: int) -> dict[str, Any]:
        table = conversation.name
        return model.row | {
            "id": row_id,
            "address_blind": self.keys.blind("address", f"{CHANNEL}|{chat}"),
            "address_sealed": self.keys.seal(table, row_id, "address_sealed", str(chat)),
            "memory_sealed": self.keys.seal(table, row_id, "memory_sealed", model.memory),
        }

    def _link(self, conversation_id: int, token: str) -> dict[str, Any]:
        now = self.office.database.moment()
        return {
            "id": new_id(),
            "kind": "sign",
            "token_blind": self.keys.blind("link", token),
            "conversation_id": conversation_id,
            "made_at": now,
            "expires_at": now + timedelta(days=1),
            "opened_at": now,
        }

    def _lay(self, table: Any, rows: list[dict[str, Any]]) -> None:
        for start in range(0, len(rows), _PIECE):
            piece = rows[start : start + _PIECE]
            self.office.database.write(_insert(table, piece))


def _insert(table: Any, rows: list[dict[str, Any]]) -> Callable[[Store], None]:
    def work(store: Store) -> None:
        store.connection.execute(insert(table), rows)

    return work


def _word(number: int) -> str:
    """Return a word of letters only, another one for each number: names have no digits."""
    letters = ""
    while True:
        number, place = divmod(number, len(_LETTERS))
        letters = _LETTERS[place] + letters
        if not number:
            return letters.capitalize()
