"""What the operator sets: environment and .env become one frozen Settings."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from channels import zalo, zalo_bot
from channels.telegram import API_URL
from storage.sealed import Keyring, KeyTrouble, read_key_file, read_keys
from webhook.trouble import SettingTrouble

PREFIX = "KETDOAN_"
# Where a door listens to every network; nobody can be led there by such an address.
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 -- compared, not bound
ROOT = Path(__file__).parents[1]
_TOKEN = re.compile(r"[0-9]{1,18}:[A-Za-z0-9_-]{1,200}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ZALO_ID = re.compile(r"[0-9]{1,30}")
# Less is too short for who installs Zalo first; more lies about in a chat for too long.
_FEWEST_MINUTES, _MOST_MINUTES = 15, 1440
# A channel by Zalo's Official Account needs all of these.
_ZALO_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43}")
_PICTURE = re.compile(r"https://[^\s?#]+\.(png|jpg|jpeg)", re.IGNORECASE)
_ZALO_MARK = re.compile(r"[A-Za-z0-9_.=-]{1,200}")
_ZALO = ("zalo_app_id", "zalo_app_secret", "zalo_oa_id", "zalo_oa_secret")


class Settings(BaseSettings):
    """Everything that can be set, each as KETDOAN_NAME in the environment or in .env.

    *data_dir* holds the database, the key and the lock unless they are set by themselves;
    *key* (lines `ID BASE64`) goes before *key_file*. *public_url* is what stands on posters.
    *zalo_url*, *telegram_url*: doors shown on the landing page only when set; Zalo's is the
    address of the account, or of its bot (*zalo_bot_link*), where that is a channel and no other
    is set. *oa_name*: what it is called there. *arrival_minutes*: how long an arrival code is
    good. One that is left empty is not set: an empty host would listen to the whole network.
    *telegram_token* makes Telegram a channel; *telegram_api_url* is the base of its Bot API,
    *telegram_webhook_secret* what it must show us (made from the key without it),
    *telegram_ask_contact* whether people may be asked there for their own number.
    *telegram_per_second*, *telegram_per_chat_seconds*: how fast the bot may speak, in all and to
    one chat; Telegram's own limits, unless it has granted others.
    *zalo_app_id*, *zalo_app_secret*, *zalo_oa_id*, *zalo_oa_secret* together make Zalo's Official
    Account a channel: the app and its secret, the account and the secret that signs its events.
    *zalo_code_verifier*: the fixed one whose challenge stands in Zalo's console, if there is one;
    *zalo_verifier_file*: the file that Zalo gave to verify our address, under its own name;
    *zalo_site_verification*: the same as a mark in the head of the first page.
    *zalo_access_token*, *zalo_refresh_token*: the first pair of tokens. *zalo_signature*: "log"
    takes events whose signature is wrong, too, and says so. *zalo_per_second*: how fast the
    account may speak. *zalo_buttons*: whether choices are buttons, otherwise numbered lines.
    *zalo_card_url*: the picture on Zalo's own form for a number; without it none is asked for.
    *zalo_budget*: how many đồng a month letters to Zalo may cost that are not free; 0: none go.
    *zalo_template_id*, *zalo_template_field*, *zalo_template_price*: the neutral message that Zalo
    has approved for whom no letter reaches, the name of its one gap (if it has one), and what it
    costs in đồng; it goes only within the budget.
    *zalo_bot_token* makes a bot of Zalo's Bot Platform a channel, *zalo_bot_secret* is what it
    must show us (made from the key without it). *zalo_bot_per_second*,
    *zalo_bot_per_chat_seconds*: how fast the bot may speak, in all and to one chat.
    *zalo_api_url*, *zalo_oauth_url*, *zalo_bot_api_url*: where these are.
    *spool*: the folder where what Zalo delivered waits while the store does not take it, beside
    the store's file without it; *spool_mb*: as much may lie there, then the door fails.
    *metrics_port*: where counts and times are shown to who watches the machine; none without it.
    *send_inside*: whether `serve` sends the letters itself or leaves that to `ketdoan send`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    data_dir: Path = Path("var")
    database_url: str = ""
    key_file: Path | None = None
    key: str = Field("", repr=False)
    public_url: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    zalo_url: str = ""
    telegram_url: str = ""
    telegram_token: str = Field("", repr=False)
    telegram_api_url: str = API_URL
    telegram_webhook_secret: str = Field("", repr=False)
    telegram_ask_contact: bool = False
    telegram_per_second: Annotated[float, Field(gt=0, le=1000)] = 28.0
    telegram_per_chat_seconds: Annotated[float, Field(ge=0, le=60)] = 1.0
    zalo_app_id: str = ""
    zalo_app_secret: str = Field("", repr=False)
    zalo_oa_id: str = ""
    zalo_oa_secret: str = Field("", repr=False)
    zalo_access_token: str = Field("", repr=False)
    zalo_refresh_token: str = Field("", repr=False)
    zalo_code_verifier: str = Field("", repr=False)
    zalo_verifier_file: Path | None = None
    zalo_site_verification: str = ""
    zalo_api_url: str = zalo.API_URL
    zalo_oauth_url: str = zalo.OAUTH_URL
    zalo_signature: Literal["enforce", "log"] = "enforce"
    zalo_per_second: Annotated[float, Field(gt=0, le=1000)] = zalo.PER_SECOND
    zalo_buttons: bool = True
    zalo_card_url: str = ""
    zalo_budget: Annotated[int, Field(ge=0, le=10**12)] = 0
    zalo_template_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{0,64}$")] = ""
    zalo_template_field: Annotated[str, Field(pattern=r"^[0-9A-Za-z_]{0,64}$")] = ""
    zalo_template_price: Annotated[int, Field(ge=0, le=10**6)] | None = None
    zalo_bot_token: str = Field("", repr=False)
    zalo_bot_secret: str = Field("", repr=False)
    zalo_bot_api_url: str = zalo_bot.API_URL
    zalo_bot_link: str = ""
    arrival_minutes: int = 30
    zalo_bot_per_second: Annotated[float, Field(gt=0, le=1000)] = zalo_bot.PER_SECOND
    zalo_bot_per_chat_seconds: Annotated[float, Field(ge=0, le=60)] = zalo_bot.PER_CHAT_SECONDS
    spool: Path | None = None
    spool_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    oa_name: str = "Kết Đoàn"
    server_in_vietnam: bool = False
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    metrics_host: str = "127.0.0.1"
    send_inside: bool = True

    @field_validator(
        "public_url",
        "zalo_url",
        "telegram_url",
        "telegram_api_url",
        "zalo_api_url",
        "zalo_oauth_url",
        "zalo_bot_api_url",
        "zalo_bot_link",
    )
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be an address such as https://example.org")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise ValueError("must have nothing after the host, such as https://example.org")
        return value.rstrip("/")

    @field_validator("zalo_bot_link")
    @classmethod
    def _is_https_address(cls, value: str) -> str:
        if value and not value.startswith("https:"):
            raise ValueError("must begin with https://, as Zalo shows it for the bot")
        return value

    @field_validator("arrival_minutes")
    @classmethod
    def _is_a_while(cls, value: int) -> int:
        if not _FEWEST_MINUTES <= value <= _MOST_MINUTES:
            raise ValueError("must be 15 to 1440 minutes: a quarter of an hour to a day")
        return value

    @field_validator("telegram_api_url", "zalo_api_url", "zalo_oauth_url", "zalo_bot_api_url")
    @classmethod
    def _is_base(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("telegram_token", "zalo_bot_token")
    @classmethod
    def _is_token(cls, value: str) -> str:
        if value and not _TOKEN.fullmatch(value):
            raise ValueError(
                "must be a bot's token, as its platform gives it: digits, colon, letters"
            )
        return value

    @field_validator("zalo_app_id", "zalo_oa_id")
    @classmethod
    def _is_zalo_id(cls, value: str) -> str:
        if value and not _ZALO_ID.fullmatch(value):
            raise ValueError("must be the digits that Zalo's console shows")
        return value

    @field_validator(
        "zalo_app_secret", "zalo_oa_secret", "zalo_access_token", "zalo_refresh_token"
    )
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("must be as Zalo's console shows it: no spaces, no marks")
        return value

    @field_validator("zalo_bot_secret")
    @classmethod
    def _is_bot_secret(cls, value: str) -> str:
        if value and not (_SECRET.fullmatch(value) and len(value) >= 8):
            raise ValueError("must be 8 to 256 of the letters A-Z a-z 0-9 _ -")
        return value

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _is_secret(cls, value: str) -> str:
        if value and not _SECRET.fullmatch(value):
            raise ValueError("must be 1 to 256 of the letters A-Z a-z 0-9 _ -")
        return value

    @field_validator("zalo_card_url")
    @classmethod
    def _is_picture(cls, value: str) -> str:
        if value and not _PICTURE.fullmatch(value):
            raise ValueError("must be the https address of a picture, ending in .png or .jpg")
        return value

    @field_validator("zalo_code_verifier")
    @classmethod
    def _is_zalo_verifier(cls, value: str) -> str:
        if value and not _ZALO_VERIFIER.fullmatch(value):
            raise ValueError("must be exactly 43 of the letters A-Z a-z 0-9 . _ ~ -")
        return value

    @field_validator("zalo_site_verification")
    @classmethod
    def _is_zalo_mark(cls, value: str) -> str:
        if value and not _ZALO_MARK.fullmatch(value):
            raise ValueError("must be the content of the mark alone: letters, digits and _ . = -")
        return value

    @property
    def updates_url(self) -> str:
        """Where Telegram is to deliver, or "" where its servers can not reach us.

        They take https alone; a Bot API server of the operator's own takes any address.
        """
        is_reachable = self.public_url.startswith("https:") or (
            self.public_url and self.telegram_api_url != API_URL
        )
        return f"{self.public_url}/telegram" if is_reachable else ""

    @property
    def bot_updates_url(self) -> str:
        """Where Zalo's Bot Platform is to deliver, or "" where it can not reach us."""
        is_reachable = self.public_url.startswith("https:") or (
            self.public_url and self.zalo_bot_api_url != zalo_bot.API_URL
        )
        return f"{self.public_url}/zalo-bot" if is_reachable else ""

    @property
    def has_zalo(self) -> bool:
        """Whether Zalo's Official Account is a channel here."""
        return bool(self.zalo_app_id)

    @property
    def store_url(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'ketdoan.sqlite3').absolute()}"

    @property
    def key_path(self) -> Path:
        """Where the key file is."""
        return self.key_file or self.data_dir / "ketdoan.key"

    @property
    def spool_folder(self) -> Path:
        """Where what waits for the store lies: beside its file, else in our own folder."""
        is_file = self.store_url.startswith("sqlite:///")
        path = self.store_url.removeprefix("sqlite:///").partition("?")[0] if is_file else ""
        return self.spool or (Path(path).parent if path else self.data_dir) / "spool"

    @property
    def origin(self) -> str:
        """The address of our pages, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def is_https(self) -> bool:
        """Whether our pages are reached over an encrypted line."""
        return self.origin.startswith("https:")

    def keys(self) -> Keyring:
        """Return the keys. Raises SettingTrouble."""
        name = f"{PREFIX}KEY" if self.key else f"{PREFIX}KEY_FILE"
        try:
            return read_keys(self.key) if self.key else read_key_file(self.key_path)
        except KeyTrouble as trouble:
            raise SettingTrouble(f"{name}: {trouble}") from None


def read_settings(**given: object) -> Settings:
    """Read the settings; what is *given* goes before the environment. Raises SettingTrouble."""
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        settings = Settings(**chosen)  # type: ignore[arg-type]
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        name = f"{PREFIX}{first['loc'][0]}".upper() if first["loc"] else PREFIX
        raise SettingTrouble(f"{name}: {_told(first['msg'])}") from None
    except (OSError, UnicodeDecodeError):
        raise SettingTrouble(".env: the file cannot be read as UTF-8 text") from None
    if settings.host in _EVERYWHERE and not settings.public_url:
        raise SettingTrouble(
            f"{PREFIX}PUBLIC_URL: must be set where {PREFIX}HOST is {settings.host}"
        )
    given_of_zalo = [name for name in _ZALO if getattr(settings, name)]
    if given_of_zalo and len(given_of_zalo) < len(_ZALO):
        missing = next(name for name in _ZALO if name not in given_of_zalo)
        raise SettingTrouble(
            f"{PREFIX}{missing.upper()}: must be set where {PREFIX}{given_of_zalo[0].upper()} is"
        )
    if settings.zalo_template_id and settings.zalo_template_price is None:
        raise SettingTrouble(
            f"{PREFIX}ZALO_TEMPLATE_PRICE: must be set where {PREFIX}ZALO_TEMPLATE_ID is"
        )
    return settings


def unknown_names() -> list[str]:
    """Return names that look like settings of ours and are none: most likely typing errors."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    said = {name.upper() for name in (*os.environ, *dotenv_values(".env"))}
    return sorted(name for name in said - known if name.startswith(PREFIX))


def _told(message: str) -> str:
    return message.removeprefix("Value error, ").replace("\n", " ")
