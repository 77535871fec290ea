"""Sealed values open only where they belong, and only with the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.sealed import (
    Keyring,
    KeyTrouble,
    NotOpened,
    make_key_file,
    read_key_file,
    read_keys,
)

RING = Keyring({1: b"a" * 32})


@given(st.text())
def test_a_sealed_text_opens_where_it_was_sealed(text: str) -> None:
    """What is sealed for a row comes back from that row, letter for letter."""
    assert RING.open("person", 7, "name", RING.seal("person", 7, "name", text)) == text


@pytest.mark.parametrize(
    "place", [("person", 8, "name"), ("person", 7, "phone"), ("letter", 7, "name")]
)
def test_a_sealed_text_opens_nowhere_else(place: tuple[str, int, str]) -> None:
    """A value copied to another row, column or table does not open."""
    sealed = RING.seal("person", 7, "name", "Nguyễn Thị Mẫu")
    with pytest.raises(NotOpened):
        RING.open(*place, sealed)


@given(st.binary(max_size=80))
def test_bytes_that_nobody_sealed_do_not_open(junk: bytes) -> None:
    """Junk is refused, never misread."""
    with pytest.raises(NotOpened):
        RING.open("person", 7, "name", junk)


def test_one_changed_bit_does_not_open() -> None:
    """Every byte of a sealed value is protected."""
    sealed = RING.seal("person", 7, "name", "Nguyễn Thị Mẫu")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(NotOpened):
            RING.open("person", 7, "name", bytes(changed))


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    """Adding a key leaves everything readable and every index findable."""
    both = Keyring({1: b"a" * 32, 2: b"b" * 32})
    old = RING.seal("person", 7, "name", "Mẫu")
    assert both.open("person", 7, "name", old) == "Mẫu"
    new = both.seal("person", 7, "name", "Mẫu")
    with pytest.raises(NotOpened):
        RING.open("person", 7, "name", new)
    assert both.blind("phone", "+84900000000") == RING.blind("phone", "+84900000000")


def test_an_index_differs_by_key_and_by_purpose() -> None:
    """Without the key, or for another purpose, an index cannot be compared."""
    other = Keyring({1: b"c" * 32})
    assert RING.blind("phone", "+84900000000") != other.blind("phone", "+84900000000")
    assert RING.blind("phone", "+84900000000") != RING.blind("name", "+84900000000")


def test_the_key_file_is_its_owners_alone_and_is_never_overwritten(tmp_path) -> None:
    """The key file has mode 0600, and a second `init` does not destroy it."""
    path = tmp_path / "key"
    make_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    first = path.read_text()
    with pytest.raises(FileExistsError):
        make_key_file(path)
    assert path.read_text() == first
    assert read_key_file(path).newest == 1


@pytest.mark.parametrize("text", ["", "1", "x y z", "1 !!!", "1 YWJj", "one YWJj", "\n\n"])
def test_a_broken_key_file_says_so(text: str) -> None:
    """A key file that is empty, short or garbled is refused with a sentence."""
    with pytest.raises(KeyTrouble):
        read_keys(text)


def test_a_missing_key_file_says_so(tmp_path) -> None:
    """A missing or unreadable key file is refused with a sentence, not a trace."""
    with pytest.raises(KeyTrouble, match="ketdoan init"):
        read_key_file(tmp_path / "nothing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KeyTrouble):
        read_key_file(tmp_path / "binary")


def test_keys_do_not_show_in_a_ring_that_is_printed() -> None:
    """A ring in a log line or a trace shows no key."""
    assert "aaaa" not in repr(RING)
