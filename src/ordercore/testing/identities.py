"""The identities of a shop, each a function that asserts it: used by the stateful machine and `assert_consistent`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ordercore.kernel import Kernel
from ordercore.lifecycle import LIFECYCLES
from ordercore.order import Order
from ordercore.order.events import OrderAdopted
from ordercore.store import CLAIMED, Breach
from ordercore.testing.books import Books, Range, Shelves, Step
from ordercore.values import OrderId, Place

_TARGETS = {(m.name, row.state, row.command): row.targets for m in LIFECYCLES for row in m.transitions}


def every_unit_of_a_line_stands_in_one_place(orders: Iterable[Order]) -> None:
    """Ordered = unallocated + backordered + claimed + cancelled + short + shipped, none of them negative."""
    for order in orders:
        for line in order.lines.values():
            parts = (
                line.unallocated,
                line.backordered,
                line.claimed,
                line.cancelled,
                line.short,
                line.shipped,
                line.delivered,
                line.lost,
                line.returned,
            )
            assert min(parts) >= 0, (order.id, line)
            assert sum(parts[:6]) == line.facts.quantity, (order.id, line)
            assert line.delivered + line.lost <= line.shipped, (order.id, line)
            assert line.returned <= line.shipped - line.lost, (order.id, line)
            assert all(claim.quantity > 0 for claim in line.claims), (order.id, line)
            assert line.facts.tracked or not line.claims, (order.id, line)


def amounts_add_up(orders: Iterable[Order]) -> None:
    """An order's total is the sum of its lines; no more is refunded than was charged, or voided than authorized."""
    for order in orders:
        assert order.total == sum(line.facts.total for line in order.lines.values()), order.id
        assert order.payments.refunded <= order.payments.charged, order.id
        assert order.payments.voided <= order.payments.authorized, order.id


def rows_are_never_negative(shelves: Shelves) -> None:
    """No bucket of any row is below zero."""
    assert not {account: units for account, units in shelves.balance.items() if units < 0}


def rows_are_what_the_log_says(books: Books, shelves: Shelves) -> None:
    """Every balance is the sum of its postings."""
    expected = {account: units for account, units in books.balance.items() if units and account[4]}
    assert shelves.balance == expected


def no_unit_is_made_or_lost(books: Books) -> None:
    """Per SKU, everything inside and outside sums to zero; what the lots of a pool hold sums to the pool."""
    sums: Counter[str] = Counter()
    lots: Counter[tuple[str, str, str]] = Counter()
    pools: Counter[tuple[str, str, str]] = Counter()
    for (sku, place, lot, owner, bucket), units in books.balance.items():
        if lot:
            lots[sku, place, owner] += units
        else:
            sums[sku] += units
            if bucket:
                pools[sku, place, owner] += units
    assert not +sums, sums
    assert not -sums, sums
    with_lots = {account[0] for account in books.balance if account[2]}
    assert {key: n for key, n in pools.items() if n and key[0] in with_lots} == {k: n for k, n in lots.items() if n}


def claims_are_what_orders_and_carts_hold(books: Books, shelves: Shelves) -> None:
    """Every claimed bucket of every row equals what orders and carts say they hold of it."""
    claimed = {account: units for account, units in shelves.balance.items() if account[4] in CLAIMED}
    assert claimed == books.claims()


def waiting_lines_are_written_down(books: Books, shelves: Shelves) -> None:
    """A line waits exactly if a document says so, with the same number of units."""
    assert {key: line.quantity for key, line in shelves.waiting.items()} == books.waiting()


def nobody_waits_beside_usable_stock(books: Books, shelves: Shelves, range_: Range) -> None:
    """Stock that an order may have is not left beside a line that waits for it.

    Except where the line may not have it: its order is on a hold that blocks allocation, it is pinned elsewhere, or
    the units were not on the shelf of that place. Adopted orders wait for new supply, since the stock that they see
    may belong to an order that is adopted next.
    """
    waiting = books.waiting()
    if not waiting:
        return
    for id, line in waiting:
        order = books.orders[id]
        if isinstance(order.head, OrderAdopted) or any("allocate" in hold.blocks for hold in order.holds):
            continue
        facts = order.line(line).facts
        floor = range_.items[facts.sku].safety_stock
        for place, location in range_.locations.items():
            if not location.sellable or (facts.location and location.code != facts.location):
                continue
            if place in books.shorted.get((id, line), ()):
                continue
            usable = shelves.balance.get((facts.sku, place, "", "", "available"), 0) - floor
            assert usable <= 0, f"{order.id} line {line} waits beside {usable} {facts.sku} at {place}"


def statuses_follow_their_lifecycles(steps: Iterable[Step]) -> None:
    """A status changes only by a command that its table allows, and to a state that the table names."""
    for step in steps:
        targets = _TARGETS.get((step.machine, step.before, step.command))
        if step.before == step.after and targets is None:
            continue  # stock that was assigned to it by another command moves no status
        assert targets is not None, f"{step}: the table of {step.machine} has no such row"
        assert step.after in targets, f"{step}: the table says {targets}"


def versions_are_dense(books: Books) -> None:
    """Each stream counts its events from 1, without a gap, and each event names its command."""
    seen: Counter[str] = Counter()
    for record in reversed(books.news):
        assert record.version == books.versions[record.stream] - seen[record.stream], record
        assert record.command_id, record
        seen[record.stream] += 1


def orders_are_folds_of_their_events(books: Books, kernel: Kernel, orders: Iterable[OrderId]) -> None:
    """What the kernel says of an order is the fold of its events, its list entry says the same."""
    for id in orders:
        order = books.orders[id]
        assert kernel.order(id) == order


def timelines_are_complete(books: Books, kernel: Kernel, orders: Iterable[OrderId]) -> None:
    """An order's timeline has every event, in order, each with a text."""
    for id in orders:
        entries = kernel.timeline(id)
        assert [entry.version for entry in entries] == list(range(1, books.orders[id].version + 1)), id
        assert all(entry.text for entry in entries), id


def lists_agree_with_orders(books: Books, kernel: Kernel) -> None:
    """Every order stands in the list once, with its statuses as they follow from its quantities."""
    rows = {row.id: row.summary for row in kernel.orders(limit=len(books.orders) + 1)}
    assert rows.keys() == books.orders.keys()
    for id, summary in rows.items():
        order = books.orders[id]
        assert (
            summary.status,
            summary.fulfillment,
            summary.payment,
            summary.returned,
        ) == (order.status, order.fulfillment_status, order.payment_status, order.return_status), id


def journals_end_in_balances(shelves: Shelves, kernel: Kernel, sku: str, place: Place) -> None:
    """The journal of a SKU at a location ends in what stands there now, and never shows less than nothing."""
    movements = kernel.why(sku, place.removeprefix("loc/")).movements
    pool = {a[4]: n for a, n in shelves.balance.items() if (a[0], a[1], a[2], a[3]) == (sku, place, "", "")}
    on_hand, available = sum(pool.values()), pool.get("available", 0)
    if movements:
        assert (movements[-1].on_hand, movements[-1].available) == (on_hand, available)
        assert min(movement.on_hand for movement in movements) >= 0
    else:
        assert not on_hand


def verify_finds_nothing(kernel: Kernel, *, backdated: bool = False) -> None:
    """`kernel.verify()` is clean; with backdated movements it may list balances that were negative in the past."""
    breaches: list[Breach] = [
        breach for breach in kernel.verify() if not (backdated and breach.identity == "past_negative")
    ]
    assert not breaches, breaches
