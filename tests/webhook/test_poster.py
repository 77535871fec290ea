"""The poster as PDF: what is scanned, what is read, what never stands there, and the command."""

import errno
import io
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import zxingcpp
from chat import GIAY, MAY
from paper import Paper
from PIL import Image, ImageFilter, ImageOps
from typer.testing import CliRunner

from storage.bodies import TRIAGE
from webhook import qr
from webhook.__main__ import app
from webhook.poster_pdf import drawn, pdf
from webhook.poster_words import Origin, origin_of, sheet_of
from webhook.trouble import Trouble

DEMO = Path(__file__).parents[2] / "demo"
ADDRESS = "https://ketdoan.example/q/AbCdEfGhIjKlMnOpQrStUv"
CODE = "B7W KQ3"
ORIGIN = Origin("Công đoàn phường Mẫu", "1900 0000", date(2026, 11, 20))
BOTH = {"zalo": "https://zalo.me/0", "telegram": "https://t.me/ketdoan_bot"}
SIZES = {"a4": ((210, 297), 90), "a5": ((148, 210), 60)}
LETTERS = (
    "AĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXY ÀẢÃÁẠ ẰẲẴẮẶ ẦẨẪẤẬ ÈẺẼÉẸ ỀỂỄẾỆ ÌỈĨÍỊ ÒỎÕÓỌ ỒỔỖỐỘ ỜỞỠỚỢ"
    " ÙỦŨÚỤ ỪỬỮỨỰ ỲỶỸÝỴ"
)


@pytest.fixture
def sheet(office):
    """Make the words of a poster; facts that are not given are those of the storyboard."""

    def make(size="a4", language="vi", origin=ORIGIN, oa_name="Kết Đoàn", **office_has):
        seen = replace(office, **{"doors": BOTH, **office_has})
        return sheet_of(seen, oa_name, origin, size, language, ADDRESS, CODE)

    return make


def picture(sheet, dots=110):
    """Return the poster as it comes out of a printer."""
    return Image.open(io.BytesIO(drawn(sheet, "png", dots))).convert("RGB")


def squeezed(text):
    """Return a text without spaces, as a PDF is read back."""
    return "".join(text.split())


def names_in(folder):
    """Return what lies in a folder, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


def read(image):
    """Return the only code on a picture."""
    (found,) = zxingcpp.read_barcodes(image)
    return found


# --- what is scanned ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_the_printed_code_leads_to_the_page(sheet, size):
    """A reader must find exactly the address of the page, on clean paper and on a bad photo."""
    clean = picture(sheet(size))
    assert read(clean).text == ADDRESS
    crooked = clean.rotate(7, expand=True, fillcolor="white").filter(ImageFilter.GaussianBlur(1))
    small = crooked.resize((crooked.width // 2, crooked.height // 2))
    kept = io.BytesIO()
    small.save(kept, "JPEG", quality=35)
    assert read(Image.open(kept)).text == ADDRESS


@pytest.mark.parametrize(("size", "millimetres"), [(size, SIZES[size][1]) for size in SIZES])
def test_the_code_has_its_size(sheet, size, millimetres):
    """The code proper is 9 cm wide, or 6, whatever stands around it, and of level M or better."""
    for one in crowded(sheet, size):
        found = read(picture(one, 200))
        assert found.ec_level in ("M", "Q", "H")
        width = found.position.top_right.x - found.position.top_left.x
        assert math.isclose(width / 200 * 25.4, millimetres, abs_tol=1)


@pytest.mark.parametrize("size", SIZES)
def test_nothing_reaches_into_the_quiet_edge(sheet, size, monkeypatch):
    """Four modules around the code are white because nothing stands there, not painted over."""
    bare = qr.svg(ADDRESS).replace(b'fill="white"', b'fill="none"')
    assert bare != qr.svg(ADDRESS)
    monkeypatch.setattr(qr, "svg", lambda _: bare)
    for one in crowded(sheet, size):
        shown = picture(one, 200).convert("L")
        corner = read(shown).position
        left, top = corner.top_left.x, corner.top_left.y
        width = corner.top_right.x - left
        edge = math.floor(4 * width / qr.modules(ADDRESS)) - 1
        shown.paste(255, (left - 1, top - 1, left + width + 2, top + width + 2))
        box = (left - edge, top - edge, left + width + edge, top + width + edge)
        assert shown.crop(box).getextrema() == (255, 255)


def crowded(sheet, size):
    """Return posters with little room left: short and long words, and a long name."""
    long = replace(ORIGIN, body="Công đoàn phường Mẫu " * 12)
    return sheet(size), sheet(size, "en"), sheet(size, origin=long)


def test_all_of_it_is_black(sheet):
    """A printer without colours and without greys loses nothing: one ink, nothing near the edge."""
    shown = picture(sheet())
    assert all(len(set(colour)) == 1 for _, colour in shown.getcolors(1 << 16))
    inks = set(re.findall(rb"([\d.]+) scn", _contents(pdf(sheet()))))
    assert inks == {b"0", b"1"}
    left, top, right, bottom = ImageOps.invert(shown.convert("L")).getbbox()
    margin = 10 / 25.4 * 110
    assert min(left, top, shown.width - right, shown.height - bottom) > margin


def _contents(content):
    paper = Paper(content)
    return paper._stream(int(re.search(rb"/Contents (\d+)", content)[1]))


# --- what is read ---------------------------------------------------------------------------------


def test_a_large_poster_word_for_word(sheet):
    """On A4 stand these words and no others, in this order."""
    assert Paper(pdf(sheet("a4"))).text == squeezed(
        "NƠI BẠN LÀM CÓ CÔNG ĐOÀN CHƯA?"
        "Quét để hỏi. Muốn thì ghi tên. Không muốn thì thôi."
        "Không quét được? Mở Zalo, tìm “Kết Đoàn”, gửi mã B7W KQ3"
        "Nên quét ở nhà, bằng mạng của bạn. Không mất tiền. Không hỏi ảnh căn cước."
        "Công đoàn phường Mẫu. Điện thoại: 1900 0000."
        "Nghi là tờ dán giả thì hỏi thẳng công đoàn xã, phường."
        "Bản in 11/2026"
    )


def test_a_small_poster_word_for_word(sheet):
    """On A5 the head is left out: there the code and the choice come first."""
    assert Paper(pdf(sheet("a5"))).text == squeezed(
        "Quét để hỏi. Muốn thì ghi tên. Không muốn thì thôi."
        "Không quét được? Mở Zalo, tìm “Kết Đoàn”, gửi mã B7W KQ3"
        "Nên quét ở nhà, bằng mạng của bạn. Không mất tiền. Không hỏi ảnh căn cước."
        "Công đoàn phường Mẫu. Điện thoại: 1900 0000."
        "Nghi là tờ dán giả thì hỏi thẳng công đoàn xã, phường."
        "Bản in 11/2026"
    )


def test_a_poster_in_english(sheet):
    """The English poster says the same and names the same body."""
    text = Paper(pdf(sheet(language="en"))).text
    assert text.startswith(squeezed("DOES YOUR WORKPLACE HAVE A UNION? Scan to ask."))
    assert squeezed("Công đoàn phường Mẫu. Phone: 1900 0000.") in text
    assert text.endswith(squeezed("Printed 11/2026"))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_poster_is_one_page_of_its_size(sheet, size, language):
    """The printer gets one page, as large as was asked."""
    assert Paper(pdf(sheet(size, language))).pages == [SIZES[size][0]]


@pytest.mark.parametrize(
    ("doors", "origin", "way"),
    [
        (BOTH, "https://ketdoan.example", "Mở Zalo, tìm “Kết Đoàn”, gửi mã B7W KQ3"),
        (
            {"telegram": "https://t.me/ketdoan_bot?start=x"},
            "https://ketdoan.example",
            "Mở Telegram, tìm “@ketdoan_bot”, gửi mã B7W KQ3",
        ),
        (
            {"telegram": "https://bots.example/ketdoan"},
            "https://ketdoan.example",
            "Vào trang ketdoan.example, gõ mã B7W KQ3",
        ),
        (
            {"telegram": "https://t.me/+AbCd"},
            "https://ketdoan.example",
            "Vào trang ketdoan.example, gõ mã B7W KQ3",
        ),
        ({}, "https://ketdoan.example:8443", "Vào trang ketdoan.example:8443, gõ mã B7W KQ3"),
        ({}, "http://ketdoan.example", "Vào trang http://ketdoan.example, gõ mã B7W KQ3"),
    ],
)
@pytest.mark.parametrize("size", SIZES)
def test_who_cannot_scan_is_sent_where_somebody_answers(sheet, size, doors, origin, way):
    """Only a way that this installation has is printed: Zalo, else the bot, else the page."""
    text = Paper(pdf(sheet(size, doors=doors, public_url=origin))).text
    assert squeezed(f"Không quét được? {way} Nên quét") in text
    for name in ("Zalo", "Telegram"):
        assert (name in text) == (name in way)


def test_no_number_is_listed_where_there_is_none(sheet):
    """A body without a listed number is named without one; nothing is invented."""
    text = Paper(pdf(sheet(origin=replace(ORIGIN, hotline="")))).text
    assert squeezed("Công đoàn phường Mẫu. Nghi là tờ dán giả") in text
    assert "Điệnthoại" not in text


@pytest.mark.parametrize("doors", [BOTH, {"telegram": BOTH["telegram"]}, {}])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_never_stands_on_paper(sheet, size, language, doors):
    """No promise, no secrecy, no count, no tax code, no place of the server, no maker's notes."""
    content = pdf(sheet(size, language, doors=doors))
    text = Paper(content).text.casefold()
    never = (
        "bí mật", "ẩn danh", "secret", "anonym", "đã có", "người", "mã số thuế", "tax",
        "tăng lương", "pay", "máy chủ", "server", "công ty", "company",
    )  # fmt: skip
    assert [word for word in never if squeezed(word) in text] == []
    assert set(re.findall(r"\d+", text)) <= {"7", "3", "19000000", "11", "2026"}
    assert b"CreationDate" not in content
    assert b"CreateDate" not in content


def test_the_same_words_make_the_same_file(sheet):
    """Printing again gives the very same bytes: no hour and no machine in the file."""
    assert pdf(sheet()) == pdf(sheet())


# --- names of all kinds ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        '#import "x": *',
        '#panic("đóng")',
        '"], head: "Đã có 40 người',
        ']#read("poster.typ")[',
        "#sys.inputs.code",
        "$x^2$ *đậm* _nghiêng_ `mã` ~ -- ... 'x' \"y\"",
        "= Tiêu đề",
        "// chú thích",
        "/* chú thích",
        "@preview <code> \\u{41} \\#",
        "{hotline} {body} {0}",
        "<b>&amp;</b>",
        "Công đoàn TP. Mẫu? Vâng.",
        "B7W KQ3",
    ],
)
def test_a_name_is_printed_as_it_is(sheet, name):
    """Whatever a body is called, its name is drawn letter by letter and commands nothing."""
    plain = Paper(pdf(sheet())).text
    hostile = Paper(pdf(sheet(origin=replace(ORIGIN, body=name))))
    assert hostile.text == plain.replace("CôngđoànphườngMẫu", squeezed(name))
    assert hostile.pages == [SIZES["a4"][0]]


@pytest.mark.parametrize("size", SIZES)
def test_every_vietnamese_letter_is_drawn(sheet, size):
    """Each letter with each mark comes out of the fonts that Typst brings, none as a gap."""
    paper = Paper(pdf(sheet(size, origin=replace(ORIGIN, body=LETTERS + LETTERS.lower()))))
    assert squeezed(LETTERS + LETTERS.lower()) in paper.text
    families = {font.partition("-")[0] for font in paper.fonts}
    assert families == {"LibertinusSerif", "DejaVuSansMono"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_long_name_wraps(sheet, size, language):
    """The longest name that can be imported still leaves one page, whole and readable by machine."""
    name = ("Công đoàn các Khu công nghiệp và Chế xuất " * 8)[:300].strip()
    host = "https://cong-doan-khu-cong-nghiep.tinh-mau.gov.example"
    one = sheet(size, language, replace(ORIGIN, body=name), doors={}, public_url=host)
    paper = Paper(pdf(one))
    assert squeezed(name) in paper.text
    assert host.removeprefix("https://") in paper.text
    assert paper.pages == [SIZES[size][0]]
    assert read(picture(one)).text == ADDRESS


def test_what_cannot_fit_is_refused(sheet):
    """A name without any space that is wider than the sheet is refused in one sentence."""
    with pytest.raises(Trouble, match=r"^the words do not fit on a sheet of size a5$"):
        pdf(sheet("a5", origin=replace(ORIGIN, body="Ư" * 300)))


# --- whose poster ---------------------------------------------------------------------------------


def test_the_body_is_the_one_that_answers(office):
    """A poster names the body that questions go to: never the grassroots union itself."""
    assert origin_of(office, MAY).body == "Công đoàn phường Mẫu"
    assert origin_of(office, GIAY.lower()).body == "Công đoàn phường Mẫu"
    assert origin_of(office, MAY).printed_on == date(2026, 11, 20)


def test_no_poster_where_nobody_is_responsible(office):
    """Without a body that answers nothing is printed, and the operator reads what to do."""
    office.database.write(lambda store: store.settings.put(TRIAGE, "GONE"))
    with pytest.raises(Trouble, match="--triage"):
        origin_of(office, MAY)


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """An installation with the invented province, made once by the real commands."""
    home = tmp_path_factory.mktemp("settled")
    before = Path.cwd()
    os.chdir(home)
    try:
        run("init")
        for kind in ("enterprises", "bodies", "coverage"):
            assert run("import", kind, str(DEMO / f"{kind}.csv"), "--yes")[1] == 0
        assert run("init", "--triage", "LD-MAU")[1] == 0
    finally:
        os.chdir(before)
    return home


@pytest.fixture
def home(settled, tmp_path, monkeypatch):
    """A copy of that installation, reached under a public address, and an empty folder."""
    import shutil

    for name in list(os.environ):
        if name.upper().startswith("KETDOAN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KETDOAN_PUBLIC_URL", "https://ketdoan.example")
    monkeypatch.setenv("KETDOAN_DATA_DIR", str(tmp_path / "var"))
    shutil.copytree(settled / "var", tmp_path / "var")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def run(*words):
    """Run a command; return what it said on standard output or why it stopped, and its code."""
    ran = CliRunner().invoke(app, list(words))
    if isinstance(ran.exception, Trouble):
        return str(ran.exception), ran.exception.code
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran.output, ran.exit_code


def printed(*words):
    """Run `ketdoan poster` and return the facts that it prints."""
    out, code = run("poster", *words, "--json")
    assert code == 0, out
    return json.loads(out)


def test_a_poster_is_printed(home):
    """The file holds the code, the words and the body of this place, and nothing is left beside."""
    out, code = run("poster", "DN-0001", "-o", "cổng A – sáng.pdf", "--variant", "cổng A")
    assert code == 0
    assert names_in(home) == ["cổng A – sáng.pdf"]
    paper = Paper(Path("cổng A – sáng.pdf").read_bytes())
    code = re.search(r"code: (\w{3} \w{3})", out)[1]
    assert paper.pages == [(210, 297)]
    assert squeezed(f"Vào trang ketdoan.example, gõ mã {code}") in paper.text
    assert "CôngđoànphườngMẫu." in paper.text
    assert "CôngtyMayVíDụ" not in paper.text
    assert re.search(r"link: https://ketdoan\.example/q/[\w-]{22}\n", out)
    assert re.search(r"Alt\(https://ketdoan\.example/q/[\w-]{22}\)", str(paper.content))


def test_size_language_and_names_of_doors_are_heard(home, monkeypatch):
    """Options and settings reach the paper."""
    monkeypatch.setenv("KETDOAN_ZALO_URL", "https://zalo.me/0")
    monkeypatch.setenv("KETDOAN_OA_NAME", "Công đoàn Mẫu")
    printed("DN-0001", "-o", "a.pdf", "--size", "A5", "--lang", "en")
    paper = Paper(Path("a.pdf").read_bytes())
    assert paper.pages == [(148, 210)]
    assert squeezed("Open Zalo, find “Công đoàn Mẫu”, send the code") in paper.text


def test_printing_again_is_the_same_poster(home):
    """Twice printed leads to one page; what hangs is never revoked, nor is another put beside it."""
    first = printed("DN-0001", "-o", "1.pdf")
    again = printed("DN-0001", "-o", "2.pdf", "--size", "a5")
    assert (again["token"], again["code"]) == (first["token"], first["code"])
    listed = json.loads(run("qr", "DN-0001", "--list", "--json")[0])["posters"]
    assert [(one["code"], one["revoked"]) for one in listed] == [
        (first["code"].replace(" ", ""), "")
    ]


def test_each_variant_has_a_poster_of_its_own(home):
    """Another gate, another page and a revoked poster have other tokens; one from `qr` is taken up."""
    gate = json.loads(run("qr", "DN-0001", "--variant", "cổng A", "--json")[0])
    assert printed("DN-0001", "-o", "1.pdf", "--variant", "cổng A")["token"] == gate["token"]
    others = [
        printed("DN-0001", "-o", "2.pdf"),
        printed("DN-0001", "-o", "3.pdf", "--variant", "cổng A", "--plain"),
        printed("DN-0002", "-o", "4.pdf", "--variant", "cổng A"),
    ]
    assert run("qr", "DN-0001", "--revoke", gate["code"])[1] == 0
    others.append(printed("DN-0001", "-o", "5.pdf", "--variant", "cổng A"))
    assert len({gate["token"], *(one["token"] for one in others)}) == 5


@pytest.mark.parametrize(
    ("words", "told", "number"),
    [
        (["NOPE", "-o", "a.pdf"], "no enterprise has the code or tax code NOPE", 1),
        (["", "-o", "a.pdf"], "no enterprise has the code or tax code", 1),
        (["DN-0001", "-o", "nowhere/a.pdf"], "nowhere/a.pdf cannot be written", 1),
        (["DN-0001", "-o", "/proc/a.pdf"], "/proc/a.pdf cannot be written", 1),
        (["DN-0001", "-o", "there.pdf/a.pdf"], "there.pdf/a.pdf cannot be written", 1),
        (["DN-0001", "-o", "x" * 300], "cannot be written", 1),
        (["DN-0001", "-o", "there.pdf"], "there.pdf is there already", 2),
        (["DN-0001", "-o", "dangling.pdf"], "dangling.pdf is there already", 2),
        (["DN-0001", "-o", "."], ". is a folder", 2),
        (["DN-0001", "-o", ""], ". is a folder", 2),
        (["DN-0001", "-o", "a.pdf", "--size", "a3"], "--size: must be one of a4, a5", 2),
        (["DN-0001", "-o", "a.pdf", "--size", ""], "--size: must be one of a4, a5", 2),
        (["DN-0001", "-o", "a.pdf", "--lang", "km"], "--lang: must be one of vi, en", 2),
        (["DN-0001"], "--output", 2),
    ],
)
def test_what_cannot_be_printed_is_said_in_one_line(home, words, told, number):
    """A wrong place, path or option is one sentence; what was there stays, and nothing comes."""
    Path("there.pdf").write_text("mine")
    Path("dangling.pdf").symlink_to("gone.pdf")
    out, code = run("poster", *words)
    assert (code, told in out) == (number, True), out
    assert "Traceback" not in out
    assert names_in(home) == ["dangling.pdf", "there.pdf"]
    assert Path("there.pdf").read_text() == "mine"
    assert Path("dangling.pdf").is_symlink()


@pytest.mark.parametrize("broken", ["write_bytes", "rename"])
def test_no_half_of_a_file_is_left(home, monkeypatch, broken):
    """When the disk is full, there is one sentence and no file, not even a nameless one."""
    whole = Path.write_bytes

    def full(self, content):
        if broken == "write_bytes":
            whole(self, content[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, broken, full)
    told, code = run("poster", "DN-0001", "-o", "a.pdf")
    assert (told, code) == ("a.pdf cannot be written (No space left on device)", 1)
    assert names_in(home) == []


def test_a_shell_reads_one_line(home):
    """As a program the command writes its refusal as one line on standard error and nothing else."""
    ran = subprocess.run(
        [Path(sys.executable).with_name("ketdoan"), "poster", "NOPE", "-o", "a.pdf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "ketdoan: no enterprise has the code or tax code NOPE\n"


@pytest.mark.parametrize("address", ["", "http://localhost:8000", "http://[::1]:8000"])
def test_an_address_that_nobody_reaches_is_pointed_out(home, monkeypatch, address):
    """Before the public address is set, the operator reads that this sheet is not to be printed."""
    monkeypatch.setenv("KETDOAN_PUBLIC_URL", address)
    ran = CliRunner().invoke(app, ["poster", "DN-0001", "-o", "a.pdf"])
    assert ran.exit_code == 0
    assert "do not print this one" in ran.stderr
    monkeypatch.setenv("KETDOAN_PUBLIC_URL", "https://ketdoan.example")
    ran = CliRunner().invoke(app, ["poster", "DN-0001", "-o", "b.pdf"])
    assert ran.stderr == ""


def test_nothing_else_pays_for_typst():
    """The server and every other command start without the library that draws posters."""
    asked = (
        "import sys, webhook.__main__, webhook.app, webhook.posters, webhook.wiring;"
        "sys.exit('typst' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
