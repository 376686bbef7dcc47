"""What was stored is damaged, or of a later release; and time does not go as it should."""

import threading
from datetime import timedelta
from zlib import crc32

import pytest

from ordercore.errors import Corrupted, UnknownEvent
from ordercore.order import Ship
from ordercore.stock import CartLine, ReserveCart
from ordercore.testing import assert_consistent, place


class Rules:
    """For each store, over its fixture `shop`."""

    def test_a_damaged_row_is_named_by_its_position_and_skipped_by_nobody(self, shop):
        kernel = shop.open()
        place(kernel, {"TEA": 1}, external_id="1")
        position = kernel.log().records[-1].position
        shop.execute(
            "update ordercore_log set events = replace(events, 'placed', 'plaxed') where stream = 'order/shop:1'"
        )
        for ask in (lambda: shop.open().order("shop:1"), shop.open().log):
            with pytest.raises(Corrupted) as caught:
                ask()
            assert str(caught.value.position) == position
        found = [breach for breach in kernel.verify() if breach.identity == "checksum"]
        assert [position in breach.where for breach in found] == [True]

    def test_an_event_of_a_newer_version_stops_and_is_never_skipped(self, shop):
        kernel = shop.open()
        place(kernel, {"TEA": 1}, external_id="1")
        ((text,),) = shop.execute("select events from ordercore_log where stream = 'order/shop:1'")
        name = text.split('"')[1]
        newer = text.replace(f'"{name}",1,', f'"{name}",99,', 1)
        assert newer != text
        shop.execute(
            f"update ordercore_log set events = '{newer}', crc = {crc32(newer.encode())} where stream = 'order/shop:1'"
        )
        told = []
        late = shop.open(followers=[Noting(told)])
        for ask in (lambda: late.order("shop:1"), late.log):
            with pytest.raises(UnknownEvent, match="99"):
                ask()
        late.work()
        assert all(record.stream != "order/shop:1" for record in told)
        assert any(name in f"{breach.where} {breach.actual}" for breach in late.verify())

    def test_a_clock_that_goes_back_changes_no_order_of_events_and_no_balance(self, shop):
        kernel = shop.open()
        now = shop.clock.now()
        order = place(kernel, {"TEA": 2}, external_id="1")
        kernel.handle(ReserveCart("cart", [CartLine("1", "TEA", 3)], expires_after_seconds=600))
        shop.clock.set(now - timedelta(days=3))
        place(kernel, {"TEA": 4}, external_id="2")
        kernel.handle(Ship(order))
        kernel.work(until_idle=True)
        # What is not due by that clock is not due; when the clock is right again, it is.
        assert kernel.available("TEA") == 91
        shop.clock.set(now + timedelta(hours=1))
        kernel.work(until_idle=True)
        assert kernel.available("TEA") == 94
        versions = [record.version for record in kernel.log().records if record.stream == f"order/{order}"]
        assert versions == sorted(versions)
        recorded = [record.recorded_at for record in kernel.log().records]
        assert recorded != sorted(recorded)
        assert_consistent(kernel, backdated=True)

    def test_two_workers_of_one_follower_tell_each_event_once(self, shop):
        kernel = shop.open()
        for number in range(40):
            place(kernel, {"TEA": 1}, external_id=f"{number}")
        told, errors = [], []

        def relay():
            try:
                shop.open(followers=[Noting(told)]).work(until_idle=True, limit=3)
            except Exception as error:  # noqa: BLE001  # whatever it is, the test must hear of it
                errors.append(error)

        threads = [threading.Thread(target=relay) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        shop.open(followers=[Noting(told)]).work(until_idle=True)
        assert errors == []
        assert [record.position for record in told] == [record.position for record in kernel.log().records]


class Noting:
    """A follower that writes down what it is told, as a sender would send it."""

    name = "noting"

    def __init__(self, told):
        self.told = told

    def apply(self, records):
        self.told += records


class TestOverSQLite(Rules):
    @pytest.fixture
    def shop(self, sqlite_shop):
        return sqlite_shop


class TestOverPostgreSQL(Rules):
    @pytest.fixture
    def shop(self, postgres_shop):
        return postgres_shop
