"""What people see of an order, a receipt, stock: in a REPL, a notebook, a failed test."""

import pickle
from contextlib import suppress
from html import escape

import pytest
from attrs import evolve
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from rich.console import Console

from ordercore import Address, Kernel, Line, Money, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.aio import AsyncKernel
from ordercore.errors import Rejected
from ordercore.message import Receipt, Recorded
from ordercore.order import (
    AddHold,
    AllocateOrder,
    CancelLines,
    ConfirmDelivery,
    ReceiveReturn,
    ReleaseOrder,
    ReturnedLine,
)
from ordercore.order.tables import whereabouts
from ordercore.ports import Problem
from ordercore.readable.plain import width_of
from ordercore.readable.words import clean
from ordercore.stock import AdjustStock, Received
from ordercore.store import Page
from ordercore.testing.strategies import currencies, orders, skus
from ordercore.values import CURRENCIES, Price, Quantity
from ordercore.views import OrderRow, StockView, Timeline, TimelineEntry, Why
from ordercore.wiring import IntakeReport, WorkReport

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Co", "Cn")), min_size=1, max_size=60)
NAMES = TEXT.map(str.strip).filter(bool)


def shop():
    kernel = Kernel()
    for command in (PutItem("TEA", "Tea"), PutLocation("WH1"), ReceiveStock("WH1", [Received("TEA", 10)])):
        kernel.handle(command)
    return kernel


def everything(kernel, order, sku, location="WH1"):
    """Every value that is shown, of one order."""
    timeline = kernel.timeline(order)
    page = kernel.log()
    return (
        kernel, kernel.order(order), timeline, timeline[0], kernel.stock(sku), kernel.why(sku, location),
        kernel.why(sku, location).movements[-1], kernel.explain(order), kernel.orders()[0], page, page.records[-1],
    )  # fmt: skip


@settings(max_examples=25)
@given(sku=skus(), name=NAMES, note=NAMES, external=NAMES, currency=currencies(), units=st.integers(1, 10**6))
def test_every_repr_is_one_short_line_and_every_page_escapes_what_is_from_outside(
    sku, name, note, external, currency, units
):
    kernel = Kernel()
    for command in (PutItem(sku, name), PutLocation("WH1"), ReceiveStock("WH1", [Received(sku, units)])):
        kernel.handle(command)
    address = Address("DE", "Erika Mustermann", email="erika@example.org")
    placed = kernel.handle(
        PlaceOrder("web", external, currency, [Line(sku, units, "12")], ship_to=address, customer="customer-77")
    )
    reason = f"because of {note}"
    kernel.handle(AddHold(placed.result, "fraud", "fraud", ("ship",), reason))
    for value in (placed, *everything(kernel, placed.result, sku)):
        assert len(repr(value)) <= 120
        assert repr(value).isprintable()
        assert reason not in repr(value)
        assert "customer-77" not in repr(value)
        if hasattr(value, "tables"):
            shown = (str(value), value._repr_html_(), printed(value))
            assert not any("Erika" in text or "erika" in text for text in shown)
    page = kernel.timeline(placed.result)._repr_html_()
    for text in (sku, reason, external):
        assert escape(clean(text)) in page


def printed(value):
    console = Console(width=200, color_system=None)
    with console.capture() as out:
        console.print(value)
    return out.get()


def test_each_says_what_matters_of_it():
    kernel = shop()
    receipt = kernel.handle(PlaceOrder("web", "1", "EUR", [Line("TEA", 2, "12.50")]))
    kernel.handle(Ship(receipt.result))
    assert repr(kernel) == "<Kernel on MemoryStore: strategy nearest>"
    assert repr(receipt) == "<Receipt web:1: 2 events, position 4>"
    assert repr(kernel.order("web:1")) == "<Order web:1: confirmed, fulfilled, 1 line, 25.00 EUR, version 3>"
    assert repr(kernel.timeline("web:1")).startswith("<Timeline web:1: 3 entries, ")
    assert repr(kernel.timeline("web:1")[0]).startswith("<TimelineEntry 1: ")
    assert repr(kernel.stock("TEA")) == "<StockView TEA: 8 on hand, 8 free, 1 place>"
    assert repr(kernel.why("TEA", "WH1")) == "<Why TEA at WH1: 3 movements, 8 on hand, 8 free>"
    assert repr(kernel.why("TEA", "WH1").movements[0]).startswith("<Movement StockReceived: receipt/")
    assert repr(kernel.explain("web:1")) == "<Explanation nearest version 1: chose WH1>"
    assert repr(kernel.orders()[0]).startswith("<OrderRow web:1: confirmed, fulfilled, 25.00 EUR, ")
    assert repr(kernel.log(limit=2)).startswith("<Page: 2 records, up to position 2, ")
    assert repr(kernel.log().records[-1]).startswith("<Recorded ParcelShipped: order/web:1 version 3, ")
    assert repr(kernel.work()) == "<WorkReport: idle>"
    again = kernel.handle(PlaceOrder("web", "1", "EUR", [Line("TEA", 2, "12.50")]))
    assert repr(again) == "<Receipt web:1: duplicate, position 4>"


def test_reports_count_what_happened():
    assert repr(WorkReport(1, 2, 3, ("mail: OSError",))) == "<WorkReport: 1 timer, 2 refused, 3 delivered, 1 failure>"
    problem = Problem("bad_total", "lines[0]", "reject", "No.")
    report = IntakeReport(("web:1",), quarantined="sha256:" + "0" * 64, problems=(problem,), http_status=202)
    assert repr(report) == "<IntakeReport: 1 accepted, 1 problem, quarantined as 000000000000, answer 202>"


def test_a_kernel_says_its_tenant_and_channels_but_not_the_address_of_its_store(tmp_path):
    with Kernel.open(f"sqlite:///{tmp_path / 'password.db'}", tenant="acme") as kernel:
        assert repr(kernel) == "<Kernel on SQLiteStore: strategy nearest, tenant acme>"
    assert repr(AsyncKernel()) == "<AsyncKernel on MemoryStore: strategy nearest>"


@given(st.integers(-(10**15), 10**15), st.sampled_from(sorted(CURRENCIES)))
def test_money_and_quantities_show_what_makes_them_again(amount, currency):
    money = Money.minor(amount, currency)
    assert eval(repr(money)) == money
    quantity = Quantity.of(str(money.decimal), "kg")
    assert eval(repr(quantity)) == quantity


def test_a_value_that_cannot_be_right_still_has_a_repr():
    assert repr(Money("12", "€")) == "Money('12', '€')"
    assert "Price" in repr(Price.of("1", "EUR"))


@pytest.mark.parametrize("kind", [Receipt, Recorded, StockView, Why, Page, OrderRow, TimelineEntry, WorkReport])
def test_shown_values_are_equal_copied_and_hashed_as_before(kind):
    kernel = shop()
    receipt = kernel.handle(PlaceOrder("web", "1", "EUR", [Line("TEA", 2)]))
    found = {type(value): value for value in (receipt, kernel.work(), *everything(kernel, "web:1", "TEA"))}[kind]
    assert evolve(found) == found
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_timeline_is_a_tuple_and_a_stretch_of_it_is_a_timeline():
    kernel = shop()
    kernel.handle(PlaceOrder("web", "1", "EUR", [Line("TEA", 2)]))
    timeline = kernel.timeline("web:1")
    assert isinstance(timeline, tuple)
    assert timeline == tuple(timeline)
    assert isinstance(timeline[0], TimelineEntry)
    assert (type(timeline[-1:]), timeline[-1:].order, len(timeline[-1:])) == (Timeline, "web:1", 1)
    again = pickle.loads(pickle.dumps(timeline))
    assert (again, again.order) == (timeline, "web:1")
    assert Timeline() == ()


def test_a_journal_shows_its_newest_movements_and_says_how_many_came_before():
    kernel = shop()
    for n in range(102):
        kernel.handle(AdjustStock("WH1", "TEA", 1, f"number {n}"))
    text = str(kernel.why("TEA", "WH1"))
    assert "3 earlier movements not shown" in text
    assert "number 101" in text
    assert "number 1\n" not in text


def test_a_plan_read_back_shows_its_legs_and_a_fresh_one_its_reasons():
    from ordercore.plan import Demand, Site, Sourcing
    from ordercore.sourcing import nearest, source

    site = Site("loc/WH1", "WH1")
    plan = source(nearest, Sourcing((Demand("1", "TEA", 3),), {"TEA": {"loc/WH1": 2}}, {"loc/WH1": site}))
    assert repr(plan) == "<Plan nearest version 1: 1 leg from WH1, 1 missing>"
    assert str(plan) == str(plan.explain())
    assert "1 TEA missing for line 1" in str(evolve(plan, request=None))


COMMANDS = (
    Ship, ConfirmDelivery, AllocateOrder, lambda order: CancelLines(order, {"L1": 1}), CancelLines,
    lambda order: ReceiveReturn(order, "R1", "WH1", (ReturnedLine("L1", 1, "restock"),)), ReleaseOrder,
)  # fmt: skip


@settings(max_examples=40)
@given(orders(["TEA", "茶杯", "CUP"], most=5), st.lists(st.sampled_from(COMMANDS), max_size=5))
def test_where_the_units_of_a_line_stand_adds_up_to_what_was_ordered(command, steps):
    kernel = Kernel()
    stock = [Received("TEA", 6), Received("茶杯", 3)]
    for one in (PutItem("TEA"), PutItem("茶杯"), PutItem("CUP"), PutLocation("WH1"), ReceiveStock("WH1", stock)):
        kernel.handle(one)
    try:
        order = kernel.handle(evolve(command, shortage="backorder")).result
    except Rejected:
        reject()
    for step in steps:
        with suppress(Rejected):
            kernel.handle(step(order))
    seen = kernel.order(order)
    assert len(repr(seen)) <= 120
    for line in seen.lines.values():
        parts = [part for part in whereabouts(line) if not part.endswith("came back")]
        assert sum(int(part.split()[0].replace(",", "")) for part in parts) == line.facts.quantity
    (grid, *_) = seen.tables()
    assert [row[0] for row in grid.rows] == list(seen.lines)
    # Every row of the text begins the second column in the same cell of the terminal, wide letters or not.
    body = str(seen).split("\n\n")[1].split("\n")
    starts = {
        width_of(text[: text.index(sku)]) for text, sku in zip(body[2:], [row[1] for row in grid.rows], strict=False)
    }
    assert len(starts) == 1
