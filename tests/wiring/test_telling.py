"""News are noted down whatever others do at the same moment."""

from ordercore.errors import Conflict
from ordercore.kernel import Kernel
from ordercore.notifiers import WebhookNotifier
from ordercore.store import Conflicted
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock, given_stock, place
from ordercore.testing.transports import RecordedTransport

SECRET = "whsec_bm90IGEgc2VjcmV0LCBub3QgYSBzZWNyZXQ="


class Rivals(MemoryStore):
    """A store in which others are always quicker at effects, as long as `busy`; nothing happens in `handle`."""

    capabilities = MemoryStore.capabilities | {"durable"}
    busy = False

    def commit(self, batch):
        return self._lost(batch) or super().commit(batch)

    def commit_many(self, batches):
        return [self._lost(batch) or super(Rivals, self).commit(batch) for batch in batches]

    def _lost(self, batch):
        stream = next((one.stream for one in batch.appends if one.stream.startswith("effect/")), "")
        return Conflicted(stream, 0, 1) if self.busy and stream else None


def test_news_that_others_keep_from_being_noted_are_not_lost():
    arrived = RecordedTransport()
    erp = WebhookNotifier("erp", "https://erp.example/", [SECRET], ["order.placed"])
    clock = ManualClock()
    shop = Kernel(Rivals(), notifiers={"erp": erp}, transport=arrived, clock=clock)
    given_stock(shop, {"WH1": {"TEA": 5}})
    place(shop, {"TEA": 1})
    shop.store.busy = True
    assert shop.work().failures == (f"notices:erp: {Conflict.__name__}",)
    shop.store.busy = False
    clock.advance(seconds=5)
    shop.work(until_idle=True)
    assert len(arrived.sent) == 1
