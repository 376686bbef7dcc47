"""Given events, when a command, then events: decisions on one order without a store."""

from datetime import UTC, datetime

import pytest

from ordercore.message import Context
from ordercore.order import OrderLine, WorkFacts, decide, evolve_order
from ordercore.order.decide import short_pick
from ordercore.order.events import LinesBackordered, OrderAllocated, OrderPlaced
from ordercore.order.lines import LineQuantity
from ordercore.plan import Leg

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONTEXT = Context("c1", NOW, NOW)


class Story:
    """An order in the making. Steps: WH1 ships at once, WH2 picks and packs first."""

    def __init__(self):
        self.order = None
        self.events = []
        self.facts = WorkFacts({"loc/WH1": ("ship",), "loc/WH2": ("pick", "pack", "ship")})

    def given(self, *events):
        for event in events:
            self.order = evolve_order(self.order, event, "shop:1")
            self.events.append(event)
        return self

    def placed(self, *lines, confirmed=True):
        """Lines are (id, sku, quantity), untracked if the SKU is in small letters; 1.00 each."""
        made = tuple(
            OrderLine(id, sku, quantity, 100, 2, 100 * quantity, tracked=sku.isupper(), lots=sku == "MILK")
            for id, sku, quantity in lines
        )
        total = sum(line.total for line in made)
        return self.given(OrderPlaced("shop", "1", "EUR", made, total, NOW, confirmed=confirmed))

    def allocated(self, line, quantity, place="WH1", waiting="unallocated"):
        sku = self.order.line(line).facts.sku
        leg = Leg(line, sku, f"loc/{place}", quantity)
        return self.given(OrderAllocated((leg,), "nearest", 1, waiting))

    def waits(self, line, quantity):
        return self.given(LinesBackordered((LineQuantity(line, quantity),)))

    def when(self, command):
        """Decide and go on from there; the events."""
        decided = decide(self.order, command, CONTEXT, self.facts)
        self.given(*decided)
        return tuple(decided)

    def shorts(self, command):
        event = short_pick(self.order, command, self.facts)
        self.given(event)
        return event

    def refused(self, error, command, **fields):
        before = self.order
        with pytest.raises(error) as caught:
            decide(self.order, command, CONTEXT, self.facts)
        assert {name: getattr(caught.value, name) for name in fields} == fields
        assert self.order is before
        return caught.value

    def line(self, id):
        """Counters of a line that are not zero, with claims by bucket."""
        line = self.order.line(id)
        found = {name: getattr(line, name) for name in line._fields[1:9] if getattr(line, name)}
        for claim in line.claims:
            found[claim.bucket] = found.get(claim.bucket, 0) + claim.quantity
        return found


@pytest.fixture
def story():
    return Story()
