"""What `docs/operate-zalo.md` tells an operator to type works as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from commands import run_command
from serving import ROOT

from webhook.settings import PREFIX, Settings

TEXT = (ROOT / "docs" / "operate-zalo.md").read_text(encoding="utf-8")
BLOCK = TEXT.rpartition("```\n")[0].rpartition("```\n")[2]
LONGEST = 60.0


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def bare() -> dict[str, str]:
    """Return the environment without any setting of ours."""
    return {name: one for name, one in os.environ.items() if not name.startswith(PREFIX)}


def test_every_setting_and_command_that_it_names_is_one() -> None:
    """No setting and no command stands there that does not exist."""
    named = set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", TEXT))
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    assert len(named) > 15
    assert {one for one in named if one not in known} <= {f"{PREFIX}ZALO"}
    commands = set(re.findall(r"ketdoan ((?:zalo )?[a-z]+)", TEXT)) - {"doctor zalo"}
    assert {"zalo login", "zalo probe", "zalo own", "zalo retry", "rounds"} <= commands
    for one in commands:
        assert run_command([*one.split(), "--help"], bare()).code == 0, one


def answers(url: str) -> bool:
    """Whether somebody answers there."""
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(shutil.which("curl") is None, reason="the document uses curl")
def test_trying_it_without_zalo_goes_as_told(tmp_path: Path) -> None:
    """From no database to a first message, line by line as they stand in the last section."""
    zalo, ours = free_port(), free_port()
    lines = BLOCK.replace("8099", str(zalo)).replace("127.0.0.1:8000", f"127.0.0.1:{ours}")
    lines = lines.replace("var/try", str(tmp_path / "try"))
    environment = bare() | {
        "KETDOAN_PORT": str(ours), "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    script, ends = "", []
    for line in lines.splitlines():
        script += f"{line.replace('python ', f'{sys.executable} ', 1)}\n"
        if line.split("#")[0].rstrip().endswith("&"):
            waits = (
                f"http://127.0.0.1:{ours}/healthz"
                if "serve" in line
                else f"http://127.0.0.1:{zalo}/_fake/hook"
            )
            ends.append(waits)
            script += f"echo pid $!; until curl -s -o {tmp_path}/up {waits}; do sleep 0.1; done\n"
        elif not line.startswith("export"):
            script += 'echo "status $?"\n'
    ran = subprocess.run(
        ["bash", "-c", script + "kill %2; wait %2; kill %1"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST * 2, check=False,
    )  # fmt: skip
    told = ran.stdout
    assert len(ends) == 2, "the fake and the server"
    statuses = re.findall(r"^status (\d+)", told, re.MULTILINE)
    assert statuses[-1] == "1", told + ran.stderr
    assert set(statuses[:-1]) == {"0"}, told + ran.stderr
    assert "the pair is stored" in told
    assert '"from_bot": true' in told or '"from_bot":true' in told
    assert "a text with a button, without template_type: taken" in told
    assert "zalo: the account is Công đoàn Ví Dụ" in told
    assert "zalo: 1 events heard in a day" in told
    assert not answers(ends[1])
