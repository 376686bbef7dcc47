"""Whether an archive has what left the store, and whether that is what the store carries forward for it."""

from __future__ import annotations

from collections.abc import Iterator

from ordercore.codec import Codec
from ordercore.errors import Corrupted, NotFound
from ordercore.ports.archive import Archive
from ordercore.store import Breach, Store
from ordercore.store.archived import CARRIED, SEGMENT, Carried, Segment
from ordercore.store.segment import Balances, Content, segment_file, unpack
from ordercore.store.transfer import Export, transfer_of
from ordercore.values import Stream


def verify_archive(store: Store, archive: Archive, codec: Codec, tenant: str = "") -> tuple[Breach, ...]:
    """Every segment is there and whole, has the streams that are away in it, and all moved what is carried forward."""
    found: list[Breach] = []
    balances = Balances()
    with transfer_of(store).export(tenant=tenant) as export:
        for row in export.documents(SEGMENT):
            segment = codec.load_document(row.body)
            if isinstance(segment, Segment):
                found += _of(segment, export, archive, codec, balances)
        if found:
            return tuple(found)  # without all segments nobody can say what they moved
        wanted = {one.sku: one.net() for one in balances.carried()}
        bodies = (codec.load_document(row.body) for row in export.documents(CARRIED))
        stands = {body.sku: body.net() for body in bodies if isinstance(body, Carried)}
    for sku in sorted(wanted.keys() | stands.keys()):
        if wanted.get(sku, {}) != stands.get(sku, {}):
            found.append(Breach("carried", sku, str(wanted.get(sku, "nothing")), str(stands.get(sku, "nothing"))))
    return tuple(found)


def _of(segment: Segment, export: Export, archive: Archive, codec: Codec, balances: Balances) -> Iterator[Breach]:
    where = f"segment {segment.name}"
    try:
        content = unpack(segment.name, archive.get(segment_file(segment.name)))
    except (NotFound, Corrupted) as error:
        yield Breach("archive", where, "as it was written", error.message)
        return
    away = _away(segment.name, content, export)
    streams = content.streams()
    if len(away) != segment.streams:
        yield Breach("archive", where, f"{segment.streams} streams away", str(len(away)))
    for stream, size in away.items():
        rows = streams[stream]
        if (kept := sum(row.size for row in rows)) != size:
            yield Breach("archive", f"{where}: {stream}", f"{size} events", str(kept))
        balances.add(rows, codec)


def _away(name: str, content: Content, export: Export) -> dict[Stream, int]:
    """The streams that are away in it, and how many events each has."""
    asked = tuple(content.streams())
    return {
        row.stream: -row.size
        for row in export.streams(asked)
        if row.stream is not None and row.size < 0 and row.events == name
    }
