"""Ids that can be told in advance."""

from __future__ import annotations

from collections import Counter


class CountedIds:
    """`cmd_000001`, `cmd_000002`, ...: each prefix counts for itself, so that the same calls give the same ids."""

    def __init__(self) -> None:
        """Begin with 1."""
        self._given: Counter[str] = Counter()

    def new(self, prefix: str) -> str:
        """The next id of this prefix."""
        self._given[prefix] += 1
        return f"{prefix}_{self._given[prefix]:06d}"
