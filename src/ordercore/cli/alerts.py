"""`ordercore alerts`: what runs low, who takes care of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from ordercore.alerts import AcknowledgeAlert, AlertCommand, AssignAlert, ResolveAlert, SnoozeAlert
from ordercore.cli import show
from ordercore.cli.grouped import group_store, store_of_group, url_of
from ordercore.cli.shop import opened
from ordercore.lifecycle import ALERT
from ordercore.views.alerts import alerts_table

MOST = 1_000


@click.group("alerts", invoke_without_command=True, short_help="What runs low, and who takes care of it.")
@click.pass_context
@group_store
def alerts_command(context: click.Context, url: str | None) -> None:
    """What runs low: list the alerts, acknowledge, snooze, assign or resolve one. Without a command: list.

    An alert is named by its location and SKU, such as WH1:TEA.
    """
    context.obj = url
    if context.invoked_subcommand is None:
        _list(url_of(context, url), (), None)


@alerts_command.command("list", short_help="List the alerts that are not resolved.")
@store_of_group
@click.option(
    "--status", "statuses", type=click.Choice(ALERT.states), multiple=True, help="Only these; may be repeated."
)
@click.option("--owner", help="Only those of a role or department.")
def list_command(url: str, statuses: tuple[str, ...], owner: str | None) -> None:
    """List alerts: what is projected, of what, what is missing, and how many orders wait for it."""
    _list(url, statuses, owner)


def _list(url: str, statuses: tuple[str, ...], owner: str | None) -> None:
    with opened(url) as kernel:
        chosen = statuses or [status for status in ALERT.states if status != "resolved"]
        found = [one for status in chosen for one in kernel.alerts(status, owner=owner, limit=MOST)]
    out = show.console()
    out.print(show.tables((alerts_table(found),)) if found else "Nothing runs low.")


@alerts_command.command("acknowledge", short_help="Somebody takes care of it.")
@store_of_group
@click.option("--note", default="", help="What is done about it.")
@click.argument("alert", metavar="ALERT")
def acknowledge_command(url: str, alert: str, note: str) -> None:
    """Somebody takes care of an alert."""
    _send(url, AcknowledgeAlert(alert, note))


@alerts_command.command("snooze", short_help="Be quiet about it for a while.")
@store_of_group
@click.option("--hours", type=click.IntRange(1, 24 * 365), default=24, show_default=True, help="For how long.")
@click.argument("alert", metavar="ALERT")
def snooze_command(url: str, alert: str, hours: int) -> None:
    """Be quiet about an alert for some hours."""
    _send(url, SnoozeAlert(alert, datetime.now(UTC) + timedelta(hours=hours)))


@alerts_command.command("assign", short_help="Give it to another role or department.")
@store_of_group
@click.argument("alert", metavar="ALERT")
@click.argument("owner", metavar="OWNER")
def assign_command(url: str, alert: str, owner: str) -> None:
    """Give an alert to another role or department."""
    _send(url, AssignAlert(alert, owner))


@alerts_command.command("resolve", short_help="Close it, though stock is low.")
@store_of_group
@click.option("--note", default="", help="Why.")
@click.argument("alert", metavar="ALERT")
def resolve_command(url: str, alert: str, note: str) -> None:
    """Close an alert; there is no other before the balance was above where it clears."""
    _send(url, ResolveAlert(alert, note))


def _send(url: str, command: AlertCommand) -> None:
    with opened(url) as kernel:
        kernel.handle(command, actor="command line")
        found = [one for one in kernel.alerts(None, limit=MOST) if one.id == command.alert]
        show.console().print(show.tables((alerts_table(found),)))
