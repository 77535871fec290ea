"""What people do becomes updates that look real to two unrelated libraries."""

from typing import Any

import pytest
from fakes.client import FakeTelegram
from fakes.hook import KEYS, LAN, TUNG, good


def everything(telegram: FakeTelegram) -> list[dict[str, Any]]:
    """One update of each kind that people can cause."""
    telegram.press_start(LAN, "QR_token-1", first_name="Lan", last_name="Lê", language_code="vi")
    good(telegram, "sendMessage", chat_id=LAN, text="Đồng ý?", reply_markup=KEYS)
    telegram.tap(LAN, label="Tôi đồng ý")
    telegram.tap(LAN, "forged")
    telegram.tap(LAN, "old", inaccessible=True)
    telegram.contact(LAN, "+84912345678")
    telegram.contact(LAN, "0912345679", own=False, user_id=TUNG)
    number = telegram.say(LAN, "lương tháng 10 😀 /help")["message_id"]
    telegram.edit(LAN, number, "lương tháng 11")
    for kind in ("photo", "voice", "document", "sticker", "video", "location", "dice"):
        telegram.media(LAN, kind)
    telegram.block(LAN)
    telegram.unblock(LAN)
    telegram.group(-1001234567890, "/help@ketdoan_test_bot", **{"from": TUNG})
    telegram.group(-55, "chào")
    telegram.do("migrate", -55, to=-100555)
    telegram.channel(-1009876543210, "tin")
    return list(good(telegram, "getUpdates"))


class TestUpdates:
    def test_aiogram_and_ptb_read_all_of_them(self, telegram) -> None:
        """Two unrelated libraries read every update, and find the same in it."""
        from aiogram.types import Update as AiogramUpdate
        from telegram import Update as PtbUpdate

        updates = everything(telegram)
        assert len(updates) == 22
        for raw in updates:
            one = AiogramUpdate.model_validate(raw)
            other = PtbUpdate.de_json(raw, None)
            assert one.update_id == other.update_id
            assert one.event_type in other.to_dict()
            sender = getattr(one.event, "from_user", None)
            assert (sender.id if sender else None) == (
                other.effective_user.id if other.effective_user else None
            )

    def test_they_look_real(self, telegram) -> None:
        """The marks a bot relies on are there: entities, own contacts, chat_instance, membership."""
        updates = everything(telegram)
        start, tap, forged, old, own, other, text = (
            next(iter(list(one.values())[1:])) for one in updates[:7]
        )
        assert start["text"] == "/start QR_token-1"
        assert start["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
        assert start["from"] == {
            "id": LAN, "is_bot": False, "first_name": "Lan", "last_name": "Lê",
            "language_code": "vi",
        }  # fmt: skip
        assert (tap["data"], tap["message"]["text"]) == ("c1", "Đồng ý?")
        assert tap["chat_instance"] == forged["chat_instance"]
        assert (forged["data"], old["message"]["date"]) == ("forged", 0)
        assert own["contact"]["user_id"] == own["from"]["id"]
        assert other["contact"]["user_id"] == TUNG
        assert text["entities"] == [{"type": "bot_command", "offset": 18, "length": 5}]
        edited = updates[7]["edited_message"]
        assert (edited["message_id"], edited["text"]) == (text["message_id"], "lương tháng 11")
        kinds = [one["my_chat_member"]["new_chat_member"]["status"] for one in updates[15:17]]
        assert kinds == ["kicked", "member"]
        assert updates[17]["message"]["chat"]["type"] == "supergroup"
        assert updates[21]["channel_post"]["chat"]["type"] == "channel"

    def test_anything_else_can_be_queued(self, telegram) -> None:
        """An update of an unknown kind, or of no shape at all, reaches the bot as it is."""
        telegram.raw(telepathy={"thought": 1})
        telegram.raw(message="nonsense")
        telegram.say(LAN, "cũ", date=1)
        first, second, third = good(telegram, "getUpdates")
        assert first["telepathy"] == {"thought": 1}
        assert second["message"] == "nonsense"
        assert third["message"]["date"] == 1

    @pytest.mark.parametrize(
        ("what", "asked"),
        [
            ("say", {"chat": 5, "text": "a" * 4097}),
            ("say", {"chat": 5, "text": ""}),
            ("say", {"chat": 1 << 52, "text": "a"}),
            ("say", {"chat": "5", "text": "a"}),
            ("start", {"chat": 5, "payload": "not allowed"}),
            ("start", {"chat": 5, "payload": "a" * 65}),
            ("tap", {"chat": 5, "label": "no such button"}),
            ("tap", {"chat": 5}),
            ("edit", {"chat": 5, "message_id": 1, "text": "a"}),
            ("media", {"chat": 5, "kind": "smell"}),
            ("group", {"chat": 5, "text": "a"}),
            ("raw", {"update_id": 1, "message": {}}),
            ("faults", {"rain": 1}),
            ("faults", {"429": {"often": True}}),
            ("faults", {"500": {"methods": ["sendFlowers"]}}),
            ("faults", {"limit": {"burst": 1}}),
            ("bots", {"token": "nonsense", "username": "a_bot"}),
            ("say", {"chat": 5, "text": "a", "bot": "1:none"}),
            ("fly", {}),
        ],
    )
    def test_a_wrong_test_is_told_so(self, telegram, what, asked) -> None:
        """What no person can do is refused by the control API."""
        with pytest.raises(AssertionError):
            telegram.ask("POST", what, asked)

    def test_who_blocked_says_nothing(self, telegram) -> None:
        """A person who blocked the bot cannot write before she unblocks it."""
        telegram.block(LAN)
        with pytest.raises(AssertionError, match="blocked"):
            telegram.say(LAN, "a")
