"""What tests of an application or a plugin need: fixtures, suites to subclass, strategies.

Names load on demand: pytest and hypothesis are imported only by who uses what is built on them.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ordercore.testing import strategies
    from ordercore.testing.awaited import AwaitedStore, awaited_kernel
    from ordercore.testing.builders import an_order, assert_consistent, given_stock, place
    from ordercore.testing.carrier import MemoryCarrier
    from ordercore.testing.carrier_suite import CarrierSuite
    from ordercore.testing.channel_suite import ChannelSuite
    from ordercore.testing.clock import ManualClock
    from ordercore.testing.differential import DifferentialMachine
    from ordercore.testing.faulty_store import FaultyStore
    from ordercore.testing.ids import CountedIds
    from ordercore.testing.interrupted_store import InterruptedStore
    from ordercore.testing.machine import OrdercoreMachine
    from ordercore.testing.memory_channel import MemoryChannel
    from ordercore.testing.notifier_suite import NotifierSuite
    from ordercore.testing.store_suite import StoreSuite
    from ordercore.testing.stories import OrderStory, Story
    from ordercore.testing.strategy_suite import StrategySuite
    from ordercore.testing.supplier import MemorySupplier
    from ordercore.testing.supplier_suite import SupplierSuite
    from ordercore.testing.transports import FaultyTransport, Killed, RecordedTransport

_EXTRA: Final = ("pytest", "hypothesis")
_WHERE: Final = {
    "AwaitedStore": "ordercore.testing.awaited",
    "CarrierSuite": "ordercore.testing.carrier_suite",
    "ChannelSuite": "ordercore.testing.channel_suite",
    "CountedIds": "ordercore.testing.ids",
    "DifferentialMachine": "ordercore.testing.differential",
    "FaultyStore": "ordercore.testing.faulty_store",
    "FaultyTransport": "ordercore.testing.transports",
    "InterruptedStore": "ordercore.testing.interrupted_store",
    "Killed": "ordercore.testing.transports",
    "ManualClock": "ordercore.testing.clock",
    "MemoryCarrier": "ordercore.testing.carrier",
    "MemoryChannel": "ordercore.testing.memory_channel",
    "MemorySupplier": "ordercore.testing.supplier",
    "NotifierSuite": "ordercore.testing.notifier_suite",
    "OrderStory": "ordercore.testing.stories",
    "OrdercoreMachine": "ordercore.testing.machine",
    "RecordedTransport": "ordercore.testing.transports",
    "StoreSuite": "ordercore.testing.store_suite",
    "Story": "ordercore.testing.stories",
    "StrategySuite": "ordercore.testing.strategy_suite",
    "SupplierSuite": "ordercore.testing.supplier_suite",
    "an_order": "ordercore.testing.builders",
    "assert_consistent": "ordercore.testing.builders",
    "awaited_kernel": "ordercore.testing.awaited",
    "given_stock": "ordercore.testing.builders",
    "place": "ordercore.testing.builders",
}

__all__ = [
    "AwaitedStore",
    "CarrierSuite",
    "ChannelSuite",
    "CountedIds",
    "DifferentialMachine",
    "FaultyStore",
    "FaultyTransport",
    "InterruptedStore",
    "Killed",
    "ManualClock",
    "MemoryCarrier",
    "MemoryChannel",
    "MemorySupplier",
    "NotifierSuite",
    "OrderStory",
    "OrdercoreMachine",
    "RecordedTransport",
    "StoreSuite",
    "Story",
    "StrategySuite",
    "SupplierSuite",
    "an_order",
    "assert_consistent",
    "awaited_kernel",
    "given_stock",
    "place",
    "strategies",
]


def __getattr__(name: str) -> object:
    if name == "strategies":
        return _loaded("ordercore.testing.strategies", name)
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_loaded(_WHERE[name], name), name)


def _loaded(module: str, name: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        from ordercore.errors import MissingExtra

        raise MissingExtra.of("testing", f"{name} (it uses {error.name})") from error


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE, "strategies"})
