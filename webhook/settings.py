"""What the operator sets: environment and .env become one frozen Settings."""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.sealed import Keyring, KeyTrouble, read_key_file, read_keys
from webhook.trouble import SettingTrouble

PREFIX = "KETDOAN_"
# Where a door listens to every network; nobody can be led there by such an address.
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 -- compared, not bound
ROOT = Path(__file__).parents[1]


class Settings(BaseSettings):
    """Everything that can be set, each as KETDOAN_NAME in the environment or in .env.

    *data_dir* holds the database, the key and the lock unless they are set by themselves;
    *key* (lines `ID BASE64`) goes before *key_file*. *public_url* is what stands on posters.
    *zalo_url*, *telegram_url*: doors shown on the landing page only when set. One that is left
    empty is not set: an empty host would listen to the whole network.
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
    oa_name: str = "Kết Đoàn"
    server_in_vietnam: bool = False

    @field_validator("public_url", "zalo_url", "telegram_url")
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

    @property
    def store_url(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'ketdoan.sqlite3').absolute()}"

    @property
    def key_path(self) -> Path:
        """Where the key file is."""
        return self.key_file or self.data_dir / "ketdoan.key"

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
    return settings


def unknown_names() -> list[str]:
    """Return names that look like settings of ours and are none: most likely typing errors."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    said = {name.upper() for name in (*os.environ, *dotenv_values(".env"))}
    return sorted(name for name in said - known if name.startswith(PREFIX))


def _told(message: str) -> str:
    return message.removeprefix("Value error, ").replace("\n", " ")
