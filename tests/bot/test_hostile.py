"""A hostile employer, with accounts, codes, a borrowed phone and a bribe, learns and breaks nothing."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable, Sequence
from datetime import date
from itertools import takewhile
from urllib.parse import quote

import pytest
from chat import GIAY, MAY, PHUONG, TINH, XA, Chat, Town
from sqlalchemy import select
from stores import Store as Kind

from bot import speech
from bot.dialogues import statement
from storage import tables
from storage.officers import INVITATION_LENGTH
from storage.store import Store
from union.codes import ALPHABET
from union.folding import fold

Build = Callable[[], Town]

NAME = "Nguyễn Thị Mẫu"
PHONE = "0912 345 678"
EMPLOYER = "Trần Văn Chủ Nháp"


def states(town: Town, chat: Chat) -> list[str]:
    """How the signatures of an address stand."""
    here = chat.conversation_id()
    return [one.state for one in town.read(lambda store: store.signatures.at(here))]


def read_by(town: Town, chat: Chat) -> str:
    """Everything that somebody was told, codes and links made alike."""
    return town.neutral("\n".join(f"{one.text} {one.choices!r}" for one in _plain(chat)))


def _plain(chat: Chat) -> list[speech.Reply]:
    """The replies with the labels of their buttons only: a payload is another's in every chat."""
    return [
        speech.Reply(
            one.text,
            tuple(speech.Choice(choice.id, choice.label, "") for choice in one.choices),
        )
        for one in chat.received
    ]


def asks_everything(chat: Chat) -> None:
    """Ask all that a worker may ask of her matter."""
    for line in ("tới đâu rồi", "tiến độ", "bản đã ghi", "thông tin của tôi", "xem tin", "menu"):
        chat.says(line)


def taken(town: Town, number: int = 5) -> tuple[Chat, list[Chat]]:
    """An officer who holds the petition, and those who signed."""
    officer = town.officer("Lê Thị Thử")
    signers = town.gather(number)
    officer.says(town.petition().code)
    officer.taps("desk-take")
    return officer, signers


def names_page(officer: Chat):
    """Open the page of names for a reason; return the page."""
    officer.taps("desk-open-names")
    officer.opens()
    return officer.submits("open-names", token=officer.token(), reason="papers", note="").page


# --- a typed name and number of somebody ----------------------------------------------------------


def test_a_typed_number_changes_nothing_for_its_owner(build: Build) -> None:
    """Whatever is done from another account with her name and number, she reads the same."""

    def lived(*, is_attacked: bool) -> tuple[str, list[str]]:
        town = build()
        worker, employer = town.person(NAME), town.person(EMPLOYER)
        worker.signs(phone=PHONE)
        employer.scans(MAY)
        if is_attacked:
            employer.signs(name=NAME, phone=PHONE)
            employer.says("rút tên")
            employer.taps("withdraw-now")
            employer.says("không phải tôi")
            employer.taps("not-me-yes")
            employer.says("xóa dữ liệu")
            employer.taps("erase-all")
        asks_everything(worker)
        town.clock.set(date(2026, 11, 23), 7, 30)
        town.rounds()
        asks_everything(worker)
        return read_by(town, worker), states(town, worker)

    assert lived(is_attacked=True) == lived(is_attacked=False)


def test_a_typed_number_takes_no_verified_one_away(town: Town) -> None:
    """Her number, vouched for by the channel, stays verified while others type it and withdraw."""
    worker, employer = town.person(NAME), town.person(EMPLOYER)
    worker.scans(MAY)
    worker.taps("sign")
    worker.taps("consent-ab")
    worker.says(NAME)
    worker.shares_contact("+84912345678")
    worker.taps("put-name")
    employer.signs(name=NAME, phone="84 912 345 678")
    employer.says("rút tên")
    employer.taps("withdraw-now")
    here = worker.conversation_id()
    (person,) = town.read(lambda store: store.people.at(here))
    assert (person.known, person.phone, states(town, worker)) == (
        "verified",
        "+84912345678",
        ["valid"],
    )
    assert town.petition().counted == 1


def test_a_number_known_to_have_signed_reads_like_a_fresh_one(build: Build) -> None:
    """Typing the number of somebody who signed answers as one that nobody ever gave."""

    def tried(*, has_signed: bool) -> str:
        town = build()
        employer = town.person(EMPLOYER)
        other = town.person(NAME)
        other.signs(phone=PHONE if has_signed else "0987 654 321")
        employer.signs(name=NAME, phone=PHONE)
        asks_everything(employer)
        return read_by(town, employer)

    assert tried(has_signed=True) == tried(has_signed=False)


# --- another's buttons, links and codes -----------------------------------------------------------


def test_anothers_button_does_nothing(town: Town) -> None:
    """Her buttons, sent from another account, are refused; nothing of hers changes."""
    worker, employer = town.person(NAME), town.person(EMPLOYER)
    worker.signs()
    worker.says("rút tên")
    stolen = worker.button("withdraw-now").payload
    employer.signs()
    employer.says("rút tên")
    (told,) = employer.presses(stolen)
    assert told.text == employer.town.office.words.text("error-not-allowed", "vi")
    assert states(town, worker) == states(town, employer) == ["valid"]


def test_an_old_button_of_hers_does_nothing(town: Town) -> None:
    """The last tap of a finished walk, pressed after she took her name back, signs nothing."""
    worker = town.person(NAME)
    worker.signs()
    old = worker.button("put-name").payload
    worker.says("rút tên")
    worker.taps("withdraw-now")
    worker.presses(old)
    assert states(town, worker) == ["withdrawn"]


@pytest.mark.parametrize("line", ["bản đã ghi", "thông tin của tôi"])
def test_anothers_link_opens_nothing(town: Town, line: str) -> None:
    """A link made for her shows another account what an invented one shows."""
    worker, employer = town.person(NAME), town.person(EMPLOYER)
    worker.signs()
    worker.says(line)
    if line == "thông tin của tôi":
        worker.taps("see-kept")
        worker.taps("open-private")
    employer.scans(MAY)
    stolen = employer.submits("open-link", token=worker.token()).page
    assert (stolen.name, stolen.facts) == ("expired", {})
    assert worker.opens().page.name in ("text", "mine"), "and hers still opens"


def test_a_found_code_reads_like_an_invented_one(town: Town) -> None:
    """Signed, put off, taken back and made up: from elsewhere the four codes read alike."""
    signed, later, back = (town.person(one) for one in (NAME, "Lê Thị Thử", "Phạm Văn Nháp"))
    signed.signs()
    later.signs(last="later")
    back.signs()
    back.says("rút tên")
    back.taps("withdraw-now")
    read = set()
    for code in (signed.code, later.code, back.code, "H4TPN8"):
        employer = town.person(EMPLOYER)
        employer.scans(MAY)
        employer.says(code)
        read.add(employer.last.replace(code, "…") + "".join(employer.labels))
    assert len(read) == 1


def test_codes_cannot_be_tried_without_end(town: Town) -> None:
    """After five codes from elsewhere even a real one of a moving matter gets no answer."""
    town.officer("Lê Thị Thử")
    signers = town.gather(5)
    town.clock.set(date(2026, 11, 23), 7, 30)
    town.rounds()
    employer = town.person(EMPLOYER)
    employer.scans(MAY)
    for number in range(5):
        employer.says(f"H4TPN{ALPHABET[number]}")
    employer.says("menu")
    employer.says("rút tên")
    employer.taps("withdraw-keep")
    employer.says(signers[0].code)
    assert employer.last == town.office.words.text("status-code-too-often", "vi")


# --- “không phải tôi” as a tool -------------------------------------------------------------------


def test_a_claim_tells_its_maker_nothing(town: Town) -> None:
    """Right code and name, right code and wrong name, wrong code: the same words, nothing set aside."""
    worker = town.person(NAME)
    worker.signs()
    read = set()
    for code, name in ((worker.code, NAME), (worker.code, EMPLOYER), ("H4TPN8", NAME)):
        employer = town.person(EMPLOYER)
        claims(employer, code, name)
        read.add(town.neutral(read_by(town, employer)))
    assert len(read) == 1
    assert states(town, worker) == ["valid"]


def claims(chat: Chat, code: str, name: str) -> None:
    """Say that the name behind a code is not the claimant's doing."""
    chat.says("không phải tôi")
    chat.taps("not-me-yes")
    chat.taps("not-me-claim")
    chat.says(code)
    chat.says(name)


def test_names_cannot_be_tried_by_claims(town: Town) -> None:
    """Who sits at the desk and has a code learns no name by claiming one after the other."""
    worker, employer = town.person(NAME), town.person(EMPLOYER)
    worker.signs()
    for number in range(8):
        claims(employer, worker.code, f"Người Thử {chr(ord('A') + number)}")
    claims(employer, worker.code, NAME)
    case = town.petition()
    claimed = [
        one
        for one in town.read(lambda store: store.ledger.of_case(case.id))
        if one.act == "claimed"
    ]
    assert len(claimed) == 5
    assert not any(one.facts["match"] for one in claimed)
    town.clock.advance(days=2)
    claims(employer, worker.code, NAME)
    assert town.read(lambda store: store.ledger.of_case(case.id))[-1].facts["match"]


# --- a borrowed phone -----------------------------------------------------------------------------


def member(town: Town) -> Chat:
    """Somebody who signed and accepted a seat in the committee."""
    signers = town.gather(5)
    chat = signers[0]
    here, case = chat.conversation_id(), town.petition()
    town.write(lambda store: store.cases.set_committee_state(case.id, here, "accepted"))
    return chat


@pytest.mark.parametrize(
    "line", ["lấy đường dẫn mời", "đổi đường dẫn", "tiến độ", "thôi vận động"]
)
def test_a_locked_phone_shows_no_seat_in_the_committee(build: Build, line: str) -> None:
    """On a locked phone a member's words read like those of somebody who never signed."""
    read = set()
    for is_member in (True, False):
        town = build()
        chat = member(town) if is_member else town.person(NAME)
        if not is_member:
            chat.scans(MAY)
        chat.says("khóa")
        before = len(chat.received)
        chat.says(line)
        del chat.received[:before]
        read.add(read_by(town, chat))
    assert len(read) == 1


@pytest.mark.parametrize("page", ["text", "consents", "mine"])
def test_a_link_that_lies_in_a_locked_chat_shows_nothing(town: Town, page: str) -> None:
    """A link sent before she locked her chat opens nothing afterwards."""
    worker = town.person(NAME)
    worker.signs()
    if page == "text":
        worker.says("bản đã ghi")
    else:
        worker.says("thông tin của tôi")
        worker.taps("change-consent" if page == "consents" else "see-kept")
        if page == "mine":
            worker.taps("open-private")
    worker.says("khóa")
    assert worker.opens().page.name == "expired"
    if page == "consents":
        worker.submits("consents-page", token=worker.token())
        assert states(town, worker) == ["valid"], "nor does it take anything back"


# --- false signatures and the clock ---------------------------------------------------------------


def test_a_false_signer_is_told_nothing_before_the_daily_run(town: Town) -> None:
    """Reaching the number at noon pushes nothing; the next morning brings one neutral line, once."""
    officer = town.officer("Lê Thị Thử")
    employer = town.person(EMPLOYER)
    employer.signs()
    employer.says("tới đâu rồi")
    asked = employer.last
    count = len(employer.received)
    signers = town.gather(4)
    assert len(employer.received) == count
    assert town.petition().state == "ready"
    employer.says("tới đâu rồi")
    assert employer.last == asked
    count = len(employer.received)
    town.clock.set(date(2026, 11, 23), 7, 30)
    town.rounds()
    assert [one.text for one in employer.received[count:]] == ["Bạn có tin mới."]
    signers[0].says("rút tên")
    signers[0].taps("withdraw-now")
    signers[0].signs()
    for day in (24, 25):
        town.clock.set(date(2026, 11, day), 7, 30)
        town.rounds()
    assert len(employer.received) == count + 1
    assert officer.received


def test_a_bribed_member_sees_what_one_signer_more_does_not_change(build: Build) -> None:
    """Within a band a member of the committee reads the same whatever the exact number."""

    def seen(others: int) -> str:
        town = build()
        chat = member(town)
        town.gather(others)
        town.clock.set(date(2026, 11, 23), 7, 30)
        town.rounds()
        for line in ("tiến độ", "việc cần làm", "lấy đường dẫn mời", "tới đâu rồi"):
            chat.says(line)
        return read_by(town, chat)

    assert seen(1) == seen(2) == seen(4)
    assert seen(4) != seen(5), "the comparison can fail: the next band is told"


# --- a bribed officer -----------------------------------------------------------------------------


def test_an_officer_elsewhere_learns_of_no_case(build: Build) -> None:
    """Codes, places and words bring another body's officer the same with 0, 4 and 9 signers."""

    def tried(number: int) -> str:
        town = build()
        bribed = town.officer("Phạm Văn Nháp", XA)
        town.gather(number)
        case = town.petition()
        code = case.code if case else "H4TPN8"
        signer = town.chats[-1].code if number else "H4TPN9"
        for line in (code, signer, f"mở tên {code}", f"mở tên {signer}", "việc", "quá hạn"):
            bribed.says(line)
        town.clock.set(date(2026, 11, 23), 8, 30)
        town.rounds()
        bribed.says("việc")
        return read_by(town, bribed).replace(code, "…").replace(signer, "……")

    assert tried(0) == tried(4) == tried(9)


def test_an_officer_elsewhere_cannot_use_a_colleagues_link(town: Town) -> None:
    """The link to names opens for the officer it was made for, and for nobody else."""
    officer, _ = taken(town)
    bribed = town.officer("Phạm Văn Nháp", XA)
    colleague = town.officer("Đỗ Thị Ví Dụ", PHUONG)
    officer.taps("desk-open-names")
    for thief in (bribed, colleague):
        for form in ("open-link", "open-names", "show-phone", "set-aside"):
            page = thief.submits(form, token=officer.token(), reason="papers", id="1").page
            assert (page.name, page.facts) == ("expired", {})
    assert officer.opens().page.name == "names-reason"


def test_an_officer_handed_a_forged_button_reads_no_card(town: Town) -> None:
    """A card is picked by a button made for this chat: with another's, or one changed, nothing opens."""
    officer, _ = taken(town)
    officer.says("việc")
    real = next(one for one in officer.received[-1].choices if one.id.startswith("pick-"))
    bribed = town.officer("Phạm Văn Nháp", XA)
    bribed.says("việc")
    refused = town.office.words.text("error-not-allowed", "vi")
    number, _, rest = real.payload.partition(".")
    for payload in (real.payload, f"{int(number) + 1}.{rest}", f"0.{rest}", "0.desk.", "", "."):
        (told,) = bribed.presses(payload)
        assert told.text == refused


def test_no_officer_reads_a_name_before_enough_have_signed(town: Town) -> None:
    """Four sign, claim, withdraw and ask: nothing that any desk is told or shown holds a name."""
    desks = [
        town.officer("Lê Thị Thử", PHUONG),
        town.officer("Phạm Văn Nháp", XA),
        town.officer("Đỗ Thị Ví Dụ", TINH, "receives", "checks", "signs"),
    ]
    signers = town.gather(4, phone=PHONE, consent="consent-ab")
    case = town.petition()
    signers[0].says("không phải tôi")
    signers[0].taps("not-me-yes")
    claims(signers[1], signers[2].code, signers[2].name)
    for days in (3, 20):
        town.rounds(days=days)
    for desk in desks:
        for line in (case.code, f"mở tên {case.code}", "việc", "quá hạn", "xem tin"):
            desk.says(line)
        desk.submits("open-names", token="none", reason="papers")
        told = " ".join(one.text for one in desk.received)
        for signer in signers:
            assert signer.name not in told
        assert "345" not in told.replace(" ", "")
        assert town.petition().state == "open"


def test_a_page_of_names_closes_when_the_number_falls(town: Town) -> None:
    """Every form of an open page shows nothing once a signer has gone; nothing can be set aside."""
    officer, signers = taken(town)
    rows = names_page(officer).facts["rows"]
    assert len(rows) == 5
    signers[0].says("rút tên")
    signers[0].taps("withdraw-now")
    for form in ("open-link", "open-names", "show-phone", "set-aside"):
        page = officer.submits(
            form, token=officer.token(), reason="papers", id=rows[1]["id"], state="set_aside"
        ).page
        assert (page.name, page.facts) == ("expired", {})
    assert states(town, signers[1]) == ["valid"]


def test_an_invitation_cannot_be_guessed() -> None:
    """At 100,000 guesses a second, a week of 1,000 open invitations is hit with less than 1 in 10,000."""
    guesses = 100_000 * 7 * 24 * 3600
    assert guesses * 1000 / len(ALPHABET) ** INVITATION_LENGTH < 1 / 10_000


# --- what the file holds --------------------------------------------------------------------------


def spelt(text: str) -> list[bytes]:
    """A text as a file might hold it by mistake: encodings, without marks, quoted, base64.

    Always in the same order; of a text that begins with another each begins so, too.
    """
    found = []
    for one in (text, text.lower(), text.upper(), fold(text), fold(text).replace(" ", "")):
        raw = one.encode()
        found += [one.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
        found += [quote(one).encode(), one.encode("unicode_escape")]
        # Whole groups of three bytes: the same letters whatever comes behind.
        found.append(base64.b64encode(raw[: len(raw) // 3 * 3]))
    return found


# Name and number for each way in; the words are such as nothing else in the town uses.
CANARIES = {
    "signer": ("Khuất Thị Oanhvũ", "0931 111 701"),
    "put off": ("Khuất Thị Oanhvi", "0931 111 702"),
    "half": ("Khuất Thị Oanhva", "0931 111 703"),
    "asker": ("Khuất Thị Oanhvo", "0931 111 704"),
    "broken": ("Khuất Thị Oanhve", "0931 111 705"),
    "joiner": ("Khuất Thị Oanhvê", "0931 111 706"),
    "claimed": ("Khuất Thị Oanhvô", "0931 111 707"),
    "officer": ("Khuất Thị Oanhvơ", "0931 111 708"),
    "page": ("Khuất Thị Oanhvư", "0931 111 709"),
    "stray": ("Khuất Thị Oanhvy", "0931 111 710"),
}


def let_canaries_fly(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring a name and a number in by every way there is, good and bad."""
    who = {key: town.person(name) for key, (name, _) in CANARIES.items() if key != "officer"}
    said = {key: (name, phone) for key, (name, phone) in CANARIES.items()}
    who["signer"].signs(name=said["signer"][0], phone=said["signer"][1])
    who["put off"].signs(name=said["put off"][0], phone=said["put off"][1], last="later")
    who["joiner"].signs(GIAY, name=said["joiner"][0], phone=said["joiner"][1])
    half = who["half"]
    half.scans(MAY)
    half.taps("sign")
    half.taps("consent-ab")
    half.says(said["half"][0])
    half.says(said["half"][1])
    asker = who["asker"]
    asker.scans(MAY)
    asker.taps("person")
    asker.says("1")
    asker.says(f"Tôi là {said['asker'][0]}, gọi tôi số {said['asker'][1]}")
    asker.taps("Muốn được gọi")
    asker.says(said["asker"][1])
    claims(who["claimed"], who["signer"].code, said["claimed"][0])
    who["stray"].says(f"{said['stray'][0]} {said['stray'][1]}")
    who["stray"].shares_contact(said["stray"][1])
    page = town.person("page", "abroad")
    page.scans(MAY)
    page.taps("sign")
    page.taps("consent-ab")
    page.opens()
    page.submits(
        "sign-page",
        token=page.token(),
        choice="later",
        name=said["page"][0],
        phone=said["page"][1],
    )
    _break_a_turn(town, who["broken"], monkeypatch)
    _let_the_desk_write(town, who["joiner"])


def _break_a_turn(town: Town, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    name, phone = CANARIES["broken"]

    def breaks(*_: object) -> None:
        raise ValueError(f"cannot keep {name} {phone}")

    chat.scans(MAY)
    chat.taps("sign")
    chat.taps("consent-ab")
    with monkeypatch.context() as patched:
        patched.setattr(statement, "ask_statement", breaks)
        chat.says(name)
        chat.says(phone)
        chat.says(f"{name} {phone}")


def _let_the_desk_write(town: Town, joiner: Chat) -> None:
    name, phone = CANARIES["officer"]
    officer = town.officer(name)
    officer.says(joiner.code)
    officer.taps("desk-take")
    officer.taps("desk-return")
    officer.taps("Lý do khác, tôi gõ")
    officer.says(f"Thiếu giấy của {name}, gọi {phone}")
    officer.says("1")
    town.gather(5)
    officer.says(town.petition().code)
    officer.taps("desk-take")
    officer.taps("desk-open-names")
    officer.opens()
    note = f"gọi {name} {phone}"
    officer.submits("open-names", token=officer.token(), reason="other", note=note)
    town.rounds(days=4)


def test_file_and_log_hold_no_name_and_no_number(
    town: Town,
    store: Kind,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Names and numbers brought in by every way stand readable in no file and in no line of a log."""
    caplog.set_level(logging.DEBUG)
    began = time.time()
    let_canaries_fly(town, monkeypatch)
    printed = capfd.readouterr()
    logged = f"{printed.out}{printed.err}{caplog.text}"
    assert "turn broke" in logged, "the broken turn was logged"
    held = store.bytes_of(town.database.url, began) + logged.encode()
    for secrets in zip(*map(secrets_of, CANARIES.values()), strict=True):
        # All begin alike: what holds nothing that begins so holds none of them.
        begun = [way for way, one in enumerate(spelt(beginning_of(secrets))) if one in held]
        for secret in secrets:
            assert [way for way in begun if spelt(secret)[way] in held] == [], secret
    assert "Công ty May Ví Dụ".encode() in held, "the search is not blind"
    assert _opens_somewhere(town), "and the names are there, sealed"


def secrets_of(canary: tuple[str, str]) -> tuple[str, ...]:
    """What must stand nowhere of one person."""
    name, phone = canary
    digits = phone.replace(" ", "")[1:]
    return name, name.rsplit(maxsplit=1)[-1], phone, digits, f"+84{digits}"


def beginning_of(texts: Sequence[str]) -> str:
    """Return the letters with which all of these begin."""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in alike)


def _opens_somewhere(town: Town) -> bool:
    def look(store: Store) -> bool:
        ids = store.connection.execute(select(tables.person.c.id)).scalars()
        return CANARIES["signer"][0] in {store.people.by_id(one).name for one in ids}

    return town.read(look)


# --- what was erased ------------------------------------------------------------------------------


def sealed_of(town: Town, chat: Chat) -> list[bytes]:
    """The sealed values that hold something of a person."""
    here = chat.conversation_id()

    def look(store: Store) -> list[bytes]:
        found: list[bytes | None] = []
        person, text, kept = tables.person, tables.signed_text, tables.conversation
        for row in store.connection.execute(
            select(person).where(person.c.conversation_id == here)
        ):
            found += [row.name_sealed, row.phone_sealed, row.name_blind, row.phone_blind]
        mine = [one.id for one in store.signatures.at(here)]
        for row in store.connection.execute(select(text).where(text.c.signature_id.in_(mine))):
            found.append(row.text_sealed)
        for row in store.connection.execute(select(kept).where(kept.c.id == here)):
            found.append(row.memory_sealed)
        return [one for one in found if one]

    return town.read(look)


@pytest.mark.store("sqlite", reason="PostgreSQL cleans pages and log when it likes")
def test_what_was_erased_is_gone_from_the_file_and_its_log(town: Town, store: Kind) -> None:
    """After erasing and one tick no sealed byte of her stands in the database or beside it."""
    chat = town.person(NAME)
    chat.signs(phone=PHONE)
    chat.says("gặp cán bộ")
    before = sealed_of(town, chat)
    assert len(before) >= 6
    assert all(one in store.bytes_of(town.database.url) for one in before)
    chat.says("xóa dữ liệu")
    chat.taps("erase-all")
    assert any(one in store.bytes_of(town.database.url) for one in before), (
        "the log still has it: not yet settled"
    )
    town.rounds(minutes=1)
    held = store.bytes_of(town.database.url)
    assert [one for one in before if one in held] == []


def test_erasing_wipes_letters_that_found_no_way(town: Town) -> None:
    """Words of letters that ended dead or unsure are wiped with the rest of hers."""
    chat = town.person(NAME)
    chat.signs()
    here = chat.conversation_id()

    def leave_one(store: Store) -> None:
        reply = speech.Reply(f"Tôi là {NAME}").to_json()
        store.outbox.post(
            key="k", conversation_id=here, channel="paper", reply=reply, lane="talk",
            if_unsure="resend", state="waiting", not_before_at=None,
        )  # fmt: skip
        (one,) = store.outbox.claim("lease", 60, ["paper"], 5)
        store.outbox.dead(one.id, "lease", "rejected")

    town.write(leave_one)
    assert [one.reply for one in town.read(lambda store: store.outbox.troubled())] != [""]
    chat.says("xóa dữ liệu")
    chat.taps("erase-all")
    assert [one.reply for one in town.read(lambda store: store.outbox.troubled())] == [""]


def test_erasing_wipes_what_the_desk_answered(town: Town) -> None:
    """An officer's answer to an erased question is wiped too, and is shown to nobody any more."""
    officer = town.officer("Lê Thị Thử")
    chat = town.person(NAME)
    chat.scans(MAY)
    chat.taps("person")
    chat.says("1")
    chat.says("Lương trả chậm hai tháng rồi ạ")
    chat.taps("Nhắn tôi ở đây")
    code = chat.code
    officer.says(code)
    officer.taps("desk-take")
    officer.taps("desk-answer")
    officer.says("Chào chị, mời chị tới gặp chúng tôi.")
    officer.taps("send")
    chat.says("tới đâu rồi")
    assert "mời chị tới gặp" in "".join(one.text for one in chat.received)
    chat.says("xóa dữ liệu")
    chat.taps("erase-questions")
    before = len(chat.received)
    for line in ("tới đâu rồi", code):
        chat.says(line)
    assert "mời chị tới gặp" not in "".join(one.text for one in chat.received[before:])
    asked = town.read(lambda store: store.cases.requests_of(chat.conversation_id()))
    assert {one.reason for one in asked} == {""}
