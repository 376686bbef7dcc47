"""From a crossing to goods on the shelf: suggested, approved, sent, answered, received; nothing twice."""

import json
from datetime import date, timedelta

import pytest
from attrs import evolve

from ordercore.alerts import AcknowledgeAlert, CheckStock
from ordercore.alerts.events import AlertAnswered
from ordercore.catalog import PutItem, PutStockLevels
from ordercore.catalog.events import LevelsPut
from ordercore.errors import ExceedsQuantity, InvalidCommand, NotFound, TransitionRefused
from ordercore.message import Context
from ordercore.policies import Policies
from ordercore.ports import ConfirmedLine, HttpResponse
from ordercore.stock import AdjustStock, Received, ReceiveStock
from ordercore.store import DeleteDocument, PutDocument, ReadDocument
from ordercore.store.batch import Batch
from ordercore.supply import (
    AcknowledgePurchase,
    AnsweredLine,
    ApprovePurchase,
    ArrivedLine,
    CancelPurchase,
    ClosePurchase,
    PutSupplier,
    PutSupply,
    ReceivePurchase,
    RecordPurchaseNotSent,
    RecordPurchaseSent,
    RejectPurchase,
    RemindSupplier,
    Replenish,
    SuggestPurchase,
    WantedLine,
)
from ordercore.supply.events import (
    ApprovalRequested,
    PurchaseApproved,
    PurchaseReceived,
    PurchaseSent,
    PurchaseSuggested,
    PurchaseUnanswered,
    SupplierPut,
    SupplierReminded,
    SupplyPut,
)
from ordercore.testing import given_stock, place
from ordercore.testing.supplier import MemorySupplier, answer_of
from ordercore.testing.transports import RecordedTransport
from ordercore.values import Quantity
from ordercore.wiring.watch import NAME

ACME = PutSupplier(
    "ACME", "EUR", "Acme Teas", "acme", lead_time_days=5, answer_within_hours=24, reminders=2, approve_up_to="100.00",
    over_receipt_percent=10,
)  # fmt: skip


class House:
    """A shop that replenishes, with one supplier behind a transport that remembers."""

    def __init__(self, make, policy="order", supplier=ACME, **options):
        self.transport = RecordedTransport()
        self.shop = make(
            policies=Policies(replenish=policy, shortage="backorder"), suppliers={"acme": MemorySupplier("acme")},
            transport=self.transport, **options,
        )  # fmt: skip
        self.clock = self.shop.core.clock
        given_stock(self.shop, {"WH1": {"TEA": 20, "CUP": 20}})
        self.does(supplier)
        self.does(PutSupply("TEA", "ACME", "T-1", "2.50", pack=12))
        self.does(PutSupply("CUP", "ACME", "C-9", "1.00", minimum=10))
        self.does(PutStockLevels("TEA", "WH1", 10, 40, 12, "buying"))
        self.does(PutStockLevels("CUP", "WH1", 5, 30, 6, "buying"))

    def does(self, command, **options):
        receipt = self.shop.handle(command, **options)
        self.work()
        return receipt

    def work(self, **later):
        self.clock.advance(**later)
        return self.shop.work(until_idle=True)

    def loses(self, units, sku="TEA"):
        self.does(AdjustStock("WH1", sku, -units, "sold over the counter"))

    def events(self, *kinds):
        records = self.shop.log(limit=100_000).records
        return [record.event for record in records if isinstance(record.event, kinds)]

    @property
    def purchase(self):
        (row,) = self.shop.purchases()
        return self.shop.purchase(row.purchase)

    @property
    def alert(self):
        (alert,) = self.shop.alerts(None)
        return alert


@pytest.fixture
def house(make_shop):
    return House(make_shop)


# The chain


def test_the_whole_chain(house):
    house.loses(10)
    purchase = house.purchase
    assert (purchase.id, purchase.status, purchase.head.alerts) == ("ACME-1", "sent", ("WH1:TEA",))
    line = purchase.lines["1"]
    assert str(line.facts.arithmetic) == "36 = 40 up to - 10 free, rounded up to packs of 12"
    assert (line.facts.total, purchase.head.total) == (9_000, 9_000)
    assert line.expected_on == house.clock.now().date() + timedelta(days=5)
    said = json.loads(house.transport.sent[0].body)
    assert (said["number"], said["reminder"]) == ("ACME-1", 0)
    assert [line[:3] for line in said["lines"]] == [["1", "T-1", "36"]]
    assert (house.alert.status, house.alert.purchases) == ("covered", ("ACME-1",))
    house.does(AcknowledgePurchase("ACME-1", reference="AC-77"))
    assert house.purchase.status == "acknowledged"
    house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 2)], external_id="DN-1"))
    assert (house.purchase.status, house.alert.status) == ("partially_received", "covered")
    house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 34)], external_id="DN-2"))
    assert (house.purchase.status, house.alert.status) == ("received", "resolved")
    assert house.shop.available("TEA") == 46
    story = [entry.text for entry in house.shop.timeline("purchase/ACME-1")]
    assert len(story) == 6
    assert story[0].startswith("suggested")


def test_goods_of_a_purchase_come_in_at_its_cost_and_fill_who_waits(house):
    order = place(house.shop, {"TEA": 32})
    house.work()
    purchase = house.purchase
    assert purchase.lines["1"].facts.quantity == 60  # 40 - 0 + 12 waiting = 52
    house.does(ApprovePurchase(purchase.id))
    receipt = house.does(ReceivePurchase(purchase.id, [ArrivedLine("TEA", 60)], external_id="DN-1"))
    assert house.shop.order(order).line("1").backordered == 0
    (received,) = [one for one in receipt.events if type(one).__name__ == "StockReceived"]
    assert (received.lines[0].cost, received.lines[0].digits, received.lines[0].currency) == (250, 2, "EUR")
    assert (received.source, received.external_id) == ("ACME-1", "DN-1")
    assert house.events(PurchaseReceived)[0].receipt == "ACME-1:DN-1"


def test_a_delivery_note_counts_once(house):
    house.loses(10)
    first = house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 12)], external_id="DN-1"))
    again = house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 12)], external_id="DN-1"))
    assert (again.duplicate, again.events, again.result) == (True, first.events, "ACME-1")
    assert house.shop.available("TEA") == 22


# Limits


def test_beyond_the_limit_a_person_decides(house):
    house.does(PutSupply("TEA", "ACME", "T-1", "2.80", pack=12))
    house.loses(10)
    assert (house.purchase.status, house.alert.status) == ("awaiting_approval", "open")
    assert house.purchase.approval == "100.80 EUR is above the limit of 100.00 EUR"
    assert house.transport.sent == []
    house.does(ApprovePurchase("ACME-1", "needed for the fair"))
    assert (house.purchase.status, house.alert.status, len(house.transport.sent)) == ("sent", "covered", 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"approve_up_to": None}, "every purchase from ACME is approved by a person"),
        ({"minimum_order": "95.00"}, "90.00 EUR is below the least order of 95.00 EUR"),
    ],
)
def test_what_else_a_person_is_asked_for(make_shop, change, reason):
    house = House(make_shop, supplier=evolve(ACME, **change))
    house.loses(10)
    assert house.events(ApprovalRequested) == [ApprovalRequested(reason)]


def test_without_a_cost_a_person_is_asked(house):
    house.does(PutSupply("TEA", "ACME"))
    house.loses(10)
    assert (house.purchase.approval, house.purchase.head.total) == ("a cost is not known", None)


def test_what_a_person_rejects_is_not_suggested_again(house):
    house.does(PutSupply("TEA", "ACME", "T-1", "9.00"))
    house.loses(10)
    house.does(RejectPurchase("ACME-1", "too dear"))
    house.loses(1)
    house.does(Replenish("WH1"))
    assert (house.purchase.status, house.alert.status) == ("rejected", "open")


def test_after_a_cancelled_purchase_the_next_waits_for_a_person(house):
    house.loses(10)
    house.does(CancelPurchase("ACME-1", "they are out of it"))
    rows = {row.purchase: row.status for row in house.shop.purchases()}
    assert rows == {"ACME-1": "cancelled", "ACME-2": "awaiting_approval"}
    assert house.shop.purchase("ACME-2").approval == "purchase ACME-1 for the same alert was cancelled"
    assert house.alert.purchases == ("ACME-1", "ACME-2")


def test_with_the_policy_suggest_nothing_is_approved_by_itself(make_shop):
    house = House(make_shop, policy="suggest")
    house.loses(10)
    assert house.purchase.status == "suggested"
    house.does(ApprovePurchase("ACME-1"))
    assert house.purchase.status == "sent"


def test_with_the_policy_alert_nothing_is_suggested(make_shop):
    house = House(make_shop, policy="alert")
    house.loses(10)
    assert (house.shop.purchases(), house.alert.status) == ((), "open")


# Once


def test_crossings_of_one_supplier_share_a_purchase(make_shop):
    house = House(make_shop, policy="alert")
    house.loses(10)
    house.loses(16, "CUP")
    assert house.does(Replenish("WH1")).result == "ACME-1"
    purchase = house.purchase
    assert {line.facts.sku: line.facts.quantity for line in purchase.lines.values()} == {"TEA": 36, "CUP": 26}
    assert {alert.purchases for alert in house.shop.alerts(None)} == {("ACME-1",)}
    assert house.does(Replenish("WH1")).result == ""


def test_the_same_stretch_of_the_log_once_more_orders_nothing_more(house):
    house.loses(10)
    before = house.shop.length()
    house.shop.store.checkpoint(NAME, house.shop.store.cursor_of(NAME), None)
    house.work()
    assert (house.shop.length(), len(house.transport.sent)) == (before, 1)


def test_two_that_answer_at_once_order_once(make_shop):
    house = House(make_shop, policy="alert")
    house.loses(10)
    rival = house.shop.rival(policies=Policies(replenish="suggest"))
    house.shop.store.before_commit = [lambda: rival.handle(Replenish("WH1")) and None]
    house.does(Replenish("WH1"))
    assert [row.purchase for row in house.shop.purchases()] == ["ACME-1"]
    assert house.events(AlertAnswered) == [AlertAnswered("ACME-1", 1)]


def test_a_second_crossing_is_ordered_net_of_the_first(house):
    house.loses(10)
    place(house.shop, {"TEA": 40})
    house.work()
    rows = [house.shop.purchase(row.purchase) for row in house.shop.purchases()]
    assert [str(row.lines["1"].facts.arithmetic) for row in rows] == [
        "36 = 40 up to - 10 free, rounded up to packs of 12",
        "36 = 40 up to - 0 free - 36 on order + 30 waiting, rounded up to packs of 12",
    ]
    assert (house.alert.number, house.alert.purchases) == (1, ("ACME-1", "ACME-2"))


def test_what_was_approved_late_and_is_not_enough_is_ordered_on(make_shop):
    house = House(make_shop, supplier=evolve(ACME, approve_up_to=None))
    house.loses(10)
    place(house.shop, {"TEA": 100})
    house.work()
    assert len(house.shop.purchases()) == 1  # nobody has decided on the first yet
    house.does(ApprovePurchase("ACME-1"))
    assert house.alert.purchases == ("ACME-1", "ACME-2")
    assert str(house.shop.purchase("ACME-2").lines["1"].facts.arithmetic) == (
        "96 = 40 up to - 0 free - 36 on order + 90 waiting, rounded up to packs of 12"
    )
    house.does(RejectPurchase("ACME-2", "enough"))
    house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 36)]))
    assert (len(house.shop.purchases()), house.alert.status) == (2, "open")


def test_a_supplier_that_is_found_later_is_asked_at_once(make_shop):
    house = House(make_shop)
    house.does(PutItem("POT"))
    house.does(ReceiveStock("WH1", [Received("POT", 2)]))
    house.does(PutStockLevels("POT", "WH1", 3, 9))
    assert house.shop.purchases() == ()
    house.does(PutSupply("POT", "ACME", unit_cost="1.00"))
    assert house.purchase.lines["1"].facts.quantity == 7


# Sending and answers


def test_without_a_plugin_a_person_sends_it(make_shop):
    house = House(make_shop, supplier=PutSupplier("ACME", "EUR", approve_up_to="100.00", answer_within_hours=8))
    house.loses(10)
    assert (house.purchase.status, house.shop.effects(None)) == ("approved", ())
    house.does(RecordPurchaseSent("ACME-1", "by phone"))
    assert (house.purchase.status, house.events(PurchaseSent)[0].reference) == ("sent", "by phone")


def test_what_the_supplier_declines_is_an_alert_of_its_own(house):
    house.transport.otherwise = lambda _: HttpResponse(400)
    house.loses(10)
    assert house.purchase.status == "approved"
    alerts = {alert.id: alert.kind for alert in house.shop.alerts(None)}
    assert alerts["purchase/ACME-1"] == "not_sent"
    house.does(RecordPurchaseSent("ACME-1", "by phone"))
    assert {alert.id: alert.status for alert in house.shop.alerts(None)}["purchase/ACME-1"] == "open"
    house.does(AcknowledgePurchase("ACME-1"))
    assert {alert.id: alert.status for alert in house.shop.alerts(None)}["purchase/ACME-1"] == "resolved"


def test_who_does_not_answer_is_reminded_and_then_an_alert(house):
    house.loses(10)
    with pytest.raises(TransitionRefused):
        house.does(RemindSupplier("ACME-1"))
    house.work(hours=24)
    house.work(hours=24)
    assert [event.number for event in house.events(SupplierReminded)] == [1, 2]
    assert [json.loads(request.body)["reminder"] for request in house.transport.sent] == [0, 1, 2]
    house.work(hours=24)
    house.work(hours=24)
    assert house.events(PurchaseUnanswered) == [PurchaseUnanswered(2)]
    assert [alert.kind for alert in house.shop.alerts("open")] == ["unanswered"]
    house.does(AcknowledgePurchase("ACME-1"))
    assert house.shop.alerts("open") == ()


def test_who_answered_is_not_reminded(house):
    house.loses(10)
    house.does(AcknowledgePurchase("ACME-1"))
    house.work(days=3)
    assert house.events(SupplierReminded) == []


def test_an_answer_changes_quantity_day_and_cost_line_by_line(house):
    house.loses(10)
    later = date(2026, 2, 1)
    house.does(AcknowledgePurchase("ACME-1", [
        AnsweredLine("1", "changed", 12, unit_cost="2.60"), AnsweredLine("1", "backordered", Quantity.of("12", "unit"), later),
    ]))  # fmt: skip
    line = house.purchase.lines["1"]
    assert (line.open, line.cancelled, line.ordered, line.answer) == (24, 12, 36, "changed")
    assert [(part.quantity, part.expected_on) for part in line.parts] == [(12, date(2026, 1, 10)), (12, later)]
    assert str(line.unit_cost) == "2.60 EUR"
    house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 15)]))
    assert [(part.quantity, part.expected_on) for part in house.purchase.lines["1"].parts] == [(9, later)]


def test_what_comes_after_the_lead_time_covers_nothing_until_it_is_in_sight(house):
    house.loses(10)
    house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "changed", 36, date(2026, 1, 25))]))
    assert (house.alert.status, house.alert.balance.later) == ("open", 36)
    assert len(house.shop.purchases()) == 1  # ordered it is, only late
    house.work(days=15)
    assert house.alert.status == "covered"


def test_a_cost_that_goes_beyond_the_limit_is_approved_again(house):
    house.loses(10)
    house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "changed", unit_cost="2.60")]))
    assert house.purchase.status == "acknowledged"  # 93.60 EUR of 100.00
    house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "changed", unit_cost="3.00")]))
    assert (house.purchase.status, house.purchase.approval) == (
        "repriced", "108.00 EUR is asked for what 90.00 EUR was agreed to for, and the limit is 100.00 EUR",
    )  # fmt: skip
    assert (house.alert.status, house.alert.balance.unapproved) == ("open", 36)
    house.does(ApprovePurchase("ACME-1", "dear, but needed"))
    assert (house.purchase.status, house.alert.status) == ("acknowledged", "covered")
    house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "changed", 35)]))
    assert house.purchase.status == "acknowledged"  # above the limit still, and agreed to
    assert (len(house.transport.sent), len(house.shop.purchases())) == (1, 1)


def test_what_is_approved_late_is_expected_later(make_shop, monkeypatch):
    documents, send = [], MemorySupplier.send
    monkeypatch.setattr(MemorySupplier, "send", lambda self, document, *, key: (
        documents.append(document), send(self, document, key=key))[1])  # fmt: skip
    house = House(make_shop, supplier=evolve(ACME, approve_up_to=None))
    house.loses(10)
    assert house.purchase.head.order_by == date(2026, 1, 5)
    house.work(days=3)
    house.does(ApprovePurchase("ACME-1"))
    assert house.purchase.lines["1"].expected_on == date(2026, 1, 13)
    assert [one.expected_on for one in house.shop.stock("TEA").incoming] == [date(2026, 1, 13)]
    assert {document.lines[0].wanted_on for document in documents} == {date(2026, 1, 13)}


def test_who_asks_less_again_needs_nobody(house):
    house.loses(10)
    house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "changed", unit_cost="3.00")]))
    house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "changed", unit_cost="2.75")]))
    assert (house.purchase.status, house.purchase.approved, len(house.transport.sent)) == ("acknowledged", "policy", 1)


def test_what_is_too_dear_is_rejected_and_what_came_of_it_stays(house):
    house.loses(10)
    dear = AcknowledgePurchase("ACME-1", [AnsweredLine("1", "changed", unit_cost="3.00")])
    house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 4)]))
    house.does(dear)
    house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 2)]))
    assert house.purchase.status == "repriced"
    house.does(RejectPurchase("ACME-1", "too dear"))
    assert (house.purchase.status, house.purchase.received, house.purchase.open) == ("short_closed", 6, 0)
    house.does(AdjustStock("WH1", "CUP", -16, "sold"))
    other = next(row.purchase for row in house.shop.purchases() if row.open)
    house.does(AcknowledgePurchase(other, [AnsweredLine("1", "changed", unit_cost="9.00")]))
    house.does(RejectPurchase(other, "too dear"))
    assert house.shop.purchase(other).status == "rejected"


def test_what_is_backordered_without_a_day_covers_nothing(house):
    house.loses(10)
    house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "backordered")]))
    assert (house.alert.status, house.alert.balance.on_order, house.alert.balance.later) == ("open", 0, 36)
    house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "accepted", expected_on=date(2026, 1, 9))]))
    assert (house.alert.status, len(house.shop.purchases())) == ("covered", 1)


def test_what_is_refused_of_an_answer(house):
    house.loses(10)
    with pytest.raises(ExceedsQuantity):
        house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "changed", 37)]))
    with pytest.raises(NotFound):
        house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("2")]))
    with pytest.raises(InvalidCommand):
        house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "perhaps")]))


def test_a_supplier_that_delivers_nothing_cancels_it(house):
    house.loses(10)
    house.does(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "rejected")]))
    assert house.shop.purchase("ACME-1").status == "cancelled"
    assert house.shop.purchase("ACME-2").status == "awaiting_approval"


def test_an_answer_comes_in_as_a_document(house):
    house.loses(10)
    line = ConfirmedLine("1", "changed", Quantity.of("24", ""))
    came = answer_of("ACME-1", [line], instance="acme", reference="AC-1")
    report = house.shop.receive("acme", came)
    assert (report.accepted, report.problems) == (("ACME-1",), ())
    assert (house.purchase.status, house.purchase.open) == ("acknowledged", 24)
    before = house.shop.length()
    house.shop.receive("acme", came)
    assert house.shop.length() == before


def test_an_answer_that_cannot_be_is_kept_for_a_person(house):
    house.loses(10)
    came = answer_of("ACME-1", [ConfirmedLine("1", "changed", Quantity.of("99", ""))], instance="acme")
    report = house.shop.receive("acme", came)
    assert [problem.code for problem in report.problems] == ["exceeds_quantity"]
    assert report.quarantined


# Goods


def test_more_than_was_ordered_comes_in_within_the_tolerance(house):
    house.loses(10)
    with pytest.raises(ExceedsQuantity):
        house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 40)]))
    house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 38)]))
    line = house.purchase.lines["1"]
    assert (line.received, line.over, line.open, house.purchase.status) == (38, 2, 0, "received")
    with pytest.raises(ExceedsQuantity):
        house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 2)]))


def test_too_many_of_an_item_are_named_at_the_line_that_is_too_much(make_shop):
    house = House(make_shop, policy="alert")
    house.does(SuggestPurchase("ACME", "WH1", [WantedLine("MILK", 4), WantedLine("CUP", 4)]))
    house.does(ApprovePurchase("ACME-1"))
    lines = [ArrivedLine("MILK", 2, "L1"), ArrivedLine("MILK", 2, "L2"), ArrivedLine("CUP", 9)]
    with pytest.raises(ExceedsQuantity) as refused:
        house.does(ReceivePurchase("ACME-1", lines))
    assert refused.value.path == "lines[2].quantity"


def test_what_is_not_on_the_purchase_does_not_come_in_on_it(house):
    house.loses(10)
    with pytest.raises(NotFound):
        house.does(ReceivePurchase("ACME-1", [ArrivedLine("CUP", 1)]))
    with pytest.raises(InvalidCommand):
        house.does(ReceivePurchase("ACME-1", []))


def test_what_will_not_come_is_closed_short(house):
    house.loses(10)
    with pytest.raises(TransitionRefused):
        house.does(ClosePurchase("ACME-1", "no more"))
    house.does(ReceivePurchase("ACME-1", [ArrivedLine("TEA", 12)]))
    house.does(ClosePurchase("ACME-1", "no more"))
    purchase = house.shop.purchase("ACME-1")
    assert (purchase.status, purchase.lines["1"].cancelled, purchase.open) == ("short_closed", 24, 0)


def test_what_the_outside_says_of_a_cancelled_purchase_does_not_matter(house):
    house.loses(10)
    house.does(CancelPurchase("ACME-1", "wrong"))
    before = house.shop.length()
    house.does(RecordPurchaseSent("ACME-1", "late"))
    house.does(RecordPurchaseNotSent("ACME-1", "late"))
    assert house.shop.length() == before


# People


def test_a_person_orders_something(house):
    number = house.does(SuggestPurchase("ACME", "WH1", [WantedLine("CUP", 7)])).result
    purchase = house.shop.purchase(number)
    assert (purchase.status, purchase.lines["1"].facts.supplier_sku, purchase.head.total) == ("suggested", "C-9", 700)
    house.does(ApprovePurchase(number))
    assert house.shop.purchase(number).status == "sent"


@pytest.mark.parametrize(
    "wrong",
    [
        SuggestPurchase("NOBODY", "WH1", [WantedLine("CUP", 7)]), SuggestPurchase("ACME", "WH9", [WantedLine("CUP", 7)]),
        ApprovePurchase("ACME-9"), PutSupply("TEA", "NOBODY"), PutSupply("TEE", "ACME"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(house, wrong):
    with pytest.raises(NotFound):
        house.does(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        SuggestPurchase("ACME", "WH1", []), SuggestPurchase("ACME", "WH1", [WantedLine("postage", 1)]),
        SuggestPurchase("ACME", "WH1", [WantedLine("TEA", 1), WantedLine("TEA", 1)]),
        PutSupply("postage", "ACME"), PutSupply("TEA", "ACME", pack=0), PutSupply("TEA", "ACME", unit_cost="-1"),
        PutSupplier("ACME", "USD"), PutSupplier("A B", "EUR"), PutSupplier("B", "EUR", lead_time_days=-1),
        PutSupplier("B", "EUR", approve_up_to="-1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(house, wrong):
    with pytest.raises(InvalidCommand):
        house.does(wrong)


def test_master_data_are_put_by_content(house):
    before = house.shop.length()
    house.does(ACME)
    house.does(PutSupply("TEA", "ACME", "T-1", "2.50", pack=12))
    house.does(CheckStock("TEA", "WH1"))
    assert house.shop.length() == before


def test_a_misspelt_purchase_alert_or_supplier_is_answered_with_the_nearest(house):
    house.loses(10)
    for ask, meant in (
        (lambda kernel: kernel.purchase("ACME1"), "ACME-1"),
        (lambda kernel: kernel.handle(AcknowledgePurchase("ACNE-1")), "ACME-1"),
        (lambda kernel: kernel.timeline("purchase/ACME-11"), "ACME-1"),
        (lambda kernel: kernel.handle(AcknowledgeAlert("WH1:TEE")), "WH1:TEA"),
        (lambda kernel: kernel.handle(SuggestPurchase("ACNE", "WH1", [WantedLine("TEA", 1)])), "ACME"),
    ):
        with pytest.raises(NotFound) as refused:
            ask(house.shop)
        assert refused.value.hint == f"Did you mean {meant!r}?"


def test_purchases_are_found_by_status(house):
    house.loses(10)
    assert [row.purchase for row in house.shop.purchases("sent")] == ["ACME-1"]
    assert house.shop.purchases("received") == ()
    house.does(SuggestPurchase("ACME", "WH1", [WantedLine("CUP", 12)]))
    for newest_first in (False, True):
        (first,) = house.shop.purchases(limit=1, newest_first=newest_first)
        (second,) = house.shop.purchases(after=first.after, newest_first=newest_first)
        assert {first.purchase, second.purchase} == {"ACME-1", "ACME-2"}
    assert house.events(PurchaseApproved)[0].note == "90.00 EUR is within the limit of 100.00 EUR"
    assert house.events(PurchaseSuggested)[0].order_by == house.clock.now().date()


# Books


@pytest.mark.parametrize(
    ("kind", "key", "identity"),
    [("alert", "WH1:TEA", "alert"), ("purchase", "ACME-1", "purchase"), ("incoming", "ACME-1/1/1", "incoming")],
)
def test_verify_finds_a_document_that_is_missing(house, kind, key, identity):
    house.loses(10)
    now, store = house.clock.now(), house.shop.store.store
    document = store.read((asked := ReadDocument(kind, key),)).of(asked)
    gone = DeleteDocument(kind, key)
    store.commit(Batch("b1", Replenish("WH1"), Context("b1", now, now), documents=(gone,)))
    assert identity in {breach.identity for breach in house.shop.verify()}
    put = PutDocument(kind, key, document.body, 0, document.tag, document.sort)
    store.commit(Batch("b2", Replenish("WH1"), Context("b2", now, now), documents=(put,)))
    assert house.shop.verify() == ()


@pytest.mark.parametrize(
    ("kind", "change"),
    [("alert", {"owner": "nobody"}), ("alert", {"purchases": ()}), ("alert", {"kind": "stock_out"}),
     ("alert", {"number": 2}), ("crossing", {"crossing": 2}), ("crossing", {"location": "WH2"})],
)  # fmt: skip
def test_verify_finds_an_alert_or_a_crossing_that_says_something_else(make_shop, kind, change):
    house = House(make_shop, policy="alert" if kind == "crossing" else "order")
    house.loses(10)
    now, store = house.clock.now(), house.shop.store.store
    document = store.read((asked := ReadDocument(kind, "WH1:TEA"),)).of(asked)
    for n, (body, found) in enumerate([(evolve(document.body, **change), {kind}), (document.body, set())]):
        put = PutDocument(kind, "WH1:TEA", body, document.revision + n, document.tag, document.sort)
        store.commit(Batch(f"b{n}", Replenish("WH1"), Context(f"b{n}", now, now), documents=(put,)))
        assert {breach.identity for breach in house.shop.verify()} == found


def test_verify_finds_a_document_of_nothing(house):
    house.loses(10)
    now, store = house.clock.now(), house.shop.store.store
    body = store.read((asked := ReadDocument("alert", "WH1:TEA"),)).of(asked).body
    stray = PutDocument("alert", "WH9:TEA", body)
    store.commit(Batch("b1", Replenish("WH1"), Context("b1", now, now), documents=(stray,)))
    assert [breach.where for breach in house.shop.verify()] == ["WH9:TEA"]
    gone = DeleteDocument("alert", "WH9:TEA")
    store.commit(Batch("b2", Replenish("WH1"), Context("b2", now, now), documents=(gone,)))


def test_master_data_stand_in_the_log_as_a_whole(house):
    (put,) = house.events(SupplierPut)
    assert (put.supplier.code, put.supplier.approve_up_to, put.supplier.lead_time_days) == ("ACME", 10_000, 5)
    assert {event.supply.key for event in house.events(SupplyPut)} == {"ACME:TEA", "ACME:CUP"}
    assert {event.levels.key for event in house.events(LevelsPut)} == {"WH1:TEA", "WH1:CUP"}
