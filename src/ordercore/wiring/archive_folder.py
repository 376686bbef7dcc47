"""Archive segments as files of a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from attrs import frozen

from ordercore.errors import BrokenRule, NotFound, StoreError

_NAME: Final = re.compile(r"[0-9a-z]{8,128}\.[a-z]{3,16}")


@frozen
class ArchiveFolder:
    """An `Archive` in a folder, which is made when it is first written to.

    A file is written beside, flushed to the disk and then renamed, and so is the folder: after a crash it is there as a
    whole or not at all.
    """

    path: Path

    @classmethod
    def at(cls, path: str | Path) -> ArchiveFolder:
        """The folder at a path."""
        return cls(Path(path))

    def put(self, name: str, content: bytes) -> None:
        """Keep it. Raises StoreError if the disk does not take it."""
        target = self._file(name)
        beside = target.with_name(f"{name}.{os.getpid()}.tmp")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
            self._flush()
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise StoreError(
                f"The archive could not be written: {error.strerror}.", reason="archive", path=str(self.path),
                hint="Nothing has left the store. Check owner, mode and room of the folder.",
            ) from error  # fmt: skip

    def get(self, name: str) -> bytes:
        """The content. Raises NotFound."""
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:
            raise NotFound(
                f"There is no {name} in the archive {self.path}.", kind="segment", name=name,
                hint="Name the folder that the orders were archived into.",
            ) from None  # fmt: skip

    def delete(self, name: str) -> None:
        """Forget it."""
        self._file(name).unlink(missing_ok=True)

    def names(self) -> Iterable[str]:
        """All that are whole, sorted."""
        if not self.path.is_dir():
            return ()
        return sorted(entry.name for entry in self.path.iterdir() if _NAME.fullmatch(entry.name))

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BrokenRule(f"{name!r} is not the name of a segment.")
        return self.path / name

    def _flush(self) -> None:
        """The folder's own entry; not on systems whose folders cannot be opened."""
        if not hasattr(os, "O_DIRECTORY"):
            return
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
