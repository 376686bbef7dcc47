"""History: rows of past orders in columns, read once and put in order, with the rules by which they are replayed.

A line is about 20 bytes here, so that years of a shop fit in memory whatever the order of the rows in the file.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from hashlib import blake2b
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

from attrs import define, field, fields, frozen

from ordercore.errors import ConfigurationError, nearest
from ordercore.ports import BadRow, OrderRow, Problem
from ordercore.values import MAX_QUANTITY, Price, Sku

Position = tuple[int, int, int]
"""Where a step stands in the history: (microseconds since 1970, rank, number). Earlier ones come first."""

RECEIPT, SHIPMENT, DOCUMENT = 0, 1, 2
"""Ranks of steps of the same moment."""

START: Final[Position] = (-(2**62), 0, 0)
END: Final[Position] = (2**62, 0, 0)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DISPOSITIONS: Final = ("restock", "quarantine", "damaged")


@frozen
class HistoryRules:
    """By which rules past orders are replayed: the `[history]` table of a column map.

    `location` has all the stock, `time_zone` says where a month begins. `supplied_percent` of the units that a SKU has
    sold by the end of a month are received before that month begins, `skus_per_receipt` to a receipt. What is reserved
    `shipped_after_days` after it was ordered or received is shipped then. `reversals` are patterns of numbers of credit
    notes, `bookkeeping` of those that are no trade at all. `disposition`: what becomes of goods that come back.
    """

    location: str = "WH1"
    time_zone: str = "UTC"
    supplied_percent: int = 95
    shipped_after_days: int = 7
    skus_per_receipt: int = 1_000
    reversals: tuple[str, ...] = ()
    bookkeeping: tuple[str, ...] = ()
    disposition: str = "restock"

    @classmethod
    def from_settings(cls, settings: Mapping[str, object]) -> HistoryRules:
        """From the tables of a column map. Raises ConfigurationError that names what is wrong."""
        table, file = settings.get("history", {}), settings.get("file", {})
        if not isinstance(table, Mapping) or not isinstance(file, Mapping):
            raise ConfigurationError(
                "[history] and [file] must be tables.", hint="Such as [history] on a line of its own."
            )
        defaults = cls()
        for name, value in table.items():
            if name == "time_zone" or not hasattr(defaults, str(name)):
                known = [known.name for known in fields(cls) if known.name != "time_zone"]
                raise ConfigurationError(f"There is no {name!r} in [history].", hint=nearest(str(name), known))
            wanted = getattr(defaults, str(name))
            fits = _is_patterns(value) if isinstance(wanted, tuple) else type(value) is type(wanted)
            if not fits:
                raise ConfigurationError(
                    f"[history] {name} is not of the form {wanted!r}.", hint="As the default is written."
                )
        made = {str(name): tuple(value) if isinstance(value, list) else value for name, value in table.items()}
        rules = cls(**{**made, "time_zone": str(file.get("time_zone", "")) or "UTC"})  # type: ignore[arg-type]  # checked above
        rules.check()
        return rules

    def check(self) -> None:
        """Raise ConfigurationError for rules that cannot work."""
        if not 0 <= self.supplied_percent <= 100:
            raise ConfigurationError(
                "[history] supplied_percent is between 0 and 100.", hint="Per cent of what was sold."
            )
        if not 1 <= self.shipped_after_days <= 3650 or not 1 <= self.skus_per_receipt <= 10_000:
            raise ConfigurationError(
                "[history] shipped_after_days is at least 1, skus_per_receipt 1 to 10,000.",
                hint="Leave them out for the defaults.",
            )
        if self.disposition not in _DISPOSITIONS:
            hint = nearest(self.disposition, _DISPOSITIONS)
            raise ConfigurationError(f"[history] disposition {self.disposition!r} is not known.", hint=hint)

    @property
    def zone(self) -> ZoneInfo:
        """Where the shop's months begin."""
        return ZoneInfo(self.time_zone)


def _is_patterns(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(pattern, str) for pattern in value)


def micros_of(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


@define(eq=False)
class Invoice:
    """What a document says once: its number, when, whose. `sales` and `reversals` are rows, `problem` why it is no use."""

    number: int
    name: str
    moment: datetime | None
    customer: int
    country: str
    currency: str
    reversal: bool
    first: int
    rejected: bool = False

    @property
    def position(self) -> Position:
        """Its place in the history."""
        return (micros_of(self.moment) if self.moment is not None else START[0], DOCUMENT, self.first)


@define(eq=False)
class History:
    """All rows of a file in columns, and what was said of each document. Rows are numbered from 0 in file order."""

    rules: HistoryRules
    skus: list[Sku] = field(factory=list)
    tracked: list[bool] = field(factory=list)
    prices: list[Price] = field(factory=list)
    customers: list[str] = field(factory=list)
    invoices: list[Invoice] = field(factory=list)
    line: array[int] = field(factory=lambda: array("q"))
    """Number of the physical line."""
    invoice: array[int] = field(factory=lambda: array("i"))
    """Number of the invoice; -1 where it cannot be told."""
    sku: array[int] = field(factory=lambda: array("i"))
    """-1 for a row that cannot be read."""
    quantity: array[int] = field(factory=lambda: array("i"))
    price: array[int] = field(factory=lambda: array("i"))
    problems: dict[int, tuple[Problem, ...]] = field(factory=dict)
    """Row -> what is wrong with it."""
    names: dict[str, int] = field(factory=dict)
    """Number of an invoice by its name."""
    _starts: array[int] = field(factory=lambda: array("i"))
    _members: array[int] = field(factory=lambda: array("i"))

    def __len__(self) -> int:
        """How many rows."""
        return len(self.line)

    def rows(self, invoice: int) -> Sequence[int]:
        """The rows of an invoice, in file order, wherever they stand in the file."""
        return self._members[self._starts[invoice] : self._starts[invoice + 1]]

    def sales(self, invoice: Invoice) -> list[int]:
        """Its rows that sell something."""
        return [row for row in self.rows(invoice.number) if self.quantity[row] > 0]

    def reversals(self, invoice: Invoice) -> list[int]:
        """Its rows that take something back."""
        return [row for row in self.rows(invoice.number) if self.quantity[row] < 0]

    def lost(self) -> list[int]:
        """Rows of which it cannot be told whose they are."""
        return [row for row in self.problems if self.invoice[row] < 0]

    def digest(self) -> str:
        """What the file says, as one short name: two files are the same history, or they are not."""
        state = blake2b(digest_size=12)
        for column in (self.line, self.invoice, self.sku, self.quantity, self.price):
            state.update(column.tobytes())
        for text in (*self.skus, *map(repr, self.prices), *self.names, *self.customers, repr(self.rules)):
            state.update(text.encode())
            state.update(b"\0")
        for invoice in self.invoices:
            state.update(f"{invoice.moment}{invoice.customer}{invoice.country}{invoice.currency}".encode())
        return state.hexdigest()

    def finish(self) -> None:
        """Find the rows of each invoice (a counting sort), and the invoices that are of no use."""
        counts = array("i", bytes(4 * (len(self.invoices) + 1)))
        for number in self.invoice:
            if number >= 0:
                counts[number + 1] += 1
        self._starts = array("i", accumulate(counts))
        free, self._members = array("i", self._starts), array("i", bytes(4 * len(self.invoice)))
        for row, number in enumerate(self.invoice):
            if number >= 0:
                self._members[free[number]] = row
                free[number] += 1
        for row in self.problems:
            if self.invoice[row] >= 0:
                self.invoices[self.invoice[row]].rejected = True


_Numbers = dict[str, int]


class _Reader:
    """Puts rows into columns."""

    def __init__(self, rules: HistoryRules) -> None:
        self.history = History(rules)
        self.rules = rules
        self.skus: dict[Sku, int] = {}
        self.prices: dict[Price, int] = {}
        self.customers: _Numbers = {}

    def invoice(self, row: OrderRow | BadRow) -> Invoice:
        """The invoice of a row, made if it is the first."""
        history, name = self.history, row.order
        number = len(history.invoices)
        history.names[name] = number
        matches = [any(fnmatchcase(name, p) for p in ps) for ps in (self.rules.reversals, self.rules.bookkeeping)]
        reversal, bookkeeping = matches
        moment, customer, country, currency = None, "", "", ""
        if isinstance(row, OrderRow):
            moment, customer, country, currency = row.placed_at, row.customer, row.country, row.currency
        known = self.customers.setdefault(customer, len(self.customers))
        if known == len(history.customers):
            history.customers.append(customer)
        made = Invoice(number, name, moment, known, country, currency, reversal, len(history), bookkeeping)
        history.invoices.append(made)
        return made

    def take(self, row: OrderRow) -> None:
        """One row that can be read."""
        history = self.history
        number = history.names.get(row.order)
        invoice = self.invoice(row) if number is None else history.invoices[number]
        sku = self.skus.get(row.sku)
        if sku is None:
            sku = self.skus[row.sku] = len(history.skus)
            history.skus.append(row.sku)
            history.tracked.append(not row.untracked)
        price = -1
        if row.unit_price is not None:
            price = self.prices.setdefault(row.unit_price, len(history.prices))
            if price == len(history.prices):
                history.prices.append(row.unit_price)
        quantity = row.quantity
        if (
            type(quantity) is not int
            or not 0 < quantity <= MAX_QUANTITY
            or price < 0
            or row.unit_price.amount < 0  # type: ignore[union-attr]  # there is a price
            or invoice.reversal
            or invoice.rejected
            or row.placed_at is not invoice.moment
            or row.placed_at is None
            or row.country != invoice.country
            or row.currency != invoice.currency
            or row.customer != history.customers[invoice.customer]
        ):
            quantity = self._odd(row, invoice)
        history.line.append(row.line)
        history.invoice.append(invoice.number)
        history.sku.append(sku)
        history.quantity.append(quantity)
        history.price.append(price)

    def _odd(self, row: OrderRow, invoice: Invoice) -> int:
        """A row that is not a plain sale: note what is wrong with it, if anything; its quantity as far as it has one."""
        history = self.history
        found = tuple(_problems(row, invoice, history.customers[invoice.customer]))
        if found:
            history.problems[len(history)] = found
        if row.placed_at is not None and (invoice.moment is None or row.placed_at < invoice.moment):
            # Some systems stamp every line by itself: the order was placed with the first.
            invoice.moment = row.placed_at
        whole = type(row.quantity) is int and abs(row.quantity) <= MAX_QUANTITY
        return int(row.quantity) if whole else 0

    def unreadable(self, row: BadRow) -> None:
        """One row that cannot be read."""
        history = self.history
        number = -1
        if row.order:
            known = history.names.get(row.order)
            number = self.invoice(row).number if known is None else known
        history.problems[len(history)] = row.problems
        history.line.append(row.line)
        history.invoice.append(number)
        history.sku.append(-1)
        history.quantity.append(0)
        history.price.append(-1)


def _problems(row: OrderRow, invoice: Invoice, customer: str) -> Iterator[Problem]:
    def problem(code: str, message: str) -> Problem:
        return Problem(code, "reject", f"row {row.line}", message, subject=row.order)

    if invoice.rejected:
        yield problem("bookkeeping", "The number says that this is an entry of the books and no trade.")
    elif row.unit_price is not None and row.unit_price.amount < 0:
        yield problem("negative_price", "A price is not negative: credit is another document.")
    if row.unit_price is None:
        yield problem("missing_price", "There is no price.")
    if row.placed_at is None:
        yield problem("missing_time", "There is no time.")
    if type(row.quantity) is not int:
        yield problem("fractional_quantity", "The quantity is not a whole number.")
    elif abs(row.quantity) > MAX_QUANTITY:
        yield problem("quantity_out_of_range", "The quantity is out of range.")
    elif row.quantity == 0:
        yield problem("zero_quantity", "The quantity is 0.")
    elif row.quantity > 0 and invoice.reversal and not invoice.rejected:
        yield problem("positive_reversal", "The number says that this takes something back, the quantity does not.")
    if row.currency != invoice.currency:
        yield problem("mixed_currency", f"The invoice has another currency here than on row {invoice.first + 2}.")
    if row.country != invoice.country or row.customer != customer:
        yield problem("inconsistent_order", "The invoice has another customer or country here than on its first row.")


def read_history(
    rows: Iterable[OrderRow | BadRow], rules: HistoryRules, progress: Callable[[int], None] | None = None
) -> History:
    """All rows, each in its place. `progress` is told now and then how many were read."""
    reader = _Reader(rules)
    take = reader.take
    for number, row in enumerate(rows, start=1):
        if isinstance(row, OrderRow):
            take(row)
        else:
            reader.unreadable(row)
        if progress is not None and not number % 10_000:
            progress(number)
    reader.history.finish()
    return reader.history
