from decimal import Decimal
from typing import Literal, NamedTuple

from attrs import frozen

from ordercore.codec import json_schema
from ordercore.codec.schema import DIALECT
from ordercore.values import Money, Price


class Step(NamedTuple):
    """A step."""

    name: str
    rank: int = 0


@frozen
class Node:
    """A node of a tree."""

    name: str
    inner: tuple["Node", ...] = ()


@frozen
class Wish:
    """What somebody wants.

    More than one paragraph says.
    """

    kind: Literal["a", "b"]
    steps: frozenset[Step] = frozenset()
    price: Money | Price | None = None
    weight: str | Decimal = "0"
    pair: tuple[int, bool] = (0, False)


INTEGER = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
TAGGED = {"anyOf": [{"$ref": "#/$defs/Money.tagged"}, {"$ref": "#/$defs/Price.tagged"}, {"type": "null"}]}


def test_a_schema_says_what_load_takes():
    schema = json_schema(Wish)
    definitions = schema.pop("$defs")
    weight = schema["properties"].pop("weight")
    assert schema == {
        "$schema": DIALECT,
        "title": "Wish",
        "type": "object",
        "description": "What somebody wants.",
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "steps": {"type": "array", "items": {"$ref": "#/$defs/Step"}, "uniqueItems": True, "default": []},
            "price": {**TAGGED, "default": None},
            "pair": {
                "type": "array",
                "prefixItems": [INTEGER, {"type": "boolean"}],
                "items": False,
                "minItems": 2,
                "default": [0, False],
            },
        },
        "required": ["kind"],
        "additionalProperties": False,
    }
    assert [kind["type"] for kind in weight["anyOf"]] == ["string", "object"]
    assert definitions["Step"] == {
        "title": "Step",
        "type": "object",
        "description": "A step.",
        "properties": {"name": {"type": "string"}, "rank": {**INTEGER, "default": 0}},
        "required": ["name"],
        "additionalProperties": False,
    }
    assert definitions["Money.tagged"]["properties"]["$type"] == {"const": "Money"}


def test_a_type_that_contains_itself_refers_to_itself():
    schema = json_schema(Node)
    assert schema["properties"]["inner"]["items"] == {"$ref": "#/$defs/Node"}
    assert schema["$defs"]["Node"]["properties"]["inner"]["items"] == {"$ref": "#/$defs/Node"}
