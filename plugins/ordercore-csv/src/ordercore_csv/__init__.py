"""CSV files as a channel of ordercore: one order line per row, columns and formats declared in TOML."""

from collections.abc import Iterable
from typing import Final

from ordercore.hooks import hookimpl
from ordercore.ports import BadRow, ChannelKind
from ordercore.ports import OrderRow as Row
from ordercore_csv.cells import BadCell, number_reader
from ordercore_csv.channel import KIND, CsvChannel
from ordercore_csv.columns import ColumnMap, check_form
from ordercore_csv.records import Unreadable, records
from ordercore_csv.rows import read_rows

__all__ = [
    "ORDERCORE_API",
    "BadCell",
    "BadRow",
    "ColumnMap",
    "CsvChannel",
    "Row",
    "Unreadable",
    "check_form",
    "number_reader",
    "ordercore_register_channels",
    "read_rows",
    "records",
]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""


@hookimpl
def ordercore_register_channels() -> Iterable[ChannelKind]:
    """The kind `csv`."""
    return [KIND]
