"""Upkeep of a store: closed orders leave for an archive and come back, and what is personal is erased.

::

    kernel = Kernel.open("sqlite:///shop.db", archive=ArchiveFolder.at("archive"))
    Upkeep(kernel).archive(datetime.now(UTC) - timedelta(days=90))

For whoever runs a shop, in a job of its own; it needs a synchronous kernel, so a host on `AsyncKernel` builds one for it on
the same database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from attrs import frozen

from ordercore.flows.record import PERSON, SUMMARY
from ordercore.intake import Quarantined
from ordercore.kernel import Kernel
from ordercore.message import Context, Receipt
from ordercore.order import ErasePerson, OrderSummary, stream_of
from ordercore.store import Batch, Breach, DeleteDocument, PutDocument, ReadStream
from ordercore.store.archived import SEGMENT, Segment
from ordercore.store.transfer import Export, transfer_of
from ordercore.values import Address, CommandId, OrderId, instant_of, text_of
from ordercore.wiring.archive_folder import ArchiveFolder
from ordercore.wiring.archiving import CLOSED, ArchiveReport, OrderArchive
from ordercore.wiring.receive import QUARANTINE, RAW, Note
from ordercore.wiring.verify_archive import verify_archive

__all__ = ["ArchiveFolder", "ArchiveReport", "Upkeep"]


@frozen
class Upkeep:
    """What is done to the store of a kernel beside its work. The kernel needs `archive=` for all that concerns one."""

    kernel: Kernel

    def archive(self, before: datetime, *, statuses: Sequence[str] = CLOSED, most: int | None = None) -> ArchiveReport:
        """Let orders that are closed and untouched since `before` leave for the archive, with what lies around them.

        What is still to be done about an order keeps it here. `most`: so many streams at most. May be stopped at any
        moment and called again. Raises ConfigurationError without an archive or for a store that cannot.
        """
        return self._archive().archive_closed(instant_of(before, what="before"), statuses, most=most)

    def segments(self) -> tuple[Segment, ...]:
        """Segments of which something is away, oldest first."""
        core = self.kernel.core
        with self._export() as export:
            bodies = [core.codec.load_document(row.body) for row in export.documents(SEGMENT)]
        return tuple(
            sorted((body for body in bodies if isinstance(body, Segment)), key=lambda one: (one.latest, one.name))
        )

    def restore(self, order_id: str) -> int:
        """Bring an archived order back; returns its log rows, 0 if it is here. Raises NotFound."""
        return self._archive().restore(order_id)

    def restore_segment(self, name: str) -> int:
        """Bring back all that is away in a segment; returns the log rows. Raises NotFound."""
        return self._archive().restore_segment(name)

    def verify_archive(self) -> tuple[Breach, ...]:
        """Every breach between the archive and what the store carries forward for it; reads all segments."""
        its = self._archive()
        return verify_archive(its.store, its.archive, its.codec, its.tenant)

    def erase(self, order_id: str, *, reference: str = "", actor: str = "") -> Receipt[OrderId]:
        """Erase what is personal about an order, wherever it lies. The log stays, verifies, and says that it was done.

        `reference` names the request, `actor` who asked. A repeat changes nothing. Raises NotFound, and Archived where
        the order lies in an archive that the kernel does not have.
        """
        kernel, id = self.kernel, OrderId(order_id)
        query = ReadStream(stream_of(id), 1 << 40)
        away = kernel.store.read([query], tenant=kernel.core.tenant).of(query).archived
        if kernel.core.archive is not None:
            # The archive first: what is recorded as erased is gone everywhere.
            self._archive().erase(id)
        archived = bool(away and kernel.core.archive is not None)
        return kernel.handle(ErasePerson(id, reference, archived), actor=actor)

    def erase_customer(self, customer: str, *, reference: str = "", actor: str = "") -> tuple[OrderId, ...]:
        """The same for all orders of a customer, archived ones too; returns them. Reads every summary and segment."""
        named = text_of(customer, what="customer", empty=False)
        with self._export() as export:
            here = [id for id, one in self._summaries(export) if one.customer == named]
        return self._erase_all(here, lambda its: its.orders_of(named), reference, actor)

    def erase_before(self, before: datetime, *, reference: str = "", actor: str = "") -> tuple[OrderId, ...]:
        """The same for closed orders that were placed before a moment and have something to erase; returns them.

        The bytes of documents that came in before it, went into quarantine and were replayed since are erased as well.
        """
        when = instant_of(before, what="before")
        self._erase_replayed(when, actor)
        with self._export() as export:
            here = [
                id
                for id, one in self._summaries(export)
                if one.status in CLOSED and one.placed_at < when and self._has_address(export, id)
            ]
        return self._erase_all(here, lambda its: its.orders_before(when), reference, actor)

    def _erase_all(
        self,
        here: Sequence[OrderId],
        away: Callable[[OrderArchive], Iterable[OrderId]],
        reference: str,
        actor: str,
    ) -> tuple[OrderId, ...]:
        archived = tuple(away(self._archive())) if self.kernel.core.archive is not None else ()
        found = (*here, *archived)
        for id in found:
            self.erase(id, reference=reference, actor=actor)
        return found

    def _erase_replayed(self, before: datetime, actor: str) -> None:
        """Nobody needs the bytes of a document that was taken in after all; what was wrong with it stays."""
        core = self.kernel.core
        with self._export() as export:
            bodies = [(row, core.codec.load_document(row.body)) for row in export.documents(QUARANTINE)]
        now = core.clock.now()
        context = Context(CommandId(""), now, now, actor)
        for row, kept in bodies:
            if (
                isinstance(kept, Quarantined)
                and kept.status == "replayed"
                and kept.received_at
                and kept.received_at < before
            ):
                after = kept.erased()
                put = PutDocument(QUARANTINE, row.key, after, row.revision, after.status, row.sort)
                # Without an id: its fence is the revision, and whoever was quicker has replayed or erased it.
                documents = (put, DeleteDocument(RAW, row.key))
                self.kernel.store.commit(
                    Batch(CommandId(""), Note(row.key), context, (), documents, tenant=core.tenant)
                )

    def _export(self) -> AbstractContextManager[Export]:
        return transfer_of(self.kernel.store).export(tenant=self.kernel.core.tenant)

    def _summaries(self, export: Export) -> Iterator[tuple[OrderId, OrderSummary]]:
        for row in export.documents(SUMMARY):
            body = self.kernel.core.codec.load_document(row.body)
            if isinstance(body, OrderSummary):
                yield OrderId(row.key), body

    def _has_address(self, export: Export, id: OrderId) -> bool:
        row = export.document(PERSON, id)
        return row is not None and isinstance(self.kernel.core.codec.load_document(row.body), Address)

    def _archive(self) -> OrderArchive:
        core = self.kernel.core
        return OrderArchive(self.kernel.store, core.required_archive(), core.codec, core.tenant)
