"""The judge of the kill runs: a sound run passes, and whatever is broken on purpose is found."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chat import KEYS, MAY
from sqlalchemy import Connection, create_engine, delete, insert, select, update

from bench import check
from bench.evidence import mark_of, read_history
from bot.hear import hear
from bot.office import Office
from bot.speech import Abilities, Form, Heard, Reply
from storage.ids import new_id
from storage.tables import (
    case_file,
    consent,
    conversation,
    inbox,
    ledger,
    letter,
    metadata,
    receipt,
    signature,
    signed_text,
)

ROOT = Path(__file__).parent.parent
FIRST, SECOND = 1001, 1002
Lines = list[dict[str, Any]]


@dataclass
class Played:
    """A small run that went well: its history, its database, its key."""

    lines: Lines
    url: str
    folder: Path

    def judged(self) -> dict[str, Any]:
        """Let the judge look at it as it is now."""
        history = self.folder / "history.jsonl"
        history.write_text("".join(f"{json.dumps(line)}\n" for line in self.lines))
        key = self.folder / "key"
        key.write_text(f"1 {base64.b64encode(KEYS.keys[1]).decode()}\n")
        return check.judged(history, self.url, key)

    def spoil(self, work: Callable[[Connection], Any]) -> None:
        """Change the database behind everybody's back."""
        engine = create_engine(self.url)
        with engine.begin() as connection:
            work(connection)
        engine.dispose()

    def event(self, kind: str) -> str:
        """The name of the first event of a kind."""
        return next(one["deed"] for one in self.lines if one.get("kind") == kind)


class Player:
    """Plays people without any server, and writes down what a load generator would."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.lines: Lines = [{"begun": "test", "servers": 1, "channel": "abroad", "bot": 1}]
        self.messages = 0

    def does(self, chat: int, kind: str, facts: dict[str, str], **what: Any) -> list[Reply]:
        """Do something, have it acknowledged, and return the letters that it brought."""
        event = f"e{len(self.lines)}"
        self.lines += [
            {"deed": event, "chat": chat, "kind": kind, **facts},
            {"tried": event, "door": 0},
            {"answered": event, "status": 200},
        ]
        hear(Heard("abroad", str(chat), event, **what), self.office)
        return self.delivered()

    def delivered(self) -> list[Reply]:
        """Deliver what waits, as the platform would note it."""
        found = []
        while letters := self.office.database.write(
            lambda store: store.outbox.claim("test", 60, ["abroad"], 50)
        ):
            for one in letters:
                self.messages += 1
                reply = Reply.from_json(one.reply)
                found.append(reply)
                text = (
                    f"{reply.text}\n{reply.link}" if reply.link not in (None, "") else reply.text
                )
                text = reply.text if reply.link and reply.link in reply.text else text
                arrived = {
                    "chat": int(one.address),
                    "hash": mark_of(text.strip()),
                    "message_id": self.messages,
                    "outcome": "accepted",
                    "method": "sendMessage",
                }
                self.lines.append({"arrived": arrived})
                ref, row = str(self.messages), one.id
                self.office.database.write(
                    lambda store, row=row, ref=ref: store.outbox.sent(row, "test", ref)
                )
        return found

    def opens(self, chat: int, token: str) -> None:
        """Open a one-time page, an event that only the server can name."""
        event = f"form:{len(self.lines)}"
        self.lines += [{"tried": "", "door": 0}, {"answered": "", "status": 200}]
        form = Form("open-link", {"token": token})
        hear(Heard("abroad", str(chat), event, form=form), self.office)

    def signs(self, chat: int, token: str, name: str) -> None:
        """Walk from the poster to the receipt."""
        welcome = self.does(chat, "scan", {"place": MAY}, scan=token)
        asked = self.does(chat, "sign", {}, choice=_payload(welcome, "sign"))
        agreed = self.does(chat, "consent-ab", {}, choice=_payload(asked, "consent-ab"))
        link = str(agreed[-1].link).rpartition("/t/")[2]
        self.opens(chat, link)
        fields = {"token": link, "choice": "put-name", "name": name, "phone": "0901234567"}
        facts = {"place": MAY, "name": name, "phone": "0901234567", "consent": "consent-ab"}
        done = self.does(chat, "put-name", facts, form=Form("sign-page", fields))
        event = next(one["deed"] for one in self.lines[::-1] if "deed" in one)
        code = done[-1].text.partition("Mã của bạn: ")[2][:6]
        self.lines.append({"told": event, "code": code})

    def takes_back(self, chat: int) -> None:
        """Take the name back."""
        asked = self.does(chat, "withdraw", {}, text="rút tên")
        self.does(chat, "withdraw-now", {}, choice=_payload(asked, "withdraw-now"))


def _payload(letters: list[Reply], choice: str) -> str:
    return next(one.payload for reply in letters for one in reply.choices if one.id == choice)


@pytest.fixture
def played(office: Office, town, tmp_path: Path) -> Played:
    """Two people signed, one of them took it back; every letter arrived."""
    abroad = Office(
        office.database,
        office.words,
        office.public_url,
        {"abroad": Abilities(pushes=True, asks_identity=False)},
    )
    player = Player(abroad)
    player.signs(FIRST, town.tokens[MAY], "Nguyễn Thị Mẫu")
    player.signs(SECOND, town.tokens[MAY], "Trần Thị Mẫu")
    player.takes_back(SECOND)
    player.lines += [
        {"killed": [0], "acked": 5, "in_flight": 1},
        {"stopped": 0, "ended": -15},
        {"drained": 0},
        {"ended": True, "acked": 10, "gave_up": 0},
    ]
    return Played(player.lines, office.database.url, tmp_path)


def test_a_sound_run_passes(played: Played) -> None:
    """Where all went well nothing is found, and the figures are those of the run."""
    found = played.judged()
    assert found["findings"] == []
    assert (found["lost"], found["doubled"], found["wrong"]) == (0, 0, 0)
    assert found["acknowledged"] == 10
    assert (found["signatures"], found["people"], found["resent"]) == (2, 2, 0)
    assert found["letters"] == {"sent": found["arrived"]}


# --- the database was spoiled --------------------------------------------------------------------


def the_event_is_gone(connection: Connection) -> None:
    connection.execute(delete(inbox).where(inbox.c.event_id.like("e%")))


def a_letter_is_gone(connection: Connection) -> None:
    connection.execute(delete(letter).where(letter.c.id == _first(connection, letter)))


def a_letter_still_waits(connection: Connection) -> None:
    connection.execute(_on_first(connection, letter).values(state="waiting", sent_ref=None))


def a_letter_was_never_sent(connection: Connection) -> None:
    connection.execute(_on_first(connection, letter).values(sent_ref="999999"))


def a_signature_is_gone(connection: Connection) -> None:
    one = _first(connection, signature)
    connection.execute(delete(signed_text).where(signed_text.c.signature_id == one))
    connection.execute(delete(signature).where(signature.c.id == one))


def a_text_is_gone(connection: Connection) -> None:
    connection.execute(
        delete(signed_text).where(signed_text.c.id == _first(connection, signed_text))
    )


def a_consent_has_ended(connection: Connection) -> None:
    given = connection.execute(select(consent.c.given_at)).scalars().first()
    connection.execute(_on_first(connection, consent).values(ended_at=given))


def a_consent_says_less(connection: Connection) -> None:
    connection.execute(_on_first(connection, consent).values(contact=False))


def an_act_is_missing(connection: Connection) -> None:
    connection.execute(delete(ledger).where(ledger.c.act == "signed"))


def an_arrival_is_missing(connection: Connection) -> None:
    connection.execute(delete(ledger).where(ledger.c.act == "arrived"))


def a_name_taken_back_stands_again(connection: Connection) -> None:
    connection.execute(update(signature).values(state="valid"))
    connection.execute(update(case_file).values(counted=2))


def a_conversation_has_forgotten(connection: Connection) -> None:
    made = connection.execute(select(conversation.c.made_at)).scalars().first()
    connection.execute(update(conversation).values(heard_at=made.replace(year=2020)))


def a_conversation_lost_a_turn(connection: Connection) -> None:
    connection.execute(_on_first(connection, conversation).values(offer=1))


def a_receipt_went_to_another(connection: Connection) -> None:
    other = connection.execute(
        select(conversation.c.id).order_by(conversation.c.id.desc())
    ).scalars()
    connection.execute(_on_first(connection, receipt).values(conversation_id=other.first()))


def an_act_was_done_twice(connection: Connection) -> None:
    _again(connection, ledger, ledger.c.act == "signed")


def a_place_was_reached_twice(connection: Connection) -> None:
    _again(connection, ledger, ledger.c.act == "arrived")


def a_text_was_kept_twice(connection: Connection) -> None:
    _again(connection, signed_text)


def a_consent_was_kept_twice(connection: Connection) -> None:
    _again(connection, consent)


def a_receipt_was_given_twice(connection: Connection) -> None:
    _again(connection, receipt, code="ZZZZZZ")


def a_turn_was_answered_twice(connection: Connection) -> None:
    connection.execute(_on_first(connection, conversation).values(offer=9))


def a_count_is_wrong(connection: Connection) -> None:
    connection.execute(update(case_file).values(counted=2))


def a_turn_broke(connection: Connection) -> None:
    connection.execute(
        update(inbox).where(inbox.c.event_id == "e1").values(state="failed", error="X")
    )


def a_text_was_changed(connection: Connection) -> None:
    connection.execute(_on_first(connection, signed_text).values(fingerprint="0" * 64))


def a_seal_was_changed(connection: Connection) -> None:
    connection.execute(
        _on_first(connection, signed_text).values(text_sealed=b"\x01\x00\x00\x00\x01" + b"x" * 40)
    )


def an_event_from_nowhere(connection: Connection) -> None:
    _again(connection, inbox, inbox.c.event_id == "e1", event_id="e99999")


def a_letter_died(connection: Connection) -> None:
    connection.execute(_on_first(connection, letter).values(state="dead", sent_ref=None))


def a_letter_from_nowhere(connection: Connection) -> None:
    connection.execute(_on_first(connection, letter).values(key="abroad:e99999:0"))


def _first(connection: Connection, table: Any) -> int:
    found = connection.execute(select(table.c.id).order_by(table.c.id)).scalars().first()
    assert found
    return int(found)


def _on_first(connection: Connection, table: Any) -> Any:
    return update(table).where(table.c.id == _first(connection, table))


def _again(connection: Connection, table: Any, *which: Any, **changed: Any) -> None:
    row = connection.execute(select(table).where(*which).order_by(table.c.id)).mappings().first()
    assert row
    connection.execute(insert(table).values({**row, "id": new_id(), **changed}))


SPOILT = [
    *((one, "lost") for one in (
        the_event_is_gone, a_letter_is_gone, a_letter_still_waits, a_letter_was_never_sent,
        a_signature_is_gone, a_text_is_gone, a_consent_has_ended, a_consent_says_less,
        an_act_is_missing, an_arrival_is_missing, a_name_taken_back_stands_again,
        a_conversation_has_forgotten, a_conversation_lost_a_turn, a_receipt_went_to_another,
    )),
    *((one, "doubled") for one in (
        an_act_was_done_twice, a_place_was_reached_twice, a_text_was_kept_twice,
        a_consent_was_kept_twice, a_receipt_was_given_twice, a_turn_was_answered_twice,
    )),
    *((one, "wrong") for one in (
        a_count_is_wrong, a_turn_broke, a_text_was_changed, a_seal_was_changed,
        an_event_from_nowhere, a_letter_died, a_letter_from_nowhere,
    )),
]  # fmt: skip


@pytest.mark.parametrize(("work", "kind"), SPOILT, ids=lambda one: getattr(one, "__name__", one))
def test_a_spoilt_database_is_found(
    played: Played, work: Callable[[Connection], None], kind: str
) -> None:
    """Whatever is taken away, done twice or changed in the database is found, and named rightly."""
    played.spoil(work)
    found = played.judged()
    assert found[kind] > 0, found


@pytest.mark.store("sqlite", reason="a server lets nobody plant that")
def test_a_row_that_points_at_nothing_is_wrong(played: Played) -> None:
    """The store itself is looked at: a file keeps references only as long as all ask it to."""
    played.spoil(lambda one: one.execute(delete(case_file)))
    assert any("points at nothing" in one for one in played.judged()["findings"])


def test_every_table_that_is_judged_exists() -> None:
    """The judge reads tables by their names, without the program: the names are the schema's."""
    from bench.evidence import TABLES

    assert set(TABLES) <= set(metadata.tables)


# --- the history tells more ----------------------------------------------------------------------


def test_an_acknowledged_event_that_is_not_kept_is_lost(played: Played) -> None:
    """An event that got its 200 and is not in the inbox was lost."""
    played.lines[-1:-1] = [
        {"deed": "e5000", "chat": FIRST, "kind": "status"},
        {"tried": "e5000", "door": 0},
        {"answered": "e5000", "status": 200},
    ]
    found = played.judged()
    assert found["lost"] == 1
    assert "e5000" in found["findings"][0]


def test_an_event_that_was_not_acknowledged_may_be_missing(played: Played) -> None:
    """What was cut off or refused is no loss."""
    played.lines[-1:-1] = [
        {"deed": "e5000", "chat": FIRST, "kind": "status"},
        {"tried": "e5000", "door": 0},
        {"answered": "e5000", "status": 503},
    ]
    assert played.judged()["findings"] == []


def test_a_page_that_was_opened_and_forgotten_is_lost(played: Played) -> None:
    """More pages were answered than the inbox knows."""
    played.lines[-1:-1] = [{"tried": "", "door": 0}, {"answered": "", "status": 200}]
    assert played.judged()["lost"] == 1


def test_a_letter_that_never_arrived_is_lost(played: Played) -> None:
    """A letter noted as sent that the platform never saw was lost."""
    played.lines = [one for one in played.lines if one.get("arrived", {}).get("message_id") != 1]
    assert played.judged()["lost"] == 1


def test_a_code_that_nobody_keeps_is_lost(played: Played) -> None:
    """A receipt that was told must be kept."""
    played.lines[-1:-1] = [{"told": played.event("put-name"), "code": "ZZZZZZ"}]
    assert played.judged()["lost"] == 1


def _once_more(played: Played) -> None:
    first = next(one["arrived"] for one in played.lines if "arrived" in one)
    played.lines[-1:-1] = [{"arrived": first | {"message_id": 5000}}]


def test_a_letter_that_may_go_again_is_counted_apart(played: Played) -> None:
    """A letter that came twice because its server died is resent, not doubled."""
    _once_more(played)
    found = played.judged()
    assert (found["resent"], found["doubled"]) == (1, 0)


def test_more_resent_than_were_in_flight_is_doubled(played: Played) -> None:
    """No more letters come twice than were in the hands of the dead."""
    _once_more(played)
    played.lines = [one for one in played.lines if "killed" not in one]
    assert played.judged()["doubled"] == 1


def test_a_letter_that_must_not_go_twice_is_doubled(played: Played) -> None:
    """A letter that is held in doubt never comes twice, whoever died."""
    played.spoil(lambda connection: connection.execute(update(letter).values(if_unsure="hold")))
    _once_more(played)
    assert played.judged()["doubled"] == 1


def test_a_held_letter_may_have_arrived_once(played: Played) -> None:
    """A letter that ended in doubt may have arrived, once, and that is no fault."""
    played.lines[-1:-1] = [
        _held(played),
    ]
    found = played.judged()
    assert (found["doubled"], found["wrong"], found["letters"]["held"]) == (0, 0, 1)


def _held(played: Played) -> dict[str, Any]:
    """Let the first letter have ended in doubt, with its words kept; return its arrival."""
    first = next(one for one in played.lines if "arrived" in one)
    played.lines.remove(first)
    said: list[str] = []

    def hold(connection: Connection) -> None:
        row = _first(connection, letter)
        reply = Reply("Chào bạn")
        said.append(reply.text)
        sealed = KEYS.seal("letter", row, "reply_sealed", reply.to_json())
        changed = {"state": "held", "if_unsure": "hold", "reply_sealed": sealed, "sent_ref": None}
        connection.execute(update(letter).where(letter.c.id == row).values(**changed))

    played.spoil(hold)
    return {"arrived": first["arrived"] | {"hash": mark_of(said[0])}}


def test_a_letter_whose_senders_all_died_is_no_fault(played: Played) -> None:
    """A letter that was cut off at every try stays to be looked at, and is counted as dead."""
    played.spoil(
        lambda one: one.execute(
            _on_first(one, letter).values(state="dead", tries=12, sent_ref=None)
        )
    )
    played.lines = [one for one in played.lines if one.get("arrived", {}).get("message_id") != 1]
    found = played.judged()
    assert (found["findings"], found["letters"]["dead"]) == ([], 1)


def test_two_turns_at_once_may_note_their_moments_in_any_order(played: Played) -> None:
    """A conversation whose last moment is that of the turn before has forgotten nothing."""

    def a_moment_earlier(connection: Connection) -> None:
        heard = connection.execute(select(conversation.c.heard_at)).scalars().first()
        assert heard
        moved = heard.replace(microsecond=0) - timedelta(seconds=1)
        connection.execute(_on_first(connection, conversation).values(heard_at=moved))

    played.spoil(a_moment_earlier)
    assert played.judged()["findings"] == []


def test_words_that_no_letter_says_are_wrong(played: Played) -> None:
    """What arrives belongs to a letter."""
    first = next(one["arrived"] for one in played.lines if "arrived" in one)
    strange = {"arrived": first | {"message_id": 5000, "hash": mark_of("?")}}
    played.lines[-1:-1] = [strange]
    assert played.judged()["wrong"] == 1


@pytest.mark.parametrize(
    "line", [{"stopped": 0, "ended": 1}, {"drained": 1}, {"stopped": 0, "ended": -9}]
)
def test_a_server_that_did_not_stop_well_is_wrong(played: Played, line: dict[str, int]) -> None:
    """A server that was asked to stop ends in good order."""
    played.lines.insert(-1, line)
    assert played.judged()["wrong"] == 1


def test_a_history_without_an_end_is_wrong(played: Played) -> None:
    """A run that was cut off proves nothing."""
    played.lines.pop()
    assert played.judged()["wrong"] == 1


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ['{"something": 1}', "{", '{"arrived": 1'])
def test_a_line_that_is_none_of_a_history_is_refused(tmp_path: Path, line: str) -> None:
    """A history with a line that cannot be read is not judged."""
    path = tmp_path / "history.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(ValueError, match=r"not a line of a history|Expecting"):
        read_history(path)


def test_the_judge_is_a_program_of_its_own(played: Played) -> None:
    """Its last line is JSON, and its exit code says whether anything was found."""
    played.judged()
    command = [
        *(sys.executable, "-m", "bench.check", played.folder / "history.jsonl"),
        *("--database", played.url, "--key-file", played.folder / "key", "--json"),
    ]
    sound = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert sound.returncode == 0, sound.stderr
    assert json.loads(sound.stdout.splitlines()[-1])["lost"] == 0
    played.spoil(an_act_is_missing)
    spoilt = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert spoilt.returncode == 1
    assert json.loads(spoilt.stdout.splitlines()[-1])["lost"] > 0


def test_the_judge_imports_nothing_of_the_program() -> None:
    """It reads by the schema's description alone: a fault it shared with the program it would miss."""
    told = "import sys, bench.check; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True
    )
    rooms = {one.split(".")[0] for one in ran.stdout.split()}
    assert not rooms & {"union", "storage", "bot", "channels", "webhook", "sqlalchemy"}
