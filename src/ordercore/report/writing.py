"""From a store to files: follow the log, ask the facts, write the page, the pictures and the tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from attrs import frozen

from ordercore.errors import ConfigurationError
from ordercore.kernel import Kernel
from ordercore.report.definition import Definition, built_in, from_folder, merged
from ordercore.report.export import exported
from ordercore.report.facts import TABLES, Facts, follow, removed
from ordercore.report.facts.follow import Tell
from ordercore.report.fonts import uncovered
from ordercore.report.page import Heading, page
from ordercore.report.picture import chart_picture, report_picture
from ordercore.report.section import Section, section_of
from ordercore.report.session import Session

TITLE: Final = "Orders and stock"
PAGE: Final = "report.html"
PICTURE: Final = "report.png"


@frozen
class Written:
    """What was written where, and what the facts know: `records` of the log, of which `taken` are new.

    `scripts` are those in which a picture (not the page) may have empty boxes, for want of a font on this machine.
    """

    page: Path
    picture: Path
    charts: tuple[Path, ...]
    tables: tuple[Path, ...]
    sections: tuple[Section, ...]
    records: int
    taken: int
    scripts: tuple[str, ...]


def _quiet(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def write_report(
    kernel: Kernel, out: Path, *, facts: Path | None = None, since: date | None = None, until: date | None = None,
    zone: str = "", custom: Sequence[Path] = (), only: Sequence[str] = (), tables: Path | None = None,
    rebuild: bool = False, title: str = TITLE, tell: Tell | None = None,
) -> Written:  # fmt: skip
    """Write `report.html`, `report.png` and `charts/NAME.png` into the folder `out`.

    The facts are kept in `facts` (`out`/facts.duckdb) and follow the log from where they stand; `rebuild` makes them
    again. `custom` are folders with reports of your own, `only` names those to show, `tables` is a folder for the
    tables behind them. The same store gives the same bytes. Raises InvalidReport for a report that cannot be used,
    ConfigurationError for facts of another store, StoreError for a file that cannot be read or is in use.
    """
    tell = tell or _quiet
    reports = definitions(kernel, custom, only)
    path = facts or out / "facts.duckdb"
    records, taken = _followed(kernel, path, rebuild=rebuild, tell=tell)
    with Session(path, since=since, until=until, zone=zone, tables=tables) as session:
        sections = tuple(_asked(session, reports, tell))
        heading = Heading(title, session.period, records)
        if tables is not None:
            tell("tables", 0, 0)
        files = [file for report in reports for file in (exported(session, report, tables) if tables else ())]
    return Written(
        out / PAGE, out / PICTURE, pages(out, heading, sections, tell), tuple(files), sections, records, taken,
        uncovered(_texts(sections)),
    )  # fmt: skip


def definitions(kernel: Kernel, custom: Sequence[Path] = (), only: Sequence[str] = ()) -> tuple[Definition, ...]:
    """The reports that come with ordercore, those of plugins, then those of `custom`; later ones win. Of them, `only`."""
    folders = [*kernel.core.plugins.report_folders(), *custom]
    return merged([built_in(), *(from_folder(folder) for folder in folders)], only)


def _followed(kernel: Kernel, path: Path, *, rebuild: bool, tell: Tell) -> tuple[int, int]:
    if rebuild:
        removed(path)
    with Facts(path, TABLES) as kept:
        taken = follow(kernel, kept, tell)
        mark = kept.mark
    return (0 if mark is None else mark.records), taken


def _asked(session: Session, reports: Sequence[Definition], tell: Tell) -> Iterable[Section]:
    for n, report in enumerate(reports):
        tell(report.title, n, len(reports))
        yield section_of(session, report)


def pages(out: Path, heading: Heading, sections: Sequence[Section], tell: Tell) -> tuple[Path, ...]:
    """Write the page and the pictures; returns those of the charts."""
    drawn = [section for section in sections if section.chart is not None]
    charts = out / "charts"
    _made(charts)
    tell("the page", 0, 0)
    _put(out / PAGE, page(heading, sections).encode())
    tell("the picture", 0, 0)
    _put(out / PICTURE, report_picture(heading, sections))
    for n, section in enumerate(drawn):
        tell("pictures of charts", n, len(drawn))
        _put(charts / f"{section.report.name}.png", chart_picture(section))
    return tuple(charts / f"{section.report.name}.png" for section in drawn)


def _texts(sections: Iterable[Section]) -> str:
    """All text that may stand in a picture."""
    cells = {cell for section in sections for row in section.rows.rows for cell in row if isinstance(cell, str)}
    return "".join([*cells, *(section.heading for section in sections)])


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made: {error.strerror}.", hint="Name a folder that you may write to."
        ) from None


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all: whoever looks at it meanwhile sees the former one."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.", hint="Name a file in a folder that you may write to."
        ) from None
