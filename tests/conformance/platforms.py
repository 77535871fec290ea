"""The platforms of others: fake servers in processes of their own, and the people at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fakes.client import FakeTelegram
from fakes.zalo_client import OA_ID, OA_SECRET, FakeZalo

from channels.telegram_loading import load_aiogram
from conformance.installation import Installation
from conformance.on_telegram import OnTelegram
from conformance.on_terminal import OnTerminal
from conformance.on_web import OnWeb
from conformance.on_zalo import OnZalo, OnZaloBot
from conformance.person import Person

_TOKEN_ENDED = -216


@dataclass
class Platforms:
    """The platforms of others, each a process that is started when it is first asked for."""

    _telegram: FakeTelegram | None = None
    _zalo: FakeZalo | None = None

    @property
    def telegram(self) -> FakeTelegram:
        """Telegram. What speaks to it is loaded here, so that it need not be in each server."""
        if self._telegram is None:
            load_aiogram()
            import channels.telegram_speaking  # noqa: F401

            self._telegram = FakeTelegram().start()
        return self._telegram

    @property
    def zalo(self) -> FakeZalo:
        """Zalo, with one account and one bot."""
        self._zalo = self._zalo or FakeZalo().start()
        return self._zalo

    def stop(self) -> None:
        """End them."""
        for one in (self._telegram, self._zalo):
            if one is not None:
                one.stop()
        self._telegram = self._zalo = None

    # --- one talk --------------------------------------------------------------------------------

    def environment(self, channel: str) -> Mapping[str, str]:
        """Begin anew with the platform of this channel; return the settings that name it."""
        if channel == "telegram":
            self.telegram.reset()
            return {
                "KETDOAN_TELEGRAM_TOKEN": self.telegram.token,
                "KETDOAN_TELEGRAM_API_URL": self.telegram.url,
                # One a second to each chat is looked at elsewhere; nobody waits for it here.
                "KETDOAN_TELEGRAM_PER_CHAT_SECONDS": "0",
            }
        if channel not in ("zalo", "zalo-bot"):
            return {}
        self.zalo.reset()
        prefix = "KETDOAN_ZALO_BOT_"
        told = self.zalo.environment() | {
            "KETDOAN_ZALO_PER_SECOND": "1000",
            "KETDOAN_ZALO_BOT_PER_SECOND": "1000",
            "KETDOAN_ZALO_BOT_PER_CHAT_SECONDS": "0",
            "KETDOAN_ZALO_ACCESS_TOKEN": f"AT_{OA_ID}",
            "KETDOAN_ZALO_REFRESH_TOKEN": f"RT_{OA_ID}",
        }
        is_bot = channel == "zalo-bot"
        return {name: one for name, one in told.items() if name.startswith(prefix) == is_bot}

    def connect(self, ground: Installation) -> None:
        """Let the platform live at the time of the installation, and deliver to it."""
        if ground.channel not in ("zalo", "zalo-bot"):
            return
        self.zalo.set_clock(ground.now.timestamp())
        # Its first tokens were made at another time: these are as fresh as if it were today.
        self.zalo.ask("POST", "oas", {"id": OA_ID, "secret": OA_SECRET})
        ground.moved.append(lambda: _go_along(self.zalo, ground))
        if ground.channel == "zalo":
            self.zalo.connect(f"{ground.served.url}/zalo")

    def refusals(self, channel: str, *, jumped: bool = False) -> list[object]:
        """Return the requests that the platform of this channel refused since it began anew.

        *jumped*: its clock was moved. A token whose day was jumped over is then found out by using
        it, as nobody could renew it in time.
        """
        if channel == "telegram":
            arrivals = self.telegram.log()
            stats = self.telegram.stats()
            counted = [(name, stats[name]) for name in ("refused", "over_limit") if stats[name]]
            return [one for one in arrivals if (one["status"] or 0) >= 400] + counted
        if channel not in ("zalo", "zalo-bot"):
            return []
        return list(self.zalo.refusals(but=(_TOKEN_ENDED,) if jumped else ()))

    def person(self, ground: Installation, name: str, number: int) -> Person:
        """Return somebody with this channel on her phone."""
        match ground.channel:
            case "telegram":
                return OnTelegram(ground, name, number, self.telegram)
            case "zalo":
                return OnZalo(ground, name, number, self.zalo)
            case "zalo-bot":
                return OnZaloBot(ground, name, number, self.zalo)
            case "terminal":
                return OnTerminal(ground, name, number)
        return OnWeb(ground, name, number)


def _go_along(zalo: FakeZalo, ground: Installation) -> None:
    zalo.set_clock(ground.now.timestamp())
