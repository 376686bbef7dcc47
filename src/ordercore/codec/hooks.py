"""What the cattrs converters of the codec have in common: a hook is made for a shape when it is first asked for.

By shape and not by annotation, so that one reading of the annotations (`shape`) holds for stores, edge and schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import local
from typing import Any, Final, TypeVar

from cattrs import Converter

from ordercore.codec.shape import Member, Record, Shape, members_of

Write = Callable[[Any], Any]
Read = Callable[..., Any]
"""A structure hook of cattrs: the value, and a type that nobody here looks at."""
Hook = TypeVar("Hook", Write, Read)
Factories = Mapping[Any, Callable[..., Any]]
"""Kind of shape -> a function from the shape, and the converter if it asks for it, to the hook."""

_thread: Final = local()


def register(register_factory: Callable[..., Any], factories: Factories) -> None:
    """Let a converter find its hooks by shape, with either of its methods to register a factory."""
    for kind, factory in factories.items():
        register_factory(lambda shape, kind=kind: shape.__class__ is kind, factory)


def parts(
    record: Record, converter: Converter, find: Callable[[Shape, Converter], Hook]
) -> tuple[Sequence[Member], list[Hook]]:
    """The fields of a record and their hooks. Raises RecursionError for a record whose hook is being made already."""
    under_way: set[tuple[int, Record]] = _thread.__dict__.setdefault("under_way", set())
    mark = (id(converter), record)
    if mark in under_way:
        raise RecursionError
    under_way.add(mark)
    try:
        members = members_of(record.cls)
        return members, [find(member.shape, converter) for member in members]
    finally:
        under_way.discard(mark)


def write_hook(shape: Shape, converter: Converter) -> Write:
    """How a part of this shape is written. What contains itself is looked up again when it is used."""
    try:
        return converter.get_unstructure_hook(shape)
    except RecursionError:
        return lambda value: converter.unstructure(value, unstructure_as=shape)


def read_hook(shape: Shape, converter: Converter) -> Read:
    """How a part of this shape is read."""
    try:
        return converter.get_structure_hook(shape)
    except RecursionError:
        return lambda value, _: converter.structure(value, shape)  # type: ignore[arg-type]  # any key will do
