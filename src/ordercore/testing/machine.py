"""A stateful test of a whole shop: every command in any order, every identity after each."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from ordercore.order import Order
from ordercore.policies import Policies
from ordercore.store import location_place
from ordercore.testing import identities, identities_of_parcels
from ordercore.testing.network import Kind
from ordercore.testing.rules_of_orders import OrderRules
from ordercore.testing.rules_of_stock import StockRules
from ordercore.testing.shopkeeping import EFFECTS, FURNITURE, LOCATIONS, SKUS


class OrdercoreMachine(OrderRules, StockRules):
    """Subclass it, make a kernel, and let pytest find `Test... = YourMachine.TestCase`.

    ::

        class Shop(OrdercoreMachine):
            def make_kernel(self):
                return Kernel(MyStore(), **self.wiring)


        TestShop = Shop.TestCase

    Rules send commands of orders, stock, carts, parcels and time, repeats and backdated ones among them; parcels are
    booked with a carrier over a network that fails as networks do. The methods marked `invariant` are the identities.
    Widen it with rules of your own that call `self.send(command)`. `stepped` counts the steps that were made, per class.
    """

    @initialize(
        confirm=st.sampled_from(["on_place", "on_place", "manual"]),
        shortage=st.sampled_from(["refuse", "backorder", "partial"]),
        carrier=st.sampled_from(["query", "query", "idempotent", "blind"]),
    )
    def open_shop(self, confirm: Any, shortage: Any, carrier: Kind = "query") -> None:
        """Three locations with different steps, items with lots, with a scale, with safety stock, and without stock."""
        self.policies = Policies(confirm=confirm, shortage=shortage, effects=EFFECTS)
        self.connect(carrier)
        self.kernel = self.make_kernel()
        for command in FURNITURE:
            self.handle(command, self.next_name("setup"), None)
        self.look()

    def teardown(self) -> None:
        """Every order can be brought to an end from wherever it stands; then nothing is claimed any more (R19)."""
        if hasattr(self, "range"):
            self.winding_up = True
            self.wind_up()
            self.everything_is_consistent()
            self.parcels_are_what_the_carrier_has()

    def everything_is_consistent(self) -> None:
        """The identities that read the whole log."""
        identities.verify_finds_nothing(self.kernel, backdated=self.backdated)
        identities.orders_are_folds_of_their_events(self.books, self.kernel, self.books.orders)
        identities.timelines_are_complete(self.books, self.kernel, self.books.orders)
        identities.lists_agree_with_orders(self.books, self.kernel)
        for sku in SKUS:
            for code in LOCATIONS:
                identities.journals_end_in_balances(self.shelves, self.kernel, sku, location_place(code))

    def touched(self) -> list[Order]:
        """Orders that the last step changed."""
        return [self.books.orders[id] for id in self.books.orders_touched]

    @invariant()
    def every_unit_of_a_line_stands_in_one_place(self) -> None:
        """See `identities`."""
        identities.every_unit_of_a_line_stands_in_one_place(self.touched())

    @invariant()
    def amounts_add_up(self) -> None:
        """See `identities`."""
        identities.amounts_add_up(self.touched())

    @invariant()
    def rows_are_never_negative(self) -> None:
        """See `identities`."""
        identities.rows_are_never_negative(self.shelves)

    @invariant()
    def rows_are_what_the_log_says(self) -> None:
        """See `identities`."""
        identities.rows_are_what_the_log_says(self.books, self.shelves)

    @invariant()
    def no_unit_is_made_or_lost(self) -> None:
        """See `identities`."""
        identities.no_unit_is_made_or_lost(self.books)

    @invariant()
    def claims_are_what_orders_and_carts_hold(self) -> None:
        """See `identities`."""
        identities.claims_are_what_orders_and_carts_hold(self.books, self.shelves)

    @invariant()
    def waiting_lines_are_written_down(self) -> None:
        """See `identities`."""
        identities.waiting_lines_are_written_down(self.books, self.shelves)

    @invariant()
    def nobody_waits_beside_usable_stock(self) -> None:
        """See `identities`."""
        identities.nobody_waits_beside_usable_stock(self.books, self.shelves, self.range)

    @invariant()
    def statuses_follow_their_lifecycles(self) -> None:
        """See `identities`."""
        if self.last is not None:
            identities.statuses_follow_their_lifecycles(self.books.steps(type(self.last.command).__name__))

    @invariant()
    def versions_are_dense(self) -> None:
        """See `identities`."""
        identities.versions_are_dense(self.books)

    @invariant()
    def orders_are_folds_of_their_events(self) -> None:
        """See `identities`."""
        identities.orders_are_folds_of_their_events(self.books, self.kernel, self.books.orders_touched)

    @invariant()
    def parcels_are_what_the_carrier_has(self) -> None:
        """See `identities_of_parcels`: between the log and what the desk of the carrier has written down."""
        carriage, network, tenant = self.carriage, self.network, self.kernel.core.tenant
        identities_of_parcels.nothing_is_done_twice_outside(carriage, network, tenant)
        identities_of_parcels.what_is_settled_is_so_outside(carriage, network, tenant)
        identities_of_parcels.bookings_are_what_the_carrier_has(carriage, network, tenant)
        identities_of_parcels.a_parcel_has_one_booking_at_a_time(carriage, network)
        identities_of_parcels.manifests_list_what_is_open(carriage, network, tenant)

    @invariant()
    def orders_show_their_bookings(self) -> None:
        """See `identities_of_parcels`."""
        identities_of_parcels.what_is_carried_follows_its_lifecycle(self.carriage)
        identities_of_parcels.orders_show_their_bookings(self.carriage, self.touched())

    @invariant()
    def nothing_due_is_left_outside(self) -> None:
        """See `identities_of_parcels`."""
        carriage = self.carriage
        identities_of_parcels.nothing_due_is_left(carriage.unsettled(), self.clock.now(), self.deaths)
        identities_of_parcels.effects_are_listed_as_they_are(carriage, self.kernel)

    @invariant()
    def what_is_refused_changes_nothing(self) -> None:
        """A refused command, and one that is a repeat, leave log and rows as they were."""
        if self.untouched is not None:
            assert self.untouched == (self.books.length, self.shelves)

    @invariant()
    def a_repeat_gives_the_same_receipt(self) -> None:
        """Events, result, position and order of a repeat are those of the first time."""
        if self.repeated is not None:
            first, again = self.repeated
            assert again.duplicate
            assert (again.result, again.events, again.appended, again.position, again.order_id) == (
                first.result,
                first.events,
                first.appended,
                first.position,
                first.order_id,
            )

    @invariant()
    def timelines_lists_and_journals_agree(self) -> None:
        """Every few steps, for orders just touched and one SKU at one place: timelines, lists, journals, `verify`."""
        turn, rest = divmod(self.number, self.verify_every)
        if rest:
            return
        identities.timelines_are_complete(self.books, self.kernel, self.books.orders_touched)
        identities.lists_agree_with_orders(self.books, self.kernel)
        sku, code = SKUS[turn % len(SKUS)], LOCATIONS[turn % len(LOCATIONS)]
        identities.journals_end_in_balances(self.shelves, self.kernel, sku, location_place(code))
        identities.verify_finds_nothing(self.kernel, backdated=self.backdated)
