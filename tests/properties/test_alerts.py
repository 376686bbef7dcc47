"""Random ledgers, and a stretch of the real order lines: alerts equal a recomputation from scratch at every step.

The recomputation knows nothing of events of alerts: it sums postings and orders, and keeps two flags a level.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest
from attrs import define, evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from ordercore import Kernel
from ordercore.alerts import ResolveAlert
from ordercore.alerts.events import AlertAnswered
from ordercore.catalog import PutStockLevels
from ordercore.store import location_place
from ordercore.supply import (
    AcknowledgePurchase,
    AnsweredLine,
    ApprovePurchase,
    ArrivedLine,
    CancelPurchase,
    ClosePurchase,
    Purchase,
    PutSupplier,
    PutSupply,
    ReceivePurchase,
    RejectPurchase,
)
from ordercore.supply.decide import ANSWERS
from ordercore.testing import OrdercoreMachine
from ordercore.testing.supplier import MemorySupplier
from ordercore.testing.transports import RecordedTransport
from ordercore.wiring.watch import NAME

NIGHTLY = settings.default.max_examples > 1_000
LEVELS = {
    ("WH1", "TEA"): (3, 4, 10), ("WH2", "TEA"): (1, 1, 5), ("WH1", "CUP"): (0, 2, 6), ("SHOP", "CUP"): (2, 2, 5),
    ("WH2", "MILK"): (2, 3, 8), ("SHOP", "COFFEE"): (5, 8, 20),
}  # fmt: skip
"""(location, SKU) -> reorder point, clear above, order up to."""


@define
class Flags:
    """Whether an alert is open, and whether the next crossing counts."""

    open: bool = False
    armed: bool = True
    raised: int = 0

    def see(self, balance: int, trigger: int, clear: int) -> None:
        """What the rule says, in its own words: resolved above, raised at or below if armed, armed again above."""
        if balance > clear:
            self.open, self.armed = False, True
        elif balance <= trigger and self.armed:
            self.open, self.armed = True, False
            self.raised += 1


class Watched(OrdercoreMachine):
    """Every command of a shop, with levels; nothing is on order here, so that the projected balance is what is there."""

    crossings = 0
    levelled = False

    @initialize()
    def no_flags_yet(self) -> None:
        self.flags = {key: Flags() for key in LEVELS}

    def make_kernel(self) -> Kernel:
        self.policies = evolve(self.policies, replenish="alert")
        return Kernel(clock=self.clock, ids=self.ids, policies=self.policies)

    def look(self) -> None:
        super().look()
        if not self.levelled:
            self.levelled = True
            self.furnish()

    def furnish(self) -> None:
        """Half of the levels stand when the shop opens."""
        for location, sku in list(LEVELS)[::2]:
            self.put_levels(location, sku)

    def put_levels(self, location: str, sku: str) -> None:
        reorder, clear, up_to = LEVELS[location, sku]
        self.send(PutStockLevels(sku, location, reorder, up_to, clear, "buying"))

    @rule(which=st.sets(st.sampled_from(list(LEVELS)), min_size=1))
    def puts_levels(self, which: set[tuple[str, str]]) -> None:
        """Levels come at any time: what is watched from then on begins as it stands."""
        for location, sku in sorted(which):
            self.put_levels(location, sku)
            self.alerts_are_what_the_balances_say()

    @rule(number=st.integers(0, 5))
    def closes_alert(self, number: int) -> None:
        location, sku = list(LEVELS)[number]
        outcome = self.send(ResolveAlert(f"{location}:{sku}", "so what"))
        if not isinstance(outcome, Exception):
            self.flags[location, sku].open = False

    @rule()
    def watch_reads_everything_again(self) -> None:
        """The whole log is delivered a second time, as to a worker that was killed before it wrote down how far it was."""
        store, before = self.kernel.store, self.books.length
        store.checkpoint(NAME, store.cursor_of(NAME), None)
        self.work()
        self.look()
        assert self.books.length == before

    def watched(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        known = self.books.versions.keys()
        return {key: levels for key, levels in LEVELS.items() if f"levels/{key[0]}:{key[1]}" in known}

    def moving(self, location: str, sku: str) -> int:
        """Units on their way from another location."""
        return sum(
            progress.in_transit
            for transfer in self.books.transfers.values()
            if transfer.target == location_place(location)
            for goods, progress in transfer.goods.items()
            if goods[0] == sku
        )

    def on_order(self, location: str, sku: str, *, new: bool) -> int:
        """Units on approved purchases that come within the lead time, those that this step has made among them or not."""
        return 0

    def in_stock(self, location: str, sku: str) -> int:
        """Free there, less what waits for it: from postings and orders alone."""
        sites = {at: self.range.locations[location_place(at)] for at, other in self.watched() if other == sku}
        selling = [(site.rank, at) for at, site in sites.items() if site.sellable]
        home = min(selling)[1] if selling else None
        waiting = 0
        for order in self.books.orders.values():
            if not any("allocate" in hold.blocks for hold in order.holds):
                for line in order.lines.values():
                    if line.facts.sku == sku and (line.facts.location or home) == location:
                        waiting += line.backordered
        return self.books.balance[sku, location_place(location), "", "", "available"] - waiting

    @invariant()
    def alerts_are_what_the_balances_say(self) -> None:
        if not hasattr(self, "kernel") or self.winding_up or not hasattr(self, "flags"):
            return
        stands = {alert.id: alert for alert in self.kernel.alerts(None, limit=1000)}
        for (location, sku), (reorder, above, _) in self.watched().items():
            trigger = max(reorder, self.range.items[sku].safety_stock - 1)
            clear, flags = max(above, trigger), self.flags[location, sku]
            in_stock = self.in_stock(location, sku)
            before = flags.raised
            # What a crossing makes is ordered in the same step: first without it, then with it.
            for new in (False, True):
                projected = in_stock + self.moving(location, sku) + self.on_order(location, sku, new=new)
                was_open = flags.open
                flags.see(projected, trigger, clear)
                flags.open |= was_open and in_stock <= clear  # what lifts it is still on its way
            type(self).crossings += flags.raised - before
            alert = stands.get(f"{location}:{sku}")
            said = alert is not None and alert.status != "resolved"
            assert said == flags.open, (location, sku, projected, in_stock, flags, alert)
            if said:
                balance = alert.balance
                assert (balance.projected, balance.in_stock) == (projected, in_stock), (alert, projected, in_stock)


class Replenished(Watched):
    """With a supplier: crossings are ordered, sent, answered, received in parts, cancelled; days go by."""

    LEAD = 3

    def look(self) -> None:
        super().look()
        for record in self.books.news:
            if isinstance(record.event, AlertAnswered):
                self.answered[record.stream, record.event.crossing] += 1

    def make_kernel(self) -> Kernel:
        self.policies = evolve(self.policies, replenish="order")
        self.transport, self.answered, self.known = RecordedTransport(), Counter(), set()
        return Kernel(
            clock=self.clock, ids=self.ids, policies=self.policies, suppliers={"acme": MemorySupplier("acme")},
            transport=self.transport,
        )  # fmt: skip

    def furnish(self) -> None:
        self.send(PutSupplier("ACME", "EUR", "", "acme", self.LEAD, 24, 1, "20.00", 10))
        for sku, pack in (("TEA", 4), ("CUP", 1), ("MILK", 6), ("COFFEE", 10)):
            self.send(PutSupply(sku, "ACME", unit_cost="1.00", pack=pack))
        super().furnish()

    def purchases(self) -> list[Purchase]:
        return [self.kernel.purchase(row.purchase) for row in self.kernel.purchases(limit=1000)]

    def on_order(self, location: str, sku: str, *, new: bool) -> int:
        sight = self.clock.now().date() + timedelta(days=self.LEAD)
        return sum(
            part.quantity
            for purchase in self.purchases()
            if purchase.approved and purchase.head.location == location and (new or purchase.id in self.known)
            for line in purchase.lines.values()
            if line.facts.sku == sku
            for part in line.parts
            if part.expected_on is not None and part.expected_on <= sight
        )

    def some(self, number: int, *statuses: str) -> Purchase | None:
        found = [purchase for purchase in self.purchases() if purchase.status in statuses]
        return found[number % len(found)] if found else None

    @rule(number=st.integers(0, 5), agrees=st.booleans())
    def decides(self, number: int, agrees: bool) -> None:
        purchase = self.some(number, "awaiting_approval", "repriced")
        if purchase is not None:
            self.send(ApprovePurchase(purchase.id) if agrees else RejectPurchase(purchase.id, "no"))

    @rule(
        number=st.integers(0, 5), units=st.integers(0, 40), days=st.integers(0, 9), answer=st.sampled_from(ANSWERS),
        cost=st.sampled_from([None, None, "1.10", "9.00"]),
    )  # fmt: skip
    def answers(self, number: int, units: int, days: int, answer: str, cost: str | None) -> None:
        purchase = self.some(number, "sent", "acknowledged", "repriced", "partially_received")
        if purchase is not None:
            day = self.clock.now().date() + timedelta(days=days)
            name = list(purchase.lines)[number % len(purchase.lines)]
            self.send(AcknowledgePurchase(purchase.id, [AnsweredLine(name, answer, units or None, day, cost)]))

    @rule(number=st.integers(0, 5), units=st.integers(1, 40), lot=st.sampled_from(["L1", "L3"]))
    def receives_purchase(self, number: int, units: int, lot: str) -> None:
        purchase = self.some(number, "approved", "sent", "acknowledged", "repriced", "partially_received", "received")
        if purchase is not None:
            line = list(purchase.lines.values())[number % len(purchase.lines)]
            sku = line.facts.sku
            arrived = ArrivedLine(sku, min(units, line.open or units), lot if sku == "MILK" else "")
            self.send(ReceivePurchase(purchase.id, [arrived], external_id=self.next_name("DN")))

    @rule(number=st.integers(0, 5))
    def gives_up(self, number: int) -> None:
        purchase = self.some(number, "sent", "acknowledged", "partially_received")
        if purchase is not None:
            over = ClosePurchase if purchase.received else CancelPurchase
            self.send(over(purchase.id, "not wanted"))

    @rule(days=st.integers(1, 4))
    def days_go_by(self, days: int) -> None:
        self.clock.advance(days=days)
        self.work()
        self.look()

    @invariant()
    def alerts_are_what_the_balances_say(self) -> None:
        super().alerts_are_what_the_balances_say()
        if hasattr(self, "known"):
            self.known = {purchase.id for purchase in self.purchases()}

    @invariant()
    def what_is_low_with_all_that_is_coming_waits_for_a_person(self) -> None:
        if not hasattr(self, "transport") or self.winding_up:
            return
        for alert in self.kernel.alerts("open", limit=1000):
            if alert.sku:
                reorder = LEVELS[alert.location, alert.sku][0]
                trigger = max(reorder, self.range.items[alert.sku].safety_stock - 1)
                if alert.balance.position <= trigger:  # above it there was nothing to order, only to wait for
                    assert alert.purchases, alert
                    last = self.kernel.purchase(alert.purchases[-1])
                    assert not last.approved, (alert, last)

    @invariant()
    def a_crossing_is_answered_once_and_a_purchase_is_sent_once(self) -> None:
        if not hasattr(self, "transport"):
            return
        assert set(self.answered.values()) <= {1}, self.answered
        sent = Counter(request.headers["idempotency-key"] for request in self.transport.sent)
        assert set(sent.values()) <= {1}, sent
        orders = Counter(
            said["number"]
            for said in (json.loads(request.body) for request in self.transport.sent)
            if not said["reminder"]
        )
        assert set(orders.values()) <= {1}, orders


@pytest.mark.parametrize(("machine", "examples", "least"), [(Watched, 40, 10), (Replenished, 60, 10)])
def test_alerts_of_random_ledgers_equal_a_recomputation_at_every_step(machine, examples, least):
    machine.crossings = 0
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples * (100 if NIGHTLY else 1), stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert machine.crossings >= least
