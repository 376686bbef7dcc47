"""The facts that explain a refusal, read from SQLite as far as they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ordercore.store.posting import RowKey
from ordercore.store.query import Outcome
from ordercore.store.sqlite.read import Reading
from ordercore.store.sqlite.rows import Writing
from ordercore.store.sqlite.work import Work
from ordercore.store.sqlite.write import counter_of, head_of

_REVISION: Final = "select revision from ordercore_document where tenant = ? and kind = ? and key = ?"


class Found:
    """Implements `store.refusal.Facts`."""

    __slots__ = ("_reading", "_rows", "_work")

    def __init__(self, reading: Reading, rows: Writing, work: Work) -> None:
        self._reading = reading
        self._rows = rows
        self._work = work

    def first(self) -> Outcome | None:
        return self._reading.outcome(self._work.batch.command_id, self._work.fingerprint)

    def head(self, stream: str) -> int:
        return head_of(self._reading.session, self._reading.tenant, stream)

    def counter(self, name: str) -> int:
        return counter_of(self._reading.session, self._reading.tenant, name)

    def revision(self, kind: str, key: str) -> int:
        row = self._reading.execute(_REVISION, (self._reading.tenant, kind, key)).fetchone()
        return row[0] if row is not None else 0

    def row(self, key: RowKey) -> Sequence[int]:
        return self._rows.row(key)
