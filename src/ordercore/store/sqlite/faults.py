"""What SQLite raises, as errors of ordercore: a code, what happened in plain words, and what to do."""

from __future__ import annotations

import sqlite3
from typing import Final

from ordercore.errors import BrokenRule, Corrupted, OrdercoreError, StoreBusy, StoreError

_REASONS: Final = {
    sqlite3.SQLITE_FULL: ("disk_full", "the disk is full", "Free some space; nothing of this commit was written."),
    sqlite3.SQLITE_READONLY: (
        "read_only",
        "the file cannot be written",
        "Check the owner and mode of file and folder.",
    ),
    sqlite3.SQLITE_PERM: ("read_only", "access was denied", "Check the owner and mode of file and folder."),
    sqlite3.SQLITE_CANTOPEN: ("cannot_open", "the file cannot be opened", "Check that the folder exists."),
    sqlite3.SQLITE_IOERR: ("io_error", "reading or writing the disk failed", "Check the disk, then run verify()."),
    sqlite3.SQLITE_NOMEM: ("out_of_memory", "there is no memory left", "Give the process more memory."),
}


def primary(error: sqlite3.Error) -> int:
    """The primary result code; 0 where the module raised by itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Another connection holds a lock that will be given back."""
    return primary(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def busy(path: str, seconds: float) -> StoreBusy:
    """Other writers held the file until the deadline."""
    return StoreBusy(
        f"{path} was locked by other writers for {seconds:g} seconds.", path=path,
        hint="Look for a process that keeps a transaction open; the command may be sent again.",
    )  # fmt: skip


def translated(error: Exception, path: str) -> OrdercoreError | None:
    """The error to raise instead, or None for one that is not the store's."""
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, path)
    if isinstance(error, OverflowError | UnicodeEncodeError):
        # A number beyond 64 bits or text with lone surrogates: validation above has let through what nobody can store.
        return BrokenRule(
            f"A value cannot be stored: {type(error).__name__}.", hint="Numbers fit 63 bits, text is Unicode."
        )
    return None


def _of_sqlite(error: sqlite3.Error, path: str) -> OrdercoreError:
    code = primary(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return busy(path, 0)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or str(error).startswith("Could not decode"):
        return Corrupted(
            f"{path} is damaged or not an SQLite database: {error}.", path=path,
            hint="Restore a backup; `verify()` and SQLite's `.recover` say what can be read.",
        )  # fmt: skip
    if code == sqlite3.SQLITE_CONSTRAINT:
        return BrokenRule(f"A constraint of the store refused a row: {error}.", path=path)
    reason, what, hint = _REASONS.get(code, ("failed", str(error), ""))
    return StoreError(f"{path}: {what}.", reason=reason, path=path, hint=hint)
