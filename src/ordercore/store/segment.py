"""An archive segment as bytes: whole streams and documents of one tenant, self-contained, named by its content.

Lines of JSON, compressed: what it is first, then rows of the log, then documents. What may have to be erased is in none:
it stands in a companion beside the segment, by subject, which is written anew when a subject is erased.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from attrs import field, frozen

from ordercore.errors import Corrupted
from ordercore.internal import internal
from ordercore.store.archived import Carried, CarriedRow
from ordercore.store.contract import EventCodec
from ordercore.store.posting import WIDTH, RowKey, postings_in, rows_of
from ordercore.store.transfer import DocumentRow, LogRow, sound
from ordercore.values import Sku, Stream

FORMAT: Final = "ordercore.segment"
VERSION: Final = 1


@internal
class Content:
    """What a segment holds."""

    tenant: str
    rows: tuple[LogRow, ...]
    """Stream by stream, each whole and by version."""
    documents: tuple[tuple[Stream, DocumentRow], ...] = ()
    """With the stream that each belongs to, and comes back with."""

    def streams(self) -> dict[Stream, list[LogRow]]:
        """The rows by stream."""
        found: dict[Stream, list[LogRow]] = {}
        for row in self.rows:
            if row.stream is not None:
                found.setdefault(row.stream, []).append(row)
        return found


Personal = Mapping[str, Sequence[DocumentRow]]
"""Documents that may have to be erased, by what they are about: an order's stream, or the name of a raw document."""


def segment_file(name: str) -> str:
    """What a segment is called in the archive."""
    return f"{name}.segment"


def personal_file(name: str) -> str:
    """What its companion is called."""
    return f"{name}.personal"


def pack(content: Content) -> tuple[str, bytes]:
    """(name, bytes): equal content has an equal name, so that an attempt that is repeated writes the same file."""
    lines = [json.dumps([FORMAT, VERSION, content.tenant])]
    lines += [
        json.dumps(["log", *row[:3], row.fingerprint.hex(), *row[4:]], ensure_ascii=False) for row in content.rows
    ]
    lines += [json.dumps(["document", stream, *document], ensure_ascii=False) for stream, document in content.documents]
    raw = "\n".join(lines).encode()
    return _name_of(raw), gzip.compress(raw, 6, mtime=0)


def unpack(name: str, packed: bytes) -> Content:
    """Back. Raises Corrupted for what is not what its name says, and for a format of a newer release."""
    raw = _unzipped(name, packed)
    if _name_of(raw) != name:
        raise _damaged(name)
    rows: list[LogRow] = []
    documents: list[tuple[Stream, DocumentRow]] = []
    lines = _lines(name, raw)
    kind, version, tenant = next(lines)
    if kind != FORMAT or version != VERSION:
        raise Corrupted(
            f"Segment {name} has format {version!r:.20}; this release reads {VERSION}.", position=name,
            hint="It was written by a newer release: update this one.",
        )  # fmt: skip
    for what, *fields in lines:
        if what == "log":
            fields[3] = bytes.fromhex(fields[3])
            rows.append(sound(LogRow._make(fields)))
        else:
            documents.append((Stream(fields[0]), DocumentRow._make(fields[1:])))
    return Content(tenant, tuple(rows), tuple(documents))


def pack_personal(personal: Personal) -> bytes:
    """The companion."""
    lines = [
        json.dumps([subject, *document], ensure_ascii=False)
        for subject, documents in sorted(personal.items())
        for document in documents
    ]
    return gzip.compress("\n".join(lines).encode(), 6, mtime=0)


def unpack_personal(name: str, packed: bytes) -> dict[str, list[DocumentRow]]:
    """Back. Raises Corrupted."""
    found: dict[str, list[DocumentRow]] = {}
    for subject, *fields in _lines(name, _unzipped(name, packed)):
        found.setdefault(subject, []).append(DocumentRow._make(fields))
    return found


@frozen
class Balances:
    """What rows of a log moved, SKU by SKU: units that came into and went out of each bucket, and when."""

    moved: dict[RowKey, tuple[list[int], list[int]]] = field(factory=dict)
    times: dict[Sku, tuple[int, int]] = field(factory=dict)

    def add(self, rows: Iterable[LogRow], codec: EventCodec) -> None:
        """Add what these rows moved."""
        for row in rows:
            for key, change in rows_of(postings_in(codec.load_events(row.events))).items():
                gained, lost = self.moved.setdefault(key, ([0] * WIDTH, [0] * WIDTH))
                for column, delta in enumerate(change):
                    if delta > 0:
                        gained[column] += delta
                    else:
                        lost[column] -= delta
                earliest, latest = self.times.get(key[0], (row.effective, row.effective))
                self.times[key[0]] = (min(earliest, row.effective), max(latest, row.effective))

    def carried(self) -> list[Carried]:
        """As it is carried forward, by SKU."""
        by_sku: dict[Sku, list[CarriedRow]] = {}
        for (sku, place, lot, owner), (gained, lost) in sorted(self.moved.items()):
            by_sku.setdefault(sku, []).append(CarriedRow(place, lot, owner, tuple(gained), tuple(lost)))
        return [Carried(sku, *self.times[sku], tuple(rows)) for sku, rows in by_sku.items()]


def _name_of(raw: bytes) -> str:
    return blake2b(raw, digest_size=16).hexdigest()


def _unzipped(name: str, packed: bytes) -> bytes:
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(name) from error


def _lines(name: str, raw: bytes) -> Iterator[Any]:
    try:
        for line in raw.decode().split("\n"):
            if line:
                yield json.loads(line)
    except ValueError as error:
        raise _damaged(name) from error


def _damaged(name: str) -> Corrupted:
    return Corrupted(
        f"Segment {name} is not what was written.", position=name, hint="Restore the archive from a backup of it."
    )
