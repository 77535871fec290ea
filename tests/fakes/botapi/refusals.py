"""How the Bot API says no, in the words of the real server where it has some."""

from collections.abc import Mapping


class Refused(Exception):
    """A call that gets no result: HTTP status, description and the answer's `parameters`."""

    def __init__(
        self, status: int, description: str, parameters: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


class Cut(Exception):
    """The connection breaks off, before or after the method took effect."""


class Hung(Exception):
    """The answer never comes."""


class Misused(Exception):
    """A request to the control API that makes no sense; the test is wrong."""


def bad(what: str) -> Refused:
    """A 400; the real server writes the first letter small unless the second is a capital."""
    if len(what) > 1 and (what[1] == "_" or what[1].isupper()):
        return Refused(400, f"Bad Request: {what}")
    return Refused(400, f"Bad Request: {what[:1].lower()}{what[1:]}")


def forbidden(what: str) -> Refused:
    return Refused(403, f"Forbidden: {what}")


def conflict(what: str) -> Refused:
    return Refused(409, f"Conflict: {what}")


def too_many(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
