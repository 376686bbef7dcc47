"""`ordercore effects`: what is done outside, what only a person can tell, and a person's word."""

from __future__ import annotations

import click
from rich.text import Text

from ordercore.cli import show
from ordercore.cli.grouped import group_store, store_of_group, url_of
from ordercore.cli.shop import opened
from ordercore.effects import ResolveEffect
from ordercore.effects.commands import Resolution
from ordercore.effects.decide import RESOLUTIONS
from ordercore.errors import NotFound
from ordercore.kernel import Kernel
from ordercore.lifecycle import EFFECT
from ordercore.views.effects import SHORT, EffectRow, effects_table

MOST = 10_000


@click.group(
    "effects", invoke_without_command=True, short_help="What is done outside, and what only a person can tell."
)
@click.pass_context
@group_store
def effects_command(context: click.Context, url: str | None) -> None:
    """What is done outside (bookings, mails, purchase orders): list it, say what became of it. Without a command: list.

    `uncertain`: it may have taken place, and nobody but a person can find out: ask the other side, then resolve it.
    An effect is named by the first letters of its id.
    """
    context.obj = url
    if context.invoked_subcommand is None:
        _list(url_of(context, url), "uncertain", 50)


@effects_command.command("list", short_help="List what is uncertain, or has another status.")
@store_of_group
@click.option("--status", type=click.Choice((*EFFECT.states, "all")), default="uncertain", show_default=True,
              help="Only effects with this status.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many.")
def list_command(url: str, status: str, limit: int) -> None:
    """List effects by the time they were wanted."""
    _list(url, status, limit)


def _list(url: str, status: str, limit: int) -> None:
    with opened(url) as kernel:
        rows = kernel.effects(None if status == "all" else status, limit=limit)
    out = show.console()
    if not rows:
        out.print("Nothing is done outside." if status == "all" else f"Nothing outside is {status}.")
        return
    out.print(show.tables((effects_table(rows),)))
    if status == "uncertain" and any(row.summary.due is None for row in rows):
        said = "Ask the other side, then: ordercore effects resolve ID --outcome done|not_done|refused"
        out.print(Text(said, show.DIM))


@effects_command.command("resolve", short_help="Say what became of one.")
@store_of_group
@click.option("--outcome", type=click.Choice(RESOLUTIONS), required=True, help="What became of it.")
@click.option("--reason", default="", help="How that is known.")
@click.option("--reference", default="", help="If it was done: the other side's name for it.")
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help="If it was done: tracking=NUMBER.")
@click.argument("effect", metavar="ID")
def resolve_command(
    url: str, effect: str, outcome: Resolution, reason: str, reference: str, facts: tuple[str, ...]
) -> None:
    """Say what became of an effect, after the other side was asked."""
    with opened(url) as kernel:
        row = named(kernel, effect)
        given = dict(fact.partition("=")[::2] for fact in facts)
        kernel.handle(ResolveEffect(row.id, outcome, reason, reference, given), actor="command line")
        show.console().print(f"{row.id[:SHORT]} ({row.summary.kind}, {row.summary.subject}): {outcome}.")


def named(kernel: Kernel, text: str) -> EffectRow:
    """The effect whose id begins like this. Raises NotFound where there is none, or more than one."""
    found = [row for row in kernel.effects(None, limit=MOST) if row.id.startswith(text.lower())]
    if len(found) == 1:
        return found[0]
    hint = "Give more letters." if found else "`ordercore effects list --status all` lists them."
    raise NotFound(f"{len(found)} effects begin with {text[:64]!r}.", kind="effect", name=text[:64], hint=hint)
