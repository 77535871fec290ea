"""Two populations that differ by one signer look the same to everybody outside the desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from chat import MAY, Chat, Town

Build = Callable[[], Town]


def outsider_probes(chat: Chat, name: str) -> None:
    """Do what somebody does who wants to find out and signs nothing."""
    chat.scans(MAY)
    chat.taps("who-sees")
    chat.says("tới đâu rồi")
    chat.says("trong chuyền có ai ký chưa")
    chat.says("đổi nơi làm")
    chat.says("menu")
    chat.taps("sign")
    chat.taps("consent-ab")
    chat.says(name)
    chat.taps("no-phone")
    chat.taps("later")
    chat.says("tới đâu rồi")
    chat.says("rút tên")
    chat.taps("withdraw-now")
    chat.says("tới đâu rồi")
    chat.says("không phải tôi")
    chat.taps("not-me-yes")


def signer_asks(chat: Chat) -> None:
    """Do what a signer does who wants to know."""
    chat.says("tới đâu rồi")
    chat.says("tiến độ")
    chat.says("chia sẻ")
    chat.says("thông tin của tôi")
    chat.says("xem tin")


def live(town: Town, others: int) -> tuple[str, str]:
    """Let *others* and one signer sign, let an outsider and a colleague probe; before, after."""
    signer = town.person("Nguyễn Thị Mẫu")
    outsider = town.person("Người Lạ Thử", channel="web")
    colleague = town.person("Đồng Nghiệp Nháp")
    town.gather(others)
    signer.signs(MAY)
    outsider_probes(outsider, "Người Lạ Thử")
    outsider_probes(colleague, "Đồng Nghiệp Nháp")
    signer_asks(signer)
    before = town.transcript(signer, outsider, colleague)
    town.clock.set(date(2026, 11, 23), 7, 30)
    town.rounds()
    for chat in (outsider, colleague, signer):
        chat.says("tới đâu rồi")
        signer_asks(chat)
    return before, town.transcript(signer, outsider, colleague)


@pytest.mark.parametrize("others", [0, 1, 2, 4, 5, 7, 9, 12])
def test_one_signer_more_changes_nothing_that_others_see(build: Build, others: int) -> None:
    """Within a band, whole transcripts of outsider, colleague and signer are equal, daily run and all."""
    fewer, more = live(build(), others), live(build(), others + 1)
    assert fewer == more


@pytest.mark.parametrize("others", [3, 8, 18])
def test_at_a_bands_edge_only_the_daily_run_tells(build: Build, others: int) -> None:
    """Across an edge nothing differs before the daily run, and then only for who signed."""
    fewer, more = live(build(), others), live(build(), others + 1)
    assert fewer[0] == more[0]
    changed = {
        line.split(">")[0]
        for line in set(fewer[1].splitlines()) ^ set(more[1].splitlines())
        if ">" in line
    }
    assert changed <= {"bot→Nguyễn Thị Mẫu", "Nguyễn Thị Mẫu"}
    if others == 3:
        assert fewer[1] != more[1], "enough have signed: told to the signer, the next morning"


def test_a_place_without_a_petition_and_one_with_few_signers_look_alike(build: Build) -> None:
    """Nobody and three look the same to outsider and colleague, word for word."""

    def probed(number: int) -> str:
        town = build()
        outsider = town.person("Người Lạ Thử", channel="web")
        colleague = town.person("Đồng Nghiệp Nháp")
        town.gather(number)
        outsider_probes(outsider, "Người Lạ Thử")
        outsider_probes(colleague, "Đồng Nghiệp Nháp")
        town.clock.set(date(2026, 11, 23), 7, 30)
        town.rounds()
        outsider.scans(MAY)
        colleague.scans(MAY)
        return town.transcript(outsider, colleague)

    assert probed(0) == probed(3)


def test_the_comparison_can_fail(build: Build) -> None:
    """A transcript that names a count does differ: the harness is not blind."""
    one, two = build(), build()
    for town, number in ((one, 1), (two, 2)):
        town.gather(number)
        town.log.append(("bot→Nguyễn Thị Mẫu", f"{town.petition().counted}"))
    assert one.transcript() != two.transcript()
