"""Sealed fields: names, phones and words of people can be read only by who holds the key.

Each value is AES-256-GCM over its text, bound to table, row, column and key id, so that a value
copied to another row or column does not open. A blind index (HMAC-SHA256, its own subkey for each
purpose) finds a value without showing it: a plain hash of a phone number falls in minutes.
"""

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_FORMAT = 1
_NONCE = 12
_HEAD = 1 + 4
_KEY_BYTES = 32


class KeyTrouble(Exception):
    """The key file or key setting cannot be used; the text says what to do."""


class NotOpened(Exception):
    """A sealed value does not open: wrong key, wrong row, or changed bytes."""


@dataclass(frozen=True)
class Keyring:
    """The keys by id; the newest seals, all open. Rotation needs no change of format."""

    keys: Mapping[int, bytes] = field(repr=False)
    _derived: dict[tuple[int, str], bytes] = field(default_factory=dict, repr=False, init=False)
    _bases: dict[str, hmac.HMAC] = field(default_factory=dict, repr=False, init=False)
    _boxes: dict[int, AESGCM] = field(default_factory=dict, repr=False, init=False)

    def __post_init__(self) -> None:
        """Refuse an empty ring or a key of the wrong size. Raises KeyTrouble."""
        if not self.keys:
            raise KeyTrouble("the key file holds no key; `ketdoan init` makes one")
        if any(len(key) != _KEY_BYTES for key in self.keys.values()):
            raise KeyTrouble(
                "a key must have 32 bytes; is this the file that `ketdoan init` made?"
            )

    @property
    def newest(self) -> int:
        """The id of the key that seals."""
        return max(self.keys)

    def _subkey(self, key_id: int, purpose: str) -> bytes:
        known = self._derived.get((key_id, purpose))
        if known is None:
            kdf = HKDF(hashes.SHA256(), _KEY_BYTES, salt=b"ketdoan", info=purpose.encode())
            known = self._derived[key_id, purpose] = kdf.derive(self.keys[key_id])
        return known

    def _box(self, key_id: int) -> AESGCM:
        known = self._boxes.get(key_id)
        if known is None:
            known = self._boxes[key_id] = AESGCM(self._subkey(key_id, "seal"))
        return known

    def seal(self, table: str, row: int, column: str, text: str) -> bytes:
        """Return *text* sealed for exactly this table, row and column."""
        key_id = self.newest
        nonce = secrets.token_bytes(_NONCE)
        head = bytes([_FORMAT]) + key_id.to_bytes(4, "big")
        box = self._box(key_id)
        plain = text.encode("utf-8", "replace")
        return head + nonce + box.encrypt(nonce, plain, _bound(table, row, column, key_id))

    def open(self, table: str, row: int, column: str, sealed: bytes) -> str:
        """Return the text that was sealed here. Raises NotOpened."""
        key_id = int.from_bytes(sealed[1:_HEAD], "big")
        if len(sealed) < _HEAD + _NONCE or sealed[0] != _FORMAT or key_id not in self.keys:
            raise NotOpened(f"{table}.{column}: unknown key or format")
        nonce, body = sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            box = self._box(key_id)
            return box.decrypt(nonce, body, _bound(table, row, column, key_id)).decode()
        except InvalidTag:
            raise NotOpened(f"{table}.{column}: the value does not belong here") from None

    def blind(self, purpose: str, value: str) -> bytes:
        """Return the keyed index of *value* for one *purpose*; equal values give equal bytes.

        The oldest key makes it: an index must stay findable when the newest key changes.
        """
        base = self._bases.get(purpose)
        if base is None:
            key = self._subkey(min(self.keys), f"blind:{purpose}")
            base = self._bases[purpose] = hmac.new(key, digestmod="sha256")
        made = base.copy()
        made.update(value.encode("utf-8", "replace"))
        return made.digest()

    def mac(self, purpose: str, value: str) -> str:
        """Return a short keyed mark (96 bits) that a stranger cannot make for *value*.

        Sixteen letters, digits, - and _.
        """
        mark = self.blind(f"mac:{purpose}", value)[:12]
        return base64.urlsafe_b64encode(mark).decode("ascii")


def _bound(table: str, row: int, column: str, key_id: int) -> bytes:
    return f"{table}|{row}|{column}|{key_id}".encode()


def make_key_file(path: Path) -> None:
    """Write a fresh key that only its owner may read. Raises FileExistsError."""
    line = f"1 {base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_keys(text: str) -> Keyring:
    """Read a ring from lines `ID BASE64`. Raises KeyTrouble."""
    keys: dict[int, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        if not parts:
            continue
        try:
            key_id, encoded = parts
            keys[int(key_id)] = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise KeyTrouble(f"line {number} of the key file is not `ID BASE64`") from None
    return Keyring(keys)


def read_key_file(path: Path) -> Keyring:
    """Read the ring from a file. Raises KeyTrouble."""
    try:
        return read_keys(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise KeyTrouble(f"no key file at {path}; `ketdoan init` makes one") from None
    except (OSError, UnicodeDecodeError):
        raise KeyTrouble(f"the key file {path} cannot be read") from None
