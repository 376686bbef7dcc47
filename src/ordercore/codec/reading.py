"""JSON values to objects: cattrs converters in which nothing is guessed, one for stores and one for the edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import repeat
from typing import Any, Final

from cattrs import Converter, override
from cattrs.cols import namedtuple_dict_structure_factory
from cattrs.gen import make_dict_structure_fn

from ordercore.codec.hooks import Factories, Read, parts, read_hook, register
from ordercore.codec.leaves import WANTED, Unfit, unfit
from ordercore.codec.problems import collect
from ordercore.codec.rows import is_plain, row_reader
from ordercore.codec.shape import (
    DECIMAL,
    EXACT_IN_UNION,
    TAG,
    Choice,
    Fixed,
    JsonKind,
    Leaf,
    Many,
    Record,
    Scalar,
    Shape,
    Table,
    Union,
    json_kind,
    members_of,
)
from ordercore.codec.strict_json import is_clean
from ordercore.errors import did_you_mean

_CLASSES: Final[Mapping[JsonKind, tuple[type, ...]]] = {
    "null": (type(None),), "boolean": (bool,), "integer": (int,), "string": (str, datetime, date),
    "array": (list, tuple), "object": (dict,),
}  # fmt: skip
"""What stands for it among plain values; never more than one of a union."""


def reader(leaves: Mapping[Leaf, Read], *, rows_as_arrays: bool, detailed: bool) -> Converter:
    """A converter whose hooks are found by shape. A NamedTuple is an array in a store, an object at the edge.

    With `detailed`, they raise errors that `problems.tell` knows to tell, with every path. Without, they are fast,
    and raise what comes first.
    """
    converter = Converter(detailed_validation=detailed, forbid_extra_keys=True)
    factories: Factories = {
        Scalar: lambda shape: leaves[shape.leaf], Choice: _choice, Many: _many, Fixed: _fixed, Table: _table,
        Union: partial(_union, rows_as_arrays=rows_as_arrays), Record: _record if rows_as_arrays else _object,
    }  # fmt: skip
    register(converter.register_structure_hook_factory, factories)
    return converter


def _choice(shape: Choice) -> Read:
    wanted = _wanted(shape)

    def read(value: Any, _: object) -> object:
        if value.__class__ in (str, int) and value in shape.values:
            return shape.values[value]
        near = did_you_mean(value[:64], map(str, shape.values)) if isinstance(value, str) else ""
        raise Unfit(f"Expected {wanted}. {near}".rstrip(), "not_a_choice")

    return read


def _many(shape: Many, converter: Converter) -> Read:
    hook, make, detailed = read_hook(shape.item, converter), shape.kind, converter.detailed_validation

    def read(values: Any, _: object) -> object:
        if values.__class__ is not list and not isinstance(values, list | tuple):
            raise unfit("an array", values)
        if detailed:
            return make(collect((n, hook, value) for n, value in enumerate(values)))
        return make(map(hook, values, repeat(None)))

    return read


def _fixed(shape: Fixed, converter: Converter) -> Read:
    hooks = [read_hook(item, converter) for item in shape.items]

    def read(values: Any, _: object) -> object:
        if not isinstance(values, list | tuple):
            raise unfit("an array", values)
        if len(values) != len(hooks):
            raise Unfit(f"Expected {len(hooks)} items, found {len(values)}.", "wrong_length")
        return tuple(collect(zip(range(len(hooks)), hooks, values, strict=True)))

    return read


def _table(shape: Table, converter: Converter) -> Read:
    hook, detailed = read_hook(shape.value, converter), converter.detailed_validation

    def read(values: Any, _: object) -> object:
        if not isinstance(values, dict):
            raise unfit("an object", values)
        if not detailed:
            return {key: hook(value, None) for key, value in values.items()}
        if not all(key.__class__ is str and is_clean(key) for key in values):
            raise Unfit("A key is not clean text.")
        return dict(zip(values, collect((key, hook, value) for key, value in values.items()), strict=True))

    return read


def _object(shape: Record, converter: Converter) -> Read:
    cls: Any = shape.cls
    members, hooks = parts(shape, converter, read_hook)
    named = zip(members, hooks, strict=True)
    overrides: Any = {m.name: override(struct_hook=hook, rename=m.key) for m, hook in named}
    function: Read
    if shape.is_row:
        function = namedtuple_dict_structure_factory(cls, converter, "from_converter", True, **overrides)
    else:
        function = make_dict_structure_fn(cls, converter, **overrides)

    def read(value: Any, _: object) -> object:
        if isinstance(value, dict):
            return function(value, cls)
        raise unfit(f"an object ({cls.__name__})", value)

    return read if converter.detailed_validation else function


def _record(shape: Record, converter: Converter) -> Read:
    return _row(shape, converter) if shape.is_row else _object(shape, converter)


def _row(shape: Record, converter: Converter) -> Read:
    """An array to a NamedTuple; what is missing at its end is at its default."""
    cls: Any = shape.cls
    members, hooks = parts(shape, converter, read_hook)
    required = sum(member.required for member in members)
    defaults = [member.default for member in members]

    def slowly(row: Any, _: object) -> object:
        if row.__class__ is not list or not required <= len(row) <= len(members):
            raise unfit(f"an array for {cls.__name__}", row)
        given = collect((member.key, hook, value) for member, hook, value in zip(members, hooks, row, strict=False))
        return tuple.__new__(cls, given + defaults[len(row) :])

    return row_reader(cls, members, slowly) if is_plain(members) else slowly


def _union(shape: Union, converter: Converter, *, rows_as_arrays: bool) -> Read:
    hooks = {member: read_hook(member, converter) for member in shape.members}
    exact = {m.leaf: hooks[m] for m in shape.members if isinstance(m, Scalar) and m in EXACT_IN_UNION}
    records = {m.cls: hooks[m] for m in shape.members if isinstance(m, Record) and not (m.is_row and rows_as_arrays)}
    by_class: dict[type, Read] = {Decimal: hooks[DECIMAL]} if DECIMAL in hooks else {}
    # Text means the exact number only where it cannot mean itself.
    for member in sorted(shape.members, key=lambda member: member not in EXACT_IN_UNION):
        if not (isinstance(member, Record) and member.cls in records):
            by_class.update(dict.fromkeys(_CLASSES[json_kind(member)], hooks[member]))
    wanted = " or ".join(_wanted(member) for member in shape.members)

    def read(value: Any, _: object) -> object:
        hook = by_class.get(value.__class__)
        if hook is not None:
            return hook(value, None)
        if isinstance(value, dict):
            if len(value) == 1 and (leaf := next(iter(value))) in exact:
                return collect([(leaf, exact[leaf], value[leaf])])[0]
            if (cls := _meant(tuple(records), value)) is not None:
                return records[cls]({k: v for k, v in value.items() if k != TAG} if shape.tagged else value, None)
        raise unfit(wanted, value)

    return read


def _meant(records: Sequence[type], value: Mapping[str, object]) -> type | None:
    """Which record of a union an object is: by its tag, or else by its fields."""
    if len(records) > 1 and TAG in value:
        return next((cls for cls in records if cls.__name__ == value[TAG]), None)
    return next((cls for cls in records if _fits(cls, value)), next(iter(records), None))


def _fits(cls: type, value: Mapping[str, object]) -> bool:
    members = members_of(cls)
    return {m.key for m in members if m.required} <= value.keys() <= {m.key for m in members}


def _wanted(shape: Shape) -> str:
    match shape:
        case Scalar(leaf):
            return WANTED[leaf]
        case Choice(values):
            return "one of " + ", ".join(repr(value) for value in values)
        case Record(cls):
            return f"an object ({cls.__name__})"
        case _:
            return "an array" if json_kind(shape) == "array" else "an object"
