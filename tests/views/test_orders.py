import pytest

from ordercore.codec import Codec
from ordercore.errors import NotFound
from ordercore.message import EventType
from ordercore.order import Order
from ordercore.order.events import EVENTS
from ordercore.views.order_words import describe_order


def test_an_order_as_it_stands(shop):
    order = shop.order("shop:1")
    assert isinstance(order, Order)
    assert (order.status, order.fulfillment_status, order.payment_status, order.return_status) == (
        "completed",
        "delivered",
        "paid",
        "partially_returned",
    )
    assert (order.total, order.currency, order.line("1").returned) == (750, "EUR", 1)


def test_a_list_has_every_order_with_its_statuses_by_time(shop):
    rows = shop.orders()
    assert [row.id for row in rows] == ["shop:1", "shop:2", "shop:3"]
    assert [row.summary.status for row in rows] == ["completed", "confirmed", "cancelled"]
    assert [row.summary.fulfillment for row in rows] == ["delivered", "backordered", "cancelled"]
    assert [row.id for row in shop.orders("cancelled")] == ["shop:3"]
    assert [row.id for row in shop.orders(newest_first=True)] == ["shop:3", "shop:2", "shop:1"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_follow_one_another_without_gap_or_repeat(shop, newest_first):
    found, after = [], None
    while page := shop.orders(after=after, limit=1, newest_first=newest_first):
        found += [row.id for row in page]
        after = page[-1].after
    assert found == [row.id for row in shop.orders(newest_first=newest_first)]


def test_a_timeline_tells_what_happened_by_whom_and_when(shop, clock):
    entries = shop.timeline("shop:1")
    assert [entry.version for entry in entries] == list(range(1, 7))
    assert [entry.actor for entry in entries][:3] == ["web", "web", "dock"]
    assert entries[0].text == "placed by shop: 1 line, 3 units, 7.50 EUR"
    assert entries[2].text == "parcel P1 shipped from loc/WH1 with Post T1: 3 TEA"
    assert entries[5].text == "return R1 at loc/WH1: 1 TEA -> damaged, because: too hot"
    assert entries[0].effective_at < entries[2].effective_at <= clock.now()
    assert "hold fraud (fraud) blocks ship, because: card" in [entry.text for entry in shop.timeline("shop:2")]
    assert shop.timeline("shop:3")[-1].text.endswith("because: no longer wanted")


def test_every_event_of_an_order_has_a_sentence():
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    from ordercore.testing.instances import instances_of

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        kind = data.draw(st.sampled_from(EVENTS))
        event = data.draw(instances_of(kind.cls))
        text = describe_order(event, "EUR")
        assert text
        assert text != kind.cls.__name__

    assert all(isinstance(kind, EventType) for kind in EVENTS)
    assert {kind.cls for kind in EVENTS} <= {kind.cls for kind in Codec().events()}
    check()


def test_an_unknown_order_is_not_found(shop):
    for read in (shop.order, shop.timeline, shop.explain):
        with pytest.raises(NotFound):
            read("shop:9")


def test_a_status_that_there_is_not_is_refused_with_the_nearest(shop):
    with pytest.raises(NotFound, match="Did you mean 'confirmed'"):
        shop.orders("confrimed")
    with pytest.raises(NotFound, match="One of cancelled, completed, confirmed, placed"):
        shop.orders("shipped")
    for read, meant in (
        (shop.quarantine, "open"),
        (shop.alerts, "covered"),
        (shop.purchases, "sent"),
        (shop.effects, "refused"),
    ):
        with pytest.raises(NotFound, match=f"Did you mean '{meant}'") as refused:
            read(meant[1:] + meant[0] if meant == "open" else meant[:-1])
        assert refused.value.fields["kind"] == "status"
