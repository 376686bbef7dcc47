"""Charts: what a report's file says of one, checked against its query, drawn as SVG and PNG."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import altair as alt
import vl_convert
from attrs import frozen
from jsonschema import ValidationError  # type: ignore[import-untyped]  # altair brings it

from ordercore.errors import did_you_mean
from ordercore.report.definition import MOST_ROWS, Definition
from ordercore.report.fonts import FAMILY, with_fonts
from ordercore.report.session import Cell, Rows

Spec = dict[str, Any]

# M. Okabe, K. Ito (2008), "Color Universal Design": told apart with every kind of colour blindness; the yellow is left
# out, for on white nobody sees it well, and the blue leads.
PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK: Final = "#1b1f24"
SOFT: Final = "#57606a"
_GRID: Final = "#e4e7eb"

_SHORT: Final = "abs(datum.value) >= 10000 ? format(datum.value, '~s') : datum.label"

_WHOLE: Final[Spec] = {
    "labelExpr": "datum.value % 1 ? '' : abs(datum.value) >= 10000 ? format(datum.value, '~s') : format(datum.value, ',')",
    "gridOpacity": {"condition": {"test": "datum.value % 1", "value": 0}, "value": 1},
}

CONFIG: Final[Spec] = {
    "font": FAMILY,
    "background": "white",
    "padding": {"left": 4, "right": 14, "top": 4, "bottom": 2},
    "view": {"stroke": None, "continuousWidth": 300},
    "axis": {
        "labelColor": SOFT, "titleColor": SOFT, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
        "gridColor": _GRID, "domainColor": "#9aa4ae", "tickColor": "#9aa4ae",
        "labelLimit": 190, "labelOverlap": "greedy", "labelSeparation": 10,
    },
    "axisX": {"grid": False},
    "axisXQuantitative": {"grid": True, "domain": False, "ticks": False, "tickCount": 5, "labelExpr": _SHORT},
    "axisYQuantitative": {"domain": False, "ticks": False, "tickCount": 4, "labelExpr": _SHORT},
    "axisTemporal": {"labelExpr": "utchours(datum.value) ? '' : datum.label"},  # a day is the least that reports show
    "axisYDiscrete": {"grid": False, "ticks": False, "domain": False},
    "header": {"labelColor": INK, "labelFontSize": 13, "labelFontWeight": "bold", "title": None},
    "legend": {
        "orient": "top", "labelColor": INK, "titleColor": SOFT, "titleFontWeight": "normal", "labelFontSize": 12,
        "titleFontSize": 12, "symbolSize": 90, "columnPadding": 22,
    },
    "range": {"category": list(PALETTE), "symbol": ["circle", "diamond", "triangle-up", "square", "cross"]},
    "bar": {"color": PALETTE[0]},
    "area": {"color": PALETTE[0]},
    "line": {"color": PALETTE[0], "strokeWidth": 2},
    "point": {"color": PALETTE[0], "filled": True},
    "text": {"color": INK, "fontSize": 12},
    "title": {
        "anchor": "start", "frame": "bounds", "color": INK, "fontSize": 17, "subtitleColor": SOFT, "subtitleFontSize": 12,
        "subtitlePadding": 6, "offset": 14, "lineHeight": 22,
    },
}  # fmt: skip


@frozen
class Drawing:
    """A chart as SVG, with its size in pixels."""

    svg: str
    width: float
    height: float


def chart_of(report: Definition, rows: Rows) -> Spec | None:
    """The chart's specification with the rows in it; None for a report without a chart, or without rows.

    Raises InvalidReport for a field that the query does not give, a specification that is not Vega-Lite's, anything
    from outside, and more rows than can be seen.
    """
    if report.chart is None:
        return None
    chart: Spec = _with_null(report.chart)
    _nothing_from_outside(report, chart)
    _fields_known(report, chart, rows.columns)
    _valid(report, chart)
    if not rows.rows:
        return None
    if rows.count > MOST_ROWS and not report.chart_rows:
        raise report.wrong(
            f"a chart of {rows.count:,} rows cannot be read.", line=report.line_of(report.query),
            hint=f"Aggregate in the query, or draw the first ones with chart_rows; at most {MOST_ROWS:,} are drawn.",
        )  # fmt: skip
    values = [
        {name: plain(cell) for name, cell in zip(rows.columns, row, strict=True)}
        for row in rows.rows[: report.chart_rows or None]
    ]
    made: Spec = _in_utc(_counted(chart, values)) | {"data": {"values": values}}
    return made


def _counted(chart: Spec, values: Sequence[Mapping[str, object]]) -> Spec:
    """Axes with `tickMinStep` 1 are of counts: they have a label and a line at whole numbers alone, if all are whole.

    The converter takes that step for advice, and draws 0.0, 0.5, 1.0 where there is one of something.
    """
    folds = {name for key, value in _entries(chart) if key == "fold" and isinstance(value, list) for name in value}

    def whole(field: object) -> bool:
        first = values[0]
        names = [name for name in first if name == field] or [name for name in first if name in folds]
        return all(float(cell).is_integer() for row in values for name in names
                   if isinstance(cell := row[name], int | float))  # fmt: skip

    def visit(part: Any) -> Any:
        if isinstance(part, list):
            return [visit(one) for one in part]
        if not isinstance(part, dict):
            return part
        made = {key: visit(value) for key, value in part.items()}
        axis = made.get("axis")
        if isinstance(axis, dict) and axis.get("tickMinStep") == 1:
            made["axis"] = axis | (_WHOLE if whole(made.get("field")) else {"tickMinStep": 0})
        return made

    counted: Spec = visit(chart)
    return counted


def plain(cell: Cell) -> object:
    """A value as charts take it; days and moments are local already, and are drawn as they are."""
    if isinstance(cell, datetime):
        return f"{cell.isoformat()}Z"
    if isinstance(cell, date):
        return cell.isoformat()
    return float(cell) if isinstance(cell, Decimal) else cell


def _in_utc(part: Any, name: str = "") -> Any:
    """Times are drawn in UTC: else the zone of the machine would shift days, and its summer time stretch them."""
    if isinstance(part, list):
        return [_in_utc(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {key: _in_utc(value, key) for key, value in part.items()}
    unit = made.get("timeUnit")
    if isinstance(unit, str) and not unit.startswith("utc"):
        made["timeUnit"] = f"utc{unit}"
    if name in ("x", "y") and made.get("type") == "temporal":
        made["scale"] = (made.get("scale") or {}) | {"type": "utc"}
    return made


def sized(chart: Spec, width: int, title: Sequence[str] = (), subtitle: Sequence[str] = ()) -> Spec:
    """The chart at a width of about `width` pixels, text at its own size; with a title for a picture."""
    narrow = width < _NARROW
    spec = chart | {"config": deepcopy(CONFIG)}
    most = 120 if narrow else 210
    labels = min(_labels(chart), most)
    spec["config"]["axis"]["labelLimit"] = most
    spec["config"]["padding"]["left"] += labels // 6  # the font of a page may be wider than the one it is measured in
    if any(key in spec for key in ("mark", "layer")):
        spec["width"] = max(120, width - 34 - (labels + labels // 6 or 34))
    if title:
        spec["title"] = {"text": list(title), "subtitle": list(subtitle)}
    return spec


_NARROW: Final = 440


def _labels(chart: Spec) -> int:
    """About how wide the longest label at the left is; 0 if there are only numbers."""
    y = chart.get("encoding", {}).get("y", {})
    if y.get("type") not in ("nominal", "ordinal"):
        return 0
    texts = [str(row.get(y.get("field"), "xxxxxxxx")) for row in chart["data"]["values"]]
    return max((6 * width_of(text) for text in texts), default=0)


def width_of(text: str) -> int:
    """How many Latin letters a text is about as wide as."""
    return sum(2 if letter >= "\u1100" else 1 for letter in text)


def drawn(spec: Spec, name: str, *, told: bool = True) -> Drawing:
    """The chart as SVG, with ids of its own; what each mark is stands at it (its tooltip), unless nobody can ask it."""
    with_fonts()
    svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    told_svg = re.sub(r'<path aria-label="([^"]*)"([^>]*?)/>', _tooltip, svg) if told else _silent(svg)
    return Drawing(_by_itself(told_svg, name), *_size(svg))


def picture(spec: Spec) -> bytes:
    """The chart as PNG, two dots to a pixel."""
    with_fonts()
    return vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])


def picture_of(svg: str, scale: float = 1.5) -> bytes:
    """Any SVG as PNG."""
    with_fonts()
    return vl_convert.svg_to_png(svg, scale=scale)


def _size(svg: str) -> tuple[float, float]:
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert found is not None  # noqa: S101  # vl-convert writes it
    return float(found[1]), float(found[2])


def _silent(svg: str) -> str:
    return re.sub(r' (?:aria-\w+|role)="[^"]*"', "", svg)


def _by_itself(svg: str, name: str) -> str:
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    return svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")


def _tooltip(mark: re.Match[str]) -> str:
    return f'<path aria-label="{mark[1]}"{mark[2]}><title>{mark[1]}</title></path>'


def _nothing_from_outside(report: Definition, part: object) -> None:
    for key, value in _entries(part):
        if key in ("url", "href", "data", "datasets") or (key in ("mark", "type") and value == "image"):
            raise report.wrong(f"a chart takes nothing from outside, and so has no {key} {value!r}.")


def _entries(part: object) -> Iterable[tuple[str, object]]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            yield key, value
            yield from _entries(value)
    elif isinstance(part, list):
        for one in part:
            yield from _entries(one)


def _fields_known(report: Definition, chart: Spec, columns: Sequence[str]) -> None:
    """Fields in encodings and transforms are columns of the query, or made by a transform."""
    known = set(columns)
    for key, value in _entries(chart):
        if key == "as":
            known.update([value] if isinstance(value, str) else value if isinstance(value, list) else ())
    wanted: list[str] = []
    for key, value in _entries(chart):
        if key == "field" and isinstance(value, str):
            wanted.append(value)
        elif key in ("fold", "groupby") and isinstance(value, list):
            wanted += [one for one in value if isinstance(one, str)]
    for name in wanted:
        if name not in known:
            hint = did_you_mean(name, known) or f"The query gives {', '.join(columns)}."
            at = report.source.find(f'"{name}"')
            line = report.source.count("\n", 0, at) + 1 if at >= 0 else 0
            raise report.wrong(f"the chart names {name!r}, and the query does not give it.", hint=hint, line=line)


def _valid(report: Definition, chart: Spec) -> None:
    try:
        alt.Chart.from_dict(chart | {"data": {"values": []}})
    except ValidationError as error:
        found: Any = error
        path = ".".join(map(str, found.absolute_path))
        raise report.wrong(
            f"the chart is not Vega-Lite at {path or 'its beginning'}: {found.message}.", hint=_meant(found),
            line=_line_of_chart(report, [str(part) for part in found.absolute_path]),
        ) from None  # fmt: skip


def _meant(error: Any) -> str:
    """What the schema knows at that place that is like what was written."""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        return next((hint for name in error.instance if name not in known and (hint := did_you_mean(name, known))), "")
    known = error.validator_value if error.validator == "enum" else ()
    if error.validator == "const":
        known = [*alt.Root._schema["definitions"]["Mark"]["enum"], error.validator_value]
    return (
        did_you_mean(str(error.instance), map(str, known)) or "The part [chart] is a Vega-Lite specification in TOML."
    )


def _line_of_chart(report: Definition, path: Sequence[str]) -> int:
    """Where the last named key of the path is written below [chart], as well as a search can tell."""
    begins = max(report.source.find("[chart"), 0)
    names = [part for part in path if not part.isdigit()]
    found = re.compile(rf"\b{re.escape(names[-1])}\b").search(report.source, begins) if names else None
    return report.source.count("\n", 0, found.start() if found else begins) + 1


def _with_null(part: Any) -> Any:
    """TOML has no null: where Vega-Lite wants one to leave something out, a report says false."""
    if isinstance(part, dict):
        return {key: None if value is False and key in _LEFT_OUT else _with_null(value) for key, value in part.items()}
    return [_with_null(one) for one in part] if isinstance(part, list) else part


_LEFT_OUT: Final = frozenset(("axis", "header", "legend", "sort", "title"))
