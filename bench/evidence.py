"""What there is to judge a run by: its history as it was written, its database as it was left.

Nothing of the program is imported: what it keeps is read here by its description alone, and sealed
values are opened with the key by the standard they are sealed by.
"""

import base64
import hashlib
import hmac
import json
import sqlite3
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql
from psycopg.rows import dict_row

Row = dict[str, Any]

TABLES = (
    *("inbox", "letter", "conversation", "person", "consent", "receipt", "case_file"),
    *("signature", "signed_text", "ledger", "officer", "officer_role", "enterprise"),
    "channel_token",
)

# So many buttons Zalo shows under a text.
_ZALO_BUTTONS = 5


# --- the history ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deed:
    """One thing that somebody did: its event's name, her chat, what kind, and its facts."""

    event: str
    chat: int
    kind: str
    facts: Mapping[str, Any]


@dataclass
class Story:
    """What happened, as the load generator wrote it down."""

    begun: Row = field(default_factory=dict)
    ended: Row = field(default_factory=dict)
    deeds: dict[str, Deed] = field(default_factory=dict)
    tried: Counter[str] = field(default_factory=Counter)
    acked: set[str] = field(default_factory=set)
    opened: int = 0
    codes: list[tuple[str, str]] = field(default_factory=list)
    kills: list[Row] = field(default_factory=list)
    stops: list[Row] = field(default_factory=list)
    arrived: list[Row] = field(default_factory=list)
    gave_up: Counter[str] = field(default_factory=Counter)
    consented: list[int] = field(default_factory=list)
    platform: Row = field(default_factory=dict)

    @property
    def channel(self) -> str:
        """The channel that everybody spoke on."""
        return str(self.begun.get("channel", ""))


def read_history(path: Path) -> Story:
    """Read a history. Raises ValueError for a line that is none of its kind."""
    story = Story()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            _take(story, json.loads(line))
    return story


def _take(story: Story, note: Row) -> None:
    match note:
        case {"deed": event, "chat": chat, "kind": kind, **facts}:
            story.deeds[event] = Deed(event, chat, kind, facts)
        case {"tried": event}:
            story.tried[event] += 1
        case {"answered": event, "status": status}:
            if status == 200:
                story.opened += not event
                story.acked |= {event} - {""}
        case {"told": event, "code": code}:
            story.codes.append((event, code))
        case {"arrived": arrival}:
            story.arrived.append(arrival)
        case {"gave_up": str(why)}:
            story.gave_up[why] += 1
        case _:
            _take_of_servers(story, note)


def _take_of_servers(story: Story, note: Row) -> None:
    match note:
        case {"killed": _}:
            story.kills.append(note)
        case {"stopped": _} | {"drained": _}:
            story.stops.append(note)
        case {"consented": ended}:
            story.consented.append(ended)
        case {"platform": told}:
            story.platform = told
        case {"begun": _}:
            story.begun = note
        case {"ended": _}:
            story.ended = note
        case _:
            raise ValueError(f"not a line of a history: {sorted(note)}")


# --- the database --------------------------------------------------------------------------------


class Kept:
    """The tables as they were left, sealed values opened where they are asked for."""

    def __init__(self, url: str, keys: Mapping[int, bytes]) -> None:
        """Read everything. Raises what the driver raises."""
        self._seals = Seals(keys)
        self.faults: list[str] = []
        read = _read_file if url.startswith("sqlite:") else _read_server
        self.tables = read(url, self.faults)

    def __getitem__(self, table: str) -> list[Row]:
        """Return the rows of a table."""
        return self.tables[table]

    def by_id(self, table: str) -> Mapping[int, Row]:
        """Return the rows of a table by their ids."""
        return {row["id"]: row for row in self.tables[table]}

    def grouped(self, table: str, column: str) -> Mapping[Any, list[Row]]:
        """Return the rows of a table by what stands in a column."""
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in self.tables[table]:
            found[row[column]].append(row)
        return found

    def opened(self, table: str, row: Row, column: str) -> str | None:
        """Return a sealed value as text; None where there is none. Raises InvalidTag."""
        sealed = row[column]
        return self._seals.open(table, row["id"], column, bytes(sealed)) if sealed else None


def _read_file(url: str, faults: list[str]) -> dict[str, list[Row]]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)) as known:
        known.execute("PRAGMA query_only = ON")
        known.row_factory = sqlite3.Row
        said = [one[0] for one in known.execute("PRAGMA integrity_check")]
        faults.extend(f"integrity: {one}" for one in said if one != "ok")
        foreign = known.execute("PRAGMA foreign_key_check").fetchall()
        faults.extend(f"a row of {one[0]} points at nothing in {one[2]}" for one in foreign)
        return {
            # The names are ours, from the list above.
            name: [dict(row) for row in known.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for name in TABLES
        }


def _read_server(url: str, faults: list[str]) -> dict[str, list[Row]]:
    with psycopg.connect(url.replace("+psycopg", ""), row_factory=dict_row) as known:
        faults.extend(_index_faults(known))
        faults.extend(_dangling(known))
        return {
            name: known.execute(
                sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))
            ).fetchall()
            for name in TABLES
        }


def _index_faults(known: "psycopg.Connection[Row]") -> Iterator[str]:
    """Compare every index with its table, where the server has what it takes."""
    try:
        known.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
    except psycopg.Error:  # not installed, or not for this user
        known.rollback()
        return
    ours = (
        "SELECT c.oid::regclass::text AS name, bt_index_check(c.oid, true)"
        " FROM pg_class c JOIN pg_am a ON a.oid = c.relam"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE a.amname = 'btree' AND c.relkind = 'i' AND n.nspname = 'public'"
    )
    try:
        known.execute(ours).fetchall()
    except psycopg.Error as error:
        known.rollback()
        yield f"integrity: {error}"
    else:
        known.rollback()


def _dangling(known: "psycopg.Connection[Row]") -> Iterator[str]:
    """Look for references that lead nowhere."""
    wanted = (
        "SELECT conrelid::regclass::text AS here, confrelid::regclass::text AS there,"
        " a.attname AS name FROM pg_constraint k JOIN pg_attribute a"
        " ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] WHERE k.contype = 'f'"
    )
    for one in known.execute(wanted).fetchall():
        query = sql.SQL(
            "SELECT 1 FROM {here} h LEFT JOIN {there} t ON t.id = h.{name}"
            " WHERE h.{name} IS NOT NULL AND t.id IS NULL LIMIT 1"
        ).format(
            here=sql.Identifier(one["here"]),
            there=sql.Identifier(one["there"]),
            name=sql.Identifier(one["name"]),
        )
        if known.execute(query).fetchone():
            yield f"a row of {one['here']} points at nothing in {one['there']}"


# --- seals ---------------------------------------------------------------------------------------


class Seals:
    """Opens what is sealed: AES-256-GCM, bound to its table, row, column and key."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._boxes = {number: AESGCM(_derived(key)) for number, key in keys.items()}

    def open(self, table: str, row: int, column: str, sealed: bytes) -> str:
        """Return the text. Raises InvalidTag."""
        number = int.from_bytes(sealed[1:5], "big")
        if sealed[:1] != b"\x01" or number not in self._boxes:
            raise InvalidTag
        bound = f"{table}|{row}|{column}|{number}".encode()
        return self._boxes[number].decrypt(sealed[5:17], sealed[17:], bound).decode()


def _derived(key: bytes) -> bytes:
    """Return the key that seals, by HKDF-SHA256 of one block."""
    drawn = hmac.digest(b"ketdoan", key, "sha256")
    return hmac.digest(drawn, b"seal\x01", "sha256")


def read_keys(path: Path) -> Mapping[int, bytes]:
    """Read a key file: lines of a number and 32 bytes in base64."""
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line]
    return {int(number): base64.b64decode(key) for number, key in lines}


def fingerprint(text: str) -> str:
    """Return the mark by which an agreed text is known."""
    body = unicodedata.normalize("NFC", text).encode()
    head = b"ketdoan-paper-1"
    parts = (len(head).to_bytes(8, "big"), head, len(body).to_bytes(8, "big"), body)
    return hashlib.sha256(b"".join(parts)).hexdigest()


def mark_of(text: str) -> str:
    """Return the mark under which the platform's log knows a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def shown_on_zalo(words: str, reply: Row) -> str:
    """Return what Zalo's log makes its mark of: the words, and the names of the buttons."""
    names = [one["label"] for one in reply["choices"]]
    link = reply["link"] or ""
    if reply["link_label"] and link.startswith("https:") and len(names) < _ZALO_BUTTONS:
        names.insert(0, reply["link_label"])
    return unicodedata.normalize("NFC", "\n".join((words, *names)))
