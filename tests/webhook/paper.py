"""Reads a PDF back by itself: the size of its pages, its fonts, and the words drawn on it."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\n(.*?)\nendstream", re.DOTALL)
# A string may hold pairs of brackets in pairs of brackets; more than these nobody draws.
_STRING = rb"(?:[^\\()]|\\.)*"
for _ in range(8):
    _STRING = rb"(?:[^\\()]|\\.|\(" + _STRING + rb"\))*"
_DRAWN = re.compile(rb"/(f\d+) [\d.]+ Tf|\((" + _STRING + rb")\)|<([0-9A-F]+)>", re.DOTALL)
# What a reading machine is told beside the drawing: no part of what is drawn.
_MARKS = re.compile(rb"<<(?:\((?:[^\\()]|\\.)*\)|<[0-9A-F]+>|[^<>()])*>>BDC", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class Paper:
    """One file as a printer gets it."""

    def __init__(self, content: bytes) -> None:
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")
        self.content = content
        self._objects = {int(found[1]): found[2] for found in _OBJECT.finditer(content)}

    @property
    def pages(self) -> list[tuple[int, int]]:
        """Width and height of each page, in whole millimetres."""
        boxes = re.findall(rb"/MediaBox\[0 0 ([\d.]+) ([\d.]+)\]", self.content)
        return [(_mm(width), _mm(height)) for width, height in boxes]

    @property
    def fonts(self) -> set[str]:
        """The fonts that lie in the file, without the mark of what was left out of them."""
        return set(re.findall(r"/FontName/[A-Z]{6}\+([\w-]+)", self.content.decode("latin-1")))

    @property
    def text(self) -> str:
        """Every letter that is drawn, in order, without any space between words."""
        fonts = {
            name: self._letters(int(number))
            for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", self.content)
        }
        return "".join(
            "".join(self._said(self._stream(int(number)), fonts).split())
            for number in re.findall(rb"/Contents (\d+) 0 R", self.content)
        )

    def _letters(self, font: int) -> dict[int, str]:
        mapped = re.search(rb"/ToUnicode (\d+) 0 R", self._objects[font])
        assert mapped
        table = self._stream(int(mapped[1])).decode("ascii")
        assert "bfrange" not in table
        pairs = re.findall(r"^<(\w{4})> <(\w+)>$", table.split("beginbfchar", 1)[1], re.MULTILINE)
        return {int(drawn, 16): bytes.fromhex(said).decode("utf-16-be") for drawn, said in pairs}

    def _stream(self, number: int) -> bytes:
        found = _STREAM.search(self._objects[number])
        assert found
        return zlib.decompress(found[1])

    @staticmethod
    def _said(drawn: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
        said, letters = [], {}
        for name, literal, hexed in _DRAWN.findall(_MARKS.sub(b"", drawn)):
            if name:
                letters = fonts[name]
                continue
            codes = bytes.fromhex(hexed.decode()) if hexed else _ESCAPED.sub(_unescaped, literal)
            said += [letters[int.from_bytes(codes[at : at + 2])] for at in range(0, len(codes), 2)]
        return "".join(said)


def _unescaped(found: "re.Match[bytes]") -> bytes:
    said = found[1]
    return bytes([int(said, 8)]) if said.isdigit() else _PLAIN.get(said, said)


def _mm(points: bytes) -> int:
    return round(float(points) / 72 * 25.4)
