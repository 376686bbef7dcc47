"""Order management to import: orders as state machines, stock as a double-entry ledger, sourcing that explains itself.

The names of the quick start; everything else is imported from its area, such as `from ordercore.order import AddHold`.
Names load on first use, so that `import ordercore` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ordercore.aio import AsyncKernel
    from ordercore.catalog import PutItem, PutLocation
    from ordercore.errors import Insufficient, Rejected
    from ordercore.kernel import Kernel
    from ordercore.order import Line, PlaceOrder, Ship
    from ordercore.stock import ReceiveStock
    from ordercore.values import Address, Money

__version__ = "0.1.0"

__all__ = [
    "Address",
    "AsyncKernel",
    "Insufficient",
    "Kernel",
    "Line",
    "Money",
    "PlaceOrder",
    "PutItem",
    "PutLocation",
    "ReceiveStock",
    "Rejected",
    "Ship",
]

_HOME: Final = {
    "Address": "values",
    "AsyncKernel": "aio",
    "Insufficient": "errors",
    "Kernel": "kernel",
    "Line": "order",
    "Money": "values",
    "PlaceOrder": "order",
    "PutItem": "catalog",
    "PutLocation": "catalog",
    "ReceiveStock": "stock",
    "Rejected": "errors",
    "Ship": "order",
}


def __getattr__(name: str) -> object:
    """Load a public name from its area."""
    if name not in _HOME:
        raise AttributeError(f"module 'ordercore' has no attribute {name!r}")
    value: object = getattr(import_module(f"ordercore.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
