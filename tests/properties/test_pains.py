"""What went wrong in other systems, as properties; each names the rule that avoids it (R1 to R20)."""

import multiprocessing
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore import Insufficient, Kernel, Line, Money, PlaceOrder, PutItem, PutLocation, Ship
from ordercore.errors import Rejected
from ordercore.order import (
    AddHold,
    CancelLines,
    ConfirmDelivery,
    Content,
    PackParcel,
    PickLines,
    RecallWork,
    ReceiveReturn,
    RecordPayment,
    ReleaseOrder,
    ReturnedLine,
    ShortPick,
)
from ordercore.stock import CartLine, ReserveCart
from ordercore.testing import CountedIds, ManualClock, an_order, assert_consistent, given_stock, place

quick = settings(max_examples=25)
units = st.integers(0, 12)


def shop(stock=None, steps=("ship",)):
    kernel = Kernel(clock=ManualClock(), ids=CountedIds())
    for code in ("WH1", "WH2", "WH3"):
        kernel.handle(PutLocation(code, steps=steps))
    given_stock(kernel, stock or {})
    return kernel


def reserved(kernel, sku="TEA"):
    return sum(row.buckets.get("reserved", 0) for row in kernel.stock(sku).rows)


@quick
@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), units)
def test_r1_no_more_is_sold_than_there_is(wanted, there):
    kernel = shop({"WH1": {"TEA": there}})
    sold = 0
    for n, quantity in enumerate(wanted):
        order = an_order({"TEA": quantity}, external_id=str(n))
        if quantity <= there - sold:
            kernel.handle(order)
            sold += quantity
            continue
        with pytest.raises(Insufficient) as caught:
            kernel.handle(order)
        assert caught.value.shortages == (("1", "TEA", quantity - (there - sold)),)
    assert kernel.available("TEA") == there - sold
    assert_consistent(kernel)


@quick
@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), units)
def test_r2_lines_of_one_sku_are_checked_together(quantities, there):
    kernel = shop({"WH1": {"TEA": there}})
    order = PlaceOrder("shop", "1", "EUR", [Line("TEA", quantity) for quantity in quantities])
    if sum(quantities) <= there:
        kernel.handle(order)
        assert reserved(kernel) == sum(quantities)
    else:
        with pytest.raises(Insufficient):
            kernel.handle(order)
        assert reserved(kernel) == 0


@quick
@given(st.tuples(units, units, units), st.integers(1, 30), st.sampled_from(["nearest", "priority", "fewest_parcels"]))
def test_r3_several_locations_give_exactly_what_was_ordered(there, wanted, strategy):
    kernel = shop({code: {"TEA": quantity} for code, quantity in zip(("WH1", "WH2", "WH3"), there, strict=True)})
    order = kernel.order(place(kernel, {"TEA": wanted}, shortage="backorder", strategy=strategy))
    line = order.line("1")
    assert (line.claimed, line.backordered) == (min(wanted, sum(there)), max(0, wanted - sum(there)))
    assert kernel.available("TEA") == sum(there) - line.claimed
    assert_consistent(kernel)


@quick
@given(st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_r5_nothing_is_given_back_twice(cancelled):
    kernel = shop({"WH1": {"TEA": 9}})
    order = place(kernel, {"TEA": 6})
    gone = 0
    for n, quantity in enumerate(cancelled):
        command = CancelLines(order, {"1": quantity})
        for _ in range(2):
            try:
                receipt = kernel.handle(command, key=f"cancel-{n}")
            except Rejected:
                assert gone + quantity > 6
                break
            gone += 0 if receipt.duplicate else quantity
    assert (kernel.available("TEA"), reserved(kernel)) == (3 + gone, 6 - gone)


@quick
@given(st.integers(0, 4), st.integers(0, 4))
def test_r6_taking_work_back_keeps_the_promise(picked, packed):
    kernel = shop({"WH1": {"TEA": 4}}, ("pick", "pack", "ship"))
    order = place(kernel, {"TEA": 4})
    kernel.handle(ReleaseOrder(order))
    if picked:
        kernel.handle(PickLines(order, "F1", (Content("1", picked),)))
    if 0 < packed <= picked:
        kernel.handle(PackParcel(order, "F1", "B1", (Content("1", packed),)))
    kernel.handle(RecallWork(order, "F1"))
    assert (kernel.order(order).line("1").at("reserved"), kernel.available("TEA")) == (4, 0)


@quick
@given(st.integers(1, 5), st.integers(1, 5))
def test_r7_a_part_that_leaves_touches_nothing_else(first, second):
    kernel = shop({"WH1": {"TEA": 5, "CUP": 5}})
    order = place(kernel, {"TEA": 5, "CUP": 5})
    bystander = kernel.order(place(kernel, {"TEA": 1}, shortage="backorder"))
    kernel.handle(Ship(order, contents=(Content("1", first), Content("2", second))))
    lines = kernel.order(order).lines
    assert [(line.shipped, line.claimed) for line in lines.values()] == [(first, 5 - first), (second, 5 - second)]
    assert kernel.order(bystander.id) == bystander


def test_r8_only_new_supply_fills_who_waits():
    kernel = shop({"WH1": {"TEA": 2}})
    waits = place(kernel, {"TEA": 5}, shortage="backorder")
    other = place(kernel, {"TEA": 2}, shortage="backorder")
    kernel.handle(CancelLines(waits, {"1": 2}))
    assert [kernel.order(id).line("1").backordered for id in (waits, other)] == [1, 2]


@quick
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 999_999)), min_size=1, max_size=6),
    st.sampled_from(["EUR", "JPY", "BHD"]),
    st.lists(st.integers(1, 100), min_size=1, max_size=5),
)
def test_r11_money_is_exact_and_its_parts_sum_to_the_whole(lines, currency, weights):
    kernel = shop()
    kernel.handle(PutItem("fee", tracking="none", delivery="service"))
    wanted = [Line("fee", quantity, Money.minor(price, currency)) for quantity, price in lines]
    order = kernel.order(kernel.handle(PlaceOrder("shop", "1", currency, wanted)).result)
    total = sum(quantity * price for quantity, price in lines)
    assert order.total == total == sum(line.facts.total for line in order.lines.values())
    parts = Money.minor(total, currency).allocate(weights)
    assert sum(part.amount for part in parts) == total
    for n, part in enumerate(part for part in parts if part.amount):
        kernel.handle(RecordPayment(order.id, f"charge-{n}", "charge", part))
    for n, part in enumerate(part for part in parts if part.amount):
        kernel.handle(RecordPayment(order.id, f"refund-{n}", "refund", part))
    assert kernel.order(order.id).payments.refunded == total
    with pytest.raises(Rejected):
        kernel.handle(RecordPayment(order.id, "one-more", "refund", Money.minor(1, currency)))


@quick
@given(st.integers(1, 6), st.integers(1, 9))
def test_r14_a_carts_own_stock_is_moved_to_its_order_and_never_counted_twice(held, wanted):
    kernel = shop({"WH1": {"TEA": 6}})
    kernel.handle(ReserveCart("C1", [CartLine("1", "TEA", held)]))
    try:
        kernel.handle(an_order({"TEA": wanted}, reservation="C1"))
    except Insufficient:
        assert wanted > 6
        assert kernel.available("TEA") == 6 - held
    else:
        assert (reserved(kernel), kernel.available("TEA")) == (wanted, 6 - wanted)
    assert_consistent(kernel)


def test_r15_repeats_in_any_order_come_to_the_same():
    results = set()
    commands = [
        an_order({"TEA": 3}),
        AddHold("shop:1001", "a", blocks=("cancel",)),
        RecordPayment("shop:1001", "r1", "charge", "1.00"),
        RecordPayment("shop:1001", "r2", "charge", "2.00"),
    ]
    for order in permutations(commands):
        kernel = shop({"WH1": {"TEA": 5}})
        pending = [(str(commands.index(command)), command) for command in order]
        for _ in range(len(pending)):
            for key, command in pending:
                try:
                    kernel.handle(command, key=key)
                except Rejected:
                    continue  # came before its order did, and comes again
        stands = kernel.order("shop:1001")
        results.add((stands.payment_status, len(stands.holds), stands.version, kernel.available("TEA")))
    assert len(results) == 1


def test_r16_each_line_comes_from_where_it_is_pinned_to():
    kernel = shop({"WH1": {"TEA": 5}, "WH2": {"TEA": 5}, "WH3": {"TEA": 5}})
    lines = [Line("TEA", 2, location="WH3"), Line("TEA", 2, location="WH1"), Line("TEA", 6)]
    order = kernel.order(kernel.handle(PlaceOrder("shop", "1", "EUR", lines)).result)
    claims = {name: {claim.place: claim.quantity for claim in line.claims} for name, line in order.lines.items()}
    assert (claims["1"], claims["2"], sum(claims["3"].values())) == ({"loc/WH3": 2}, {"loc/WH1": 2}, 6)


@quick
@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["restock", "damaged", "scrap"])), max_size=4))
def test_r17_what_comes_back_comes_back_where_and_as_it_was_said(returns):
    kernel = shop({"WH1": {"TEA": 6}})
    order = place(kernel, {"TEA": 6})
    kernel.handle(Ship(order))
    back = {"restock": 0, "damaged": 0, "scrap": 0}
    for n, (quantity, disposition) in enumerate(returns):
        try:
            kernel.handle(ReceiveReturn(order, f"R{n}", "WH2", (ReturnedLine("1", quantity, disposition),)))
            back[disposition] += quantity
        except Rejected:
            assert sum(back.values()) + quantity > 6
    (row,) = kernel.stock("TEA").rows or (None,)
    buckets = dict(row.buckets) if row else {}
    assert buckets == {name: n for name, n in (("available", back["restock"]), ("damaged", back["damaged"])) if n}
    assert row is None or row.place == "loc/WH2"


def test_r19_an_order_that_is_partly_shipped_partly_short_and_paid_still_ends():
    kernel = shop({"WH1": {"TEA": 4}}, ("pick", "ship"))
    order = place(kernel, {"TEA": 6}, shortage="backorder")
    kernel.handle(RecordPayment(order, "r1", "charge", "6.00"))
    kernel.handle(ReleaseOrder(order))
    kernel.handle(PickLines(order, "F1", (Content("1", 2),)))
    kernel.handle(Ship(order))
    kernel.handle(ShortPick(order, "F1", "1", 1))
    kernel.handle(CancelLines(order))
    kernel.handle(ConfirmDelivery(order))
    assert (kernel.order(order).status, reserved(kernel), kernel.available("TEA")) == ("completed", 0, 1)
    assert_consistent(kernel)


def _shuffled(url, name, queue):
    skus = [f"SKU{(int(name) * 7 + n * 3) % 10}" for n in range(10)]
    with Kernel.open(url) as kernel:
        failed = []
        for n in range(12):
            basket = {skus[(n + k) % 10]: 1 for k in range(3)}
            try:
                kernel.handle(an_order(basket, external_id=f"{name}-{n}"))
            except Insufficient:
                continue
            except Exception as error:  # noqa: BLE001
                failed.append(type(error).__name__)
        queue.put(failed)


def test_r20_shuffled_baskets_neither_deadlock_nor_oversell(tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with Kernel.open(url) as kernel:
        given_stock(kernel, {"WH1": {f"SKU{n}": 9 for n in range(10)}})
        fork = multiprocessing.get_context("fork")
        queue = fork.Queue()
        racers = [fork.Process(target=_shuffled, args=(url, str(n), queue)) for n in range(4)]
        for racer in racers:
            racer.start()
        assert [queue.get(timeout=60) for _ in racers] == [[]] * 4
        for racer in racers:
            racer.join(timeout=60)
        sold = 90 - sum(kernel.available(f"SKU{n}") for n in range(10))
        assert sold == 3 * len(kernel.orders(limit=100))
        assert_consistent(kernel)
