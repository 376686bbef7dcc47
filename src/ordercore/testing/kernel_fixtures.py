"""The fixtures `ordercore_store`, `ordercore_clock` and `ordercore_kernel`.

Prefixed, because a host's own fixture `clock` would silently replace one of that name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ordercore.kernel import Kernel
    from ordercore.store import Store
    from ordercore.testing.clock import ManualClock

pytest.register_assert_rewrite(
    "ordercore.testing.racers",
    "ordercore.testing.races",
    "ordercore.testing.rules",
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
    """A clock that stands still until `advance(minutes=...)` or `set(time)`."""
    from ordercore.testing.clock import ManualClock

    return ManualClock()


@pytest.fixture
def ordercore_kernel(ordercore_store: Store, ordercore_clock: ManualClock) -> Kernel:
    """A kernel on `ordercore_store`, with `ordercore_clock`."""
    from ordercore.kernel import Kernel

    return Kernel(ordercore_store, clock=ordercore_clock)
