"""Whether our clock goes with that of a platform: deadlines, late words and tokens hang on it."""

from email.utils import parsedate_to_datetime

from storage.database import utc_now
from webhook.findings import Findings

# An answer may be on its way for some seconds, and its header counts whole ones.
_MOST_SECONDS_APART = 60.0


def look_at_clock(channel: str, date: str, found: Findings) -> None:
    """Note how far our clock is from the date that an answer of a channel bears."""
    try:
        apart = (utc_now() - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        found.notes.append(f"{channel}: its answer bears no date, our clock was not compared")
        return
    if abs(apart) > _MOST_SECONDS_APART:
        found.troubles.append(
            f"{channel}: our clock is {apart:+.0f} s from that of its server: set the time of "
            "this machine by NTP; words would count as late, tokens as ended"
        )
    else:
        found.notes.append(f"{channel}: our clock is {apart:+.0f} s from that of its server")
