"""CSV files as a channel of ordercore: one order line per row, columns and formats declared in TOML."""

from collections.abc import Iterable

from ordercore.hooks import hookimpl
from ordercore.ports import BadRow, ChannelKind
from ordercore.ports import OrderRow as Row
from ordercore_csv.channel import KIND, CsvChannel
from ordercore_csv.columns import ColumnMap
from ordercore_csv.rows import read_rows

__all__ = ["BadRow", "ColumnMap", "CsvChannel", "Row", "ordercore_register_channels", "read_rows"]


@hookimpl
def ordercore_register_channels() -> Iterable[ChannelKind]:
    """The kind `csv`."""
    return [KIND]
