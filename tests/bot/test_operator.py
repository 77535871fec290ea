"""Commands that change something: posters, officers, tables; all or nothing, from this machine only."""

import json
from datetime import date

import pytest
from chat import GIAY, MAY, PHUONG, TINH, XA


@pytest.fixture
def operator(town):
    """Somebody at the machine itself."""
    return town.person("vận hành", channel="operator")


def body_row(code="CD-MOI", **other):
    """One row of the table of bodies."""
    row = {
        "line": 2, "code": code, "name": "Công đoàn xã Mới", "level": "commune", "parent": TINH,
        "enterprise": None, "receives": ["join", "petition"], "checks": [], "signs": [],
        "hotline": None, "valid_from": "2026-01-01", "valid_to": None, "source": "thử",
    }  # fmt: skip
    return row | other


def coverage_row(body=XA, **other):
    """One row of the table of coverage."""
    row = {
        "line": 2, "body": body, "kind": "commune", "ref": "26041", "priority": 5,
        "valid_from": "2026-11-20", "valid_to": None, "source": "thử",
    }  # fmt: skip
    return row | other


def place_row(code="DN-MOI", **other):
    """One row of the table of places of work."""
    row = {
        "line": 2, "code": code, "name": "Công ty Mới", "tax_code": None, "commune_code": "26041",
        "province_code": "75", "zone": None, "sector": None, "ownership": "private",
        "workers": 40, "pays_fee": None, "address": "Số 0 đường Mẫu",
    }  # fmt: skip
    return row | other


def imports(operator, kind, *rows, dry=False, event=None):
    """Hand a table in."""
    fields = {"rows": json.dumps(rows)}
    if dry:
        fields["dry"] = "yes"
    return operator.submits(f"import-{kind}", event=event, **fields)


# --- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        "import-bodies",
        "import-coverage",
        "import-enterprises",
        "qr",
        "qr-revoke",
        "invite",
        "revoke",
        "restore",
    ],
)
def test_commands_come_from_the_machine_alone(town, form):
    """The same form from any other channel is refused and changes nothing."""
    stranger = town.person("kẻ lạ")
    officer = town.officer("Lê Thị Thử")
    outcome = stranger.submits(
        form, body=PHUONG, role="receives", rows=json.dumps([body_row()]), enterprise=MAY
    )
    assert outcome.page is None
    assert "không làm được" in stranger.last
    assert town.read(lambda store: store.officers.at(officer.conversation_id())) is not None


# --- posters and officers ------------------------------------------------------------------------


def test_a_poster_is_made_and_revoked(town, operator):
    """The poster's code and link come back once, and revoking ends both."""
    facts = operator.submits("qr", enterprise=MAY, variant="cổng chính", plain="yes").page.facts
    made = town.read(lambda store: store.posters.by_code(facts["code"]))
    assert facts["link"].endswith(f"/q/{made.token}")
    assert not made.names_enterprise
    operator.submits("qr-revoke", code=facts["code"])
    assert town.read(lambda store: store.posters.by_token(made.token)) is None


@pytest.mark.parametrize(
    ("form", "fields", "said"),
    [
        ("qr", {"enterprise": "DN-KHONG"}, "Không có nơi làm"),
        ("qr-revoke", {"code": "ABCDEF"}, "Không có tờ dán"),
        ("invite", {"body": "CD-KHONG", "role": "receives"}, "Không có công đoàn"),
        ("invite", {"body": PHUONG, "role": "boss"}, "Không có vai"),
        ("invite", {"body": PHUONG, "role": "signs", "days": "0"}, "Số ngày"),
        ("invite", {"body": PHUONG, "role": "signs", "days": "1e9"}, "Số ngày"),
        ("revoke", {"body": PHUONG, "officer": "không ai"}, "Không có cán bộ"),
        ("restore", {"body": PHUONG, "officer": "9" * 40}, "Không có cán bộ"),
        ("import-bodies", {"rows": "không phải JSON"}, "không có dòng"),
        ("import-bodies", {"rows": "[]"}, "không có dòng"),
        ("import-coverage", {"rows": "[1]"}, "không có dòng"),
        ("import-enterprises", {}, "không có dòng"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(operator, form, fields, said):
    """A wrong field is named; no page comes back, so that a program sees that it failed."""
    outcome = operator.submits(form, **fields)
    assert outcome.page is None
    assert said in operator.last


def test_an_invitation_carries_body_role_and_inviter(town, operator):
    """What the operator wrote is what the officer reads."""
    facts = operator.submits(
        "invite", body=TINH, role="signs", name="", days="3", inviter="Phạm Văn Nháp"
    ).page.facts
    officer = town.person("Lý Văn Ký")
    officer.says(facts["code"])
    assert (
        "ký quyết định, tại Liên đoàn Lao động tỉnh Mẫu. Người mời: Phạm Văn Nháp" in officer.last
    )


def test_revoking_one_leaves_the_others(town, operator):
    """Only the officer named is stopped; what she held is free, what others hold is not."""
    one, two = town.officer("Lê Thị Thử"), town.officer("Phạm Văn Nháp")
    town.gather(5)
    town.person("Trần Văn Ví Dụ").signs(GIAY)
    for chat, number in ((one, "1"), (two, "2")):
        chat.says("việc")
        chat.says(number)
        chat.taps("desk-take")
    facts = operator.submits(
        "revoke", body=PHUONG, role="", officer="Lê Thị Thử", suspend="no"
    ).page.facts
    assert facts["revoked"] == 1
    assert town.read(lambda store: store.officers.at(one.conversation_id())) is None
    assert town.petition().officer_id is None
    held = town.read(lambda s: s.cases.held_by(s.officers.at(two.conversation_id()).id))
    assert len(held) == 1


def test_revoking_everybody_closes_open_invitations(town, operator):
    """Without a name all officers of the role go, and codes that lie around open nothing."""
    town.officer("Lê Thị Thử")
    code = town.invitation(PHUONG, "receives")
    operator.submits("revoke", body=PHUONG, role="", officer="", suspend="no")
    assert town.read(lambda store: store.officers.of_body(store.bodies.by_code(PHUONG).id)) == []
    assert town.read(lambda store: store.officers.invitation(code)) is None


def test_a_suspended_officer_comes_back(town, operator):
    """Suspended is not revoked: the same officer goes on after the roles are given back."""
    officer = town.officer("Lê Thị Thử")
    known = town.read(lambda store: store.officers.at(officer.conversation_id()))
    operator.submits("revoke", body=PHUONG, role="", officer=str(known.id), suspend="yes")
    assert town.read(lambda store: store.officers.at(officer.conversation_id())) is None
    operator.submits("restore", body=PHUONG, officer=str(known.id))
    assert (
        town.read(lambda store: store.officers.at(officer.conversation_id())).name == "Lê Thị Thử"
    )


def test_a_revoked_officer_does_not_come_back(town, operator):
    """What was revoked stays revoked; only a new invitation helps."""
    officer = town.officer("Lê Thị Thử")
    known = town.read(lambda store: store.officers.at(officer.conversation_id()))
    operator.submits("revoke", body=PHUONG, role="", officer="", suspend="no")
    assert operator.submits("restore", body=PHUONG, officer=str(known.id)).page is None


# --- tables --------------------------------------------------------------------------------------


def test_bodies_are_read_in_with_parents_in_any_order(town, operator):
    """A child may stand before its parent; names, levels and powers hold from their first day."""
    rows = [body_row("CD-CON", parent="CD-CHA", line=2), body_row("CD-CHA", line=3)]
    facts = imports(operator, "bodies", *rows).page.facts
    assert (facts["rows"], facts["added"]) == (2, 2)
    child, parent = (
        town.read(lambda s, c=code: s.bodies.by_code(c)) for code in ("CD-CON", "CD-CHA")
    )
    assert child.parent_id == parent.id
    assert town.read(lambda store: store.bodies.by_code("CD-CON", date(2025, 12, 31))) is None


def test_a_power_that_is_not_listed_any_more_ends(town, operator):
    """A newer row without a power takes it away from its first day on."""
    imports(operator, "bodies", body_row())
    imports(operator, "bodies", body_row(receives=["join"], valid_from="2026-06-01"))
    imports(operator, "coverage", coverage_row("CD-MOI", valid_from="2026-01-01"))

    def who(store, kind):
        from bot.casework import responsible

        return responsible(store, store.enterprises.by_code(MAY), kind, "receives").body.code

    assert town.read(lambda store: who(store, "join")) == "CD-MOI"
    assert town.read(lambda store: who(store, "petition")) == TINH


def test_a_dry_run_changes_nothing(town, operator):
    """What would be read in is counted, and nothing is kept."""
    facts = imports(operator, "bodies", body_row(), dry=True).page.facts
    assert facts["added"] == 1
    assert "Chạy thử" in facts["text"]
    assert town.read(lambda store: store.bodies.id_of("CD-MOI")) is None
    imports(operator, "enterprises", place_row(), dry=True)
    assert town.read(lambda store: store.enterprises.by_code("DN-MOI")) is None


@pytest.mark.parametrize(
    ("kind", "bad", "said"),
    [
        (
            "bodies",
            body_row("CD-2", parent="CD-KHONG", line=7),
            "Dòng 7: chưa biết cấp trên “CD-KHONG”",
        ),
        (
            "bodies",
            body_row("CD-2", enterprise="DN-KHONG", level="grassroots", line=7),
            "Dòng 7: chưa biết nơi làm",
        ),
        ("coverage", coverage_row("CD-KHONG", line=7), "Dòng 7: chưa biết công đoàn"),
        (
            "coverage",
            coverage_row(kind="enterprise", ref="DN-KHONG", line=7),
            "Dòng 7: chưa biết nơi làm",
        ),
        ("coverage", coverage_row(ref="00000", line=7), "Dòng 7: không có xã, phường"),
        (
            "enterprises",
            place_row("DN-2", commune_code="00000", line=7),
            "Dòng 7: không có xã, phường",
        ),
    ],
)
def test_one_bad_row_stops_the_whole_table(town, operator, kind, bad, said):
    """Every unknown name is reported by its row, and not even the good rows are kept."""
    good = {"bodies": body_row(), "coverage": coverage_row(), "enterprises": place_row()}[kind]
    outcome = imports(operator, kind, good, bad)
    assert outcome.page is None
    assert said in operator.last
    assert town.read(lambda store: store.bodies.id_of("CD-MOI")) is None
    assert town.read(lambda store: store.enterprises.by_code("DN-MOI")) is None


def test_bodies_in_a_circle_are_refused(operator):
    """A body cannot stand above itself by way of another."""
    rows = [body_row("CD-A", parent="CD-B", line=2), body_row("CD-B", parent="CD-A", line=3)]
    imports(operator, "bodies", *rows)
    assert "đứng trên chính mình" in operator.last


def test_the_same_file_again_is_one_import(town, operator):
    """The event is the file: the same one heard twice is done once."""
    imports(operator, "enterprises", place_row(), event="hash-1")
    again = imports(operator, "enterprises", place_row(), event="hash-1")
    assert again.is_repeat
    other = imports(operator, "enterprises", place_row(), event="hash-2").page.facts
    assert (other["added"], other["changed"], other["same"]) == (0, 0, 1)


def test_two_places_do_not_share_a_tax_code(operator):
    """A tax code that belongs to another place is refused by row."""
    imports(operator, "enterprises", place_row("DN-A", tax_code="9900000016"))
    imports(operator, "enterprises", place_row("DN-B", tax_code="9900000016", line=9))
    assert "Dòng 9" in operator.last


def test_a_grassroots_union_comes_with_its_place(town, operator):
    """A CĐCS in the table of bodies is from then on the union of that place."""
    row = body_row("CS-MAY", level="grassroots", parent=PHUONG, enterprise=MAY)
    imports(operator, "bodies", row)
    assert town.has_cdcs(MAY)
