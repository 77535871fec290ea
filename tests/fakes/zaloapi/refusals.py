"""How Zalo says no: a number in the answer, hardly ever a status of HTTP."""

from fakes.botapi.refusals import Cut, Hung, Misused

__all__ = ["Cut", "Hung", "Misused", "Refused", "Spoilt", "wrong"]


class Refused(Exception):
    """A call that is not done: Zalo's number, its words, and why as a test may read it."""

    def __init__(self, error: int, message: str, why: str = "") -> None:
        super().__init__(message)
        self.error, self.message, self.why = error, message, why or message


class Spoilt(Exception):
    """Something that was ordered goes wrong with a right call; see `faults.py`."""

    def __init__(self, name: str, seconds: float = 0.0, answer: bytes = b"") -> None:
        super().__init__(name)
        self.name, self.seconds, self.answer = name, seconds, answer


def wrong(why: str) -> Refused:
    """A request that breaks the contract."""
    return Refused(-201, "Params is invalid", why)
