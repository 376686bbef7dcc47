"""What tests of an application or a plugin need: fixtures, suites to subclass, strategies.

Names load on demand: pytest and hypothesis are imported only by who uses what is built on them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ordercore.testing.clock import ManualClock
    from ordercore.testing.store_suite import StoreSuite

_WHERE: Final = {
    "ManualClock": "ordercore.testing.clock",
    "StoreSuite": "ordercore.testing.store_suite",
}

__all__ = ["ManualClock", "StoreSuite"]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
