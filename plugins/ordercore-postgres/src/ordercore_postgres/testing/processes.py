"""Which processes are whose: of /proc where there is one, else asked of `ps`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path


def children_of(pid: int) -> list[int]:
    """The processes that this one started and that are still there."""
    return [child for child, parent in _parents() if parent == pid]


def _parents() -> Iterator[tuple[int, int]]:
    if not Path("/proc/self/stat").exists():
        said = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)  # noqa: S607
        yield from ((int(pid), int(parent)) for pid, parent in map(str.split, said.stdout.splitlines()))
        return
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name of the program, in parentheses, may hold anything.
            yield int(folder.name), int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # ended meanwhile
            continue
