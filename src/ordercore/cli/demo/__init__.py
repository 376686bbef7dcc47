"""`ordercore demo`: a week in a shop with three warehouses, from real documents to delivered parcels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ordercore.cli import show
from ordercore.cli.demo.clock import DemoClock, DemoIds
from ordercore.cli.demo.documents import channels
from ordercore.cli.demo.parcels import POST, carrier, write_labels
from ordercore.cli.demo.replenishing import outbox, suppliers
from ordercore.cli.demo.story import HAMBURG, PARIS, PRAGUE, Story
from ordercore.cli.demo.telling import Telling
from ordercore.cli.plugged import plugins
from ordercore.errors import ConfigurationError, MissingExtra
from ordercore.kernel import Kernel
from ordercore.policies import Policies
from ordercore.wiring.accounts import OFFICIAL

if TYPE_CHECKING:
    from ordercore.report import Written

DEFAULT = "sqlite:///build/demo.db"
_SQLITE = "sqlite:///"


@click.command("demo", short_help="See it work: a week in a shop.")
@click.option("--store", "url", metavar="URL", default=DEFAULT, show_default=True,
              help="A new SQLite file; only the default one may be there before, and is replaced.")  # fmt: skip
def demo_command(url: str) -> int:
    """See it work: a week in a shop, from signed webhooks and CSV files to delivered parcels and a return."""
    _installed()
    accounts, carriers = channels(), {POST: carrier()}
    path = _emptied(url)
    clock = DemoClock()
    policies = Policies(shortage="backorder", replenish="order")
    with Kernel.open(
        url, channels=accounts, carriers=carriers, policies=policies, clock=clock, ids=DemoIds(), suppliers=suppliers(),
        transport=outbox(path.parent / "outbox"),
    ) as kernel:  # fmt: skip
        telling = Telling(show.console(), kernel)
        told = Story(kernel, clock).run()
        telling.beginning(str(path))
        telling.goods()
        telling.documents(told)
        telling.quarantine(told)
        telling.why()
        telling.diary(told)
        telling.timeline()
        labels = path.parent / ("labels" if url == DEFAULT else f"{path.stem}-labels")
        telling.parcels(write_labels(kernel, (PARIS, HAMBURG, PRAGUE), labels))
        telling.replenishing(path.parent / "outbox")
        telling.stock()
        breaches = kernel.verify()
        telling.books(breaches)
        before = events_of(kernel)
        Story(kernel, clock).run()
        added = events_of(kernel) - before
        telling.again(added)
        telling.report(reported(kernel, path.parent if url == DEFAULT else path.parent / f"{path.stem}-report"))
        telling.ending(url)
    return 1 if breaches or added else 0


def _installed() -> None:
    """Raises ConfigurationError that names all plugins which the story needs and which are not there."""
    there = plugins()
    known = {"channel": there.channel_kinds(), "carrier": there.carrier_kinds(), "supplier": there.supplier_kinds()}
    missing = [name for (what, kind), name in OFFICIAL.items() if kind not in known[what]]
    if missing:
        raise ConfigurationError(
            f"The demonstration needs plugins that are not there: {', '.join(missing)}.",
            hint=f"Type: pip install {' '.join(missing)} (in a checkout: make demo)",
        )


def reported(kernel: Kernel, out: Path) -> Written | None:
    """The report of the week, beside the store; None where the extra `[report]` is not installed."""
    try:
        from ordercore.report import write_report  # its packages load only here
    except MissingExtra:
        return None
    return write_report(kernel, out, rebuild=True, title="A week in a tea shop")


def events_of(kernel: Kernel) -> int:
    """How many events the log has."""
    number, cursor = 0, None
    while True:
        page = kernel.log(cursor)
        if not page.records:
            return number
        number, cursor = number + len(page.records), page.cursor


def _emptied(url: str) -> Path:
    """The path of the store, with nothing there. Only what an earlier demonstration left is removed."""
    if not url.startswith(_SQLITE):
        raise ConfigurationError(f"The demonstration needs a file, not {url!r}.", hint=f"Such as {DEFAULT}.")
    path = Path(url.removeprefix(_SQLITE))
    if url != DEFAULT and path.exists():
        raise ConfigurationError(f"{path} is there already.", hint="Name a new file, or leave --store out.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for part in ("", "-wal", "-shm"):
            Path(f"{path}{part}").unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.", hint="Name another file with --store."
        ) from None
    return path
