"""The watch in a process with several workers, and beside others that write."""

import pytest

from ordercore.catalog import PutStockLevels
from ordercore.errors import Conflict
from ordercore.kernel import Kernel
from ordercore.policies import Policies
from ordercore.stock import AdjustStock
from ordercore.store import Conflicted
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock, given_stock
from ordercore.wiring.watch import NAME, Watch


class Rivals(MemoryStore):
    """A store in which others are always quicker at alerts, as long as `busy`."""

    busy = False

    def commit(self, batch):
        return self._lost(batch) or super().commit(batch)

    def commit_many(self, batches):
        return [self._lost(batch) or super(Rivals, self).commit(batch) for batch in batches]

    def _lost(self, batch):
        stream = next((one.stream for one in batch.appends if one.stream.startswith("alert/")), "")
        return Conflicted(stream, 0, 1) if self.busy and stream else None


@pytest.fixture
def shop():
    shop = Kernel(Rivals(), policies=Policies(replenish="alert"), clock=ManualClock())
    given_stock(shop, {"WH1": {"TEA": 20}})
    shop.handle(PutStockLevels("TEA", "WH1", 10, 40))
    shop.work(until_idle=True)
    return shop


def test_a_check_that_others_disturb_all_the_time_is_not_lost(shop):
    before = shop.store.cursor_of(NAME)
    shop.store.busy = True
    shop.handle(AdjustStock("WH1", "TEA", -15, "gone"))
    report = shop.work()
    assert report.waiting == (NAME,)
    assert shop.followers()[0].reason == Conflict.__name__
    assert (shop.alerts(), shop.store.cursor_of(NAME)) == ((), before)
    shop.store.busy = False
    shop.core.clock.advance(seconds=5)
    shop.work(until_idle=True)
    assert [alert.id for alert in shop.alerts()] == ["WH1:TEA"]


def test_workers_of_one_process_share_a_watch_while_levels_change(shop):
    shop.handle(AdjustStock("WH1", "TEA", -15, "gone"))
    records = shop.log(limit=1000).records
    watch = Watch(shop.core.engine, suggests=False)
    slow, checks = watch.envelopes(records), []
    call = _next(slow, None, checks)
    while call is not None:
        answer = shop.store.read(call.queries)
        shop.handle(PutStockLevels("TEA", "WH1", 10, 40 + len(shop.log(limit=1000).records)))
        shop._drive(watch.envelopes(records[:1]))
        call = _next(slow, answer, checks)
    assert [one.command.sku for one in checks] == ["TEA"]


def _next(calls, answer, result):
    try:
        return calls.send(answer)
    except StopIteration as end:
        result += end.value
        return None
