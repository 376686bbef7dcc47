"""The account of an import: every line of the file in exactly one place, from what stands in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from attrs import frozen

from ordercore.errors import BrokenRule
from ordercore.flows.record import SUMMARY, WAITING
from ordercore.intake import Quarantined
from ordercore.intake.history import History
from ordercore.intake.history_notes import ReversalTaken
from ordercore.intake.history_plan import value_of
from ordercore.kernel import Kernel
from ordercore.order import OrderSummary, WaitingLine
from ordercore.store import ReadDocuments
from ordercore.wiring.history import REVERSAL
from ordercore.wiring.receive import QUARANTINE

T = TypeVar("T")

PAGE: Final = 1_000
ORDER_LINE: Final = "line of an order"
CHARGE_LINE: Final = "untracked line of an order (postage, fees)"
_REVERSED: Final = (
    "cancelled", "returned", "adjusted", "cancelled and returned", "cancelled and adjusted", "returned and adjusted",
    "cancelled and returned and adjusted",
)  # fmt: skip


@frozen
class ImportAccount:
    """What an import came to: the same however often it was interrupted.

    `lines`: how many lines of the file stand where, `totals`: the rest, `expected`: lines in the file.
    """

    lines: tuple[tuple[str, int], ...]
    totals: tuple[tuple[str, int], ...]
    expected: int

    def rows(self) -> list[tuple[str, int]]:
        """Totals, then the lines by place with their sum last."""
        return [*self.totals, *((f"lines: {name}", count) for name, count in self.lines), ("lines in all", self.sum)]

    @property
    def sum(self) -> int:
        """All lines."""
        return sum(count for _, count in self.lines)

    @property
    def balanced(self) -> bool:
        """Whether each line of the file stands in exactly one place."""
        return self.sum == self.expected

    def __str__(self) -> str:
        """A table of two columns."""
        rows = [(name, f"{count:,}") for name, count in self.rows()]
        width, figures = (max(len(row[n]) for row in rows) for n in (0, 1))
        return "\n".join(f"{name:<{width}}  {count:>{figures}}" for name, count in rows)


def account_of(
    kernel: Kernel, channel: str, history: History, counts: Mapping[str, int],
    progress: Callable[[str, int, int], None],
) -> ImportAccount:  # fmt: skip
    """Count what stands in the store. Raises BrokenRule if the lines or the money do not add up."""
    lines: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    units = _orders(kernel, channel, history, lines, totals)
    progress("accounting", 1, 4)
    _reversals(kernel, channel, lines, totals)
    progress("accounting", 2, 4)
    _quarantined(kernel, channel, lines, totals)
    progress("accounting", 3, 4)
    left = sum(body.quantity for body in bodies(kernel, WAITING, WaitingLine))
    progress("accounting", 4, 4)
    account = ImportAccount(_listed(lines), _totals(totals, counts, units, left), len(history))
    if not account.balanced:
        raise BrokenRule(f"{account.sum} lines are accounted for, the file has {account.expected}.\n{account}")
    if totals["value"] != totals["value in the file"]:
        raise BrokenRule(
            f"The orders come to {totals['value']}, their lines in the file to {totals['value in the file']}."
        )
    return account


def _totals(totals: Mapping[str, int], counts: Mapping[str, int], units: int, left: int) -> tuple[tuple[str, int], ...]:
    return (
        ("documents in the file", totals["documents"]),
        ("orders", totals["orders"]),
        ("units ordered", units),
        ("value of orders (minor units)", totals["value"]),
        ("value of their lines in the file", totals["value in the file"]),
        ("receipts of goods", counts.get("receipts", 0)),
        ("units received", counts.get("received", 0)),
        ("shipments", counts.get("shipments", 0)),
        ("units shipped", counts.get("shipped", 0)),
        ("units backordered", counts.get("backordered", 0)),
        ("of these filled by later supply", counts.get("filled", 0)),
        ("of these cancelled while waiting", counts.get("cancelled_waiting", 0)),
        ("of these still waiting", left),
        ("credit notes and write-offs taken", totals["reversals"]),
        ("units cancelled", totals["cancelled"]),
        ("units returned", totals["returned"]),
        ("units adjusted upwards", totals["adjusted up"]),
        ("units adjusted downwards", totals["adjusted down"]),
        ("documents in quarantine", totals["quarantined"]),
    )


def _listed(lines: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    known = (ORDER_LINE, CHARGE_LINE, *_REVERSED)
    rest = sorted(name for name in lines if name not in known)
    return tuple((name, lines[name]) for name in (*known, *rest) if lines.get(name))


def _orders(kernel: Kernel, channel: str, history: History, lines: Counter[str], totals: Counter[str]) -> int:
    """Lines of invoices that stand as orders; the units on them."""
    units = 0
    totals["documents"] = len(history.invoices)
    for summary in bodies(kernel, SUMMARY, OrderSummary):
        number = history.names.get(summary.external_id) if summary.channel == channel else None
        if number is None:
            continue
        rows = history.sales(history.invoices[number])
        totals["orders"] += 1
        totals["value"] += summary.total
        totals["value in the file"] += value_of(history, rows)
        for row in rows:
            units += history.quantity[row]
            lines[ORDER_LINE if history.tracked[history.sku[row]] else CHARGE_LINE] += 1
    return units


def _reversals(kernel: Kernel, channel: str, lines: Counter[str], totals: Counter[str]) -> None:
    for taken in bodies(kernel, REVERSAL, ReversalTaken, channel):
        totals["reversals"] += 1
        for row in taken.rows:
            if row.code:
                continue
            lines[row.kind] += 1
            totals["cancelled"] += row.cancelled
            totals["returned"] += row.returned
            totals["adjusted up" if row.adjusted > 0 else "adjusted down"] += abs(row.adjusted)


def _quarantined(kernel: Kernel, channel: str, lines: Counter[str], totals: Counter[str]) -> None:
    """The first problem of each row says where it stands."""
    for kept in bodies(kernel, QUARANTINE, Quarantined):
        if kept.instance != channel:
            continue
        totals["quarantined"] += 1
        rows: dict[str, str] = {}
        for problem in kept.problems:
            rows.setdefault(problem.path.partition(",")[0], problem.code)
        for code in rows.values():
            lines[f"quarantine, {code}"] += 1


def bodies(kernel: Kernel, kind: str, cls: type[T], tag: str | None = None) -> Iterator[T]:
    """Bodies of all documents of a kind, a page at a time."""
    after: tuple[str, str] | None = None
    while True:
        query = ReadDocuments(kind, tag, after, PAGE)
        page = kernel.store.read((query,), tenant=kernel.core.tenant).of(query)
        for document in page:
            if isinstance(document.body, cls):
                yield document.body
        if len(page) < PAGE:
            return
        after = (page[-1].sort, page[-1].key)
