"""What an OA has granted the app: codes, refresh tokens that work once, access tokens."""

from dataclasses import dataclass, field
from random import Random

from fakes.zaloapi.clock import Clock
from fakes.zaloapi.refusals import Refused
from fakes.zaloapi.signing import VERIFIER, challenge

CODE_SECONDS = 600.0
ACCESS_SECONDS = 90_000
REFRESH_SECONDS = 90 * 86_400.0


@dataclass
class Token:
    """A code or token of one OA. `gone`: why it works no more, before its time is over."""

    oa: str
    until: float
    gone: str = ""
    challenge: str | None = None


@dataclass
class Tokens:
    """All that was ever issued. An OA has one live pair."""

    clock: Clock
    chance: Random
    codes: dict[str, Token] = field(default_factory=dict)
    refresh: dict[str, Token] = field(default_factory=dict)
    access: dict[str, Token] = field(default_factory=dict)
    pair: dict[str, tuple[str, str]] = field(default_factory=dict)
    issued: int = 0

    def fresh(self, head: str) -> str:
        return f"{head}_{self.chance.getrandbits(256):064x}"

    def code(self, oa: str, challenge: str | None) -> str:
        """What a person's consent leads back with: once, for ten minutes."""
        made = self.fresh("code")
        self.codes[made] = Token(oa, self.clock.now() + CODE_SECONDS, challenge=challenge)
        return made

    def issue(self, oa: str, *, refresh: str | None = None, old_lives: bool = False) -> None:
        """A new pair; the old access token stops, and so does the old refresh token."""
        now = self.clock.now()
        if oa in self.pair and not old_lives:
            self.access[self.pair[oa][0]].gone = "replaced"
        if oa in self.pair and refresh is None:
            self.refresh[self.pair[oa][1]].gone = "replaced"
        self.issued += 1
        self.pair[oa] = (self.fresh("AT"), refresh or self.fresh("RT"))
        self.access[self.pair[oa][0]] = Token(oa, now + ACCESS_SECONDS)
        self.refresh.setdefault(self.pair[oa][1], Token(oa, now + REFRESH_SECONDS))

    def first(self, oa: str, access: str, refresh: str) -> None:
        """The pair that the console printed."""
        now = self.clock.now()
        self.pair[oa] = (access, refresh)
        self.access[access] = Token(oa, now + ACCESS_SECONDS)
        self.refresh[refresh] = Token(oa, now + REFRESH_SECONDS)

    def exchangeable(self, code: str, verifier: str | None) -> Token:
        """A code that may be exchanged now; Refused otherwise."""
        found = self.codes.get(code)
        if found is None or found.gone or found.until <= self.clock.now():
            raise Refused(-14005, "Invalid authorization code", "code wrong, used or too old")
        if found.challenge is None:
            return found
        if verifier is None or len(verifier) != VERIFIER or not verifier.isascii():
            raise Refused(-14005, "Invalid code verifier", f"a verifier has {VERIFIER} characters")
        if challenge(verifier) != found.challenge:
            raise Refused(-14005, "Invalid code verifier", "not the verifier of the challenge")
        return found

    def refreshable(self, token: str) -> Token:
        """A refresh token that may be used now; Refused otherwise."""
        found = self.refresh.get(token)
        if found is None or found.gone or found.until <= self.clock.now():
            why = found.gone or "too old" if found else "unknown"
            raise Refused(-14014, "Invalid refresh token", f"refresh token {why}")
        return found

    def owner(self, token: str) -> str:
        """The OA of an access token; Refused with -216 or -220."""
        found = self.access.get(token)
        if found is None:
            raise Refused(-216, "Access token is invalid", "no such access token")
        if found.gone == "removed":
            raise Refused(-220, "access_token is expired or removed", "consent was withdrawn")
        if found.gone:
            raise Refused(-216, "Access token is invalid", f"access token {found.gone}")
        if found.until <= self.clock.now():
            raise Refused(-216, "Access token has expired", "access token too old")
        return found.oa

    def expire(self, oa: str) -> None:
        """The live access token is too old from now on."""
        self.access[self.pair[oa][0]].until = 0.0

    def remove(self, oa: str) -> None:
        """The OA takes its consent back."""
        access, refresh = self.pair[oa]
        self.access[access].gone = self.refresh[refresh].gone = "removed"
