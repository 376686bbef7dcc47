"""A carrier from a table: rates by zone and weight, numbers that follow from the key, labels, tracking; no network."""

from collections.abc import Iterable
from typing import Final

from ordercore.hooks import hookimpl
from ordercore.ports import CarrierKind
from ordercore_tablecarrier.carrier import KIND, TableCarrier
from ordercore_tablecarrier.numbers import is_number, number_of
from ordercore_tablecarrier.signature import sign
from ordercore_tablecarrier.table import Rate, Service, Table

__all__ = [
    "ORDERCORE_API", "Rate", "Service", "Table", "TableCarrier", "is_number", "number_of",
    "ordercore_register_carriers", "sign",
]  # fmt: skip

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""


@hookimpl
def ordercore_register_carriers() -> Iterable[CarrierKind]:
    """The kind `table`."""
    return [KIND]
