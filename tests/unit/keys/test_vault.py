# SPDX-License-Identifier: Apache-2.0
"""The vault: one key destroyed makes one thing unreadable, and nothing else."""

import dataclasses

import pytest
from faircart import keys
from faircart.keys import Vault, VaultRow
from hypothesis import given
from hypothesis import strategies as st

KEY = b"\x01" * 32


class Rows:
    """Rows in memory."""

    def __init__(self) -> None:
        self.all: dict[tuple[str, str], VaultRow] = {}

    def insert(self, row: VaultRow) -> None:
        assert (row.kind, row.name) not in self.all
        self.all[row.kind, row.name] = row

    def find(self, kind: str, name: str) -> VaultRow | None:
        return self.all.get((kind, name))

    def clear_key(self, kind: str, name: str) -> None:
        self.all[kind, name] = dataclasses.replace(self.all[kind, name], wrapped_key=None)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["item-key", "document"]), st.text(max_size=9)), st.binary(max_size=99)
    )
)
def test_what_was_put_is_got_and_only_what_is_destroyed_is_lost(
    entries: dict[tuple[str, str], bytes],
) -> None:
    vault = Vault(KEY, Rows())
    for (kind, name), secret in entries.items():
        vault.put(kind, name, secret)
    destroyed = list(entries)[::2]
    for kind, name in destroyed:
        vault.destroy(kind, name)
    for (kind, name), secret in entries.items():
        if (kind, name) in destroyed:
            assert not vault.holds(kind, name)
            with pytest.raises(keys.VaultEntryDestroyed):
                vault.get(kind, name)
        else:
            assert vault.holds(kind, name)
            assert vault.get(kind, name) == secret


def test_no_key_lies_in_the_rows_in_clear_and_no_two_entries_share_one() -> None:
    rows = Rows()
    vault = Vault(KEY, rows)
    vault.put("item-key", "a", b"secret" * 6)
    vault.put("item-key", "b", b"secret" * 6)
    first, second = rows.all.values()
    assert first.sealed != second.sealed
    assert first.wrapped_key is not None
    assert second.wrapped_key is not None
    assert first.wrapped_key[12:] != second.wrapped_key[12:]
    for row in (first, second):
        assert b"secret" not in row.sealed
        assert KEY not in (row.wrapped_key or KEY)
    assert first.sealed.hex() not in repr(rows.all)


def test_nothing_comes_back_under_a_name_that_is_in_use_or_destroyed() -> None:
    vault = Vault(KEY, Rows())
    vault.put("document", "a", b"one")
    with pytest.raises(keys.VaultEntryExists, match="holds document a already"):
        vault.put("document", "a", b"two")
    assert vault.get("document", "a") == b"one"
    vault.destroy("document", "a")
    vault.destroy("document", "a")
    with pytest.raises(keys.VaultEntryDestroyed, match="cannot be put again"):
        vault.put("document", "a", b"two")


def test_an_unknown_entry_is_named() -> None:
    vault = Vault(KEY, Rows())
    assert not vault.holds("document", "a")
    for ask in (vault.get, vault.destroy):
        with pytest.raises(keys.VaultEntryUnknown, match="holds no document a"):
            ask("document", "a")


def test_another_vault_key_reads_nothing() -> None:
    rows = Rows()
    Vault(KEY, rows).put("document", "a", b"one")
    with pytest.raises(keys.VaultEntryUnreadable, match="another vault key, or an altered entry"):
        Vault(b"\x02" * 32, rows).get("document", "a")
    with pytest.raises(keys.VaultError, match="a vault key has 32 bytes"):
        Vault(b"short", rows)


@given(st.booleans(), st.integers(0, 10**6), st.integers(1, 255))
def test_an_altered_entry_is_noticed(in_key: bool, at: int, by: int) -> None:
    rows = Rows()
    Vault(KEY, rows).put("document", "a", b"one" * 20)
    row = rows.all["document", "a"]
    assert row.wrapped_key is not None
    value = bytearray(row.wrapped_key if in_key else row.sealed)
    value[at % len(value)] ^= by
    change = {"wrapped_key": bytes(value)} if in_key else {"sealed": bytes(value)}
    rows.all["document", "a"] = dataclasses.replace(row, **change)  # type: ignore[arg-type]
    with pytest.raises(keys.VaultEntryUnreadable):
        Vault(KEY, rows).get("document", "a")


@pytest.mark.parametrize(("kind", "name"), [("document", "b"), ("item-key", "a")])
def test_an_entry_that_is_moved_to_another_name_or_kind_does_not_open(kind: str, name: str) -> None:
    rows = Rows()
    Vault(KEY, rows).put("document", "a", b"one")
    rows.all[kind, name] = dataclasses.replace(rows.all["document", "a"], kind=kind, name=name)
    with pytest.raises(keys.VaultEntryUnreadable):
        Vault(KEY, rows).get(kind, name)


@pytest.mark.parametrize("cut", [0, 5, 12, 30])
def test_a_cut_wrapped_key_is_an_altered_one(cut: int) -> None:
    rows = Rows()
    Vault(KEY, rows).put("document", "a", b"one")
    row = rows.all["document", "a"]
    assert row.wrapped_key is not None
    rows.all["document", "a"] = dataclasses.replace(row, wrapped_key=row.wrapped_key[:cut])
    with pytest.raises(keys.VaultEntryUnreadable):
        Vault(KEY, rows).get("document", "a")
