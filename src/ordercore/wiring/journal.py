"""Keeping the journal index up with the log."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ordercore.engine import Calls, StoreCall
from ordercore.message import Context
from ordercore.projection import JOURNAL, Advance, JournalChunk, chunk_key, extended, touched
from ordercore.store import Batch, Conflicted, Page, PutDocument, ReadDocuments, Snapshot
from ordercore.store.archived import read_hot
from ordercore.values import CommandId, Cursor

PAGE: Final = 2_000


def catch_up(tenant: str, now: datetime) -> Calls[int]:
    """Index the log rows that came since; returns how many. Safe beside others that do the same."""
    done = 0
    while True:
        cursor: Cursor | None = yield lambda store: store.cursor_of(JOURNAL, tenant=tenant)
        page: Page = yield _page(cursor, tenant)
        if not page.records:
            return done
        found = touched(page.records)
        asked = {sku: ReadDocuments(JOURNAL, sku, limit=1, newest_first=True) for sku in found}
        snapshot: Snapshot = yield _read(tuple(asked.values()), tenant)
        documents = []
        for sku, positions in found.items():
            last = next((d.body for d in snapshot.of(asked[sku]) if isinstance(d.body, JournalChunk)), None)
            documents += [
                PutDocument(JOURNAL, chunk_key(sku, chunk.number), chunk, None, sku, f"{chunk.number:06d}")
                for chunk in extended(last, sku, positions)
            ]
        # Without an id: the cursor is the fence, and a journal that was thrown away is written again.
        batch = Batch(
            CommandId(""), Advance(JOURNAL, str(page.cursor)), Context(CommandId(""), now, now), (), tuple(documents),
            tenant=tenant,
        )  # fmt: skip
        result = yield _checkpoint(cursor, page.cursor, batch, tenant)
        if not isinstance(result, Conflicted):
            done += len(page.records)


def _page(cursor: Cursor | None, tenant: str) -> StoreCall:
    return lambda store: read_hot(store, cursor, PAGE, tenant)


def _read(queries: tuple[ReadDocuments, ...], tenant: str) -> StoreCall:
    return lambda store: store.read(queries, tenant=tenant)


def _checkpoint(expected: Cursor | None, cursor: Cursor | None, batch: Batch, tenant: str) -> StoreCall:
    return lambda store: store.checkpoint(JOURNAL, expected, cursor, batch, tenant=tenant)
