from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from attrs import frozen

from ordercore.codec.shape import NONE, Choice, Many, Record, Scalar, Table, Union, shape_of
from ordercore.errors import BrokenRule
from ordercore.values import Sku


class Row(NamedTuple):
    sku: str


@frozen
class One:
    a: int


@frozen
class Two:
    b: int


class Color(Enum):
    RED = "red"


class Weight(Enum):
    LIGHT = 0.5


@pytest.mark.parametrize(
    ("annotation", "shape"),
    [
        (int, Scalar("int")),
        (Sku, Scalar("str")),
        (None, NONE),
        (Annotated[int, "units"], Scalar("int")),
        (int | None, Union((Scalar("int"), NONE), False)),
        (One | Two, Union((Record(One), Record(Two)), True)),
        (tuple[Row, ...], Many(Record(Row), tuple)),
        (frozenset[str], Many(Scalar("str"), frozenset)),
        (Mapping[Sku, int], Table(Scalar("int"))),
        (Color, Choice({"red": Color.RED}, Color)),
        (Literal["a", "b"], Choice({"a": "a", "b": "b"})),
    ],
    ids=str,
)
def test_a_type_has_one_written_form(annotation, shape):
    assert shape_of(annotation) == shape


@pytest.mark.parametrize(
    "annotation",
    [
        float,
        Weight,
        tuple[float, ...],
        Mapping[str, float],
        object,
        Any,
        complex,
        type,
        Mapping[int, str],
        str | Literal["a"],  # noqa: PYI051
        Color | str,
        tuple[int, ...] | list[str],
        Mapping[str, int] | One,
        Mapping[str, int] | Decimal,
        Row | tuple[int, ...],
        Row | One,
        Literal[True],
        Literal[b"a"],
    ],
    ids=str,
)
def test_a_type_that_could_not_be_read_back_is_refused_before_anything_is_written(annotation):
    with pytest.raises(BrokenRule):
        shape_of(annotation)
