"""What Zalo proves and has proved: the signature of its events, and PKCE."""

import hashlib
from base64 import urlsafe_b64encode

# Zalo takes verifiers of exactly this length.
VERIFIER = 43


def mac(app_id: str, raw: bytes, timestamp: str, oa_secret: str) -> str:
    """The hexadecimal signature: plain SHA-256 over the parts in a row, no HMAC."""
    return hashlib.sha256(
        app_id.encode() + raw + timestamp.encode() + oa_secret.encode()
    ).hexdigest()


def challenge(verifier: str) -> str:
    """The code challenge of a verifier: base64url of SHA-256, without padding."""
    return (
        urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).decode().rstrip("=")
    )
