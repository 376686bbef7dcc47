"""Pictures: one PNG of each chart, with its finding above it, and one of the whole report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from attrs import frozen
from markupsafe import Markup

from ordercore.report.chart import drawn, picture, picture_of, sized, width_of
from ordercore.report.fonts import FAMILY
from ordercore.report.page import PAGES, Heading
from ordercore.report.section import Section

COLUMN: Final = 600
GAP: Final = 20
MARGIN: Final = 30
_CARD: Final = 16
_FIGURES: Final = 5


@frozen
class Text:
    """A line of text at a place; `style` is a class of the template."""

    x: float
    y: float
    style: str
    text: str


@frozen
class Box:
    """A card with its lines of text and its chart."""

    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...]
    chart: Markup | None = None
    chart_y: float = 0
    mark: bool = False


def chart_picture(section: Section) -> bytes:
    """The chart as PNG, under what it shows and what its figures mean. The section must have a chart."""
    assert section.chart is not None  # noqa: S101  # the caller looked
    width = 760
    title = wrapped(section.heading, width, 17)
    about = wrapped(f"{section.report.title}. {section.report.definition}", width, 12)
    return picture(sized(section.chart, width, title, about))


def report_svg(heading: Heading, sections: Sequence[Section]) -> str:
    """The whole report as one SVG: figures, then two columns of charts, each in the shorter column."""
    boxes: list[Box] = []
    top = 120.0
    for section in sections:
        if section.report.figures:
            top = _figures(section, boxes, top)
    ends = [top, top]
    for section in sections:
        if not section.report.figures:
            side = 0 if ends[0] <= ends[1] else 1
            box = _card(section, MARGIN + side * (COLUMN + GAP), ends[side])
            boxes.append(box)
            ends[side] += box.height + GAP
    return PAGES.get_template("picture.svg.j2").render(
        heading=heading, boxes=boxes, width=2 * (MARGIN + COLUMN) + GAP, height=max(ends) + MARGIN - GAP, font=FAMILY,
        known=f"known up to {heading.period.as_of:%Y-%m-%d %H:%M} UTC",
    )  # fmt: skip


def report_picture(heading: Heading, sections: Sequence[Section]) -> bytes:
    """The same as PNG."""
    return picture_of(report_svg(heading, sections))


def _figures(section: Section, boxes: list[Box], top: float) -> float:
    """Rows of large numbers; returns where the next thing begins."""
    width = (2 * COLUMN + GAP - (_FIGURES - 1) * 12) / _FIGURES
    figures = section.figures
    for n in range(0, len(figures), _FIGURES):
        row = figures[n : n + _FIGURES]
        notes = [wrapped(figure.note, width - 28, 11) for figure in row]
        height = 66 + 15 * max(len(note) for note in notes)
        for k, (figure, note) in enumerate(zip(row, notes, strict=True)):
            x = MARGIN + k * (width + 12)
            lines = [Text(16, 24, "small", figure.label), Text(16, 52, "large", figure.value)]
            lines += [Text(16, 72 + 15 * m, "small", line) for m, line in enumerate(note)]
            boxes.append(Box(x, top, width, height, tuple(lines), mark=True))
        top += height + 12
    return top + 8


def _card(section: Section, x: float, y: float) -> Box:
    inner = COLUMN - 2 * _CARD
    texts = [Text(_CARD, 26, "small", section.report.title)]
    at = 26.0
    for line in wrapped(section.heading, inner, 16):
        at += 22
        texts.append(Text(_CARD, at, "head", line))
    at += 14
    chart, chart_y = None, at
    if section.chart is not None:
        drawing = drawn(sized(section.chart, inner), f"{section.report.name}-picture", told=False)
        chart = Markup(_nested(drawing.svg, drawing.width, drawing.height))  # noqa: S704  # the converter escapes it
        at += drawing.height
    elif not section.rows.rows:
        at += 34
        texts.append(Text(_CARD, at, "empty", section.report.empty))
        at += 20
    else:
        at = _lines_of(section, texts, at)
    for line in wrapped(section.report.definition, inner, 12):
        at += 17
        texts.append(Text(_CARD, at, "small", line))
    return Box(x, y, COLUMN, at + _CARD + 4, tuple(texts), chart, chart_y)


def _lines_of(section: Section, texts: list[Text], at: float) -> float:
    """A table without a chart: its first rows, a line each."""
    for row in section.table[:8]:
        at += 20
        texts.append(Text(_CARD, at, "text", "   ".join(row)))
    return at + 6


def _nested(svg: str, width: float, height: float) -> str:
    """The chart's SVG inside another one, at its own size."""
    svg = re.sub(r' xmlns="http://www.w3.org/2000/svg"', "", svg, count=1)
    return svg.replace(
        f'width="{width:g}" height="{height:g}"', f'x="{_CARD}" width="{width:g}" height="{height:g}"', 1
    )


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Lines of at most about `width` pixels; text without blanks is broken anywhere."""
    most = int(width / (size * 0.52))
    lines: list[str] = []
    line = ""
    for word in text.split():
        while width_of(word) > most:
            cut = next(n for n in range(1, len(word) + 1) if width_of(word[: n + 1]) > most)
            lines += [line] if line else []
            lines.append(word[:cut])
            line, word = "", word[cut:]  # noqa: PLW2901  # what is left of it
        if line and width_of(line) + 1 + width_of(word) > most:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line else lines
