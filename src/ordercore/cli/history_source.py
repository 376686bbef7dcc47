"""Where the rows of a history come from: a file, read by an installed channel, or made up."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from attrs import define, field

from ordercore.cli.plugged import plugins
from ordercore.cli.sample import SAMPLE_RULES, Sample
from ordercore.cli.shop import settings_of
from ordercore.errors import (
    ConfigurationError,
    NotFound,
)
from ordercore.intake.history import (
    History,
    HistoryRules,
)
from ordercore.ports import BadRow, OrderRow, RowSource

Progress = Callable[[str, int, int], None]
"""Told now and then: what is being done, how much of it is done, how much there is (0: not known)."""


class Source(Protocol):
    """Where the rows of a history come from."""

    def rows(self) -> Iterator[OrderRow | BadRow]:
        """All of them, in order."""
        ...

    def keep(self, history: History, rows: Sequence[int]) -> None:
        """These rows will be asked for, most likely."""
        ...

    def body(self, history: History, rows: Sequence[int]) -> bytes:
        """These rows as a file of their own, with its header."""
        ...


@define(eq=False)
class File:
    """A file of rows, plain or compressed with gzip."""

    path: Path
    channel: RowSource
    _kept: dict[int, bytes] = field(factory=dict)
    _header: bytes = b""

    def rows(self) -> Iterator[OrderRow | BadRow]:
        """All of them, in order."""
        with self._opened() as file:
            yield from self.channel.rows(file)

    def _opened(self) -> BinaryIO:
        if self.path.suffix == ".gz":
            return cast(BinaryIO, gzip.open(self.path, "rb"))  # the caller closes it
        return self.path.open("rb")

    def keep(self, history: History, rows: Sequence[int]) -> None:
        """Read the raw lines of these rows; a row ends where the next one begins."""
        ends = {history.line[row]: history.line[row + 1] if row + 1 < len(history) else 1 << 62 for row in rows}
        until, at = 0, 0
        with self._opened() as file:
            for number, line in enumerate(file, start=1):
                if number == 1:
                    self._header = line
                if number in ends:
                    at, until = number, ends[number]
                    self._kept[at] = b""
                if number < until:
                    self._kept[at] += line

    def body(self, history: History, rows: Sequence[int]) -> bytes:
        """The header and these lines, as they stand in the file."""
        missing = [row for row in rows if history.line[row] not in self._kept]
        if missing:
            self.keep(history, missing)
        lines = [self._kept[history.line[row]] for row in rows]
        return b"".join(line if line.endswith(b"\n") else line + b"\n" for line in (self._header, *lines))


def source_of(
    channel: str, map_path: Path | None, source: Path | None, generate: int | None, seed: int
) -> tuple[HistoryRules, Source]:
    """The rules of a history and its rows. Raises ConfigurationError, NotFound for a file that is not there."""
    if (source is None) is (generate is None):
        raise ConfigurationError("Give either a file or a number of documents to generate.", hint="One of the two.")
    if generate is not None:
        if generate < 1:
            raise ConfigurationError("At least one document is generated.", hint="--generate 1000")
        return SAMPLE_RULES, Sample(generate, seed)
    assert source is not None  # noqa: S101  # one of the two is given
    if map_path is None:
        raise ConfigurationError("A column map says how the file is written.", hint="Add --map MAP.toml.")
    for path in (map_path, source):
        if not path.is_file():
            raise NotFound(
                f"There is no file {path}.",
                kind="file",
                name=str(path),
                hint="Paths are relative to the current folder.",
            )
    settings = settings_of(map_path, ())
    made = plugins().channel(channel, channel, settings)
    if not isinstance(made, RowSource):
        raise ConfigurationError(f"Channel {channel!r} does not read files row by row.", kind=channel, hint="csv does.")
    return HistoryRules.from_settings(settings), File(source, made)
