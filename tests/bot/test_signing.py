"""Putting one's name down in the chat: founding and joining, drafts, corrections, bad input."""

from __future__ import annotations

import re

import pytest
from chat import CDCS, GIAY, MAY, PHUONG, Chat, Town

from storage.store import Store
from union.papers import fingerprint

NAME = "Nguyễn Thị Mẫu"
PHONE = "0912 345 678"


def signature_of(town: Town, chat: Chat):
    """Return the newest signature from a chat with person, case, text and consent."""

    def look(store: Store):
        mine = store.signatures.at(chat.conversation_id())
        if not mine:
            return None
        newest = max(mine, key=lambda one: one.confirmed_at)
        return (
            newest,
            store.people.by_id(newest.person_id),
            store.cases.by_id(newest.case_id),
            store.signatures.newest_text(newest.id),
        )

    return town.read(look)


def to_name(chat: Chat, consent: str = "consent-ab", enterprise: str = MAY) -> Chat:
    """Walk to the question of the name."""
    chat.scans(enterprise)
    chat.taps("sign")
    if chat.town.has_cdcs(enterprise):
        chat.taps("to-above")
    chat.taps(consent)
    return chat


def to_statement(chat: Chat, name: str = NAME, enterprise: str = MAY) -> Chat:
    """Walk to the statement, without a number."""
    to_name(chat, enterprise=enterprise).says(name)
    chat.taps("no-phone")
    return chat


def acts(chat: Chat) -> int:
    """Return how often somebody tapped, typed or scanned."""
    return sum(who == chat.name for who, _ in chat.town.log)


# --- the shortest way -----------------------------------------------------------------------------


def test_founding_reads_as_in_the_storyboard(town, golden):
    """The whole way to founding, from the scan to the receipt, in the golden words."""
    chat = town.person(NAME)
    chat.signs(phone=PHONE)
    golden("signing_start", town.transcript())


def test_joining_reads_as_in_the_storyboard(town, golden):
    """The whole way to joining, above and, with an officer there, below."""
    town.officer("Phạm Văn Nháp", CDCS, "receives")
    town.log.clear()
    above, below = town.person(NAME, "web"), town.person("Trần Văn Ví Dụ")
    above.signs(GIAY)
    below.signs(GIAY, where="to-cdcs", consent="consent-a")
    golden("signing_join", town.transcript(above, below))


@pytest.mark.parametrize("enterprise", [MAY, GIAY])
def test_from_scan_to_signed_at_most_eight(town, enterprise):
    """The tap on the page, a typed code, and the way to the receipt are at most 8 taps and messages."""
    token = town.tokens[enterprise]
    code = town.read(lambda store: store.posters.by_token(token).code)
    chat = town.person(NAME)
    chat.says(code)
    chat.taps("sign")
    if enterprise == GIAY:
        chat.taps("to-above")
    chat.taps("consent-ab")
    chat.says(NAME)
    chat.says(PHONE)
    chat.taps("put-name")
    assert chat.last.startswith("Đã ghi nhận")
    on_the_page = 1
    assert acts(chat) + on_the_page <= 8


def test_by_typed_numbers_alone(town):
    """Where there are no buttons, numbers lead the same way."""
    chat = town.person(NAME)
    chat.scans(MAY)
    for line in ("1", "2", NAME, "1", "1"):
        chat.says(line)
    assert chat.last.startswith("Đã ghi nhận")
    assert town.petition().counted == 1


# --- what is kept ---------------------------------------------------------------------------------


def test_what_a_signature_keeps(town):
    """Kept are the exact text, version, fingerprint, language, channel, consent, and how known she is."""
    chat = town.person(NAME)
    chat.signs(phone=PHONE, consent="consent-abc")
    shown = next(one.text for one in chat.received if "Bản TL-1" in one.text)
    signature, person, case, text = signature_of(town, chat)
    assert text.text == re.search(r"“(.*)”", shown, re.DOTALL)[1]
    assert text.fingerprint == fingerprint(text.text)
    assert (text.version, text.language) == ("TL-1", "vi")
    assert (signature.channel, signature.known, signature.is_foreign) == (
        "paper",
        "claimed",
        False,
    )
    assert (person.name, person.phone, person.known) == (NAME, "+84912345678", "claimed")
    assert (case.kind, case.state, case.counted) == ("petition", "open", 1)
    agreed = town.read(lambda store: store.people.agreed(chat.conversation_id()))
    assert [(one.version, one.contact, one.statistics) for one in agreed] == [("DY-1", True, True)]


def test_the_ledger_names_nobody(town):
    """What is written down of a signing holds no name, no number and no conversation."""
    chat = town.person(NAME)
    chat.signs(phone=PHONE)
    written = town.read(lambda store: store.ledger.newest())
    assert [one.act for one in written][-2:] == ["opened", "signed"]
    assert not any(
        word in str(written) for word in (NAME, "912345678", str(chat.conversation_id()))
    )


def test_in_her_language(town):
    """Who reads English agrees to the English text, and that is what is kept."""
    chat = town.person("John Sample")
    chat.scans(MAY)
    chat.says("English")
    chat.taps("sign")
    chat.taps("consent-a")
    chat.says("John Sample")
    chat.taps("foreign")
    chat.taps("put-name")
    _, _, _, text = signature_of(town, chat)
    assert (text.language, text.version) == ("en", "NN-1-en")
    assert "John Sample" in text.text


def test_a_change_of_language_shows_no_other_text_than_is_kept(town):
    """What stands on the screen at the last tap is what is kept, also after a change of language."""
    chat = to_statement(town.person(NAME))
    chat.says("English")
    shown = next(one.text for one in reversed(chat.received) if NAME in one.text)
    chat.taps("put-name")
    assert signature_of(town, chat)[3].text in shown


def test_back_to_an_older_statement_signs_no_other_text(town):
    """After "quay lại" the last tap never keeps a text that is not the one on the screen."""
    chat = to_statement(town.person(NAME), "Nguyễn Thị Mầu")
    chat.taps("edit")
    chat.taps("edit-name")
    chat.says(NAME)
    for _ in range(3):
        chat.says("quay lại")
    assert "Tôi là Nguyễn Thị Mầu," in chat.last
    chat.taps("put-name")
    assert signature_of(town, chat) is None
    assert f"Tôi là {NAME}," in chat.last
    chat.taps("put-name")
    assert f"Tôi là {NAME}," in signature_of(town, chat)[3].text


def test_back_before_foreign_takes_it_back(town):
    """Who went back before "Người nước ngoài" signs what she sees: the text of citizens."""
    chat = to_statement(town.person(NAME))
    chat.taps("foreign")
    chat.says("quay lại")
    assert "công dân Việt Nam" in chat.last
    chat.taps("put-name")
    chat.taps("put-name") if "put-name" in [one.id for one in chat.received[-1].choices] else None
    signature, _, case, text = signature_of(town, chat)
    assert (signature.is_foreign, text.version, case.counted) == (False, "TL-1", 1)


def test_a_name_that_cannot_be_read_leaves_no_trace_either(town):
    """On the page a refused name or number is not shown as her line."""
    chat = to_name(town.person(NAME, "web"))
    chat.says("0912 345 678")
    chat.says("Mẫu 😀 Thị")
    letters = town.read(lambda store: store.outbox.for_page(chat.conversation_id()))
    echoes = " ".join(one.reply for one in letters if one.state == "echo")
    assert "0912" not in echoes
    assert "Mẫu 😀" not in echoes


def test_foreign_citizens_are_kept_apart(town):
    """A foreign citizen is recorded and does not count towards founding."""
    chat = town.person("John Sample")
    chat.signs(last="foreign")
    signature, _, case, text = signature_of(town, chat)
    assert signature.is_foreign
    assert text.version == "NN-1"
    assert case.counted == 0


def test_owners_are_told_and_nothing_is_kept(town):
    """Owners and directors are told so; no person, no receipt, no petition is left."""
    chat = to_statement(town.person(NAME))
    chat.taps("owner")
    assert chat.last.startswith("Cảm ơn bạn đã nói rõ.")
    assert town.petition() is None
    assert nothing_kept(town, chat)


def test_without_consent_nothing_is_kept(town):
    """No consent: no person, no receipt, no draft, and the memory holds no answer."""
    chat = to_name(town.person(NAME), "consent-none")
    assert chat.last.startswith("Không sao cả.")
    assert nothing_kept(town, chat)


def nothing_kept(town: Town, chat: Chat) -> bool:
    """Whether no person, no receipt and no answer is left of a chat."""

    def look(store: Store) -> bool:
        known = store.conversations.find(chat.channel, chat.address)
        here = known.id
        return not (
            store.people.at(here)
            or store.people.receipts_at(here)
            or store.people.agreed(here)
            or {"sign", "draft", "trail"} & set(known.memory)
        )

    return town.read(look)


@pytest.mark.parametrize(
    ("typed", "given"),
    [("a", (False, False)), ("A B", (True, False)), ("a,c", (False, True)), ("ABC", (True, True)),
     ("a và b", (True, False)), ("5", None), ("b", "again"), ("ba", "again"), ("vâng", "again"), ("👍", "again")],
)  # fmt: skip
def test_consents_may_be_typed(town, typed, given):
    """A, B and C are three answers; without A, or when unclear, she is asked again."""
    chat = town.person(NAME)
    chat.scans(MAY)
    chat.taps("sign")
    chat.says(typed)
    if given == "again":
        assert "Bạn đồng ý điều nào?" in chat.last
        return
    if given is None:
        assert chat.last.startswith("Không sao cả.")
        return
    chat.says(NAME)
    if given[0]:
        chat.taps("no-phone")
    chat.taps("put-name")
    agreed = town.read(lambda store: store.people.agreed(chat.conversation_id()))
    assert [(one.contact, one.statistics) for one in agreed] == [given]


def test_without_b_no_number_is_asked(town):
    """Who does not want to be contacted is not asked for a number."""
    chat = to_name(town.person(NAME), "consent-ac")
    chat.says(NAME)
    assert "Bạn đọc kỹ." in chat.last


# --- who receives ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has_officer", "where", "body"),
    [(True, "to-cdcs", CDCS), (True, "to-above", PHUONG), (False, "to-cdcs", PHUONG)],
)
def test_the_cdcs_receives_only_by_her_choice_and_with_an_officer(town, has_officer, where, body):
    """A CĐCS reads a name only if she chose it and somebody is there; the facts name who reads."""
    if has_officer:
        town.officer("Phạm Văn Nháp", CDCS, "receives")
    chat = town.person(NAME)
    chat.signs(GIAY, where=where)
    _, _, case, text = signature_of(town, chat)
    name = town.read(lambda store: store.bodies.by_code(body).name)
    assert town.read(lambda store: store.bodies.by_id(case.body_id).code) == body
    assert (case.kind, case.state, case.wants_cdcs) == ("join", "waiting", where == "to-cdcs")
    assert f"Tôi gửi lời này cho {name}." in text.text
    version = "DY-3" if body == CDCS else "DY-2"
    assert any(f"Bản đồng ý {version}" in one.text for one in chat.received)


def test_asking_first_keeps_the_choice(town):
    """“Hỏi thêm trước” tells who sees what, and "Ghi tên" comes back to the choice."""
    chat = town.person(NAME)
    chat.scans(GIAY)
    chat.taps("sign")
    chat.taps("ask-first")
    assert chat.last.startswith("Bạn chọn nơi nhận trước khi ghi tên.")
    chat.taps("sign")
    assert chat.last.startswith("Bạn muốn gửi cho ai?")


def test_a_join_goes_to_a_desk(town):
    """A join comes to the officers of the body with a day to answer."""
    officer = town.officer("Lê Thị Thử")
    chat = town.person(NAME)
    chat.signs(GIAY)
    assert officer.last == "Có việc mới cần xem."
    assert signature_of(town, chat)[2].due_on.isoformat() == "2026-12-07"


def test_what_changed_meanwhile_is_told_before_it_is_signed(town):
    """If another body would read the name by now, she is shown the facts anew and nothing is kept."""
    officer = town.officer("Phạm Văn Nháp", CDCS, "receives")
    chat = town.person(NAME)
    chat.scans(GIAY)
    chat.taps("sign")
    chat.taps("to-cdcs")
    chat.taps("consent-a")
    chat.says(NAME)
    town.revoke(officer, CDCS)
    chat.taps("put-name")
    assert chat.last.startswith("Bạn muốn gửi cho ai?")
    assert signature_of(town, chat) is None
    chat.taps("to-above")
    chat.taps("consent-a")
    chat.taps("put-name")
    assert signature_of(town, chat) is not None


# --- the same receipt -----------------------------------------------------------------------------


def receipt_after(town: Town, chat: Chat, last: str) -> str:
    """Return the words of the receipt after a last tap, without its code."""
    if last == "withdraw":
        chat.scans(MAY)
        chat.says("rút tên")
        chat.taps("withdraw-now")
    else:
        chat.signs(last=last)
    return chat.received[-1].text.replace(chat.code, "…") + str(chat.labels)


@pytest.mark.parametrize("channel", ["paper", "web", "terminal"])
def test_one_receipt_for_everything(town, channel):
    """Signing, putting off, repeating and taking back, with or without anything, read the same."""
    signer, other = town.person(NAME, channel), town.person("Trần Văn Ví Dụ", channel)
    nobody = town.person("Lê Thị Thử", channel)
    read = [
        receipt_after(town, signer, "put-name"),
        receipt_after(town, signer, "put-name"),
        receipt_after(town, signer, "withdraw"),
        receipt_after(town, other, "later"),
        receipt_after(town, nobody, "withdraw"),
    ]
    assert len(set(read)) == 1


def test_on_a_page_the_receipt_does_not_even_show_consent(town):
    """Where nothing is pushed, the receipt is the same with and without consent to be contacted."""
    with_b, without_b = town.person(NAME, "web"), town.person("Trần Văn Ví Dụ", "web")
    with_b.signs(consent="consent-ab")
    without_b.signs(consent="consent-a")
    assert with_b.last.replace(with_b.code, "") == without_b.last.replace(without_b.code, "")


def test_without_consent_to_contact_no_letter_is_promised(town):
    """On a channel that pushes, who did not agree to be contacted is promised no letter."""
    chat = town.person(NAME)
    chat.signs(consent="consent-a")
    assert "Chúng tôi không nhắn trước cho bạn." in chat.last


def test_the_last_tap_leaves_no_trace(town):
    """On the page neither the name nor the last tap is shown as her line."""
    chat = town.person(NAME, "web")
    chat.signs(phone=PHONE)
    echoes = [
        one.reply
        for one in town.read(lambda store: store.outbox.for_page(chat.conversation_id()))
        if one.state == "echo"
    ]
    assert echoes
    assert not any("Ghi tên" in one and "is_echo" in one for one in echoes[1:])
    assert not any(word in one for one in echoes for word in (NAME, "912"))


# --- again ----------------------------------------------------------------------------------------


def test_a_repeated_signer_reads_the_same(town):
    """The second time reads like the first, brings the same code, and counts once."""
    chat = town.person(NAME)
    first = [one.text for one in _signing(chat)]
    second = [one.text for one in _signing(chat)]
    assert first == second
    assert town.petition().counted == 1


def _signing(chat: Chat):
    before = len(chat.received)
    chat.signs()
    return chat.received[before:]


@pytest.mark.parametrize("typed", ["nguyen thi mau", "NGUYỄN  THỊ MẪU", "Nguyễn Thị Mẫu"])
def test_the_same_name_is_the_same_person(town, typed):
    """Marks, capitals, spaces and decomposed letters do not make another person; the code is hers."""
    chat = town.person(NAME)
    chat.signs()
    code = chat.code
    chat.signs(name=typed)
    assert chat.code == code
    assert town.petition().counted == 1


def test_a_lost_code_comes_back_in_a_locked_chat(town):
    """Signing again under the same name shows the old code, also where the chat is locked."""
    chat = town.person(NAME)
    chat.signs()
    code = chat.code
    chat.says("khóa")
    chat.signs()
    assert f"Mã của bạn: {code}" in chat.last


def test_two_people_on_one_phone(town, golden):
    """Two names from one address are two people; the short form asks for the code."""
    chat = town.person(NAME)
    chat.signs()
    hers = chat.code
    chat.signs(name="Trần Văn Ví Dụ")
    his = chat.code
    assert hers != his
    assert town.petition().counted == 2
    chat.says("tới đâu rồi")
    assert chat.last.startswith("Chưa có tin mới.")
    chat.says(hers)
    assert chat.last.startswith(f"Mã {hers}")
    golden("signing_two_people", town.transcript())


def test_a_number_that_was_merely_typed_changes_nothing(town):
    """The same typed number from another address blocks, joins and replaces nobody."""
    first, second = town.person(NAME), town.person("Trần Văn Ví Dụ")
    first.signs(phone=PHONE)
    before = signature_of(town, first)
    answers = [one.text.replace(second.name, first.name) for one in _with_phone(second)]
    assert answers[:-1] == [one.text for one in first.received][:-1]
    assert signature_of(town, first) == before[:2] + signature_of(town, first)[2:]
    assert town.petition().counted == 2


def _with_phone(chat: Chat):
    before = len(chat.received)
    chat.signs(phone=PHONE)
    return chat.received[before:]


def test_a_repeated_event_signs_once(town):
    """The last tap delivered three times is one signature and one receipt."""
    chat = to_statement(town.person(NAME))
    for _ in range(3):
        chat.taps("put-name", event="once")
    assert town.petition().counted == 1
    assert sum("Mã của bạn" in one.text for one in chat.received) == 1


def test_the_last_tap_pressed_twice(town):
    """Pressed again after its step, the last button changes nothing and says so."""
    chat = to_statement(town.person(NAME))
    button = chat.button("put-name")
    chat.presses(button.payload)
    chat.presses(button.payload)
    assert chat.last.startswith("Nút này thuộc câu trước")
    assert town.petition().counted == 1


def test_anothers_button_and_a_forged_one(town):
    """A button of somebody else and a made-up one do nothing."""
    chat, other = to_statement(town.person(NAME)), to_statement(town.person("Trần Văn Ví Dụ"))
    for payload in (other.button("put-name").payload, "1.put-name.forged", "", "\x00", "9" * 200):
        chat.presses(payload)
        assert chat.last.startswith("Việc này bạn không làm được ở đây.")
    assert town.petition() is None


def test_an_old_button_in_another_step(town):
    """A consent tapped again after the name was given goes nowhere."""
    chat = to_name(town.person(NAME))
    old = chat.button("consent-abc")
    chat.says(NAME)
    chat.presses(old.payload)
    assert chat.last.startswith("Nút này thuộc câu trước")
    agreed = chat.taps("no-phone")
    assert "Bạn đọc kỹ." in agreed[-1].text


# --- names and numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["Nguyễn Thị Mẫu", "Nguye\u0302\u0303n Thi\u0323 Ma\u0302\u0303u", "  Nguyễn   Thị Mẫu ",
     "\u202eNguyễn Thị Mẫu\u202c", "Nguyễn\u200b Thị\ufeff Mẫu", "Nguyễn Thị Mẫu\x00"],
)  # fmt: skip
def test_a_name_is_kept_clean(town, typed):
    """Decomposed letters, direction marks, zero-width signs, NUL and spaces leave the same name."""
    chat = town.person(NAME)
    chat.signs(name=typed)
    assert signature_of(town, chat)[1].name == NAME


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0900 000 000", "Chúng tôi cần họ tên bằng chữ"),
        ("Nguyễn Thị 2", "Chúng tôi cần họ tên bằng chữ"),
        ("Ư" * 200, "Tên này dài hơn"),
        ("Mẫu 😀 Thị", "Trong tên có ký hiệu"),
        ("=cmd Thị Mẫu", "Trong tên có ký hiệu"),
        ("\u200b\u202e", "Chúng tôi chưa hiểu câu này."),
        ("", "Chúng tôi chưa hiểu câu này."),
        ("x" * 4000, "Tin hơi dài"),
    ],
)
def test_what_is_no_name(town, typed, said):
    """What cannot be a name is refused with a reason, kept nowhere, and asked again."""
    chat = to_name(town.person(NAME))
    chat.says(typed)
    assert chat.last.startswith(said)
    chat.says(NAME)
    assert chat.last.startswith("Bạn có muốn để lại số điện thoại không?")


def test_a_name_of_one_word(town):
    """A single word is asked about once; the button keeps it as it is."""
    chat = to_name(town.person(NAME))
    chat.says("Mẫu")
    assert chat.last.startswith("Tên này có vẻ chưa đủ.")
    chat.taps("name-is-right")
    chat.taps("no-phone")
    chat.taps("put-name")
    assert signature_of(town, chat)[1].name == "Mẫu"


def test_a_name_of_one_word_corrected(town):
    """After the question, the full name may be typed instead."""
    chat = to_name(town.person(NAME))
    chat.says("Mẫu")
    chat.says(NAME)
    chat.taps("no-phone")
    assert f"Tôi là {NAME}" in chat.last


SPELLINGS = [
    "0912345678", "0912 345 678", "0912.345.678", "0912-345-678", "091 234 5678", "(0912) 345678",
    "+84912345678", "+84 912 345 678", "84912345678", "0084912345678", "+84 (0) 912345678".replace("(0) ", ""),
    "０９１２３４５６７８", "0912\u200b345678", "\u202d0912345678\u202c", "0912\u00a0345\u00a0678", "0912–345–678",
    "0912 34 56 78", "09 12 34 56 78", "0 9 1 2 3 4 5 6 7 8", "0912345678 ", " 0912345678", "+84-912-345-678",
    "+84.912.345.678", "84 912 345 678", "0084 912 345 678", "(091)2345678", "0912\t345\t678", "0912  345  678",
    "+84 91 234 56 78", "0912.34.56.78",
]  # fmt: skip


@pytest.mark.parametrize("typed", SPELLINGS)
def test_thirty_spellings_are_one_number(town, typed):
    """However a number is written, the same number is kept."""
    chat = to_name(town.person(NAME))
    chat.says(NAME)
    chat.says(typed)
    assert "Bạn đọc kỹ." in chat.last, chat.last
    chat.taps("put-name")
    assert signature_of(town, chat)[1].phone == "+84912345678"


@pytest.mark.parametrize(
    "typed", ["0", "091234", "không", "1800 1234", "0912345678 0987654321", "😀", "\x00"]
)
def test_what_is_no_number(town, typed):
    """What is no number is asked again, with the way to leave none."""
    chat = to_name(town.person(NAME))
    chat.says(NAME)
    chat.says(typed)
    assert chat.last.startswith("Số này chưa giống số điện thoại.")
    assert "Không để số" in chat.labels
    chat.taps("no-phone")
    chat.taps("put-name")
    assert signature_of(town, chat)[1].phone == ""


def test_a_number_from_the_channel_is_verified(town):
    """A number that the channel vouches for as her own is verified; somebody else's is a claim."""
    for own, known in ((True, "verified"), (False, "claimed")):
        chat = to_name(town.person(f"{NAME} {'Ba' if own else 'Tư'}"))
        chat.says(chat.name)
        chat.shares_contact("0912 345 678", own=own)
        chat.taps("put-name")
        signature, person, _, _ = signature_of(town, chat)
        assert (signature.known, person.phone) == (known, "+84912345678")


@pytest.mark.parametrize("kind", ["photo", "voice", "file", "sticker"])
def test_a_photo_of_a_card_is_not_opened(town, kind):
    """Photos, voice, files and stickers are not read; the step stays."""
    chat = to_name(town.person(NAME))
    chat.sends(kind)
    assert chat.last.startswith("Chúng tôi chỉ đọc được chữ.")
    chat.says(NAME)
    assert chat.last.startswith("Bạn có muốn để lại số điện thoại không?")


# --- back, edit, later ----------------------------------------------------------------------------


def test_back_cancel_and_help(town, golden):
    """Back asks the question before, help answers in between, cancel wipes what was typed."""
    chat = to_name(town.person(NAME))
    chat.says(NAME)
    chat.says("quay lại")
    chat.says("giúp")
    chat.says(NAME)
    chat.says("hủy")
    assert nothing_kept(town, chat)
    golden("signing_back", town.transcript())


def test_every_answer_can_be_corrected(town):
    """Name, number and consents are corrected before the last tap, and the text follows."""
    chat = to_statement(town.person(NAME), "Nguyễn Thị Mầu")
    chat.taps("edit")
    chat.taps("edit-name")
    chat.says(NAME)
    assert f"Tôi là {NAME}," in chat.last
    chat.taps("edit")
    chat.taps("edit-phone")
    chat.says(PHONE)
    chat.taps("edit")
    chat.taps("edit-consent")
    chat.taps("consent-abc")
    chat.taps("edit")
    chat.taps("edit-nothing")
    chat.taps("put-name")
    _, person, _, text = signature_of(town, chat)
    assert (person.name, person.phone) == (NAME, "+84912345678")
    assert f"Tôi là {NAME}," in text.text
    agreed = town.read(lambda store: store.people.agreed(chat.conversation_id()))
    assert [one.statistics for one in agreed] == [True]


def test_taking_contact_back_takes_the_number_along(town):
    """Who corrects consent to A alone leaves no number behind."""
    chat = to_name(town.person(NAME))
    chat.says(NAME)
    chat.says(PHONE)
    chat.taps("edit")
    chat.taps("edit-consent")
    chat.taps("consent-a")
    chat.taps("put-name")
    assert signature_of(town, chat)[1].phone == ""


def test_another_place_keeps_name_and_number(town):
    """A correction of the place asks for consent anew and not for the name."""
    chat = to_statement(town.person(NAME))
    chat.taps("edit")
    chat.taps("edit-place")
    chat.taps("place")
    chat.says("giay thi nghiem")
    chat.taps("pick-1")
    chat.taps("sign")
    chat.taps("to-above")
    chat.taps("consent-ab")
    assert f"Tôi là {NAME}, công dân Việt Nam, đang làm ở Công ty Giày Thí Nghiệm." in chat.last
    chat.taps("put-name")
    assert signature_of(town, chat)[2].kind == "join"
    assert town.petition() is None


def test_a_draft_is_taken_up_again(town, golden):
    """What was put off comes back with one tap, text and all, also after other talk."""
    chat = to_statement(town.person(NAME))
    chat.taps("later")
    assert town.petition() is None
    chat.taps("status")
    assert "Bạn chưa ghi tên. Bản nháp tự xóa ngày 27/11/2026." in chat.last
    chat.says("menu")
    chat.says("tới đâu rồi")
    chat.taps("go-on-draft")
    assert f"Tôi là {NAME}" in chat.last
    chat.taps("put-name")
    assert town.petition().counted == 1
    golden("signing_later", town.transcript())


def test_a_draft_ends_after_its_days(town):
    """After seven days the draft is gone and the code leads to nothing."""
    chat = to_statement(town.person(NAME))
    chat.taps("later")
    chat.says("tới đâu rồi")
    town.clock.advance(days=8)
    chat.taps("go-on-draft")
    assert "Bạn đồng ý điều nào?" in chat.last
    chat.says("tới đâu rồi")
    assert "Hiện không có tên nào của bạn được tính." in chat.last
    chat.taps("sign")
    chat.taps("consent-a")
    assert chat.last.startswith("Họ và tên đầy đủ")


def test_to_sign_typed_under_the_statement(town):
    """“ký” typed under the statement is the answer to it; an old "Ghi tên" button is not."""
    chat = town.person(NAME)
    chat.scans(MAY)
    old = chat.button("sign")
    to_statement(chat)
    chat.presses(old.payload)
    assert "Bạn đồng ý điều nào?" in chat.last
    assert town.petition() is None
    to_statement(chat)
    chat.says("ký")
    assert chat.last.startswith("Đã ghi nhận")


def test_anything_else_under_the_statement_signs_nothing(town):
    """Yes, a smile or a question under the statement is no signature."""
    chat = to_statement(town.person(NAME))
    for typed in ("vâng", "ok", "👍", "6", "để", "x" * 900):
        chat.says(typed)
    assert town.petition() is None


def test_without_a_place_she_is_asked_for_it(town):
    """Who comes without a code and wants to sign is asked where she works."""
    chat = town.person(NAME)
    chat.says("ghi tên")
    assert chat.last.startswith("Nơi bạn làm tên gì?")


# --- correcting after signing ---------------------------------------------------------------------


def test_correcting_after_signing_moves_no_count(town, golden):
    """A corrected name is shown and confirmed anew; code and count stay, version and text are new."""
    chat = town.person(NAME)
    chat.signs(name="Nguyễn Thị Mầu")
    code, before = chat.code, signature_of(town, chat)
    town.clock.advance(hours=1)
    chat.taps("status")
    chat.taps("edit-mine")
    chat.taps("edit-name")
    chat.says(NAME)
    assert f"Tôi là {NAME}," in chat.last
    chat.taps("put-name")
    after = signature_of(town, chat)
    assert chat.code == code
    assert (after[0].id, after[2].counted) == (before[0].id, 1)
    assert after[1].name == NAME
    assert after[3].fingerprint != before[3].fingerprint
    chat.signs(name=NAME)
    assert chat.code == code
    golden("signing_corrected", town.transcript())


def test_putting_a_correction_off_changes_nothing(town):
    """A correction that is put off leaves name, text and code as they were."""
    chat = town.person(NAME)
    chat.signs()
    code, before = chat.code, signature_of(town, chat)
    chat.taps("status")
    chat.taps("edit-mine")
    chat.taps("edit-name")
    chat.says("Trần Văn Ví Dụ")
    chat.taps("later")
    assert chat.code == code
    assert signature_of(town, chat) == before


def test_a_correction_cannot_take_anothers_name(town):
    """Of two people on one phone, one cannot be renamed into the other."""
    chat = town.person(NAME)
    chat.signs()
    hers = chat.code
    chat.signs(name="Trần Văn Ví Dụ")
    chat.says(hers)
    chat.taps("edit-mine")
    chat.taps("edit-name")
    chat.says("tran van vi du")
    assert chat.last.startswith("Tên này đã được ghi từ khung chat này rồi.")


def test_a_number_is_corrected_after_signing(town):
    """A new number is kept with the renewed statement."""
    chat = town.person(NAME)
    chat.signs(phone=PHONE)
    chat.taps("status")
    chat.taps("edit-mine")
    chat.taps("edit-phone")
    chat.taps("no-phone")
    chat.taps("put-name")
    signature, person, _, _ = signature_of(town, chat)
    assert (person.phone, signature.known) == ("", "none")


def test_a_returned_join_is_completed(town):
    """A join that came back for the name goes on to the same desk after "Bổ sung ngay"."""
    officer = town.officer("Lê Thị Thử")
    chat = town.person(NAME)
    chat.signs(GIAY, name="Nguyễn Thị Mầu")
    case = signature_of(town, chat)[2]
    town.write(
        lambda store: store.cases.change(case, state="returned", reason="Họ tên chưa đủ chữ.")
    )
    chat.says("tới đâu rồi")
    assert "“Họ tên chưa đủ chữ.”" in chat.last
    chat.taps("complete")
    chat.says(NAME)
    chat.taps("put-name")
    _, person, again, _ = signature_of(town, chat)
    assert (again.id, again.state, person.name) == (case.id, "waiting", NAME)
    assert officer.last == "Có việc mới cần xem."


def test_a_refused_join_is_sent_again_without_typing_the_name(town):
    """“Bổ sung, gửi lại” asks for consent anew and shows the statement with her name in it."""
    chat = town.person(NAME)
    chat.signs(GIAY)
    first = signature_of(town, chat)[2]
    town.write(
        lambda store: store.cases.change(
            first, state="refused", is_live=False, answered_at=store.now, reason="Chưa đúng nơi."
        )
    )
    town.clock.advance(minutes=1)
    chat.says("tới đâu rồi")
    chat.taps("resend")
    chat.taps("to-above")
    chat.taps("consent-ab")
    assert f"Tôi là {NAME}" in chat.last
    chat.taps("put-name")
    assert signature_of(town, chat)[2].id != first.id
    assert signature_of(town, chat)[2].state == "waiting"


def test_repeating_a_join_opens_no_second_case(town):
    """The same person's second join is the same case; another choice of body is followed."""
    town.officer("Phạm Văn Nháp", CDCS, "receives")
    chat = town.person(NAME)
    chat.signs(GIAY, where="to-cdcs")
    first = signature_of(town, chat)[2]
    chat.signs(GIAY, where="to-above")
    second = signature_of(town, chat)[2]
    assert (second.id, second.wants_cdcs) == (first.id, False)
    assert second.body_id != first.body_id
