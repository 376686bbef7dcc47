"""`verify` on SQLite: checksums, dense versions, and every row compared with a rebuild from the log, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final
from zlib import crc32

from ordercore.errors import OrdercoreError
from ordercore.store.archived import CARRIED, Carried
from ordercore.store.posting import BUCKETS, Posting, Row, RowKey, postings_in
from ordercore.store.result import Breach
from ordercore.store.sqlite.read import Reading
from ordercore.store.verify import Movements, Rebuild, differences, past_negatives

_BATCHES: Final = """select command, effective, pos, crc, cast(events as blob) from ordercore_log not indexed
    where pos > 0 and tenant = ? and count > 0 order by pos"""
_GAPS: Final = """select stream, version, expected from (
    select stream, version, coalesce(lag(version + count) over (partition by stream order by version), 1) as expected
    from ordercore_log where tenant = ? and stream is not null
) where version <> expected"""
_STORED: Final = f"""select sku.sku, place, lot, owner, {", ".join(BUCKETS)}
    from ordercore_sku sku join ordercore_cell cell on cell.sku = sku.n
    join ordercore_position position on position.id = cell.id where sku.tenant = ?"""
_CARRIED: Final = "select body from ordercore_document where tenant = ? and kind = ?"
_STRAY: Final = "select id from ordercore_position where id not in (select id from ordercore_cell)"


def breaches(reading: Reading) -> Iterator[Breach]:
    """Everything that is not as the log says. The caller holds the snapshot."""
    tenant, session = reading.tenant, reading.session
    for stream, version, expected in session.fresh_cursor().execute(_GAPS, (tenant,)):
        yield Breach("version", stream, str(expected), str(version))
    for (stray,) in session.fresh_cursor().execute(_STRAY):
        yield Breach("row", f"position {stray}", "a key", "none")
    damaged: list[Breach] = []
    rebuild = _rebuilt(reading, damaged)
    yield from damaged
    yield from differences(rebuild.rows, _stored(reading))
    if rebuild.late:
        yield from past_negatives(_movements(reading, []), rebuild.late, _carried(reading))


def rows_of_log(reading: Reading) -> dict[RowKey, list[int]]:
    """The rows as the log says they must be. Raises Corrupted and UnknownEvent for what does not read."""
    return _rebuilt(reading, None).rows


def _carried(reading: Reading) -> Iterator[Carried]:
    for (body,) in reading.session.fresh_cursor().execute(_CARRIED, (reading.tenant, CARRIED)):
        carried = reading.codec.load_document(body)
        if isinstance(carried, Carried):
            yield carried


def _rebuilt(reading: Reading, damaged: list[Breach] | None) -> Rebuild:
    rebuild = Rebuild()
    for carried in _carried(reading):
        rebuild.carry(carried)
    for effective, postings in _movements(reading, damaged):
        rebuild.add(effective, postings)
    return rebuild


def _movements(reading: Reading, damaged: list[Breach] | None) -> Iterator[Movements]:
    rows = reading.session.fresh_cursor().execute(_BATCHES, (reading.tenant,))
    for _, parts in groupby(rows, key=itemgetter(0)):
        moment, postings = 0, []
        for _, effective, position, crc, raw in parts:
            moment = effective
            postings += _postings(reading, position, crc, raw, damaged)
        yield moment, postings


def _postings(reading: Reading, position: int, crc: int, raw: bytes, damaged: list[Breach] | None) -> list[Posting]:
    try:
        events = reading.events(position, crc, raw)
        return postings_in(events)
    except OrdercoreError as error:
        if damaged is None:
            raise
        # A damaged row is listed and left out, so that one flipped bit does not hide all other breaches.
        if crc32(raw) != crc:
            damaged.append(Breach("checksum", f"position {position}", str(crc), str(crc32(raw))))
        else:
            damaged.append(Breach("unreadable", f"position {position}", "registered events", error.message))
        return []


def _stored(reading: Reading) -> Iterator[tuple[RowKey, Row]]:
    for sku, place, lot, owner, *figures in reading.session.fresh_cursor().execute(_STORED, (reading.tenant,)):
        yield (sku, place, lot, owner), tuple(figures)
