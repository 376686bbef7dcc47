"""The fixtures: `ordercore_kernel` and `ordercore_make_kernel`, `_store`, `_clock`, `_channel`, `_carrier`.

Prefixed, because a host's own fixture `clock` would silently replace one of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ordercore.kernel import Kernel
    from ordercore.store import Store
    from ordercore.testing.carrier import MemoryCarrier
    from ordercore.testing.clock import ManualClock
    from ordercore.testing.memory_channel import MemoryChannel

pytest.register_assert_rewrite(
    "ordercore.testing.racers",
    "ordercore.testing.races",
    "ordercore.testing.notifier_suite",
    "ordercore.testing.rules",
    "ordercore.testing.sending_rules",
    "ordercore.testing.supplier_suite",
    "ordercore.testing.channel_rules",
    "ordercore.testing.strategy_rules",
    "ordercore.testing.carrier_rules",
)


@pytest.fixture
def ordercore_store() -> Iterator[Store]:
    """An empty store in memory. Override it in a conftest to run a whole test suite on another store."""
    from ordercore.store.memory import MemoryStore

    store = MemoryStore()
    yield store
    store.close()


@pytest.fixture
def ordercore_clock() -> ManualClock:
    """A clock that stands still until `advance("3d")`, which lets what falls due on the way happen, or `set(time)`."""
    from ordercore.testing.clock import ManualClock

    return ManualClock()


@pytest.fixture
def ordercore_channel() -> MemoryChannel:
    """A channel `shop` that exists only in tests: `delivery([("TEA", 2)])` is a signed document for `kernel.receive`."""
    from ordercore.testing.memory_channel import MemoryChannel

    return MemoryChannel()


@pytest.fixture
def ordercore_make_kernel(
    ordercore_clock: ManualClock, ordercore_channel: MemoryChannel, ordercore_carrier: MemoryCarrier
) -> Iterator[Callable[..., Kernel]]:
    """Makes kernels: a store, if not one in memory, and any argument of `Kernel`; all closed after the test.

    Each has `ordercore_clock`, which fires its timers, `ordercore_channel` and `ordercore_carrier`, unless it is given others.
    """
    from ordercore.kernel import Kernel

    made: list[Kernel] = []

    def make(store: Store | None = None, **wiring: Any) -> Kernel:
        wired: dict[str, Any] = {
            "clock": ordercore_clock,
            "channels": {ordercore_channel.instance: ordercore_channel},
            "carriers": {ordercore_carrier.instance: ordercore_carrier},
            "transport": ordercore_carrier.desk,
        } | wiring
        kernel = Kernel(store, **wired)
        made.append(kernel)
        return ordercore_clock.drives(kernel) if wired["clock"] is ordercore_clock else kernel

    yield make
    for kernel in made:
        kernel.close()


@pytest.fixture
def ordercore_kernel(ordercore_store: Store, ordercore_make_kernel: Callable[..., Kernel]) -> Kernel:
    """A kernel on `ordercore_store`, with `ordercore_clock` and `ordercore_channel`."""
    return ordercore_make_kernel(ordercore_store)


@pytest.fixture
def ordercore_carrier() -> MemoryCarrier:
    """A carrier `memory` that exists only in tests; `desk`, the transport of the kernel, lists its `bookings`."""
    from ordercore.testing.carrier import MemoryCarrier

    return MemoryCarrier()
