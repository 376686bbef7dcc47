"""The channel: a file of order lines in, orders and problems out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Final

from attrs import frozen

from ordercore.errors import ConfigurationError, InvalidCommand
from ordercore.ports import BadRow, ChannelCapability, ChannelKind, Decoded, OrderRow, Settings, Transmission
from ordercore.values import code_of
from ordercore_csv.columns import ColumnMap
from ordercore_csv.orders import orders_of
from ordercore_csv.rows import read_rows

CAPABILITIES: Final[frozenset[ChannelCapability]] = frozenset(("file",))


@frozen
class CsvChannel:
    """Files of one sender, all written the same way."""

    instance: str
    columns: ColumnMap

    @property
    def capabilities(self) -> frozenset[ChannelCapability]:
        """Files only."""
        return CAPABILITIES

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """A file is from whoever hands it over; there is nothing to check."""

    def decode(self, transmission: Transmission) -> Decoded:
        """Orders and problems. Nothing is raised: a file is always at least lines."""
        return orders_of(read_rows(io.BytesIO(transmission.body), self.columns), self.instance, self.columns)

    def rows(self, file: BinaryIO) -> Iterator[OrderRow | BadRow]:
        """Every row of the file as a stream, in flat memory. See `read_rows`."""
        return read_rows(file, self.columns)


def make(instance: str, settings: Settings) -> CsvChannel:
    """A channel from the tables of its column map. Raises ConfigurationError."""
    try:
        code_of(instance, what="instance")
    except InvalidCommand as error:
        raise ConfigurationError(error.message, hint=error.hint) from None
    return CsvChannel(instance, ColumnMap.from_table(settings))


KIND: Final = ChannelKind("csv", make, CAPABILITIES)
