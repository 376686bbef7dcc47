"""Alerts and purchases read as one would say it."""

from datetime import UTC, date, datetime

from ordercore.alerts.events import AlertRaised, AlertWorsened, Finding
from ordercore.balance import Balance
from ordercore.notifiers import notice_of
from ordercore.supply.events import LineAnswer, OrderedLine, Part, PurchaseAcknowledged, PurchaseSuggested

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
FINDING = Finding(
    Balance(available=4, on_order=0, in_transfer=2, waiting=7), 11, tuple(f"web:{n}" for n in range(7)), 7
)


def told(event, kind, stream):
    return notice_of(event, id="evt_1", kind=kind, stream=stream, version=1, occurred_at=AT)


def raised(**fields):
    given = {
        "number": 1, "kind": "below_reorder_point", "sku": "TEA", "location": "WH1", "owner": "buying",
        "reorder_point": 10, "clear_above": 12, "safety_stock": 5, "finding": FINDING, "raised_at": AT, **fields,
    }  # fmt: skip
    return told(AlertRaised(**given), "alert.raised", "alert/WH1:TEA")


def test_an_alert_says_what_is_short_and_who_waits():
    notice = raised()
    assert notice.title == "Alert WH1:TEA: TEA at WH1 is below its reorder point"
    assert notice.text == (
        "4 available, 0 on order, 2 in transfer, 7 waited for", "11 short of the reorder point",
        "waiting: web:0, web:1, web:2, web:3, web:4 and 2 more", "reorder point 10, safety stock 5", "for buying",
    )  # fmt: skip
    assert (notice.facts["shortfall"], notice.facts["orders_at_risk"], notice.facts["reorder_point"]) == (11, 7, 10)


def test_an_alert_about_a_purchase_names_it():
    notice = raised(kind="unanswered", sku="", purchase="LEAF-1", finding=Finding(Balance(0)))
    assert notice.title == "Alert WH1:TEA: purchase LEAF-1 is not answered by the supplier"
    assert notice.text == ("for buying",)


def test_an_alert_that_gets_worse_says_so():
    notice = told(AlertWorsened("stock_out", FINDING), "alert.worsened", "alert/WH1:TEA")
    assert notice.title == "Alert WH1:TEA: by now out of stock"
    assert notice.facts["available"] == 4


def test_a_purchase_says_what_is_ordered_and_what_was_answered():
    lines = (OrderedLine("1", "TEA", "T-1", 36, total=9_000),)
    event = PurchaseSuggested("LEAF", "WH1", "EUR", lines, 9_000, AT, date(2026, 1, 6), date(2026, 1, 11))
    notice = told(event, "purchase.suggested", "purchase/LEAF-1")
    assert notice.title == "Purchase LEAF-1: suggested from LEAF for WH1, 90.00 EUR"
    assert notice.text == ("36 x TEA", "to be sent by 2026-01-06", "expected on 2026-01-11")
    answer = LineAnswer("1", "changed", (Part(24, date(2026, 1, 20)), Part(6)), 6)
    notice = told(PurchaseAcknowledged((answer,)), "purchase.acknowledged", "purchase/LEAF-1")
    assert notice.text == ("line 1 changed: 24 on 2026-01-20, 6, 6 will not come",)
