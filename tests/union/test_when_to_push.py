"""Whether somebody may be written to now."""

from datetime import time
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.consent import Consent, Topic, may_push

TOPICS: tuple[Topic, ...] = get_args(Topic)
NOON = time(12, 0)
YES = Consent(handling=True, contact=True, statistics=False)
NO_CONTACT = Consent(handling=True, contact=False, statistics=True)


@pytest.mark.parametrize("topic", ["case", "tip"])
@pytest.mark.parametrize(
    ("consent", "push"), [(YES, "now"), (NO_CONTACT, "never"), (None, "never")]
)
def test_her_matter_needs_her_yes_to_contact(
    topic: Topic, consent: Consent | None, push: str
) -> None:
    """Without the second consent nothing is pushed about her matter, tips included."""
    assert may_push(topic, consent, NOON) == push


@pytest.mark.parametrize("consent", [YES, NO_CONTACT, None])
def test_news_for_many_needs_its_own_yes(consent: Consent | None) -> None:
    """The consent to be contacted does not cover news; stopping news ends them."""
    assert may_push("news", consent, NOON) == "never"
    assert may_push("news", consent, NOON, news_agreed=True) == "now"
    assert may_push("news", consent, NOON, news_agreed=True, stopped_news=True) == "never"


def test_stopping_news_leaves_her_matter() -> None:
    """Who stops the news still hears of her own matter."""
    assert may_push("case", YES, NOON, stopped_news=True) == "now"


@given(
    topic=st.sampled_from(TOPICS),
    consent=st.none() | st.builds(Consent, st.booleans(), st.booleans(), st.booleans()),
    at=st.times(),
    stopped_news=st.booleans(),
    news_agreed=st.booleans(),
)
def test_whoever_stopped_everything_gets_nothing(
    topic: Topic, consent: Consent | None, at: time, *, stopped_news: bool, news_agreed: bool
) -> None:
    """Stop everything means everything, at every hour."""
    push = may_push(
        topic, consent, at, stopped_all=True, stopped_news=stopped_news, news_agreed=news_agreed
    )
    assert push == "never"


@pytest.mark.parametrize(
    ("at", "push"),
    [
        (time(6, 59, 59), "later"),
        (time(7, 0), "now"),
        (time(20, 59, 59), "now"),
        (time(21, 0), "later"),
        (time(0, 0), "later"),
    ],
)
@pytest.mark.parametrize("topic", ["case", "tip", "news", "desk"])
def test_nobody_is_woken(topic: Topic, at: time, push: str) -> None:
    """From nine in the evening to seven in the morning letters wait, those to officers too."""
    assert may_push(topic, YES, at, news_agreed=True) == push


def test_urgent_matters_wait_for_no_morning() -> None:
    """An officer is told of danger at any hour, without a worker's consent being asked for."""
    assert may_push("urgent", None, time(3, 0)) == "now"


def test_quiet_hours_are_settings() -> None:
    """Quiet hours within one day, over midnight, or none at all."""
    assert (
        may_push("case", YES, time(13, 0), quiet_from=time(12, 0), quiet_to=time(14, 0)) == "later"
    )
    assert (
        may_push("case", YES, time(14, 0), quiet_from=time(12, 0), quiet_to=time(14, 0)) == "now"
    )
    assert may_push("case", YES, time(3, 0), quiet_from=time(0, 0), quiet_to=time(0, 0)) == "now"


def test_quiet_hours_within_a_day_begin_on_the_hour() -> None:
    """The first minute is quiet, the minute before is not."""
    noon, two = time(12, 0), time(14, 0)
    assert may_push("case", YES, noon, quiet_from=noon, quiet_to=two) == "later"
    assert may_push("case", YES, time(11, 59), quiet_from=noon, quiet_to=two) == "now"


@given(st.times())
def test_quiet_hours_never_change_never(at: time) -> None:
    """What may not be sent is not sent later either."""
    for topic, consent in product(("case", "tip"), (NO_CONTACT, None)):
        assert may_push(topic, consent, at) == "never"  # type: ignore[arg-type]
