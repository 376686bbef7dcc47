"""A batch made ready for SQLite outside the transaction: encoded, fingerprinted, one tuple of parameters per row."""

from __future__ import annotations

from typing import Any, Final
from zlib import crc32

from ordercore.store.batch import Batch, PutDocument, SetTimer
from ordercore.store.contract import EventCodec
from ordercore.store.guards import floors_of
from ordercore.store.posting import RowKey
from ordercore.store.result import Committed
from ordercore.store.scalars import micros_of
from ordercore.values import Cursor

Parameters = tuple[Any, ...]

_LOG: Final = (
    "insert into ordercore_log (tenant, command, part, fingerprint, stream, version, count, at, effective, actor, cause,"
    " correlation, crc, events)"
)
NEW_STREAM: Final = f"{_LOG} values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing"
"""For version 1 the unique key (tenant, stream, version) is the check of the head."""
NEXT_OF_STREAM: Final = f"""{_LOG}
select ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? where (
    select version + count from ordercore_log where tenant = ? and stream = ? order by version desc limit 1
) = ? on conflict do nothing"""
"""The parameters of NEW_STREAM, then tenant, stream and version again: numbered ones warn in some releases of Python."""
END_OF_STREAM: Final = "events at the end of a stream, wherever that is"
ONLY_HEAD: Final = "no events: the head of the stream is checked"
WITHOUT_EVENTS: Final = """insert into ordercore_log (pos, tenant, command, part, fingerprint, stream, version, count, at, effective,
    actor, cause, correlation, crc, events)
select min(0, coalesce((select min(pos) from ordercore_log), 0)) - 1, ?, ?, 0, ?, null, 0, 0, ?, ?, ?, ?, ?, 0, ''
where true on conflict do nothing"""

_DOCUMENT: Final = (
    "insert into ordercore_document (tenant, kind, key, revision, tag, sort, body) values (?, ?, ?, 1, ?, ?, ?)"
)
NEW_DOCUMENT: Final = f"{_DOCUMENT} on conflict do nothing"
SET_DOCUMENT: Final = (
    f"{_DOCUMENT} on conflict do update set revision = revision + 1, tag = excluded.tag, sort = excluded.sort,"
    " body = excluded.body"
)
NEXT_DOCUMENT: Final = (
    "update ordercore_document set revision = revision + 1, tag = ?, sort = ?, body = ?"
    " where tenant = ? and kind = ? and key = ? and revision = ?"
)
DELETE_DOCUMENT: Final = "delete from ordercore_document where tenant = ? and kind = ? and key = ?"

SET_TIMER: Final = (
    "insert into ordercore_timer (tenant, kind, key, due, fence, until) values (?, ?, ?, ?, 0, null)"
    # Whoever holds a lease of it now acts on the old wish: fence 0 makes that lease void.
    " on conflict do update set due = excluded.due, fence = 0, until = null"
)
CANCEL_TIMER: Final = "delete from ordercore_timer where tenant = ? and kind = ? and key = ?"

TOLERANT: Final = frozenset((DELETE_DOCUMENT, CANCEL_TIMER))
"""Statements that may find nothing to do."""


def after_head(row: Parameters) -> Parameters:
    """The parameters of NEXT_OF_STREAM for a log row."""
    return (*row, row[0], row[4], row[5])


class Work:
    """What one batch writes: statements with their parameters, in the order in which they must be executed."""

    __slots__ = ("batch", "count", "empty", "fingerprint", "floors", "logs", "others", "plain", "versions")

    def __init__(self, batch: Batch, codec: EventCodec) -> None:
        self.batch = batch
        self.fingerprint = codec.fingerprint(batch.command) if batch.command_id else b""
        self.floors: dict[RowKey, int] = floors_of(batch) if batch.floors else {}
        self.logs: list[tuple[str, Parameters]] = []
        """One for each append: NEW_STREAM, NEXT_OF_STREAM, or END_OF_STREAM or ONLY_HEAD, which need the head read."""
        self.count = 0
        """How many of them are rows."""
        self.plain = True
        """Whether no head has to be read."""
        self.versions: list[int] = []
        """The version after each append."""
        self.empty: Parameters | None = None
        """The row of a batch without events; None as well if it leaves no id."""
        self.others: list[tuple[str, Parameters]] = []
        """Documents, then timers."""
        self._encode_log(batch, codec)
        if batch.documents:
            self._encode_documents(batch, codec)
        for timer in batch.timers:
            if isinstance(timer, SetTimer):
                self.others.append((SET_TIMER, (batch.tenant, timer.kind, timer.key, micros_of(timer.due))))
            else:
                self.others.append((CANCEL_TIMER, (batch.tenant, timer.kind, timer.key)))

    def _encode_log(self, batch: Batch, codec: EventCodec) -> None:
        tenant, command_id, fingerprint, context = batch.tenant, batch.command_id, self.fingerprint, batch.context
        at = micros_of(context.now)
        effective = at if context.effective is context.now else micros_of(context.effective)
        actor, cause, correlation = context.actor, context.cause, context.correlation
        for append in batch.appends:
            stream, expected, count = append.stream, append.expected, len(append.events)
            if not count:
                self.plain = False
                self.versions.append(expected or 0)
                self.logs.append((ONLY_HEAD, (tenant, stream, expected)))
                continue
            text = codec.dump_events(append.events)
            if expected is None:
                self.plain, statement, expected = False, END_OF_STREAM, 0
            else:
                statement = NEXT_OF_STREAM if expected else NEW_STREAM
            self.versions.append(expected + count)
            row: Parameters = (
                tenant, command_id, self.count, fingerprint, stream, expected + 1, count, at, effective,
                actor, cause, correlation, crc32(text.encode()), text,
            )  # fmt: skip
            self.logs.append((statement, after_head(row) if statement is NEXT_OF_STREAM else row))
            self.count += 1
        if not self.count and command_id:
            self.empty = (tenant, command_id, fingerprint, at, effective, actor, cause, correlation)

    def result(self, last: int) -> Committed:
        """What the batch came to, if `last` is the position of its last log row."""
        appends = self.batch.appends
        if len(appends) == 1:
            versions = {appends[0].stream: self.versions[0]}
        else:
            versions = {append.stream: version for append, version in zip(appends, self.versions, strict=True)}
        return Committed(Cursor(str(last)) if self.count else None, versions)

    def _encode_documents(self, batch: Batch, codec: EventCodec) -> None:
        tenant, others = batch.tenant, self.others
        for change in batch.documents:
            if not isinstance(change, PutDocument):
                others.append((DELETE_DOCUMENT, (tenant, change.kind, change.key)))
                continue
            row = (tenant, change.kind, change.key, change.tag, change.sort, codec.dump_document(change.body))
            if change.expected is None:
                others.append((SET_DOCUMENT, row))
            elif change.expected:
                others.append((NEXT_DOCUMENT, (*row[3:], *row[:3], change.expected)))
            else:
                others.append((NEW_DOCUMENT, row))
