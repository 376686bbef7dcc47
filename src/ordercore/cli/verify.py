"""`ordercore verify`: whether the books are right, with what was checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import click

from ordercore.cli import show
from ordercore.cli.archive import FOLDER
from ordercore.cli.progress import Bars
from ordercore.cli.shop import PAGE, ask, documents, opened, store_option
from ordercore.flows.record import SUMMARY
from ordercore.kernel import Kernel
from ordercore.store import Breach, Page, Query, ReadDocuments, ReadPositions, Snapshot, Store
from ordercore.store.archived import read_hot
from ordercore.upkeep import Upkeep
from ordercore.values import Cursor, Sku

Tell = Callable[[str, int, int], None]
"""What is being checked now, how much of it is done, and of how much (0: not known)."""

MOST_BREACHES: Final = 1_000


class Watched:
    """A store that says how far those who read it have come; everything else is the store's own."""

    def __init__(self, store: Store, tell: Tell) -> None:
        """`tell` is called at every page."""
        self._store, self._tell, self._rows = store, tell, 0

    def __getattr__(self, name: str) -> Any:
        """What is not watched."""
        return getattr(self._store, name)

    def verify(self, *, tenant: str = "") -> tuple[Breach, ...]:
        """The store's own part: one call, however long it takes."""
        self._tell("rows against the log", 0, 0)
        return self._store.verify(tenant=tenant)

    def read(self, queries: Sequence[Query[Any]], *, tenant: str = "") -> Snapshot:
        """Pages of orders, and of stock."""
        snapshot = self._store.read(queries, tenant=tenant)
        for query in queries[:1]:
            if isinstance(query, ReadDocuments) and query.kind == SUMMARY:
                self._rows += len(snapshot.of(query))
                self._tell("claims of orders", self._rows, 0)
        return snapshot

    def read_all(self, after: Cursor | None, limit: int = 1000, *, tenant: str = "", hot: bool = False) -> Page:
        """Pages of the log."""
        page = self._store.read_all(after, limit, tenant=tenant, hot=hot)
        done = int(page.cursor) if page.cursor and page.cursor.isdigit() else 0
        self._tell("carts in the log", done, done + page.lag)
        return page


@click.command("verify", short_help="Check the books.")
@store_option
@click.option("--archive", type=FOLDER, metavar="DIR", help="Also read the archive in this folder, all of it.")
def verify_command(url: str, archive: Path | None) -> int:
    """Check the books: stock rows against the log, lots against pools, claims against orders and carts.

    With --archive also what left the store: every segment is there and whole, and moved what the store carries forward
    for it. Prints what was checked and "clean", or every breach. Nothing is changed. Exit status 1 where there are breaches.
    """
    with opened(url, archive=archive) as kernel:
        out = show.console()
        started = time.monotonic()
        breaches = checked(kernel)
        if archive is not None:
            breaches += Upkeep(kernel).verify_archive()
        for line in counts(kernel):
            out.print(line, soft_wrap=True)
        click.echo(f"checked in {time.monotonic() - started:.1f} s", err=True)
        for breach in breaches[:MOST_BREACHES]:
            what = f"{breach.identity}: {breach.where}: expected {breach.expected}, found {breach.actual}"
            out.print(show.clean(what), soft_wrap=True, style=show.BAD)
        if len(breaches) > MOST_BREACHES:
            out.print(f"... and {len(breaches) - MOST_BREACHES:,} more")
        out.print(f"{show.counted(len(breaches), 'breach', 'breaches')}" if breaches else "clean")
        return 1 if breaches else 0


def checked(kernel: Kernel) -> tuple[Breach, ...]:
    """`kernel.verify()`, with progress on standard error if that is a terminal."""
    with Bars(show.console(errors=True)) as bars:
        store = kernel.store
        kernel.store = cast(Store, Watched(store, bars.tell))
        try:
            return kernel.verify()
        finally:
            kernel.store = store


def counts(kernel: Kernel) -> tuple[str, ...]:
    """How much there was to check, one line for each kind of thing."""
    head: Page = read_hot(kernel.store, None, 1, kernel.core.tenant)
    log = head.lag + 1 if head.records else 0
    skus = [Sku(document.key) for document in documents(kernel, "item")]
    pools = lots = 0
    for at in range(0, len(skus), PAGE):
        rows = ask(kernel, ReadPositions(tuple(skus[at : at + PAGE])))
        pools += sum(not lot for _, _, lot, _ in rows)
        lots += sum(bool(lot) for _, _, lot, _ in rows)
    orders = sum(1 for _ in documents(kernel, SUMMARY))
    return (
        f"log rows: {log:,}",
        f"orders: {orders:,}",
        f"items: {len(skus):,}",
        f"stock rows that hold units: {pools:,}, of lots: {lots:,}",
    )
