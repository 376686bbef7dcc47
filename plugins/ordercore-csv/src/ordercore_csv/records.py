"""Records: from the bytes of a file to the cells of each row, line by line, so that no row takes another with it."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO, Final

from attrs import frozen

from ordercore_csv.columns import ColumnMap

MAX_FIELD: Final = 131_072
MAX_LINE: Final = 1 << 20
MAX_LINES_OF_A_ROW: Final = 100

_TOO_LONG: Final = f"A cell has more than {MAX_FIELD} characters."


@frozen
class Unreadable:
    """A line that cannot be split into cells; `start` is the text before the first delimiter, if that is certain."""

    code: str
    message: str
    start: str = ""


Numbered = tuple[int, str | Unreadable]


def _decoded(source: Iterable[str] | BinaryIO, encoding: str) -> Iterator[str | Unreadable]:
    """Lines of text. Never longer than MAX_LINE, so that a file without line ends does not fill the memory."""
    if not isinstance(source, io.BufferedIOBase | io.RawIOBase):
        yield from (source if not isinstance(source, str) else io.StringIO(source, newline="\n"))  # type: ignore[misc]  # no bytes here
        return
    for line in iter(partial(source.readline, MAX_LINE), b""):
        if len(line) == MAX_LINE and line[-1:] != b"\n":
            while (rest := source.readline(MAX_LINE)) and rest[-1:] != b"\n":
                pass
            yield Unreadable("line_too_long", f"The line has more than {MAX_LINE} bytes.")
            continue
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError as error:
            yield Unreadable("wrong_encoding", f"Byte {error.start + 1} of the line is not {encoding}.")


def records(source: Iterable[str] | BinaryIO, columns: ColumnMap) -> Iterator[tuple[int, list[str] | Unreadable]]:
    """The number of its (first) physical line and the cells of each row that is not blank."""
    delimiter, quote = columns.delimiter, columns.quote
    numbered = enumerate(_decoded(source, columns.encoding), start=1)
    ahead: deque[tuple[int, str | Unreadable]] = deque()
    for number, text in _with(ahead, numbered) if columns.multiline else numbered:
        if not isinstance(text, str):
            yield number, text
            continue
        line = text.rstrip("\r\n") if number > 1 else text.rstrip("\r\n").removeprefix("\ufeff")
        if quote in line or "\0" in line or "\r" in line or len(line) > MAX_FIELD:
            yield number, _split(number, line, columns, ahead, numbered)
        elif line:
            # Without a quote a row is what stands between the delimiters: what csv.reader says, at less than its cost.
            yield number, line.split(delimiter)


def _with(ahead: deque[Numbered], numbered: Iterator[Numbered]) -> Iterator[Numbered]:
    for item in numbered:
        yield item
        while ahead:
            yield ahead.popleft()


def _split(
    number: int, line: str, columns: ColumnMap, ahead: deque[Numbered], numbered: Iterator[Numbered]
) -> list[str] | Unreadable:
    """Cells of a row with quotes. One whose quote does not close takes no other line with it."""
    start, found, _ = line.partition(columns.delimiter)
    start = start if found and not (set(start) & {columns.quote, "\0", "\r"}) else ""
    if "\0" in line:
        return Unreadable("nul_character", "The row has a NUL character.", start)
    cells = _cells(line, columns)
    if cells is None and columns.multiline:
        cells = _over_lines(line, columns, ahead, numbered)
    if cells is None:
        return Unreadable("unclosed_quote", f"A quote that opens on line {number} does not close.", start)
    if cells is _TOO_LONG or (isinstance(cells, list) and any(len(cell) > MAX_FIELD for cell in cells)):
        return Unreadable("field_too_long", _TOO_LONG, start)
    if isinstance(cells, str):
        return Unreadable("malformed_row", f"The row is not CSV: {cells}.", start)
    return cells


def _over_lines(
    line: str, columns: ColumnMap, ahead: deque[Numbered], numbered: Iterator[Numbered]
) -> list[str] | str | None:
    taken: list[Numbered] = []
    open_quotes = line.count(columns.quote)
    while len(taken) < MAX_LINES_OF_A_ROW and len(line) <= MAX_FIELD:
        item = ahead.popleft() if ahead else next(numbered, None)
        if item is None:
            break
        taken.append(item)
        if not isinstance(item[1], str):
            break
        line = f"{line}\n{item[1].rstrip(chr(13) + chr(10))}"
        open_quotes += item[1].count(columns.quote)
        if open_quotes % 2 == 0 and (cells := _cells(line, columns)) is not None:
            return cells
    ahead.extendleft(reversed(taken))
    return None


def _cells(line: str, columns: ColumnMap) -> list[str] | str | None:
    """Cells, or why there are none; None if a quote is still open at the end."""
    try:
        found = list(
            csv.reader(io.StringIO(line, newline=""), delimiter=columns.delimiter, quotechar=columns.quote, strict=True)
        )
    except csv.Error as error:
        text = str(error)
        if "unexpected end" in text:
            return None
        return _TOO_LONG if "field larger" in text else text
    return found[0] if len(found) == 1 else "a line break stands outside of quotes"
