"""`ordercore effects`: what is done outside, what only a person can tell, and a person's word."""

from __future__ import annotations

import click
from rich.text import Text

from ordercore.cli import show
from ordercore.cli.shop import opened, store_option
from ordercore.effects import ResolveEffect
from ordercore.effects.commands import Resolution
from ordercore.effects.decide import RESOLUTIONS
from ordercore.errors import NotFound
from ordercore.kernel import Kernel
from ordercore.lifecycle import EFFECT
from ordercore.readable import Table, columns
from ordercore.views import EffectRow

SHORT = 8
MOST = 10_000


@click.command("effects", short_help="What is done outside, and what only a person can tell.")
@store_option
@click.option("--status", type=click.Choice((*EFFECT.states, "all")), default="uncertain", show_default=True,
              help="Only effects with this status.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="Rows of the list.")
@click.option("--resolve", "effect", metavar="ID", help="Say what became of an effect, by the first letters of its id.")
@click.option("--outcome", type=click.Choice(RESOLUTIONS), help="With --resolve: what became of it.")
@click.option("--reason", default="", help="With --resolve: how that is known.")
@click.option("--reference", default="", help="With --resolve and done: the other side's name for it.")
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help="With --resolve and done: tracking=NUMBER.")
def effects_command(
    url: str, status: str, limit: int, effect: str | None, outcome: Resolution | None, reason: str, reference: str,
    facts: tuple[str, ...],
) -> None:  # fmt: skip
    """List what is done outside (bookings, mails, purchase orders), or say what became of one.

    `uncertain`: it may have taken place, and nobody but a person can find out: ask the other side, then --resolve it.
    """
    with opened(url) as kernel:
        out = show.console()
        if effect is not None:
            if outcome is None:
                raise click.UsageError("--resolve needs --outcome.")
            row = named(kernel, effect)
            given = dict(fact.partition("=")[::2] for fact in facts)
            kernel.handle(ResolveEffect(row.id, outcome, reason, reference, given), actor="command line")
            out.print(f"{row.id[:SHORT]} ({row.summary.kind}, {row.summary.subject}): {outcome}.")
            return
        rows = kernel.effects(None if status == "all" else status, limit=limit)
        if not rows:
            out.print("Nothing is done outside." if status == "all" else f"Nothing outside is {status}.")
            return
        out.print(show.tables((effects_table(rows),)))
        if status == "uncertain" and any(row.summary.due is None for row in rows):
            out.print(
                Text(
                    "Ask the other side, then: ordercore effects --resolve ID --outcome done|not_done|refused", show.DIM
                )
            )


def effects_table(rows: tuple[EffectRow, ...]) -> Table:
    """A row for each effect."""
    found = []
    for row in rows:
        one = row.summary
        about = f"{one.subject} {one.part}".rstrip()
        due = show.moment(one.due) if one.due is not None else ""
        found.append((row.id[:SHORT], one.kind, one.instance, about, one.status, str(one.attempts), one.code, due))
    return Table("", columns("effect", "kind", "with", "for", "status", ">attempts", "why", "next (UTC)"), tuple(found))


def named(kernel: Kernel, text: str) -> EffectRow:
    """The effect whose id begins like this. Raises NotFound where there is none, or more than one."""
    found = [row for row in kernel.effects(None, limit=MOST) if row.id.startswith(text.lower())]
    if len(found) == 1:
        return found[0]
    hint = "Give more letters." if found else "`ordercore effects --status all` lists them."
    raise NotFound(f"{len(found)} effects begin with {text[:64]!r}.", kind="effect", name=text[:64], hint=hint)
