"""The operator's commands: each does its work, or says in one line why not."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import httpx
import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from webhook.__main__ import app
from webhook.trouble import Trouble

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo"
COMMAND = [str(Path(sys.executable).with_name("ketdoan"))]


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """An empty folder, and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("KETDOAN_"):
            monkeypatch.delenv(name)


def run(*words, typed=None):
    """Run a command and return what it printed; Trouble and exit codes are returned as text."""
    ran = CliRunner().invoke(app, list(words), input=typed)
    if isinstance(ran.exception, Trouble):
        return f"ketdoan: {ran.exception}", ran.exception.code
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran.stdout, ran.exit_code


@pytest.fixture(scope="module")
def settled(tmp_path_factory, store):
    """An installation with the invented province, made once by the real commands."""
    home = tmp_path_factory.mktemp("settled")
    before = Path.cwd()
    os.chdir(home)
    patch = pytest.MonkeyPatch()
    url = on_server(store, patch, home)
    try:
        run("init")
        for kind in ("enterprises", "bodies", "coverage"):
            out, code = run("import", kind, str(DEMO / f"{kind}.csv"), "--yes")
            assert code == 0, out
        assert run("init", "--triage", "LD-MAU")[1] == 0
    finally:
        os.chdir(before)
        patch.undo()
    if url:
        store.keep(url)
    yield home, url
    if url:
        store.drop(url)


@pytest.fixture
def home(settled, store, tmp_path, monkeypatch):
    """A copy of that installation, which a test may change."""
    folder, url = settled
    shutil.copytree(folder / "var", tmp_path / "var")
    if url:
        store.again(url)
        monkeypatch.setenv("KETDOAN_DATABASE_URL", url)
    return tmp_path


@pytest.fixture
def fresh(store, tmp_path, monkeypatch):
    """A folder, and on a server a database, in which there is nothing yet."""
    on_server(store, monkeypatch, tmp_path)
    return tmp_path


def on_server(store, patch, folder):
    """Let the commands use a new database on a server; return its address, "" for a file."""
    if store.name == "sqlite":
        return ""
    url = store.empty(folder)
    patch.setenv("KETDOAN_DATABASE_URL", url)
    return url


# --- init -----------------------------------------------------------------------------------------


def test_init_makes_everything_and_may_run_again(fresh):
    """Folder, key for its owner alone, database, law; a second run changes no key."""
    out, code = run("init")
    assert code == 0
    key = Path("var/ketdoan.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(Path("var").stat().st_mode) == 0o700
    before = key.read_bytes()
    assert re.search(r"read in \d+ dated figures and \d+ holidays", out)
    assert run("init")[1] == 0
    assert key.read_bytes() == before


def test_init_with_a_triage_that_is_not_there():
    """A body that nobody imported cannot take what is left over."""
    out, code = run("init", "--triage", "NOPE")
    assert code == 1
    assert "NOPE" in out
    assert "import the bodies first" in out


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "0"),
        ("PORT", "99999"),
        ("PUBLIC_URL", "ketdoan"),
        ("PUBLIC_URL", "ftp://x"),
        ("PUBLIC_URL", "https://x.example/path"),
        ("PUBLIC_URL", "https://["),
        ("ZALO_URL", "zalo"),
        ("SERVER_IN_VIETNAM", "maybe"),
        ("DATABASE_URL", "postgresql://x@localhost/db"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "sqlite:////no/such/folder/x.db"),
        ("KEY", "nonsense"),
        ("KEY_FILE", "/no/such/file"),
    ],
)
def test_a_wrong_setting_is_one_line(home, monkeypatch, name, value):
    """A setting that is wrong is named in one clear line, and the exit code is 2."""
    monkeypatch.setenv(f"KETDOAN_{name}", value)
    out, code = run("rounds")
    assert code == 2
    assert out.startswith(f"ketdoan: KETDOAN_{name}: ")
    assert "\n" not in out.strip()


def test_what_is_missing_is_one_line():
    """Without a key and a database, the line says what to run."""
    out, code = run("rounds")
    assert code == 2
    assert "`ketdoan init`" in out
    assert "\n" not in out.strip()


def test_another_key_is_refused(home, monkeypatch):
    """A key that did not seal this database is refused before anything is written with it."""
    from storage.sealed import make_key_file

    make_key_file(home / "other.key")
    monkeypatch.setenv("KETDOAN_KEY_FILE", str(home / "other.key"))
    out, code = run("rounds")
    assert code == 2
    assert "not the key that sealed this database" in out


def test_the_env_file_is_read(home):
    """What stands in .env counts, and the environment goes before it."""
    (home / ".env").write_text("KETDOAN_PUBLIC_URL=https://ketdoan.example\n", "utf-8")
    assert "KETDOAN_PUBLIC_URL=https://ketdoan.example" in run("doctor")[0]


def test_a_setting_left_empty_is_not_set(home, monkeypatch):
    """An empty line is the default: an empty host must not listen to the whole network."""
    (home / ".env").write_text("KETDOAN_DATA_DIR=\nKETDOAN_PUBLIC_URL=\n", "utf-8")
    monkeypatch.setenv("KETDOAN_HOST", "")
    monkeypatch.setenv("KETDOAN_PORT", "")
    assert "KETDOAN_PUBLIC_URL=http://127.0.0.1:8000\n" in run("doctor")[0]


def test_posters_need_an_address_that_leads_somewhere(home, monkeypatch):
    """Whoever listens everywhere says which address stands on posters; one line names it."""
    monkeypatch.setenv("KETDOAN_HOST", "0.0.0.0")  # noqa: S104 -- said, not bound
    out, code = run("qr", "DN-0001")
    assert code == 2
    assert out.startswith("ketdoan: KETDOAN_PUBLIC_URL: must be set")
    monkeypatch.setenv("KETDOAN_PUBLIC_URL", "https://ketdoan.example")
    assert "link: https://ketdoan.example/q/" in run("qr", "DN-0001")[0]


def test_doctor_masks_secrets_and_names_typing_errors(home, monkeypatch):
    """Every setting is printed; the key never; a name that looks like ours and is none is said."""
    key = (home / "var" / "ketdoan.key").read_text().strip()
    monkeypatch.setenv("KETDOAN_KEY", key)
    monkeypatch.setenv("KETDOAN_PUBLICURL", "x")
    out, code = run("doctor")
    assert code == 0
    assert key.split()[1] not in out
    assert "KETDOAN_KEY=(set, not shown)" in out
    assert "KETDOAN_PUBLICURL is not a setting" in out
    assert "KETDOAN_PORT=8000" in out
    assert "holidays expected, not decided" in out
    found = json.loads(run("doctor", "--json")[0])
    assert found["troubles"] == []
    assert found["settings"]["KETDOAN_HOST"] == "127.0.0.1"


def test_doctor_says_what_stops_the_work():
    """On an installation that cannot work the exit code says so, and the password is masked."""
    os.environ["KETDOAN_DATABASE_URL"] = "postgresql://u:secret@h/d"
    try:
        out, code = run("doctor")
    finally:
        del os.environ["KETDOAN_DATABASE_URL"]
    assert code == 1
    assert "TROUBLE" in out
    assert "secret" not in out


# --- import ---------------------------------------------------------------------------------------


def test_templates_show_the_columns():
    """Each kind prints its columns without needing an installation."""
    for kind, column in (
        ("bodies", "receives"),
        ("coverage", "priority"),
        ("enterprises", "tax_code"),
    ):
        out, code = run("import", kind, "--template")
        assert code == 0
        assert column in out.splitlines()[0]


def test_an_import_is_dry_unless_told(home):
    """Without --yes nothing changes; with it everything; the same file again is refused."""
    table = home / "more.csv"
    table.write_text(
        "code,name,commune\nDN-9001,Công ty Thêm Vào,26020\nDN-9002,Công ty Thêm Nữa,26020\n",
        "utf-8",
    )
    out, code = run("import", "enterprises", str(table))
    assert code == 0
    assert "added: 2" in out
    assert "nothing was changed" in out
    assert run("route", "DN-9001")[1] == 1
    assert "added: 2" in run("import", "enterprises", str(table), "--dry-run", "--yes")[0]
    assert run("route", "DN-9001")[1] == 1
    assert run("import", "enterprises", str(table), "--yes")[1] == 0
    assert run("route", "DN-9001")[1] == 0
    out, code = run("import", "enterprises", str(table), "--yes")
    assert code == 1
    assert "carried out before" in out


def test_faults_are_told_by_row_and_column(home):
    """A table with faults changes nothing and says where each of them is."""
    table = home / "bad.csv"
    table.write_text("code,name,commune\nDN-9001,Công ty A,nowhere\n,Công ty B,26020\n", "utf-8")
    out, code = run("import", "enterprises", str(table), "--yes")
    assert code == 1
    assert "Row 2, column commune" in out
    assert "Row 3, column code" in out
    assert run("route", "DN-9001")[1] == 1


def test_unknown_names_are_told_by_row(home):
    """A body whose parent nobody knows is refused with its row, and nothing is kept."""
    table = home / "bodies.csv"
    table.write_text(
        "code,name,level,parent,valid_from,source\nCD-X,Công đoàn xã X,commune,NOPE,2026-01-01,Mẫu\n",
        "utf-8",
    )
    for more in ((), ("--yes",)):
        out, code = run("import", "bodies", str(table), *more)
        assert code == 1
        assert "NOPE" in out
    assert run("invite", "--body", "CD-X", "--role", "receives")[1] == 1


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01", b"PK\x03\x04broken", "Coâng ty".encode("latin-1"), b"a" * 1000]
)
def test_files_that_are_no_tables(home, content):
    """Whatever the bytes, the answer is words and exit code 1."""
    table = home / "odd.csv"
    table.write_bytes(content)
    out, code = run("import", "bodies", str(table), "--yes")
    assert code == 1
    assert out.startswith("ketdoan: odd.csv")


def test_a_file_that_is_not_there(home):
    """A missing file and a folder are said in one line."""
    for path in ("nope.csv", "."):
        out, code = run("import", "bodies", path)
        assert code == 1
        assert "cannot be read" in out
    assert run("import", "bodies")[1] == 2


# --- posters --------------------------------------------------------------------------------------


def test_a_poster_is_made_listed_and_revoked(home):
    """Address and code are printed, the pictures lead there, and revoking is seen in the list."""
    out, code = run("qr", "DN-0001", "--variant", "cổng A", "--svg", "a.svg", "--png", "a.png")
    assert code == 0
    link = re.search(r"link: (\S+)", out)[1]
    poster_code = re.search(r"code: (.+)", out)[1]
    with Image.open("a.png") as picture:
        assert zxingcpp.read_barcodes(picture.convert("L"))[0].text == link
    assert Path("a.svg").read_bytes().startswith(b"<")
    assert "cổng A" in run("qr", "DN-0001", "--list")[0]
    assert run("qr", "DN-0001", "--revoke", poster_code)[1] == 0
    listed = json.loads(run("qr", "DN-0001", "--list", "--json")[0])["posters"]
    assert [one["revoked"] != "" for one in listed] == [True]
    assert run("qr", "DN-0001", "--revoke", poster_code)[1] == 1


def test_posters_for_programs(home):
    """With --json a program reads token, code and address."""
    found = json.loads(run("qr", "DN-0002", "--plain", "--json")[0])
    assert found["link"].endswith(f"/q/{found['token']}")


def test_no_poster_for_a_place_nobody_knows(home):
    """An unknown enterprise is said in English, and the exit code is 1."""
    out, code = run("qr", "NOPE")
    assert code == 1
    assert "NOPE" in out
    assert run("qr", "NOPE", "--list")[1] == 1
    assert run("qr", "DN-0001", "--png", "/no/such/folder/a.png")[1] == 1


# --- officers -------------------------------------------------------------------------------------


def test_invite_redeem_and_revoke(home):
    """The printed code makes an officer in any channel; revoking stops her at once."""
    out, code = run("invite", "--body", "CD-MAU", "--role", "receives", "--name", "Lê Thị Thử")
    assert code == 0
    invitation = re.search(r"code: (\S+)", out)[1]
    said, code = run("talk", "--as", "thu", typed=f"{invitation}\n1\n")
    assert code == 0
    assert "bạn nhận hồ sơ tại Công đoàn phường Mẫu" in said
    assert "Người mời: người vận hành hệ thống." in said
    assert (
        "Lê Thị Thử"
        in run("revoke", "--body", "CD-MAU", "--officer", "Lê Thị Thử", "--suspend")[0]
    )
    assert "Việc của Công đoàn" not in run("talk", "--as", "thu", typed="việc\n")[0]
    assert run("talk", "--as", "other", typed=f"{invitation}\n")[0].count("không dùng được") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("invite", "--body", "NOPE", "--role", "receives"),
        ("invite", "--body", "CD-MAU", "--role", "boss"),
        ("revoke", "--body", "NOPE"),
        ("revoke", "--body", "CD-MAU", "--role", "boss"),
        ("revoke", "--body", "CD-MAU", "--officer", "nobody"),
    ],
)
def test_what_cannot_be_done_is_one_english_line(home, words):
    """An unknown body, role or officer: one line, nothing done."""
    out, code = run(*words)
    assert code in (1, 2)
    assert "\n" not in out.strip()
    assert not re.search("bạn|không|chưa", out.lower())


# --- route, rounds, replay ------------------------------------------------------------------------


def test_route_says_who_and_why(home):
    """Role by role the body, and the reason in words; as JSON for a program; on another date too."""
    out, code = run("route", "DN-0001")
    assert code == 0
    assert "LD-MAU" in out
    assert "because" in out
    found = json.loads(run("route", "DN-0001", "--json")[0])
    assert len(found) == 9
    assert {one["kind"] for one in found} == {"join", "petition", "request"}
    signs = next(one for one in found if (one["kind"], one["role"]) == ("join", "signs"))
    assert signs["why"].startswith(f"{signs['body']} holds this role because the workplace is in ")
    assert run("route", "DN-0001", "--on", "2025-12-31")[1] == 0
    out, code = run("route", "DN-0001", "--on", "2025-06-30")
    assert code == 1
    assert "LD-MAU, which takes what is left over, does not exist on 2025-06-30" in out
    assert run("route", "DN-0001", "--on", "yesterday")[1] == 2
    assert run("route", "NOPE")[1] == 1


def test_every_enterprise_of_the_demo_has_somebody(home):
    """No place is left without a body, for any kind and role."""
    from webhook.counter import open_office
    from webhook.routing import routes

    with open_office() as (_, office), office.database.read() as store:
        for number in range(1, 41):
            found = routes(store, office.words, f"DN-{number:04}", None)
            assert len(found) == 9
            assert all(one["body"] and one["why"] for one in found)


def test_only_a_demo_chooses_its_time(home):
    """--at is refused where the database is no demo, and a time that is none always."""
    assert run("rounds")[1] == 0
    out, code = run("rounds", "--at", "2027-01-04T08:00")
    assert code == 2
    assert "demo" in out
    assert run("rounds", "--at", "soon")[1] == 2


def test_replay_with_nothing_to_do(home):
    """Nothing kept: nothing passed, nothing broke."""
    assert json.loads(run("replay", "--json")[0]) == {"passed": 0, "broke": 0, "aside": 0}


# --- talk -----------------------------------------------------------------------------------------


def test_a_talk_from_a_scan_to_the_last_tap(home):
    """A script founds a petition line by line; what came while away is printed first."""
    poster = json.loads(run("qr", "DN-0001", "--json")[0])
    for scan in (poster["token"], poster["code"], poster["code"].lower().replace(" ", "")):
        out, code = run(
            "talk", "--as", f"Mẫu {scan[:3]}", "--scan", scan, typed="1\n1\nNguyễn Thị Mẫu\n1\n"
        )
        assert code == 0
        assert out.startswith("bot> Chào bạn")
        assert "     [1] Ghi tên" in out
        assert "Đã ghi nhận theo ý bạn vừa chọn" in out
    assert "Gõ mã đó vào đây" in run("talk", "--as", "x", "--scan", "NOPE", typed="")[0]


def test_odd_lines_in_a_talk(home):
    """Bytes that are no text, NUL, endless lines: answered in words, and the talk goes on."""
    typed = b"\xff\xfe\n\x00\n" + b"a" * 70_000 + b"\n" + "😀\n\u202ex\n".encode() + b"menu\n"
    ran = subprocess.run(
        [*COMMAND, "talk", "--as", "x"], input=typed, capture_output=True, check=False, timeout=60
    )
    assert ran.returncode == 0
    assert "Bạn muốn làm gì?" in ran.stdout.decode()
    assert b"Traceback" not in ran.stderr


def test_a_talk_needs_a_name(home):
    """An empty name is refused in one line."""
    assert run("talk", "--as", " ", typed="")[1] == 2


# --- serve ----------------------------------------------------------------------------------------


def _free_port():
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


def _wait_for(port, process):
    for _ in range(200):
        assert process.poll() is None, process.stderr.read()
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2)
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("it did not open")


@pytest.mark.store("sqlite", reason="a server may be served by several")
def test_serve_once_talk_beside_it_and_stop(home):
    """One serve runs; a second is refused in one sentence; talk works beside it; TERM ends it."""
    port = _free_port()
    environment = os.environ | {"KETDOAN_PORT": str(port)}
    first = subprocess.Popen(
        [*COMMAND, "serve"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        assert _wait_for(port, first).json()["ready"] is True
        second = subprocess.run(
            [*COMMAND, "serve"], env=environment | {"KETDOAN_PORT": str(_free_port())},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert second.returncode == 1
        assert second.stderr.startswith("ketdoan: another `ketdoan serve` is running")
        assert second.stderr.count("\n") == 1
        assert "Chào bạn" in run("talk", "--as", "Mẫu", typed="alo\n")[0]
        assert run("import", "enterprises", str(DEMO / "enterprises.csv"))[1] == 0
    finally:
        first.send_signal(signal.SIGTERM)
        _, logged = first.communicate(timeout=30)
    assert first.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in logged
    events = [json.loads(line)["event"] for line in logged.splitlines()]
    assert events == ["open", "closed"]


def test_a_port_that_is_taken_is_one_line(home):
    """A port in use is named in one line, with exit code 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = os.environ | {"KETDOAN_PORT": str(taken.getsockname()[1])}
        ran = subprocess.run(
            [*COMMAND, "serve"], env=environment, capture_output=True, text=True, check=False, timeout=60
        )  # fmt: skip
    assert ran.returncode == 2
    assert "ketdoan: KETDOAN_HOST, KETDOAN_PORT: cannot listen on 127.0.0.1:" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_help_is_quick():
    """The list of commands comes without loading what only a command needs."""
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "webhook", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    ).stderr  # fmt: skip
    for heavy in ("sqlalchemy", "fastapi", "cryptography", "pydantic", "babel", "uvicorn"):
        assert not re.search(rf"\| +{heavy}$", loaded, flags=re.MULTILINE), heavy


def test_the_demo_command_makes_its_own_folder(tmp_path):
    """The demo has its own key, database and mark; a folder of somebody else is not touched."""
    from webhook.staging import demo_settings, stage

    settings = demo_settings(tmp_path / "demo", 8000, lan=False)
    assert settings.host == "127.0.0.1"
    stage(settings)
    stage(settings)
    assert (tmp_path / "demo" / "ketdoan.key").exists()
    environment = {"KETDOAN_DATA_DIR": str(tmp_path / "demo")}
    os.environ.update(environment)
    try:
        assert run("rounds", "--at", f"{date(2026, 12, 1)}T08:00")[1] == 0
    finally:
        del os.environ["KETDOAN_DATA_DIR"]
    stage(settings, fresh=True)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    with pytest.raises(Trouble, match="not a demo's folder"):
        stage(demo_settings(mine, 8000, lan=False), fresh=True)
    assert (mine / "letter.txt").read_text() == "dear"


def test_the_demo_ignores_the_settings_of_an_installation(tmp_path, monkeypatch):
    """Whatever database and key the environment names, the demo uses its own."""
    from webhook.staging import demo_settings

    monkeypatch.setenv("KETDOAN_DATABASE_URL", "sqlite:////somewhere/real.db")
    monkeypatch.setenv("KETDOAN_KEY", "1 AAAA")
    monkeypatch.setenv("KETDOAN_KEY_FILE", "/somewhere/real.key")
    settings = demo_settings(tmp_path / "demo", 8000, lan=False)
    assert "real" not in settings.store_url
    assert settings.key == ""
    assert settings.key_path == tmp_path / "demo" / "ketdoan.key"
