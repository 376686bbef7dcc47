"""Import of a shop's history into a store: read, replayed, verified, and accounted for line by line."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ordercore.cli.account import ImportAccount, account_of
from ordercore.cli.history_source import Progress, source_of
from ordercore.cli.plugged import plugins, tenant
from ordercore.cli.replay import Replay
from ordercore.errors import BrokenRule
from ordercore.intake.history import read_history
from ordercore.kernel import Kernel


def run_import(
    *, url: str, channel: str, map_path: Path | None, source: Path | None, generate: int | None, seed: int,
    progress: Progress,
) -> ImportAccount:  # fmt: skip
    """Replay a history into the store at `url`, and account for every line of it.

    From the file `source`, read by an installed `channel` of that kind with the settings in `map_path`, or of
    `generate` documents made up from `seed`. Killed at any moment and started again it goes on where it was, and comes
    to the same. `progress(what, done, total)` is called on the way. Raises ConfigurationError, NotFound for a file that
    is not there, StoreError, BrokenRule if at the end lines, money or books do not agree.
    """
    rules, rows = source_of(channel, map_path, source, generate, seed)
    history = read_history(rows.rows(), rules, lambda done: progress("reading", done, 0))
    progress("reading", len(history), len(history))
    with _collecting_seldom(), Kernel.open(url, plugins=plugins(), tenant=tenant()) as kernel:
        replay = Replay(kernel, channel, history, rows, progress)
        replay.run()
        account = account_of(kernel, channel, history, replay.counts.by_name, progress)
        progress("verifying", 0, 0)
        found = kernel.verify()
        if found:
            listed = "\n".join(
                f"{one.identity} {one.where}: {one.expected} expected, {one.actual} found" for one in found[:5]
            )
            raise BrokenRule(f"{len(found)} breaches of the books were found.\n{listed}\n{account}")
        return account


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Orders are trees and no rings: looking for rings among them costs a tenth of the time and finds nothing."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
