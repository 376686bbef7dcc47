"""The table is read with every mistake named by its key."""

import copy
import tomllib
from pathlib import Path

import pytest

from ordercore.errors import ConfigurationError
from ordercore.values import Money
from ordercore_tablecarrier import Table
from ordercore_tablecarrier.carrier import KIND

README = Path(__file__).parent.parent / "README.md"


def changed(settings, path, value):
    """The settings with one key set; None takes it out."""
    whole = copy.deepcopy(settings)
    *tables, last = path
    at = whole
    for key in tables:
        at = at[key]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return whole


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        (["carier"], {}, "carier"),
        (["carrier"], None, "carrier"),
        (["carrier", "currency"], None, "carrier.currency"),
        (["carrier", "currency"], "EURO", "carrier.currency"),
        (["carrier", "prefix"], "pp", "carrier.prefix"),
        (["carrier", "secret"], 5, "carrier.secret"),
        (["zones"], {}, "zones"),
        (["zones", "near"], "NL", "zones.near"),
        (["zones", "near"], ["nl"], "zones.near[0]"),
        (["zones", "near"], ["NL", "DE"], "zones.near[1]"),
        (["zones", "Near"], ["FR"], "zones.Near"),
        (["services"], {}, "services"),
        (["services", "standard", "rate"], [], "services.standard.rate"),
        (["services", "standard", "rates"], [], "services.standard.rates"),
        (["services", "standard", "rates", 0], 3, "services.standard.rates[0]"),
        (["services", "standard", "rates", 0, "up_to_grams"], True, "services.standard.rates[0].up_to_grams"),
        (["services", "standard", "rates", 1, "up_to_grams"], 1_000, "services.standard.rates[1].up_to_grams"),
        (["services", "standard", "rates", 1, "near"], 12.9, "services.standard.rates[1].near"),
        (["services", "standard", "rates", 1, "near"], "12.905", "services.standard.rates[1].near"),
        (["services", "standard", "rates", 1, "near"], "-1", "services.standard.rates[1].near"),
        (["services", "standard", "rates", 1, "nera"], "1", "services.standard.rates[1].nera"),
        (["services", "express", "rates"], [{"up_to_grams": 5}], "services.express.rates[0]"),
        (["services", "standard", "transit_days", "home"], [2, 1], "services.standard.transit_days.home"),
        (["services", "standard", "transit_days", "moon"], [2, 3], "services.standard.transit_days.moon"),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, list) else None,
)
def test_a_mistake_is_named_by_its_key(settings, key, value, path):
    with pytest.raises(ConfigurationError) as caught:
        KIND.make("post", changed(settings, key, value))
    assert caught.value.path == path
    assert str(caught.value).startswith(path)


def test_the_nearest_key_is_suggested(settings):
    with pytest.raises(ConfigurationError, match="Did you mean 'zones'"):
        Table.of({**settings, "zone": {}})


def test_the_secret_is_in_no_repr(settings):
    assert "s3cret" not in repr(Table.of(settings))


@pytest.mark.parametrize(
    ("zone", "grams", "cost"),
    [("home", 1, 390), ("home", 1_000, 390), ("home", 1_001, 690), ("home", 31_500, 690), ("world", 1_000, 1450)],
)
def test_the_price_is_that_of_the_first_row_that_takes_the_weight(settings, zone, grams, cost):
    assert Table.of(settings).services["standard"].cost(zone, grams) == Money(cost, "EUR")


@pytest.mark.parametrize(("zone", "grams"), [("home", 31_501), ("world", 1_001)])
def test_what_no_row_takes_has_no_price(settings, zone, grams):
    assert Table.of(settings).services["standard"].cost(zone, grams) is None


def test_the_table_of_the_readme_is_read(tmp_path):
    text = README.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    tomllib.loads(text)
    (tmp_path / "carrier.toml").write_text(text)
    table = Table.read(tmp_path / "carrier.toml")
    assert (table.zone("NL"), table.zone("JP")) == ("near", "world")


def test_a_file_that_is_no_toml_is_named(tmp_path):
    (tmp_path / "carrier.toml").write_text("[carrier")
    with pytest.raises(ConfigurationError, match=r"carrier.toml is not TOML"):
        Table.read(tmp_path / "carrier.toml")


def test_without_a_rest_some_countries_are_not_served(settings):
    assert Table.of(changed(settings, ["zones", "world"], ["US"]) ).zone("JP") is None  # fmt: skip
