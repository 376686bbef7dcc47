"""Values: money, prices, quantities, points on the globe, addresses, ids and the checks that text from outside must pass."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal, NewType

from attrs import frozen

from ordercore.errors import InvalidCommand, did_you_mean
from ordercore.readable.words import cut

Sku = NewType("Sku", str)
OrderId = NewType("OrderId", str)
LineId = NewType("LineId", str)
LocationCode = NewType("LocationCode", str)
Place = NewType("Place", str)
CommandId = NewType("CommandId", str)
Stream = NewType("Stream", str)
Cursor = NewType("Cursor", str)

Attribute = str | int | bool | Decimal
Attributes = Mapping[str, Attribute]

MAX_QUANTITY: Final = 10**9
MAX_MINOR: Final = 2**62
MAX_DIGITS: Final = 24

_NUMBER = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,24})?\Z")
_TWO: Final = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"  # noqa: E501
CURRENCIES: Final[Mapping[str, int]] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
"""ISO 4217 code -> digits of its minor unit (ISO 4217 list one; checked in the tests against Babel's data)."""


def exponent_of(currency: str) -> int:
    """Digits of the currency's minor unit; an unknown code is refused with the nearest known ones."""
    try:
        return CURRENCIES[currency]
    except (KeyError, TypeError):
        raise InvalidCommand(
            f"Currency {currency!r} is not an ISO 4217 code.", currency=str(currency)[:16],
            hint=did_you_mean(str(currency)[:16].upper(), CURRENCIES),
        ) from None  # fmt: skip


def decimal_of(value: str | Decimal, *, what: str) -> Decimal:
    """A bounded, finite Decimal of ASCII digits; anything else is refused before it is converted.

    `"1E+1000000"` as an integer costs a minute of CPU, `"１２"` passes `int()`: so the text must be plain
    digits with one optional point, and a Decimal must have at most 24 digits on either side of it.
    """
    if isinstance(value, str):
        if not _NUMBER.match(value):
            raise InvalidCommand(
                f"{what} {value[:32]!r} is not a plain decimal number.", what=what, value=value[:32],
                hint="Write ASCII digits with at most one decimal point, such as 12.50.",
            )  # fmt: skip
        return Decimal(value)
    if not isinstance(value, Decimal):
        raise InvalidCommand(
            f"{what} must be text or a Decimal, not {type(value).__name__}.", what=what, value=type(value).__name__,
            hint='Write it as text, such as "12.50": floats lose cents, and a bare int does not say its unit.',
        )  # fmt: skip
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or exponent < -MAX_DIGITS or len(digits) + max(exponent, 0) > 2 * MAX_DIGITS:
        raise InvalidCommand(
            f"{what} is not a number within {MAX_DIGITS} digits.",
            what=what,
            hint="NaN, infinities and giants are refused.",
        )
    return value


def _minor(value: Decimal, exponent: int, *, what: str) -> int:
    scaled = value.scaleb(exponent)
    whole = int(scaled)
    if whole != scaled:
        raise InvalidCommand(
            f"{what} {value} is finer than the currency's minor unit.", what=what, value=str(value),
            hint=f"At most {exponent} decimal digits; unit prices may be finer, amounts may not.",
        )  # fmt: skip
    return whole


@frozen
class Money:
    """An amount in minor units (cents, yen, fils) of an ISO 4217 currency. Exact; never a float."""

    amount: int
    currency: str

    @classmethod
    def of(cls, value: str | Decimal, currency: str) -> Money:
        """From text or Decimal in major units: `Money.of("12.50", "EUR")`. Raises InvalidCommand."""
        return cls.minor(_minor(decimal_of(value, what="Amount"), exponent_of(currency), what="Amount"), currency)

    @classmethod
    def minor(cls, amount: int, currency: str) -> Money:
        """From minor units: `Money.minor(1250, "EUR")`. Raises InvalidCommand for floats, bools and giants."""
        exponent_of(currency)
        if type(amount) is not int or not -MAX_MINOR <= amount <= MAX_MINOR:
            raise InvalidCommand(
                "An amount in minor units is an int within 2**62.",
                what="amount",
                hint='`Money.of("12.50", "EUR")` takes major units.',
            )
        return cls(amount, currency)

    @property
    def decimal(self) -> Decimal:
        """In major units, with the currency's digits."""
        return Decimal(self.amount).scaleb(-exponent_of(self.currency))

    def __add__(self, other: Money) -> Money:
        """Sum; both in one currency."""
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Difference; both in one currency."""
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise InvalidCommand(
                f"{self.currency} and {other.currency} do not add.", hint="Convert at a stated rate first."
            )

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Split by integer weights so that the parts sum to the whole (largest remainder, earlier parts first).

        Source: Hamilton's method of apportionment. Raises InvalidCommand without a positive weight.
        """
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise InvalidCommand(
                "Splitting needs non-negative weights with a positive sum.",
                what="weights",
                hint="Such as (1, 1) for halves.",
            )
        shares = [divmod(self.amount * weight, total) for weight in weights]
        rest = self.amount - sum(whole for whole, _ in shares)
        by_remainder = sorted(range(len(shares)), key=lambda n: (-shares[n][1], n))[:rest]
        return tuple(Money(whole + (n in by_remainder), self.currency) for n, (whole, _) in enumerate(shares))

    def __repr__(self) -> str:
        """`Money.of('12.50', 'EUR')`: what makes it again."""
        if self.currency not in CURRENCIES or type(self.amount) is not int:
            return f"Money({cut(repr(self.amount))}, {cut(repr(self.currency))})"
        return f"Money.of({str(self.decimal)!r}, {self.currency!r})"

    def __str__(self) -> str:
        """`12.50 EUR`."""
        if self.currency not in CURRENCIES:
            return f"{self.amount} {self.currency} (minor units)"
        return f"{self.decimal:f} {self.currency}"


@frozen
class Price:
    """A price of one unit of sale, possibly finer than the minor unit: `amount` / 10**`digits` major units.

    A line's total is `quantity * price`, rounded once, half to even, to the minor unit (`line_total`).
    """

    amount: int
    digits: int
    currency: str

    @classmethod
    def of(cls, value: str | Decimal | Money, currency: str) -> Price:
        """From text, Decimal or Money; at most 12 decimal digits. Refuses int, float and another currency."""
        if type(value) is str:
            return _price_of_text(value, currency)
        return cls._of(value, currency)

    @classmethod
    def _of(cls, value: str | Decimal | Money, currency: str) -> Price:
        exponent = exponent_of(currency)
        if type(value) is Money:
            if value.currency != currency:
                raise InvalidCommand(
                    f"A price in {value.currency} on an order in {currency}.", hint="One order has one currency."
                )
            return cls(Money.minor(value.amount, currency).amount, exponent, currency)
        number = decimal_of(value, what="Price")  # type: ignore[arg-type]  # Money is handled above
        _, _, power = number.as_tuple()
        digits = max(exponent, -power if isinstance(power, int) else 0)
        if digits > 12:
            raise InvalidCommand(
                "A price has at most 12 decimal digits.", what="price", value=str(number)[:32], hint="Round it."
            )
        scaled = int(number.scaleb(digits))
        if abs(scaled) > MAX_MINOR:
            raise InvalidCommand(
                "The price is out of range.", what="price", hint="At most 2**62 of its smallest units."
            )
        return cls(scaled, digits, currency)

    @property
    def decimal(self) -> Decimal:
        """In major units."""
        return Decimal(self.amount).scaleb(-self.digits)

    def line_total(self, quantity: int, scale: int = 0) -> int:
        """Minor units of `quantity` smallest units, where 10**`scale` of them make one unit of sale; half to even."""
        drop = self.digits - CURRENCIES[self.currency] + scale
        total = self.amount * quantity
        if not drop:
            return total
        return round(Fraction(total, 10**drop))

    def __str__(self) -> str:
        """`2.55 GBP`."""
        return f"{self.decimal:f} {self.currency}"


@lru_cache(maxsize=16_384)
def _price_of_text(text: str, currency: str) -> Price:
    """Lists have few prices and orders many lines, so they are parsed once."""
    return Price._of(text, currency)


@frozen
class Quantity:
    """A quantity as people write it, at the edge only: inside, quantities are ints in the item's smallest unit."""

    value: Decimal
    unit: str

    @classmethod
    def of(cls, value: str | Decimal, unit: str) -> Quantity:
        """`Quantity.of("1.250", "kg")`. Raises InvalidCommand for anything but a plain bounded number."""
        return cls(decimal_of(value, what="Quantity"), unit)

    def __repr__(self) -> str:
        """`Quantity.of('1.250', 'kg')`: what makes it again."""
        return f"Quantity.of({cut(str(self.value))!r}, {cut(str(self.unit))!r})"

    def to_units(self, *, scale: int, unit: str, factors: Mapping[str, Fraction] | None = None) -> int:
        """Smallest units of an item with `unit` and `scale` digits; refuses what is not representable exactly.

        `factors` holds units of the item per other unit (a case of 12 is `{"case": Fraction(12)}`).
        """
        factor = Fraction(1) if self.unit in ("", unit) else (factors or {}).get(self.unit)
        if factor is None:
            known = (unit, *(factors or {}))
            raise InvalidCommand(
                f"Unit {self.unit!r} is not one of this item.", unit=self.unit[:32], hint=did_you_mean(self.unit, known)
            )
        # It may have been built without `of`: a giant costs seconds before it is found to be out of range.
        exact = Fraction(decimal_of(self.value, what="Quantity")) * factor * 10**scale
        if exact.denominator != 1:
            raise InvalidCommand(
                f"{self.value} {self.unit or unit} is not a whole number of smallest units.",
                value=str(self.value)[:32], unit=self.unit,
                hint=f"The item counts in steps of {Decimal(1).scaleb(-scale):f} {unit}.",
            )  # fmt: skip
        return units_of(exact.numerator)


def units_of(value: object, *, what: str = "Quantity", least: int = 1) -> int:
    """An int number of smallest units within [least, 10**9]; bools, floats and text are refused."""
    if type(value) is not int:
        raise InvalidCommand(
            f"{what} must be an int of the item's unit, not {type(value).__name__}.", what=what,
            hint='Use Quantity.of("1.250", "kg") for other units.',
        )  # fmt: skip
    if not least <= value <= MAX_QUANTITY:
        raise InvalidCommand(
            f"{what} {value if abs(value) < 10**15 else 'out of range'} is not between {least} and {MAX_QUANTITY}.",
            what=what, least=least, hint="Quantities are whole numbers of the item's smallest unit.",
        )  # fmt: skip
    return value


@frozen
class GeoPoint:
    """A point on the globe in millionths of a degree (WGS 84)."""

    latitude_e6: int
    longitude_e6: int

    @classmethod
    def of(cls, latitude: str | Decimal, longitude: str | Decimal) -> GeoPoint:
        """From degrees as text or Decimal, rounded to a millionth (about 11 cm)."""
        north = round(decimal_of(latitude, what="Latitude").scaleb(6))
        east = round(decimal_of(longitude, what="Longitude").scaleb(6))
        if not (-90_000_000 <= north <= 90_000_000 and -180_000_000 <= east <= 180_000_000):
            raise InvalidCommand(
                "A point lies within 90 degrees north or south and 180 east or west.",
                what="point",
                hint="Latitude first, in degrees.",
            )
        return cls(north, east)

    def metres_to(self, other: GeoPoint) -> int:
        """Great-circle distance in whole metres (haversine on a sphere of 6,371,008.8 m, IUGG mean radius)."""
        return _metres(self.latitude_e6, self.longitude_e6, other.latitude_e6, other.longitude_e6)


@lru_cache(maxsize=65_536)
def _metres(lat1_e6: int, lon1_e6: int, lat2_e6: int, lon2_e6: int) -> int:
    lat1, lon1, lat2, lon2 = (math.radians(part / 1e6) for part in (lat1_e6, lon1_e6, lat2_e6, lon2_e6))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return round(2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(h))))


@frozen(repr=False)
class Address:
    """Where somebody lives: personal data, kept in an erasable document, never in events, logs or errors."""

    country: str
    name: str = ""
    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    phone: str = ""
    email: str = ""
    point: GeoPoint | None = None

    def __repr__(self) -> str:
        """Only what is not personal."""
        return f"Address(country={self.country!r}, ...)"


EtaPrecision = Literal["instant", "hour", "day"]
EtaSource = Literal["carrier", "promise", "model"]


@frozen
class Eta:
    """When somebody expects an arrival: a window, how fine it is, who says so, and since when. An estimate, no promise.

    `earliest` and `latest` are aware instants; a date is the window of its day at the destination.
    """

    earliest: datetime
    latest: datetime
    precision: EtaPrecision = "day"
    source: EtaSource = "carrier"
    as_of: datetime | None = None


@frozen
class Destination:
    """What events keep of an address: country, region and a point; the rest by reference."""

    country: str = ""
    region: str = ""
    point: GeoPoint | None = None
    person: str = ""


_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?\Z")
_SKU_MARKS: Final = frozenset(" ._-+#:()&*%'")


def code_of(text: object, *, what: str) -> str:
    """A code of 1 to 64 ASCII letters, digits, dots, dashes and underscores (locations, channels, lots, parcels)."""
    if isinstance(text, str) and _CODE.match(text):
        return text
    raise InvalidCommand(
        f"{what} {str(text)[:32]!r} is not a code.", what=what,
        hint="1 to 64 ASCII letters, digits, dots, dashes or underscores, beginning and ending with a letter or digit.",
    )  # fmt: skip


@lru_cache(maxsize=131_072)
def sku_of(text: str) -> Sku:
    """A SKU of 1 to 64 letters, digits and ` ._-+#:()&*%'`; no slash, control, bidi or zero-width character."""
    if (
        not isinstance(text, str)
        or not 1 <= len(text) <= 64
        or text != text.strip()
        or not all(letter.isalnum() or letter in _SKU_MARKS for letter in text)
    ):
        raise InvalidCommand(
            f"SKU {str(text)[:32]!a} is not acceptable.", what="sku", value=ascii(str(text)[:32]),
            hint="1 to 64 letters, digits, blanks inside, and any of ._-+#:()&*%'",
        )  # fmt: skip
    return Sku(text)


def text_of(text: object, *, what: str, most: int = 200, empty: bool = True) -> str:
    """One line of clean text: no control characters, no lone surrogates, at most `most` characters."""
    if not isinstance(text, str):
        raise InvalidCommand(
            f"{what} must be text, not {type(text).__name__}.",
            what=what,
            hint="Convert it where you know what it means.",
        )
    if len(text) > most or (not text and not empty):
        raise InvalidCommand(
            f"{what} must have {'0' if empty else '1'} to {most} characters.",
            what=what,
            hint="Cut it, or keep it in the attributes.",
        )
    if not text.isprintable() and any(
        unicodedata.category(letter) in ("Cc", "Cs", "Cf", "Zl", "Zp") for letter in text
    ):
        raise InvalidCommand(
            f"{what} has control characters or lone surrogates.", what=what, hint="One line of clean text."
        )
    return text


def country_of(text: str) -> str:
    """Two capital ASCII letters (ISO 3166-1 alpha-2 by shape) or an empty string."""
    if isinstance(text, str) and (
        not text or (len(text) == 2 and text.isascii() and text.isalpha() and text.isupper())
    ):
        return text
    # What stands here may be any other field of an address, so it is not repeated.
    raise InvalidCommand("A country is two capital letters.", what="country", hint="Such as GB, DE, CN.")


def instant_of(value: datetime, *, what: str) -> datetime:
    """An aware datetime, in UTC; naive ones are refused, for nobody knows whose midnight they mean."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidCommand(f"{what} must be an aware datetime.", what=what, hint="Give it a time zone: tzinfo=UTC.")
    return value if value.tzinfo is UTC else value.astimezone(UTC)
