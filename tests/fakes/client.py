"""How a test starts the fake Telegram and plays the people in it.

    with FakeTelegram() as telegram:
        telegram.say(1001, "Xin chào")
        telegram.wait_for(1001, "Kết Đoàn")
        telegram.tap(1001, label="Tôi đồng ý")

Everything here is synchronous and speaks the control API that `fakes/telegram.py` describes.
"""

import json
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fakes.process import FakeProcess, Json

TOKEN = "123456:TEST-TOKEN-ketdoan_test_bot-000000"
USERNAME = "ketdoan_test_bot"


class FakeTelegram(FakeProcess):
    """A running fake Telegram. `url` is the base of its Bot API (`{url}/bot{token}/{method}`).

    `speed` shortens the waits of webhook redelivery, `seed` draws its chances, `log_limit` bounds
    the arrival log and `keep` the messages of a chat (0: all are kept).
    """

    programme = Path(__file__).with_name("telegram.py")
    control = "/_/"

    def __init__(
        self, *, speed: float = 50, seed: int = 1, log_limit: int = 0, keep: int = 0, port: int = 0
    ) -> None:
        options = {"--seed": seed, "--speed": speed, "--log-limit": log_limit, "--keep": keep}
        super().__init__(port, options)
        self.marks: dict[int, int] = {}
        self.token, self.username = TOKEN, USERNAME

    @property
    def bot_id(self) -> int:
        return int(self.token.split(":")[0])

    def do(self, what: str, chat: int | None = None, **more: Any) -> Json:
        """Something a person does: say, start, tap, block .. as the control API names it."""
        asked = {**({} if chat is None else {"chat": chat}), **more}
        told = self.ask("POST", what, asked)
        if chat is not None:
            self.marks[chat] = told.get("change", 0)
        return told

    def say(self, chat: int, text: str, **more: Any) -> Json:
        """She writes; the answer holds update_id and message_id."""
        return self.do("say", chat, text=text, **more)

    def press_start(self, chat: int, payload: str | None = None, **more: Any) -> Json:
        """She opens the deep link t.me/<bot>?start=<payload> and presses Start."""
        return self.do("start", chat, **({"payload": payload} if payload else {}), **more)

    def tap(
        self, chat: int, data: str | None = None, *, label: str | None = None, **more: Any
    ) -> Json:
        """She presses the newest button with this label, or sends this payload."""
        asked = {"data": data} if data is not None else {"label": label}
        return self.do("tap", chat, **asked, **more)

    def contact(self, chat: int, phone: str, *, own: bool = True, **more: Any) -> Json:
        return self.do("contact", chat, phone=phone, own=own, **more)

    def media(self, chat: int, kind: str, **more: Any) -> Json:
        return self.do("media", chat, kind=kind, **more)

    def photo(self, chat: int, **more: Any) -> Json:
        return self.do("photo", chat, **more)

    def edit(self, chat: int, message_id: int, text: str) -> Json:
        return self.do("edit", chat, message_id=message_id, text=text)

    def block(self, chat: int) -> Json:
        return self.do("block", chat)

    def unblock(self, chat: int) -> Json:
        return self.do("unblock", chat)

    def group(self, chat: int, text: str, **more: Any) -> Json:
        return self.do("group", chat, text=text, **more)

    def channel(self, chat: int, text: str, **more: Any) -> Json:
        return self.do("channel", chat, text=text, **more)

    def raw(self, **update: Any) -> Json:
        """Queue an update as it is; its kind is the name of the one argument."""
        return self.do("raw", **update)

    def crowd(self, first: int, count: int) -> Json:
        """People who started the bot long ago."""
        return self.do("crowd", first=first, count=count)

    def chat(self, chat: int, **query: Any) -> list[Json]:
        """The messages of a chat, hers and the bot's, oldest first."""
        return list(self.view(chat, **query)["messages"])

    def view(self, chat: int, *, wait: float = 0, **query: Any) -> Json:
        return self.ask("GET", f"chat/{chat}?{urlencode({**query, 'wait': wait})}", wait=wait)

    def wait_for(
        self, chat: int, text: str = "", *, seconds: float = 10, after: int | None = None
    ) -> Json:
        """The bot's first message with this text, new or changed since she last did something."""
        mark = self.marks.get(chat, 0) if after is None else after
        seen = self.view(chat, wait=seconds, after=mark, contains=text)
        said = [one["text"] for one in seen["messages"] if one["from_bot"]]
        assert seen["found"], f"the bot did not say {text!r} within {seconds} s, but {said}"
        return dict(seen["found"])

    def wait_until(self, holds: Any, seconds: float = 10) -> Json:
        """Poll the counts until `holds(stats)`; return them."""
        deadline = time.monotonic() + seconds
        while not holds(seen := self.stats()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {seen}"
            time.sleep(0.01)
        return seen

    def log(self, after: int = 0) -> list[Json]:
        """The arrivals after a sequence number."""
        return list(self.ask("GET", f"log?after={after}")["log"])

    def answers(self) -> list[Json]:
        """The callback queries that were answered."""
        return list(self.ask("GET", "answers")["answers"])

    def register(self, token: str, username: str) -> Json:
        """One more bot."""
        return self.ask("POST", "bots", {"token": token, "username": username})

    def retry(self) -> None:
        """Webhooks try again at once."""
        self.ask("POST", "retry", {})

    def reset(self) -> None:
        """Forget everything but the first bot."""
        self.marks.clear()
        self.ask("POST", "reset", {})

    def call(self, method: str, token: str | None = None, **given: Any) -> tuple[int, Json]:
        """Call the Bot API as a bot would, with JSON; return the status and the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            path = f"/bot{quote(token or self.token, safe=':')}/{method}"
            connection.request(
                "POST", path, json.dumps(given), {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()
