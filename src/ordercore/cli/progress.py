"""Progress of long work, on standard error and only on a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Bars:
    """A bar that says what is being done, how much of it is done, and for how long already; gone at the end."""

    def __init__(self, console: Console) -> None:
        """`console` writes to standard error."""
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._progress.add_task("beginning", total=None)

    def tell(self, what: str, done: int = 0, total: int = 0) -> None:
        """`done` of `total` (0: nobody knows how many) of `what` are done."""
        far = f" {done:,} of {total:,}" if total else f" {done:,}" if done else ""
        self._progress.update(self._task, description=what + far, completed=done, total=total or None)

    def __enter__(self) -> Self:
        """Show it."""
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Take it away."""
        self._progress.stop()
