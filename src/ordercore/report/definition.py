"""A report as it is written: a TOML file with a query, what its columns mean, and a chart."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from ordercore.errors import InvalidReport, did_you_mean

FORMATS: Final = ("text", "count", "decimal", "percent", "money", "date", "month", "days", "hours")
"""How a column is written: `money` in major units of the currency that another column (`currency`) names. A hidden column is there
for the chart alone."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
_LEFT_OUT: Final = ("$schema", "data", "datasets", "usermeta")
MOST_ROWS: Final = 5_000


@frozen
class Column:
    """What a column of the query means, and how it is written."""

    label: str
    format: str = "text"
    definition: str = ""
    currency: str = "currency"
    digits: int = 1
    hidden: bool = False


@frozen
class Definition:
    """One report. `source` is the text of its file, in which an error is pointed at.

    `query` gives the rows and `finding` the one sentence that says what they show (it may ask the rows as `result`).
    The page shows the first `rows` of them, the chart the first `chart_rows` (0: all).
    A report with `figures` shows its rows (label, value, note) as large numbers; others have a chart, a table or both.
    """

    name: str
    path: str
    title: str
    query: str
    definition: str = ""
    finding: str = ""
    empty: str = "Nothing of this kind happened in the period."
    columns: Mapping[str, Column] = field(factory=dict)
    chart: Mapping[str, Any] | None = None
    figures: bool = False
    position: int = 1_000
    rows: int = 12
    chart_rows: int = 0
    source: str = field(default="", repr=False, eq=False)

    def line_of(self, text: str, line: int = 1) -> int:
        """The line of the file at which the `line`-th line of a query stands; 0 if it is not written as it is read."""
        at = self.source.find(text)
        return self.source.count("\n", 0, at) + line if at >= 0 else 0

    def wrong(self, message: str, *, hint: str = "", line: int = 0) -> InvalidReport:
        """An error that points at the file."""
        where = f"{self.path}, line {line}" if line else self.path
        return InvalidReport(f"{where}: {message}", hint=hint, path=self.path, line=line, report=self.name)


def built_in() -> tuple[Definition, ...]:
    """The reports that come with ordercore, in their order."""
    return _loaded(files("ordercore.report").joinpath("built_in"))


def from_folder(folder: Path) -> tuple[Definition, ...]:
    """The reports of a folder: every `*.toml` in it. Raises InvalidReport for one that cannot be used."""
    if not folder.is_dir():
        raise InvalidReport(
            f"{folder} is not a folder with reports.",
            path=str(folder),
            line=0,
            hint="A report is a file NAME.toml in a folder; see docs/reports.md.",
        )
    found = _loaded(folder)
    if not found:
        raise InvalidReport(
            f"{folder} has no report.",
            path=str(folder),
            line=0,
            hint="A report is a file NAME.toml; see docs/reports.md.",
        )
    return found


def _loaded(folder: Traversable) -> tuple[Definition, ...]:
    sources = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    found = [parsed(one.read_bytes(), one.name.removesuffix(".toml"), _shown(one)) for one in sources]
    return tuple(sorted(found, key=lambda one: (one.position, one.name)))


def _shown(source: Traversable) -> str:
    return str(source) if isinstance(source, Path) else source.name


def merged(groups: Iterable[Sequence[Definition]], only: Sequence[str] = ()) -> tuple[Definition, ...]:
    """All of them in their order; a later one takes the place of an earlier one of its name.

    With `only`, those names alone. Raises InvalidReport for a name that there is none of.
    """
    by_name = {one.name: one for group in groups for one in group}
    for name in only:
        if name not in by_name:
            hint = did_you_mean(name, by_name) or f"There are: {', '.join(by_name)}."
            raise InvalidReport(f"There is no report {name!r}.", report=name, hint=hint)
    chosen = (by_name[name] for name in by_name if not only or name in only)
    return tuple(sorted(chosen, key=lambda one: (one.position, one.name)))


def parsed(content: bytes, name: str, path: str) -> Definition:
    """The report that a file holds. Raises InvalidReport with the line, what is wrong there, and what was meant."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Definition(name, path, "", "").wrong("this is not UTF-8.", line=line) from None
    given = Definition(name, path, "", "", source=text)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\s*\(at line (\d+), column \d+\)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        said = str(error).replace(place[0] if place else " (at end of document)", "")
        raise given.wrong(f"this is not TOML: {said}.", line=line) from None
    return _checked(given, table)


def _checked(given: Definition, table: Mapping[str, Any]) -> Definition:
    if not _NAME.fullmatch(given.name):
        raise given.wrong("a report's file is named in lower case letters, digits and _, beginning with a letter.")
    _known(given, table, _KEYS, "key")
    for key in ("title", "query"):
        if key not in table:
            raise given.wrong(f"the report has no {key}.", hint=f'Write {key} = "..." at the beginning.')
    for key, value in table.items():
        if type(value) is not _KEYS[key]:
            raise given.wrong(f"{key} is {_KINDS[_KEYS[key]]}.", line=_at(given, key))
    columns = {name: _column(given, name, one) for name, one in table.get("columns", {}).items()}
    chart = table.get("chart")
    for name in _LEFT_OUT:
        if chart and name in chart:
            raise given.wrong(f"a chart has no {name}: its data is what the query gives.", line=_at(given, name))
    plain = {key: value for key, value in table.items() if key not in ("columns", "chart")}
    return Definition(given.name, given.path, source=given.source, columns=columns, chart=chart, **plain)


_KEYS: Final[Mapping[str, type]] = {
    "title": str, "query": str, "definition": str, "finding": str, "empty": str, "columns": dict, "chart": dict,
    "figures": bool, "position": int, "rows": int, "chart_rows": int,
}  # fmt: skip
_COLUMN_KEYS: Final[Mapping[str, type]] = {
    "label": str, "format": str, "definition": str, "currency": str, "digits": int,
    "hidden": bool,
}  # fmt: skip
_KINDS: Final[Mapping[type, str]] = {str: "text", dict: "a table", bool: "true or false", int: "a whole number"}


def _column(given: Definition, name: str, table: Any) -> Column:
    if not isinstance(table, dict):
        raise given.wrong(f"columns.{name} is a table with a label.", line=_at(given, name))
    _known(given, table, _COLUMN_KEYS, f"key of columns.{name}")
    for key, value in table.items():
        if type(value) is not _COLUMN_KEYS[key]:
            raise given.wrong(f"columns.{name}.{key} is {_KINDS[_COLUMN_KEYS[key]]}.", line=_at(given, key))
    form = table.get("format", "text")
    if form not in FORMATS:
        hint = did_you_mean(form, FORMATS) or f"One of {', '.join(FORMATS)}."
        raise given.wrong(
            f"columns.{name} has the unknown format {form!r}.", hint=hint, line=_at(given, "format", form)
        )
    return Column(**{"label": labelled(name), **table})


def labelled(name: str) -> str:
    """What a column is called that has no label of its own."""
    return name.replace("_", " ").capitalize()


def _known(given: Definition, table: Mapping[str, Any], keys: Iterable[str], what: str) -> None:
    for key in table:
        if key not in keys:
            hint = did_you_mean(key, keys) or f"Known are {', '.join(keys)}."
            raise given.wrong(f"unknown {what} {key!r}.", hint=hint, line=_at(given, key))


def _at(given: Definition, key: str, value: str = "") -> int:
    """The line where a key is written, as well as a search can tell; 0 if it cannot."""
    pattern = rf'^\s*\[?(?:[\w"]+\.)*"?{re.escape(key)}"?\s*[=\]]' + (
        rf"""[^\n]*["']{re.escape(value)}["']""" if value else ""
    )
    found = re.search(pattern, given.source, re.MULTILINE)
    return given.source.count("\n", 0, found.start() + len(found[0]) - len(found[0].lstrip())) + 1 if found else 0
