"""What plugins are asked: every hook call of a kernel in memory that is built and given a few commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ordercore.catalog import PutItem, PutLocation
from ordercore.cli import show
from ordercore.cli.plugged import left_out, quietly
from ordercore.codec import load, parse_json
from ordercore.errors import ConfigurationError, InvalidInput, Rejected, did_you_mean
from ordercore.kernel import Kernel
from ordercore.message import Command
from ordercore.order import Line, PlaceOrder, Ship
from ordercore.stock import Received, ReceiveStock
from ordercore.values import OrderId
from ordercore.wiring.discovery import FoundPlugin
from ordercore.wiring.plugin_info import HookCall
from ordercore.wiring.routes import ROUTES


def story() -> tuple[Command[Any], ...]:
    """One item received, sold and shipped."""
    return (
        PutLocation("WH1"), PutItem("TEA"), ReceiveStock("WH1", [Received("TEA", 5)]),
        PlaceOrder("web", "1", "EUR", [Line("TEA", 2, "3.50")]), Ship(OrderId("web:1")),
    )  # fmt: skip


def print_trace(out: Console, found: Sequence[FoundPlugin], file: Path | None) -> None:
    """A row for each hook call, under what was done when it was made."""
    commands = story() if file is None else tuple(commands_of(file))
    calls: list[HookCall] = []
    plugins = quietly(found, calls.append)
    for info in plugins.infos:
        if info.problems:
            out.print(Text(click_free(left_out(info)), show.BAD), soft_wrap=True)
    with Kernel(plugins=plugins) as kernel:
        listing = show.table("=doing", "plugin", "=hook", ">time", "result")
        _add(listing, "building the kernel", calls)
        for command in commands:
            _add(listing, type(command).__name__, calls, _handled(kernel, command))
    out.print(listing)


def _handled(kernel: Kernel, command: Command[Any]) -> str:
    try:
        kernel.handle(command)
    except Rejected as error:
        return f"refused: {error.message}"
    return ""


def _add(listing: Any, doing: str, calls: list[HookCall], outcome: str = "") -> None:
    for call in calls or [HookCall("", "no hook is called", 0, "")]:
        milliseconds = f"{call.seconds * 1e3:.3f} ms" if call.plugin else ""
        listing.add_row(doing, call.plugin, call.hook, milliseconds, show.clean(call.result))
        doing = ""
    if outcome:
        listing.add_row("", "", "", "", Text(show.clean(outcome), show.BAD))
    calls.clear()


def click_free(text: str) -> str:
    """Without the colours of a terminal."""
    from click import unstyle

    return unstyle(text)


def commands_of(file: Path) -> Iterator[Command[Any]]:
    """Commands of a JSON file: an array of objects with one key, the command's name. Raises ConfigurationError."""
    known = {cls.__name__: cls for cls in ROUTES}
    try:
        rows = parse_json(file.read_bytes())
    except InvalidInput as error:
        raise ConfigurationError(
            f"{file} is not JSON: {error.message}", hint="An array of commands, as `ordercore trace` writes it."
        ) from None
    if not isinstance(rows, list):
        raise ConfigurationError(f"{file} is not an array of commands.", hint='Such as: [{"PutItem": {"sku": "TEA"}}]')
    for n, row in enumerate(rows):
        name, fields = next(iter(row.items())) if isinstance(row, dict) and len(row) == 1 else ("", None)
        if name not in known:
            hint = did_you_mean(name, known) or 'A command is an object with one key: {"PutItem": {"sku": "TEA"}}'
            raise ConfigurationError(f"{file}: [{n}] is no command{f' ({name})' if name else ''}.", hint=hint)
        try:
            yield load(known[name], fields)
        except InvalidInput as error:
            raise ConfigurationError(f"{file}: [{n}].{name}: {error.message}", hint=error.hint) from None
