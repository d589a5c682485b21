# SPDX-License-Identifier: Apache-2.0
"""Rows as plain JSON values and back, for the images that undo a block and for status output."""

import dataclasses
from typing import Any, TypeVar, get_type_hints

from faircart.store.records import CHAIN, OWN, Record

R = TypeVar("R", bound=Record)


_FIELDS = {kind: tuple(item.name for item in dataclasses.fields(kind)) for kind in (*CHAIN, *OWN)}  # type: ignore[arg-type]
_BYTES = {
    kind: frozenset(name for name, hint in get_type_hints(kind).items() if hint is bytes)
    for kind in (*CHAIN, *OWN)
}


def field_names(kind: type[Record]) -> tuple[str, ...]:
    """The columns of a row class, in order."""
    return _FIELDS[kind]


def values(record: Record) -> dict[str, Any]:
    """A row's columns, as the database takes them."""
    return {name: getattr(record, name) for name in field_names(type(record))}


def to_plain(record: Record) -> dict[str, Any]:
    """A row's columns as JSON values: bytes as 0x-hex, the rest as it is."""
    hexed = _BYTES[type(record)]
    return {name: "0x" + value.hex() if name in hexed else value for name, value in values(record).items()}


def from_plain(kind: type[R], plain: dict[str, Any]) -> R:
    """The row that `to_plain` wrote."""
    hexed = _BYTES[kind]
    return kind(
        **{name: bytes.fromhex(value[2:]) if name in hexed else value for name, value in plain.items()}
    )


def key_text(key: tuple[Any, ...]) -> str:
    """A primary key as one text."""
    return ":".join(part.hex() if isinstance(part, bytes) else str(part) for part in key)
