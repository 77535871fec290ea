"""The hidden number of a form: it names what was sent, so that sending it twice is once.

It is bound to who was shown the form, so that nobody else's page can send it.
"""

import hmac
import secrets

from storage.sealed import Keyring

_BYTES = 12


def fresh(keys: Keyring, whose: str) -> str:
    """Return a nonce for a form shown to *whose* (a web address, a token, or "")."""
    number = secrets.token_urlsafe(_BYTES)
    return f"{number}.{keys.mac('nonce', f'{whose}|{number}')}"


def is_for(keys: Keyring, whose: str, nonce: str) -> bool:
    """Whether this nonce was made for *whose*."""
    number, _, mark = nonce.partition(".")
    expected = keys.mac("nonce", f"{whose}|{number}")
    return hmac.compare_digest(mark.encode("utf-8", "replace"), expected.encode())


def event_id(keys: Keyring, nonce: str, *said: str) -> str:
    """Return the name of what was sent with a form: the same words with the same nonce are one.

    A form that was sent, taken back with the browser's button and sent with other words is
    another event. The name is a keyed mark: it shows nothing of the words.
    """
    return keys.mac("form", "\x1f".join((nonce, *said)))
