"""`ordercore purchases`: what is on order, why so much, and what a person decides about it."""

from __future__ import annotations

import click

from ordercore.cli import show
from ordercore.cli.grouped import group_store, store_of_group, url_of
from ordercore.cli.shop import opened
from ordercore.lifecycle import PURCHASE
from ordercore.message import Command
from ordercore.supply import (
    AcknowledgePurchase,
    ApprovePurchase,
    ArrivedLine,
    CancelPurchase,
    ReceivePurchase,
    RecordPurchaseSent,
    RejectPurchase,
)
from ordercore.views.purchases import purchase_tables, purchases_table

MOST = 1_000


@click.group("purchases", invoke_without_command=True, short_help="What is on order, and why so much.")
@click.pass_context
@group_store
def purchases_command(context: click.Context, url: str | None) -> None:
    """What is on order: list the purchases, show one with its arithmetic, decide about one. Without a command: list."""
    context.obj = url
    if context.invoked_subcommand is None:
        _list(url_of(context, url), None, 50)


@purchases_command.command("list", short_help="List purchases, newest first.")
@store_of_group
@click.option("--status", type=click.Choice(PURCHASE.states), help="Only purchases with this status.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many.")
def list_command(url: str, status: str | None, limit: int) -> None:
    """List purchases by the time they were suggested, newest first."""
    _list(url, status, limit)


def _list(url: str, status: str | None, limit: int) -> None:
    with opened(url) as kernel:
        found = kernel.purchases(status, limit=limit, newest_first=True)
    out = show.console()
    out.print(show.tables((purchases_table(found),)) if found else "Nothing is on order.")


@purchases_command.command("show", short_help="Show one: lines, arithmetic, what happened.")
@store_of_group
@click.argument("purchase", metavar="NUMBER")
def show_command(url: str, purchase: str) -> None:
    """Show one purchase: line by line, where its quantities come from, and what happened."""
    with opened(url) as kernel:
        made = (*purchase_tables(kernel.purchase(purchase)), *kernel.timeline(f"purchase/{purchase}").tables())
        show.console().print(show.tables(made))


@purchases_command.command("approve", short_help="Agree; it is sent if its supplier has a plugin.")
@store_of_group
@click.option("--note", default="", help="Why.")
@click.argument("purchase", metavar="NUMBER")
def approve_command(url: str, purchase: str, note: str) -> None:
    """Agree to a purchase. A worker sends it through the supplier's plugin, if it has one."""
    _send(url, ApprovePurchase(purchase, note), purchase)


@purchases_command.command("reject", short_help="Do not agree.")
@store_of_group
@click.option("--reason", required=True, help="Why not.")
@click.argument("purchase", metavar="NUMBER")
def reject_command(url: str, purchase: str, reason: str) -> None:
    """Do not agree to a purchase; the crossing that it answers is not answered again."""
    _send(url, RejectPurchase(purchase, reason), purchase)


@purchases_command.command("cancel", short_help="Nothing of it is wanted any more.")
@store_of_group
@click.option("--reason", required=True, help="Why.")
@click.argument("purchase", metavar="NUMBER")
def cancel_command(url: str, purchase: str, reason: str) -> None:
    """Nothing of a purchase is wanted any more. Tell its supplier."""
    _send(url, CancelPurchase(purchase, reason), purchase)


@purchases_command.command("sent", short_help="A person sent it.")
@store_of_group
@click.option("--reference", default="", help="What the supplier gave for it.")
@click.argument("purchase", metavar="NUMBER")
def sent_command(url: str, purchase: str, reference: str) -> None:
    """Write down that a person sent a purchase, by phone or otherwise."""
    _send(url, RecordPurchaseSent(purchase, reference), purchase)


@purchases_command.command("acknowledge", short_help="The supplier delivers as ordered.")
@store_of_group
@click.option("--reference", default="", help="The supplier's number of it.")
@click.argument("purchase", metavar="NUMBER")
def acknowledge_command(url: str, purchase: str, reference: str) -> None:
    """Write down that the supplier delivers everything as ordered."""
    _send(url, AcknowledgePurchase(purchase, reference=reference), purchase)


@purchases_command.command("receive", short_help="Goods of it came in.")
@store_of_group
@click.option("--note", "external_id", default="", help="Number of the delivery note; the same one counts once.")
@click.option("--at", "location", default="", help="Where they came in; without it, where they were ordered to.")
@click.argument("purchase", metavar="NUMBER")
@click.argument("lines", metavar="SKU=UNITS...", nargs=-1, required=True)
def receive_command(url: str, purchase: str, lines: tuple[str, ...], external_id: str, location: str) -> None:
    """Take goods of a purchase in, all or a part; they fill orders that wait. SKU=UNITS@LOT names a lot."""
    arrived = [_line(text) for text in lines]
    _send(url, ReceivePurchase(purchase, arrived, location, external_id), purchase)


def _line(text: str) -> ArrivedLine:
    sku, _, rest = text.rpartition("=")
    units, _, lot = rest.partition("@")
    if not sku or not units.isascii() or not units.isdigit():
        raise click.BadParameter(f"{text!r} is not of the form SKU=UNITS or SKU=UNITS@LOT.", param_hint="SKU=UNITS")
    return ArrivedLine(sku, int(units), lot)


def _send(url: str, command: Command[str], purchase: str) -> None:
    with opened(url) as kernel:
        kernel.handle(command, actor="command line")
        show.console().print(show.tables(purchase_tables(kernel.purchase(purchase))))
