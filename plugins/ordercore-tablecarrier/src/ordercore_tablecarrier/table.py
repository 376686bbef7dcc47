"""The rate table: zones by country, services, prices by weight; read from TOML with every mistake named by its key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from ordercore.errors import ConfigurationError, InvalidCommand, did_you_mean
from ordercore.ports import Settings
from ordercore.values import Money, exponent_of

REST: Final = "*"
"""In a zone: every country that no other zone names."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}\Z")
_PREFIX: Final = re.compile(r"[A-Z0-9]{1,8}\Z")
MOST_DAYS: Final = 365


@frozen
class Rate:
    """What up to this weight costs, by zone; a zone that is missing is not served up to there."""

    up_to_grams: int
    costs: Mapping[str, Money]


@frozen
class Service:
    """A service: its rates by weight, lightest first, and its days under way by zone (least, most)."""

    name: str
    rates: tuple[Rate, ...]
    transit_days: Mapping[str, tuple[int, int]] = field(factory=dict)

    def cost(self, zone: str, weight_grams: int) -> Money | None:
        """The price; None if it is too heavy, or the zone is not served."""
        return next((r.costs[zone] for r in self.rates if weight_grams <= r.up_to_grams and zone in r.costs), None)


@frozen
class Table:
    """All of it. `zones`: country -> zone. `secret` signs reports of tracking. `font`: a TrueType file for labels."""

    name: str
    currency: str
    prefix: str
    zones: Mapping[str, str]
    services: Mapping[str, Service]
    secret: str = field(default="", repr=False)
    font: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Table:
        """Read it from a mapping, as TOML gives one. Raises ConfigurationError, its `path` the key that is wrong."""
        _known(settings, ("carrier", "zones", "services"), "")
        about = _table(settings, "carrier", "")
        _known(about, ("name", "currency", "prefix", "secret", "font"), "carrier")
        currency = _text(about, "currency", "carrier")
        try:
            exponent_of(currency)
        except InvalidCommand as error:
            raise _wrong("carrier.currency", error.message, error.hint) from None
        prefix = _text(about, "prefix", "carrier", "TC")
        if not _PREFIX.match(prefix):
            raise _wrong(
                "carrier.prefix",
                "It is 1 to 8 capital letters and digits.",
                'Such as "TC": every number begins with it.',
            )
        zones = _zones(_table(settings, "zones", ""))
        names = tuple(dict.fromkeys(zones.values()))
        services = {
            name: _service(name, _table(_table(settings, "services", ""), name, "services"), names, currency)
            for name in _table(settings, "services", "")
        }
        if not services:
            raise _wrong(
                "services", "There is no service.", "[[services.standard.rates]] with up_to_grams and a price a zone."
            )
        name = _text(about, "name", "carrier", "Table carrier")
        secret, font = _text(about, "secret", "carrier", ""), _text(about, "font", "carrier", "")
        if font and not Path(font).is_file():
            raise _wrong("carrier.font", "There is no such file.", "A TrueType font (.ttf) with the letters you need.")
        return cls(name, currency, prefix, zones, services, secret, font)

    @classmethod
    def read(cls, path: Path) -> Table:
        """Read it from a TOML file. Raises ConfigurationError."""
        try:
            settings = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"{path.name} is not TOML: {error}.", path="", hint="Texts stand in quotes."
            ) from None
        return cls.of(settings)

    def zone(self, country: str) -> str | None:
        """The zone of a country; None if nobody delivers there."""
        return self.zones.get(country, self.zones.get(REST))


def _zones(given: Mapping[str, Any]) -> dict[str, str]:
    zones: dict[str, str] = {}
    for name, countries in given.items():
        _check_name(name, "zones")
        if not isinstance(countries, list) or not countries:
            raise _wrong(f"zones.{name}", "It is a list of countries.", 'Such as ["NL", "BE"], or ["*"] for the rest.')
        for n, country in enumerate(countries):
            path = f"zones.{name}[{n}]"
            if country != REST and not (isinstance(country, str) and re.fullmatch("[A-Z]{2}", country)):
                raise _wrong(path, "It is no country.", "Two capital letters (ISO 3166-1), or * for the rest.")
            if country in zones:
                raise _wrong(path, f"{country} is in zone {zones[country]} already.", "A country is in one zone.")
            zones[country] = name
    if not zones:
        raise _wrong("zones", "There is no zone.", 'Such as near = ["NL", "BE"] in [zones].')
    return zones


def _service(name: str, given: Mapping[str, Any], zones: Sequence[str], currency: str) -> Service:
    path = f"services.{name}"
    _check_name(name, "services")
    _known(given, ("rates", "transit_days"), path)
    rows = given.get("rates")
    if not isinstance(rows, list) or not rows:
        raise _wrong(
            f"{path}.rates", "It is a list of tables.", f"[[{path}.rates]] with up_to_grams and a price a zone."
        )
    rates: list[Rate] = []
    for n, row in enumerate(rows):
        rates.append(_rate(row, f"{path}.rates[{n}]", zones, currency))
        if n and rates[n].up_to_grams <= rates[n - 1].up_to_grams:
            raise _wrong(
                f"{path}.rates[{n}].up_to_grams",
                "The rates go from light to heavy.",
                "Each row holds up to its grams, so the next has more.",
            )
    return Service(name, tuple(rates), _transit(given, path, zones))


def _rate(row: object, path: str, zones: Sequence[str], currency: str) -> Rate:
    if not isinstance(row, dict):
        raise _wrong(path, "It is a table.", 'Such as { up_to_grams = 1000, near = "3.90" }.')
    grams = row.get("up_to_grams")
    if type(grams) is not int or not 0 < grams <= 10_000_000:
        raise _wrong(f"{path}.up_to_grams", "It is a whole number of grams, up to ten tonnes.", "Such as 1000.")
    _known(row, ("up_to_grams", *zones), path)
    costs: dict[str, Money] = {}
    for zone in zones:
        if zone in row:
            costs[zone] = _money(row[zone], f"{path}.{zone}", currency)
    if not costs:
        raise _wrong(path, "It has no price.", f"A price for one of {', '.join(zones)}.")
    return Rate(grams, costs)


def _money(given: object, path: str, currency: str) -> Money:
    if not isinstance(given, str):
        raise _wrong(path, "A price is text, so that it is exact.", 'Such as "3.90".')
    try:
        cost = Money.of(given, currency)
    except InvalidCommand as error:
        raise _wrong(path, error.message, error.hint) from None
    if cost.amount < 0:
        raise _wrong(path, "A price is not below zero.", 'Such as "3.90", or "0.00" for nothing.')
    return cost


def _transit(given: Mapping[str, Any], path: str, zones: Sequence[str]) -> dict[str, tuple[int, int]]:
    days = given.get("transit_days", {})
    where = f"{path}.transit_days"
    if not isinstance(days, dict):
        raise _wrong(where, "It is a table.", "Such as { near = [1, 2] }.")
    _known(days, zones, where)
    found: dict[str, tuple[int, int]] = {}
    for zone, pair in days.items():
        whole = isinstance(pair, list) and len(pair) == 2 and all(type(one) is int for one in pair)
        if not whole or not 0 <= pair[0] <= pair[1] <= MOST_DAYS:
            raise _wrong(f"{where}.{zone}", "It is the least and the most days.", "Such as [1, 2].")
        found[zone] = (pair[0], pair[1])
    return found


def _table(given: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
    where = f"{path}.{key}" if path else key
    found = given.get(key)
    if not isinstance(found, dict):
        raise _wrong(where, "It is a table." if key in given else "It is missing.", f"[{where}]")
    return found


def _text(given: Mapping[str, Any], key: str, path: str, default: str | None = None) -> str:
    found = given.get(key, default)
    if not isinstance(found, str):
        raise _wrong(
            f"{path}.{key}", "It is text." if key in given else "It is missing.", f'Write {key} = "..." in [{path}].'
        )
    return found


def _check_name(name: str, path: str) -> None:
    if not _NAME.match(name):
        raise _wrong(
            f"{path}.{name[:32]}",
            "A name is small letters, digits, dashes and underscores.",
            "Such as standard or next-day.",
        )


def _known(given: Mapping[str, Any], known: Sequence[str], path: str) -> None:
    for key in given:
        if key not in known:
            where = f"{path}.{key[:64]}" if path else key[:64]
            raise _wrong(where, "There is no such key.", did_you_mean(key, known) or f"Known: {', '.join(known)}.")


def _wrong(path: str, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"{path}: {message}", path=path, hint=hint)
