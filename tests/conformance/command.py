"""The command that runs talks, prints the table and writes the page of the documentation."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stores import Founded, Sqlite

from conformance.contents import CHANNELS, DIALOGUES, all_talks
from conformance.platforms import Platforms
from conformance.script import Talk, write_facts
from conformance.stage import Failed, play
from conformance.table import PAGE, Result, as_json, page, printed, read_json

ROOT = Path(__file__).parents[2]


def main(words: Sequence[str]) -> int:
    """Run what is asked for; return 0 when all of it held, 1 when something did not."""
    known = all_talks()
    asked = _asked(words, [one.name for one in known])
    talks = [one for one in known if not asked.talk or one.name in asked.talk]
    talks = [one for one in talks if not asked.dialogue or one.dialogue in asked.dialogue]
    channels = asked.channel or list(CHANNELS)
    if asked.update or len(channels) == 1:
        results = _one_by_one(talks, channels, updates=asked.update)
    else:
        results = _side_by_side(talks, channels)
    holds = all(one.holds for one in results)
    if holds and len(results) == len(known) * len(CHANNELS):
        PAGE.write_text(page(results), encoding="utf-8")
    print(as_json(results) if asked.json else printed(results))
    return 0 if holds else 1


def _one_by_one(talks: Sequence[Talk], channels: Sequence[str], *, updates: bool) -> list[Result]:
    """Hold talks in this process. *updates*: the first channel says what they come to."""
    results = []
    platforms = Platforms()
    try:
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            founded = Founded(Sqlite(Path(folder)))
            for talk in talks:
                known = None if updates else talk.facts
                for channel in channels:
                    made = _run(talk, channel, founded, platforms, Path(folder), known)
                    known = made.facts if known is None else known
                    results.append(made)
                    _tell(made)
                if updates and known is not None:
                    write_facts(talk, known)
    finally:
        platforms.stop()
    return results


def _side_by_side(talks: Sequence[Talk], channels: Sequence[str]) -> list[Result]:
    """Hold talks in a process for each channel, as many at once as there are processors."""

    def hold(channel: str) -> list[Result]:
        words = ["--json", "--channel", channel, *(one.name for one in talks)]
        ran = subprocess.run(
            [sys.executable, "-m", "tests.conformance", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=False,
        )
        return read_json(ran.stdout.decode(), talks)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as crowd:
        held = [one for some in crowd.map(hold, channels) for one in some]
    order = [one.name for one in talks]
    return sorted(held, key=lambda one: (order.index(one.talk.name), channels.index(one.channel)))


def _asked(words: Sequence[str], names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--update", action="store_true", help="rewrite what talks came to")
    parser.add_argument("--channel", action="append", choices=list(CHANNELS))
    parser.add_argument("--dialogue", action="append", choices=list(DIALOGUES))
    parser.add_argument("talk", nargs="*", help="only talks of these names")
    asked = parser.parse_args(words)
    for one in asked.talk:
        if one not in names:
            parser.error(f"no talk {one}")
    return asked


def _run(
    talk: Talk,
    channel: str,
    founded: Founded,
    platforms: Platforms,
    folder: Path,
    known: str | None,
) -> Result:
    began = time.monotonic()
    try:
        facts = play(talk, channel, founded, platforms, folder / f"{talk.name}-{channel}")
    except Exception as why:
        trouble = str(why) if isinstance(why, Failed) else f"{type(why).__name__}: {why}"
        return Result(talk, channel, trouble, None, time.monotonic() - began)
    trouble = "" if known in (None, facts) else different(known or "", facts)
    return Result(talk, channel, trouble, facts, time.monotonic() - began)


def different(expected: str, found: str) -> str:
    """Return what the database says and should not, and what it should."""
    should, does = expected.splitlines(), found.splitlines()
    lines = [f"- {one}" for one in should if one not in does]
    lines += [f"+ {one}" for one in does if one not in should]
    return "\n".join(["another outcome:", *(lines or ["the same lines in another order"])])


def _tell(result: Result) -> None:
    mark = "ok" if result.holds else "FAILED"
    line = f"{result.talk.name:32} {result.channel:9} {mark} {result.seconds:.1f} s"
    print(line, file=sys.stderr, flush=True)
    if not result.holds:
        print(result.trouble, file=sys.stderr, flush=True)
