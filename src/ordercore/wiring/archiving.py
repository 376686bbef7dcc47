"""Closed orders and what lies around them into an archive, and back.

In this order, so that a crash at any moment loses nothing: the segment is durable, then rows leave in one commit that checks
that they are as they were read. A crash in between leaves a file that nothing refers to; the next run writes the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import islice
from typing import Final

import attrs
from attrs import define, field, frozen

from ordercore.codec import Codec
from ordercore.effects import EffectSummary
from ordercore.errors import NotFound
from ordercore.flows.cart import RESERVATIONS
from ordercore.flows.effects import EFFECT
from ordercore.flows.record import OPEN_BOOKING, SUMMARY, TRACKED, tracking_key
from ordercore.order import Order, OrderSummary, fold_order, stream_of
from ordercore.order.manifest import ManifestEntry
from ordercore.ports.archive import Archive
from ordercore.readable import brief
from ordercore.readable.words import counted
from ordercore.store import Committed, Conflicted, ReadStream, Store
from ordercore.store.archived import CARRIED, SEGMENT, Back, Carried, CarriedRow, Cut, Segment, archiving_of
from ordercore.store.posting import WIDTH
from ordercore.store.scalars import micros_of
from ordercore.store.segment import (
    Balances,
    Content,
    Personal,
    pack,
    pack_personal,
    personal_file,
    segment_file,
    unpack_personal,
)
from ordercore.store.transfer import DocumentRow, Export, LogRow, transfer_of
from ordercore.values import OrderId, Sku, Stream
from ordercore.wiring.archive_reading import ArchiveReading
from ordercore.wiring.personal import personal_of

CLOSED: Final = ("completed", "cancelled")
"""Statuses of orders that may leave."""
AT_ONCE: Final = ("adjustment/", "count/", "move/", "opening/", "receipt/")
"""Streams that are closed once they are written."""
_CART: Final = "reservation/"
_ENDED: Final = ("done", "refused")
_STREAMS: Final = 500
"""In a segment, at most: one commit, and what is unpacked when one order is read."""
_ATTEMPTS: Final = 5
_PASS: Final = 100_000
"""Streams that are looked for at a time."""

Leaving = dict[Stream, list[DocumentRow]]
"""Documents by the stream that they leave with."""


@frozen
class ArchiveReport:
    """What has left. `blocked` says in a line each what could not, and why; it stays as it is."""

    segments: tuple[str, ...] = ()
    orders: int = 0
    streams: int = 0
    rows: int = 0
    documents: int = 0
    blocked: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """`<ArchiveReport: 2 segments, 812 orders, 1,700 streams>`."""
        return brief(
            "ArchiveReport", "", counted(len(self.segments), "segment"), counted(self.orders, "order"),
            counted(self.streams, "stream"), *self.blocked,
        )  # fmt: skip


@define
class _Tally:
    segments: list[str] = field(factory=list)
    orders: int = 0
    streams: int = 0
    rows: int = 0
    documents: int = 0
    blocked: list[str] = field(factory=list)

    def report(self) -> ArchiveReport:
        return ArchiveReport(
            tuple(self.segments), self.orders, self.streams, self.rows, self.documents, tuple(self.blocked)
        )


@frozen
class OrderArchive:
    """A store, one tenant of it, and where what leaves it goes."""

    store: Store
    archive: Archive
    codec: Codec
    tenant: str = ""

    def archive_closed(
        self, before: datetime, statuses: Sequence[str] = CLOSED, *, most: int | None = None, streams: int = _STREAMS
    ) -> ArchiveReport:
        """Let what was closed and untouched since `before` leave; `most` streams at most, `streams` in a segment.

        Raises ConfigurationError for a store that cannot, and what the archive raises.
        """
        archiving_of(self.store)
        tally = _Tally()
        stays: set[Stream] = set()
        while most is None or tally.streams < most:
            # A snapshot for each pass: one that is held while everything leaves would keep the database from reusing room.
            room = _PASS if most is None else min(_PASS, most - tally.streams)
            with transfer_of(self.store).export(tenant=self.tenant) as export:
                named = (name for name in self._candidates(export, before, statuses) if name not in stays)
                names = list(islice(named, room))
            for at in range(0, len(names), streams):
                group = names[at : at + streams]
                left = self._leave_together(group, micros_of(before), tally)
                if left is None:
                    return tally.report()
                stays |= set(group) - left
            if len(names) < room:
                break
        return tally.report()

    def _candidates(self, export: Export, before: datetime, statuses: Sequence[str]) -> Iterator[Stream]:
        """Streams that look closed, by their documents or by their kind; looked at again when they leave."""
        busy = self._busy(export)
        for row in export.documents(SUMMARY):
            order, stream = self.codec.load_document(row.body), stream_of(OrderId(row.key))
            if not isinstance(order, OrderSummary) or order.status not in statuses or stream in busy:
                continue
            if order.placed_at < before:
                yield stream
        for row in export.documents(EFFECT):
            effect = self.codec.load_document(row.body)
            if isinstance(effect, EffectSummary) and effect.status in _ENDED and effect.wanted_at < before:
                yield Stream(f"effect/{row.key}")
        until = micros_of(before)
        for one in export.log():
            if one.at >= until:
                return
            name = one.stream
            if name is None or one.size < 0 or one.version > 1:
                continue
            if name.startswith(AT_ONCE) or (name.startswith(_CART) and self._ended(export, name)):
                yield name

    def _busy(self, export: Export) -> set[Stream]:
        """What is still to be done outside is made from the order when it is done."""
        effects = (self.codec.load_document(row.body) for row in export.documents(EFFECT))
        entries = (self.codec.load_document(row.body) for row in export.documents(OPEN_BOOKING))
        return {
            *(one.subject for one in effects if isinstance(one, EffectSummary) and one.status not in _ENDED),
            *(stream_of(one.order) for one in entries if isinstance(one, ManifestEntry)),
        }

    def _ended(self, export: Export, cart: Stream) -> bool:
        events = [event for row in export.streams((cart,)) for event in self.codec.load_events(row.events)]
        state = RESERVATIONS.fold(None, events, cart)
        return state is not None and state.status != "soft"

    def _leave_together(self, group: Sequence[Stream], before: int, tally: _Tally) -> AbstractSet[Stream] | None:
        """One segment; without what turns out to be in use. What has left; None if nothing can leave now."""
        left = list(group)
        for _ in range(_ATTEMPTS):
            content, personal, names = self._read(left, before)
            if not content.rows:
                return set()
            name, packed = pack(content)
            records = self._carried(content.rows)
            # First all that is needed to come back, then the rows: a crash in between loses nothing.
            files = {segment_file(name): packed}
            if personal:
                files[personal_file(name)] = pack_personal(personal)
            for file, packed in files.items():
                self.archive.put(file, packed)
            result = archiving_of(self.store).archive(self._cut(name, content, names, records), tenant=self.tenant)
            if isinstance(result, Committed):
                self._keep(files)
                tally.segments.append(name)
                tally.streams += len(content.streams())
                tally.orders += sum(stream.startswith("order/") for stream in content.streams())
                tally.rows += len(content.rows)
                tally.documents += sum(map(len, names.values()))
                return content.streams().keys()
            if not isinstance(result, Conflicted):
                tally.blocked.append(f"{name}: {type(result).__name__}")
                return None
            self._drop(name, files)
            if result.what.startswith(CARRIED):
                continue  # another archivist was quicker: what is carried forward is more by now
            if (in_use := self._in_use(result, names)) is None:
                tally.blocked.append(f"{result.what} stands at {result.actual}, before {result.expected}")
                return None
            left = [stream for stream in content.streams() if stream != in_use]
        tally.blocked.append("others kept changing what was to leave")
        return set()

    def _drop(self, name: str, files: Mapping[str, bytes]) -> None:
        """Nothing left, so nothing is needed to bring it back; personal data above all must not stay behind.

        Another archivist writes the same files for the same orders, and may be the one that the store lets through: where
        one was refused too late to leave them alone, one of both sees it and puts them back.
        """
        if self._record(name) is None:
            for file in files:
                self.archive.delete(file)
            if self._record(name) is not None:
                self._keep(files)

    def _keep(self, files: Mapping[str, bytes]) -> None:
        for file, packed in files.items():
            try:
                self.archive.get(file)
            except NotFound:
                self.archive.put(file, packed)

    def _in_use(self, conflict: Conflicted, names: Leaving) -> Stream | None:
        """The stream that somebody changed, or whose document; None if it is a follower or the end of the log."""
        for stream, documents in names.items():
            if conflict.what == stream or conflict.what in [f"{one.kind}/{one.key}" for one in documents]:
                return stream
        return None

    def _read(self, streams: Sequence[Stream], before: int) -> tuple[Content, Personal, Leaving]:
        """Whole streams that rest since `before`, their documents, and of those the personal ones apart."""
        with transfer_of(self.store).export(tenant=self.tenant) as export:
            rows = Content(self.tenant, tuple(export.streams(streams))).streams()
            resting = {
                stream: its for stream, its in rows.items() if its[-1].at < before and all(row.size > 0 for row in its)
            }
            documents: list[tuple[Stream, DocumentRow]] = []
            personal: dict[str, list[DocumentRow]] = {}
            names: Leaving = {}
            for stream, its in resting.items():
                open_, private = self._names_of(stream, its)
                kept = [(stream, found) for found in _found(export, open_)]
                its_personal = _found(export, private)
                documents += kept
                if its_personal:
                    personal[stream] = its_personal
                names[stream] = [*(found for _, found in kept), *its_personal]
        content = Content(self.tenant, tuple(row for its in resting.values() for row in its), tuple(documents))
        return content, personal, names

    def _names_of(self, stream: Stream, rows: Sequence[LogRow]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """(kind, key) of what leaves with a stream: what anybody may see, and what may have to be erased."""
        area, _, key = stream.partition("/")
        if area == "effect":
            return [(EFFECT, key)], []
        if area != "order":
            return [], []
        events = (event for row in rows for event in self.codec.load_events(row.events))
        order = fold_order(None, events, stream)
        return ([(SUMMARY, key), *tracked_of(order)], personal_of(order)) if order is not None else ([], [])

    def _carried(self, rows: Iterable[LogRow]) -> list[DocumentRow]:
        """What is carried forward once these rows have left, SKU by SKU."""
        balances = Balances()
        balances.add(rows, self.codec)
        records = []
        with transfer_of(self.store).export(tenant=self.tenant) as export:
            for more in balances.carried():
                known, revision = self._known(export, more.sku)
                records.append(self._row(CARRIED, more.sku, revision + 1, added(known, more) if known else more))
        return records

    def _known(self, export: Export, sku: Sku) -> tuple[Carried | None, int]:
        row = export.document(CARRIED, sku)
        body = self.codec.load_document(row.body) if row is not None else None
        return (body if isinstance(body, Carried) else None), (row.revision if row is not None else 0)

    def _cut(
        self, name: str, content: Content, names: Mapping[Stream, Sequence[DocumentRow]], records: Sequence[DocumentRow]
    ) -> Cut:
        streams = content.streams()
        heads = {stream: its[-1].version + its[-1].size - 1 for stream, its in streams.items()}
        documents = [(one.kind, one.key, one.revision) for its in names.values() for one in its]
        effective = [row.effective for row in content.rows]
        segment = Segment(name, len(streams), len(content.rows), len(documents), min(effective), max(effective))
        return Cut(name, heads, documents, [self._row(SEGMENT, name, 1, segment), *records], segment.latest)

    def _row(self, kind: str, key: str, revision: int, body: Carried | Segment) -> DocumentRow:
        return DocumentRow(kind, key, revision, "", "", self.codec.dump_document(body))

    def _record(self, name: str) -> tuple[Segment, int] | None:
        with transfer_of(self.store).export(tenant=self.tenant) as export:
            row = export.document(SEGMENT, name)
        body = self.codec.load_document(row.body) if row is not None else None
        return (body, row.revision) if row is not None and isinstance(body, Segment) else None

    # Back

    def restore(self, order: str) -> int:
        """An archived order and its documents. Returns the log rows; 0 if it is here. Raises NotFound."""
        stream = stream_of(OrderId(order))
        query = ReadStream(stream, 1 << 40)
        head = self.store.read([query], tenant=self.tenant).of(query)
        if not head.version:
            raise NotFound.named("order", order)
        return self._restore(head.archived, {stream}) if head.archived else 0

    def restore_segment(self, segment: str) -> int:
        """Everything of a segment that is still away. Returns the log rows. Raises NotFound."""
        if self._record(segment) is None:
            raise NotFound(
                f"Nothing of a segment {segment[:64]!r} is away.", kind="segment", name=segment[:64],
                hint="`ordercore archive --list` names those that there are.",
            )  # fmt: skip
        return self._restore(segment, None)

    def _restore(self, name: str, wanted: set[Stream] | None) -> int:
        record = self._record(name)
        if record is None:
            raise NotFound(f"There is no segment {name!r}.", kind="segment", name=name)
        segment, revision = record
        content = ArchiveReading(self.archive, self.codec).content(name)
        away = self._away(name, content)
        streams = {stream: its for stream, its in away.items() if wanted is None or stream in wanted}
        rows = [row._replace(position=None) if segment.copied else row for its in streams.values() for row in its]
        personal = self._personal(name)
        documents = [one for stream, one in content.documents if stream in streams]
        documents += [one for stream in streams for one in personal.get(stream, ())]
        back = self._back(segment, revision, streams, rows, documents, last=len(streams) == len(away))
        result = archiving_of(self.store).restore(back, tenant=self.tenant)
        if isinstance(result, Conflicted):
            raise NotFound(
                f"{result.what} is not away in segment {name} any more.", kind="segment", name=name,
                hint="Somebody else was quicker: look again.",
            )  # fmt: skip
        return len(rows)

    # Erasing

    def erase(self, order: str) -> None:
        """Take the personal documents about an order out of the companions: of its segment, and of those nobody knows.

        (A segment that was written and whose rows then did not leave has no record, but a companion all the same.)
        """
        stream = stream_of(OrderId(order))
        query = ReadStream(stream, 1 << 40)
        its = self.store.read([query], tenant=self.tenant).of(query).archived
        for file in list(self.archive.names()):
            name = file.partition(".")[0]
            if file == personal_file(name) and (name == its or self._record(name) is None):
                self._erase(name, stream)

    def _erase(self, name: str, stream: Stream) -> None:
        personal = self._personal(name)
        if personal.pop(stream, None) is not None:
            self.archive.put(personal_file(name), pack_personal(personal))

    def orders_of(self, customer: str) -> Iterator[OrderId]:
        """Archived orders of a customer: every segment is read."""
        for segment, content in self._segments():
            away = self._away(segment.name, content)
            for stream, document in content.documents:
                body = self.codec.load_document(document.body) if document.kind == SUMMARY else None
                if stream in away and isinstance(body, OrderSummary) and body.customer == customer:
                    yield OrderId(document.key)

    def orders_before(self, before: datetime) -> Iterator[OrderId]:
        """Archived orders that were untouched since, and of which something personal is there."""
        for segment, content in self._segments():
            if segment.earliest < micros_of(before):
                personal = self._personal(segment.name)
                for stream, rows in self._away(segment.name, content).items():
                    if stream in personal and rows[-1].at < micros_of(before):
                        yield OrderId(stream.partition("/")[2])

    def _segments(self) -> Iterator[tuple[Segment, Content]]:
        reading = ArchiveReading(self.archive, self.codec)
        with transfer_of(self.store).export(tenant=self.tenant) as export:
            bodies = [self.codec.load_document(row.body) for row in export.documents(SEGMENT)]
        for body in bodies:
            if isinstance(body, Segment):
                yield body, reading.content(body.name)

    def _personal(self, name: str) -> dict[str, list[DocumentRow]]:
        try:
            return unpack_personal(name, self.archive.get(personal_file(name)))
        except NotFound:
            return {}

    def _away(self, name: str, content: Content) -> dict[Stream, list[LogRow]]:
        """The streams of a segment that are still away in it."""
        streams = content.streams()
        with transfer_of(self.store).export(tenant=self.tenant) as export:
            stubs = {row.stream for row in export.streams(tuple(streams)) if row.size < 0 and row.events == name}
        return {stream: rows for stream, rows in streams.items() if stream in stubs}

    def _back(
        self, segment: Segment, revision: int, streams: Mapping[Stream, Sequence[LogRow]], rows: Sequence[LogRow],
        documents: Sequence[DocumentRow], *, last: bool,
    ) -> Back:  # fmt: skip
        """What comes back, and what of the balances is still carried forward."""
        puts: list[DocumentRow] = []
        deletes: list[tuple[str, str, int]] = []
        came = Balances()
        came.add(rows, self.codec)
        with transfer_of(self.store).export(tenant=self.tenant) as export:
            for one in came.carried():
                known, known_at = self._known(export, one.sku)
                left = added(known, one, sign=-1) if known is not None else None
                if left is None or not left.rows:
                    deletes.append((CARRIED, one.sku, known_at))
                else:
                    puts.append(self._row(CARRIED, one.sku, known_at + 1, left))
        if last:
            deletes.append((SEGMENT, segment.name, revision))
        else:
            less = attrs.evolve(
                segment, streams=segment.streams - len(streams), rows=segment.rows - len(rows),
                documents=max(segment.documents - len(documents), 0),
            )  # fmt: skip
            puts.append(self._row(SEGMENT, segment.name, revision + 1, less))
        return Back(segment.name, rows, documents, (SEGMENT, segment.name, revision), puts, deletes)


def tracked_of(order: Order) -> list[tuple[str, str]]:
    """The documents that say that a carrier means this order by a number."""
    numbers = dict.fromkeys((parcel.carrier, parcel.tracking) for parcel in order.parcels.values())
    booked = dict.fromkeys(
        (parcel.booking.carrier, parcel.booking.tracking) for parcel in order.parcels.values() if parcel.booking
    )
    return [(TRACKED, tracking_key(*names)) for names in {**numbers, **booked} if all(names)]


def added(known: Carried, more: Carried, *, sign: int = 1) -> Carried:
    """What is carried forward when more leaves, or (`sign` -1) some of it came back; rows of zeros are dropped."""
    sums = {(row.place, row.lot, row.owner): (list(row.gained), list(row.lost)) for row in known.rows}
    for row in more.rows:
        gained, lost = sums.setdefault((row.place, row.lot, row.owner), ([0] * WIDTH, [0] * WIDTH))
        for column in range(WIDTH):
            gained[column] += sign * row.gained[column]
            lost[column] += sign * row.lost[column]
    rows = [
        CarriedRow(*key, tuple(gained), tuple(lost))
        for key, (gained, lost) in sorted(sums.items())
        if any(gained + lost)
    ]
    return Carried(known.sku, min(known.earliest, more.earliest), max(known.latest, more.latest), tuple(rows))


def _found(export: Export, names: Iterable[tuple[str, str]]) -> list[DocumentRow]:
    return [found for name in names if (found := export.document(*name)) is not None]
