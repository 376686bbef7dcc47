"""A section of the report: what a definition, its rows and its finding amount to, ready to be shown."""

from __future__ import annotations

from attrs import field, frozen

from ordercore.report.cells import is_number, written
from ordercore.report.chart import Spec, chart_of
from ordercore.report.definition import Column, Definition, labelled
from ordercore.report.session import Rows, Session


@frozen
class Figure:
    """A large number, what it is called, and what it means."""

    label: str
    value: str
    note: str


@frozen
class Section:
    """One report that ran."""

    report: Definition
    rows: Rows
    finding: str
    chart: Spec | None = field(repr=False)

    @property
    def heading(self) -> str:
        """What the rows show; what the report is about, if it finds nothing to say."""
        return self.finding or self.report.title

    @property
    def columns(self) -> tuple[Column, ...]:
        """A column for each of the query's that is shown, in its order."""
        return tuple(column for column in self._all if not column.hidden)

    @property
    def _all(self) -> tuple[Column, ...]:
        return tuple(_column(self.report, name) for name in self.rows.columns)

    @property
    def numbers(self) -> tuple[bool, ...]:
        """Which columns are of numbers."""
        return tuple(is_number(column) for column in self.columns)

    @property
    def table(self) -> tuple[tuple[str, ...], ...]:
        """The rows that are shown, written out; all of them are in the exports."""
        return tuple(self._written(row) for row in self.rows.rows[: self.report.rows])

    def _written(self, row: tuple[object, ...]) -> tuple[str, ...]:
        by_name = dict(zip(self.rows.columns, row, strict=True))
        return tuple(written(cell, column, by_name) for cell, column in zip(row, self._all, strict=True)
                     if not column.hidden)  # fmt: skip

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The rows as large numbers."""
        return tuple(Figure(*self._written(row)) for row in self.rows.rows)

    @property
    def definitions(self) -> tuple[tuple[str, str], ...]:
        """Columns that need a word of their own."""
        return tuple((column.label, column.definition) for column in self.columns if column.definition)


def _column(report: Definition, name: str) -> Column:
    return report.columns.get(name) or Column(labelled(name))


def section_of(session: Session, report: Definition) -> Section:
    """Ask the report's query, and make ready what it gives. Raises InvalidReport for whatever does not fit."""
    rows = session.run(report)
    for name in report.columns:
        if name not in rows.columns:
            raise report.wrong(
                f"columns.{name} is described, and the query gives no such column.",
                hint=f"It gives {', '.join(rows.columns)}.",
            )
    if report.figures and len(rows.columns) != len(_FIGURE):
        raise report.wrong(f"figures are rows of {len(_FIGURE)} columns: {', '.join(_FIGURE)}.")
    return Section(report, rows, session.finding(report) if rows.rows else "", chart_of(report, rows))


_FIGURE = ("label", "value", "note")
