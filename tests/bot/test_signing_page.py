"""The one-time page where the chat may not ask for a name: opened by a button, used up at the end."""

from __future__ import annotations

import pytest
from chat import GIAY, MAY, Chat, Town

from storage.store import Store
from union.papers import fingerprint

NAME = "Nguyễn Thị Mẫu"


def at_page(town: Town, channel: str = "abroad", consent: str = "consent-ab") -> Chat:
    """Walk to the link and open it."""
    chat = town.person(NAME, channel)
    chat.scans(MAY)
    chat.taps("sign")
    chat.taps(consent)
    chat.opens()
    return chat


def sends(chat: Chat, name: str = NAME, phone: str = "", choice: str = "put-name"):
    """Submit the page; return what it shows."""
    fields = {"token": chat.token(), "name": name, "phone": phone, "choice": choice}
    return chat.submits("sign-page", **fields).page


def signed(town: Town, chat: Chat):
    """Return the signatures from a chat, each with its person and text."""

    def look(store: Store):
        return [
            (one, store.people.by_id(one.person_id), store.signatures.newest_text(one.id))
            for one in store.signatures.at(chat.conversation_id())
        ]

    return town.read(look)


def test_the_page_from_link_to_receipt(town, golden):
    """Name and number are typed on the page alone; the receipt comes to the chat by itself."""
    chat = at_page(town)
    page = chat.outcome.page
    assert page.name == "sign"
    assert page.facts["statement"].startswith("Tôi là {name}, công dân Việt Nam")
    assert (page.facts["name"], page.facts["error"], page.facts["asks_phone"]) == ("", "", True)
    assert sends(chat, phone="0912 345 678").name == "sign-done"
    assert chat.last.startswith("Đã ghi nhận theo ý bạn vừa chọn.")
    [(signature, person, text)] = signed(town, chat)
    assert (person.name, person.phone, signature.known) == (NAME, "+84912345678", "claimed")
    assert text.text == page.facts["statement"].replace("{name}", NAME)
    assert text.fingerprint == fingerprint(text.text)
    golden("signing_page", town.transcript())


def test_the_name_never_stands_in_a_foreign_chat(town):
    """Neither name nor number is in any letter of a chat that may not ask for them."""
    chat = at_page(town)
    sends(chat, phone="0912345678")
    chat.says("tới đâu rồi")
    read = " ".join(one.text for one in chat.received)
    assert NAME not in read
    assert "912" not in read


def test_at_most_eight_by_the_page(town):
    """Scan, start, sign, consent, link, button, last button: seven of at most eight."""
    chat = at_page(town)
    sends(chat)
    assert chat.last.startswith("Đã ghi nhận")
    shown = [what for who, what in town.log if who == chat.name]
    tapped_the_link = 1
    assert len(shown) + tapped_the_link <= 8


def test_the_same_receipt_after_putting_it_off_on_the_page(town):
    """“Để sau” on the page reads like "Ghi tên", in the chat and on the page, and needs no name."""
    signer, other = at_page(town), at_page(town)
    one, two = sends(signer), sends(other, name="", choice="later")
    assert (one.name, two.name) == ("sign-done", "sign-done")
    assert signer.last.replace(signer.code, "") == other.last.replace(other.code, "")
    assert len(signed(town, signer)) == 1
    assert signed(town, other) == []


def test_a_link_opens_once(town):
    """After the last button the link opens nothing, and sending the page again signs nothing."""
    chat = at_page(town)
    token = chat.token()
    sends(chat)
    assert town.read(lambda store: store.links.find(token)) is None
    assert sends(chat, name="Trần Văn Ví Dụ").name == "expired"
    assert chat.opens().page.name == "expired"
    assert len(signed(town, chat)) == 1


def test_a_link_expires(town):
    """After thirty minutes the link opens nothing; "đường dẫn mới" brings another."""
    chat = at_page(town)
    town.clock.advance(minutes=31)
    assert sends(chat).name == "expired"
    chat.says("đường dẫn mới")
    assert chat.opens().page.name == "sign"
    assert sends(chat).name == "sign-done"


def test_a_new_link_closes_the_old_one(town):
    """Of several links only the newest opens."""
    chat = at_page(town)
    old = chat.token()
    chat.says("đường dẫn mới")
    fields = {"token": old, "name": NAME, "phone": "", "choice": "put-name"}
    assert chat.submits("sign-page", **fields).page.name == "expired"


def test_too_many_links(town):
    """After several links in a quarter of an hour she is asked to wait."""
    chat = at_page(town)
    for _ in range(6):
        chat.says("đường dẫn mới")
    assert chat.last.startswith("Bạn vừa xin nhiều đường dẫn.")


@pytest.mark.parametrize("token", ["", "x", "\x00", "A" * 500])
def test_unknown_tokens(town, token):
    """A made-up token opens nothing and signs nothing."""
    chat = at_page(town)
    fields = {"token": token, "name": NAME, "phone": "", "choice": "put-name"}
    assert chat.submits("open-link", token=token).page.name == "expired"
    assert chat.submits("sign-page", **fields).page.name == "expired"
    assert signed(town, chat) == []


def test_anothers_link(town):
    """A link opens nothing in another conversation."""
    chat, thief = at_page(town), at_page(town)
    fields = {"token": chat.token(), "name": NAME, "phone": "", "choice": "put-name"}
    assert thief.submits("sign-page", **fields).page.name == "expired"
    assert signed(town, thief) == []


@pytest.mark.parametrize(
    ("name", "phone", "said"),
    [
        ("", "", "Chúng tôi chưa thấy chữ nào."),
        ("\u200b\u202e\x00", "", "Chúng tôi chưa thấy chữ nào."),
        ("0900 000 000", "", "Chúng tôi cần họ tên bằng chữ"),
        ("Ư" * 200, "", "Tên này dài hơn"),
        ("x " * 2000, "", "Tên này dài hơn"),
        ("Mẫu 😀 Thị", "", "Trong tên có ký hiệu"),
        (NAME, "12", "Số này chưa giống số điện thoại."),
        (NAME, "không", "Số này chưa giống số điện thoại."),
    ],
)
def test_what_cannot_be_read_is_said_on_the_page(town, name, phone, said):
    """The page comes back with what stood in the way and with what was typed; nothing is kept."""
    chat = at_page(town)
    page = sends(chat, name=name, phone=phone)
    assert page.name == "sign"
    assert page.facts["error"].startswith(said)
    assert signed(town, chat) == []
    assert sends(chat).name == "sign-done"


def test_a_name_of_one_word_passes_the_second_time(town):
    """A single word is asked about once on the page, too."""
    chat = at_page(town)
    assert sends(chat, name="Mẫu").facts["error"].startswith("Tên này có vẻ chưa đủ.")
    assert sends(chat, name="Mẫu").name == "sign-done"
    assert signed(town, chat)[0][1].name == "Mẫu"


def test_foreign_citizens_on_the_page(town):
    """The page changes its text for a foreign citizen, keeps what was typed, and back."""
    chat = at_page(town)
    page = sends(chat, name="John Sample", choice="foreign")
    assert page.facts["is_foreign"]
    assert page.facts["name"] == "John Sample"
    assert "người nước ngoài" in page.facts["statement"]
    sends(chat, name="John Sample")
    assert signed(town, chat)[0][0].is_foreign
    assert town.petition().counted == 0


def test_without_consent_to_contact_no_number_is_kept(town):
    """Without B the page asks for no number, and one that is sent all the same is not kept."""
    chat = at_page(town, consent="consent-a")
    assert chat.outcome.page.facts["asks_phone"] is False
    sends(chat, phone="0912345678")
    assert signed(town, chat)[0][1].phone == ""


def test_what_is_typed_in_the_chat_meanwhile_is_not_kept(town):
    """A name typed beside the page signs nothing and is not echoed; the link is said again."""
    chat = town.person(NAME, "abroad")
    chat.scans(MAY)
    chat.taps("sign")
    chat.taps("consent-ab")
    chat.says(NAME)
    assert "/t/" in chat.last
    assert signed(town, chat) == []


def test_a_private_page_by_her_own_wish(town):
    """“Trang riêng” leads to the page wherever she is: at the name, or before anything."""
    chat = town.person(NAME, "web")
    chat.scans(GIAY)
    chat.says("trang riêng")
    chat.taps("to-above")
    chat.taps("consent-ab")
    assert chat.opens().page.name == "sign"
    other = town.person("Trần Văn Ví Dụ", "web")
    other.scans(MAY)
    other.taps("sign")
    other.taps("consent-a")
    other.says("trang riêng")
    other.opens()
    assert sends(other, name="Trần Văn Ví Dụ").name == "sign-done"
    assert town.petition().counted == 1


def test_a_page_left_and_the_wish_dropped(town):
    """After "hủy" in the chat the page opens nothing."""
    chat = at_page(town)
    chat.says("hủy")
    assert sends(chat).name == "expired"
    assert signed(town, chat) == []


def test_a_page_sent_twice(town):
    """The same form delivered twice is heard once."""
    chat = at_page(town)
    fields = {"token": chat.token(), "name": NAME, "phone": "", "choice": "put-name"}
    chat.submits("sign-page", event="form:1", **fields)
    outcome = chat.submits("sign-page", event="form:1", **fields)
    assert outcome.is_repeat
    assert len(signed(town, chat)) == 1


def test_a_correction_by_the_page(town):
    """Abroad a correction goes by the page as well, with the name filled in."""
    chat = at_page(town)
    sends(chat, name="Nguyễn Thị Mầu")
    code = chat.code
    chat.says("tới đâu rồi")
    chat.taps("edit-mine")
    chat.taps("edit-nothing")
    page = chat.opens().page
    assert page.facts["name"] == "Nguyễn Thị Mầu"
    sends(chat)
    [(_, person, _)] = signed(town, chat)
    assert (person.name, chat.code) == (NAME, code)


def test_a_name_is_corrected_on_the_page_too(town):
    """Where the chat may not ask for a name, a correction of it is made on our page."""
    chat = at_page(town)
    sends(chat, "Nguyễn Thị Mầu", "0912 345 678")
    chat.taps("status")
    chat.taps("edit-mine")
    chat.taps("edit-name")
    assert "/t/" in f"{chat.last}{chat.received[-1].link}"
    chat.opens()
    assert chat.outcome.page.facts["name"] == "Nguyễn Thị Mầu"
    assert sends(chat, NAME, "0912 345 678").name == "sign-done"
    [(_, person, _)] = signed(town, chat)
    assert person.name == NAME
    assert NAME not in " ".join(one.text for one in chat.received)
