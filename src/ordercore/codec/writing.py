"""Objects to JSON values: a cattrs converter in which a value that is not of its declared type is never written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import fields as fields_of
from cattrs import Converter, override
from cattrs.gen import make_dict_unstructure_fn_from_attrs

from ordercore.codec.hooks import Factories, Write, parts, register, write_hook
from ordercore.codec.leaves import UNFIT, Unfit, unfit, write_text
from ordercore.codec.rows import is_plain, row_writer
from ordercore.codec.shape import (
    EXACT_IN_UNION,
    LEAF_TYPES,
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
)
from ordercore.errors import BrokenRule

_NUMBERS: Final = tuple(LEAF_TYPES[leaf] for leaf in ("bool", "int", "decimal", "fraction"))


def writer(leaves: Mapping[Leaf, Write], *, rows_as_arrays: bool) -> Converter:
    """A converter whose hooks are found by shape. They raise BrokenRule, which names the field, or one of UNFIT.

    A NamedTuple becomes an array without field names for a store (`rows_as_arrays`), and an object for the world.
    """
    converter = Converter(detailed_validation=False)
    factories: Factories = {
        Scalar: lambda shape: leaves[shape.leaf], Choice: _choice, Many: _many, Fixed: _fixed, Table: _table,
        Union: _union, Record: _record if rows_as_arrays else _object,
    }  # fmt: skip
    register(converter.register_unstructure_hook_factory, factories)
    return converter


def _choice(shape: Choice) -> Write:
    kinds = _kinds(shape)
    written = {meaning: value for value, meaning in shape.values.items()}

    def write(value: Any) -> object:
        if value.__class__ in kinds and value in written:
            return written[value]
        raise unfit("a choice", value)

    return write


def _many(shape: Many, converter: Converter) -> Write:
    hook = write_hook(shape.item, converter)

    def write(values: Any) -> list[Any]:
        if values.__class__ is str:
            raise unfit("a sequence", values)
        return list(map(hook, values))

    return (lambda values: sorted(write(values))) if shape.kind is frozenset else write


def _fixed(shape: Fixed, converter: Converter) -> Write:
    hooks = [write_hook(item, converter) for item in shape.items]
    return lambda values: [hook(value) for hook, value in zip(hooks, values, strict=True)]


def _table(shape: Table, converter: Converter) -> Write:
    hook = write_hook(shape.value, converter)
    return lambda values: {write_text(key): hook(value) for key, value in values.items()}


def _union(shape: Union, converter: Converter) -> Write:
    hooks: dict[type, Write] = {}
    for member in shape.members:
        hook = _within_union(member, shape, write_hook(member, converter))
        hooks.update(dict.fromkeys(_kinds(member), hook))

    def write(value: Any) -> object:
        hook = hooks.get(value.__class__) or next((hooks[kind] for kind in hooks if isinstance(value, kind)), None)
        if hook is None:
            raise unfit("of its type", value)
        return hook(value)

    return write


def _within_union(member: Shape, union: Union, hook: Write) -> Write:
    if isinstance(member, Scalar) and member in EXACT_IN_UNION:
        return lambda value: {member.leaf: hook(value)}
    if isinstance(member, Record) and union.tagged:
        return lambda value: {**hook(value), TAG: member.cls.__name__}
    return hook


def _kinds(shape: Shape) -> tuple[type, ...]:
    """The classes whose instances are of this shape."""
    match shape:
        case Scalar(leaf):
            return (LEAF_TYPES[leaf],)
        case Choice(values):
            return tuple({type(meaning) for meaning in values.values()})
        case Record(cls):
            return (cls,)
        case Table():
            return (dict, Mapping)
        case Many(_, kind) if kind is frozenset:
            return (frozenset, set)
        case _:
            return (tuple, list)


class _Exactly:
    """A default that only a value of its own class is equal to: 0.0 and False are no 0, and must not pass as one."""

    __slots__ = ("default", "kind")

    def __init__(self, default: object) -> None:
        self.default, self.kind = default, type(default)

    def __ne__(self, value: object) -> bool:
        return value.__class__ is not self.kind or value != self.default


def _differs(value: object, default: object) -> bool:
    return _Exactly(default) != value if isinstance(default, _NUMBERS) else value != default


def _object(shape: Record, converter: Converter) -> Write:
    """By name, without the fields at their default."""
    cls: Any = shape.cls
    members, hooks = parts(shape, converter, write_hook)

    def slowly(value: Any) -> dict[str, object]:
        values = [getattr(value, member.name) for member in members]
        written = _one_by_one(cls, members, hooks, value, values)
        return {
            member.key: item
            for member, given, item in zip(members, values, written, strict=True)
            if member.required or _differs(given, member.fresh_default())
        }

    if shape.is_row:
        return slowly
    fields = [
        # A converter of the class has no say about this default.
        field.evolve(default=_Exactly(field.default), converter=None) if isinstance(field.default, _NUMBERS) else field
        for field in fields_of(cls)
    ]
    named = zip(members, hooks, strict=True)
    overrides: Any = {m.name: override(unstruct_hook=hook, rename=m.key) for m, hook in named}
    function = make_dict_unstructure_fn_from_attrs(fields, cls, converter, {}, True, **overrides)

    def write(value: Any) -> dict[str, object]:
        if value.__class__ is cls:
            try:
                return function(value)
            except UNFIT:
                pass  # to be found and named
        return slowly(value)

    return write


def _record(shape: Record, converter: Converter) -> Write:
    return _row(shape, converter) if shape.is_row else _object(shape, converter)


def _row(shape: Record, converter: Converter) -> Write:
    """A NamedTuple as an array without its trailing defaults."""
    cls = shape.cls
    members, hooks = parts(shape, converter, write_hook)
    required = sum(member.required for member in members)

    def slowly(row: Any) -> list[object]:
        written = _one_by_one(cls, members, hooks, row, row)
        while len(written) > required and not _differs(row[len(written) - 1], members[len(written) - 1].default):
            written.pop()
        return written

    return row_writer(cls, members, slowly) if is_plain(members) else slowly


def _one_by_one(
    cls: type, members: Sequence[Member], hooks: Sequence[Write], record: object, values: Sequence[object]
) -> list[object]:
    """Slowly, so that what is wrong can be named."""
    if record.__class__ is not cls:
        raise unfit(cls.__name__, record)
    written = []
    for member, hook, value in zip(members, hooks, values, strict=True):
        try:
            written.append(hook(value))
        except UNFIT as error:
            where = f"{cls.__name__}.{member.name}"
            # The message of an error that is not ours may quote the value.
            why = str(error) if isinstance(error, Unfit) else f"Not of its type ({type(error).__name__})."
            raise BrokenRule(f"{where}: {why}", where=where, type=type(value).__name__) from error
    return written
