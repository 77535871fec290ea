"""What a person agreed to, and whether she may be written to now without having asked."""

from dataclasses import dataclass
from datetime import time
from typing import Literal

Topic = Literal["case", "tip", "news", "desk", "urgent"]
Push = Literal["now", "later", "never"]

QUIET_FROM = time(21, 0)
QUIET_TO = time(7, 0)


@dataclass(frozen=True)
class Consent:
    """Her three separate answers: keep her name, contact her, count her in statistics."""

    handling: bool
    contact: bool
    statistics: bool


def may_push(
    topic: Topic,
    consent: Consent | None,
    local_time: time,
    *,
    stopped_all: bool = False,
    stopped_news: bool = False,
    news_agreed: bool = False,
    quiet_from: time = QUIET_FROM,
    quiet_to: time = QUIET_TO,
) -> Push:
    """Whether a letter that nobody asked for may go out at this local time, later, or not at all.

    *topic*: "case" and "tip" need her consent to be contacted; "news" for many needs its own yes,
    which that consent does not cover; "desk" is for officers; "urgent" is for officers too and
    waits for no morning. An answer to something she has just sent is no push and is not asked
    about here.
    """
    if stopped_all or not _is_agreed(topic, consent, news_agreed=news_agreed and not stopped_news):
        return "never"
    if topic != "urgent" and _is_quiet(local_time, quiet_from, quiet_to):
        return "later"
    return "now"


def _is_agreed(topic: Topic, consent: Consent | None, *, news_agreed: bool) -> bool:
    match topic:
        case "desk" | "urgent":
            return True
        case "news":
            return news_agreed
        case "case" | "tip":
            return consent is not None and consent.contact


def _is_quiet(local_time: time, quiet_from: time, quiet_to: time) -> bool:
    if quiet_from <= quiet_to:
        return quiet_from <= local_time < quiet_to
    return local_time >= quiet_from or local_time < quiet_to
