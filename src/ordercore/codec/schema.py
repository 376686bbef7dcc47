"""JSON Schema of what `load` takes, for forms, API descriptions and other languages."""

from __future__ import annotations

import inspect
from typing import Any, Final

from ordercore.codec.edge import dump
from ordercore.codec.leaves import LEAST, MOST
from ordercore.codec.shape import (
    EXACT_IN_UNION,
    TAG,
    Choice,
    Fixed,
    Leaf,
    Many,
    Member,
    Record,
    Scalar,
    Shape,
    Table,
    Union,
    members_of,
    shape_of,
)

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_LEAVES: Final[dict[Leaf, Schema]] = {
    "str": {"type": "string"},
    "int": {"type": "integer", "minimum": LEAST, "maximum": MOST},
    "bool": {"type": "boolean"},
    "none": {"type": "null"},
    "decimal": {"type": "string", "pattern": r"^-?[0-9]{1,24}(\.[0-9]{1,24})?$"},
    "fraction": {"type": "string", "pattern": "^-?[0-9]+(/[0-9]+)?$"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
}


def json_schema(cls: type[object]) -> Schema:
    """The schema (draft 2020-12) of a command or value. Records it contains are under `$defs`, by class name."""
    records: dict[str, Schema] = {}
    top = _schema(shape_of(cls), records)
    own = records.pop(cls.__name__, None)
    schema = {"$schema": DIALECT, **(top if own is None else own)}
    if own is not None and f"#/$defs/{cls.__name__}" in repr((own, records)):
        # It contains itself, so it has to stand where it can be referred to.
        records[cls.__name__] = own
    return {**schema, "$defs": dict(sorted(records.items()))} if records else schema


def _schema(shape: Shape, records: dict[str, Schema]) -> Schema:
    match shape:
        case Scalar(leaf):
            return dict(_LEAVES[leaf])
        case Choice(values):
            return {"enum": list(values)}
        case Many(item, kind):
            schema = {"type": "array", "items": _schema(item, records)}
            return {**schema, "uniqueItems": True} if kind is frozenset else schema
        case Fixed(items):
            each = [_schema(item, records) for item in items]
            return {"type": "array", "prefixItems": each, "items": False, "minItems": len(items)}
        case Table(value):
            return {"type": "object", "additionalProperties": _schema(value, records)}
        case Record(cls):
            return _reference(cls, records)
        case Union():
            return {"anyOf": [_in_union(member, shape, records) for member in shape.members]}


def _in_union(shape: Shape, union: Union, records: dict[str, Schema]) -> Schema:
    schema = _schema(shape, records)
    if shape in EXACT_IN_UNION and isinstance(shape, Scalar):
        leaf = shape.leaf
        return {"type": "object", "properties": {leaf: schema}, "required": [leaf], "additionalProperties": False}
    if union.tagged and isinstance(shape, Record):
        return _tagged(shape.cls, records)
    return schema


def _tagged(cls: type[object], records: dict[str, Schema]) -> Schema:
    name = f"{cls.__name__}.tagged"
    if name not in records:
        plain = records[cls.__name__]
        tag = {TAG: {"const": cls.__name__}}
        records[name] = {**plain, "properties": {**plain.get("properties", {}), **tag}}
    return {"$ref": f"#/$defs/{name}"}


def _reference(cls: type[object], records: dict[str, Schema]) -> Schema:
    name = cls.__name__
    if name not in records:
        records[name] = {}
        records[name] = _record(cls, records)
    return {"$ref": f"#/$defs/{name}"}


def _record(cls: type[object], records: dict[str, Schema]) -> Schema:
    members = members_of(cls)
    schema: Schema = {"title": cls.__name__, "type": "object"}
    if text := inspect.getdoc(cls):
        schema["description"] = text.partition("\n\n")[0].replace("\n", " ")
    schema["properties"] = {member.key: _property(member, records) for member in members}
    if required := [member.key for member in members if member.required]:
        schema["required"] = required
    return {**schema, "additionalProperties": False}


def _property(member: Member, records: dict[str, Schema]) -> Schema:
    schema = _schema(member.shape, records)
    if not member.required:
        schema["default"] = dump(member.fresh_default())
    return schema
