"""The Shopify channel over deliveries written for these tests; neither the shop nor its customers exist."""

import base64
import hashlib
import hmac
import json
import os
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from ordercore.catalog.state import Item
from ordercore.errors import AuthenticationFailed, ConfigurationError
from ordercore.intake import ItemMapping, to_place_order
from ordercore.ports import Ignore, ItemRef, RequestCancel, SubmitOrder, Transmission
from ordercore.values import Address, GeoPoint, Money, Price
from ordercore_shopify import ordercore_register_channels

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SECRET = "not a real secret"


def line(number=1, **changes):
    return {
        "id": 900_000_000_000_000_000 + number, "sku": "TEA", "variant_id": 7000 + number, "title": "Tea, 100 g",
        "quantity": 2, "current_quantity": 2, "fulfillable_quantity": 2, "fulfillment_status": None, "price": "10.00",
        "price_set": {"shop_money": {"amount": "10.00", "currency_code": "EUR"},
                      "presentment_money": {"amount": "11.00", "currency_code": "USD"}},
        "total_discount": "0.00", "discount_allocations": [{"amount": "2.00"}], "tax_lines": [{"price": "3.42", "rate": 0.19}],
        "properties": [{"name": "engraving", "value": "private words"}], "gift_card": False, "requires_shipping": True,
    } | changes  # fmt: skip


def order(**changes):
    """One line of 20.00 less 2.00 with 3.42 tax, postage of 4.95: 26.37."""
    return {
        "id": 820_982_911_946_154_508, "name": "#1001", "currency": "EUR", "test": False, "taxes_included": False,
        "created_at": "2026-03-01T09:00:00+01:00", "processed_at": "2026-03-01T08:59:00+01:00",
        "updated_at": "2026-03-01T09:00:01+01:00", "cancelled_at": None, "financial_status": "paid",
        "subtotal_price": "18.00", "total_price": "26.37", "total_discounts": "2.00", "total_tax": "3.42",
        "total_outstanding": "0.00", "total_tip_received": "0.00", "customer": {"id": 5_000_000_001},
        "contact_email": "customer@example.com", "line_items": [line()],
        "shipping_lines": [{"id": 31, "code": "standard", "title": "Standard", "price": "4.95", "discount_allocations": [],
                            "tax_lines": []}],
        "shipping_address": {"name": "The Customer", "company": None, "address1": "1 Example Road", "address2": "Door 2",
                             "city": "Exampleton", "province_code": "EX", "zip": "00001", "country_code": "DE",
                             "phone": "+00 000 000", "latitude": 52.5, "longitude": 13.4},
    } | changes  # fmt: skip


def channel(**settings):
    (kind,) = ordercore_register_channels()
    return kind.make("shop", {"secrets": SECRET} | settings)


def delivery(body, topic="orders/create", secret=SECRET, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
    known = {"X-Shopify-Hmac-Sha256": signature, "X-Shopify-Topic": topic, "X-Shopify-Event-Id": "event-1"}
    return Transmission("shop", "application/json", raw, known | headers, NOW)


def decode(body, topic="orders/create", **settings):
    return channel(**settings).decode(delivery(body, topic))


def request_of(body, **settings):
    decoded = decode(body, **settings)
    assert decoded.rejected == ()
    return decoded.items[0].intent.order


def found(decoded):
    return [(problem.code, problem.path) for problem in decoded.problems]


# Who sent it


@pytest.mark.parametrize("prefix", ["X-Shopify-", "x-shopify-", "Shopify-", "SHOPIFY-"])
def test_a_signed_delivery_passes_under_old_and_new_header_names_in_any_case(prefix):
    sent = delivery(order())
    signature = sent.headers["x-shopify-hmac-sha256"]
    again = Transmission("shop", "application/json", sent.body, {f"{prefix}Hmac-Sha256": signature})
    assert channel().verify(again, now=NOW) is None


def test_during_a_rotation_the_old_secret_counts_until_its_end():
    rotating = channel(secrets=["the new one", {"secret": SECRET, "until": NOW}])
    rotating.verify(delivery(order()), now=NOW - timedelta(seconds=1))
    rotating.verify(delivery(order(), secret="the new one"), now=NOW)
    with pytest.raises(AuthenticationFailed):
        rotating.verify(delivery(order()), now=NOW)


def test_without_a_secret_nothing_passes():
    with pytest.raises(AuthenticationFailed, match="no secret"):
        channel(secrets=[]).verify(delivery(order()), now=NOW)


def test_a_delivery_of_another_shop_is_refused():
    ours = channel(shop="ours.example.com")
    ours.verify(delivery(order(), **{"X-Shopify-Shop-Domain": "Ours.example.com"}), now=NOW)
    with pytest.raises(AuthenticationFailed, match="another shop"):
        ours.verify(delivery(order(), **{"X-Shopify-Shop-Domain": "theirs.example.com"}), now=NOW)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"secret": "x"}, "Did you mean 'secrets'"),
        ({"secrets": ""}, "A secret is text"),
        ({"secrets": [7]}, "A secret is text"),
        ({"secrets": [{"secret": SECRET, "until": datetime(2026, 1, 1)}]}, "aware"),  # noqa: DTZ001
        ({"test_orders": "acept"}, "Did you mean 'accept'"),
        ({"total_mismatch": "ignore"}, "one of reject, warning"),
        ({"shop": 7}, "a domain"),
    ],
)
def test_settings_that_cannot_work_are_refused_without_showing_a_secret(settings, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        channel(**settings)
    assert SECRET not in str(caught.value)


# What it says


def test_an_order_is_read_whole():
    decoded = decode(order())
    (item,) = decoded.items
    request = item.intent.order
    assert decoded.problems == ()
    assert (item.key, item.subject.value, item.version.at) == (
        "event-1",
        "820982911946154508",
        datetime(2026, 3, 1, 8, 0, 1, tzinfo=UTC),
    )
    assert (request.reference, request.customer, request.currency) == ("#1001", "5000000001", "EUR")
    assert request.placed_at == datetime(2026, 3, 1, 7, 59, tzinfo=UTC)
    assert request.ship_to == Address(
        "DE", "The Customer", ("1 Example Road", "Door 2"), "Exampleton", "EX", "00001", "+00 000 000",
        "customer@example.com", GeoPoint(52_500_000, 13_400_000),
    )  # fmt: skip
    tea, postage = request.lines
    assert (tea.line_key, tea.items) == (
        "900000000000000001",
        (ItemRef("sku", "TEA"), ItemRef("shopify_variant", "7001")),
    )
    assert (tea.quantity.value, tea.unit_price) == (2, Price.of("10.00", "EUR"))
    assert (tea.discount, tea.tax) == (Money(200, "EUR"), Money(342, "EUR"))
    assert (postage.line_key, postage.kind, postage.total) == ("shipping-31", "charge", 495)
    assert (request.total, request.stated_total, request.discount, request.tax) == (
        2637,
        Money(2637, "EUR"),
        None,
        None,
    )
    assert (request.payment.status, request.payment.paid) == ("paid", Money(2637, "EUR"))


def test_an_order_becomes_a_command():
    items = {"TEA": Item("TEA"), "postage": Item("postage", tracking="none")}
    command = to_place_order(request_of(order()), items).command
    assert [(line.sku, line.quantity) for line in command.lines] == [("TEA", 2), ("postage", 1)]


@pytest.mark.parametrize("sku", [None, ""])
def test_a_line_without_a_sku_waits_for_a_mapping_of_its_variant(sku):
    request = request_of(order(line_items=[line(sku=sku)], shipping_lines=[], total_price="21.42"))
    (problem,) = to_place_order(request, {"TEA": Item("TEA")}).problems
    assert (problem.code, problem.path, problem.raw) == ("unmapped_item", "line_items[0].sku", "7001")
    mapping = ItemMapping({("shop", "shopify_variant", "7001"): "TEA"})
    assert to_place_order(request, {"TEA": Item("TEA")}, mapping).command.lines[0].sku == "TEA"


def test_discounts_and_taxes_stated_only_for_the_order_are_kept():
    lines = [{"id": 1, "sku": "TEA", "quantity": 2, "price": "10.00", "total_discount": "1.00"}]
    request = request_of(order(line_items=lines, shipping_lines=None, total_price="21.42"))
    assert (request.lines[0].discount, request.discount, request.tax) == (
        Money(100, "EUR"),
        Money(100, "EUR"),
        Money(342, "EUR"),
    )


def test_tax_within_the_price_is_not_added():
    request = request_of(order(taxes_included=True, total_price="22.95"))
    assert (request.total, request.tax, request.lines[0].tax) == (2295, None, None)


def test_duties_fees_and_tips_are_charges():
    both = {"shop_money": {"amount": "1.50", "currency_code": "EUR"}}
    body = order(
        original_total_duties_set=both,
        original_total_additional_fees_set=both,
        total_tip_received="2.00",
        total_price="31.37",
    )
    assert [line.line_key for line in request_of(body).lines] == [
        "900000000000000001",
        "shipping-31",
        "duties",
        "fees",
        "tip",
    ]


def test_a_tip_that_is_a_line_is_not_counted_twice():
    tip = line(
        2,
        quantity=1,
        current_quantity=1,
        price="2.00",
        price_set=None,
        discount_allocations=[],
        tax_lines=[],
        tip={"x": 1},
    )
    body = order(line_items=[line(), tip], total_tip_received="2.00", total_price="28.37")
    assert request_of(body).total == 2837


def test_postage_that_was_taken_off_is_no_line():
    body = order(total_price="21.42")
    body["shipping_lines"][0]["is_removed"] = True
    assert [line.kind for line in request_of(body).lines] == ["item"]


@pytest.mark.parametrize(
    "changes", [{"shipping_address": None}, {"customer": None}, {"processed_at": None}, {"updated_at": None}]
)
def test_what_may_be_null_may_be_null(changes):
    assert request_of(order(**changes)).total == 2637


def test_absent_is_the_same_as_null():
    body = order()
    for name in ("shipping_address", "customer", "cancelled_at", "total_tip_received", "name", "test"):
        del body[name]
    assert request_of(body).ship_to is None


@pytest.mark.parametrize(
    ("changes", "removed", "fulfilled"),
    [
        ({}, 0, 0),
        ({"current_quantity": 1}, 1, 0),
        ({"fulfillment_status": "fulfilled", "fulfillable_quantity": 0}, 0, 2),
        ({"fulfillment_status": "partial", "fulfillable_quantity": 1}, 0, 1),
    ],
)
def test_an_order_that_is_under_way_elsewhere_is_not_placed_again(changes, removed, fulfilled):
    request = request_of(order(line_items=[line(**changes)]))
    assert (request.lines[0].removed, request.lines[0].fulfilled) == (removed, fulfilled)
    problems = to_place_order(request, {"TEA": Item("TEA"), "postage": Item("postage", tracking="none")}).problems
    assert [problem.code for problem in problems] == ["already_in_progress"] * bool(changes)


def test_line_properties_are_left_alone():
    for properties in ([], {}, "rubbish", None, [1]):
        assert "private" not in repr(request_of(order(line_items=[line(properties=properties)])))
    assert "private words" not in repr(decode(order()))


# What is to be done


def intent_of(body, topic="orders/create", **settings):
    decoded = decode(body, topic, **settings)
    assert decoded.problems == ()
    return decoded.items[0].intent


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/paid", "Orders/Create", ""])
def test_every_topic_that_carries_an_order_says_the_same(topic):
    assert isinstance(intent_of(order(), topic), SubmitOrder)


@pytest.mark.parametrize("topic", ["orders/delete", "products/update", "app/uninstalled"])
def test_other_topics_are_ignored_unread(topic):
    assert isinstance(intent_of(b"not even JSON", topic), Ignore)


@pytest.mark.parametrize("topic", ["orders/cancelled", "orders/updated"])
def test_a_cancelled_order_is_a_cancellation_under_every_topic(topic):
    body = order(cancelled_at="2026-03-01T10:00:00+01:00", cancel_reason="customer", total_price="0.01")
    assert intent_of(body, topic) == RequestCancel(
        "820982911946154508", "customer", datetime(2026, 3, 1, 9, tzinfo=UTC)
    )


def test_a_test_order_is_ignored_unless_tests_are_accepted():
    body = order(test=True, cancelled_at="2026-03-01T10:00:00+01:00", subtotal_price="-5.00")
    assert isinstance(intent_of(body), Ignore)
    assert isinstance(intent_of(body, test_orders="accept"), RequestCancel)
    assert isinstance(intent_of(order(test=True), test_orders="accept"), SubmitOrder)


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"X-Shopify-Event-Id": "e", "X-Shopify-Webhook-Id": "w"}, "e"),
        ({"X-Shopify-Event-Id": "", "Shopify-Webhook-Id": "w"}, "w"),
    ],
)
def test_a_delivery_is_known_by_its_event_and_else_by_its_call(headers, key):
    assert channel().decode(delivery(order(), **headers)).items[0].key == key


def test_without_any_id_a_delivery_is_known_by_its_content():
    sent = Transmission("shop", "application/json", json.dumps(order()).encode())
    assert channel().decode(sent).items[0].key.startswith("sha256:")


def test_answers_of_the_rest_interface_are_read_too():
    assert [item.path for item in decode({"order": order()}).items] == ["order"]
    decoded = decode({"orders": [order(), order(id=2, currency="EUX"), order(id=3), 4]})
    assert [(item.subject.value, item.key) for item in decoded.items] == [
        ("820982911946154508", "event-1/orders[0]"),
        ("3", "event-1/orders[2]"),
    ]
    assert [(problem.path, problem.subject) for problem in decoded.problems] == [
        ("orders[1].currency", "2"),
        ("orders[3]", ""),
    ]


# What is wrong with it


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"id": None}, "missing_order_id", "id"),
        ({"id": 1.5}, "invalid_id", "id"),
        ({"id": True}, "invalid_id", "id"),
        ({"currency": "EUX"}, "unknown_currency", "currency"),
        ({"currency": "eur"}, "unknown_currency", "currency"),
        ({"currency": None}, "unknown_currency", "currency"),
        ({"total_price": "26.38"}, "total_mismatch", "total_price"),
        ({"total_price": "-1.00"}, "negative_amount", "total_price"),
        ({"subtotal_price": "-5.00"}, "negative_amount", "subtotal_price"),
        ({"total_price": "26.371"}, "invalid_amount", "total_price"),
        ({"total_price": 26.37}, "invalid_amount", "total_price"),
        ({"total_price": "1E+1000000"}, "invalid_amount", "total_price"),
        ({"total_price": "２６.37"}, "invalid_amount", "total_price"),
        ({"updated_at": "yesterday"}, "invalid_time", "updated_at"),
        ({"updated_at": "2026-03-01T09:00:01"}, "invalid_time", "updated_at"),
        ({"processed_at": "0000-00-00T00:00:00+00:00"}, "invalid_time", "processed_at"),
        ({"processed_at": 1772352000}, "invalid_time", "processed_at"),
        ({"line_items": []}, "no_lines", ""),
        ({"line_items": {}}, "invalid_type", "line_items"),
        ({"line_items": [7]}, "invalid_type", "line_items[0]"),
        ({"test": "true"}, "invalid_type", "test"),
        ({"customer": "somebody"}, "invalid_type", "customer"),
    ],
)
def test_bad_content_of_an_order_is_a_problem_with_its_path(changes, code, path):
    if code == "no_lines":
        changes = changes | {"shipping_lines": []}
    decoded = decode(order(**changes))
    assert decoded.items == ()
    assert (code, path) in found(decoded)


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"id": None}, "missing_line_key", "id"),
        ({"quantity": 0}, "zero_quantity", "quantity"),
        ({"quantity": -1}, "negative_quantity", "quantity"),
        ({"quantity": True}, "invalid_quantity", "quantity"),
        ({"quantity": "2"}, "invalid_quantity", "quantity"),
        ({"quantity": 1.5}, "fractional_quantity", "quantity"),
        ({"quantity": None}, "missing_quantity", "quantity"),
        ({"quantity": 10**12}, "quantity_out_of_range", "quantity"),
        ({"price": "1e400"}, "invalid_amount", "price"),
        ({"price": "NaN"}, "invalid_amount", "price"),
        ({"price": "-1.00"}, "negative_amount", "price"),
        ({"price_set": {"shop_money": {"currency_code": "USD"}}}, "mixed_currency", "price_set"),
        ({"discount_allocations": [{"amount": "20.01"}]}, "discount_exceeds_line", "discount"),
        ({"sku": 7}, "invalid_type", "sku"),
        ({"current_quantity": 3}, "count_mismatch", ""),
    ],
)
def test_bad_content_of_a_line_is_a_problem_with_its_path(changes, code, path):
    decoded = decode(order(line_items=[line(1), line(2, **changes)], total_price="47.79"))
    assert decoded.items == ()
    assert (code, f"line_items[1].{path}".rstrip(".")) in found(decoded)
    assert {problem.subject for problem in decoded.problems} == {"820982911946154508"}


def test_a_wrong_total_may_be_tolerated_with_a_warning():
    decoded = decode(order(total_price="26.38"), total_mismatch="warning")
    assert [(problem.code, problem.severity) for problem in decoded.problems] == [("total_mismatch", "warning")]
    assert decoded.items[0].intent.order.stated_total is None


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe{}", b'{"id": 1, "id": 2}', b'{"id": NaN}', b'{"id": ' + b"9" * 5_000 + b"}",
        b'{"id": 1, "name": "\\ud800"}', b'{"id": 1e400}', nested(100_000), b"[" * 100_000, b" " * 10_000_001,
    ],
    ids=range(13),
)  # fmt: skip
def test_a_body_that_is_no_document_is_a_problem(body):
    decoded = decode(body)
    assert decoded.items == ()
    assert decoded.rejected


def test_a_giant_exponent_costs_nothing():
    started = time.process_time()
    decode(order(line_items=[line(quantity="1E+1000000", price="1E+1000000")]))
    assert time.process_time() - started < 0.5


def test_no_problem_shows_personal_text():
    personal = {
        "name": 7,
        "address1": "Somewhere Real",
        "country_code": "Freedonia",
        "city": ["Somewhere Real"],
        "zip": {},
    }
    decoded = decode(order(shipping_address=personal, contact_email=["someone real"], customer={"id": "x" * 500}))
    assert decoded.rejected
    assert not any(word in repr(decoded) for word in ("Somewhere", "someone", "Freedonia", "xxx"))


def test_control_characters_do_not_reach_a_label():
    body = order()
    body["shipping_address"]["address1"] = "1 Example\r\n^XA\x00 Ro\u202ead"
    assert request_of(body).ship_to.lines[0] == "1 Example ^XA Road"


@pytest.mark.parametrize("place", [("north", "east"), (None, None), (Decimal(99), 0), (True, 1), ("1", "1e9")])
def test_a_place_that_is_no_point_is_no_loss(place):
    body = order()
    body["shipping_address"] |= {"latitude": str(place[0]), "longitude": str(place[1])}
    assert request_of(body).ship_to.point is None


# Real documents

SAMPLES = os.environ.get("ORDERCORE_SAMPLES")


@pytest.mark.skipif(not SAMPLES, reason="ORDERCORE_SAMPLES names no folder of real documents")
def test_real_orders_are_read_to_the_last_cent():
    read = 0
    for path in sorted(Path(SAMPLES, "shopify").glob("*.json")):
        sent = Transmission("shop", "application/json", path.read_bytes())
        decoded = channel(test_orders="accept", total_mismatch="warning").decode(sent)
        assert decoded.items or decoded.rejected, path.name
        if "_order_" not in path.name or "fulfillment" in path.name or "draft" in path.name:
            continue
        for document in json.loads(path.read_bytes()).get("orders", []):
            if "line_items" not in document:
                continue
            (item,) = (item for item in decoded.items if item.subject.value == str(document["id"]))
            request = item.intent.order
            assert request.stated_total == Money.of(document["total_price"], document["currency"]), path.name
            assert sum(line.quantity.value for line in request.lines if line.kind == "item") == sum(
                line["quantity"] for line in document["line_items"]
            )
            read += 1
    assert read >= 3


def test_the_plugin_is_found_by_its_entry_point():
    (entry,) = entry_points(group="ordercore", name="shopify")
    kinds = entry.load().ordercore_register_channels()
    assert [(kind.kind, kind.capabilities) for kind in kinds] == [("shopify", {"push", "file"})]
    assert channel().capabilities == {"push", "file"}
