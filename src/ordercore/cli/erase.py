"""`ordercore erase`: what is personal about orders, on request or by age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from ordercore.cli import show
from ordercore.cli.archive import age_of, folder_option
from ordercore.cli.shop import opened, store_option
from ordercore.kernel import Kernel
from ordercore.upkeep import Upkeep


@click.command("erase", short_help="Erase what is personal about orders.")
@store_option
@folder_option
@click.option("--customer", metavar="REF", help="All orders of a customer, by the reference they were placed with.")
@click.option(
    "--older-than",
    "age",
    callback=age_of,
    metavar="DAYS",
    help="All closed orders placed before so many days, such as 730d.",
)
@click.option(
    "--reference", default="", metavar="TEXT", help="What the request is known by, such as a ticket; never a person."
)
@click.option("--by", "actor", default="", metavar="NAME", help="Who asked.")
@click.argument("orders", nargs=-1, metavar="[ORDER]...")
def erase_command(
    url: str, folder: Path | None, customer: str | None, age: timedelta | None, reference: str, actor: str,
    orders: Sequence[str],
) -> int:  # fmt: skip
    """Erase what is personal about orders: addresses, labels, what carriers and channels wrote, raw documents.

    The log stays and verifies; it records that it was done, for which order, and who asked. There is no way back, but
    for backups of the store and of the archive, which are yours to erase.
    """
    if sum((bool(orders), customer is not None, age is not None)) != 1:
        raise click.UsageError("Name orders, or --customer, or --older-than.")
    with opened(url, archive=folder) as kernel:
        done = _erased(kernel, customer, age, orders, reference, actor)
        show.console().print(f"erased: the persons of {show.counted(len(done), 'order')}")
    return 0


def _erased(
    kernel: Kernel, customer: str | None, age: timedelta | None, orders: Sequence[str], reference: str, actor: str
) -> Sequence[str]:
    if customer is not None:
        return Upkeep(kernel).erase_customer(customer, reference=reference, actor=actor)
    if age is not None:
        return Upkeep(kernel).erase_before(kernel.core.clock.now() - age, reference=reference, actor=actor)
    return [Upkeep(kernel).erase(order, reference=reference, actor=actor).result for order in orders]
