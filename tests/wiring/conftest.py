"""A shop with one channel whose documents are written by the test, and a store that can be interrupted."""

import pytest

from ordercore import Kernel, PutItem, PutLocation, ReceiveStock
from ordercore.hooks import hookimpl
from ordercore.ports import (
    Decoded,
    ExternalKey,
    Inbound,
    ItemRef,
    LineRequest,
    OrderRequest,
    RequestCancel,
    SubmitOrder,
    Transmission,
)
from ordercore.stock import Received
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock
from ordercore.values import Price, Quantity


class Lines:
    """Each line of a document is `place ID SKU UNITS`, `cancel ID`, or a defect."""

    instance = "web"
    capabilities = frozenset(("file",))

    def verify(self, transmission, *, now):
        return None

    def decode(self, transmission):
        return Decoded(tuple(self.item(line) for line in transmission.body.decode().splitlines()))

    def item(self, line):
        verb, id, *rest = line.split()
        key = ExternalKey("web", "order", id)
        if verb == "cancel":
            return Inbound(line, key, RequestCancel(id))
        sku, units = rest
        wanted = LineRequest("1", (ItemRef("sku", sku),), Quantity.of(units, ""), Price.of("1.00", "EUR"))
        return Inbound(line, key, SubmitOrder(OrderRequest("web", id, "EUR", (wanted,))))


class Between:
    """A store that lets somebody else work just before a commit."""

    def __init__(self, store):
        self.store = store
        self.before_commit = []

    def __getattr__(self, name):
        return getattr(self.store, name)

    def commit(self, batch):
        if self.before_commit:
            self.before_commit.pop(0)()
        return self.store.commit(batch)


class Raises:
    """A strategy that has a defect for one SKU."""

    name = "raises"
    version = 1
    broken = True

    def __call__(self, request):
        if self.broken and any(demand.sku == "BAD" for demand in request.demands):
            raise RuntimeError("jane@example.com")
        return ()

    @hookimpl
    def ordercore_register_strategies(self):
        return [self]


def document(*lines):
    return Transmission("web", "text/plain", "\n".join(lines).encode())


def furnished(store=None, **options):
    kernel = Kernel(store, channels={"web": Lines()}, clock=ManualClock(), **options)
    kernel.handle(PutLocation("WH1"))
    for sku in ("TEA", "CUP"):
        kernel.handle(PutItem(sku))
    kernel.handle(ReceiveStock("WH1", [Received("TEA", 5)]))
    return kernel


@pytest.fixture
def shop():
    kernel = furnished(Between(MemoryStore()))
    yield kernel
    assert kernel.verify() == ()
