"""Cells: from the text in a column to a value, once per distinct text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Final, Generic, TypeVar
from zoneinfo import ZoneInfo

from ordercore.errors import InvalidCommand
from ordercore.values import Price, country_of, exponent_of, sku_of, text_of
from ordercore_csv.columns import ColumnMap

T = TypeVar("T")

MOST_REMEMBERED: Final = 65_536
EARLIEST, LATEST = 1970, 2200


class BadCell(Exception):
    """The text in a cell is not what its column holds."""

    def __init__(self, code: str, message: str) -> None:
        """Both as in a Problem."""
        self.code, self.message = code, message
        super().__init__(message)


class Parsed(dict[str, T], Generic[T]):
    """What texts mean, remembered: files repeat themselves. Forgets all when it has grown large."""

    def __init__(self, parse: Callable[[str], T]) -> None:
        """`parse` raises BadCell or InvalidCommand for what it does not understand."""
        super().__init__()
        self.parse = parse

    def __missing__(self, text: str) -> T:
        """Parse it now. Raises what `parse` raises."""
        value = self.parse(text)
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[text] = value
        return value


class Cells:
    """The parsers of one column map. A column that the map does not have has the text "" in every row."""

    def __init__(self, columns: ColumnMap) -> None:
        """Make the parsers; nothing is shared between two of them."""
        self.columns = columns
        self.number = number_reader(columns)
        self.zone = ZoneInfo(columns.time_zone) if columns.time_zone else None
        self.order = Parsed(lambda text: text_of(_given(text, "order"), what="order", most=100))
        self.sku = Parsed(lambda text: sku_of(_given(text, "sku")))
        self.untracked = Parsed(self._untracked)
        self.quantity = Parsed(self._quantity)
        self.prices = Parsed(self._prices)
        self.time = Parsed(self._time)
        self.currency = Parsed(self._currency)
        self.text = Parsed(lambda text: text_of(text.strip(), what="Text"))
        self.country = Parsed(self._country)

    def _untracked(self, text: str) -> bool:
        return any(fnmatchcase(text.strip(), pattern) for pattern in self.columns.untracked)

    def _quantity(self, text: str) -> int | Decimal:
        value = self.number(text)
        whole = int(value)
        return whole if whole == value else value

    def _currency(self, text: str) -> str:
        code = text.strip() or self.columns.currency
        exponent_of(code)
        return code

    def _prices(self, currency: str) -> Parsed[Price | None]:
        code = self.currency[currency]
        return Parsed(lambda text: Price.of(self.number(text), code) if text else None)

    def _country(self, text: str) -> str:
        name = text.strip()
        if self.columns.countries:
            if name and name not in self.columns.countries:
                raise BadCell("unknown_country", f"{name[:32]!a} is not among the [countries] of the column map.")
            return self.columns.countries.get(name, "")
        return country_of(name)

    def _time(self, text: str) -> datetime | None:
        if not text:
            return None
        form = self.columns.date_format
        try:
            # strptime takes digits of any script.
            local = _parsed_time(text, form) if text.isascii() else None
        except ValueError:
            local = None
        if local is None:
            raise BadCell("invalid_time", f"{text[:32]!a} is not a time of the form {form}.")
        if not EARLIEST < local.year < LATEST:
            raise BadCell("invalid_time", f"{text[:32]!a} is not between {EARLIEST} and {LATEST}.")
        return self._instant(local, text)

    def _instant(self, local: datetime, text: str) -> datetime:
        if local.tzinfo is not None:
            return local.astimezone(UTC)
        if self.zone is None:
            raise BadCell("missing_time_zone", f"{text[:32]!a} has no offset, and [file] has no time_zone.")
        instant = local.replace(tzinfo=self.zone).astimezone(UTC)
        if instant.astimezone(self.zone).replace(tzinfo=None, fold=0) != local:
            raise BadCell(
                "invalid_time", f"{text[:32]!a} does not exist in {self.columns.time_zone}: clocks were set forward."
            )
        return instant


def _parsed_time(text: str, form: str) -> datetime:
    return datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007  # the zone is the map's


def _given(text: str, what: str) -> str:
    text = text.strip()
    if not text:
        raise BadCell(f"missing_{what}", f"There is no {what}.")
    return text


def number_reader(columns: ColumnMap) -> Callable[[str], Decimal]:
    """What reads the numbers of a file: ASCII digits in the declared form. It raises BadCell for anything else."""
    point, group = re.escape(columns.decimal), re.escape(columns.thousands)
    whole = rf"(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]{{1,24}})" if group else r"[0-9]{1,24}"
    pattern = re.compile(rf"-?{whole}(?:{point}[0-9]{{1,12}})?\Z")

    def number(text: str) -> Decimal:
        if len(text) > 48 or not pattern.match(text):
            form = f"1{columns.thousands}234{columns.decimal}50"
            raise BadCell("invalid_number", f"{text[:32]!a} is not a number of the form {form}.")
        plain = text.replace(columns.thousands, "") if columns.thousands else text
        return Decimal(plain if columns.decimal == "." else plain.replace(",", "."))

    return number


def problem_of(error: BadCell | InvalidCommand, name: str) -> tuple[str, str]:
    """Code and message of a problem with a cell of the column that means `name`."""
    if isinstance(error, BadCell):
        return error.code, error.message
    return f"unknown_{name}" if name in ("currency", "country") else f"invalid_{name}", error.message
