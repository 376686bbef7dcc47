"""Instances of any class that can be written down: for tests that what is stored is read back the same."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeVar

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ordercore.codec.shape import (
    Choice,
    Fixed,
    Leaf,
    Many,
    Record,
    Scalar,
    Shape,
    Table,
    Union,
    members_of,
    shape_of,
)
from ordercore.errors import Rejected

T = TypeVar("T")

_NUMBERS: Final = st.integers(-(10**18), 10**18)
_LEAVES: Final[dict[Leaf, SearchStrategy[Any]]] = {
    "str": st.text(max_size=12),
    "int": st.one_of(st.integers(-3, 300), st.integers(-(2**63), 2**63 - 1)),
    "bool": st.booleans(),
    "none": st.none(),
    "decimal": st.builds(lambda number, places: Decimal(number).scaleb(-places), _NUMBERS, st.integers(0, 12)),
    "fraction": st.builds(Fraction, _NUMBERS, st.integers(1, 10**6)),
    "datetime": st.datetimes(timezones=st.just(UTC)),
    "date": st.dates(),
    "bytes": st.binary(max_size=12),
}


def instances_of(cls: type[T]) -> SearchStrategy[T]:
    """Any instance of an attrs class or NamedTuple, found from its annotations.

    Instances that the class itself refuses are left out. Raises BrokenRule for a type that has no written form.
    """
    return _of(shape_of(cls))


def _of(shape: Shape) -> SearchStrategy[Any]:
    match shape:
        case Scalar(leaf):
            return _LEAVES[leaf]
        case Choice(values):
            return st.sampled_from(list(values.values()))
        case Many(item, kind):
            return st.lists(_of(item), max_size=3).map(kind)
        case Fixed(items):
            return st.tuples(*(_of(item) for item in items))
        case Table(value):
            return st.dictionaries(_LEAVES["str"], _of(value), max_size=3)
        case Record(cls):
            # Deferred, because a class may contain itself.
            return st.deferred(lambda: _record(cls))
        case Union(members):
            return st.one_of(*(_of(member) for member in members))


@st.composite
def _record(draw: st.DrawFn, cls: type[object]) -> object:
    arguments = {
        member.key: draw(_of(member.shape) if member.required else st.one_of(_default(member), _of(member.shape)))
        for member in members_of(cls)
    }
    try:
        return cls(**arguments)
    except Rejected:
        reject()


def _default(member: Any) -> SearchStrategy[Any]:
    return st.builds(member.fresh_default)
