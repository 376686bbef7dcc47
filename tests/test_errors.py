"""What an error says to a machine, and how much it may cost to say what was meant."""

import pickle
import time

import pytest

from ordercore.errors import (
    Insufficient,
    InvalidCommand,
    InvalidInput,
    NotFound,
    OrdercoreError,
    TransitionRefused,
    did_you_mean,
)


def test_problem_details_say_what_happened_where_it_is_documented_and_with_which_facts():
    assert InvalidCommand("No.", hint="Yes.", path="lines", allowed=("a", "b")).as_problem() == {
        "type": "docs/reference/errors.md#invalid_command",
        "title": "invalid_command",
        "status": 422,
        "detail": "No.",
        "hint": "Yes.",
        "path": "lines",
        "allowed": ["a", "b"],
    }


def test_a_field_does_not_take_the_place_of_a_standard_member():
    body = InvalidCommand("No.", type="cart", title="Dr", status="soft", detail="more").as_problem()
    assert (body["type"], body["title"], body["status"], body["detail"]) == (
        "docs/reference/errors.md#invalid_command",
        "invalid_command",
        422,
        "No.",
    )


def test_problem_details_of_a_shortage_name_line_sku_and_units():
    body = Insufficient([("1", "TEA", 3), ("2", "CUP", 1)], found_by="planning").as_problem()
    assert body["shortages"] == [
        {"line": "1", "sku": "TEA", "missing": 3},
        {"line": "2", "sku": "CUP", "missing": 1},
    ]
    assert body["found_by"] == "planning"


@pytest.mark.parametrize(
    "error",
    [
        NotFound.named("item", "TAE", ["TEA"]),
        TransitionRefused.of("cart", "expired", "extend", ()),
        Insufficient([("1", "TEA", 3)], found_by="commit"),
        InvalidInput([("json", "lines[0]", "Not a number.")]),
    ],
    ids=lambda error: error.code,
)
def test_an_error_travels_between_processes_whole(error):
    again: OrdercoreError = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.as_problem()) == (type(error), str(error), error.as_problem())


def test_the_nearest_known_names_are_offered():
    assert did_you_mean("TAE", ["TEA", "CUP"]) == "Did you mean 'TEA'?"
    assert did_you_mean("SKU-04x21", [f"SKU-{n:05d}" for n in range(5000)]).startswith("Did you mean 'SKU-")
    assert did_you_mean("XYZ", ["TEA"]) == ""


def test_a_large_catalog_is_looked_through_quickly():
    names = [f"SKU-{n:05d}" for n in range(10_000)]
    begun = time.process_time()
    assert did_you_mean("SKU-1234", names)
    did_you_mean("9" * 100_000, names)
    assert time.process_time() - begun < 0.1
