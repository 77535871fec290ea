"""A foreign chat that can vouch for her own number: asked for by a button where that is allowed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chat import ABILITIES, MAY, Chat, Clock, Town
from stores import Founded

from bot.office import Office

NAME = "Nguyễn Thị Mẫu"


@pytest.fixture
def town(office: Office, clock: Clock, founded: Founded) -> Town:
    """The town, with a foreign channel where the operator allows to ask for numbers."""
    able = ABILITIES | {"abroad": replace(ABILITIES["abroad"], asks_contact=True)}
    return Town(replace(office, abilities=able), clock, founded.tokens)


def asked(town: Town, consent: str = "consent-ab") -> Chat:
    """Walk to where the number is asked for."""
    chat = town.person(NAME, "abroad")
    chat.scans(MAY)
    chat.taps("sign")
    chat.taps(consent)
    return chat


def signed(town: Town, chat: Chat) -> tuple[str, str]:
    """Return the number kept of her, and how well it is known."""

    def look(store):
        (one,) = store.signatures.at(chat.conversation_id())
        return store.people.by_id(one.person_id).phone, one.known

    return town.read(look)


def finishes(chat: Chat, phone: str) -> None:
    """Open the page and put her name down with the number that stands there."""
    assert chat.opens().page.facts["phone"] == phone
    chat.submits("sign-page", token=chat.token(), name=NAME, phone=phone, choice="put-name")


def test_her_own_number_is_taken_as_verified(town):
    """The number that the channel vouches for stands on the page and counts as verified."""
    chat = asked(town)
    assert chat.received[-1].ask_phone
    assert chat.labels == ["Gửi số của tôi", "Không để số"]
    chat.shares_contact("+84912345678")
    finishes(chat, "+84912345678")
    assert signed(town, chat) == ("+84912345678", "verified")


def test_a_number_changed_on_the_page_is_only_claimed(town):
    """What she types on the page instead proves nothing."""
    chat = asked(town)
    chat.shares_contact("+84912345678")
    chat.opens()
    chat.submits("sign-page", token=chat.token(), name=NAME, phone="0987654321", choice="put-name")
    assert signed(town, chat) == ("+84987654321", "claimed")


def test_a_card_of_somebody_else_is_not_taken(town):
    """A contact that is not her own is refused, and the question stands again with its keyboard."""
    chat = asked(town)
    chat.shares_contact("+84912345678", own=False)
    assert chat.last.startswith("Số vừa gửi không phải số")
    assert chat.received[-1].ask_phone
    assert chat.labels[0] == "Gửi số của tôi"
    chat.taps("no-phone")
    finishes(chat, "")
    assert signed(town, chat) == ("", "none")


@pytest.mark.parametrize("typed", ["0912345678", "Gửi số của tôi", "1", "abc", "\x00"])
def test_nothing_typed_there_is_a_number(town, typed):
    """A foreign chat is no place to type a number: it is not kept, and asked for by the button again."""
    chat = asked(town)
    chat.says(typed)
    assert chat.last.startswith("Số gõ vào đây không được ghi lại.")
    assert chat.received[-1].ask_phone
    assert "912345678" not in str(
        chat.town.read(lambda store: store.conversations.find("abroad", chat.address))
    )


@pytest.mark.parametrize("phone", ["", "x", "+8412", "1800 1091", "\ud800"])
def test_a_contact_that_is_no_number_is_asked_again(town, phone):
    """Whatever stands in a card, only a telephone number is taken."""
    chat = asked(town)
    chat.shares_contact(phone)
    assert chat.received[-1].ask_phone


def test_who_may_not_be_contacted_is_not_asked(town):
    """Without her consent to be contacted no number is asked for."""
    chat = asked(town, "consent-a")
    assert not any(one.ask_phone for one in chat.received)
    assert chat.opens().page.facts["asks_phone"] is False


def test_where_it_is_not_allowed_nobody_is_asked(office, clock, founded):
    """Without the operator's leave the page asks, as on every foreign channel."""
    chat = asked(Town(office, clock, founded.tokens))
    assert not any(one.ask_phone for one in chat.received)
    assert chat.opens().page.facts["asks_phone"] is True


@pytest.fixture
def doubting(office: Office, clock: Clock, founded: Founded) -> Town:
    """The town, with a foreign channel that hands a number over without vouching for it."""
    able = replace(ABILITIES["abroad"], asks_contact=True, vouches=False)
    return Town(replace(office, abilities=ABILITIES | {"abroad": able}), clock, founded.tokens)


def test_a_number_nobody_vouches_for_is_only_claimed(doubting):
    """Where the channel can not say whose number it is, it is taken, and proves nothing."""
    chat = asked(doubting)
    assert "khung của Zalo" in chat.last
    chat.shares_contact("0912345678", own=False)
    finishes(chat, "+84912345678")
    assert signed(doubting, chat) == ("+84912345678", "claimed")


def test_a_form_without_a_number_is_asked_for_again(doubting):
    """What is no number is refused, and skipping it is offered."""
    chat = asked(doubting)
    chat.shares_contact("12", own=False)
    assert chat.labels[-1] == "Không để số"
    chat.taps("no-phone")
    finishes(chat, "")
    assert signed(doubting, chat) == ("", "none")
