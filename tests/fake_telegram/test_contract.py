"""The fake Telegram takes right calls and refuses wrong ones, as the real server does."""

import json
from typing import Any

import httpx
import pytest
from fakes.hook import BUTTON, KEYS, LAN, SMALL_PNG, TUNG, good, refused


def inline(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[button]]}


BAD = [
    ("sendMesage", {}, 404, "Not Found: method not found"),
    ("sendMessage", {"text": "a"}, 400, "chat_id is empty"),
    ("sendMessage", {"chat_id": LAN}, 400, "message text is empty"),
    ("sendMessage", {"chat_id": LAN, "text": ""}, 400, "message text is empty"),
    ("sendMessage", {"chat_id": LAN, "text": " \n "}, 400, "message text is empty"),
    ("sendMessage", {"chat_id": LAN, "text": "a" * 4097}, 400, "message is too long"),
    ("sendMessage", {"chat_id": LAN, "text": "🌾" * 2049}, 400, "message is too long"),
    ("sendMessage", {"chat_id": LAN, "text": "ế" * 12000}, 400, "text is too long"),
    ("sendMessage", {"chat_id": LAN, "text": "\ud83d"}, 400, "encoded in UTF-8"),
    ("sendMessage", {"chat_id": LAN, "text": 5}, 400, 'parameter "text" must be a String'),
    ("sendMessage", {"chat_id": LAN, "text": "a", "txt": 1}, 400, 'unknown parameter "txt"'),
    ("sendMessage", {"chat_id": "x1", "text": "a"}, 400, "must be an Integer"),
    ("sendMessage", {"chat_id": "@nobody", "text": "a"}, 400, "chat not found"),
    ("sendMessage", {"chat_id": 99, "text": "a"}, 400, "chat not found"),
    ("sendMessage", {"chat_id": LAN, "text": "a", "parse_mode": "bbcode"}, 400, "parse_mode"),
    ("sendMessage", {"chat_id": LAN, "text": "<b>a", "parse_mode": "HTML"}, 400, "end tag"),
    ("sendMessage", {"chat_id": LAN, "text": "a<b", "parse_mode": "HTML"}, 400, "start tag"),
    ("sendMessage", {"chat_id": LAN, "text": "<x>a</x>", "parse_mode": "HTML"}, 400, '"x"'),
    ("sendMessage", {"chat_id": LAN, "text": "a", "disable_web_page_preview": True}, 400, "unknown"),
    (
        "sendMessage",
        {"chat_id": LAN, "text": "a", "entities": [{"type": "bold", "offset": 0, "length": 9}]},
        400,
        "entity beginning at UTF-16 offset 0",
    ),
    (
        "sendMessage",
        {"chat_id": LAN, "text": "a", "entities": [{"type": "big", "offset": 0, "length": 1}]},
        400,
        "Unsupported type",
    ),
    (
        "sendMessage",
        {"chat_id": LAN, "text": "a", "link_preview_options": {"is_disabled": "true"}},
        400,
        "can't parse LinkPreviewOptions",
    ),
    (
        "sendMessage",
        {"chat_id": LAN, "text": "a", "reply_parameters": {"message_id": 777}},
        400,
        "message to be replied not found",
    ),
    ("sendPhoto", {"chat_id": LAN}, 400, "there is no photo in the request"),
    ("sendPhoto", {"chat_id": LAN, "photo": "AgACnone"}, 400, "wrong file identifier"),
    ("sendDocument", {"chat_id": LAN, "document": "attach://f"}, 400, "wrong file identifier"),
    ("sendChatAction", {"chat_id": LAN, "action": "thinking"}, 400, "wrong parameter action"),
    ("editMessageText", {"chat_id": LAN, "message_id": 9, "text": "a"}, 400, "message to edit not found"),
    ("editMessageText", {"text": "a"}, 400, "message identifier is not specified"),
    ("editMessageText", {"chat_id": LAN, "message_id": "a", "text": "a"}, 400, "must be an Integer"),
    ("editMessageReplyMarkup", {"chat_id": LAN, "message_id": 9}, 400, "message to edit not found"),
    ("deleteMessage", {"chat_id": LAN, "message_id": 9}, 400, "message to delete not found"),
    ("deleteMessage", {"chat_id": LAN}, 400, "message identifier is not specified"),
    ("answerCallbackQuery", {}, 400, '"callback_query_id" is required'),
    ("answerCallbackQuery", {"callback_query_id": "1"}, 400, "query is too old"),
    ("answerCallbackQuery", {"callback_query_id": "1", "text": "a" * 201}, 400, "MESSAGE_TOO_LONG"),
    ("answerCallbackQuery", {"callback_query_id": "1", "show_alert": "perhaps"}, 400, "Boolean"),
    ("getUpdates", {"allowed_updates": ["mesage"]}, 400, 'unknown update type "mesage"'),
    ("getUpdates", {"allowed_updates": "message"}, 400, "can't parse allowed updates"),
    ("setWebhook", {}, 400, '"url" is required'),
    ("setWebhook", {"url": "http://ketdoan.example/t"}, 400, "An HTTPS URL must be provided"),
    ("setWebhook", {"url": "https://ketdoan.example:8000/t"}, 400, "only on ports 80, 88, 443 or 8443"),
    ("setWebhook", {"url": "https://ketdoan.example/t"}, 400, "Failed to resolve host"),
    ("setWebhook", {"url": "ftp://127.0.0.1/"}, 400, "invalid webhook URL specified"),
    ("setWebhook", {"url": "http://127.0.0.1:1/", "secret_token": "a b"}, 400, "unallowed characters"),
    ("setWebhook", {"url": "http://127.0.0.1:1/", "secret_token": "a" * 257}, 400, "secret token is too long"),
    ("setMyCommands", {"commands": [{"command": "Start", "description": "a"}]}, 400, "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [{"command": "start"}]}, 400, "Can't find field"),
    ("setMyDescription", {"description": "a" * 513}, 400, "description is too long"),
    ("getChat", {"chat_id": 99}, 400, "chat not found"),
]  # fmt: skip
BAD_MARKUP = [
    ([], "object expected as reply markup"),
    ({}, "object expected as reply markup"),
    ("{", "can't parse reply keyboard markup JSON object"),
    ({"inline_keyboard": [BUTTON]}, "must be an Array of Arrays"),
    ({"inline_keyboard": [[BUTTON] * 101]}, "reply markup is too long"),
    ({"inline_keyboard": [["a"]]}, "InlineKeyboardButton must be an Object"),
    (inline(text="a"), "Text buttons are unallowed in the inline keyboard"),
    (inline(callback_data="a"), 'Can\'t find field "text"'),
    (inline(text=" ", callback_data="a"), "button text must be non-empty"),
    (inline(text="a", callback_data=""), "BUTTON_DATA_INVALID"),
    (inline(text="a", callback_data="a" * 65), "BUTTON_DATA_INVALID"),
    (inline(text="a", callback_data="ế" * 22), "BUTTON_DATA_INVALID"),
    (inline(text="\ud83d", callback_data="a"), "encoded in UTF-8"),
    (inline(text="a", callback_data=5), "must be of type String"),
    (inline(text="a", callback_data="a", url="https://a.vn"), "exactly one action"),
    (inline(text="a", request_contact=True), 'unknown field "request_contact"'),
    (inline(text="a", url="https://localhost/x"), "Wrong HTTP URL"),
    (inline(text="a", url="javascript:alert(1)"), "Wrong HTTP URL"),
    ({**KEYS, "resize_keyboard": True}, "unknown or of a wrong type"),
    ({"keyboard": [[{"text": ""}]]}, "button text must be non-empty"),
    ({"keyboard": [[5]]}, "KeyboardButton must be a String or an Object"),
    ({"keyboard": [["a"]], "resize_keyboard": 1}, "unknown or of a wrong type"),
    ({"remove_keyboard": False}, "must be True"),
]


class TestRefusals:
    @pytest.mark.parametrize(("method", "given", "status", "words"), BAD)
    def test_a_wrong_call(self, telegram, method, given, status, words) -> None:
        """A call that breaks the contract is refused, with the status and words of the real one."""
        got, said = refused(telegram, method, **given)
        assert got == status
        assert words in said

    @pytest.mark.parametrize(("markup", "words"), BAD_MARKUP)
    def test_a_wrong_keyboard(self, telegram, markup, words) -> None:
        """A keyboard that Telegram would not take is refused."""
        status, said = refused(telegram, "sendMessage", chat_id=LAN, text="a", reply_markup=markup)
        assert status == 400
        assert words in said

    @pytest.mark.parametrize(
        ("path", "status", "words"),
        [
            ("/", 404, "Not Found"),
            ("/bot123456", 404, "Not Found"),
            ("/bot123456:WRONG/getMe", 401, "Unauthorized"),
            ("/bot0:WRONG/getMe", 401, "Unauthorized: invalid token specified"),
            ("/botnonsense/getMe", 401, "Unauthorized: invalid token specified"),
        ],
    )
    def test_a_wrong_address(self, telegram, path, status, words) -> None:
        """Who has no bot's token gets nothing."""
        told = httpx.post(telegram.url + path)
        assert (told.status_code, told.json()["description"]) == (status, words)

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/json", b"{"),
            ("application/json", b"[1]"),
            ("application/json", b'{"chat_id": "\xff"}'),
            ("application/x-www-form-urlencoded", b"text=\xff"),
            ("text/plain", b"chat_id=1"),
        ],
    )
    def test_a_wrong_body(self, telegram, kind, body) -> None:
        """A body that cannot be read is a 400, whatever it is."""
        address = f"{telegram.url}/bot{telegram.token}/sendMessage"
        told = httpx.post(address, content=body, headers={"Content-Type": kind})
        assert told.status_code == 400

    def test_lengths_are_counted_as_telegram_counts(self, telegram) -> None:
        """What is exactly as long as allowed passes: UTF-16 units after entities, bytes in data."""
        for text in ("a" * 4096, "🌾" * 2048, "ế" * 4096):
            good(telegram, "sendMessage", chat_id=LAN, text=text)
        marked = f"<b>{'a' * 4096}</b>"
        told = good(telegram, "sendMessage", chat_id=LAN, text=marked, parse_mode="HTML")
        assert told["entities"] == [{"type": "bold", "offset": 0, "length": 4096}]
        markup = inline(text="a", callback_data="ế" * 21 + "x")
        good(telegram, "sendMessage", chat_id=LAN, text="a", reply_markup=markup)
        many = {"inline_keyboard": [[BUTTON] * 5] * 20}
        good(telegram, "sendMessage", chat_id=LAN, text="a", reply_markup=many)
        query = telegram.tap(LAN, "c1")["callback_query_id"]
        good(telegram, "answerCallbackQuery", callback_query_id=query, text="ế" * 200)
        assert telegram.answers()[0]["text"] == "ế" * 200

    def test_forms_json_and_parts_are_the_same_call(self, telegram) -> None:
        """A call means the same as a form, in parts, as JSON and in the address."""
        address = f"{telegram.url}/bot{telegram.token}/sendMessage"
        flat = {"chat_id": str(LAN), "text": "chào", "reply_markup": json.dumps(KEYS)}
        httpx.post(address, data=flat)
        httpx.post(address, files={name: (None, value) for name, value in flat.items()})
        httpx.post(address, json={"chat_id": LAN, "text": "chào", "reply_markup": KEYS})
        httpx.get(address, params=flat)
        seen = telegram.chat(LAN)
        assert [(one["text"], one["buttons"]) for one in seen] == [("chào", [[BUTTON]])] * 4

    def test_files_arrive_whole_and_are_measured(self, telegram) -> None:
        """A picture and a document come with name, size and caption; a false picture does not."""
        address = f"{telegram.url}/bot{telegram.token}"
        long = {"chat_id": LAN, "caption": "ế" * 1024}
        httpx.post(f"{address}/sendPhoto", data=long, files={"photo": ("a.png", SMALL_PNG)})
        sent = {"chat_id": LAN, "document": "attach://paper"}
        told = httpx.post(
            f"{address}/sendDocument", data=sent, files={"paper": ("đơn.pdf", b"%PDF")}
        ).json()
        again = told["result"]["document"]["file_id"]
        good(telegram, "sendDocument", chat_id=LAN, document=again)
        files = [one["file"] for one in telegram.chat(LAN)]
        assert [(one["name"], one["size"]) for one in files] == [
            ("a.png", 48),
            ("đơn.pdf", 4),
            ("đơn.pdf", 4),
        ]
        for data, file, words in (
            ({**long, "caption": "a" * 1025}, ("a.png", SMALL_PNG), "caption is too long"),
            (long, ("a.png", b"not a picture"), "IMAGE_PROCESS_FAILED"),
            (long, ("a.png", b""), "file must be non-empty"),
        ):
            told = httpx.post(f"{address}/sendPhoto", data=data, files={"photo": file}).json()
            assert words in told["description"]
        stray = httpx.post(f"{address}/sendMessage", data=long, files={"stray": ("a", b"a")})
        assert "unknown" in stray.json()["description"]

    def test_only_who_wrote_can_be_written_to(self, telegram) -> None:
        """Nobody is written to first, and nobody who blocked the bot until she comes back."""
        telegram.register("777:OTHER", "other_bot")
        telegram.do("say", TUNG, text="hi", bot="777:OTHER")
        said = refused(telegram, "sendMessage", chat_id=TUNG, text="a")
        assert said == (403, "Forbidden: bot can't initiate conversation with a user")
        telegram.block(LAN)
        said = refused(telegram, "sendMessage", chat_id=LAN, text="a")
        assert said == (403, "Forbidden: bot was blocked by the user")
        telegram.unblock(LAN)
        good(telegram, "sendMessage", chat_id=LAN, text="a")

    def test_phones_are_asked_for_in_private_alone(self, telegram) -> None:
        """A contact button works in a private chat, stands until it is removed, not in a group."""
        asks = {"keyboard": [[{"text": "Gửi số", "request_contact": True}], ["Thôi"]]}
        telegram.group(-1001234, "chào")
        said = refused(telegram, "sendMessage", chat_id=-1001234, text="a", reply_markup=asks)
        assert said == (400, "Bad Request: phone number can be requested in private chats only")
        good(telegram, "sendMessage", chat_id=LAN, text="Số?", reply_markup=asks)
        good(telegram, "sendMessage", chat_id=LAN, text="b")
        keyboard = telegram.view(LAN)["keyboard"]
        assert keyboard == [[{"text": "Gửi số", "request_contact": True}], [{"text": "Thôi"}]]
        gone = {"remove_keyboard": True}
        good(telegram, "sendMessage", chat_id=LAN, text="c", reply_markup=gone)
        assert telegram.view(LAN)["keyboard"] is None

    def test_a_group_that_moved_says_where(self, telegram) -> None:
        """After a migration a send to the old id is refused with the new one."""
        telegram.group(-55, "chào")
        telegram.do("migrate", -55, to=-100555)
        status, told = telegram.call("sendMessage", chat_id=-55, text="a")
        assert (status, told["parameters"]) == (400, {"migrate_to_chat_id": -100555})

    def test_edits(self, telegram) -> None:
        """A message of the bot changes, not to what it was, and not a person's; it can go away."""
        number = good(telegram, "sendMessage", chat_id=LAN, text="a", reply_markup=KEYS)[
            "message_id"
        ]
        mine = {"chat_id": LAN, "message_id": number}
        good(telegram, "editMessageText", **mine, text="b", reply_markup=KEYS)
        said = refused(telegram, "editMessageText", **mine, text="b", reply_markup=KEYS)
        assert said[1].startswith("Bad Request: message is not modified")
        good(telegram, "editMessageReplyMarkup", **mine)
        seen = telegram.chat(LAN)[0]
        assert (seen["text"], seen["buttons"], seen["edited"]) == ("b", [], True)
        said = refused(
            telegram, "editMessageReplyMarkup", **mine, reply_markup={"keyboard": [["a"]]}
        )
        assert said[1] == "Bad Request: inline keyboard expected"
        hers = telegram.say(LAN, "của tôi")["message_id"]
        said = refused(telegram, "editMessageText", chat_id=LAN, message_id=hers, text="x")
        assert said[1] == "Bad Request: message can't be edited"
        assert good(telegram, "deleteMessage", **mine) is True
        assert [one["text"] for one in telegram.chat(LAN)] == ["của tôi"]

    def test_what_the_bot_says_of_itself(self, telegram) -> None:
        """Commands and descriptions are kept per language; after logOut nothing works."""
        commands = [{"command": "start", "description": "Bắt đầu"}]
        good(telegram, "setMyCommands", commands=commands, language_code="vi")
        assert good(telegram, "getMyCommands", language_code="vi") == commands
        assert good(telegram, "getMyCommands") == []
        good(telegram, "setMyDescription", description="Công đoàn")
        told = good(telegram, "getMyDescription", language_code="en")
        assert told == {"description": "Công đoàn"}
        good(telegram, "setMyShortDescription", short_description="ngắn")
        assert good(telegram, "sendChatAction", chat_id=LAN, action="typing") is True
        assert good(telegram, "getChat", chat_id=LAN)["type"] == "private"
        good(telegram, "logOut")
        assert refused(telegram, "getMe") == (400, "Logged out")
