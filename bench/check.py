"""Judge a run of kills: was anything lost that was acknowledged, was anything done twice?

    python -m bench.check HISTORY --database URL --key-file FILE [--json]

Reads the history that the load generator wrote and the database that the killed servers left, and
imports nothing of them. Every acknowledged turn must have been heard once and have had its effect
once; every letter laid out must have ended; counters must equal rows. Letters of which nobody
could know whether they had arrived may have been sent again where they say so: these are counted
apart as resent, and there may be no more of them than were in flight when a server died.
"""

import argparse
import json
import signal
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench import check_account, check_letters, check_names
from bench.court import Court, Kind
from bench.evidence import Kept, read_history, read_keys

_TOLD = 20
_OF_ZALO = ("renewed", "consents", "echoes")
# Of two things done at once the one that began first may be noted last: so long a lock is waited
# for. That no turn is forgotten, its count tells to the last one.
_WAITED = timedelta(seconds=10)


def judge(court: Court) -> None:
    """Look at everything."""
    for fault in court.kept.faults:
        court.finds("wrong", fault)
    _whole(court)
    _heard(court)
    _pages(court)
    _conversations(court)
    check_letters.judge(court)
    check_names.judge(court)
    _codes(court)
    _arrivals(court)
    _officers(court)
    check_account.judge(court)


def _whole(court: Court) -> None:
    """See that the history has an end, and that who was asked to stop did so in good order."""
    if not court.story.begun or not court.story.ended:
        court.finds("wrong", "the history has no beginning or no end")
    for stop in court.story.stops:
        ended = stop.get("drained", stop.get("ended"))
        # A server that was asked to stop ends, after everything else, by that very signal.
        if ended != 0 and not (ended == -signal.SIGTERM and "stopped" in stop):
            court.finds("wrong", f"a server or the last drain ended with {ended}")


def _heard(court: Court) -> None:
    """See that what was acknowledged was heard, once, and that what was heard had been tried."""
    times = Counter(row["event_id"] for row in court.kept["inbox"])
    for event in court.story.acked:
        court.compares(f"{court.name(event)} in the inbox", times[event], 1)
    for event, row in court.inbox.items():
        if row["state"] != "heard":
            court.finds("wrong", f"{court.name(event)} broke its turn: {row['error']}")
        if event not in court.story.deeds and not event.startswith("form:"):
            court.finds("wrong", f"heard, but never tried: {event}")


def _pages(court: Court) -> None:
    """See that pages were opened as often as it was told: only the server names such an event."""
    unknown = court.inbox.keys() - court.story.deeds.keys()
    opened = sum(one.startswith("form:") for one in unknown)
    if not court.story.opened <= opened <= court.story.tried[""]:
        kind: Kind = "lost" if opened < court.story.opened else "doubled"
        court.finds(kind, f"{opened} pages opened, {court.story.opened} acknowledged")


def _conversations(court: Court) -> None:
    """See that each person has one conversation, and that it knows of the last thing she did."""
    for chat, deeds in court.lives.items():
        known = court.chats.get(chat, ())
        court.compares(f"conversations of {chat}", len(known), 1)
        last = max(_moment(court.inbox[one.event]["heard_at"]) for one in deeds)
        if known and _moment(known[0]["heard_at"]) < last - _WAITED:
            court.finds("lost", f"the conversation of {chat} has forgotten its last turn")
        if known and any(one.kind == "scan" for one in deeds):
            # Each answer to a worker offers something to tap, and counts one up.
            court.compares(f"turns of {chat}", known[0]["offer"], len(deeds))


def _moment(kept: datetime | str) -> datetime:
    """Return a moment as either store keeps it."""
    return kept if isinstance(kept, datetime) else datetime.fromisoformat(kept)


def _codes(court: Court) -> None:
    """See that the code that somebody was told is hers."""
    receipts = {row["code"]: row for row in court.kept["receipt"]}
    for event, code in court.story.codes:
        mine = {row["id"] for row in court.chats.get(court.story.deeds[event].chat, ())}
        if code not in receipts or receipts[code]["conversation_id"] not in mine:
            court.finds("lost", f"{court.name(event)} was told a code that is not kept")


def _arrivals(court: Court) -> None:
    """See that whoever came by a poster is written down once at its place."""
    came = Counter(
        place
        for deeds in court.lives.values()
        for place in {one.facts["place"] for one in deeds if one.kind == "scan"}
    )
    codes = {row["id"]: row["code"] for row in court.kept["enterprise"]}
    arrived = [row["enterprise_id"] for row in court.kept["ledger"] if row["act"] == "arrived"]
    written = Counter(codes[one] for one in arrived)
    for place in came.keys() | written.keys():
        court.compares(f"arrived at {place}", written[place], came[place])


def _officers(court: Court) -> None:
    """See that who accepted an invitation has one desk and one role."""
    roles = court.kept.grouped("officer_role", "officer_id")
    desks = court.kept.grouped("officer", "conversation_id")
    for chat, deeds in court.lives.items():
        accepted = sum(one.kind == "accept-role" for one in deeds)
        for known in court.chats.get(chat, ()) if accepted else ():
            mine = desks.get(known["id"], [])
            court.compares(f"desks of {chat}", len(mine), 1)
            found = sum(len(roles.get(one["id"], ())) for one in mine)
            court.compares(f"roles of {chat}", found, accepted)


def told(court: Court) -> dict[str, Any]:
    """Return the figures and the first findings."""
    kinds, story, kept = court.kinds(), court.story, court.kept
    return {
        "lost": kinds["lost"],
        "doubled": kinds["doubled"],
        "wrong": kinds["wrong"],
        "acknowledged": len(story.acked),
        "tried": story.tried.total(),
        "kills": sum(len(one["killed"]) for one in story.kills),
        "in_flight_at_kills": court.most_resent,
        "resent": court.resent,
        "people": len(court.lives),
        "signatures": len(kept["signature"]),
        "letters": dict(Counter(row["state"] for row in kept["letter"])),
        "arrived": sum(one["outcome"] == "accepted" for one in story.arrived),
        "gave_up": dict(story.gave_up),
        **{name: story.platform[name] for name in _OF_ZALO if name in story.platform},
        "findings": [f"{kind}: {what}" for kind, what in court.findings[:_TOLD]],
    }


def judged(history: Path, url: str, key_file: Path) -> dict[str, Any]:
    """Judge one run. Raises ValueError and what the driver raises."""
    court = Court(read_history(history), Kept(url, read_keys(key_file)))
    judge(court)
    return told(court)


def main() -> int:
    """Judge; return 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("history", type=Path)
    parser.add_argument("--database", required=True, help="its address")
    parser.add_argument("--key-file", required=True, type=Path)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    asked = parser.parse_args()
    found = judged(asked.history, asked.database, asked.key_file)
    print(json.dumps(found, ensure_ascii=False, indent=None if asked.json else 1))
    return 1 if found["lost"] or found["doubled"] or found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
