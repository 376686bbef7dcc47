"""A dozen scenarios, and each call of their stores fails in turn: nothing is lost and nothing is there twice.

The host does what `docs/faults.md` tells it: the same command under the same key until there is an answer. In the end
the shop must look as it does where nothing ever fails.
"""

from contextlib import ExitStack
from functools import cache

import pytest

from ordercore.errors import ConfigurationError, Rejected, StoreError
from ordercore.kernel import Kernel
from ordercore.order import (
    BookParcel,
    CancelLines,
    ConfirmDelivery,
    ConfirmOrder,
    PackParcel,
    PickLines,
    ReceiveReturn,
    RecordPayment,
    ReleaseOrder,
    ReturnedLine,
    Ship,
)
from ordercore.policies import Policies
from ordercore.stock import (
    AdjustStock,
    CartLine,
    CountStock,
    Received,
    ReceiveStock,
    ReceiveTransfer,
    ReleaseReservation,
    ReserveCart,
    SendTransfer,
    TransferLine,
)
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import CountedIds, ManualClock, MemoryCarrier, an_order, assert_consistent, given_stock
from ordercore.testing.books import Shelves
from ordercore.testing.interrupted_store import INTERRUPTIONS, InterruptedStore
from ordercore.testing.shopkeeping import SOMEBODY
from ordercore.values import Money, OrderId

SHOP = OrderId("shop:1")
STOCK = {"WH1": {"TEA": 5, "CUP": 3}, "WH2": {"TEA": 4}}


class Host:
    """Asks again until there is an answer, with the kernel that it has."""

    def __init__(self, store, policies):
        self.clock, self.carrier, self.told = ManualClock(), MemoryCarrier(), []
        self.kernel = Kernel(
            store, clock=self.clock, ids=CountedIds(), policies=policies, followers=[self],
            carriers={"memory": self.carrier}, transport=self.carrier.desk,
        )  # fmt: skip
        self.number = 0

    name = "told"

    def apply(self, records):
        self.told += [(record.stream, record.version) for record in records]

    def insist(self, ask):
        for _ in range(4):
            try:
                return ask()
            except Rejected as refusal:
                return refusal
            except StoreError:
                continue
        raise AssertionError("four times no answer, and only one call fails")

    def does(self, *commands):
        for command in commands:
            self.number += 1
            key = f"k{self.number}"
            self.insist(lambda command=command, key=key: self.kernel.handle(command, key=key))

    def does_at_once(self, commands):
        return self.insist(lambda: self.kernel.handle_many(commands))

    def works(self, *minutes):
        for each in minutes or (0,):
            self.clock.advance(minutes=each)
            self.insist(lambda: self.kernel.work(until_idle=True))


def sells(host):
    host.does(an_order({"TEA": 2, "CUP": 1}, external_id="1"), Ship(SHOP), ConfirmDelivery(SHOP))


def refuses(host):
    host.does(an_order({"TEA": 99}, external_id="1"), an_order({"CUP": 3}, external_id="2"))


def fills_what_waits(host):
    host.does(an_order({"CUP": 5}, external_id="1", shortage="backorder"))
    host.does(ReceiveStock("WH1", [Received("CUP", 4)], "dock", "r1"))


def checks_out(host):
    host.does(ReserveCart("cart", [CartLine("1", "TEA", 3)], 900))
    host.does(an_order({"TEA": 3}, external_id="1", reservation="cart"))


def forgets_a_cart(host):
    host.does(ReserveCart("cart", [CartLine("1", "TEA", 3)], 900), ReserveCart("other", [CartLine("1", "CUP", 1)], 900))
    host.does(ReleaseReservation("other"))
    host.works(20)


def packs(host):
    host.does(an_order({"TEA": 2}, external_id="1", ship_to=SOMEBODY), ReleaseOrder(SHOP), PickLines(SHOP, "F1"))
    host.does(PackParcel(SHOP, "F1", "B1"), Ship(SHOP, "B1"))


def cancels(host):
    host.does(an_order({"TEA": 2, "CUP": 1}, external_id="1"), CancelLines(SHOP))


def takes_back(host):
    host.does(an_order({"TEA": 2}, external_id="1"), Ship(SHOP))
    host.does(ReceiveReturn(SHOP, "R1", "WH1", (ReturnedLine("1", 1, "restock"),)))


def waits_for_money(host):
    host.does(an_order({"TEA": 1}, external_id="1", price="2.00"))
    host.does(RecordPayment(SHOP, "p1", "charge", Money.minor(200, "EUR")), ConfirmOrder(SHOP))


def moves(host):
    host.does(
        SendTransfer("T1", "WH1", "WH2", [TransferLine("TEA", 2)]), ReceiveTransfer("T1", [TransferLine("TEA", 2)])
    )


def counts(host):
    host.does(CountStock("WH1", "TEA", 4), AdjustStock("WH2", "TEA", -1, "broken"), CountStock("WH1", "CUP", 3))


def sells_in_bulk(host):
    host.does_at_once([an_order({"TEA": 2}, external_id=f"{number}") for number in range(6)])


def books(host):
    packs(host)
    host.does(BookParcel(SHOP, "B1", "memory", "standard", 500))
    host.works()


SCENARIOS = (
    sells, refuses, fills_what_waits, checks_out, forgets_a_cart, packs, cancels, takes_back, waits_for_money, moves, counts,
    sells_in_bulk, books,
)  # fmt: skip
EACH = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)


def played(scenario, store):
    """Host and picture of the shop after the scenario, and after whatever was left has been done by workers."""
    manual = Policies(confirm="manual") if scenario is waits_for_money else None
    given_stock(Kernel(store.store, clock=ManualClock(), ids=CountedIds()), STOCK)
    host = Host(store, manual)
    scenario(host)
    host.works(0, 30, 30, 30)
    store.at = None
    return host, store.calls, picture(host)


def picture(host):
    """All but what tells of the attempts themselves: effects say how often they were tried, and when."""
    streams = {}
    for record in Kernel(host.kernel.store, clock=host.clock).log(limit=10_000).records:
        if not record.stream.startswith("effect/"):
            streams.setdefault(record.stream, []).append(record.event)
    shelves = Shelves.read(host.kernel, ("TEA", "CUP"))
    effects = sorted(effect.summary.status for effect in host.kernel.effects(None))
    return streams, shelves, effects, len(host.carrier.desk.bookings)


@cache
def undisturbed(scenario):
    host, _, seen = played(scenario, InterruptedStore(MemoryStore()))
    assert_consistent(host.kernel)
    if scenario is books:
        assert (seen[2], seen[3]) == (["done"], 1)
    return seen


def fails_at_each_call(scenario, open_store, every=1):
    """How many calls were interrupted, in all ways; `every` n-th call only."""
    host, calls, seen = played(scenario, InterruptedStore(open_store()))
    host.kernel.close()
    wanted = undisturbed(scenario)
    assert seen == wanted
    done = 0
    for turn, how in enumerate(INTERRUPTIONS):
        for at in range(turn % every, calls, every):
            store = InterruptedStore(open_store(), at, how)
            host, _, seen = played(scenario, store)
            assert store.met, f"call {at} was never made"
            assert seen == wanted, f"{how} call {at}, {store.met}"
            assert_consistent(host.kernel)
            told = dict.fromkeys(host.told)
            assert sorted(told) == sorted((r.stream, r.version) for r in host.kernel.log(limit=10_000).records)
            host.kernel.close()
            done += 1
    return done


@EACH
def test_nothing_is_lost_in_memory(scenario):
    assert fails_at_each_call(scenario, MemoryStore, every=3) > 20


@EACH
def test_nothing_is_lost_on_sqlite(scenario, tmp_path):
    assert fails_at_each_call(scenario, files(tmp_path), every=12) > 4


@pytest.mark.slow
@EACH
def test_nothing_is_lost_on_sqlite_at_any_call(scenario, tmp_path):
    assert fails_at_each_call(scenario, files(tmp_path)) > 60


@EACH
def test_nothing_is_lost_on_postgresql(scenario, schemas):
    assert fails_at_each_call(scenario, schemas, every=60) > 1


@pytest.mark.slow
@pytest.mark.every_postgres
@EACH
def test_nothing_is_lost_on_postgresql_at_any_call(scenario, schemas):
    assert fails_at_each_call(scenario, schemas) > 60


def files(folder):
    def opened():
        opened.number += 1
        return SQLiteStore(folder / f"{opened.number}.db", synchronous="NORMAL")

    opened.number = 0
    return opened


@pytest.fixture
def schemas(ordercore_postgres_databases):
    from ordercore_postgres import PostgresStore
    from ordercore_postgres.testing import Databases

    with ExitStack() as stack:
        place = Databases(stack.enter_context(ordercore_postgres_databases.fresh()))
        yield lambda: PostgresStore(stack.enter_context(place.fresh_schema()), migrate=True)


def test_an_interruption_that_there_is_not_is_refused():
    with pytest.raises(ConfigurationError, match="befor"):
        InterruptedStore(MemoryStore(), 1, "befor")
