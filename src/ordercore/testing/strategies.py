"""Hypothesis strategies: SKUs, amounts, quantities, order lines, and commands that place orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ordercore.order import Line, PlaceOrder
from ordercore.values import CURRENCIES, MAX_QUANTITY, Money, Price, Sku

_MARKS: Final = "._-+#:()&*%'"


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
def place_orders(
    draw: st.DrawFn, skus: Sequence[str], *, currency: str = "EUR", most: int = 5, locations: Sequence[str] = ()
) -> PlaceOrder:
    """Orders of these SKUs, under any external id, with any policy for allocation and shortage."""
    return PlaceOrder(
        draw(st.sampled_from(["shop", "market"])),
        str(draw(st.integers(1, 10**6))),
        currency,
        draw(order_lines(skus, currency=currency, most=most, locations=locations)),
        priority=draw(st.integers(-3, 3)),
        allocate=draw(st.sampled_from(["", "manual"])),
        shortage=draw(st.sampled_from(["", "refuse", "backorder", "partial"])),
    )
