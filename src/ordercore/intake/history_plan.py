"""What a history comes to: orders, the receipts that supply them, and how each reversal is taken. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast

from attrs import define, field, frozen

from ordercore.flows.head import order_id
from ordercore.intake.history import RECEIPT, History, HistoryRules, Invoice, Position, micros_of
from ordercore.intake.history_notes import ReversalTaken, TakenRow, TakenUnits
from ordercore.message import Envelope
from ordercore.order import CancelLines, Line, Order, PlaceOrder, ReceiveReturn, ReturnedLine
from ordercore.order.commands import Disposition
from ordercore.order.lines import LineState
from ordercore.stock.commands import AdjustStock, IntoBucket, Received, ReceiveStock
from ordercore.values import Address, LineId, OrderId, Sku

WRITE_OFF: Final = "written off"
UNMATCHED: Final = "came back without an order"

CODES: Final[Mapping[str, str]] = {
    "insufficient": "A write-off of more units than are free.",
    "unmatched_charge": "A credit for what is no goods, and no earlier order of this customer that it belongs to.",
}
"""Why a row that takes something back cannot be taken, as it turns out in its turn."""

_BUCKET: Final[Mapping[str, IntoBucket]] = {
    "restock": "available", "quarantine": "quarantine", "damaged": "damaged",
}  # fmt: skip


@frozen
class Supply:
    """One receipt: goods that come in at `moment`, under a number of their own."""

    moment: datetime
    external_id: str
    lines: tuple[tuple[int, int], ...]
    """(number of the SKU, units)."""
    position: Position

    def command(self, history: History, source: str) -> ReceiveStock:
        """The receipt."""
        lines = [Received(history.skus[sku], units) for sku, units in self.lines]
        return ReceiveStock(history.rules.location, lines, source, self.external_id)


def supplies(history: History) -> list[Supply]:
    """Receipts dated a minute before each month: by its end, a SKU has got its percentage of all it has sold.

    Units that came in up to month m are `percent` of the units sold up to m, rounded half up; each receipt brings the
    difference. So the percentage holds for slow sellers too, and whatever is short waits for the next month.
    """
    sold = _sold(history)
    percent, most, zone = history.rules.supplied_percent, history.rules.skus_per_receipt, history.rules.zone
    total: dict[int, int] = {}
    made: list[Supply] = []
    for month in sorted(sold):
        lines: list[tuple[int, int]] = []
        for sku, units in sorted(sold[month].items()):
            before = total.get(sku, 0)
            total[sku] = before + units
            came_in = (total[sku] * percent + 50) // 100 - (before * percent + 50) // 100
            if came_in:
                lines.append((sku, came_in))
        begins = datetime(month // 12, month % 12 + 1, 1, tzinfo=zone)
        moment = (begins - timedelta(minutes=1)).astimezone(UTC)
        for number, at in enumerate(range(0, len(lines), most)):
            name = f"{begins:%Y-%m}.{number + 1:03d}"
            position = (micros_of(moment), RECEIPT, number)
            made.append(Supply(moment, name, tuple(lines[at : at + most]), position))
    return made


def _sold(history: History) -> dict[int, dict[int, int]]:
    """Units that each SKU with stock sells, by month."""
    sold: dict[int, dict[int, int]] = {}
    skus, quantities, tracked, zone = history.sku, history.quantity, history.tracked, history.rules.zone
    for invoice in history.invoices:
        if invoice.rejected or invoice.moment is None:
            continue
        local = invoice.moment.astimezone(zone)
        units = sold.setdefault(local.year * 12 + local.month - 1, {})
        for row in history.rows(invoice.number):
            if quantities[row] > 0 and tracked[skus[row]]:
                units[skus[row]] = units.get(skus[row], 0) + quantities[row]
    return sold


def in_order(history: History) -> list[Invoice]:
    """The documents that can be replayed, in the order of their time."""
    usable = [invoice for invoice in history.invoices if not invoice.rejected and invoice.moment is not None]
    return sorted(usable, key=lambda invoice: invoice.position)


def order_of(history: History, channel: str, invoice: Invoice, rows: Sequence[int]) -> PlaceOrder:
    """The order that an invoice stands for: its lines are numbered from 1; what is short waits."""
    skus, prices, quantities = history.skus, history.prices, history.quantity
    sku_at, price_at = history.sku, history.price
    return PlaceOrder(
        channel,
        invoice.name,
        invoice.currency,
        [Line(skus[sku_at[row]], quantities[row], prices[price_at[row]]) for row in rows],
        history.customers[invoice.customer],
        Address(invoice.country) if invoice.country else None,
        shortage="backorder",
    )


def value_of(history: History, rows: Iterable[int]) -> int:
    """Minor units of these rows, each rounded once: what the order's total must be."""
    return sum(history.prices[history.price[row]].line_total(history.quantity[row]) for row in rows)


@define(eq=False)
class Earlier:
    """Which order lines a customer has of a SKU, for those customers and SKUs that take something back."""

    history: History
    _lines: dict[tuple[int, int], list[tuple[Invoice, int]]] = field(factory=dict)
    """(customer, SKU) -> (invoice, number of the line in it), oldest first."""

    @classmethod
    def of(cls, history: History, ordered: Sequence[Invoice]) -> Earlier:
        """Look through all documents once."""
        wanted = {
            (invoice.customer, history.sku[row])
            for invoice in ordered
            if history.customers[invoice.customer]
            for row in history.reversals(invoice)
        }
        returning = {customer for customer, _ in wanted}
        lines: dict[tuple[int, int], list[tuple[Invoice, int]]] = {}
        for invoice in ordered:
            if invoice.customer in returning:
                for number, row in enumerate(history.sales(invoice), start=1):
                    key = (invoice.customer, history.sku[row])
                    if key in wanted:
                        lines.setdefault(key, []).append((invoice, number))
        return cls(history, lines)

    def newest_first(self, invoice: Invoice, sku: int) -> Iterator[tuple[Invoice, LineId]]:
        """The order lines of this customer and SKU before this document."""
        position = invoice.position
        for earlier, number in reversed(self._lines.get((invoice.customer, sku), ())):
            if earlier.position < position:
                yield earlier, LineId(str(number))


@define(eq=False)
class Reversal:
    """Works out how one document that takes something back is taken, from the orders as they stand then.

    Row by row, matched with the same customer's earlier order lines of the SKU, newest first: units that have not been
    shipped are cancelled, those that have been come back. For what is left: goods are adjusted (they came back without
    an order), charges cannot be taken unless all of the row is matched. Without a customer, a credit note is adjusted
    upwards, and any other document is a write-off: adjusted downwards if as many units are free, else not taken.
    """

    history: History
    channel: str
    earlier: Earlier
    orders: Callable[[OrderId], Order | None]
    free: Callable[[Sku], int]
    _used: dict[tuple[OrderId, LineId, str], int] = field(factory=dict)
    _written_off: dict[Sku, int] = field(factory=dict)

    def take(self, invoice: Invoice) -> ReversalTaken:
        """How it is taken."""
        units: list[TakenUnits] = []
        rows = [self._row(invoice, row, units) for row in self.history.reversals(invoice)]
        return ReversalTaken(invoice.name, tuple(rows), tuple(units))

    def _row(self, invoice: Invoice, row: int, units: list[TakenUnits]) -> TakenRow:
        history = self.history
        line, sku, asked = history.line[row], history.skus[history.sku[row]], -history.quantity[row]
        tracked = history.tracked[history.sku[row]]
        known = bool(history.customers[invoice.customer])
        if not known and not invoice.reversal and tracked:
            return self._write_off(line, sku, asked)
        found = list(self._matched(invoice, history.sku[row], asked)) if known else []
        rest = asked - sum(one.quantity for one in found)
        if rest and not tracked:
            return TakenRow(line, sku, code="unmatched_charge")
        units += found
        for one in found:
            key = (one.order, one.line, one.how)
            self._used[key] = self._used.get(key, 0) + one.quantity
        cancelled = sum(one.quantity for one in found if one.how == "cancel")
        return TakenRow(line, sku, cancelled, asked - rest - cancelled, rest)

    def _write_off(self, line: int, sku: Sku, asked: int) -> TakenRow:
        before = self._written_off.get(sku, 0)
        if self.free(sku) - before < asked:
            return TakenRow(line, sku, code="insufficient")
        self._written_off[sku] = before + asked
        return TakenRow(line, sku, adjusted=-asked)

    def _matched(self, invoice: Invoice, sku: int, asked: int) -> Iterator[TakenUnits]:
        for earlier, line in self.earlier.newest_first(invoice, sku):
            id = order_id(self.channel, earlier.name)
            order = self.orders(id)
            if order is None:
                continue
            for how, there in _takeable(order.lines[line]):
                part = min(asked, there - self._used.get((id, line, how), 0))
                if part > 0:
                    asked -= part
                    yield TakenUnits(how, id, line, part)
            if not asked:
                return


def _takeable(line: LineState) -> Iterator[tuple[Literal["cancel", "return"], int]]:
    yield "cancel", line.open - line.at("packed")
    yield "return", line.shipped - line.lost - line.returned


def effects_of(taken: ReversalTaken, rules: HistoryRules, moment: datetime) -> Iterator[Envelope[Any]]:
    """The commands that a reversal comes to: the same whenever they are worked out."""
    by_order: dict[tuple[OrderId, str], dict[str, int]] = {}
    for one in taken.units:
        lines = by_order.setdefault((one.order, one.how), {})
        lines[one.line] = lines.get(one.line, 0) + one.quantity
    for (order, how), quantities in by_order.items():
        if how == "cancel":
            cancel = CancelLines(order, quantities, f"credit note {taken.invoice}")
            yield Envelope(cancel, f"history:{taken.invoice}:cancel:{order}", moment)
        else:
            disposition = cast(Disposition, rules.disposition)
            back = tuple(ReturnedLine(line, units, disposition) for line, units in quantities.items())
            yield Envelope(ReceiveReturn(order, taken.invoice, rules.location, back), None, moment)
    for row in taken.rows:
        if row.adjusted:
            bucket = _BUCKET[rules.disposition] if row.adjusted > 0 else "available"
            reason = f"{taken.invoice}: {UNMATCHED if row.adjusted > 0 else WRITE_OFF}"
            adjust = AdjustStock(rules.location, row.sku, row.adjusted, reason, bucket=bucket)
            yield Envelope(adjust, f"history:{taken.invoice}:adjust:{row.row}", moment)
