"""Files of an OA: what may be uploaded, and for how long it can be used."""

import hashlib
import io
from dataclasses import dataclass

from fakes.zaloapi.account import Asset, Oa
from fakes.zaloapi.people import Json
from fakes.zaloapi.refusals import Refused, wrong

USABLE_SECONDS = 7 * 86_400.0
JPEG, PNG, GIF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8"
PAPERS = {"pdf": b"%PDF", "docx": b"PK\x03\x04", "doc": b"\xd0\xcf\x11\xe0", "csv": b""}
LARGEST = {"image": 1_000_000, "gif": 5_000_000, "file": 5_000_000}


@dataclass
class Uploaded:
    """The part named `file` of a multipart request."""

    name: str
    content: bytes


def upload_of(oa: Oa, kind: str, file: Uploaded | None) -> Asset:
    """Check a file; Refused when it is none that Zalo takes."""
    if file is None:
        raise wrong("a multipart request with one part named file")
    if not 0 < len(file.content) <= LARGEST[kind]:
        raise wrong(f"a {kind} has 1 to {LARGEST[kind]} bytes, not {len(file.content)}")
    if not is_kind(oa, kind, file):
        raise wrong(f"not a {kind} that is taken")
    month = f"{oa.platform.clock.in_vietnam():%Y-%m}"
    most = oa.platform.faults.plain["uploads"]
    if oa.uploads.get(month, 0) >= most:
        raise Refused(-210, "Over limit", f"{most} uploads a month")
    oa.uploads[month] = oa.uploads.get(month, 0) + 1
    until = oa.platform.clock.now() + USABLE_SECONDS
    return Asset(kind, until, len(file.content), hashlib.sha256(file.content).hexdigest())


def is_kind(oa: Oa, kind: str, file: Uploaded) -> bool:
    ending = file.name.rpartition(".")[2].lower()
    if kind == "image":
        return ending in ("jpg", "jpeg", "png") and file.content.startswith((JPEG, PNG))
    if kind == "gif":
        return ending == "gif" and file.content.startswith(GIF)
    if ending not in PAPERS or (oa.platform.faults.plain["only_pdf"] and ending != "pdf"):
        return False
    return file.content.startswith(PAPERS[ending])


def stored(oa: Oa, asset: Asset) -> Json:
    """The answer to an upload: under what name it can be sent."""
    name = f"{asset.kind}_{oa.platform.new_id()}"
    oa.assets[name] = asset
    return {"token" if asset.kind == "file" else "attachment_id": name}


def read_multipart(kind: str, body: bytes) -> Uploaded | None:
    """The part named file of a body; Refused when there are others."""
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import parse_form

    found: list[Uploaded] = []

    def field(one: object) -> None:
        raise wrong("an upload has one part, file")

    def file(one: object) -> None:
        name = (getattr(one, "field_name", b"") or b"").decode()
        if name != "file" or found:
            raise wrong("an upload has one part, file")
        content: io.BytesIO = one.file_object  # type: ignore[attr-defined]
        content.seek(0)
        title = (getattr(one, "file_name", b"") or b"").decode("utf-8", "replace")
        found.append(Uploaded(title, content.read()))

    if not kind.startswith("multipart/form-data"):
        return None
    headers = {"Content-Type": kind.encode(), "Content-Length": str(len(body)).encode()}
    try:
        parse_form(headers, io.BytesIO(body), field, file)
    except FormParserError:
        raise wrong("the body is no multipart request") from None
    return found[0] if found else None
