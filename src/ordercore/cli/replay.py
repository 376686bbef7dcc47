"""Past orders replayed in the order of their time, in groups that do not disturb each other; resumable anywhere."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any, Final, TypeVar

from attrs import define, field, frozen

from ordercore.catalog import PutItem, PutLocation
from ordercore.cli.account import bodies
from ordercore.cli.history_source import Progress, Source
from ordercore.cli.replay_counts import ReplayCounts
from ordercore.errors import BrokenRule, ConfigurationError, ExceedsQuantity, NotFound, Rejected, TransitionRefused
from ordercore.flows.head import order_id
from ordercore.flows.record import WAITING
from ordercore.intake import Quarantined, RawDocument, quarantine
from ordercore.intake.history import END, SHIPMENT, START, History, HistoryRules, Invoice, Position
from ordercore.intake.history_notes import HistoryProgress, ReversalTaken
from ordercore.intake.history_plan import CODES, Earlier, Reversal, Supply, effects_of, in_order, order_of, supplies
from ordercore.kernel import Kernel
from ordercore.message import Envelope, Receipt
from ordercore.order import Order, Ship, WaitingLine
from ordercore.order.events import OrderAllocated
from ordercore.ports import Problem, Transmission
from ordercore.store import Document, Query, ReadDocument, ReadOffers, location_place
from ordercore.values import OrderId, Place, Sku
from ordercore.wiring.history import PROGRESS, REVERSAL, NoteHistory, reversal_key

A = TypeVar("A")

GROUP: Final = 200
"""Commands to a commit."""
ITEMS: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING_TO_SHIP: Final = (ExceedsQuantity, NotFound, TransitionRefused)


@frozen
class _Step:
    """One command of a group, and what it is about; only an order (which has `rows`) or a shipment may be refused."""

    position: Position
    envelope: Envelope[Any]
    invoice: Invoice
    rows: Sequence[int] = ()
    refusable: bool = True


@define(eq=False)
class _Touched:
    """What the commands of a group change: a command that depends on any of it must wait for their commit."""

    orders: set[OrderId] = field(factory=set)
    wanted: dict[Sku, int] = field(factory=dict)
    """Units that they may take out of free stock."""
    freed: set[Sku] = field(factory=set)
    """SKUs that they may put into free stock."""


class _Dependent(Exception):
    """A decision needs what the open group has not committed yet."""


class Replay:
    """One run over one history: from where the last one ended to the end."""

    def __init__(self, kernel: Kernel, channel: str, history: History, source: Source, progress: Progress) -> None:
        """Nothing is written yet."""
        self.kernel = kernel
        self.channel = channel
        self.history = history
        self.source = source
        self.progress = progress
        self.rules = history.rules
        self.documents = in_order(history)
        self.earlier = Earlier.of(history, self.documents)
        static: list[Invoice | Supply] = [*self.documents, *supplies(history)]
        self.static = sorted(static, key=lambda step: step.position)
        self.digest = history.digest()
        self.at = START
        self.counts = ReplayCounts(history)
        self.ships: list[tuple[Position, OrderId]] = []
        self.due: set[tuple[Position, OrderId]] = set()
        self.group: list[_Step] = []
        self.touched = _Touched()

    # From beginning to end

    def run(self) -> None:
        """Do all that is not done. Raises ConfigurationError for a store that holds another history of this channel."""
        found = self._document(PROGRESS, self.channel)
        if found is not None and isinstance(found.body, HistoryProgress):
            note = found.body
            if note.digest != self.digest:
                raise ConfigurationError(
                    f"This store holds another history of channel {self.channel!r}, or one by other rules.",
                    hint="Import it into a store of its own.",
                )
            if note.complete:
                self.counts.by_name = dict(note.counts)
                return
            self._keep_raw()
            self._resume(note)
        else:
            self._keep_raw()
            self._prepare()
        self._replay()
        self._flush()
        self._note(END, complete=True)

    def _prepare(self) -> None:
        rules, history = self.rules, self.history
        location = Envelope(PutLocation(rules.location, time_zone=rules.time_zone), "history:location", self._begin())
        self._must([location])
        items = [
            PutItem(sku) if tracked else PutItem(sku, tracking="none", delivery="service")
            for sku, tracked in zip(history.skus, history.tracked, strict=True)
        ]
        for at in range(0, len(items), ITEMS):
            self._must(Envelope(item, f"history:item:{item.sku}", self._begin()) for item in items[at : at + ITEMS])
        self._reject()

    def _begin(self) -> datetime:
        """When the shop was there before anything happened in it."""
        return _EPOCH + timedelta(microseconds=self.static[0].position[0]) if self.static else _EPOCH

    def _keep_raw(self) -> None:
        """The lines that are of no use, or may turn out to be: one more look at the file."""
        history = self.history
        raw = list(history.lost())
        for invoice in history.invoices:
            raw += history.rows(invoice.number) if invoice.rejected else history.reversals(invoice)
        self.source.keep(history, raw)

    def _reject(self) -> None:
        """What can be seen to be of no use without replaying anything."""
        history = self.history
        kept: list[tuple[Sequence[int], Invoice | None]] = [([row], None) for row in history.lost()]
        kept += [(history.rows(one.number), one) for one in history.invoices if one.rejected]
        for at in range(0, len(kept), GROUP):
            self._must([Envelope(self._kept(rows, invoice)) for rows, invoice in kept[at : at + GROUP]])

    def _resume(self, note: HistoryProgress) -> None:
        """Shipments that are due, again: from what was ordered and what was filled in the days before."""
        self.at = (note.at[0], note.at[1], note.at[2])
        self.counts.by_name = dict(note.counts)
        for sku, places in self._offers().items():
            self.counts.free[sku] = places.get(location_place(self.rules.location), 0)
        for line in bodies(self.kernel, WAITING, WaitingLine):
            self.counts.waiting[line.sku] = self.counts.waiting.get(line.sku, 0) + line.quantity
        since = self.at[0] - micros_of_days(self.rules)
        for step in self.static[: self._first()]:
            if isinstance(step, Invoice) and self.history.sales(step):
                self._schedule(step, step.position[0])
            if step.position[0] < since:
                continue
            if isinstance(step, Supply):
                done = self._must([Envelope(step.command(self.history, self._source()), None, step.moment)])
                self._schedule_filled(done, step.position[0])
            elif self.history.reversals(step):
                taken = self._taken(step)
                if taken is not None:
                    done = self._must(effects_of(taken, self.rules, _moment(step)))
                    self._schedule_filled(done, step.position[0])

    def _offers(self) -> Mapping[Sku, Mapping[Place, int]]:
        offers: dict[Sku, Mapping[Place, int]] = {}
        for at in range(0, len(self.history.skus), ITEMS):
            offers |= self._ask(ReadOffers(tuple(self.history.skus[at : at + ITEMS])))
        return offers

    def _first(self) -> int:
        return bisect_left(self.static, self.at, key=lambda step: step.position)

    def _replay(self) -> None:
        static, total = self.static, len(self.static)
        number = self._first()
        while number < total or self.ships:
            if self.ships and (number == total or self.ships[0][0] < static[number].position):
                self._ship()
                continue
            step = static[number]
            number += 1
            if isinstance(step, Supply):
                self._receive(step)
            else:
                self._document_of(step)
            if not number % 50:
                self.progress("replaying", number, total)
        self.progress("replaying", total, total)

    def _document_of(self, invoice: Invoice) -> None:
        sales = self.history.sales(invoice)
        if sales:
            self._place(invoice, sales)
        if len(sales) < len(self.history.rows(invoice.number)):
            self._reverse(invoice)

    # In groups: commands that do not disturb each other, so that it is as if they came one after the other

    def _place(self, invoice: Invoice, rows: Sequence[int]) -> None:
        """Into the group, unless what it will find depends on those before it: then they are committed first."""
        history = self.history
        needs: dict[Sku, int] = {}
        for row in rows:
            number = history.sku[row]
            if history.tracked[number]:
                sku = history.skus[number]
                needs[sku] = needs.get(sku, 0) + history.quantity[row]
        if self._depends(needs):
            self._flush()
        wanted = self.touched.wanted
        for sku, units in needs.items():
            wanted[sku] = wanted.get(sku, 0) + units
        command = order_of(history, self.channel, invoice, rows)
        order = order_id(self.channel, invoice.name)
        self._add(_Step(invoice.position, Envelope(command, None, invoice.moment), invoice, rows), order)
        self._schedule(invoice, invoice.position[0])

    def _depends(self, needs: Mapping[Sku, int]) -> bool:
        """Whether an order would find other stock after the group than before it, where that makes a difference."""
        free, wanted, freed = self.counts.free, self.touched.wanted, self.touched.freed
        for sku, units in needs.items():
            taken = wanted.get(sku)
            if taken is not None:
                there = free.get(sku, 0)
                if there - taken < units and (there or sku in freed):
                    return True
            elif freed and sku in freed and free.get(sku, 0) < units:
                return True
        return False

    def _ship(self) -> None:
        position, order = heappop(self.ships)
        self.due.discard((position, order))
        if order in self.touched.orders:
            self._flush()
        invoice = self.history.invoices[position[2]]
        moment = _EPOCH + timedelta(microseconds=position[0])
        command = Ship(order)
        self._add(_Step(position, Envelope(command, f"history:ship:{order}:{position[0]}", moment), invoice), order)

    def _schedule(self, invoice: Invoice, micros: int) -> None:
        """Ship what is reserved for this order so many days later, if that is still to come."""
        position = (micros + micros_of_days(self.rules), SHIPMENT, invoice.number)
        entry = (position, order_id(self.channel, invoice.name))
        if position >= self.at and entry not in self.due:
            self.due.add(entry)
            heappush(self.ships, entry)

    def _schedule_filled(self, receipts: Iterable[Receipt[Any]], micros: int) -> None:
        prefix = f"order/{self.channel}:"
        for receipt in receipts:
            for stream, _, events in receipt.appended:
                if stream.startswith(prefix) and any(type(event) is OrderAllocated for event in events):
                    number = self.history.names.get(stream.removeprefix(prefix))
                    if number is not None:
                        self._schedule(self.history.invoices[number], micros)

    def _add(self, step: _Step, order: OrderId | None = None) -> None:
        self.group.append(step)
        if order is not None:
            self.touched.orders.add(order)
        if len(self.group) >= GROUP:
            self._flush()

    def _flush(self) -> None:
        """Commit the group, with the note that everything before it is done."""
        group, self.group = self.group, []
        if not group:
            return
        self.touched = _Touched()
        envelopes = [self._progress_at(group[0].position), *(step.envelope for step in group)]
        results = self.kernel.handle_many(envelopes, actor="import", group=len(envelopes))
        _first_of(results[:1])
        for step, result in zip(group, results[1:], strict=True):
            if isinstance(result, Receipt):
                self.counts.take(result)
            elif isinstance(result, BrokenRule):
                raise result
            elif step.rows:
                self._must([Envelope(self._kept(step.rows, step.invoice, result))])
            elif not (step.refusable and isinstance(result, _NOTHING_TO_SHIP)):
                raise result

    # Receipts, and reversals that give somebody what he waits for: one by one

    def _receive(self, supply: Supply) -> None:
        self._flush()
        command = supply.command(self.history, self._source())
        self._alone(Envelope(command, None, supply.moment), [], supply.position)

    def _source(self) -> str:
        return f"history.{self.channel}"

    def _reverse(self, invoice: Invoice) -> None:
        """Into the group, if it does not depend on it and serves nobody who waits; else alone, after the group.

        Alone too if it changes an order twice, for the second change would come after the group and out of its time.
        """
        try:
            taken, note = self._noted(invoice)
        except _Dependent:
            self._flush()
            taken, note = self._noted(invoice)
        effects = list(effects_of(taken, self.rules, _moment(invoice)))
        twice = len({(one.order, one.how) for one in taken.units}) > len({one.order for one in taken.units})
        if twice or any(self._waits(row.sku) for row in taken.rows if not row.code):
            self._flush()
            self._alone(Envelope(note), effects, invoice.position)
            return
        touched = self.touched
        for row in taken.rows:
            if row.adjusted < 0:
                touched.wanted[row.sku] = touched.wanted.get(row.sku, 0) - row.adjusted
            elif not row.code:
                touched.freed.add(row.sku)
        touched.orders |= {one.order for one in taken.units}
        self.group += [
            _Step(invoice.position, envelope, invoice, refusable=False) for envelope in (Envelope(note), *effects)
        ]
        if len(self.group) >= GROUP:
            self._flush()

    def _waits(self, sku: Sku) -> bool:
        """Whether units of this SKU may wait for supply, after the group."""
        return bool(self.counts.waiting.get(sku)) or self.touched.wanted.get(sku, 0) > self.counts.free.get(sku, 0)

    def _noted(self, invoice: Invoice) -> tuple[ReversalTaken, NoteHistory]:
        """How the document is taken, as decided before or now, and the note of it. Raises _Dependent."""
        taken = self._taken(invoice)
        if taken is None:
            taken = Reversal(self.history, self.channel, self.earlier, self._order, self._free).take(invoice)
        elif self.touched.orders & {one.order for one in taken.units}:
            raise _Dependent
        codes = {row.row: row.code for row in taken.rows if row.code}
        kept: tuple[Quarantined, ...] = ()
        raw: tuple[RawDocument, ...] = ()
        if codes:
            rows = [row for row in self.history.reversals(invoice) if self.history.line[row] in codes]
            rejected = self._kept(rows, invoice, codes=codes)
            kept, raw = rejected.kept, rejected.raw
        return taken, NoteHistory(self.channel, f"{self.digest}:{invoice.name}", None, taken, kept, raw)

    def _taken(self, invoice: Invoice) -> ReversalTaken | None:
        found = self._document(REVERSAL, reversal_key(self.channel, invoice.name))
        return found.body if found is not None and isinstance(found.body, ReversalTaken) else None

    def _alone(self, note: Envelope[Any], envelopes: Sequence[Envelope[Any]], position: Position) -> None:
        done = self._must([self._progress_at(position), note, *envelopes])
        for receipt in done:
            self.counts.take(receipt)
        self._schedule_filled(done, position[0])

    def _free(self, sku: Sku) -> int:
        if sku in self.touched.wanted or sku in self.touched.freed:
            raise _Dependent
        return self.counts.free.get(sku, 0)

    def _order(self, id: OrderId) -> Order | None:
        if id in self.touched.orders:
            raise _Dependent
        try:
            return self.kernel.order(id)
        except NotFound:
            return None

    # The store

    def _progress_at(self, position: Position) -> Envelope[Any]:
        progress = HistoryProgress(self.digest, position, dict(self.counts.by_name))
        return Envelope(NoteHistory(self.channel, f"{self.digest}:{position}", progress))

    def _note(self, position: Position, *, complete: bool) -> None:
        progress = HistoryProgress(self.digest, position, dict(self.counts.by_name), complete)
        self._must([Envelope(NoteHistory(self.channel, f"{self.digest}:{position}", progress))])

    def _kept(
        self, rows: Sequence[int], invoice: Invoice | None, refused: Rejected | None = None,
        codes: Mapping[int, str] | None = None,
    ) -> NoteHistory:  # fmt: skip
        """These rows as one document in quarantine, each with its reason."""
        history = self.history
        moment = invoice.moment if invoice is not None else None
        body = self.source.body(history, rows)
        transmission = Transmission(self.channel, "text/csv", body, received_at=moment)
        problems = tuple(p for row in rows for p in self._problems(row, invoice, refused, codes or {}))
        kept, raw = quarantine(transmission, problems)
        return NoteHistory(self.channel, f"{self.digest}:rows:{history.line[rows[0]]}", None, None, (kept,), (raw,))

    def _problems(
        self, row: int, invoice: Invoice | None, refused: Rejected | None, codes: Mapping[int, str]
    ) -> tuple[Problem, ...]:
        known = self.history.problems.get(row)
        if known:
            return known
        line, subject = self.history.line[row], invoice.name if invoice is not None else ""
        if refused is not None:
            code, message = refused.code, refused.message
        elif line in codes:
            code, message = codes[line], CODES[codes[line]]
        elif invoice is not None and invoice.rejected and not self._has_problem(invoice):
            code, message = "bookkeeping", "The number says that this is an entry of the books and no trade."
        else:
            code, message = "order_not_complete", "Another row of this document cannot be used."
        return (Problem(code, "reject", f"row {line}", message, subject=subject),)

    def _has_problem(self, invoice: Invoice) -> bool:
        return any(row in self.history.problems for row in self.history.rows(invoice.number))

    def _must(self, envelopes: Iterable[Envelope[Any]]) -> list[Receipt[Any]]:
        """Commands that cannot be refused: the plan was made from what stands in the store."""
        listed = list(envelopes)
        return _first_of(self.kernel.handle_many(listed, actor="import", group=len(listed) or 1))

    def _document(self, kind: str, key: str) -> Document | None:
        return self._ask(ReadDocument(kind, key))

    def _ask(self, query: Query[A]) -> A:
        return self.kernel.store.read((query,), tenant=self.kernel.core.tenant).of(query)


def _first_of(results: Iterable[Receipt[Any] | Rejected | BrokenRule]) -> list[Receipt[Any]]:
    done: list[Receipt[Any]] = []
    for result in results:
        if isinstance(result, Rejected | BrokenRule):
            raise result
        done.append(result)
    return done


def _moment(invoice: Invoice) -> datetime:
    if invoice.moment is None:
        raise BrokenRule("A document without a time is not replayed.", invoice=invoice.name)
    return invoice.moment


def micros_of_days(rules: HistoryRules) -> int:
    """From order to shipment, in microseconds."""
    return rules.shipped_after_days * 86_400_000_000
