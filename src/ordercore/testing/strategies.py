"""Hypothesis strategies: SKUs, amounts, quantities, lines, orders, addresses, stock moves, transmissions, faults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ordercore.message import Command
from ordercore.order import Line, PlaceOrder
from ordercore.ports import Transmission
from ordercore.stock import AdjustStock, MoveStock, Received, ReceiveStock
from ordercore.testing.channel_rules.sample import LineSample, OrderSample
from ordercore.testing.faulty_store import FAULTS, StoreFault
from ordercore.testing.memory_channel import MemoryChannel
from ordercore.values import CURRENCIES, MAX_QUANTITY, Address, GeoPoint, Money, Price, Sku

SKUS: Final = ("TEA", "CUP")
LOCATIONS: Final = ("WH1", "WH2")

_MARKS: Final = "._-+#:()&*%'"
_NAMES: Final = ("Nobody Atall", "Người Không", "没有人", "O'Placeholder", "J. R. Exemplar-Smythe")
_STREETS: Final = ("1 Example Road", "Beispielweg 2 b", "示例路 3 号", "P.O. Box 4")
_CITIES: Final = ("Exampleton", "Musterstadt", "示例市")


def skus() -> SearchStrategy[Sku]:
    """Anything that is a SKU: 1 to 64 letters and digits of any script, blanks inside, some marks."""
    letters = st.characters(categories=("Lu", "Ll", "Lt", "Lo", "Nd"), include_characters=_MARKS + " ")
    return st.text(letters, min_size=1, max_size=64).filter(lambda text: text == text.strip()).map(Sku)


def currencies() -> SearchStrategy[str]:
    """ISO 4217 codes, with 0, 2, 3 and 4 digits alike."""
    by_digits = sorted(CURRENCIES, key=lambda code: (CURRENCIES[code], code))
    return st.sampled_from([code for code in by_digits if CURRENCIES[code] != 2] + ["EUR", "USD", "GBP", "CNY"])


def money(currency: str = "EUR", *, most: int = 10**9) -> SearchStrategy[Money]:
    """Amounts from 0 to `most` minor units."""
    return st.integers(0, most).map(lambda amount: Money.minor(amount, currency))


def prices(currency: str = "EUR", *, most: int = 10**9) -> SearchStrategy[Price]:
    """Unit prices from 0, with up to six digits more than the currency has."""
    least = CURRENCIES[currency]
    return st.builds(Price, st.integers(0, most), st.integers(least, min(least + 6, 12)), st.just(currency))


def quantities(*, most: int = MAX_QUANTITY) -> SearchStrategy[int]:
    """Smallest units: 1 to `most`, small ones more often."""
    return st.one_of(st.integers(1, min(12, most)), st.integers(1, most))


@st.composite
def order_lines(
    draw: st.DrawFn, skus: Sequence[str], *, currency: str = "EUR", most: int = 5, locations: Sequence[str] = ()
) -> tuple[Line, ...]:
    """One to four lines over these SKUs, some twice, some with a discount or tax, some pinned to a location."""
    lines: list[Line] = []
    for n in range(draw(st.integers(1, 4))):
        quantity, price = draw(st.integers(1, most)), draw(st.integers(0, 10_000))
        whole = quantity * price
        lines.append(
            Line(
                draw(st.sampled_from(list(skus))),
                quantity,
                Money.minor(price, currency),
                f"L{n + 1}",
                draw(st.none() | st.integers(0, whole).map(lambda amount: Money.minor(amount, currency))),
                draw(st.none() | money(currency, most=5_000)),
                draw(st.sampled_from(["", *locations])),
            )
        )
    return tuple(lines)


@st.composite
def orders(
    draw: st.DrawFn, skus: Sequence[str] = SKUS, *, currency: str = "EUR", most: int = 5, locations: Sequence[str] = ()
) -> PlaceOrder:
    """Commands that place orders of these SKUs, under any external id, with any policy for allocation and shortage."""
    return PlaceOrder(
        draw(st.sampled_from(["shop", "market"])),
        str(draw(st.integers(1, 10**6))),
        currency,
        draw(order_lines(skus, currency=currency, most=most, locations=locations)),
        priority=draw(st.integers(-3, 3)),
        allocate=draw(st.sampled_from(["", "manual"])),
        shortage=draw(st.sampled_from(["", "refuse", "backorder", "partial"])),
    )


def addresses() -> SearchStrategy[Address]:
    """Where nobody lives: in several countries and scripts, with and without a point."""
    points = st.builds(GeoPoint, st.integers(-60_000_000, 70_000_000), st.integers(-179_000_000, 179_000_000))
    return st.builds(
        Address,
        st.sampled_from(["DE", "GB", "CN", "US", ""]),
        st.sampled_from(_NAMES),
        st.lists(st.sampled_from(_STREETS), min_size=1, max_size=2, unique=True).map(tuple),
        st.sampled_from(_CITIES),
        postal_code=st.from_regex(r"[0-9]{5}", fullmatch=True),
        email=st.sampled_from(["", "nobody@example.com"]),
        point=st.none() | points,
    )


@st.composite
def stock_moves(
    draw: st.DrawFn, skus: Sequence[str] = SKUS, *, locations: Sequence[str] = LOCATIONS, most: int = 9
) -> Command[Any]:
    """Commands that bring stock in, write it up or down, or move it between buckets; some will be refused as short."""
    sku, location, units = (
        draw(st.sampled_from(list(skus))),
        draw(st.sampled_from(list(locations))),
        draw(st.integers(1, most)),
    )
    kind = draw(st.sampled_from(["receive", "receive", "adjust", "move"]))
    if kind == "receive":
        return ReceiveStock(location, [Received(sku, units)])
    if kind == "adjust":
        return AdjustStock(location, sku, draw(st.sampled_from([units, -units])), "found")
    return MoveStock(location, sku, units, "available", draw(st.sampled_from(["damaged", "quarantine"])), "sorted")


@st.composite
def stated_orders(draw: st.DrawFn, skus: Sequence[str] = SKUS, *, most: int = 5) -> OrderSample:
    """Orders as a channel states them: one to four lines, a currency, perhaps an address."""
    count = draw(st.integers(1, 4))
    prices = st.integers(0, 10_000).map(lambda cents: Decimal(cents).scaleb(-2))
    lines = tuple(
        LineSample(str(n), draw(st.sampled_from(list(skus))), Decimal(draw(st.integers(1, most))), draw(prices))
        for n in range(1, count + 1)
    )
    placed = draw(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    return OrderSample(
        str(draw(st.integers(1, 10**6))), lines, draw(st.sampled_from(["EUR", "GBP"])), placed, placed,
        draw(st.none() | addresses()),
    )  # fmt: skip


@st.composite
def transmissions(
    draw: st.DrawFn, channel: MemoryChannel | None = None, *, skus: Sequence[str] = SKUS, most: int = 3
) -> Transmission:
    """Signed deliveries of one to `most` orders, some with an id of their own, some damaged on the way and signed so."""
    channel = channel or MemoryChannel()
    made = draw(st.lists(stated_orders(skus), min_size=1, max_size=most, unique_by=lambda order: order.order))
    sent = channel.transmission(*made, transport_id=draw(st.sampled_from(["", "delivery-1", "delivery-2"])))
    if draw(st.integers(0, 4)):
        return sent
    return channel.signed(sent.body[: draw(st.integers(0, len(sent.body)))])


def store_faults(*, most: int = 30) -> SearchStrategy[list[StoreFault]]:
    """Scripts for `FaultyStore`, with every fault but `delay`, which needs a clock."""
    return st.lists(st.sampled_from([fault for fault in FAULTS if fault != "delay"]), max_size=most)
