"""aiogram and python-telegram-bot, which know nothing of each other, agree with the fake."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fakes.client import FakeTelegram
from fakes.hook import BUTTON, KEYS, LAN, SMALL_PNG, good


class TestAiogram:
    def run(self, telegram: FakeTelegram, work: Callable[[Any], Any], token: str = "") -> Any:
        from aiogram import Bot
        from aiogram.client.session.aiohttp import AiohttpSession
        from aiogram.client.telegram import TelegramAPIServer

        async def whole() -> Any:
            session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
            async with Bot(token or telegram.token, session=session) as bot:
                return await work(bot)

        return asyncio.run(whole())

    def test_it_speaks(self, telegram) -> None:
        """Aiogram sends, edits, answers a tap and hands over a file."""
        from aiogram.types import (
            BotCommand,
            BufferedInputFile,
            InlineKeyboardButton,
            InlineKeyboardMarkup,
            LinkPreviewOptions,
        )

        async def work(bot: Any) -> None:
            me = await bot.get_me()
            assert (me.username, me.id) == (telegram.username, bot.id)
            keys = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(**BUTTON)]])
            plain = LinkPreviewOptions(is_disabled=True)
            sent = await bot.send_message(
                LAN, "<b>Chào</b> Lan", parse_mode="HTML", reply_markup=keys,
                link_preview_options=plain, protect_content=True, disable_notification=True,
            )  # fmt: skip
            assert sent.text == "Chào Lan"
            assert sent.reply_markup.inline_keyboard[0][0].callback_data == "c1"
            edited = await bot.edit_message_text("Xong", chat_id=LAN, message_id=sent.message_id)
            assert edited.text == "Xong"
            query = telegram.tap(LAN, "c1")["callback_query_id"]
            assert await bot.answer_callback_query(query, text="ok", show_alert=True)
            file = BufferedInputFile(b"a,b", filename="bảng.csv")
            paper = await bot.send_document(LAN, file, caption="bảng")
            assert paper.document.file_name == "bảng.csv"
            assert (await bot.send_photo(LAN, BufferedInputFile(SMALL_PNG, "a.png"))).photo
            assert await bot.set_my_commands([BotCommand(command="start", description="Bắt đầu")])
            assert (await bot.get_chat(LAN)).type == "private"
            assert await bot.delete_message(LAN, sent.message_id)

        self.run(telegram, work)
        assert telegram.answers()[0]["show_alert"] is True

    def test_it_polls_and_takes_webhooks(self, telegram) -> None:
        """Aiogram's long polling and its webhook methods work, and agree on the state."""
        telegram.say(LAN, "chào")

        async def work(bot: Any) -> None:
            first = (await bot.get_updates(timeout=5, allowed_updates=["message"]))[0]
            assert first.message.text == "chào"
            threading.Timer(0.1, telegram.say, (LAN, "nữa")).start()
            more = await bot.get_updates(offset=first.update_id + 1, timeout=10)
            assert [one.message.text for one in more] == ["nữa"]
            assert await bot.set_webhook(
                "http://127.0.0.1:1/t", secret_token="s", max_connections=7
            )
            told = await bot.get_webhook_info()
            assert (told.url, told.max_connections) == ("http://127.0.0.1:1/t", 7)
            assert told.allowed_updates == ["message"]
            assert await bot.delete_webhook(drop_pending_updates=True)

        self.run(telegram, work)

    def test_its_errors(self, telegram) -> None:
        """Every kind of trouble arrives at aiogram as the error its own contract names."""
        from aiogram import exceptions as trouble

        async def work(bot: Any) -> None:
            async def fails(error: type[Exception], chat: int = LAN, **more: Any) -> Any:
                with pytest.raises(error) as raised:
                    await bot.send_message(chat, "a", **more)
                assert raised.type is error
                telegram.no_faults()
                return raised.value

            telegram.faults(**{"429": {"next": 1, "retry_after": 7}})
            assert (await fails(trouble.TelegramRetryAfter)).retry_after == 7
            await fails(trouble.TelegramBadRequest, chat=99)
            await fails(trouble.TelegramBadRequest, message_thread_id=4)
            telegram.faults(**{"403": 1})
            await fails(trouble.TelegramForbiddenError)
            telegram.faults(**{"500": 1})
            await fails(trouble.TelegramServerError)
            telegram.faults(
                **{"500": {"chance": 1, "description": "Internal Server Error: restart"}}
            )
            await fails(trouble.RestartingTelegram)
            telegram.faults(html_502=1)
            await fails(trouble.ClientDecodeError)
            telegram.faults(reset_before=1)
            await fails(trouble.TelegramNetworkError)
            telegram.faults(reset_after=1)
            await fails(trouble.TelegramNetworkError)
            telegram.faults(hang=1)
            await fails(trouble.TelegramNetworkError, request_timeout=1)
            telegram.group(-55, "chào")
            telegram.do("migrate", -55, to=-100555)
            moved = await fails(trouble.TelegramMigrateToChat, chat=-55)
            assert moved.migrate_to_chat_id == -100555

        self.run(telegram, work)
        with pytest.raises(trouble.TelegramUnauthorizedError):
            self.run(telegram, lambda bot: bot.get_me(), "123456:WRONG")


class TestPythonTelegramBot:
    def run(self, telegram: FakeTelegram, work: Callable[[Any], Any], token: str = "") -> Any:
        from telegram import Bot

        async def whole() -> Any:
            async with Bot(token or telegram.token, base_url=f"{telegram.url}/bot") as bot:
                return await work(bot)

        return asyncio.run(whole())

    def test_it_speaks(self, telegram) -> None:
        """python-telegram-bot sends, edits, answers a tap and hands over a file."""
        from telegram import (
            BotCommand,
            InlineKeyboardButton,
            InlineKeyboardMarkup,
            KeyboardButton,
            LinkPreviewOptions,
            ReplyKeyboardMarkup,
        )

        async def work(bot: Any) -> None:
            assert (await bot.get_me()).username == telegram.username
            keys = InlineKeyboardMarkup([[InlineKeyboardButton(**BUTTON)]])
            sent = await bot.send_message(
                LAN, "<b>Chào</b> Lan", parse_mode="HTML", reply_markup=keys,
                link_preview_options=LinkPreviewOptions(is_disabled=True), protect_content=True,
            )  # fmt: skip
            assert (sent.text, sent.reply_markup) == ("Chào Lan", keys)
            edited = await bot.edit_message_text("Xong", LAN, sent.message_id)
            assert edited.text == "Xong"
            query = telegram.tap(LAN, "c1")["callback_query_id"]
            assert await bot.answer_callback_query(query, "ok", show_alert=True)
            paper = await bot.send_document(LAN, b"a,b", filename="bang.csv", caption="bảng")
            assert paper.document.file_name == "bang.csv"
            assert (await bot.send_photo(LAN, SMALL_PNG)).photo
            asks = ReplyKeyboardMarkup([[KeyboardButton("Số", request_contact=True)]])
            await bot.send_message(LAN, "Số?", reply_markup=asks)
            assert await bot.set_my_commands([BotCommand("start", "Bắt đầu")])
            assert (await bot.get_my_commands())[0].command == "start"
            assert await bot.delete_message(LAN, sent.message_id)

        self.run(telegram, work)
        assert telegram.view(LAN)["keyboard"] == [[{"text": "Số", "request_contact": True}]]

    def test_it_polls_and_takes_webhooks(self, telegram) -> None:
        """Its long polling, conflicts and webhook methods work."""
        from telegram.error import Conflict

        telegram.press_start(LAN, "abc")

        async def work(bot: Any) -> None:
            first = (await bot.get_updates(timeout=5))[0]
            assert first.message.text == "/start abc"
            threading.Timer(0.1, telegram.contact, (LAN, "+84912345678")).start()
            more = await bot.get_updates(offset=first.update_id + 1, timeout=10)
            assert more[0].message.contact.user_id == LAN
            assert await bot.set_webhook(
                "http://127.0.0.1:1/t", secret_token="s", max_connections=7
            )
            told = await bot.get_webhook_info()
            assert (told.url, told.max_connections, told.pending_update_count) == (
                "http://127.0.0.1:1/t", 7, 1,
            )  # fmt: skip
            with pytest.raises(Conflict):
                await bot.get_updates()
            assert await bot.delete_webhook()

        self.run(telegram, work)

    def test_it_reads_what_a_webhook_brings(self, telegram, hook) -> None:
        """An update that a webhook brought is read by it, and its answer to the tap is taken."""
        from telegram import Update

        good(telegram, "setWebhook", url=hook.url, secret_token="s")
        good(telegram, "sendMessage", chat_id=LAN, text="a", reply_markup=KEYS)
        telegram.tap(LAN, label="Tôi đồng ý")
        hook.wait(1)

        async def work(bot: Any) -> None:
            update = Update.de_json(hook.heard[0]["update"], bot)
            assert update.callback_query.data == "c1"
            assert await update.callback_query.answer()
            assert await update.callback_query.edit_message_text("Đã ghi")

        self.run(telegram, work)
        assert telegram.wait_for(LAN, "Đã ghi")["edited"]

    def test_its_errors(self, telegram, monkeypatch) -> None:
        """Every kind of trouble arrives as the error its own contract names."""
        from telegram import error as trouble

        monkeypatch.setenv("PTB_TIMEDELTA", "true")

        async def work(bot: Any) -> None:
            async def fails(error: type[Exception], chat: int = LAN, **more: Any) -> Any:
                with pytest.raises(error) as raised:
                    await bot.send_message(chat, "a", **more)
                assert raised.type is error
                telegram.no_faults()
                return raised.value

            telegram.faults(**{"429": {"next": 1, "retry_after": 7}})
            assert (await fails(trouble.RetryAfter)).retry_after.total_seconds() == 7
            wrong = await fails(trouble.BadRequest, api_kwargs={"txt": "a"})
            assert "Unknown parameter" in str(wrong)
            await fails(trouble.BadRequest, chat=99)
            telegram.faults(**{"403": 1})
            await fails(trouble.Forbidden)
            telegram.faults(**{"500": 1})
            await fails(trouble.NetworkError)
            telegram.faults(html_502=1)
            await fails(trouble.NetworkError)
            telegram.faults(reset_after=1)
            await fails(trouble.NetworkError)
            telegram.faults(hang=1)
            await fails(trouble.TimedOut, read_timeout=0.2)
            telegram.group(-55, "chào")
            telegram.do("migrate", -55, to=-100555)
            assert (await fails(trouble.ChatMigrated, chat=-55)).new_chat_id == -100555

        self.run(telegram, work)
        with pytest.raises(trouble.InvalidToken):
            self.run(telegram, lambda bot: bot.get_me(), "123456:WRONG")
