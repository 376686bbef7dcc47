from fractions import Fraction

import pytest

from ordercore.catalog import Item, PutItem, PutLocation
from ordercore.catalog.decide import put_item, put_location
from ordercore.catalog.events import ItemPut, LocationPut
from ordercore.errors import InvalidCommand, Rejected
from ordercore.store import postings_of
from ordercore.values import GeoPoint, Quantity


def item(**fields):
    (event,) = put_item(None, PutItem("TEA", **fields))
    return event.item


def test_an_item_is_defined_once_and_changed_by_content():
    (event,) = put_item(None, PutItem("TEA", "Tea"))
    assert isinstance(event, ItemPut)
    assert list(postings_of(event)) == []
    assert put_item(event.item, PutItem("TEA", "Tea")) == []
    (changed,) = put_item(event.item, PutItem("TEA", "Green tea", active=False))
    assert (changed.item.name, changed.item.active) == ("Green tea", False)


@pytest.mark.parametrize("changed", [{"unit": "bag"}, {"scale": 2}, {"tracking": "lot"}])
def test_what_stock_counts_by_is_fixed(changed):
    with pytest.raises(Rejected, match="fixed"):
        put_item(item(), PutItem("TEA", **changed))


@pytest.mark.parametrize(
    "fields",
    [
        {"scale": 10},
        {"scale": True},
        {"scale": 1.0},
        {"unit": ""},
        {"tracking": "serial number"},
        {"delivery": "pigeon"},
        {"safety_stock": -1},
        {"units": {"case": "0"}},
        {"units": {"case": "-2"}},
        {"units": {"case": "1E+9"}},
        {"name": "\ud800"},
    ],
    ids=str,
)
def test_an_item_that_cannot_be_is_refused(fields):
    with pytest.raises(InvalidCommand):
        put_item(None, PutItem("TEA", **fields))


def test_quantities_are_exact_in_the_items_smallest_unit():
    coffee = item(unit="kg", scale=3, units={"case": "7.5", "third": Fraction(1, 3)})
    assert isinstance(coffee, Item)
    assert coffee.to_units(Quantity.of("1.250", "kg")) == 1250
    assert coffee.to_units(Quantity.of("2", "case")) == 15_000
    assert coffee.to_units(Quantity.of("3", "third")) == 1_000
    for text, unit in (("1.2345", "kg"), ("1", "third"), ("1", "box"), ("0", "kg")):
        with pytest.raises(InvalidCommand):
            coffee.to_units(Quantity.of(text, unit))


def test_a_location_is_defined_once_and_changed_by_content():
    point = GeoPoint.of("52.52", "13.40")
    (event,) = put_location(None, PutLocation("WH1", "One", point, "DE", "Europe/Berlin", ("pick", "ship")))
    assert isinstance(event, LocationPut)
    assert (event.location.place, event.location.zone.key) == ("loc/WH1", "Europe/Berlin")
    assert put_location(event.location, PutLocation("WH1", "One", point, "DE", "Europe/Berlin", ("pick", "ship"))) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "a/b"},
        {"code": ""},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"country": "Germany"},
        {"steps": ("ship", "pick")},
        {"steps": ()},
        {"rank": True},
        {"rank": 10**7},
    ],
    ids=str,
)
def test_a_location_that_cannot_be_is_refused(fields):
    with pytest.raises(InvalidCommand):
        put_location(None, PutLocation(**{"code": "WH1", **fields}))
