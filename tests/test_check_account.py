"""The judge of the kill runs over Zalo: a whole pair passes, whatever is amiss with it is found."""

from typing import Any

import pytest
from chat import KEYS
from sqlalchemy import create_engine, update

from bench import check_account
from bench.court import Court
from bench.evidence import Kept, Story, mark_of, shown_on_zalo
from storage.database import Database
from storage.tables import channel_token

ENDED = {"error": -216, "call": "cs"}
USED_UP = {"error": -14014, "call": "refresh"}
SOUND = {"access": "AT-1", "refresh": "RT-1", "consents": 0, "refusals": [ENDED, ENDED]}


def judged(database: Database, told: dict[str, Any], *consented: int) -> list[str]:
    """Return what is found where the store holds AT-1 and RT-1 and Zalo tells this."""
    database.write(lambda store: store.tokens.first("zalo", "AT-1", "RT-1", 90_000))
    story = Story(begun={"channel": "zalo"}, platform=SOUND | told, consented=list(consented))
    court = Court(story, Kept(database.url, KEYS.keys))
    check_account.judge(court)
    return [kind for kind, _ in court.findings]


def test_a_whole_pair_passes(database: Database) -> None:
    """Tokens end by right; a pair that was lost and consented to anew is as good as any."""
    assert judged(database, {}) == []
    assert judged(database, {"consents": 1, "refusals": [USED_UP, USED_UP]}, 0) == []


@pytest.mark.parametrize(
    ("told", "consented", "kinds"),
    [
        ({"access": "AT-2"}, (), ["lost"]),
        ({"access": "AT-2", "refresh": "RT-2"}, (), ["lost", "lost"]),
        ({"refusals": [{"error": -201, "call": "cs"}]}, (), ["wrong"]),
        ({"refusals": [{"error": -230, "call": "cs"}]}, (), ["wrong"]),
        ({"refusals": [USED_UP]}, (), ["wrong"]),
        ({"consents": 1}, (0,), ["wrong"]),
        ({"consents": 1, "refusals": [USED_UP]}, (1,), ["wrong"]),
        ({"consents": 1, "refusals": [USED_UP]}, (), ["lost"]),
    ],
)
def test_what_is_amiss_is_found(
    database: Database, told: dict[str, Any], consented: tuple[int, ...], kinds: list[str]
) -> None:
    """Another pair, a wrong request, silence after a loss, an alarm without one, a failed login."""
    assert judged(database, told, *consented) == kinds


@pytest.mark.parametrize("left", [{"trouble": "zalo -14014"}, {"lease": "0123"}])
def test_a_pair_that_is_left_in_trouble_is_found(database: Database, left: dict[str, str]) -> None:
    """At the end nobody holds a lease, and nobody waits for a consent."""
    judged(database, {})
    engine = create_engine(database.url)
    with engine.begin() as connection:
        connection.execute(update(channel_token).values(**left))
    engine.dispose()
    assert judged(database, {}) == ["wrong"]


def test_a_letter_is_known_by_its_words_and_buttons() -> None:
    """What Zalo's log marks is the words with the names of the buttons, a link's first."""
    choices = [{"label": "Có"}, {"label": "Không"}]
    reply = {"choices": choices, "link": "https://kd.example/t/x", "link_label": "Mở trang"}
    assert shown_on_zalo("Chào", reply) == "Chào\nMở trang\nCó\nKhông"
    assert shown_on_zalo("Chào", reply | {"link": "http://127.0.0.1/t/x"}) == "Chào\nCó\nKhông"
    assert shown_on_zalo("Chào", reply | {"choices": choices * 3})[:8] == "Chào\nCó\n"
    assert mark_of(shown_on_zalo("Cha\u0300o", reply)) == mark_of(shown_on_zalo("Chào", reply))
