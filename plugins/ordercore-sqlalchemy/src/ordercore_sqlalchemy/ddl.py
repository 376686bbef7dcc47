"""Tables from the statements that make them. Only what autogenerate compares is read: no checks, collations, storage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import UserDefinedType

from ordercore.errors import BrokenRule


class Xid8(UserDefinedType[int]):
    """The id of a transaction, in PostgreSQL."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """As it is written in SQL."""
        return "xid8"


ischema_names.setdefault("xid8", Xid8)  # so that reflection, which autogenerate begins with, does not warn of it


@frozen
class Types:
    """What a dialect's types are, by their name in SQL in small letters, and whether a key refuses null by itself."""

    named: Mapping[str, Any]
    key_refuses_null: bool

    @classmethod
    def of(cls, dialect: str) -> Types:
        names: Mapping[str, Any] = import_module(f"sqlalchemy.dialects.{dialect}").base.ischema_names
        return cls({name.lower(): made for name, made in names.items()}, key_refuses_null=dialect != "sqlite")


_TABLE: Final = re.compile(r"create table (\w+)\s*\((.*)", re.DOTALL | re.IGNORECASE)
_INDEX: Final = re.compile(r"create (unique )?index (\w+) on (\w+)\s*\(([\w\s,]+)\)(.*)", re.DOTALL | re.IGNORECASE)
_ADDED: Final = re.compile(r"alter table (\w+) add column (.*)", re.DOTALL | re.IGNORECASE)
_DROPPED: Final = re.compile(r"drop (table|index) (\w+)", re.IGNORECASE)
_ABOUT_TABLES: Final = re.compile(r"(create (unique )?(table|index)|alter table|drop (table|index))\b", re.IGNORECASE)
_KEY: Final = re.compile(r"(?:constraint (\w+) )?(primary key|unique)\s*\(([\w\s,]+)\)", re.IGNORECASE)
_CHECK: Final = re.compile(r"(constraint \w+ )?check\b", re.IGNORECASE)
_COLUMN: Final = re.compile(
    r"(\w+) (.*?)(?=\s+(?:not|null|default|primary|unique|check|collate|generated)\b|$)(.*)", re.DOTALL | re.IGNORECASE
)
_COMMENT: Final = re.compile(r"--[^\n]*")


def read_into(metadata: MetaData, statements: Iterable[str], dialect: str) -> None:
    """Do to the metadata what the statements do to a schema; those that make no table or index are passed over.

    Raises BrokenRule for one that is about a table and is not understood.
    """
    types = Types.of(dialect)
    for statement in statements:
        if _ABOUT_TABLES.match(statement):
            _apply(_COMMENT.sub("", statement), metadata, types)


def _apply(statement: str, metadata: MetaData, types: Types) -> None:
    """Do to the metadata what a statement does to a schema. Raises BrokenRule for one that is not understood."""
    if found := _TABLE.fullmatch(statement):
        Table(found[1], metadata, *(part for text in _parts(found[2]) for part in _part(text, types)))
    elif found := _INDEX.fullmatch(statement):
        table = metadata.tables[found[3]]
        Index(found[2], *(table.c[name] for name in _names(found[4])), unique=bool(found[1]))
    elif found := _ADDED.fullmatch(statement):
        metadata.tables[found[1]].append_column(_column(found[2], types))
    elif found := _DROPPED.fullmatch(statement):
        _drop(found[1].lower(), found[2], metadata)
    else:
        raise BrokenRule(f"No table can be read from: {statement}")


def _drop(kind: str, name: str, metadata: MetaData) -> None:
    if kind == "table":
        metadata.remove(metadata.tables[name])
        return
    for table in metadata.tables.values():
        table.indexes -= {index for index in table.indexes if index.name == name}


def _parts(text: str) -> Iterator[str]:
    """The definitions of a table: split at commas that lie in no other parentheses, up to the one that ends them all."""
    depth, begin = 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth < 0 or (letter == "," and depth == 0):
            yield text[begin:at].strip()
            begin = at + 1
        if depth < 0:
            return


def _part(text: str, types: Types) -> Iterator[SchemaItem]:
    if found := _KEY.fullmatch(text):
        kind = PrimaryKeyConstraint if found[2].lower() == "primary key" else UniqueConstraint
        yield kind(*_names(found[3]), name=found[1])
    elif not _CHECK.match(text):
        yield _column(text, types)


def _column(text: str, types: Types) -> Column[Any]:
    found = _COLUMN.fullmatch(text)
    if found is None or found[2].lower() not in types.named:
        raise BrokenRule(f"No column can be read from: {text}")
    name, of_type, rest = found[1], types.named[found[2].lower()], found[3].lower()
    key = "primary key" in rest
    return Column(
        name, of_type(), primary_key=key, nullable="not null" not in rest and not (key and types.key_refuses_null),
        unique="unique" in rest or None, autoincrement=False,
    )  # fmt: skip


def _names(text: str) -> list[str]:
    """The columns of a key or an index; what else is said of one (`desc`) does not matter here."""
    return [name.split()[0] for name in text.split(",")]
