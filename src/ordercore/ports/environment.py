"""What the kernel takes from its surroundings: the time and new ids."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The present instant: aware, in UTC."""
        ...


class Ids(Protocol):
    """Where new ids come from."""

    def new(self, prefix: str) -> str:
        """An id that was never given before, `prefix` first; later ones sort after earlier ones."""
        ...
