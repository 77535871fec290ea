"""The page of names: one officer, one case, one reason, and every look is written down."""

import json
from datetime import timedelta

import pytest
from chat import GIAY, MAY, PHUONG, XA


def taken(town, number=5, **how):
    """An officer who holds a petition, and those who signed."""
    officer = town.officer("Lê Thị Thử")
    signers = town.gather(number, **how)
    officer.says(town.petition().code)
    officer.taps("desk-take")
    return officer, signers


def opened(officer, reason="papers", note=""):
    """Open the page of names and say why; return the page."""
    officer.taps("desk-open-names")
    officer.opens()
    return officer.submits("open-names", token=officer.token(), reason=reason, note=note).page


def acts(town, act):
    """The facts of every entry of one act on the petition."""
    entries = town.read(lambda store: store.ledger.of_case(town.petition().id))
    return [entry for entry in entries if entry.act == act]


def test_names_open_with_a_reason_and_are_written_down(town):
    """First she says why, then she sees the names; who, when, how many and why are kept, no name is."""
    officer, signers = taken(town, phone="0912345678")
    officer.taps("desk-open-names")
    first = officer.opens().page
    assert first.name == "names-reason"
    assert "rows" not in first.facts
    page = officer.submits("open-names", token=officer.token(), reason="papers", note="").page
    assert [row["name"] for row in page.facts["rows"]] == [chat.name for chat in signers]
    assert {row["phone"] for row in page.facts["rows"]} == {"09•• ••• 678"}
    (entry,) = acts(town, "names_opened")
    known = town.read(lambda store: store.officers.at(officer.conversation_id()))
    assert (entry.officer_id, entry.facts["reason"], entry.facts["count"]) == (
        known.id,
        "papers",
        5,
    )
    ledger = json.dumps([entry.facts for entry in town.read(lambda s: s.ledger.newest())])
    assert "Nguyễn" not in ledger
    assert "912345678" not in ledger


def test_no_names_before_enough_have_signed(town):
    """Below the number no link is made, and one that was made before shows nothing."""
    officer, signers = taken(town)
    officer.taps("desk-open-names")
    signers[0].says("rút tên")
    signers[0].taps("withdraw-now")
    assert officer.opens().page.name == "expired"
    page = officer.submits("open-names", token=officer.token(), reason="papers", note="").page
    assert page.name == "expired"
    assert acts(town, "names_opened") == []


def test_names_close_while_the_page_is_open(town):
    """Somebody takes her name back: the next click on the page shows nothing any more."""
    officer, signers = taken(town)
    page = opened(officer)
    signers[0].says("rút tên")
    signers[0].taps("withdraw-now")
    row = page.facts["rows"][1]["id"]
    assert officer.submits("show-phone", token=officer.token(), id=row).page.name == "expired"


@pytest.mark.parametrize(
    "fields", [{"reason": ""}, {"reason": "curiosity"}, {"reason": "other", "note": " "}]
)
def test_without_a_reason_nothing_opens(town, fields):
    """A reason must be one of the list; another one must be written down."""
    officer, _ = taken(town)
    officer.taps("desk-open-names")
    officer.opens()
    page = officer.submits("open-names", token=officer.token(), **{"note": "", **fields}).page
    assert page.name == "names-reason"
    assert page.facts["error"]
    assert acts(town, "names_opened") == []


def test_a_note_is_kept_sealed(town):
    """What she writes about her reason may name somebody, so it is kept, but not readable."""
    officer, _ = taken(town)
    opened(officer, "other", "hỏi chị Nguyễn Thị Mẫu")
    (entry,) = acts(town, "names_opened")
    assert "Mẫu" not in json.dumps(entry.facts, ensure_ascii=False)
    sealed = bytes.fromhex(entry.facts["note_sealed"])
    note = town.database.keys.open("link", entry.facts["link"], "note", sealed)
    assert note == "hỏi chị Nguyễn Thị Mẫu"


def test_one_number_is_shown_at_a_time_and_written_down(town):
    """A number in full is one click, one row and one entry."""
    officer, _ = taken(town, phone="0912345678")
    rows = opened(officer, "call").facts["rows"]
    page = officer.submits("show-phone", token=officer.token(), id=rows[2]["id"]).page
    assert [row["is_full"] for row in page.facts["rows"]] == [False, False, True, False, False]
    assert page.facts["rows"][2]["phone"] == "+84912345678"
    (entry,) = acts(town, "phone_shown")
    assert entry.facts == {"signature": int(rows[2]["id"])}


@pytest.mark.parametrize("wanted", ["", "1", "x" * 4000, "\x00", "-1", "9" * 30])
def test_a_row_that_is_not_there_shows_nothing_in_full(town, wanted):
    """A forged row number shows and writes nothing."""
    officer, _ = taken(town, phone="0912345678")
    opened(officer, "call")
    page = officer.submits("show-phone", token=officer.token(), id=wanted).page
    assert not any(row["is_full"] for row in page.facts["rows"])
    assert acts(town, "phone_shown") == []
    officer.submits("set-aside", token=officer.token(), id=wanted)
    assert town.read(lambda store: store.inbox.failed()) == []


def test_the_page_asks_for_the_reason_before_any_other_click(town):
    """Numbers and setting aside work only on a page that was opened with a reason."""
    officer, _ = taken(town, phone="0912345678")
    officer.taps("desk-open-names")
    officer.opens()
    row = town.read(lambda store: store.signatures.of_case(town.petition().id))[0].id
    for form in ("show-phone", "set-aside"):
        assert officer.submits(form, token=officer.token(), id=str(row)).page.name == "expired"
    assert town.petition().counted == 5


def test_a_link_opens_once_and_for_ten_minutes(town):
    """The second opening, and one after ten minutes, shows nothing."""
    officer, _ = taken(town)
    officer.taps("desk-open-names")
    officer.opens()
    assert officer.opens().page.name == "expired"
    officer.taps("desk-this")
    officer.taps("desk-open-names")
    town.clock.advance(minutes=10)
    assert officer.opens().page.name == "expired"


def test_a_link_is_good_for_one_officer_only(town):
    """A colleague who got hold of the token sees nothing."""
    officer, _ = taken(town)
    other = town.officer("Phạm Văn Nháp")
    officer.taps("desk-open-names")
    token = officer.token()
    assert other.submits("open-link", token=token).page.name == "expired"
    assert (
        other.submits("open-names", token=token, reason="papers", note="").page.name == "expired"
    )


def test_a_stopped_officer_sees_no_names(town):
    """Rights that end close the page at the next click."""
    officer, _ = taken(town)
    rows = opened(officer).facts["rows"]
    town.revoke(officer, state="suspended")
    assert (
        officer.submits("show-phone", token=officer.token(), id=rows[0]["id"]).page.name
        == "expired"
    )


def test_names_follow_the_case_to_another_body(town):
    """After the case was handed on, the page of the body before shows nothing."""
    officer, _ = taken(town)
    rows = opened(officer).facts["rows"]

    def move(store):
        case = store.cases.by_id(town.petition().id)
        store.cases.change(case, body_id=store.bodies.by_code(XA).id, officer_id=None)

    town.write(move)
    assert (
        officer.submits("show-phone", token=officer.token(), id=rows[0]["id"]).page.name
        == "expired"
    )


def test_a_name_is_set_aside_and_counted_again(town):
    """Set aside it does not count, and the count is made anew; restored it counts."""
    officer, _ = taken(town, number=6)
    rows = opened(officer, "duplicates").facts["rows"]
    page = officer.submits(
        "set-aside", token=officer.token(), id=rows[0]["id"], state="set_aside"
    ).page
    assert page.facts["rows"][0]["state"] == "set_aside"
    assert town.petition().counted == 5
    page = officer.submits(
        "set-aside", token=officer.token(), id=rows[0]["id"], state="valid"
    ).page
    assert page.facts["rows"][0]["state"] == "valid"
    assert town.petition().counted == 6
    assert len(acts(town, "set_aside")) == len(acts(town, "restored")) == 1


def test_setting_aside_one_too_many_closes_the_page(town):
    """When too few are left names close, also for the officer who set one aside."""
    officer, _ = taken(town, number=5)
    rows = opened(officer, "duplicates").facts["rows"]
    page = officer.submits(
        "set-aside", token=officer.token(), id=rows[0]["id"], state="set_aside"
    ).page
    assert page.name == "expired"
    assert town.petition().counted == 4


def test_two_on_one_phone_and_like_names_are_flagged(town):
    """The page points at what may be one person; it blocks nobody."""
    officer = town.officer("Lê Thị Thử")
    town.gather(3)
    shared = town.person("Nguyễn Thị Mẫu Hai")
    shared.signs(MAY, name="Nguyễn Thị Mẫu")
    shared.signs(MAY, name="Trần Văn Ví Dụ")
    near = town.person("Nguyễn Thi Mẫu Ba")
    near.signs(MAY, name="Nguyen Thi Mau")
    officer.says(town.petition().code)
    officer.taps("desk-take")
    flags = {row["name"]: row["flags"] for row in opened(officer, "duplicates").facts["rows"]}
    assert "chung một máy" in flags["Nguyễn Thị Mẫu"]
    assert "gần giống" in flags["Nguyễn Thị Mẫu"]
    assert "gần giống" in flags["Nguyen Thi Mau"]
    assert "gần giống" not in flags["Trần Văn Ví Dụ"]


def test_withdrawn_names_are_not_on_the_page(town):
    """Who took her name back is shown to nobody."""
    officer, signers = taken(town, number=6)
    signers[0].says("rút tên")
    signers[0].taps("withdraw-now")
    names = [row["name"] for row in opened(officer).facts["rows"]]
    assert len(names) == 5
    assert signers[0].name not in names


def test_the_name_of_a_join_opens_for_who_handles_it(town):
    """A wish to join has one name on its page."""
    officer = town.officer("Lê Thị Thử")
    worker = town.person("Trần Văn Ví Dụ")
    worker.signs(GIAY, phone="0912345678")
    officer.says(worker.code)
    officer.taps("desk-take")
    page = opened(officer, "papers")
    assert [row["name"] for row in page.facts["rows"]] == ["Trần Văn Ví Dụ"]


def test_a_number_left_with_a_question_opens_there_too(town):
    """Who asked to be called has a number on the page, and no name."""
    officer = town.officer("Lê Thị Thử")

    def ask(store):
        known = store.conversations.locked("paper", "asker", "vi")
        return store.cases.open(
            "request", store.people.new_code(), "waiting", store.bodies.by_code(PHUONG).id,
            conversation_id=known.id, about="wage", text="x", call="+84912345678, sau 19 giờ",
            due_on=store.today + timedelta(days=3),
        )  # fmt: skip

    case = town.write(ask)
    officer.says(case.code)
    officer.taps("desk-take")
    (row,) = opened(officer, "call").facts["rows"]
    assert (row["name"], row["phone"], row["flags"]) == ("", "09•• ••• 678", "sau 19 giờ")
    page = officer.submits("show-phone", token=officer.token(), id=row["id"]).page
    assert page.facts["rows"][0]["phone"] == "+84912345678"
