"""A shop's history made up from a seed, in the shape of a real one: for those without a file of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from types import MappingProxyType
from typing import Final

from attrs import define, field

from ordercore.intake.history import History, HistoryRules
from ordercore.ports import OrderRow
from ordercore.values import Price, Sku

SAMPLE_RULES: Final = HistoryRules(time_zone="Europe/London", reversals=("C*",), bookkeeping=("A*",))
CURRENCY: Final = "GBP"
HEADER: Final = "order,sku,quantity,placed_at,unit_price,customer,country"

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_BEGIN: Final = datetime(2020, 12, 1, 8, 0, tzinfo=UTC)
_DAYS: Final = 373
_QUANTITIES: Final = (1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 6, 6, 8, 10, 12, 12, 24, 48, 120)
_COUNTRIES: Final = ("GB",) * 18 + ("DE", "FR", "IE", "ES")
_CREDIT, _WRITE_OFF, _BOOKS = 0.15, 0.05, 0.000_1
_KEPT: Final = 400
_ANONYMOUS: Final = 0.25

Sold = tuple[str, str, tuple[tuple[Sku, int, Price], ...]]
"""(customer, country, lines) of an order that may be taken back."""


@define(eq=False)
class Sample:
    """`documents` orders, credit notes and write-offs over a year: the same for the same seed."""

    documents: int
    seed: int
    _random: Random = field(init=False)
    _skus: list[Sku] = field(init=False)
    _weights: list[float] = field(init=False)
    _prices: list[Price] = field(init=False)
    _line: int = field(init=False, default=1)
    _late: list[OrderRow] = field(init=False, factory=list)

    def rows(self) -> Iterator[OrderRow]:
        """All rows, in the order of their time; those of one document are mostly together."""
        self._random = random = Random(self.seed)  # noqa: S311  # a sample, not a secret
        self._line = 1
        self._late = []
        count = min(max(self.documents // 6, 20), 4_000)
        self._skus = [Sku(f"{20_000 + n}{random.choice(('', '', 'A', 'B'))}") for n in range(count)]
        # A few sell most, and most sell a little: Zipf's law with exponent 0.8.
        self._weights = list(accumulate(1 / (n + 3) ** 0.8 for n in range(count)))
        self._prices = [Price(random.choice((42, 85, 125, 165, 210, 295, 495, 995)), 2, CURRENCY) for _ in range(count)]
        step = timedelta(days=_DAYS) / self.documents
        kept: deque[Sold] = deque(maxlen=_KEPT)
        for number in range(self.documents):
            moment = _BEGIN + timedelta(minutes=number * step // timedelta(minutes=1))
            yield from self._document(number, moment, kept)

    def _document(self, number: int, moment: datetime, kept: deque[Sold]) -> Iterator[OrderRow]:
        chance = self._random.random()
        if chance < _BOOKS:
            yield self._row(f"A{500_000 + number}", Sku("B"), 1, moment, Price(-1_106_206, 2, CURRENCY), "", "GB")
        elif chance < _BOOKS + _WRITE_OFF:
            sku = self._skus[self._pick()]
            quantity = -self._random.choice(_QUANTITIES)
            yield self._row(f"{500_000 + number}", sku, quantity, moment, Price(0, 2, CURRENCY), "", "GB")
        elif chance < _BOOKS + _WRITE_OFF + _CREDIT and kept:
            yield from self._credit(f"C{500_000 + number}", moment, self._random.choice(kept))
        else:
            yield from self._order(f"{500_000 + number}", moment, kept)

    def _pick(self) -> int:
        return self._random.choices(range(len(self._skus)), cum_weights=self._weights)[0]

    def _order(self, name: str, moment: datetime, kept: deque[Sold]) -> Iterator[OrderRow]:
        random = self._random
        anonymous = random.random() < _ANONYMOUS
        customer = "" if anonymous else str(12_000 + random.randrange(max(self.documents // 6, 5)))
        country = random.choice(_COUNTRIES)
        lines = min(max(int(random.lognormvariate(2.6, 1.0)), 1), 1_000)
        sold: list[tuple[Sku, int, Price]] = []
        for at in random.choices(range(len(self._skus)), cum_weights=self._weights, k=lines):
            price = self._prices[at] if random.random() > 0.004 else Price(0, 2, CURRENCY)
            sold.append((self._skus[at], random.choice(_QUANTITIES), price))
        if random.random() < 0.05:
            sold.append((Sku("POST"), random.randrange(1, 4), Price(1800, 2, CURRENCY)))
        late, self._late = self._late, []
        for line, (sku, quantity, price) in enumerate(sold):
            row = (name, sku, quantity, moment, price, customer, country)
            if line and random.random() < 0.000_1:
                self._late.append(self._row(*row))  # a row that stands behind the next document
                continue
            yield self._row(*row)
        yield from (one._replace(line=self._next()) for one in late)
        if not anonymous:
            kept.append((customer, country, tuple(sold)))

    def _credit(self, name: str, moment: datetime, sold: Sold) -> Iterator[OrderRow]:
        customer, country, lines = sold
        for sku, quantity, price in self._random.sample(
            lines, min(len(lines), self._random.choice((1, 1, 1, 2, 3, 5)))
        ):
            back = max(quantity // self._random.choice((1, 1, 1, 2)), 1)
            yield self._row(name, sku, -back, moment, price, customer, country)
        if self._random.random() < 0.02:
            yield self._row(name, Sku("D"), -1, moment, Price(2_500, 2, CURRENCY), customer, country)

    def _next(self) -> int:
        self._line += 1
        return self._line

    def _row(
        self, name: str, sku: Sku, quantity: int, moment: datetime, price: Price, customer: str, country: str
    ) -> OrderRow:
        untracked = sku in ("POST", "D", "B")
        return OrderRow(
            self._next(), name, sku, quantity, price, CURRENCY, moment, customer, country, "", untracked, _NOTHING
        )

    def keep(self, history: History, rows: Sequence[int]) -> None:
        """Nothing: every line can be written again."""

    def body(self, history: History, rows: Sequence[int]) -> bytes:
        """These rows as CSV."""
        lines = [HEADER]
        for row in rows:
            invoice = history.invoices[history.invoice[row]]
            price = history.prices[history.price[row]]
            moment = invoice.moment.isoformat() if invoice.moment else ""
            cells = (
                invoice.name, history.skus[history.sku[row]], str(history.quantity[row]), moment, f"{price.decimal:f}",
                history.customers[invoice.customer], invoice.country,
            )  # fmt: skip
            lines.append(",".join(cells))
        return "".join(f"{line}\n" for line in lines).encode()
