"""Taking back and "không phải tôi": blind, only from the address that signed, and never final."""

from __future__ import annotations

import pytest
from chat import CDCS, GIAY, MAY, Chat, Town

from storage.store import Store

NAME = "Nguyễn Thị Mẫu"


def states(town: Town, chat: Chat) -> list[str]:
    """Return how the signatures from a chat stand."""
    return town.read(
        lambda store: [one.state for one in store.signatures.at(chat.conversation_id())]
    )


def case_of(town: Town, chat: Chat):
    """Return the newest case signed from a chat."""

    def look(store: Store):
        return store.cases.by_id(store.signatures.cases_of(chat.conversation_id())[0])

    return town.read(look)


def send_dossier(town: Town, chat: Chat) -> None:
    """Let the dossier of her petition have gone to be decided."""

    def work(store: Store) -> None:
        case = store.cases.by_id(store.signatures.cases_of(chat.conversation_id())[0])
        store.cases.change(case, state="checked", sent_at=store.now)

    town.write(work)


def takes_back(chat: Chat):
    """Take every name back; return the replies to both messages."""
    asked = chat.says("rut ten")
    return [*asked, *chat.taps("withdraw-now")]


# --- taking back ----------------------------------------------------------------------------------


def test_taking_back_is_blind(town, golden):
    """The question, the receipt and what follows read the same with and without a signature."""
    signer, nobody = town.person(NAME), town.person("Lê Thị Thử")
    signer.signs()
    nobody.scans(MAY)
    town.log.clear()
    read = []
    for chat in (signer, nobody):
        replies = [*takes_back(chat), *chat.says("tới đâu rồi")]
        read.append([one.text.replace(chat.code, "…") for one in replies])
    assert read[0] == read[1]
    golden("withdrawal", town.transcript(signer))


def test_the_count_falls_and_rises(town):
    """A name taken back does not count; signed again it counts again, under the same code."""
    chat = town.person(NAME)
    chat.signs()
    code = chat.code
    takes_back(chat)
    assert (states(town, chat), town.petition().counted) == (["withdrawn"], 0)
    chat.signs()
    assert (states(town, chat), town.petition().counted, chat.code) == (["valid"], 1, code)


def test_below_the_number_it_opens_again(town):
    """With too few left a ready petition opens again, and names close."""
    signers = town.gather(5)
    assert town.petition().state == "ready"
    takes_back(signers[2])
    petition = town.petition()
    assert (petition.state, petition.counted, petition.due_on) == ("open", 4, None)


def test_only_the_address_that_signed_takes_back(town):
    """The same name from another address takes nobody's name back."""
    signer, other = town.person(NAME), town.person(NAME)
    signer.signs()
    other.scans(MAY)
    takes_back(other)
    assert states(town, signer) == ["valid"]
    assert town.petition().counted == 1


def test_every_name_of_the_phone_is_taken_back(town):
    """Two people on one phone: taking back takes back both, as the question says."""
    chat = town.person(NAME)
    chat.signs()
    chat.signs(name="Trần Văn Ví Dụ")
    takes_back(chat)
    assert states(town, chat) == ["withdrawn", "withdrawn"]


def test_keeping_goes_on_where_she_was(town):
    """“Giữ nguyên” changes nothing, and a step under way is asked again."""
    chat = town.person(NAME)
    chat.signs()
    chat.says("ghi tên")
    chat.taps("consent-a")
    chat.says("rút tên")
    chat.taps("withdraw-keep")
    assert states(town, chat) == ["valid"]
    assert "Họ và tên đầy đủ của bạn là gì?" in chat.last


def test_nothing_else_takes_back(town):
    """Words that are no answer, and the button pressed after its step, take nothing back."""
    chat = town.person(NAME)
    chat.signs()
    chat.says("rút tên")
    old = chat.button("withdraw-now")
    for typed in ("vâng", "ok", "có", "👍"):
        chat.says(typed)
    chat.says("menu")
    chat.presses(old.payload)
    assert states(town, chat) == ["valid"]


def test_delivered_twice_is_taken_back_once(town):
    """The last tap delivered twice falls the count once and says one receipt."""
    chat, other = town.person(NAME), town.person("Trần Văn Ví Dụ")
    chat.signs()
    other.signs()
    chat.says("rút tên")
    chat.taps("withdraw-now", event="once")
    chat.taps("withdraw-now", event="once")
    assert town.petition().counted == 1


def test_a_draft_is_taken_back_too(town):
    """After taking back no draft is left."""
    chat = town.person(NAME)
    chat.signs(last="later")
    takes_back(chat)
    chat.says("tới đâu rồi")
    assert "Hiện không có tên nào của bạn được tính." in chat.last


def test_a_join_taken_back_is_ended_and_its_desk_is_told(town):
    """A join taken back is closed; the officer reads its code and no name."""
    officer = town.officer("Lê Thị Thử")
    chat = town.person(NAME)
    chat.signs(GIAY)
    takes_back(chat)
    case = case_of(town, chat)
    assert (case.state, case.is_live) == ("withdrawn", False)
    assert officer.last == "Có tin về một việc."
    officer.taps("open-news")
    assert officer.last.startswith(f"{chat.code}: người gửi đã rút.")
    assert NAME not in officer.last
    town.clock.advance(minutes=1)
    chat.signs(GIAY)
    assert case_of(town, chat).id != case.id
    assert case_of(town, chat).state == "waiting"


def test_a_returned_or_approved_join_can_be_taken_back(town):
    """Until the decision a join is taken back without an officer."""
    for state in ("taken", "returned", "approved"):
        chat = town.person(f"{NAME} {state.title()}", address=state)
        chat.signs(GIAY, name=NAME)
        case = case_of(town, chat)
        town.write(lambda store, case=case, state=state: store.cases.change(case, state=state))
        takes_back(chat)
        assert case_of(town, chat).state == "withdrawn"


# --- after the dossier has gone -------------------------------------------------------------------


def test_after_the_dossier_has_gone_an_officer_helps(town, golden):
    """The receipt is the same; the status says that an officer is needed; asked, there is a day."""
    officer = town.officer("Lê Thị Thử")
    chat = town.person(NAME)
    chat.signs()
    send_dossier(town, chat)
    town.log.clear()
    receipt = takes_back(chat)[-1]
    assert receipt.text.startswith("Đã ghi nhận theo ý bạn vừa chọn.")
    assert states(town, chat) == ["valid"]
    chat.taps("status")
    assert chat.last.startswith(f"Hồ sơ mã {chat.code} đã gửi đi ngày 20/11/2026.")
    chat.taps("withdraw-help")
    assert chat.last.endswith("Cán bộ trả lời bạn chậm nhất ngày 23/11/2026.")
    assert officer.last == "Có việc mới cần xem."
    chat.says("tới đâu rồi")
    assert "Bạn đã nhờ rút tên ngày 20/11/2026." in chat.last
    golden("withdrawal_late", town.transcript(chat))


def test_asking_for_help_twice_is_one_request(town):
    """Pressed again, the request for help is the one that waits, and it holds no name."""
    chat = town.person(NAME)
    chat.signs()
    send_dossier(town, chat)
    takes_back(chat)
    chat.taps("status")
    chat.taps("withdraw-help")
    chat.taps("withdraw-help")
    requests = town.read(lambda store: store.cases.requests_of(chat.conversation_id()))
    assert [one.about for one in requests] == ["withdraw"]
    assert chat.code in requests[0].text
    assert NAME not in requests[0].text


def test_left_in_the_dossier_after_all(town):
    """“Giữ nguyên” under the late question leaves the name where it is."""
    chat = town.person(NAME)
    chat.signs()
    send_dossier(town, chat)
    takes_back(chat)
    chat.taps("status")
    chat.taps("withdraw-keep")
    chat.says("tới đâu rồi")
    assert "Hồ sơ xin công nhận đã kiểm tra xong" in chat.last


def test_help_where_nothing_was_sent_says_the_same(town):
    """An old button for help, pressed where nothing was sent, opens nothing and tells nothing."""
    chat = town.person(NAME)
    chat.signs()
    send_dossier(town, chat)
    takes_back(chat)
    chat.taps("status")
    said = chat.taps("withdraw-help")[-1].text

    def back(store: Store) -> None:
        case = store.cases.by_id(store.signatures.cases_of(chat.conversation_id())[0])
        store.cases.change(case, state="open", sent_at=None)

    town.write(back)
    assert chat.taps("withdraw-help")[-1].text == said
    assert len(town.read(lambda store: store.cases.requests_of(chat.conversation_id()))) == 1


# --- not me ---------------------------------------------------------------------------------------


def test_not_me_reads_the_same_for_everybody(town, golden):
    """With or without a signature the words are the same, and the letters stop."""
    signer, nobody = town.person(NAME), town.person("Lê Thị Thử")
    signer.signs()
    nobody.scans(MAY)
    town.log.clear()
    read = []
    for chat in (signer, nobody):
        asked = chat.says("không phải tôi")
        read.append([one.text for one in [*asked, *chat.taps("not-me-yes")]])
        known = town.read(
            lambda store, chat=chat: store.conversations.find(chat.channel, chat.address)
        )
        assert known.stopped_all_at is not None
    assert read[0] == read[1]
    golden("not_me", town.transcript(signer))


def test_what_was_signed_from_here_waits_for_an_officer(town):
    """From the address that signed, the name stops counting and the desk is told without a name."""
    officer = town.officer("Lê Thị Thử")
    signers = town.gather(5)
    signers[0].says("không phải tôi")
    signers[0].taps("not-me-yes")
    assert states(town, signers[0]) == ["set_aside"]
    assert (town.petition().counted, town.petition().state) == (4, "open")
    officer.taps("open-news")
    told = " ".join(one.text for one in officer.received)
    assert f"Mã của tên đó: {signers[0].code}" in told
    assert signers[0].name not in told


def test_what_was_set_aside_stays_so(town):
    """Neither signing again nor taking back and signing makes a name count that was set aside."""
    chat = town.person(NAME)
    chat.signs()
    chat.says("không phải tôi")
    chat.taps("not-me-yes")
    chat.signs()
    takes_back(chat)
    chat.signs()
    assert states(town, chat) == ["set_aside"]
    assert town.petition().counted == 0


def test_a_slip_changes_nothing(town):
    """“Tôi bấm nhầm” sets nothing aside and stops nothing."""
    chat = town.person(NAME)
    chat.signs()
    chat.says("không phải tôi")
    chat.taps("not-me-mistake")
    assert states(town, chat) == ["valid"]
    known = town.read(lambda store: store.conversations.find(chat.channel, chat.address))
    assert known.stopped_all_at is None


@pytest.mark.parametrize(
    ("name", "match"), [("nguyen thi mau", True), ("Trần Văn Ví Dụ", False), ("Mẫu", False)]
)
def test_a_claim_from_elsewhere_changes_nothing(town, name, match):
    """Code and name are compared by the machine: the desk reads match or no match, the name counts on."""
    officer = town.officer("Lê Thị Thử")
    signer, other = town.person(NAME), town.person("Trần Văn Ví Dụ")
    signer.signs()
    other.scans(MAY)
    other.says("không phải tôi")
    other.taps("not-me-yes")
    other.taps("not-me-claim")
    other.says(signer.code)
    said = other.says(name)[-1].text
    assert said.startswith("Đã ghi nhận theo ý bạn vừa chọn. Cảm ơn bạn đã báo.")
    assert states(town, signer) == ["valid"]
    assert town.petition().counted == 1
    officer.taps("open-news")
    assert ("khớp." in officer.last, "không khớp." in officer.last) == (True, not match)
    assert NAME not in officer.last
    acts = town.read(lambda store: store.ledger.of_case(town.petition().id))
    assert [one.facts["match"] for one in acts if one.act == "claimed"] == [match]


def test_her_own_code_is_claimed_like_any_other(town):
    """Where she is asked for the code of a claim, her own is taken and not opened as a status."""
    chat = town.person(NAME)
    chat.signs()
    code = chat.code
    chat.says("không phải tôi")
    chat.taps("not-me-yes")
    chat.taps("not-me-claim")
    chat.says(code)
    assert chat.last.startswith("Bạn gõ họ và tên đã bị ghi.")
    chat.says(NAME)
    assert "Cảm ơn bạn đã báo." in chat.last
    acts = town.read(lambda store: store.ledger.of_case(town.petition().id))
    assert [one.facts["match"] for one in acts if one.act == "claimed"] == [True]


def test_a_claim_on_an_unknown_code_reads_the_same(town):
    """Whether a code exists, and whether the name fits, does not show in the answers."""
    signer = town.person(NAME)
    signer.signs()
    read = set()
    for number, (code, name) in enumerate(
        [(signer.code, NAME), (signer.code, "Lê Thị Thử"), ("K7M2QX", NAME)]
    ):
        other = town.person(f"Người Thử {number}", address=f"claim{number}")
        other.scans(MAY)
        other.says("không phải tôi")
        before = len(other.received)
        other.taps("not-me-yes")
        other.taps("not-me-claim")
        other.says(code)
        other.says(name)
        read.add(tuple(one.text for one in other.received[before:]))
    assert len(read) == 1


@pytest.mark.parametrize("typed", ["không nhớ", "😀", "\x00", "1234567", "x" * 900])
def test_a_claim_without_a_code_is_asked_again(town, typed):
    """What is no code is asked again, with a way out."""
    chat = town.person(NAME)
    chat.scans(MAY)
    chat.says("không phải tôi")
    chat.taps("not-me-yes")
    chat.taps("not-me-claim")
    chat.says(typed)
    assert chat.last.startswith("Mã có 6 chữ và số")
    chat.taps("menu")
    assert chat.last.startswith("Bạn muốn làm gì?")


def test_a_join_below_taken_back(town):
    """A join that the CĐCS holds is taken back like any other, and that desk is told."""
    officer = town.officer("Phạm Văn Nháp", CDCS, "receives")
    chat = town.person(NAME)
    chat.signs(GIAY, where="to-cdcs")
    takes_back(chat)
    assert officer.last == "Có tin về một việc."
    officer.taps("open-news")
    assert officer.last.startswith(f"{chat.code}: người gửi đã rút.")
