"""A tenant from one store into another: resumable, with memory that does not grow, compared at the end.

The log goes first, page by page, and with each page how far it has come: so it goes on where it was killed. What stands
beside the log (documents, counters, timers, followers) is small and may have changed meanwhile, so it goes last and
as a whole, out of one snapshot. Rows of stock are never copied: the target makes them from its log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import islice, takewhile
from typing import Any, Final, Literal, TypeVar

import attrs
from attrs import frozen

from ordercore.errors import AlreadyExists
from ordercore.message import DocumentType
from ordercore.store.archived import SEGMENT, Segment
from ordercore.store.contract import EventCodec
from ordercore.store.result import Breach
from ordercore.store.transfer import Counts, DocumentRow, Export, LogRow, StoredRow, transfer_of
from ordercore.values import Cursor

R = TypeVar("R")
Tell = Callable[[str, int, int], None]
"""What is done now, how much of it is done, and of how much (0: not known)."""

COPY: Final = "copy"
"""Kind of the document in the target that says how far a copy has come."""
DERIVED: Final = frozenset(("journal",))
"""Kinds of documents, and followers of the same names, that name positions of a log: the target makes its own."""
PAGE: Final = 2_000


@frozen
class CopyProgress:
    """How far a copy has come. `source` is made from the first row of the log, so that another source is noticed.

    `rows` of the log are here, up to `cursor` of the source. `copying`: it was not finished.
    """

    source: str
    rows: int = 0
    cursor: str = ""
    status: Literal["copying", "copied"] = "copying"


DOCUMENTS: Final[tuple[DocumentType, ...]] = (DocumentType("copy", CopyProgress),)


@frozen
class Copied:
    """What a copy came to: how much there is now, and where source and target differ."""

    counts: Counts
    new_rows: int
    """Of the log, by this call."""
    differences: tuple[Breach, ...]


def copy(
    source: object, target: object, codec: EventCodec, *, tenant: str = "", tell: Tell | None = None, page: int = PAGE
) -> Copied:
    """Copy a tenant, or go on where an earlier call was stopped; what the source got since then follows.

    `page`: rows that are held in memory and written at a time.

    The source is read as of one moment: stop its writers before the last call, or what they write later is missing.
    Raises AlreadyExists where the target holds anything else, and ConfigurationError for a store that cannot.
    """
    copying = _Copying(source, target, codec, tenant, tell or _silent, page)
    with copying.source.export(tenant=tenant) as export:
        progress = copying.begin(export)
        new_rows = copying.log(export, progress)
        copying.rest(export)
        copying.balances()
        copying.keep(attrs.evolve(copying.progress, status="copied"))
        copying.tell("comparing", 0, 0)
        with copying.target.export(tenant=tenant) as made:
            return Copied(_without_progress(made), new_rows, differences(export, made))


def compare(source: object, target: object, *, tenant: str = "") -> Copied:
    """Copy nothing: what there is, and where the two differ."""
    there, here = transfer_of(source), transfer_of(target)
    with there.export(tenant=tenant) as export, here.export(tenant=tenant) as made:
        return Copied(_without_progress(made), 0, differences(export, made))


class _Copying:
    """One copy under way."""

    def __init__(self, source: object, target: object, codec: EventCodec, tenant: str, tell: Tell, page: int) -> None:
        self.source = transfer_of(source)
        self.target = transfer_of(target)
        self.codec = codec
        self.tenant = tenant
        self.tell = tell
        self.page = page
        self.progress = CopyProgress("")

    def begin(self, export: Export) -> CopyProgress:
        """How far an earlier call came. Raises AlreadyExists."""
        first = next(_settled(export), None)
        name = _name_of(first)
        with self.target.export(tenant=self.tenant) as made:
            kept = made.document(COPY, "")
            counts = made.counts()
        if kept is None:
            if not counts.nothing:
                raise _occupied("The target holds something already.", self.tenant)
            self.progress = CopyProgress(name)
        else:
            found = self.codec.load_document(kept.body)
            assert isinstance(found, CopyProgress)  # noqa: S101  # the one kind of body under this kind
            if found.source not in ("", name):
                raise _occupied("The target holds a copy of another store.", self.tenant)
            if found.rows != counts.log:
                raise _occupied("The target was written to since it was copied.", self.tenant)
            self.progress = attrs.evolve(found, source=name, status="copying")
        self.keep(self.progress)
        return self.progress

    def log(self, export: Export, progress: CopyProgress) -> int:
        """Ids without events, then the log from where it stands."""
        self._take("commands without events", _ids(export), export.counts().ids)
        total, done = export.counts().log, progress.rows
        after = Cursor(progress.cursor) if progress.cursor else None
        # No further than what is settled: the next call goes on from there, and must not be behind what was open now.
        for page in _pages(_settled(export, after), self.page):
            done += len(page)
            self.progress = attrs.evolve(self.progress, rows=done, cursor=str(page[-1].position))
            self.target.take([*page, self._row(self.progress)], tenant=self.tenant)
            self.tell("log", done, total)
        return done - progress.rows

    def rest(self, export: Export) -> None:
        """What stands beside the log, as a whole."""
        counts = export.counts()
        self.target.clear(tenant=self.tenant, keep=COPY)
        documents = (self._here(one) for one in export.documents() if one.kind not in DERIVED and one.kind != COPY)
        self._take("documents", documents, counts.documents)
        self._take("counters", export.counters(), counts.counters)
        self._take("timers", export.timers(), counts.timers)
        followers = (one for one in export.consumers() if one.name not in DERIVED)
        self._take("followers", followers, counts.consumers)

    def _here(self, row: DocumentRow) -> DocumentRow:
        """As it is here: a segment of an archive names positions of the source's log."""
        if row.kind != SEGMENT:
            return row
        body = self.codec.load_document(row.body)
        assert isinstance(body, Segment)  # noqa: S101  # the one kind of body under this kind
        return row._replace(body=self.codec.dump_document(attrs.evolve(body, copied=True)))

    def balances(self) -> None:
        """From the target's own log."""
        self.tell("rows of stock from the log", 0, 0)
        self.target.rebuild(tenant=self.tenant)

    def keep(self, progress: CopyProgress) -> None:
        """Say in the target how far it is."""
        self.progress = progress
        self.target.take([self._row(progress)], tenant=self.tenant)

    def _take(self, what: str, rows: Iterator[StoredRow], total: int) -> None:
        done = 0
        for page in _pages(rows, self.page):
            self.target.take(page, tenant=self.tenant)
            done += len(page)
            self.tell(what, done, total)

    def _row(self, progress: CopyProgress) -> DocumentRow:
        return DocumentRow(COPY, "", 1, "", "", self.codec.dump_document(progress))


def differences(source: Export, target: Export) -> tuple[Breach, ...]:
    """Where two tenants differ, kind by kind: how many rows there are, and a digest of all they hold.

    The log is compared in its order, checksums of its text included; everything else in any order.
    """
    kinds: dict[str, Callable[[Export], tuple[int, str]]] = {
        "log": lambda export: _in_order(export.log()),
        "commands without events": lambda export: _in_any_order(row[1:] for row in _ids(export)),
        "documents": lambda export: _in_any_order(
            row for row in export.documents() if row.kind not in DERIVED and row.kind not in (COPY, SEGMENT)
        ),
        "counters": lambda export: _in_any_order(export.counters()),
        "timers": lambda export: _in_any_order(export.timers()),
        "followers": lambda export: _in_any_order(row for row in export.consumers() if row.name not in DERIVED),
        "stock": lambda export: _in_any_order((key, row) for key, row in export.balances() if any(row)),
    }
    found = []
    for kind, digest in kinds.items():
        there, here = digest(source), digest(target)
        if there != here:
            found.append(Breach("copy", kind, _shown(there), _shown(here)))
    return tuple(found)


def _settled(export: Export, after: Cursor | None = None) -> Iterator[LogRow]:
    end = export.settled()
    return takewhile(lambda row: end is None or str(row.position) < end, export.log(after))


def _ids(export: Export) -> Iterator[LogRow]:
    """Without those of what the target makes by itself: their positions are other ones there."""
    begin = tuple(f"{name}:" for name in DERIVED)
    return (row for row in export.ids() if not row.command_id.startswith(begin))


def _in_order(rows: Iterable[LogRow]) -> tuple[int, str]:
    digest, count = blake2b(digest_size=16), 0
    for row in rows:
        # Not the text itself: its checksum was compared with it when the row was read.
        digest.update(repr(row[1:-1]).encode())
        count += 1
    return count, digest.hexdigest()


def _in_any_order(rows: Iterable[Any]) -> tuple[int, str]:
    """Sums do not depend on the order: stores sort text each in their own way."""
    total = count = 0
    for row in rows:
        total += int.from_bytes(blake2b(repr(tuple(row)).encode(), digest_size=16).digest(), "big")
        count += 1
    return count, f"{total % (1 << 128):032x}"


def _shown(digest: tuple[int, str]) -> str:
    return f"{digest[0]:,} rows, digest {digest[1][:12]}"


def _name_of(first: LogRow | None) -> str:
    if first is None:
        return ""
    return blake2b(repr((*first[1:5], first.at)).encode(), digest_size=16).hexdigest()


def _occupied(message: str, tenant: str) -> AlreadyExists:
    return AlreadyExists(
        message, kind="store", tenant=tenant, hint="Copy into a new store, or finish the copy from the same source."
    )


def _without_progress(export: Export) -> Counts:
    counts = export.counts()
    return attrs.evolve(counts, documents=counts.documents - (export.document(COPY, "") is not None))


def _pages(rows: Iterator[R], size: int) -> Iterator[list[R]]:
    while page := list(islice(rows, size)):
        yield page


def _silent(what: str, done: int, total: int) -> None:
    """Nobody listens."""
