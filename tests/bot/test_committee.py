"""The organising committee: offered to all alike, by invitation, and told in bands."""

from __future__ import annotations

import pytest
from chat import GIAY, MAY, Chat, Town

from bot.mail import Mail
from storage.store import Store

NAME = "Nguyễn Thị Mẫu"


def committee_state(town: Town, chat: Chat) -> str | None:
    """Return where somebody stands with the committee of the petition."""
    petition = town.petition()
    return town.read(
        lambda store: store.cases.committee_state(petition.id, chat.conversation_id())
    )


def invite(town: Town, chat: Chat) -> None:
    """Invite somebody, as an officer does."""

    def work(store: Store) -> None:
        case = store.cases.live_petition(store.enterprises.by_code(MAY).id)
        store.cases.set_committee_state(case.id, chat.conversation_id(), "invited")
        mail = Mail(store, town.office, key=f"test:invite:{next(town.events)}")
        mail.news(chat.conversation_id(), case, "news-question?")
        mail.post()

    town.write(work)
    town.deliver()


def member(town: Town) -> Chat:
    """Return a signer who has accepted."""
    chat = town.person(NAME)
    chat.signs()
    invite(town, chat)
    chat.taps("open-news")
    chat.taps("detail")
    chat.taps("committee-yes")
    return chat


def test_the_offer_reads_the_same_for_everybody(town, golden):
    """The risk comes first; who has signed, who joins and who never came read the same words."""
    people = [town.person(name) for name in (NAME, "Trần Văn Ví Dụ", "Lê Thị Thử")]
    people[0].signs()
    people[1].signs(GIAY)
    people[2].scans(MAY)
    people[0].taps("status")
    button = people[0].button("help-organise")
    town.log.clear()
    read = set()
    for chat in people:
        if chat is people[0]:
            chat.presses(button.payload)
        else:
            chat.says("menu")
            town.write(lambda store: None)
            offered(chat)
        chat.taps("offer-yes")
        read.add((chat.received[-2].text, chat.last))
    assert len(read) == 1
    assert committee_state(town, people[0]) == "offered"
    assert committee_state(town, people[2]) is None
    golden("committee_offer", town.transcript(people[0]))


def offered(chat: Chat) -> None:
    """Open the offer by its button, made for this chat as the core makes it."""
    from bot.payloads import payload

    store_keys = chat.town.database.keys
    chat.presses(payload(store_keys, chat.conversation_id(), 0, "help-organise"))


def test_saying_no_keeps_nothing(town):
    """“Không” is recorded nowhere and asked no more."""
    chat = town.person(NAME)
    chat.signs()
    chat.taps("status")
    chat.taps("help-organise")
    chat.taps("no")
    assert chat.last == "Đã ghi nhận theo ý bạn vừa chọn. Chúng tôi không hỏi lại."
    assert committee_state(town, chat) is None


def test_invited_and_accepted(town, golden):
    """The invitation comes behind an envelope, with the risk first and nobody's name."""
    chat = town.person(NAME)
    chat.signs()
    town.log.clear()
    invite(town, chat)
    chat.taps("open-news")
    chat.taps("detail")
    assert chat.last.startswith("Có người mời bạn cùng vận động. Chúng tôi không nói ai mời.")
    chat.taps("committee-yes")
    assert committee_state(town, chat) == "accepted"
    chat.taps("committee-progress")
    chat.taps("committee-next")
    chat.taps("committee-progress")
    chat.taps("committee-link")
    golden("committee_member", town.transcript())


def test_declined(town):
    """Who declines is not asked again; pressing the old button later changes nothing for who was not asked."""
    chat = town.person(NAME)
    chat.signs()
    invite(town, chat)
    chat.says("tới đâu rồi")
    old = chat.button("committee-yes")
    chat.taps("committee-no")
    assert committee_state(town, chat) == "declined"
    chat.presses(old.payload)
    assert committee_state(town, chat) == "declined"
    assert chat.last.startswith("Phần này dành cho người trong ban vận động.")
    chat.says("tới đâu rồi")
    assert "Có người mời bạn" not in chat.last


def test_the_ledger_names_no_member(town):
    """Who offered, accepted or declined is not written down; that it happened is."""
    chat = member(town)
    entries = town.read(lambda store: store.ledger.of_case(town.petition().id))
    assert "committee_accepted" in [one.act for one in entries]
    assert str(chat.conversation_id()) not in str(entries)


def test_leaving(town):
    """“Thôi vận động” leaves at once and keeps the name; the words are the same for everybody."""
    chat, nobody = member(town), town.person("Lê Thị Thử")
    nobody.scans(MAY)
    assert chat.says("thôi vận động")[-1].text == nobody.says("thôi vận động")[-1].text
    assert committee_state(town, chat) == "left"
    assert town.petition().counted == 1
    chat.says("tiến độ")
    assert chat.last.startswith("Phần này dành cho người trong ban vận động.")


@pytest.mark.parametrize("typed", ["tiến độ", "đổi đường dẫn"])
def test_for_members_alone(town, typed):
    """Signers who are no members and strangers read the same."""
    signer, nobody = town.person(NAME), town.person("Lê Thị Thử")
    signer.signs()
    nobody.scans(MAY)
    assert signer.says(typed)[-1].text == nobody.says(typed)[-1].text


def test_progress_in_bands_of_the_morning(town):
    """A member sees the band of the last daily run and the step, never a number."""
    chat = member(town)
    town.gather(5)
    chat.says("tiến độ")
    assert "Số người: dưới 5 người." in chat.last
    assert "Đang ở bước 1 trên 6: chờ đủ người." in chat.last

    def run(store: Store) -> None:
        case = store.cases.live_petition(store.enterprises.by_code(MAY).id)
        store.cases.set_band(case.id, 5, is_enough=True)
        store.cases.enough_was_told(case.id)

    town.write(run)
    chat.says("tiến độ")
    assert "Số người: từ 5 đến 9 người." in chat.last
    assert "Đang ở bước 2 trên 6: lập ban vận động." in chat.last


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("guided", "4 trên 6: họp đại hội thành lập"),
        ("checked", "5 trên 6"),
        ("returned", "5 trên 6"),
        ("recognised", "6 trên 6"),
    ],
)
def test_every_step_has_words_and_tasks(town, state, step):
    """Each state of the petition is a step with tasks that fit it."""
    chat = member(town)
    petition = town.petition()
    town.write(lambda store: store.cases.change(petition, state=state))
    chat.says("tiến độ")
    assert step in chat.last
    chat.taps("committee-next")
    assert chat.last.startswith("Việc cần làm lúc này:\n1. ")


def test_the_link_is_changed(town):
    """After "đổi đường dẫn" the old link opens the common page only, and a fresh one is given."""
    chat = member(town)
    chat.says("lấy đường dẫn mời")
    old = chat.last.split("/q/")[1].split("\n")[0]
    chat.says("đổi đường dẫn")
    new = chat.last.split("/q/")[1].split("\n")[0]
    assert old != new
    assert town.read(lambda store: store.posters.by_token(old)) is None
    assert town.read(lambda store: store.posters.by_token(new).enterprise_id) is not None


def test_an_offer_does_not_undo_more(town):
    """Who has accepted and presses the offer again stays a member."""
    chat = member(town)
    chat.says("tới đâu rồi")
    chat.taps("help-organise")
    chat.taps("offer-yes")
    assert committee_state(town, chat) == "accepted"
