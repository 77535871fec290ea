"""The account of a run on Zalo: its pair of tokens is whole, and nothing wrong was asked for."""

from bench.court import Court
from bench.evidence import Row

# What Zalo answers to an access token that has ended, and to a refresh token that was used.
_ENDED, _USED_UP = -216, -14014


def judge(court: Court) -> None:
    """Look at what is kept of the account, beside what Zalo says of it."""
    if court.story.channel != "zalo":
        return
    rows = court.kept["channel_token"]
    court.compares("pairs of tokens", len(rows), 1)
    for row in rows:
        _pair(court, row)
    _consents(court)
    for one in court.story.platform["refusals"]:
        # A token ends, and a renewal may be lost with its server; nothing else is refused.
        if one["error"] not in (_ENDED, _USED_UP):
            court.finds("wrong", f"refused: {one}")


def _pair(court: Court, row: Row) -> None:
    for name in ("access", "refresh"):
        if court.opened("channel_token", row, f"{name}_sealed") != court.story.platform[name]:
            court.finds("lost", f"the {name} token is not the one that Zalo holds")
    if row["trouble"] or row["lease"]:
        court.finds("wrong", f"the pair of tokens is left with {row['trouble']}, {row['lease']}")


def _consents(court: Court) -> None:
    """See that a person was asked where a pair was lost, and only there."""
    told = court.story.platform
    court.compares("consents", len(court.story.consented), told["consents"])
    for ended in court.story.consented:
        if ended != 0:
            court.finds("wrong", f"a login ended with {ended}")
    # Asked again after a death in between, Zalo says so again.
    used_up = sum(one["error"] == _USED_UP for one in told["refusals"])
    if bool(used_up) != bool(told["consents"]):
        court.finds("wrong", f"{used_up} used tokens were tried, {told['consents']} consents")
