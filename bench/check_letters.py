"""Letters of a run: every turn laid its own out, each has ended, each that was sent has arrived.

A letter of which nobody could know whether it had arrived goes again where it says so: such are
counted apart. One that must not go twice never arrives twice.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping

from bench.court import Court
from bench.evidence import Deed, Row, mark_of, shown_on_zalo

OPEN = ("waiting", "claimed")
# So often a letter is tried; where each try was cut off by a kill it stays to be looked at.
MOST_TRIES = 12
# A text by its mark, in a chat.
Place = tuple[int, str]


def judge(court: Court) -> None:
    """Look at every letter that was laid out and at everything that arrived."""
    _laid_out(court)
    _delivered(court)


def _laid_out(court: Court) -> None:
    laid: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in court.kept["letter"]:
        base, _, number = row["key"].rpartition(":")
        laid[base][int(number)] = row
        _has_ended(court, row)
    for chat, deeds in court.lives.items():
        here = {row["id"] for row in court.chats.get(chat, ())}
        for deed in deeds:
            _answered(court, deed, laid.pop(f"{court.story.channel}:{deed.event}", {}), here)
    for base in laid:
        event = base.removeprefix(f"{court.story.channel}:")
        if event not in court.inbox and not base.startswith("round:"):
            court.finds("wrong", f"letters of an event that was never heard: {base}")


def _answered(court: Court, deed: Deed, mine: Mapping[int, Row], here: set[int]) -> None:
    if sorted(mine) != list(range(len(mine))):
        court.finds("lost", f"{court.name(deed.event)} has letters {sorted(mine)} only")
    if not any(row["conversation_id"] in here for row in mine.values()):
        court.finds("lost", f"{court.name(deed.event)} was never answered")


def _has_ended(court: Court, row: Row) -> None:
    state = row["state"]
    if state in OPEN:
        court.finds("lost", f"letter {row['key']} still waits after the last drain")
    elif state in ("gone", "shut") or (state == "dead" and row["tries"] < MOST_TRIES):
        # Nobody blocks the bot here, nothing is refused, no window closes. One whose sender died
        # of it over and over ends so by right, and is counted.
        court.finds("wrong", f"letter {row['key']} ended {state} ({row['error']})")
    elif state == "held" and row["if_unsure"] != "hold":
        court.finds("wrong", f"letter {row['key']} was held and should go again")


def _delivered(court: Court) -> None:
    arrivals = {
        (one["chat"], str(one["message_id"])): str(one["hash"])
        for one in court.story.arrived
        if one["outcome"] == "accepted"
    }
    told: Counter[Place] = Counter()
    loose: set[Place] = set()
    for row in court.kept["letter"]:
        chat = court.chat_of.get(row["conversation_id"], 0)
        mark = _mark(court, row, chat, arrivals)
        if mark:
            told[chat, mark] += 1
            if row["if_unsure"] != "hold":
                loose.add((chat, mark))
    for place, times in Counter((chat, mark) for (chat, _), mark in arrivals.items()).items():
        _came(court, place, times, told[place], is_loose=place in loose)
    if court.resent > court.most_resent:
        court.finds("doubled", f"{court.resent} resent, of {court.most_resent} in flight")


def _came(court: Court, place: Place, times: int, letters: int, *, is_loose: bool) -> None:
    more = times - letters
    if not letters:
        court.finds("wrong", f"{place[0]} was told something that no letter says")
    elif more > 0 and is_loose:
        court.resent += more
    elif more > 0:
        court.finds("doubled", f"a letter that must not go twice came twice to {place[0]}")


def _mark(
    court: Court, row: Row, chat: int, arrivals: Mapping[tuple[int, str], str]
) -> str | None:
    """Return the mark of a letter's text, by its arrival or by its words that are kept."""
    if row["state"] == "sent":
        mark = arrivals.get((chat, str(row["sent_ref"])))
        if mark is None:
            court.finds("lost", f"letter {row['key']} is noted as sent and never arrived")
        return mark
    text = court.opened("letter", row, "reply_sealed")
    if not text:
        return None
    reply = json.loads(text)
    link = reply["link"]
    more = f"\n{link}" if link and link not in reply["text"] else ""
    words = (reply["text"] + more).strip()
    return mark_of(shown_on_zalo(words, reply) if court.story.channel == "zalo" else words)
