"""What has to be there: which modules make a dialogue, which channels there are, which kinds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conformance.script import Talk, read_talk

TALKS = Path(__file__).with_name("talks")

# What a dialogue is called in the table, and the modules of bot/dialogues that speak in it.
DIALOGUES: Mapping[str, tuple[str, ...]] = {
    "arrival": ("welcome", "greeting", "guessing", "menu"),
    "place": ("place",),
    "device": ("device",),
    "joining": ("joining", "joined"),
    "rights": ("rights",),
    "signing": (
        "signing",
        "naming",
        "statement",
        "signing_page",
        "one_time",
        "wish",
        "recording",
        "standing",
    ),
    "corrections": ("corrections",),
    "status": ("status", "details", "afterwards"),
    "letters": ("letters",),
    "withdrawal": ("withdrawal",),
    "not-me": ("not_me",),
    "privacy": ("privacy", "kept"),
    "erasing": ("erasing",),
    "stopping": ("stopping",),
    "request": ("request", "request_sent"),
    "danger": ("danger",),
    "committee": ("committee",),
    "invitation": ("desk_invited",),
    "desk": ("desk", "desk_card", "desk_facts", "desk_rights"),
    "digest": ("desk_digest",),
    "late": ("desk_late",),
    "places": ("desk_places",),
    "decisions": (
        "decisions",
        "decisions_petition",
        "decisions_dossier",
        "decisions_join",
        "decisions_request",
        "decisions_typed",
    ),
    "handing": ("decisions_handing",),
    "names": ("names",),
}

# Orders of the operator come by command and are no talk: no channel of people carries them. Tips
# come only where a window closes, on one channel; their talks are in tests/bot/test_window.py.
NO_TALK = ("operator", "operator_imports", "operator_letters", "tips")

CHANNELS: Mapping[str, str] = {
    "web": "Web",
    "terminal": "Terminal",
    "telegram": "Telegram",
    "zalo": "Zalo OA",
    "zalo-bot": "Zalo Bot",
}

KINDS: Mapping[str, str] = {
    "whole": "to its end",
    "mistake": "with a mistake",
    "resumed": "broken off and resumed",
}


def all_talks() -> list[Talk]:
    """Return every talk, in the order of the dialogues and kinds. Raises Misread."""
    found = [read_talk(path) for path in sorted(TALKS.glob("*.talk"))]
    order = list(DIALOGUES), list(KINDS)
    return sorted(found, key=lambda one: _place(one, *order))


def _place(talk: Talk, dialogues: list[str], kinds: list[str]) -> tuple[int, int, str]:
    return dialogues.index(talk.dialogue), kinds.index(talk.kind), talk.name
