"""Somebody opens the chat by its button and says nothing: she is greeted, or asked again."""

from __future__ import annotations

from chat import MAY, Town

from bot.speech import OPENED


def test_who_is_new_is_asked_where_she_works(town: Town) -> None:
    """A first opening reads like a first greeting."""
    chat, other = town.person("Nguyễn Thị Mẫu"), town.person("Trần Văn Ví Dụ")
    chat.submits(OPENED)
    other.says("xin chào")
    assert chat.last == other.last
    assert chat.received[-1].choices


def test_who_has_arrived_sees_the_menu(town: Town) -> None:
    """With nothing under way it is the menu."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.submits(OPENED)
    assert chat.last.startswith("Bạn muốn làm gì?")


def test_what_is_under_way_is_asked_again(town: Town) -> None:
    """In the middle of a step it is asked again and called no mistake, also from behind the menu."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.taps("sign")
    asked = chat.last
    chat.submits(OPENED)
    assert chat.last == asked
    chat.says("menu")
    chat.submits(OPENED)
    assert chat.last == asked
