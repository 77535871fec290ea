"""The pair in the store: what one act may do to what another did, and its migration with it."""

import pytest
from keeping import LIFE, Desk
from sqlalchemy import create_engine, inspect

from storage.migrate import downgrade, is_current, upgrade
from storage.sealed import NotOpened
from storage.tables import channel_token

NAME = "zalo"


@pytest.fixture
def act(desk):
    """Carry out one act in a transaction of its own."""
    return lambda work: desk.database.write(lambda store: work(store.tokens))


def test_only_one_of_two_takes_the_lease(desk, act):
    """The second finds it taken; who looked before the first began finds things changed."""
    assert act(lambda tokens: tokens.take(NAME, (1, 0), "one", None, 5))
    for seen, over in (((1, 0), None), ((1, 1), None), ((1, 1), "other"), ((2, 1), "one")):
        assert act(lambda tokens, s=seen, o=over: tokens.take(NAME, s, "two", o, 5)) is None
    desk.advance(6)
    begun = act(lambda tokens: tokens.take(NAME, (1, 1), "two", "one", 900))
    assert begun is not None
    assert begun.unsure == 2


def test_a_renewal_begins_with_the_newest_pair_or_not_at_all(desk, act):
    """Who looked before the pair was renewed, or before it got into trouble, begins nothing."""
    desk.store_pair()
    assert act(lambda tokens: tokens.take(NAME, (1, 0), "one", None, 5)) is None
    assert act(lambda tokens: tokens.take(NAME, (2, 0), "one", None, 5))
    act(lambda tokens: tokens.refuse(NAME, 2, "one", "zalo -1", ""))
    desk.advance(6)
    assert act(lambda tokens: tokens.take(NAME, (2, 1), "two", None, 5)) is None


def test_a_beginning_that_was_thought_unwritten_counts_once(desk, act):
    """No call was made under a lease that its own holder takes again."""
    act(lambda tokens: tokens.take(NAME, (1, 0), "one", None, 5))
    desk.advance(6)
    begun = act(lambda tokens: tokens.take(NAME, (1, 1), "one", "one", 5))
    assert begun.unsure == desk.held().unsure == 1


def test_the_beginning_is_written_with_the_fingerprint_of_its_token(desk, act):
    """What is unsure counts for this very token; a pair of another one begins at nothing."""
    act(lambda tokens: tokens.take(NAME, (1, 0), "one", None, 5))
    held = desk.held()
    assert (held.lease, held.unsure, held.begun_at) == ("one", 1, desk.clock.now)
    desk.store_pair()
    held = desk.held()
    assert (held.version, held.lease, held.unsure, held.begun_at) == (2, None, 0, None)


def test_an_older_renewal_writes_nothing_over_a_newer_pair(desk, act):
    """A person consented meanwhile: what the renewal before brings is not kept."""
    act(lambda tokens: tokens.take(NAME, (1, 0), "one", None, 5))
    desk.store_pair()
    held = act(lambda tokens: tokens.keep(NAME, 1, "AT-old", "RT-old", LIFE, "{}"))
    assert (held.version, held.source) == (2, "consent")
    assert desk.is_whole()


def test_who_lost_the_lease_ends_nothing(desk, act):
    """Neither a trouble, nor a wait, nor the other's lease is touched."""
    act(lambda tokens: tokens.take(NAME, (1, 0), "one", None, 5))
    desk.advance(6)
    act(lambda tokens: tokens.take(NAME, (1, 1), "two", "one", 900))
    before = desk.held()
    for end in (
        lambda tokens: tokens.let_go(NAME, 1, "one", 0),
        lambda tokens: tokens.lose(NAME, 1, "one", "", 0),
        lambda tokens: tokens.refuse(NAME, 1, "one", "zalo -1", ""),
        lambda tokens: tokens.refuse(NAME, 2, "two", "zalo -1", ""),
    ):
        assert act(end) == before


def test_a_call_that_changed_nothing_leaves_no_doubt(desk, act):
    """The token is as good as before; only the tries are counted."""
    act(lambda tokens: tokens.take(NAME, (1, 0), "one", None, 5))
    held = act(lambda tokens: tokens.let_go(NAME, 1, "one", 30))
    assert (held.unsure, held.failed, held.rest, held.lease, held.begun_at) == (
        0,
        1,
        30,
        None,
        None,
    )
    assert act(lambda tokens: tokens.take(NAME, (1, 0), "two", None, 5)) is None
    desk.advance(31)
    assert act(lambda tokens: tokens.take(NAME, (1, 0), "two", None, 5)) is not None


def test_a_first_pair_is_written_over_nothing(desk, act):
    """The settings' pair gives way, whatever is held; of two that come at once one is kept."""
    held = act(lambda tokens: tokens.first(NAME, "AT-x", "RT-x", LIFE))
    assert (held.version, held.access) == (1, desk.server.state()["access"])
    held = act(lambda tokens: tokens.first("other", "AT-x", "RT-x", LIFE))
    assert (held.version, held.access, held.source) == (1, "AT-x", "settings")


def test_a_sealed_token_opens_in_its_own_row_and_column_only(desk):
    """A value that was copied elsewhere is no token."""
    from sqlalchemy import select

    with desk.database.read() as store:
        row = store.connection.execute(select(channel_token)).one()
        with pytest.raises(NotOpened):
            store.keys.open("channel_token", row.id, "refresh_sealed", row.access_sealed)
        with pytest.raises(NotOpened):
            store.keys.open("channel_token", row.id + 1, "access_sealed", row.access_sealed)


def test_the_migration_goes_down_with_a_pair_and_up_without(desk: Desk):
    """Going back takes the pair away; forward again there is none, and everything works."""
    url = desk.database.url
    desk.database.close()
    downgrade(url, "20261120_04")
    engine = create_engine(url)
    assert "channel_token" not in inspect(engine).get_table_names()
    upgrade(url)
    assert is_current(url)
    with engine.connect() as connection:
        assert connection.execute(channel_token.select()).all() == []
    engine.dispose()
