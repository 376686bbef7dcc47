import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from ordercore.codec import dump, load, load_json
from ordercore.errors import BrokenRule, InvalidCommand, InvalidInput
from ordercore.message import Command
from ordercore.values import Attributes, Money, Price, Quantity, Sku, units_of

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Step(NamedTuple):
    name: str
    rank: int = 0


@frozen
class Item:
    sku: Sku
    quantity: int

    def __attrs_post_init__(self):
        units_of(self.quantity)


@frozen
class Order(Command[None]):
    external_id: str
    lines: tuple[Item, ...] = ()
    urgent: bool = False
    kind: Literal["web", "phone"] = "web"
    at: datetime | None = None
    price: str | Decimal | Money | Price = "0"
    weight: Decimal | None = None
    units: int | Quantity = 1
    steps: tuple[Step, ...] = ()
    pair: tuple[int, str] = (0, "")
    tags: frozenset[str] = frozenset()
    attributes: Attributes = field(factory=dict)
    limits: Mapping[str, int] = field(factory=dict)


def problems(**fields):
    with pytest.raises(InvalidInput) as caught:
        load(Order, {"external_id": "1", **fields})
    return [(code, path) for code, path, _ in caught.value.problems]


def test_a_command_is_made_of_plain_values():
    assert load(
        Order,
        {
            "external_id": "1",
            "lines": [{"sku": "TEA", "quantity": 2}],
            "urgent": True,
            "kind": "phone",
            "at": "2026-01-05T10:00:00+01:00",
            "price": {"amount": 250, "currency": "EUR"},
            "weight": "1.50",
            "units": {"value": "1.5", "unit": "kg"},
            "steps": [{"name": "pick"}],
            "pair": [1, "a"],
            "tags": ["b", "a"],
            "attributes": {"gift": True, "length": {"decimal": "1.5"}, "width": Decimal("2.5")},
            "limits": {"TEA": 3},
        },
    ) == Order(
        "1", (Item(Sku("TEA"), 2),), True, "phone", AT, Money(250, "EUR"), Decimal("1.50"),
        Quantity(Decimal("1.5"), "kg"), (Step("pick"),), (1, "a"), frozenset("ab"),
        {"gift": True, "length": Decimal("1.5"), "width": Decimal("2.5")}, {"TEA": 3},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("3", "wrong_type"),
        (1.9, "wrong_type"),
        (1.0, "wrong_type"),
        (Decimal("1.9"), "wrong_type"),
        (True, "wrong_type"),
        (None, "wrong_type"),
        ([1], "wrong_type"),
        ({}, "wrong_type"),
        (2**64, "out_of_range"),
        (-(2**64), "out_of_range"),
    ],
)
def test_an_int_is_an_int_and_nothing_like_it(value, code):
    assert problems(lines=[{"sku": "TEA", "quantity": value}]) == [(code, "lines[0].quantity")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"external_id": 1}, [("wrong_type", "external_id")]),
        ({"external_id": None}, [("wrong_type", "external_id")]),
        ({"external_id": "\ud800"}, [("lone_surrogate", "external_id")]),
        ({"urgent": 1}, [("wrong_type", "urgent")]),
        ({"urgent": "true"}, [("wrong_type", "urgent")]),
        ({"kind": "fax"}, [("not_a_choice", "kind")]),
        ({"kind": ["web"]}, [("not_a_choice", "kind")]),
        ({"at": "2026-01-05T10:00:00"}, [("wrong_format", "at")]),
        ({"at": "yesterday"}, [("wrong_format", "at")]),
        ({"at": 1767603600}, [("wrong_type", "at")]),
        ({"at": datetime(2026, 1, 5)}, [("wrong_type", "at")]),  # noqa: DTZ001
        ({"weight": 1}, [("wrong_type", "weight")]),
        ({"weight": 1.5}, [("wrong_type", "weight")]),
        ({"weight": "1E+1000000"}, [("wrong_format", "weight")]),
        ({"weight": Decimal("1E+1000000")}, [("wrong_format", "weight")]),
        ({"weight": Decimal("NaN")}, [("wrong_format", "weight")]),
        ({"weight": "１２"}, [("wrong_format", "weight")]),
        ({"weight": " 12"}, [("wrong_format", "weight")]),
        ({"price": 12}, [("wrong_type", "price")]),
        ({"price": {"amount": 1}}, [("missing_field", "price.currency")]),
        ({"price": {"$type": "Gold", "amount": 1, "currency": "EUR"}}, [("wrong_type", "price")]),
        ({"units": "2"}, [("wrong_type", "units")]),
        ({"units": {"value": "x", "unit": "kg"}}, [("wrong_format", "units.value")]),
        ({"lines": {}}, [("wrong_type", "lines")]),
        ({"lines": "TEA"}, [("wrong_type", "lines")]),
        ({"lines": [None]}, [("wrong_type", "lines[0]")]),
        ({"steps": [["pick"]]}, [("wrong_type", "steps[0]")]),
        ({"pair": [1]}, [("wrong_length", "pair")]),
        ({"pair": ["1", 1]}, [("wrong_type", "pair[0]"), ("wrong_type", "pair[1]")]),
        ({"tags": [1]}, [("wrong_type", "tags[0]")]),
        ({"attributes": {"a": None}}, [("wrong_type", "attributes.a")]),
        ({"attributes": {"a b": 1.5}}, [("wrong_type", "attributes['a b']")]),
        ({"attributes": {"a": {"decimal": 1}}}, [("wrong_type", "attributes.a.decimal")]),
        ({"attributes": {1: "a"}}, [("wrong_type", "attributes")]),
        ({"attributes": {"\ud800": "a"}}, [("wrong_type", "attributes")]),
        ({"limits": {"a": "1"}}, [("wrong_type", "limits.a")]),
        ({"limits": []}, [("wrong_type", "limits")]),
        ({"__class__": "Order"}, [("unknown_field", "__class__")]),
    ],
    ids=ascii,
)
def test_bad_input_is_refused_where_it_stands(fields, expected):
    assert problems(**fields) == expected


def test_every_problem_is_listed_not_only_the_first():
    assert problems(urgent=1, lines=[{"sku": 1, "quantity": "1"}, {"skv": "TEA"}], linez=[]) == [
        ("wrong_type", "lines[0].sku"),
        ("wrong_type", "lines[0].quantity"),
        ("missing_field", "lines[1].sku"),
        ("missing_field", "lines[1].quantity"),
        ("unknown_field", "lines[1].skv"),
        ("wrong_type", "urgent"),
        ("unknown_field", "linez"),
    ]


def test_of_a_flood_of_problems_a_thousand_are_listed_and_the_rest_is_counted():
    with pytest.raises(InvalidInput, match="500 more problems") as caught:
        load(Order, {"external_id": "1", "tags": [1] * 1500})
    assert len(caught.value.problems) == 1000


def test_what_is_left_out_within_lists_of_lists_is_counted_too():
    line = {"sku": "TEA", "quantity": "1", "x": 1, "y": 1}
    with pytest.raises(InvalidInput, match="2005 more problems") as caught:
        load(Order, {"external_id": "1", "lines": [line] * 1000, "urgent": 1, "attributes": dict.fromkeys("abcd")})
    assert len(caught.value.problems) == 1000


def test_near_names_are_told():
    with pytest.raises(InvalidInput, match="Did you mean 'urgent'"):
        load(Order, {"external_id": "1", "urgnet": True})
    with pytest.raises(InvalidInput, match="Did you mean 'phone'"):
        load(Order, {"external_id": "1", "kind": "phon"})


@pytest.mark.parametrize("data", [None, 1, "text", [], [{}]], ids=repr)
def test_what_is_no_object_at_all_is_a_problem_of_the_whole(data):
    with pytest.raises(InvalidInput) as caught:
        load(Order, data)
    assert [path for _, path, _ in caught.value.problems] == ["$"]


def test_a_refusal_of_the_value_itself_becomes_a_problem_with_its_path():
    assert problems(lines=[{"sku": "TEA", "quantity": 1}, {"sku": "TEA", "quantity": 0}]) == [
        (InvalidCommand.code, "lines[1]")
    ]


@frozen
class Private:
    _number: int = 0
    steps: tuple[Step, ...] = ()

    def __attrs_post_init__(self):
        {1: "known"}[self._number or 1]


def test_a_private_field_is_known_by_the_name_of_its_argument():
    assert dump(Private(1)) == {"number": 1}
    with pytest.raises(InvalidInput) as caught:
        load(Private, {"number": "1", "_number": 1, "steps": [{"rank": True, "nam": ""}]})
    assert [(code, path) for code, path, _ in caught.value.problems] == [
        ("wrong_type", "number"),
        ("missing_field", "steps[0].name"),
        ("wrong_type", "steps[0].rank"),
        ("unknown_field", "steps[0].nam"),
        ("unknown_field", "_number"),
    ]


def test_an_error_of_the_class_itself_is_no_missing_field():
    with pytest.raises(InvalidInput) as caught:
        load(Private, {"number": 2})
    assert [(code, path) for code, path, _ in caught.value.problems] == [("refused", "$")]


def test_no_message_quotes_what_was_sent():
    secret = "Jane Doe"
    with pytest.raises(InvalidInput) as caught:
        load(
            Order,
            {
                "external_id": [secret],
                "at": secret,
                "weight": secret,
                "kind": secret,
                "urgent": secret,
                "pair": [secret],
            },
        )
    assert secret not in str(caught.value)
    assert len(caught.value.problems) == 6


def test_a_money_and_a_price_are_told_apart_by_their_fields_or_their_tag():
    price = {"amount": 2555, "digits": 3, "currency": "EUR"}
    assert load(Order, {"external_id": "1", "price": price}).price == Price(2555, 3, "EUR")
    money = {"$type": "Money", "amount": 2555, "currency": "EUR"}
    assert load(Order, {"external_id": "1", "price": money}).price == Money(2555, "EUR")


def test_a_command_comes_from_json_of_bounded_size():
    raw = b'{"external_id": "1", "price": 12.50, "lines": [{"sku": "TEA", "quantity": 1}]}'
    assert load_json(Order, raw) == Order("1", (Item(Sku("TEA"), 1),), price=Decimal("12.50"))
    with pytest.raises(InvalidInput) as caught:
        load_json(Order, raw, max_bytes=10)
    assert caught.value.problems[0][0] == "too_large"


def test_rows_are_objects_outside():
    assert dump(Order("1", steps=(Step("pick"), Step("pack", 2)))) == {
        "external_id": "1",
        "steps": [{"name": "pick"}, {"name": "pack", "rank": 2}],
    }


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (AT, "2026-01-05T09:00:00Z"),
        (Decimal("1.50"), "1.50"),
        ([Step("a"), Money(1, "EUR")], [{"name": "a"}, {"amount": 1, "currency": "EUR"}]),
        ({"b": (1, 2), "a": frozenset(["y", "x"])}, {"a": ["x", "y"], "b": [1, 2]}),
    ],
    ids=["instant", "decimal", "list", "mapping"],
)
def test_any_value_of_the_library_can_be_dumped(value, written):
    assert dump(value) == written
    json.dumps(dump(value))


@pytest.mark.parametrize(
    "value",
    [1.5, [1.5], {"a": 1.5}, object(), Order("1", attributes={"a": 1.5})],
    ids=["float", "in a list", "in a mapping", "of no type", "attribute"],
)
def test_what_is_not_exact_is_not_dumped(value):
    with pytest.raises(BrokenRule):
        dump(value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [*Order.__match_args__, "linez", "$type"]


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_whatever_is_sent_is_taken_or_refused_with_paths(data):
    try:
        order = load(Order, data)
    except InvalidInput as refusal:
        found = refusal.problems
    else:
        found = (("taken", "$", "as it is"),)
        assert load(Order, dump(order)) == order
    assert found
    assert all(code and path and message for code, path, message in found)
