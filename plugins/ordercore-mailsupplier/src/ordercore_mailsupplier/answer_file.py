"""An answer as a file: what the supplier says to each line, and problems for what cannot be read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, cast

from attrs import define, field, frozen

from ordercore.errors import InvalidCommand
from ordercore.ports import (
    ConfirmedLine,
    ConfirmPurchase,
    Decoded,
    ExternalKey,
    Inbound,
    Problem,
    PurchaseAnswer,
    SourceVersion,
)
from ordercore.readable import unguarded
from ordercore.values import MAX_QUANTITY, Price, Quantity, text_of
from ordercore_csv import BadCell, ColumnMap, Unreadable, number_reader, records
from ordercore_mailsupplier.settings import AnswerFile

MOST_ROWS: Final = 10_000
MOST_PROBLEMS: Final = 1_000
EARLIEST, LATEST = 1970, 2200


@frozen
class Origin:
    """Where a file came from: its key if it has one of its own, how new it says it is, what its paths begin with."""

    instance: str
    key: str = ""
    version: SourceVersion | None = None
    path: str = ""


@define
class _Found:
    """What the rows have come to. A line with a row that cannot be read is withheld, all of its rows."""

    lines: dict[str, list[ConfirmedLine]] = field(factory=dict)
    references: dict[str, str] = field(factory=dict)
    spoiled: set[tuple[str, str]] = field(factory=set)
    problems: list[Problem] = field(factory=list)


def read_answer(body: bytes, file: AnswerFile, origin: Origin) -> Decoded:
    """What a file says, purchase order by purchase order. Nothing is raised.

    A row that cannot be read withholds its line, or its whole purchase order if it does not say which line it is; if it
    does not even say whose row it is, everything is withheld. Rows that say nothing are lines that are not answered yet.
    """
    columns = ColumnMap(file.encoding, {}, delimiter=file.delimiter, decimal=file.decimal, thousands=file.thousands)
    rows = records(io.BytesIO(body), columns)
    _, headings = next(rows, (1, []))
    if isinstance(headings, Unreadable):
        return _nothing(Problem(headings.code, "reject", f"{origin.path}row 1", headings.message))
    at, problem = _columns(headings, file, origin)
    if problem is not None:
        return _nothing(problem)
    found = _Found()
    reader = _Reader(file, at, origin, number_reader(columns))
    for count, (number, cells) in enumerate(rows, start=1):
        if count > MOST_ROWS:
            text = f"The file has more than {MOST_ROWS} rows."
            return _nothing(Problem("too_many_lines", "reject", f"{origin.path}row {number}", text))
        reader.take(number, cells, found)
    return _decoded(found, origin)


def _nothing(problem: Problem) -> Decoded:
    return Decoded((), (problem,))


def _columns(headings: Sequence[str], file: AnswerFile, origin: Origin) -> tuple[Mapping[str, int], Problem | None]:
    """Where each column is. Headings may be in any case, and in any order among others."""
    names = [unguarded(heading.strip()).casefold() for heading in headings]
    at = {
        name: names.index(heading.casefold()) for name, heading in file.columns.items() if heading.casefold() in names
    }
    missing = [file.columns[name] for name in ("number", "line") if name not in at]
    if missing:
        text = f"There is no column {' and no column '.join(missing)}."
        return at, Problem("missing_column", "reject", f"{origin.path}row 1", text)
    twice = [file.columns[name] for name in at if names.count(file.columns[name].casefold()) > 1]
    if twice:
        return at, Problem("duplicate_column", "reject", f"{origin.path}row 1", f"{twice[0]} stands there twice.")
    return at, None


@define(slots=False)
class _Reader:
    """Reads rows of one file."""

    file: AnswerFile
    at: Mapping[str, int]
    origin: Origin
    number: Callable[[str], Decimal]

    @cached_property
    def last(self) -> int:
        return max(self.at.values())

    def take(self, row: int, cells: list[str] | Unreadable, found: _Found) -> None:
        """One more row."""
        where = f"{self.origin.path}row {row}"
        if isinstance(cells, Unreadable) or len(cells) <= self.last:
            code, text = (cells.code, cells.message) if isinstance(cells, Unreadable) else (
                "wrong_column_count", f"The row has {len(cells)} cells, too few."
            )  # fmt: skip
            found.problems.append(Problem(code, "reject", where, text))
            found.spoiled.add(("", ""))
            return
        number, line = self._name("number", cells), self._name("line", cells)
        said = {name: self._text(name, cells) for name in self.at if name not in ("number", "line")}
        if not number and not line and not any(said.values()):
            return
        if not number or not line:
            missing = self.file.columns["line" if number else "number"]
            text = "The row does not say which line it is about."
            found.problems.append(
                Problem("missing_line_key", "reject", f"{where}, column {missing}", text, None, number)
            )
            found.spoiled.add((number, ""))
            return
        if any(said.values()):
            self._line(number, line, said, where, found)

    def _line(self, number: str, line: str, said: Mapping[str, str], where: str, found: _Found) -> None:
        parts: dict[str, Any] = {}
        for name, read in _PARTS.items():
            try:
                parts[name] = read(self, said)
            except (BadCell, InvalidCommand) as error:
                code = error.code if isinstance(error, BadCell) else f"invalid_{name}"
                path = f"{where}, column {self.file.columns[name]}"
                found.problems.append(Problem(code, "reject", path, error.message, said[name][:32], number))
                found.spoiled.add((number, line))
                return
        confirmed = ConfirmedLine(line, parts["answer"], parts["quantity"], parts["date"], parts["price"], where)
        found.lines.setdefault(number, []).append(confirmed)
        if parts["reference"]:
            found.references.setdefault(number, parts["reference"])

    def _name(self, name: str, cells: Sequence[str]) -> str:
        text = self._text(name, cells)
        try:
            return text_of(text, what=name, most=100)
        except InvalidCommand:
            return ""

    def _text(self, name: str, cells: Sequence[str]) -> str:
        return unguarded(cells[self.at[name]].strip()) if name in self.at else ""

    def _answer(self, said: Mapping[str, str]) -> PurchaseAnswer:
        word = said.get("answer", "")
        if not word:
            quantity = self._quantity(said)
            return "rejected" if quantity is not None and not quantity.value else "accepted"
        answer = self.file.meaning(word)
        if answer is None:
            raise BadCell("unknown_code", f"{word[:32]!a} is no answer that is known.")
        return cast(PurchaseAnswer, answer)

    def _quantity(self, said: Mapping[str, str]) -> Quantity | None:
        if not said.get("quantity"):
            return None
        value = self.number(said["quantity"])
        if not 0 <= value <= MAX_QUANTITY:
            raise BadCell("negative_quantity" if value < 0 else "quantity_out_of_range", "That is no quantity.")
        return Quantity(value, said.get("unit", ""))

    def _date(self, said: Mapping[str, str]) -> date | None:
        text, form = said.get("date", ""), self.file.date_format
        if not text:
            return None
        try:
            # strptime takes digits of any script.
            found = datetime.strptime(text, form).date() if text.isascii() else None  # noqa: DTZ007  # a day has no zone
        except ValueError:
            found = None
        if found is None or not EARLIEST < found.year < LATEST:
            raise BadCell("invalid_date", f"{text[:32]!a} is not a date of the form {form}.")
        return found

    def _price(self, said: Mapping[str, str]) -> Price | None:
        if not said.get("price"):
            return None
        value = self.number(said["price"])
        if value < 0:
            raise BadCell("negative_amount", "A price below zero.")
        currency = said.get("currency") or self.file.currency
        if not currency:
            raise BadCell("unknown_currency", "The price has no currency, and none is declared.")
        return Price.of(value, currency)

    def _reference(self, said: Mapping[str, str]) -> str:
        return text_of(said.get("reference", "")[:100], what="reference")


_PARTS: Final[Mapping[str, Callable[[_Reader, Mapping[str, str]], object]]] = {
    "quantity": _Reader._quantity,
    "date": _Reader._date,
    "price": _Reader._price,
    "reference": _Reader._reference,
    "answer": _Reader._answer,
}
"""Each part of a row by the column it is blamed on."""


def _decoded(found: _Found, origin: Origin) -> Decoded:
    problems = found.problems
    if len(problems) > MOST_PROBLEMS:
        more = Problem(
            "too_many_problems", "reject", "", f"{len(problems) - MOST_PROBLEMS} more problems are not listed."
        )
        problems = [*problems[:MOST_PROBLEMS], more]
    if ("", "") in found.spoiled:
        return Decoded((), tuple(problems))
    items = tuple(_items(found, origin))
    if not items and not problems:
        problems = [Problem("no_rows", "warning", origin.path, "The file answers no line.")]
    return Decoded(items, tuple(problems))


def _items(found: _Found, origin: Origin) -> Iterator[Inbound]:
    for number, lines in found.lines.items():
        kept = tuple(line for line in lines if not found.spoiled & {(number, line.line), (number, "")})
        if kept:
            confirm = ConfirmPurchase(number, kept, found.references.get(number, ""))
            key = f"{origin.key}/{number}" if origin.key else _digest(confirm)
            subject = ExternalKey(origin.instance, "purchase", number)
            yield Inbound(key, subject, confirm, origin.version, kept[0].path)


def _digest(confirm: ConfirmPurchase) -> str:
    """What it says, as a key: where in the file it stands is no part of it."""
    said = [
        (line.line, line.answer, str(line.quantity), str(line.confirmed_on), str(line.unit_price))
        for line in confirm.lines
    ]
    return sha256(repr((confirm.number, confirm.reference, said)).encode()).hexdigest()[:32]
