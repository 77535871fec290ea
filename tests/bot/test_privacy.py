"""What we keep of her, what she allowed, and erasing: the same words in the chat for everybody."""

from __future__ import annotations

import json

import pytest
from chat import GIAY, MAY, Chat, Town

from bot.speech import Reply
from storage.store import Store

NAME = "Nguyễn Thị Mẫu"
PHONE = "0912 345 678"


def page_of(chat: Chat):
    """Open the page with all that is kept; return its sections by title."""
    chat.says("thông tin của tôi")
    chat.taps("see-kept")
    chat.taps("open-private")
    page = chat.opens().page
    assert page.name == "mine", page
    return {one["title"]: one["lines"] for one in page.facts["sections"]}


def requests(town: Town, chat: Chat):
    """Return the requests from a chat."""
    return town.read(lambda store: store.cases.requests_of(chat.conversation_id()))


def asks_something(town: Town, chat: Chat, text: str = "Lương chậm?") -> None:
    """Let a question of hers lie at the desk."""

    def work(store: Store) -> None:
        store.cases.open(
            "request", store.people.new_code(), "waiting", store.bodies.triage().id,
            conversation_id=chat.conversation_id(), about="wage", text=text, call="+84912345678, sau 19 giờ",
        )  # fmt: skip

    town.write(work)


def erases(chat: Chat, what: str = "erase-all"):
    """Ask for an erasure; return the replies to both messages."""
    asked = chat.says("xóa dữ liệu")
    return [*asked, *chat.taps(what)]


# --- what is kept ---------------------------------------------------------------------------------


def test_the_list_is_the_same_for_everybody(town, golden):
    """Menu and list of kinds read the same whether anything is kept or not."""
    signer, nobody = town.person(NAME), town.person("Lê Thị Thử")
    signer.signs(phone=PHONE)
    nobody.scans(MAY)
    town.log.clear()
    read = set()
    for chat in (signer, nobody):
        replies = [
            *chat.says("dữ liệu của tôi"),
            *chat.taps("see-kept"),
            *chat.taps("open-private"),
        ]
        read.add(town.neutral("".join(one.text + str(len(one.choices)) for one in replies)))
    assert len(read) == 1
    golden("privacy_menu", town.transcript(signer))


def test_the_page_shows_everything(town):
    """Place, name, number, texts with version, consents, questions and settings stand on the page."""
    chat = town.person(NAME)
    chat.signs(phone=PHONE, consent="consent-ab")
    asks_something(town, chat)
    kept = page_of(chat)
    assert kept["Nơi làm bạn chọn"][0].startswith("Công ty May Ví Dụ")
    assert kept["Họ và tên"] == [NAME]
    assert kept["Số điện thoại"] == ["+84912345678"]
    assert f"Tôi là {NAME}" in kept["Lời bạn đã chọn"][0]
    assert "Bản TL-1" in kept["Lời bạn đã chọn"][0]
    assert kept["Lựa chọn A, B, C"] == ["Bản DY-1, ngày 20/11/2026. A: có, B: có, C: không"]
    assert "Lương chậm? · +84912345678, sau 19 giờ" in kept["Câu hỏi đã gửi cán bộ"][0]
    assert kept["Tên bạn đã được mở mấy lần"] == ["Tên bạn đã được mở: 0 lần"]
    assert "Khung chat đang khóa: không" in kept["Cài đặt của khung chat này"]


def test_the_page_of_who_never_came_shows_nothing(town):
    """Where nothing is kept every section says so."""
    chat = town.person(NAME)
    chat.says("menu")
    kept = page_of(chat)
    assert kept["Họ và tên"] == kept["Lời bạn đã chọn"] == ["không có"]


def test_a_draft_stands_on_the_page(town):
    """What was put off is kept, too, and is shown."""
    chat = town.person(NAME)
    chat.signs(last="later", phone=PHONE)
    kept = page_of(chat)
    assert kept["Họ và tên"] == [NAME]
    assert kept["Số điện thoại"] == ["+84912345678"]


def test_the_download_holds_the_same(town):
    """The file is JSON with the sections of the page; without the link there is none."""
    chat = town.person(NAME)
    chat.signs(phone=PHONE)
    page_of(chat)
    shown = chat.outcome.page.facts["sections"]
    page = chat.submits("mine-download", token=chat.token()).page
    assert page.name == "mine-file"
    assert json.loads(page.facts["text"])["sections"] == shown
    assert chat.submits("mine-download", token="x").page.name == "expired"
    town.clock.advance(minutes=11)
    assert chat.submits("mine-download", token=chat.token()).page.name == "expired"


def test_of_two_on_one_phone_each_sees_her_own(town):
    """The page asks for a code where two share the phone, and shows what is behind that code alone."""
    chat = town.person(NAME)
    chat.signs()
    hers = chat.code
    chat.signs(name="Trần Văn Ví Dụ")
    chat.says("thông tin của tôi")
    chat.taps("see-kept")
    chat.taps("open-private")
    assert chat.last == "Gõ mã của bạn để đọc."
    chat.says(hers)
    kept = page_of(chat)
    assert kept["Họ và tên"] == [NAME]
    assert "Ví Dụ" not in "".join(kept["Lời bạn đã chọn"]).replace("Công ty May Ví Dụ", "")


# --- A, B and C -----------------------------------------------------------------------------------


def consents_page(chat: Chat, **fields: str):
    """Open the page of consents and save *fields*; return what the page then shows."""
    chat.says("thông tin của tôi")
    chat.taps("change-consent")
    chat.opens()
    return chat.submits("consents-page", token=chat.token(), **fields).page


def test_b_off_stops_letters(town):
    """Without B nothing is pushed about her matter any more; her name counts on."""
    chat = town.person(NAME)
    chat.signs(consent="consent-abc")
    chat.says("thông tin của tôi")
    chat.taps("change-consent")
    shown = chat.opens().page
    assert (shown.name, shown.facts["contact"], shown.facts["statistics"]) == (
        "consents",
        True,
        True,
    )
    saved = chat.submits(
        "consents-page", token=chat.token(), handling="yes", contact="no", statistics="yes"
    )
    assert saved.page.name == "consents-done"
    agreed = town.read(lambda store: store.people.agreed(chat.conversation_id()))
    assert [(one.handling, one.contact, one.statistics) for one in agreed] == [(True, False, True)]
    assert not town.read(lambda store: store.people.may_contact(chat.conversation_id()))
    assert town.petition().counted == 1


def test_a_off_takes_the_name_back(town):
    """Without A the name no longer counts and no consent is in force."""
    chat = town.person(NAME)
    chat.signs(consent="consent-ab")
    assert consents_page(chat, contact="yes").name == "consents-done"
    assert town.petition().counted == 0
    assert town.read(lambda store: store.people.agreed(chat.conversation_id())) == []


def test_the_page_of_consents_saves_once(town):
    """The same link saves once; a made-up one saves nothing."""
    chat = town.person(NAME)
    chat.signs()
    consents_page(chat, handling="yes")
    assert chat.submits("consents-page", token=chat.token()).page.name == "expired"
    assert chat.submits("consents-page", token="x").page.name == "expired"
    assert town.petition().counted == 1


# --- erasing --------------------------------------------------------------------------------------


def test_erasing_is_blind(town, golden):
    """With and without anything kept the words are the same, from the question to the status after."""
    signer, nobody = town.person(NAME), town.person("Lê Thị Thử")
    signer.signs(phone=PHONE)
    nobody.scans(MAY)
    town.log.clear()
    read = set()
    for chat in (signer, nobody):
        replies = [*erases(chat), *chat.says("tới đâu rồi")]
        text = "\n".join(one.text for one in replies)
        for code in {chat.code, *[one.code for one in requests(town, chat)]}:
            text = text.replace(code, "…")
        read.add(text)
    assert len(read) == 1
    golden("privacy_erase", town.transcript(signer))


def test_at_once_everything_is_gone(town):
    """Names, numbers, texts, questions, letters and memory are wiped; the name does not count."""
    chat = town.person(NAME, "web")
    chat.signs(phone=PHONE)
    asks_something(town, chat)
    here = chat.conversation_id()
    shown = {"key": "shown", "conversation_id": here, "channel": "web", "state": "echo"}
    line = Reply(f"Tôi là {NAME}", is_echo=True).to_json()
    town.write(lambda store: store.outbox.post(reply=line, **shown))
    erases(chat)

    def look(store: Store) -> tuple[object, ...]:
        known = store.conversations.find(chat.channel, chat.address)
        [signature] = store.signatures.at(here)
        letters = " ".join(one.reply for one in store.outbox.for_page(here))
        return (
            store.people.at(here),
            store.people.by_id(signature.person_id).name,
            store.people.by_id(signature.person_id).phone,
            store.signatures.newest_text(signature.id).text,
            [one.text + one.call for one in store.cases.requests_of(here) if one.about == "wage"],
            store.people.agreed(here),
            known.enterprise_id,
            {"sign", "draft", "trail"} & set(known.memory),
            signature.state,
            NAME in letters or "912" in letters or "Tôi là" in letters,
        )

    gone = town.read(look)
    assert gone == ([], "", "", "", [""], [], None, set(), "withdrawn", False)
    assert town.petition().counted == 0


def test_after_an_erasure_the_name_finds_no_old_code(town):
    """Signing again after an erasure is a new person with a new code."""
    chat = town.person(NAME)
    chat.signs()
    code = chat.code
    erases(chat)
    chat.signs()
    assert chat.code != code
    assert town.petition().counted == 1
    chat.says("tới đâu rồi")
    assert "Đang ở bước: chờ đủ người." in chat.last


def test_the_day_of_the_answer_and_what_is_left(town):
    """The code is of a request with a day of two working days, and the letter says that nothing is left."""
    chat = town.person(NAME)
    chat.signs()
    said = erases(chat)[-1].text
    [request] = requests(town, chat)
    assert f"Mã: {request.code}" in said
    assert "25/11/2026" in said
    assert (request.about, request.is_live) == ("erase", False)
    chat.says("tới đâu rồi")
    assert "Phần còn giữ: không có gì." in chat.received[-2].text


def test_what_was_sent_stays_and_an_officer_answers(town):
    """Where a dossier has gone the papers stay, it is said so, and a request lies at the desk."""
    officer = town.officer("Lê Thị Thử")
    chat = town.person(NAME)
    chat.signs(GIAY)

    def decide(store: Store) -> None:
        case = store.cases.by_id(store.signatures.cases_of(chat.conversation_id())[0])
        store.cases.change(
            case, state="decided", decision_no="07/QĐ-CĐCS", decision_on=store.today
        )

    town.write(decide)
    erases(chat)
    [request] = requests(town, chat)
    assert (request.state, request.is_live, request.due_on.isoformat()) == (
        "waiting",
        True,
        "2026-11-25",
    )
    assert NAME not in request.text
    assert officer.last == "Có việc mới cần xem."
    chat.says("tới đâu rồi")
    said = " ".join(one.text for one in chat.received)
    assert "Phần còn giữ: phần giấy đã gửi đi, theo quy định lưu hồ sơ." in said
    names = town.read(lambda store: [one.name for one in store.people.at(chat.conversation_id())])
    assert names == [NAME]


def test_only_the_questions(town):
    """“Chỉ xóa câu hỏi” wipes and closes the questions and leaves the name."""
    chat = town.person(NAME)
    chat.signs()
    asks_something(town, chat)
    erases(chat, "erase-questions")
    asked = [one for one in requests(town, chat) if one.about == "wage"]
    assert [(one.text, one.call, one.is_live) for one in asked] == [("", "", False)]
    assert town.petition().counted == 1
    chat.says("tới đâu rồi")
    assert "mọi thứ khác, trừ câu hỏi" in " ".join(one.text for one in chat.received[-3:])


def test_not_erasing(town):
    """“Không xóa”, unclear words and an old button erase nothing."""
    chat = town.person(NAME)
    chat.signs()
    chat.says("xóa hết")
    old = chat.button("erase-all")
    chat.says("ok")
    chat.taps("erase-not")
    chat.presses(old.payload)
    assert town.petition().counted == 1
    assert requests(town, chat) == []


@pytest.mark.parametrize("times", [1, 2])
def test_erasing_again_reads_the_same(town, times):
    """Asked again, the answer is the same, with a code of its own."""
    chat = town.person(NAME)
    chat.signs()
    for _ in range(times):
        said = erases(chat)[-1].text
    assert said.startswith("Đã ghi nhận theo ý bạn vừa chọn. Mã: ")
    assert len(requests(town, chat)) == times


def test_a_draft_is_deleted_at_once(town):
    """“Xóa ngay” wipes the draft; the code then leads to nothing."""
    chat = town.person(NAME)
    chat.signs(last="later", phone=PHONE)
    chat.taps("status")
    chat.taps("delete-now")
    assert chat.last.startswith("Đã bỏ.")
    known = town.read(lambda store: store.conversations.find(chat.channel, chat.address))
    assert "draft" not in known.memory
    chat.says("tới đâu rồi")
    assert "Hiện không có tên nào của bạn được tính." in chat.last
