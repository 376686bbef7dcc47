"""What values refuse, however they were built."""

import time
from decimal import Decimal

import pytest

from ordercore.errors import InvalidCommand
from ordercore.values import Quantity, country_of


@pytest.mark.parametrize("value", ["1E+1000000", "NaN", "sNaN", "Infinity", "1E-1000000"])
def test_a_quantity_that_was_built_directly_is_bounded_before_it_is_converted(value):
    begun = time.process_time()
    with pytest.raises(InvalidCommand):
        Quantity(Decimal(value), "").to_units(scale=3, unit="kg")
    assert time.process_time() - begun < 1.0  # seconds; converting it would take a minute


def test_a_quantity_in_smallest_units_is_exact():
    assert Quantity(Decimal("1.250"), "kg").to_units(scale=3, unit="kg") == 1250


@pytest.mark.parametrize("text", ["Erika Mustermann", "de", None, 7])
def test_what_stands_in_place_of_a_country_is_not_repeated(text):
    with pytest.raises(InvalidCommand) as caught:
        country_of(text)
    assert str(text) not in str(caught.value)
