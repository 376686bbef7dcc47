"""The watch: what runs low raises one alert, whoever looks, how often and in how many processes."""

from datetime import timedelta

import pytest

from ordercore.alerts import AcknowledgeAlert, AssignAlert, CheckStock, ResolveAlert, SnoozeAlert
from ordercore.alerts.events import AlertRaised
from ordercore.catalog import PutItem, PutLocation, PutStockLevels
from ordercore.errors import InvalidCommand, NotFound, TransitionRefused
from ordercore.kernel import Kernel
from ordercore.policies import Policies
from ordercore.stock import AdjustStock, Received, ReceiveStock, SendTransfer, TransferLine
from ordercore.testing import CountedIds, ManualClock, an_order, given_stock, place
from ordercore.wiring.watch import NAME

TEA = PutStockLevels("TEA", "WH1", 10, 40, 12, "buying")


@pytest.fixture
def watching(make_shop):
    shop = make_shop(policies=Policies(replenish="alert", shortage="backorder"))
    given_stock(shop, {"WH1": {"TEA": 20}, "WH2": {"TEA": 5}})
    shop.handle(TEA)
    shop.work(until_idle=True)
    return shop


def takes(shop, units, at="WH1"):
    shop.handle(AdjustStock(at, "TEA", -units, "sold over the counter"))
    shop.work(until_idle=True)


def raised(shop):
    return [record.event for record in shop.log(limit=100_000).records if isinstance(record.event, AlertRaised)]


# Levels


def test_levels_are_put_by_content(watching):
    before = watching.length()
    assert watching.handle(TEA).result == "WH1:TEA"
    assert watching.length() == before


def test_levels_ascend(watching):
    for reorder, up_to, clear in ((10, 10, None), (10, 40, 9), (10, 12, 12), (-1, 5, None)):
        with pytest.raises(InvalidCommand):
            watching.handle(PutStockLevels("TEA", "WH1", reorder, up_to, clear))


def test_without_saying_so_it_clears_a_tenth_above(watching):
    receipt = watching.handle(PutStockLevels("TEA", "WH2", 15, 40))
    assert receipt.events[0].levels.clear_above == 17


@pytest.mark.parametrize("levels", [PutStockLevels("TEE", "WH1", 1, 5), PutStockLevels("TEA", "WH9", 1, 5)])
def test_levels_are_of_an_item_and_a_location(watching, levels):
    with pytest.raises(NotFound):
        watching.handle(levels)


def test_what_has_no_stock_has_no_levels(watching):
    with pytest.raises(InvalidCommand, match="not tracked"):
        watching.handle(PutStockLevels("postage", "WH1", 1, 5))


# Raising


def test_what_falls_to_the_reorder_point_raises_an_alert_with_its_parts(watching):
    order = place(watching, {"TEA": 22})
    takes(watching, 0 + 3, "WH2")
    watching.work(until_idle=True)
    (alert,) = watching.alerts()
    assert (alert.id, alert.kind, alert.owner, alert.number) == ("WH1:TEA", "stock_out", "buying", 1)
    assert (alert.balance.available, alert.balance.projected, alert.shortfall) == (0, 0, 10)
    place(watching, {"TEA": 4})
    watching.work(until_idle=True)
    assert (raised(watching), order) == (raised(watching)[:1], order)


def test_orders_that_wait_are_at_risk(watching):
    orders = [place(watching, {"TEA": 30}) for _ in range(25)]
    watching.work(until_idle=True)
    (alert,) = watching.alerts()
    assert alert.at_risk == tuple(orders[:20])
    assert alert.at_risk_count == 25
    assert alert.balance.waiting == 25 * 30 - 25


def test_a_line_that_may_be_served_from_anywhere_counts_at_one_location(watching):
    watching.handle(PutStockLevels("TEA", "WH2", 1, 5))
    place(watching, {"TEA": 30})
    watching.work(until_idle=True)
    waiting = {alert.location: alert.balance.waiting for alert in watching.alerts()}
    assert waiting == {"WH1": 5, "WH2": 0}


def test_units_in_transfer_are_on_their_way_to_one_place(watching):
    watching.handle(SendTransfer("T1", "WH1", "WH2", [TransferLine("TEA", 10)]))
    watching.work(until_idle=True)
    assert [alert.id for alert in watching.alerts()] == ["WH1:TEA"]
    watching.handle(PutStockLevels("TEA", "WH2", 14, 30))
    watching.work(until_idle=True)
    assert [alert.id for alert in watching.alerts()] == ["WH1:TEA"]  # 5 there, 10 on the way


def test_what_comes_in_resolves_it(watching):
    takes(watching, 15)
    watching.handle(ReceiveStock("WH1", [Received("TEA", 7)]))
    watching.work(until_idle=True)
    assert [alert.status for alert in watching.alerts(None)] == ["open"]  # 12 is not above 12
    watching.handle(ReceiveStock("WH1", [Received("TEA", 1)]))
    watching.work(until_idle=True)
    assert [alert.status for alert in watching.alerts(None)] == ["resolved"]
    assert watching.alerts() == ()


def test_more_safety_stock_is_watched_at_once(watching):
    watching.handle(PutItem("TEA", "Tea", safety_stock=25))
    watching.work(until_idle=True)
    assert [alert.kind for alert in watching.alerts()] == ["below_safety_stock"]


def test_a_location_that_stops_selling_hands_over_who_waits(watching):
    watching.handle(PutStockLevels("TEA", "WH2", 1, 50))
    place(watching, {"TEA": 30})
    watching.handle(PutLocation("WH1", "One", sellable=False))
    watching.work(until_idle=True)
    asked = {alert.id: alert for alert in watching.alerts()}
    assert asked["WH2:TEA"].kind == "stock_out"


# Once


def test_looking_again_changes_nothing(watching):
    takes(watching, 15)
    before = watching.length()
    for _ in range(3):
        watching.handle(CheckStock("TEA", "WH1"))
    watching.store.checkpoint(NAME, watching.store.cursor_of(NAME), None)
    watching.work(until_idle=True)
    assert watching.length() == before


def test_two_that_look_at_once_raise_one_alert(watching):
    watching.handle(AdjustStock("WH1", "TEA", -15, "gone"))
    rival = watching.rival()
    watching.store.before_commit = [lambda: rival.handle(CheckStock("TEA", "WH1")) and None]
    watching.handle(CheckStock("TEA", "WH1"))
    assert len(raised(watching)) == 1


def test_what_changes_between_reading_and_writing_is_looked_at_by_the_next(watching):
    rival = watching.rival()
    more = ReceiveStock("WH1", [Received("TEA", 50)])
    watching.store.before_commit = [lambda: None, lambda: rival.handle(more) and None]
    takes(watching, 15)
    assert (len(raised(watching)), watching.alerts()) == (1, ())


def test_without_the_policy_nothing_is_watched(make_shop):
    shop = make_shop(policies=Policies())
    given_stock(shop, {"WH1": {"TEA": 20}})
    shop.handle(TEA)
    takes(shop, 15)
    assert shop.alerts(None) == ()
    shop.handle(CheckStock("TEA", "WH1"))
    assert len(shop.alerts()) == 1


def test_without_levels_a_check_says_nothing(watching):
    before = watching.length()
    assert watching.handle(CheckStock("CUP", "WH1")).events == ()
    assert watching.length() == before


# People


def test_a_snoozed_alert_is_open_again_when_its_time_has_come(watching, clock):
    takes(watching, 15)
    until = clock.now() + timedelta(hours=8)
    watching.handle(SnoozeAlert("WH1:TEA", until))
    assert [alert.snoozed_until for alert in watching.alerts("snoozed")] == [until]
    clock.advance(hours=8)
    watching.work(until_idle=True)
    assert [alert.status for alert in watching.alerts(None)] == ["open"]


def test_an_alert_that_was_acknowledged_does_not_wake(watching, clock):
    takes(watching, 15)
    watching.handle(SnoozeAlert("WH1:TEA", clock.now() + timedelta(hours=8)))
    watching.handle(AcknowledgeAlert("WH1:TEA", "on it"))
    clock.advance(hours=8)
    assert watching.work(until_idle=True).timers == 0
    assert [alert.status for alert in watching.alerts(None)] == ["acknowledged"]


def test_alerts_are_found_by_status_and_owner(watching):
    takes(watching, 15)
    assert watching.alerts("open", owner="buying")
    watching.handle(AssignAlert("WH1:TEA", "warehouse"))
    assert not watching.alerts("open", owner="buying")
    assert [alert.owner for alert in watching.alerts(owner="warehouse")] == ["warehouse"]


def test_an_alert_that_is_not_there_is_not_found(watching):
    with pytest.raises(NotFound):
        watching.handle(AcknowledgeAlert("WH1:TEA"))


def test_a_closed_alert_is_closed(watching):
    takes(watching, 15)
    watching.handle(ResolveAlert("WH1:TEA"))
    with pytest.raises(TransitionRefused):
        watching.handle(AcknowledgeAlert("WH1:TEA"))


def test_a_shop_in_memory_watches_by_itself():
    shop = Kernel(clock=ManualClock(), ids=CountedIds(), policies=Policies(replenish="alert"))
    given_stock(shop, {"WH1": {"TEA": 20}})
    shop.handle(TEA)
    shop.handle(an_order({"TEA": 11}))
    assert [alert.id for alert in shop.alerts()] == ["WH1:TEA"]


def test_alerts_and_effects_are_read_page_by_page():
    from ordercore.notifiers import EmailNotifier
    from ordercore.testing.transports import RecordedTransport

    mails = EmailNotifier("ops", "shop@example.com", ["ops@example.com"], ["order.placed"])
    shop = Kernel(
        clock=ManualClock(),
        policies=Policies(replenish="alert"),
        notifiers={"ops": mails},
        transport=RecordedTransport(),
    )
    skus = [f"S{n}" for n in range(5)]
    given_stock(shop, {"WH1": dict.fromkeys(skus, 9)})
    for n, sku in enumerate(skus):
        shop.handle(PutStockLevels(sku, "WH1", 10, 40))
        place(shop, {sku: 1}, external_id=str(n))

    def paged(read, next_after):
        found, after = [], None
        while page := read(after=after, limit=2):
            assert len(page) <= 2
            found += page
            after = next_after(page[-1])
        return found

    whole = shop.alerts(), shop.effects("done")
    assert [len(rows) for rows in whole] == [5, 5]
    assert tuple(paged(shop.alerts, lambda row: row.id)) == whole[0]
    assert tuple(paged(lambda **page: shop.effects("done", **page), lambda row: row.after)) == whole[1]
