"""How the demonstration is told: sections of a few lines and a table each."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from shlex import quote
from shutil import which
from typing import TYPE_CHECKING

from attrs import evolve
from rich.console import Console
from rich.text import Text

from ordercore.cli import show
from ordercore.cli.demo.clock import weekday
from ordercore.cli.demo.replenishing import alert_in_words
from ordercore.cli.demo.replenishing import told as replenished
from ordercore.cli.demo.story import HAMBURG, LOCATIONS, PARIS, PRAGUE, RECEIPTS, SKUS, Arrival, Told
from ordercore.cli.quarantine import quarantine_table
from ordercore.cli.reporting import outcome
from ordercore.cli.verify import counts
from ordercore.kernel import Kernel
from ordercore.stock import Received
from ordercore.store import Breach
from ordercore.values import Money
from ordercore.views.stock import places_table

if TYPE_CHECKING:
    from ordercore.report import Written


class Telling:
    """Prints the sections, numbered."""

    def __init__(self, out: Console, kernel: Kernel) -> None:
        """`kernel` is only read from."""
        self._out, self._kernel = out, kernel
        self._sections = 0

    def _section(self, title: str, text: str = "") -> None:
        self._sections += 1
        self._out.print()
        self._out.print(Text.assemble((f"{self._sections}  {title}", "bold cyan"), f"  {text}" if text else ""))

    def beginning(self, path: str) -> None:
        """Where it happens."""
        self._out.print(Text("A week in a tea shop", "bold"))
        self._out.print(f"Three warehouses, three channels, a new file: {path}. Every name and date is made up.")
        self._out.print("The headings tell the story, the tables are what the library answers.")

    def goods(self) -> None:
        """The warehouses, and what came in first."""
        self._section("Goods come in")
        listing = show.table("place", "", "time zone", "steps of its work", "received on Monday")
        received = {command.location: _summed(command.lines) for command in RECEIPTS}
        for place in LOCATIONS:
            units = ", ".join(f"{quantity} {sku}" for sku, quantity in received[place.code].items())
            listing.add_row(place.code, place.name, place.time_zone, ", ".join(place.steps), units)
        self._out.print(listing)

    def documents(self, told: Told) -> None:
        """Each document, and what it came to."""
        self._section("Orders come in", "signed webhooks and files, as the channels send them")
        listing = show.table("document", "format", "what it came to")
        for arrival in told.arrivals:
            listing.add_row(arrival.delivery.file, arrival.delivery.what, _came_to(arrival))
        self._out.print(listing)
        refused = sum(bool(arrival.refused) for arrival in told.arrivals)
        self._out.print(
            f"{len(told.arrivals)} documents: {len({id for one in told.arrivals for id in one.accepted})} orders placed, "
            f"{refused} sender turned away, {len(told.quarantine)} documents in quarantine."
        )

    def quarantine(self, told: Told) -> None:
        """What could not be used, where and why; one is put right."""
        self._section(
            "What could not be used waits in quarantine", "nothing of such an order is written, nothing is lost"
        )
        self._out.print(show.tables((quarantine_table(told.quarantine),)))
        if told.replayed is not None:
            self._out.print()
            self._out.print(
                f"MUG-GREEN is defined and received; replaying its document: {outcome(told.replayed)}"
                f" ({', '.join(told.replayed.accepted or told.replayed.unchanged)})."
            )

    def why(self) -> None:
        """Why a warehouse was chosen, and not the nearest."""
        self._section("Why Milan?", f"{PRAGUE} goes to Prague, and Berlin is nearer")
        self._out.print(self._kernel.explain(PRAGUE))

    def diary(self, told: Told) -> None:
        """The week in a few lines."""
        self._section("The week")
        listing = show.table("when (UTC)", "")
        listing.show_header = False
        for when, text in told.diary:
            listing.add_row(when, text)
        self._out.print(listing)

    def timeline(self) -> None:
        """One order from placing to the last parcel."""
        order = self._kernel.order(HAMBURG)
        self._section(f"One order: {HAMBURG}", f"{order.status}, {order.fulfillment_status}, {order.payment_status}")
        self._out.print(show.tables(evolve(one, title="") for one in self._kernel.timeline(HAMBURG).tables()))

    def parcels(self, labels: Sequence[Path]) -> None:
        """Each parcel as its carrier tells it, the estimate beside the promise, and where its labels lie."""
        self._section("Parcels", "booked once, tracked by number; an estimate never moves a promise")
        listing = show.table("parcel", "number", "cost", "status", "expected", "promised")
        for order in (PARIS, HAMBURG, PRAGUE):
            for one in self._kernel.tracking(order):
                booking = one.booking
                cost = str(Money(booking.cost, booking.currency)) if booking is not None and booking.cost else ""
                expected = f"{one.eta.earliest:%a} to {one.eta.latest:%a}" if one.eta else ""
                promised = weekday(one.promised_by) + (", late" if one.late else "") if one.promised_by else ""
                listing.add_row(f"{order} {one.parcel}", one.tracking, cost, one.status, expected, promised)
        self._out.print(listing)
        if labels:
            self._out.print(f"{len(labels)} labels, PDF and ZPL: {labels[0].parent}", soft_wrap=True)

    def replenishing(self, outbox: Path) -> None:
        """What ran low, and what was done about it."""
        self._section("What runs low is ordered", "by mail, and a mail answers")
        self._out.print(show.in_words(alert_in_words(self._kernel)))
        self._out.print(replenished(self._kernel))
        self._out.print(f"What went out lies in {outbox}", soft_wrap=True)

    def stock(self) -> None:
        """Where everything is at the end."""
        self._section("Stock on Friday", "every unit in one place and one bucket")
        views = tuple(self._kernel.stock(sku) for sku in SKUS)
        self._out.print(show.tables((places_table(views, sku=True),)))

    def books(self, breaches: tuple[Breach, ...]) -> None:
        """What was checked, and that it is right."""
        self._section("The books add up" if not breaches else "The books", "every row compared with the log")
        self._out.print(f"{'; '.join(counts(self._kernel))}")
        for breach in breaches:
            self._out.print(
                Text(f"{breach.identity}: {breach.where}: {breach.expected}, not {breach.actual}", show.BAD)
            )
        self._out.print(Text("verify: clean", show.GOOD) if not breaches else f"verify: {len(breaches)} breaches")

    def again(self, events: int) -> None:
        """What a second run of everything added to the log."""
        self._section("Everything once more", "every document, receipt and command is sent a second time")
        self._out.print(f"second run: {show.counted(events, 'new event')}")

    def report(self, written: Written | None) -> None:
        """Where the report of the week lies."""
        self._section("The report", "the week in figures and charts, on one page and as one picture")
        if written is None:
            self._out.print('A report needs its extra: pip install "ordercore[report]"')
        else:
            self._out.print(f"{written.page}, {written.picture}", soft_wrap=True)

    def ending(self, url: str) -> None:
        """What to try next."""
        self._out.print()
        self._out.print(Text("Try next:", "bold"))
        for command in (f"order {HAMBURG}", "stock SENCHA-100", "why CUP-BLUE LON"):
            self._out.print(f"  {program()} {command} --store {quote(url)}", soft_wrap=True)


def program() -> str:
    """How to call this program again from here."""
    if Path(sys.argv[0]).stem == "ordercore":
        return "ordercore"
    python, here = Path(sys.executable), Path.cwd()
    found = which("python")
    if found is not None and Path(found) == python:
        return "python -m ordercore"
    return f"{quote(str(python.relative_to(here) if python.is_relative_to(here) else python))} -m ordercore"


def _summed(lines: Iterable[Received]) -> dict[str, int]:
    units: dict[str, int] = {}
    for line in lines:
        assert isinstance(line.quantity, int)  # noqa: S101  # as the story writes them
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    return units


def _came_to(arrival: Arrival) -> Text:
    if arrival.report is None:
        return Text(f"turned away, {arrival.refused}", show.BAD)
    kept = ("quarantine",) if arrival.report.quarantined else ()
    return Text("; ".join((*arrival.orders, *kept)), show.OPEN if kept else "")
