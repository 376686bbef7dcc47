"""C6 repeats and order of arrival, through a kernel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import permutations

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore.catalog import PutItem
from ordercore.errors import AuthenticationFailed
from ordercore.intake import ItemMapping
from ordercore.kernel import Kernel
from ordercore.ports import LineRequest, Transmission
from ordercore.testing.builders import given_stock
from ordercore.testing.channel_rules.sample import PLACED_AT, Document
from ordercore.testing.channel_rules.subject import INSTANCE, NOW, ChannelSubject, orders_of
from ordercore.testing.clock import ManualClock

PLENTY = 10**9


class IntakeRules(ChannelSubject):
    """C6."""

    def kernel(self, documents: Iterable[Document]) -> Kernel:
        """A kernel with the channel, where whatever these documents order is known and plentiful."""
        decoded = [self.read(document) for document in documents]
        lines = {
            name_of(line): line
            for one in decoded
            if one
            for order in orders_of(one)
            for line in order.lines
            if line.items
        }
        mapping = {(INSTANCE, line.items[0].scheme, line.items[0].value): name for name, line in lines.items()}
        kernel = Kernel(clock=ManualClock(NOW), channels={INSTANCE: self.make_channel()}, mapping=ItemMapping(mapping))
        for name, line in lines.items():
            tracked = line.kind == "item"
            kernel.handle(PutItem(name, unit=line.quantity.unit or "pcs", scale=3 if tracked else 0,
                                  tracking="quantity" if tracked else "none"))  # fmt: skip
        given_stock(kernel, {"WH1": {name: PLENTY for name, line in lines.items() if line.kind == "item"}})
        return kernel

    def take(self, kernel: Kernel, document: Document, transport_id: str = "") -> None:
        """A delivery of the document comes in."""
        kernel.receive(INSTANCE, self.signed(document, transport_id))

    def taken(self, kernel: Kernel, documents: Sequence[Document]) -> None:
        """Each comes in once, and something was ordered."""
        for n, document in enumerate(documents):
            self.take(kernel, document, f"delivery-{n}")
        assert kernel.quarantine() == (), f"kept for a person: {kernel.quarantine()[0].problems}"

    def test_c6_1_a_delivery_that_comes_twice_changes_nothing(self) -> None:
        document = self.document([self.order()])
        kernel = self.kernel([document])
        self.taken(kernel, [document])
        before = state_of(kernel)
        assert before[1], "nothing was ordered"
        for _ in range(3):
            self.take(kernel, document, "delivery-0")
        assert state_of(kernel) == before

    def test_c6_2_the_same_content_in_another_delivery_changes_nothing(self) -> None:
        document = self.document([self.order()])
        kernel = self.kernel([document])
        self.taken(kernel, [document])
        before = state_of(kernel)
        self.take(kernel, document, "another-delivery")
        self.take(kernel, document)
        assert state_of(kernel) == before

    def test_c6_3_samples_that_come_twice_change_nothing(self) -> None:
        for sample in self.samples():
            kernel = self.kernel([sample.document])
            self.take(kernel, sample.document, "first")
            before = state_of(kernel)
            self.take(kernel, sample.document, "second")
            assert state_of(kernel) == before, sample.name

    def test_c6_4_news_that_are_none_change_nothing(self) -> None:
        orders = [self.order(updated_at=PLACED_AT + timedelta(minutes=n)) for n in range(3)]
        documents = [self.document([order]) for order in orders]
        for arrival in permutations(documents):
            kernel = self.kernel(documents)
            self.take(kernel, arrival[0])
            before = state_of(kernel)
            self.taken(kernel, arrival)
            assert state_of(kernel) == before

    def test_c6_5_orders_may_come_in_any_sequence(self) -> None:
        documents = [self.document([self.order(n)]) for n in (1, 2, 3)]

        def shop(arrival: Sequence[Document]) -> object:
            kernel = self.kernel(documents)
            self.taken(kernel, arrival)
            return open_orders(kernel)

        expected = shop(documents)

        @settings(max_examples=self.examples, deadline=None, database=None)
        @given(st.permutations(documents * 2))
        def check(arrival: Sequence[Document]) -> None:
            assert shop(arrival) == expected

        check()

    def test_c6_6_a_cancelled_order_holds_no_stock_in_whatever_sequence_it_is_told(self) -> None:
        self.needs("cancels")
        order = self.order()
        gone = evolve(order, cancelled=True, updated_at=PLACED_AT + timedelta(hours=1))
        paid = evolve(order, updated_at=PLACED_AT + timedelta(minutes=1))
        documents = [self.document([one]) for one in (order, paid, gone)]
        for arrival in permutations(documents):
            kernel = self.kernel(documents)
            for document in (*arrival, *arrival):
                self.take(kernel, document)
            assert open_orders(kernel) == ({}, {}), "a cancelled order is still open"

    def test_c6_7_what_is_refused_waits_for_a_person_and_holds_no_stock(self) -> None:
        wrong = self.document([self.order(lines=())])
        kernel = self.kernel([])
        kernel.receive(INSTANCE, self.signed(wrong))
        assert open_orders(kernel) == ({}, {})
        if any(problem.severity != "warning" for problem in self.make_channel().decode(self.signed(wrong)).problems):
            (kept,) = kernel.quarantine()
            assert kept.problems

    def test_c6_8_a_delivery_that_is_not_signed_leaves_no_trace(self) -> None:
        self.needs("push")
        document = self.document([self.order()])
        kernel = self.kernel([document])
        before = state_of(kernel)
        with suppress(AuthenticationFailed):  # whether it is refused is C1's to say
            kernel.receive(INSTANCE, Transmission(INSTANCE, document.media_type, document.body, document.headers, NOW))
        assert state_of(kernel) == before
        assert kernel.quarantine() == ()


def name_of(line: LineRequest) -> str:
    """The SKU that the kernel of the suite gives to an item."""
    ref = line.items[0]
    return f"{ref.scheme}:{ref.value}"[:64].strip()


def state_of(kernel: Kernel) -> tuple[int, object, int]:
    """How many events there are, what is open, and how many documents wait for a person."""
    return len(kernel.log(limit=10_000).records), open_orders(kernel), len(kernel.quarantine(limit=10_000))


def open_orders(kernel: Kernel) -> tuple[dict[str, object], dict[str, int]]:
    """Orders that are not cancelled with the units of their lines, and the units that are kept for orders, by SKU."""
    orders = [kernel.order(row.id) for row in kernel.orders()]
    held: dict[str, int] = {}
    for sku in {line.facts.sku for order in orders for line in order.lines.values() if line.facts.tracked}:
        kept = sum(n for row in kernel.stock(sku).rows for bucket, n in row.buckets.items() if bucket != "available")
        held |= {str(sku): kept} if kept else {}
    standing: dict[str, object] = {
        order.id: {line.facts.line: line.facts.quantity for line in order.lines.values()}
        for order in orders
        if order.status != "cancelled"
    }
    return standing, held
