"""The report as one page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from attrs import frozen
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ordercore.report.chart import Drawing, drawn, sized
from ordercore.report.period import Period
from ordercore.report.section import Section

WIDE: Final = 560
NARROW: Final = 326
"""Pixels of a chart in a wide page and on a phone: text keeps its size in both."""


@frozen
class Heading:
    """What the report is about as a whole; `records` is how many events of the log it knows."""

    title: str
    period: Period
    records: int


def _source(name: str) -> str:
    return files("ordercore.report").joinpath("templates", name).read_text("utf-8")


PAGES: Final = Environment(
    loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def page(heading: Heading, sections: Sequence[Section]) -> str:
    """The HTML."""
    drawings = {
        section.report.name: tuple(
            (kind, _inline(drawn(sized(section.chart, width), f"{section.report.name}-{kind}")))
            for kind, width in (("wide", WIDE), ("narrow", NARROW))
        )
        for section in sections
        if section.chart is not None
    }
    return PAGES.get_template("page.html.j2").render(
        heading=heading,
        sections=sections,
        drawings=drawings,
        style=Markup(_source("style.css")),  # noqa: S704  # ours
    )


def _inline(drawing: Drawing) -> Markup:
    """An SVG that fills its column: its own size is only its proportion."""
    svg = drawing.svg.replace(f'width="{drawing.width:g}" height="{drawing.height:g}" ', 'role="img" ', 1)
    return Markup(svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))  # noqa: S704  # the converter escapes it
