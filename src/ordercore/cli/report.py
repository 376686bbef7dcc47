"""`ordercore report`: a page with pictures of what a store has done."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from ordercore.cli import show
from ordercore.cli.progress import Bars
from ordercore.cli.shop import opened, store_option

_DAY = click.DateTime(["%Y-%m-%d"])
_folder = click.Path(file_okay=False, path_type=Path)


@click.command("report", short_help="Write a page with figures and charts.")
@store_option
@click.option("--out", type=_folder, default=Path("build"), show_default=True, help="Folder to write into.")
@click.option("--facts", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where the followed facts are kept.  [default: OUT/facts.duckdb]")  # fmt: skip
@click.option("--since", type=_DAY, metavar="DAY", help="First day, such as 2026-01-01.  [default: the first order]")
@click.option("--until", type=_DAY, metavar="DAY", help="Last day, itself included.  [default: the last event]")
@click.option("--time-zone", "zone", default="", metavar="NAME",
              help="Whose days and months, such as Europe/London.  [default: that of the locations, or UTC]")  # fmt: skip
@click.option("--custom", type=click.Path(exists=True, file_okay=False, path_type=Path), multiple=True,
              metavar="FOLDER", help="Folder with reports of your own (*.toml); may be repeated.")  # fmt: skip
@click.option("--only", multiple=True, metavar="NAME", help="Only this report; may be repeated.")
@click.option("--tables", type=_folder, metavar="FOLDER", help="Write the tables too: CSV, Parquet, Arrow.")
@click.option("--rebuild", is_flag=True, help="Make the facts again from the beginning of the log.")
def report_command(
    url: str, out: Path, facts: Path | None, since: datetime | None, until: datetime | None, zone: str,
    custom: tuple[Path, ...], only: tuple[str, ...], tables: Path | None, rebuild: bool,
) -> None:  # fmt: skip
    """Write what a store has done as one page that needs nothing else (report.html), and as pictures.

    The log is followed into a file of facts, from where the last report stopped. The store is only read.

    \b
      ordercore report --store sqlite:///shop.db --out build/
      ordercore report --store sqlite:///shop.db --since 2026-01-01 --only top_skus --tables build/tables
    """  # noqa: D301  # \b is the mark of a paragraph that stays as it is
    from ordercore.report import write_report  # its packages load only when a report is written

    with opened(url) as kernel, Bars(show.console(errors=True)) as bars:
        written = write_report(
            kernel, out, facts=facts, since=since.date() if since else None, until=until.date() if until else None,
            zone=zone, custom=custom, only=only, tables=tables, rebuild=rebuild, tell=bars.tell,
        )  # fmt: skip
    click.echo(f"events followed: {written.taken:,} new, {written.records:,} in all")
    click.echo(f"page: {written.page}")
    click.echo(f"picture: {written.picture}, and {show.counted(len(written.charts), 'chart')} in {out / 'charts'}")
    if tables is not None:
        click.echo(f"tables: {show.counted(len(written.tables), 'file')} in {tables}")
    if written.scripts:
        click.echo(
            f"warning: the pictures may have empty boxes for {' and '.join(written.scripts)}: this machine may have no "
            "font for it. On Debian: apt-get install fonts-noto-core",
            err=True,
        )
