import pytest
from attrs import frozen

from ordercore import Kernel
from ordercore.errors import BrokenRule, ConfigurationError
from ordercore.hooks import StoreKind, hookimpl
from ordercore.message import Context, Event, EventType
from ordercore.stock import AdjustStock
from ordercore.store import Append, Batch, ReadStream, without_postings
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock, given_stock
from ordercore.wiring.plugins import Plugins, discover


@frozen
class GiftWrapped(Event):
    """A plugin's own event."""

    paper: str


@frozen
class Unruly(Event):
    """An event without a rule for its postings."""


without_postings(GiftWrapped)


class Gifts:
    @hookimpl
    def ordercore_register_events(self):
        return [EventType("acme.gift_wrapped", 1, GiftWrapped)]


class Shelf:
    def __init__(self):
        self.opened = []

    @hookimpl
    def ordercore_register_stores(self):
        return [StoreKind("shelf", self.open)]

    def open(self, url):
        self.opened.append(url)
        return MemoryStore()


def batch(kernel, event):
    now = kernel.core.clock.now()
    command = AdjustStock("WH1", "TEA", 1, "x")
    return Batch("c1", command, Context("c1", now, now), (Append("gift/1", 0, (event,)),))


def test_a_plugins_event_is_stored_under_its_name_and_read_back(tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with Kernel.open(url, plugins=[Gifts()], clock=ManualClock()) as kernel:
        kernel.store.commit(batch(kernel, GiftWrapped("gold")))
    with Kernel.open(url, plugins=[Gifts()]) as kernel:
        query = ReadStream("gift/1")
        assert kernel.store.read([query]).of(query).events == (GiftWrapped("gold"),)
        assert kernel.verify() == ()


def test_an_event_without_a_rule_for_its_postings_is_never_written():
    kernel = Kernel(clock=ManualClock())
    with pytest.raises(BrokenRule):
        batch(kernel, Unruly())


def test_a_store_of_a_plugin_is_opened_by_its_scheme():
    shelf = Shelf()
    kernel = Kernel.open("shelf://top", plugins=[shelf])
    given_stock(kernel, {"WH1": {"TEA": 1}})
    assert (shelf.opened, kernel.available("TEA")) == (["shelf://top"], 1)
    with pytest.raises(ConfigurationError):
        Kernel.open("shelf://top", plugins=[shelf, Shelf()])


@pytest.mark.parametrize("url", ["shelf://top", "sqlit:///x.db", "nonsense", ""])
def test_an_unknown_kind_of_store_is_a_mistake_of_configuration(url):
    with pytest.raises(ConfigurationError):
        Kernel.open(url)


def test_a_plugin_is_registered_once():
    gifts = Gifts()
    with pytest.raises(ConfigurationError):
        Plugins([gifts, gifts])


def test_installed_plugins_are_found_by_their_entry_points():
    kinds = Plugins(discover()).channel_kinds()
    assert {"csv", "shopify"} <= set(kinds)
