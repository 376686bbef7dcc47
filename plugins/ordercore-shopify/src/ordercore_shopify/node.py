"""Nodes: typed access to JSON objects from outside, where whatever does not fit is a problem with its path."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from ordercore.codec.strict_json import JsonValue
from ordercore.errors import InvalidCommand
from ordercore.ports import Problem
from ordercore.values import Money, Price

MOST_TEXT: Final = 200
EARLIEST, LATEST = 1970, 2200

_AMOUNT = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,12})?\Z")
_SPACED: Final = frozenset(("Cc", "Zl", "Zp"))


def clean(text: str) -> str:
    """One line: control characters and line breaks become blanks, invisible marks go."""
    if not text.isprintable():
        kinds = ((letter, unicodedata.category(letter)) for letter in text)
        text = "".join(" " if kind in _SPACED else letter for letter, kind in kinds if kind not in ("Cf", "Cs"))
    return " ".join(text.split())[:MOST_TEXT]


class Node:
    """An object of the document; problems of all nodes of one order go to one list."""

    def __init__(self, value: dict[str, JsonValue], path: str, problems: list[Problem]) -> None:
        """`path` is empty for the order itself."""
        self.value, self.path, self.problems = value, path, problems

    def at(self, name: str) -> str:
        """The path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def refuse(self, code: str, name: str, message: str, raw: str | None = None) -> None:
        """Note a problem with a member. `raw` must not be personal."""
        self.problems.append(Problem(code, "reject", self.at(name), message, raw))

    def text(self, name: str) -> str:
        """Text on one line; absent and null are empty."""
        value = self.value.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse("invalid_type", name, "Text was expected here.")
            return ""
        return clean(value)

    def identity(self, name: str) -> str:
        """An id as text, whatever its size; absent and null are empty."""
        value = self.value.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return ""
        if (type(value) is int and value >= 0) or (isinstance(value, str) and len(clean(value)) <= 100):
            return clean(str(value))
        self.refuse("invalid_id", name, "An id is a number without a fraction, or a short text.")
        return ""

    def whole(self, name: str) -> int | None:
        """A whole JSON number; absent and null are None. Text is not a number here."""
        value = self.value.get(name)
        if value is None:
            return None
        if type(value) is int:
            return value
        if isinstance(value, Decimal):
            self.refuse("fractional_quantity", name, "A whole number was expected here.", raw=str(value)[:64])
        else:
            self.refuse("invalid_quantity", name, "A whole JSON number was expected here.")
        return None

    def flag(self, name: str) -> bool:
        """True or false; absent and null are false."""
        value = self.value.get(name)
        if value is not None and not isinstance(value, bool):
            self.refuse("invalid_type", name, "True or false was expected here.")
        return value is True

    def time(self, name: str) -> datetime | None:
        """An instant in UTC; absent and null are None."""
        value = self.value.get(name)
        if value is None:
            return None
        try:
            found = datetime.fromisoformat(value) if isinstance(value, str) and value.isascii() else None
        except ValueError:
            found = None
        if found is None or found.tzinfo is None or not EARLIEST < found.year < LATEST:
            self.refuse("invalid_time", name, "A time with an offset was expected here.", raw=str(value)[:64])
            return None
        return found.astimezone(UTC)

    def decimal(self, name: str) -> Decimal | None:
        """An amount as text, as this platform writes them; absent and null are None, or what the set of both says."""
        value = self.value.get(name)
        if value is None:
            value = self._shop_money(f"{name}_set", "amount")
        if value is None:
            return None
        if not isinstance(value, str) or not _AMOUNT.match(value):
            self.refuse("invalid_amount", name, "An amount is text such as 12.50.", raw=str(value)[:64])
            return None
        return Decimal(value)

    def money(self, name: str, currency: str) -> Money | None:
        """An amount in the shop's currency."""
        value = self.decimal(name)
        if value is None or not self._currency_fits(name, currency):
            return None
        try:
            return Money.of(value, currency)
        except InvalidCommand as error:
            self.refuse("invalid_amount", name, str(error), raw=str(value)[:64])
            return None

    def price(self, name: str, currency: str) -> Price | None:
        """A price of one unit, possibly finer than the minor unit."""
        value = self.decimal(name)
        if value is None or not self._currency_fits(name, currency):
            return None
        try:
            return Price.of(value, currency)
        except InvalidCommand as error:
            self.refuse("invalid_amount", name, str(error), raw=str(value)[:64])
            return None

    def _currency_fits(self, name: str, currency: str) -> bool:
        stated = self._shop_money(f"{name}_set", "currency_code")
        if stated is None or stated == currency:
            return True
        self.refuse(
            "mixed_currency", f"{name}_set", f"Another currency on an order in {currency}.", raw=str(stated)[:8]
        )
        return False

    def _shop_money(self, name: str, member: str) -> JsonValue:
        both = self.value.get(name)
        money = both.get("shop_money") if isinstance(both, dict) else None
        return money.get(member) if isinstance(money, dict) else None

    def node(self, name: str) -> Node | None:
        """An object within; absent and null are None."""
        value = self.value.get(name)
        if isinstance(value, dict):
            return Node(value, self.at(name), self.problems)
        if value is not None:
            self.refuse("invalid_type", name, "An object was expected here.")
        return None

    def nodes(self, name: str) -> Iterator[Node]:
        """The objects of an array; absent and null are an empty one."""
        value = self.value.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            self.refuse("invalid_type", name, "An array was expected here.")
            return
        for place, member in enumerate(value):
            if isinstance(member, dict):
                yield Node(member, f"{self.at(name)}[{place}]", self.problems)
            else:
                self.refuse("invalid_type", f"{name}[{place}]", "An object was expected here.")
