"""A talk as it is written down: who does what, what must be seen, and what must hold at the end."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

_HEAD = "+++"
_END = "==="
_KEYS = {"dialogue", "kind", "about"}
_KINDS = ("whole", "mistake", "resumed")
_LINE = re.compile(r"(?P<who>[^:()\[\]]+?)(?: (?P<how>không thấy|thấy))?: (?P<what>.+)")
_DEED = re.compile(r"\((?P<verb>[^:()]+)(?:: (?P<rest>.+))?\)")
_TAP = re.compile(r"\[(?P<label>.+)\]")

# What somebody can do in brackets, and whether more must be said behind a colon.
VERBS = {
    "quét mã": True,
    "được mời": True,
    "ghi tên": True,
    "điền sai": True,
    "để sau": True,
    "ghi nốt": False,
    "gõ mã mời": True,
    "mở trang": False,
    "trang": True,
    "trang thấy": True,
    "rời máy": False,
    "định rời máy rồi ở lại": False,
    "về với mã": False,
}
# What happens to everybody.
HAPPENS = {"sáng hôm sau": False, "máy chủ khởi động lại": False, "mấy sáng sau": True}
# What of that moves the clock.
MOVES = ("sáng hôm sau", "mấy sáng sau")
# What was there before the talk begins.
GIVEN = {"đã ghi tên": True}


class Misread(Exception):
    """A talk is not written as talks are; the text names the file, the line and what is wrong."""


@dataclass(frozen=True)
class Step:
    """One line: *who* does a *verb* (or "" for everybody) with what is said behind it."""

    line: int
    who: str
    verb: str
    what: str


@dataclass(frozen=True)
class Talk:
    """One talk. *facts* is what the database must say at the end, a line each."""

    name: str
    dialogue: str
    kind: str
    about: str
    steps: tuple[Step, ...]
    facts: str
    path: Path

    @property
    def people(self) -> list[str]:
        """Who speaks in it, in the order of their first lines."""
        return list(dict.fromkeys(step.who for step in self.steps if step.who))


def read_talk(path: Path) -> Talk:
    """Read a talk from its file. Raises Misread."""
    text = path.read_text(encoding="utf-8")
    if text.count(f"\n{_HEAD}\n") != 1 or not text.startswith(f"{_HEAD}\n"):
        raise Misread(f"{path.name}: begins with a head between two lines +++")
    head, _, body = text.removeprefix(f"{_HEAD}\n").partition(f"\n{_HEAD}\n")
    try:
        told = tomllib.loads(head)
    except tomllib.TOMLDecodeError as wrong:
        raise Misread(f"{path.name}: the head: {wrong}") from None
    if set(told) != _KEYS or not all(isinstance(one, str) and one for one in told.values()):
        raise Misread(f"{path.name}: the head says {sorted(_KEYS)}, each a text")
    if told["kind"] not in _KINDS:
        raise Misread(f"{path.name}: kind is one of {_KINDS}")
    spoken, _, facts = body.partition(f"\n{_END}\n")
    begins = head.count("\n") + 4
    steps = tuple(_steps(path.name, spoken, begins))
    if not any(step.who for step in steps):
        raise Misread(f"{path.name}: nobody does anything")
    return Talk(path.stem, **told, steps=steps, facts=facts, path=path)


def write_facts(talk: Talk, facts: str) -> None:
    """Write what a talk came to into its file, in place of what stood there."""
    text = talk.path.read_text(encoding="utf-8")
    spoken = text.partition(f"\n{_END}\n")[0].rstrip("\n")
    talk.path.write_text(f"{spoken}\n\n{_END}\n{facts}", encoding="utf-8")


def _steps(name: str, spoken: str, begins: int) -> list[Step]:
    made = []
    for number, line in enumerate(spoken.splitlines(), begins):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            made.append(_step(number, line.strip()))
        except ValueError as wrong:
            raise Misread(f"{name}, line {number}: {wrong}") from None
    return made


def _step(number: int, line: str) -> Step:
    if line.startswith("("):
        return Step(number, "", *_deed(line, HAPPENS | GIVEN))
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError("a line is `Ai: làm gì`, or something in brackets that happens")
    who, what = found["who"], found["what"]
    if found["how"]:
        return Step(number, who, found["how"], what)
    if tapped := _TAP.fullmatch(what):
        return Step(number, who, "tap", tapped["label"])
    if what.startswith("("):
        return Step(number, who, *_deed(what, VERBS))
    return Step(number, who, "say", what)


def _deed(words: str, known: dict[str, bool]) -> tuple[str, str]:
    found = _DEED.fullmatch(words)
    if found is None or found["verb"] not in known:
        raise ValueError(f"nobody knows {words}; there are {', '.join(known)}")
    if known[found["verb"]] != bool(found["rest"]):
        raise ValueError(f"{found['verb']}: says {'nothing' if found['rest'] else 'more'} behind")
    return found["verb"], found["rest"] or ""
