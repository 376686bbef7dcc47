"""Pictures for the README and the documentation, drawn from what the program prints; reference.py writes and checks them."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI

from ordercore import Address, Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.cli import show
from ordercore.cli.importing import run_import
from ordercore.cli.orders import everything
from ordercore.order import ConfirmDelivery, RecordPayment, RecordTracking
from ordercore.report import TABLES, Facts, Session, built_in, follow
from ordercore.report.page import Heading
from ordercore.report.picture import report_svg
from ordercore.report.section import section_of
from ordercore.stock import Received
from ordercore.testing import CountedIds, ManualClock
from ordercore.values import GeoPoint

ORDER: Final = "web:1001"
WIDTH: Final = 100

# The frame around what rich draws. No font and nothing else is loaded: text is set in whatever monospace there is,
# and rich says how wide each piece has to be.
FRAME: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>A terminal: everything about one order</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def shop() -> Kernel:
    """Two warehouses, one order to Prague that needs both, shipped; one parcel has arrived."""
    clock = ManualClock()
    kernel = Kernel(clock=clock, ids=CountedIds())
    for command in (
        PutItem("SENCHA-100", "Sencha, 100 g"),
        PutItem("CUP-BLUE", "Cup, blue"),
        PutLocation("BER", "Berlin", GeoPoint.of("52.52", "13.40")),
        PutLocation("MIL", "Milan", GeoPoint.of("45.46", "9.19")),
        ReceiveStock("BER", [Received("SENCHA-100", 20), Received("CUP-BLUE", 1)]),
        ReceiveStock("MIL", [Received("SENCHA-100", 20), Received("CUP-BLUE", 8)]),
    ):
        kernel.handle(command)
    prague = Address("CZ", point=GeoPoint.of("50.08", "14.44"))
    lines = [Line("SENCHA-100", 3, "9.90"), Line("CUP-BLUE", 2, "14.50")]
    order = kernel.handle(PlaceOrder("web", "1001", "EUR", lines, ship_to=prague), actor="shop").result
    clock.advance(minutes=4)
    kernel.handle(RecordPayment(order, "PAY-77", "charge", "58.70"), actor="payments")
    clock.advance(hours=5)
    kernel.handle(Ship(order, location="BER", carrier="Parcel Post", tracking="PP-4711"), actor="BER")
    clock.advance(hours=1)
    kernel.handle(Ship(order, location="MIL", carrier="Air Mail", tracking="AM-0815"), actor="MIL")
    clock.advance(hours=20)
    kernel.handle(RecordTracking(order, "P2", "in_transit", clock.now(), location="Vienna"), actor="carrier")
    clock.advance(hours=3)
    kernel.handle(ConfirmDelivery(order, "P1"), actor="carrier")
    return kernel


def order_picture() -> str:
    """`ordercore order`, as it looks on a terminal."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False,
        markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    console.print(f"$ ordercore order {ORDER} --store sqlite:///shop.db", style="bold")
    console.print(show.tables(everything(shop(), ORDER)))
    drawn = console.export_svg(title="ordercore", theme=MONOKAI, code_format=FRAME, unique_id="ordercore")
    return "\n".join(line.rstrip() for line in drawn.splitlines() if line.strip())


SHOWN: Final = ("figures", "orders", "value", "fill_rate", "abc", "lead_times", "top_skus")
"""Reports on the picture of the README: enough to see what it is like."""


def report_picture() -> str:
    """The report of half a year of made-up orders."""
    with TemporaryDirectory(prefix="ordercore-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'shop.db'}"
        run_import(
            url=url,
            channel="csv",
            map_path=None,
            source=None,
            generate=900,
            seed=3,
            progress=lambda what, done, total: None,
        )
        with Kernel.open(url) as kernel, Facts(folder / "facts.duckdb", TABLES) as facts:
            follow(kernel, facts)
            mark = facts.mark
        with Session(folder / "facts.duckdb") as session:
            sections = [section_of(session, report) for report in built_in() if report.name in SHOWN]
            return report_svg(Heading("Orders and stock", session.period, mark.records if mark else 0), sections)
