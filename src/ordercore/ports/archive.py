"""Where archive segments are kept: a folder by default, whatever holds named bytes if the host brings it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Archive(Protocol):
    """Named bytes: a folder (`ArchiveFolder`), a bucket of an object store, a table.

    Names are made by ordercore, of letters, digits and one full stop. Whatever a method raises ends what needed it:
    nothing leaves a store before `put` has returned.
    """

    def put(self, name: str, content: bytes) -> None:
        """Keep it, durable when this returns; all of it or nothing, in place of what was there under the name."""
        ...

    def get(self, name: str) -> bytes:
        """Raises NotFound if there is none."""
        ...

    def delete(self, name: str) -> None:
        """Forget it if it is there."""
        ...

    def names(self) -> Iterable[str]:
        """All of them."""
        ...
