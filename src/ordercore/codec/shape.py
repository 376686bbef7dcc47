"""What a type looks like when it is written down: the one reading of annotations that store, edge and schema share."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final, Literal, NewType, get_args, get_origin

import attrs
from attrs import field, frozen

from ordercore.errors import BrokenRule

Leaf = Literal["str", "int", "bool", "none", "decimal", "fraction", "datetime", "date", "bytes"]

LEAVES: Final[Mapping[type, Leaf]] = {
    str: "str", int: "int", bool: "bool", type(None): "none", Decimal: "decimal", Fraction: "fraction",
    datetime: "datetime", date: "date", bytes: "bytes",
}  # fmt: skip
LEAF_TYPES: Final[Mapping[Leaf, type]] = {leaf: kind for kind, leaf in LEAVES.items()}

JsonKind = Literal["null", "boolean", "integer", "string", "array", "object"]
_JSON_OF: Final[Mapping[Leaf, JsonKind]] = {"none": "null", "bool": "boolean", "int": "integer"}


@frozen
class Scalar:
    """One leaf: text, integer, truth value, instant, day, exact number, bytes."""

    leaf: Leaf


@frozen
class Choice:
    """One of a few values; `values` maps what is written to what it means (they differ for an Enum)."""

    values: Mapping[str | int, object] = field(hash=False)
    enum: type[Enum] | None = None


@frozen
class Many:
    """Any number of one shape. `kind` is what it is built as."""

    item: Shape
    kind: type[tuple[object, ...] | list[object] | frozenset[object]]


@frozen
class Fixed:
    """A tuple with one shape per place."""

    items: tuple[Shape, ...]


@frozen
class Table:
    """Values by text key."""

    value: Shape


@frozen
class Record:
    """An attrs class or a NamedTuple, looked up by class so that types may contain themselves."""

    cls: type[object]

    @property
    def is_row(self) -> bool:
        """Whether it is a NamedTuple, which a store writes as an array without field names."""
        return issubclass(self.cls, tuple)


@frozen
class Union:
    """One of several shapes that JSON tells apart; with `tagged`, records say their class under `type`."""

    members: tuple[Shape, ...]
    tagged: bool


Shape = Scalar | Choice | Many | Fixed | Table | Record | Union

DECIMAL: Final = Scalar("decimal")
FRACTION: Final = Scalar("fraction")
NONE: Final = Scalar("none")

TAG: Final = "$type"
"""Where a record of a union says which one it is; no field can have this name."""
EXACT_IN_UNION: Final = (DECIMAL, FRACTION)
"""In a union these are an object with one key, such as {"decimal": "1.5"}, so that text stays text."""
PLAIN: Final[Mapping[Shape, type]] = {Scalar("str"): str, Scalar("int"): int, Scalar("bool"): bool}
"""What JSON has as it is, so that it has only to be checked."""


@frozen
class Member:
    """A field of a record. `key` is its name when written and as an argument, `name` as an attribute."""

    name: str
    key: str
    shape: Shape
    required: bool
    default: object = None
    make_default: Callable[[], object] | None = None

    def fresh_default(self) -> object:
        """The default of a field that is not required."""
        return self.make_default() if self.make_default else self.default


def _broken(annotation: object, why: str) -> BrokenRule:
    return BrokenRule(f"{annotation!r} has no written form: {why}.", type=str(annotation))


def shape_of(annotation: object) -> Shape:
    """The shape of an annotation. Raises BrokenRule for what cannot be written down exactly, floats above all."""
    if isinstance(annotation, type) and annotation in LEAVES:
        return Scalar(LEAVES[annotation])
    if annotation is None:
        return Scalar("none")
    if isinstance(annotation, NewType):
        return shape_of(annotation.__supertype__)
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return _of_class(annotation)
    if hasattr(annotation, "__value__"):  # `type X = ...`
        return shape_of(annotation.__value__)
    return _of_generic(annotation, get_origin(annotation), get_args(annotation))


def _of_class(cls: type[object]) -> Shape:
    if issubclass(cls, Enum) and all(type(member.value) in (str, int) for member in cls):
        return Choice({member.value: member for member in cls}, cls)
    if attrs.has(cls) or (issubclass(cls, tuple) and hasattr(cls, "_fields")):
        return Record(cls)
    if cls is float:
        raise _broken(cls, "a float is not exact, use int or Decimal")
    raise _broken(cls, "use attrs classes, NamedTuples and the leaves that ordercore.codec.shape lists")


def _of_generic(annotation: object, origin: Any, args: tuple[Any, ...]) -> Shape:
    if origin is typing.Annotated:
        return shape_of(args[0])
    if origin is Literal and all(type(value) in (str, int) for value in args):
        return Choice({value: value for value in args})
    if origin in (typing.Union, types.UnionType):
        return _union(annotation, [shape_of(arg) for arg in args])
    if origin is tuple and not (len(args) == 2 and args[1] is Ellipsis):
        return Fixed(tuple(shape_of(arg) for arg in args))
    if origin in (tuple, Sequence, Iterable, Collection):
        return Many(shape_of(args[0]), tuple)
    if origin is list:
        return Many(shape_of(args[0]), list)
    if origin in (frozenset, AbstractSet):
        return Many(shape_of(args[0]), frozenset)
    if origin in (dict, Mapping):
        if shape_of(args[0]) != Scalar("str"):
            raise _broken(annotation, "keys are text")
        return Table(shape_of(args[1]))
    raise _broken(annotation, "not a type that ordercore.codec.shape lists")


def _union(annotation: object, members: list[Shape]) -> Shape:
    flat: list[Shape] = []
    for member in members:
        flat.extend(member.members if isinstance(member, Union) else [member])
    records = [member for member in flat if isinstance(member, Record)]
    exact = [member for member in flat if member in (DECIMAL, FRACTION)]
    kinds = [json_kind(member) for member in flat if not (isinstance(member, Record) or member in exact)]
    clash = len(set(kinds)) != len(kinds) or ("object" in kinds and (records or exact))
    if clash or (any(record.is_row for record in records) and (len(records) > 1 or "array" in kinds)):
        raise _broken(annotation, "JSON cannot tell its members apart")
    return Union(tuple(flat), tagged=len(records) > 1)


def json_kind(shape: Shape) -> JsonKind:
    """The JSON type that a shape outside a union is written as by a store."""
    match shape:
        case Scalar(leaf):
            return _JSON_OF.get(leaf, "string")
        case Choice(values):
            return "string" if all(isinstance(value, str) for value in values) else "integer"
        case Many() | Fixed():
            return "array"
        case Record() if shape.is_row:
            return "array"
        case _:
            return "object"


_members: Final[dict[type[object], tuple[Member, ...]]] = {}


def members_of(cls: type[object]) -> tuple[Member, ...]:
    """The fields of an attrs class or NamedTuple that its constructor takes, in that order."""
    if cls not in _members:
        _members[cls] = _read_members(cls)
    return _members[cls]


def _read_members(cls: type[object]) -> tuple[Member, ...]:
    hints = typing.get_type_hints(cls)
    if issubclass(cls, tuple):
        defaults: Mapping[str, object] = getattr(cls, "_field_defaults", {})
        names: tuple[str, ...] = getattr(cls, "_fields", ())
        return tuple(
            Member(name, name, shape_of(hints[name]), name not in defaults, defaults.get(name)) for name in names
        )
    return tuple(_member(field, hints[field.name]) for field in attrs.fields(typing.cast(Any, cls)) if field.init)


def _member(field: attrs.Attribute[Any], hint: object) -> Member:
    key = field.alias or field.name.lstrip("_")
    shape = shape_of(hint)
    default: object = field.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class at run time, a function to mypy
        factory: Any = default
        if factory.takes_self:
            raise BrokenRule(f"{field.name}: a default made from other fields cannot be left out when written.")
        return Member(field.name, key, shape, False, None, factory.factory)
    required = default is attrs.NOTHING
    return Member(field.name, key, shape, required, None if required else default)
