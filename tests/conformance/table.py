"""The conformance table: dialogue x channel, for the screen, for programs, for the documentation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.contents import CHANNELS, DIALOGUES, KINDS
from conformance.script import Talk

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
_HEAD = """# Conformance: every dialogue through every channel

This page is written by `make conformance` when all of it has held, and by nobody's hand.

Each number is so many talks of `tests/conformance/talks`: each was held as a real conversation over
HTTP, or in a terminal, with a served installation; Telegram and Zalo were fake servers that enforce
what their makers document. ✓ means that each talk went as it is written, that the database said the
same at its end as on every other channel, and that the fake refused no request. A dialogue has at
least one talk to its end, one with a mistake, and one that is broken off and resumed.

Orders of the operator come by command and are no talk of any channel; they are left out here.
"""


@dataclass(frozen=True)
class Result:
    """How a talk went on a channel. *trouble* is empty where it held."""

    talk: Talk
    channel: str
    trouble: str
    facts: str | None
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether it went as it is written."""
        return not self.trouble


def printed(results: Sequence[Result]) -> str:
    """Return the table for the screen."""
    channels = [one for one in CHANNELS if any(result.channel == one for result in results)]
    lines = ["".join([f"{'dialogue':14}", *(f"{CHANNELS[one]:>12}" for one in channels)])]
    for dialogue in DIALOGUES:
        row = [one for one in results if one.talk.dialogue == dialogue]
        if row:
            cells = [_cell([one for one in row if one.channel == name]) for name in channels]
            lines.append("".join([f"{dialogue:14}", *(f"{one:>12}" for one in cells)]))
    held = sum(one.holds for one in results)
    seconds = sum(one.seconds for one in results)
    return "\n".join([*lines, f"{held} of {len(results)} held, {seconds:.0f} s"])


def _cell(results: Sequence[Result]) -> str:
    held = sum(one.holds for one in results)
    return f"✓ {held}" if held == len(results) else f"✗ {held}/{len(results)}"


def as_json(results: Sequence[Result]) -> str:
    """Return the results for a program."""
    told = [
        {
            "dialogue": one.talk.dialogue,
            "kind": one.talk.kind,
            "talk": one.talk.name,
            "channel": one.channel,
            "holds": one.holds,
            "trouble": one.trouble,
            "seconds": round(one.seconds, 2),
        }
        for one in results
    ]
    return json.dumps(told, ensure_ascii=False, indent=1)


def read_json(text: str, talks: Sequence[Talk]) -> list[Result]:
    """Return the results that another process told, in the order in which it had them."""
    named = {one.name: one for one in talks}
    return [
        Result(named[one["talk"]], one["channel"], one["trouble"], None, one["seconds"])
        for one in json.loads(text)
    ]


def page(results: Sequence[Result]) -> str:
    """Return the page of the documentation for these results."""
    lines = [_HEAD, f"| dialogue | {' | '.join(CHANNELS.values())} |"]
    lines.append("|---" * (len(CHANNELS) + 1) + "|")
    for dialogue in DIALOGUES:
        row = [one for one in results if one.talk.dialogue == dialogue]
        cells = [_cell([one for one in row if one.channel == name]) for name in CHANNELS]
        lines.append(f"| {' | '.join([dialogue, *cells])} |")
    talks = {one.talk.name: one.talk for one in results}
    lines += ["", "## The talks", ""]
    lines += [f"- **{one.name}** ({KINDS[one.kind]}): {one.about}" for one in talks.values()]
    return "\n".join([*lines, ""])
