"""The officer's desk: invited, what waits and in which order, the digest, places to check."""

from datetime import date, timedelta

import pytest
from chat import GIAY, MAY, PHUONG, TINH, XA

ODD = ["", "a" * 4000, "🙂", "\x00", "\u202e\u200bMQ7R", "MQ7R\u0301-4TXC", "１２３４ＡＢＣＤ"]


def queue_codes(chat):
    """The codes in the queue that was shown last, in order."""
    return [line.split()[1].rstrip(",") for line in chat.last.splitlines() if line[:1].isdigit()]


# --- invitations ---------------------------------------------------------------------------------


def test_an_invitation_makes_a_chat_a_desk(town, golden):
    """Typed in any channel, an invitation is shown, accepted once, and answered with what counts."""
    officer = town.person("Lê Thị Thử")
    code = town.invitation(PHUONG, "receives", "Lê Thị Thử")
    officer.says(f"{code[:4]}-{code[4:].lower()}")
    officer.taps("accept-role")
    officer.taps("desk-queue")
    golden(
        "desk-invitation",
        town.transcript(officer).replace(code[:4], "MÃ").replace(code[4:].lower(), "MỜI"),
    )
    known = town.read(lambda store: store.officers.at(officer.conversation_id()))
    assert known.name == "Lê Thị Thử"
    assert [one.role for one in known.roles] == ["receives"]


def test_whoever_has_no_name_in_the_invitation_is_asked_for_it(town):
    """Without a name in the invitation the officer says how colleagues will see her."""
    officer = town.person("Lê Thị Thử")
    officer.says(town.invitation(PHUONG, "receives"))
    officer.taps("accept-role")
    assert "Đồng nghiệp" in officer.last
    officer.says("123")
    assert "bằng chữ" in officer.last
    officer.says("Thử")
    officer.taps("name-is-right")
    known = town.read(lambda store: store.officers.at(officer.conversation_id()))
    assert known.name == "Thử"


@pytest.mark.parametrize("typed", ["x" * 4000, "🙂🙂", "12 34", "\u202e!!"])
def test_an_officers_name_that_is_none_is_asked_again(town, typed):
    """Nobody becomes an officer under a name that is no name."""
    officer = town.person("ai đó")
    officer.says(town.invitation(PHUONG, "receives"))
    officer.taps("accept-role")
    officer.says(typed)
    assert town.read(lambda store: store.officers.at(officer.conversation_id())) is None


def test_a_declined_invitation_stays_open(town):
    """Who is not meant leaves the code unused for whom it is meant."""
    stranger, officer = town.person("người lạ"), town.person("Lê Thị Thử")
    code = town.invitation(PHUONG, "receives", "Lê Thị Thử")
    stranger.says(code)
    stranger.taps("decline-role")
    officer.says(code)
    officer.taps("accept-role")
    assert town.read(lambda store: store.officers.at(stranger.conversation_id())) is None
    assert town.read(lambda store: store.officers.at(officer.conversation_id())) is not None


def test_used_expired_revoked_and_wrong_codes_read_alike(town):
    """A code that opens nothing tells nothing of why."""
    used = town.invitation(PHUONG, "receives", "Lê Thị Thử")
    first = town.person("a")
    first.says(used)
    first.taps("accept-role")
    revoked = town.invitation(PHUONG, "receives")
    body = town.read(lambda store: store.bodies.by_code(PHUONG)).id
    town.write(lambda store: store.officers.revoke_invitations(body, None))
    expired = town.invitation(PHUONG, "receives")
    town.clock.advance(days=8)
    said = set()
    for number, code in enumerate([used, revoked, expired, "2345ABCDEFGH"]):
        chat = town.person(f"ai{number}")
        chat.says(f"{code[:4]}-{code[4:]}" if any(c.isdigit() for c in code) else "2345ABCDEFGH")
        said.add(chat.last)
    assert len(said) == 1
    assert "không dùng được" in said.pop()


def test_an_invitation_that_is_revoked_between_reading_and_accepting_gives_nothing(town):
    """Between the question and the answer the operator may have changed her mind."""
    officer = town.person("Lê Thị Thử")
    officer.says(town.invitation(PHUONG, "receives", "Lê Thị Thử"))
    body = town.read(lambda store: store.bodies.by_code(PHUONG)).id
    town.write(lambda store: store.officers.revoke_invitations(body, None))
    officer.taps("accept-role")
    assert "không dùng được" in officer.last
    assert town.read(lambda store: store.officers.at(officer.conversation_id())) is None


@pytest.mark.parametrize("typed", ODD)
def test_odd_lines_are_no_invitations(town, typed):
    """Whatever is typed, nobody becomes an officer by chance and nothing breaks."""
    chat = town.person("ai đó")
    chat.says(typed)
    assert town.read(lambda store: store.officers.at(chat.conversation_id())) is None
    assert town.read(lambda store: store.inbox.failed()) == []


@pytest.mark.parametrize("word", ["cảm thanh", "NGƯỜI TA", "đang chờ"])
def test_words_that_look_like_a_code_are_words(town, word):
    """Eight letters of plain Vietnamese are no failed invitation."""
    chat = town.person("ai đó")
    chat.says(word)
    assert "Mã mời" not in chat.last


# --- the queue -----------------------------------------------------------------------------------


def test_whoever_is_no_officer_has_no_desk(town):
    """A worker who types the officers' word reads that this is no desk, and sees nothing."""
    town.gather(5)
    chat = town.person("tò mò")
    chat.says("bàn làm việc")
    assert "chưa phải bàn làm việc" in chat.last
    assert town.petition().code not in chat.last


def test_an_empty_desk_says_so(town):
    """Where nothing waits the officer reads that nothing waits."""
    officer = town.officer("Lê Thị Thử")
    officer.says("việc")
    assert "Không có việc nào" in officer.last


def test_a_petition_below_its_number_is_in_no_queue(town):
    """Four names are nobody's business: no queue, no card, and its code opens nothing."""
    officer = town.officer("Lê Thị Thử")
    town.gather(4)
    officer.says("việc")
    assert town.petition().code not in officer.last
    officer.says(town.petition().code)
    assert "chưa đủ người" in officer.last
    assert all(choice.id != "desk-take" for choice in officer.received[-1].choices)
    officer.says(f"mở tên {town.petition().code}")
    assert "chưa đủ người" in officer.last
    assert "/t/" not in officer.last


def test_overdue_then_urgent_then_due_first(town):
    """The queue begins with what is overdue, then what is urgent, then what falls due first."""
    officer = town.officer("Lê Thị Thử")
    body = town.read(lambda store: store.bodies.by_code(PHUONG)).id
    today = date(2026, 11, 20)

    def fill(store):
        made = {}
        for name, due, urgent in [
            ("late", today - timedelta(days=1), False),
            ("soon", today + timedelta(days=3), False),
            ("urgent", today, True),
            ("far", today + timedelta(days=20), False),
        ]:
            code = store.people.new_code()
            store.cases.open(
                "request",
                code,
                "waiting",
                body,
                due_on=due,
                is_urgent=urgent,
                about="question",
                text="x",
            )
            made[code] = name
        return made

    made = town.write(fill)
    officer.says("việc")
    assert [made[code] for code in queue_codes(officer)] == ["late", "urgent", "soon", "far"]
    assert officer.labels[:2] == ["Việc 1, quá hạn", "Việc 2, gấp"]
    officer.says("1")
    assert next(code for code in made if made[code] == "late") in officer.last


def test_a_long_queue_comes_in_pages(town):
    """At most four are shown at once; "more" goes on, and the numbers say how many there are."""
    officer = town.officer("Lê Thị Thử")
    body = town.read(lambda store: store.bodies.by_code(PHUONG)).id

    def fill(store):
        for n in range(6):
            store.cases.open(
                "request", store.people.new_code(), "waiting", body, about="question",
                text=f"câu {n}", due_on=date(2026, 12, 1) + timedelta(days=n),
            )  # fmt: skip

    town.write(fill)
    officer.says("việc")
    first = queue_codes(officer)
    assert len(first) == 4
    assert officer.labels[-1] == "Xem thêm"
    officer.taps("desk-see-more")
    second = queue_codes(officer)
    assert len(second) == 2
    assert not set(first) & set(second)


def test_the_card_says_what_to_look_at_twice(town):
    """Foreign citizens stand apart from the count; one device or one number for two is pointed at."""
    officer = town.officer("Lê Thị Thử")
    town.gather(3)
    town.person("Nguyễn Thị Xa").signs(last="foreign")
    shared = town.person("Nguyễn Thị Mẫu")
    shared.signs(phone="0912345678")
    shared.signs(name="Trần Văn Ví Dụ", phone="0912345678")
    officer.says(town.petition().code)
    card = officer.last
    assert "5 người" in card
    assert "1 người nước ngoài" in card
    assert "2 người chung một máy" in card
    assert "2 người ghi cùng một số" in card


def test_no_button_carries_a_name(town):
    """Neither the queue nor a card shows the name or the phone of anybody who signed."""
    officer = town.officer("Lê Thị Thử")
    signers = town.gather(5, phone="0912345678")
    officer.says("việc")
    officer.says("1")
    officer.taps("desk-take")
    shown = "\n".join(reply.text + str(reply.choices) for reply in officer.received)
    assert not any(chat.name in shown for chat in signers)
    assert "912345678" not in shown


def test_next_goes_round_and_leaves_out_what_others_hold(town):
    """The next case is one that is free or hers, and after the last comes the first again."""
    officer, other = town.officer("Lê Thị Thử"), town.officer("Phạm Văn Nháp")
    town.gather(5)
    for n in range(2):
        chat = town.person(f"Trần Văn Ví Dụ {'ab'[n]}")
        chat.signs(GIAY)
    other.says("việc")
    held = queue_codes(other)[0]
    other.says("1")
    other.taps("desk-take")
    officer.says("việc")
    officer.says("2")
    seen = []
    for _ in range(4):
        officer.taps("desk-next")
        seen.append(officer.last.split()[0])
    assert held not in seen
    assert len(set(seen)) == 2
    assert seen[:2] == seen[2:]


def test_the_case_of_another_body_opens_for_nobody_else(town):
    """A code of another body's case leads nowhere from this desk."""
    town.gather(5)
    stranger = town.officer("Trần Văn Xã", XA)
    stranger.says(town.petition().code)
    assert "desk-take" not in [choice.id for choice in stranger.received[-1].choices]
    assert "Công ty May" not in stranger.last


# --- the digest ----------------------------------------------------------------------------------


def test_the_morning_digest(town, golden):
    """Pushed is one neutral line; her tap brings the numbers of the day."""
    officer = town.officer("Lê Thị Thử")
    town.gather(5)
    town.person("Trần Văn Ví Dụ").signs(GIAY)
    town.clock.set(date(2026, 11, 23), 8, 0)
    town.log.clear()
    town.rounds()
    officer.taps("digest-open")
    officer.taps("desk-all")
    golden("desk-digest", town.transcript(officer))


def test_the_digest_says_what_the_last_working_day_has_done(town):
    """On Monday the digest counts what Friday has done."""
    officer = town.officer("Lê Thị Thử")
    town.gather(5)
    officer.says("việc")
    officer.says("1")
    officer.taps("desk-take")
    officer.taps("desk-approve")
    officer.taps("desk-approve-yes")
    town.rounds(days=3)
    officer.taps("digest-open")
    assert "đã xong: 1" in officer.last


def test_the_digest_comes_at_the_hour_she_chose(town):
    """An officer may have her digest earlier; it comes once."""
    officer = town.officer("Lê Thị Thử")
    officer.taps("desk-digest-hour")
    officer.says("2")
    assert "07:00" in officer.last
    town.clock.set(date(2026, 11, 23), 7, 5)
    before = len(officer.received)
    town.rounds()
    town.rounds(hours=1)
    assert [reply.text for reply in officer.received[before:]] == ["Bản tin việc sáng nay."]


# --- places of work to check ---------------------------------------------------------------------


def register(town, name="Công ty Đá Nháp", place="Phường Trấn Biên"):
    """Let a place be registered, as a worker would."""
    return town.write(lambda store: store.enterprises.register(name, place))


def test_the_triage_desk_confirms_a_registered_place(town):
    """A place that a worker named is found by name once an officer of the triage body says so."""
    officer = town.officer("Trần Văn Tỉnh", TINH, "receives")
    made = register(town)
    officer.says("việc")
    officer.taps("desk-places")
    assert "Công ty Đá Nháp" in officer.last
    officer.taps("desk-place-true")
    assert town.read(lambda store: store.enterprises.by_id(made.id)).state == "checked"


def test_only_the_triage_body_sees_places_to_check(town):
    """Other desks are not asked about places."""
    register(town)
    officer = town.officer("Lê Thị Thử")
    officer.says("việc")
    assert "Nơi làm mới" not in officer.labels


def test_a_doubled_place_is_merged_with_the_one_that_is_known(town):
    """By code or by a name with slips, the known place is found and the doubled one joins it."""
    officer = town.officer("Trần Văn Tỉnh", TINH, "receives")
    made = register(town, "Cty may vi du")
    officer.says("việc")
    officer.taps("desk-places")
    officer.taps("desk-place-merge")
    officer.says("không có nơi này zzz")
    assert "chưa thấy nơi nào" in officer.last
    officer.says("may ví dụ")
    assert "Công ty May Ví Dụ" in officer.last
    officer.says("1")
    known = town.read(lambda store: store.enterprises.by_id(made.id))
    assert known.code in (MAY, "DN-MAY-2")
    assert "Đã gộp" in officer.last


def test_two_live_petitions_are_not_merged(town):
    """Two petitions cannot become one by a merge; nothing changes then."""
    officer = town.officer("Trần Văn Tỉnh", TINH, "receives")
    made = register(town, "Công ty Đá Nháp")
    town.gather(1)

    def petition(store):
        place = store.enterprises.by_id(made.id)
        body = store.bodies.triage()
        store.cases.open(
            "petition", store.people.new_code(), "open", body.id, enterprise_id=place.id
        )

    town.write(petition)
    officer.says("việc")
    officer.taps("desk-places")
    officer.taps("desk-place-merge")
    officer.says(MAY)
    officer.says("1")
    assert "Chưa gộp" in officer.last
    assert town.read(lambda store: store.enterprises.by_id(made.id)).state == "waiting"


def test_a_place_that_a_colleague_has_settled_meanwhile_is_left_alone(town):
    """The second of two officers changes nothing."""
    one = town.officer("Trần Văn Tỉnh", TINH, "receives")
    two = town.officer("Lý Thị Tỉnh", TINH, "receives")
    register(town)
    for chat in (one, two):
        chat.says("việc")
        chat.taps("desk-places")
    one.taps("desk-place-true")
    two.taps("desk-place-true")
    assert "vừa thay đổi" in two.last


def test_a_made_up_place_is_taken_off_the_list(town):
    """A place that nobody works at goes, and is neither waiting nor found any more."""
    officer = town.officer("Trần Văn Tỉnh", TINH, "receives")
    made = register(town, "Công ty Không Có Thật")
    officer.says("việc")
    officer.taps("desk-places")
    officer.taps("desk-place-drop")
    assert town.read(lambda store: store.enterprises.by_id(made.id)).state == "dropped"
    assert town.read(lambda store: store.enterprises.waiting()) == []


def test_a_place_with_an_open_case_is_not_taken_off_the_list(town):
    """Nobody's signature loses its place because an officer pressed too soon."""
    officer = town.officer("Trần Văn Tỉnh", TINH, "receives")
    made = register(town)
    town.write(
        lambda store: store.cases.open(
            "petition",
            store.people.new_code(),
            "open",
            store.bodies.triage().id,
            enterprise_id=made.id,
        )
    )
    officer.says("việc")
    officer.taps("desk-places")
    officer.taps("desk-place-drop")
    assert "chưa bỏ được" in officer.last
    assert town.read(lambda store: store.enterprises.by_id(made.id)).state == "waiting"
