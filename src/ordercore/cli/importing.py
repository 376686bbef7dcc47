"""Import of a shop's history: past orders replayed through the kernel in the order of their time, resumable anywhere."""

from __future__ import annotations

import gzip
import tomllib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, TypeVar, cast

from attrs import define, field, frozen

from ordercore.catalog import PutItem, PutLocation
from ordercore.cli.account import ImportAccount, account_of
from ordercore.cli.sample import SAMPLE_RULES, Sample
from ordercore.errors import (
    BrokenRule,
    ConfigurationError,
    ExceedsQuantity,
    NotFound,
    Rejected,
    TransitionRefused,
    did_you_mean,
)
from ordercore.flows.place import order_id
from ordercore.intake import Quarantined, RawDocument, quarantine
from ordercore.intake.history import (
    END,
    SHIPMENT,
    START,
    History,
    HistoryRules,
    Invoice,
    Position,
    read_history,
)
from ordercore.intake.history_notes import HistoryProgress, ReversalTaken
from ordercore.intake.history_plan import CODES, Earlier, Reversal, Supply, effects_of, in_order, order_of, supplies
from ordercore.kernel import Kernel
from ordercore.message import Envelope, Event, Receipt
from ordercore.order import Order, Ship
from ordercore.order.events import LinesBackordered, LinesCancelled, OrderAllocated, ParcelShipped, ReturnReceived
from ordercore.ports import BadRow, OrderRow, Problem, RowSource, Transmission
from ordercore.stock.events import StockAdjusted, StockReceived
from ordercore.store import Document, Query, ReadDocument, ReadOffers, location_place, postings_of
from ordercore.values import OrderId, Place, Sku
from ordercore.wiring.history import PROGRESS, REVERSAL, NoteHistory, reversal_key
from ordercore.wiring.plugins import Plugins, discover

A = TypeVar("A")
Progress = Callable[[str, int, int], None]
"""Told now and then: what is being done, how much of it is done, how much there is (0: not known)."""

GROUP: Final = 200
"""Commands to a commit."""
ITEMS: Final = 500
_NOTHING_TO_SHIP: Final = (ExceedsQuantity, NotFound, TransitionRefused)


class Source(Protocol):
    """Where the rows of a history come from."""

    def rows(self) -> Iterator[OrderRow | BadRow]:
        """All of them, in order."""
        ...

    def keep(self, history: History, rows: Sequence[int]) -> None:
        """These rows will be asked for, most likely."""
        ...

    def body(self, history: History, rows: Sequence[int]) -> bytes:
        """These rows as a file of their own, with its header."""
        ...


@define(eq=False)
class File:
    """A file of rows, plain or compressed with gzip."""

    path: Path
    channel: RowSource
    _kept: dict[int, bytes] = field(factory=dict)
    _header: bytes = b""

    def rows(self) -> Iterator[OrderRow | BadRow]:
        """All of them, in order."""
        with self._opened() as file:
            yield from self.channel.rows(file)

    def _opened(self) -> BinaryIO:
        if self.path.suffix == ".gz":
            return cast(BinaryIO, gzip.open(self.path, "rb"))  # the caller closes it
        return self.path.open("rb")

    def keep(self, history: History, rows: Sequence[int]) -> None:
        """Read the raw lines of these rows; a row ends where the next one begins."""
        ends = {history.line[row]: history.line[row + 1] if row + 1 < len(history) else 1 << 62 for row in rows}
        until, at = 0, 0
        with self._opened() as file:
            for number, line in enumerate(file, start=1):
                if number == 1:
                    self._header = line
                if number in ends:
                    at, until = number, ends[number]
                    self._kept[at] = b""
                if number < until:
                    self._kept[at] += line

    def body(self, history: History, rows: Sequence[int]) -> bytes:
        """The header and these lines, as they stand in the file."""
        missing = [row for row in rows if history.line[row] not in self._kept]
        if missing:
            self.keep(history, missing)
        lines = [self._kept[history.line[row]] for row in rows]
        return b"".join(line if line.endswith(b"\n") else line + b"\n" for line in (self._header, *lines))


@frozen
class _Step:
    """One command of a group, and what it is about."""

    position: Position
    envelope: Envelope[Any]
    invoice: Invoice
    rows: Sequence[int] = ()


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
        self.counts: dict[str, int] = {}
        self.free: dict[Sku, int] = {}
        """Units available at the location, as after all that was done: so that a group never has to guess."""
        self.ships: list[tuple[Position, OrderId]] = []
        self.due: set[tuple[Position, OrderId]] = set()
        self.group: list[_Step] = []
        self.wanted: dict[Sku, int] = {}

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
                self.counts = dict(note.counts)
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
        self.kernel.handle(PutLocation(rules.location, time_zone=rules.time_zone), key="history:location")
        items = [
            PutItem(sku) if tracked else PutItem(sku, tracking="none", delivery="service")
            for sku, tracked in zip(history.skus, history.tracked, strict=True)
        ]
        for at in range(0, len(items), ITEMS):
            self._must(Envelope(item, f"history:item:{item.sku}") for item in items[at : at + ITEMS])
        self._reject()

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
        self.counts = dict(note.counts)
        for sku, places in self._offers().items():
            self.free[sku] = places.get(location_place(self.rules.location), 0)
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

    # Orders and shipments: in groups, for they do not disturb each other

    def _place(self, invoice: Invoice, rows: Sequence[int]) -> None:
        """Into the group, unless the stock might not last for it and those before it: then they are placed first."""
        history, free, wanted = self.history, self.free, self.wanted
        needs: dict[Sku, int] = {}
        for row in rows:
            number = history.sku[row]
            if history.tracked[number]:
                sku = history.skus[number]
                needs[sku] = needs.get(sku, 0) + history.quantity[row]
        for sku, units in needs.items():
            before = wanted.get(sku)
            if before is not None and free.get(sku, 0) - before < units:
                self._flush()
                wanted = self.wanted
                break
        for sku, units in needs.items():
            wanted[sku] = wanted.get(sku, 0) + units
        command = order_of(history, self.channel, invoice, rows)
        self._add(_Step(invoice.position, Envelope(command, None, invoice.moment), invoice, rows))
        self._schedule(invoice, invoice.position[0])

    def _ship(self) -> None:
        position, order = heappop(self.ships)
        self.due.discard((position, order))
        invoice = self.history.invoices[position[2]]
        moment = _moment(invoice).fromtimestamp(position[0] // 1_000_000, tz=_moment(invoice).tzinfo)
        command = Ship(order)
        self._add(_Step(position, Envelope(command, f"history:ship:{order}:{position[0]}", moment), invoice))

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

    def _add(self, step: _Step) -> None:
        self.group.append(step)
        if len(self.group) >= GROUP:
            self._flush()

    def _flush(self) -> None:
        """Commit the group, with the note that everything before it is done."""
        group, self.group, self.wanted = self.group, [], {}
        if not group:
            return
        envelopes = [self._progress_at(group[0].position), *(step.envelope for step in group)]
        results = self.kernel.handle_many(envelopes, actor="import", group=len(envelopes))
        _first_of(results[:1])
        for step, result in zip(group, results[1:], strict=True):
            if isinstance(result, Receipt):
                self._count(result)
            elif step.rows:
                self._must([Envelope(self._kept(step.rows, step.invoice, result))])
            elif not isinstance(result, _NOTHING_TO_SHIP):
                raise result

    # Receipts and reversals: one by one

    def _receive(self, supply: Supply) -> None:
        self._flush()
        command = supply.command(self.history, self._source())
        self._alone(self._progress_at(supply.position), [Envelope(command, None, supply.moment)], supply.position)

    def _source(self) -> str:
        return f"history.{self.channel}"

    def _reverse(self, invoice: Invoice) -> None:
        self._flush()
        taken = self._taken(invoice)
        if taken is None:
            reversal = Reversal(
                self.history, self.channel, self.earlier, self._order, lambda sku: self.free.get(sku, 0)
            )
            taken = reversal.take(invoice)
        codes = {row.row: row.code for row in taken.rows if row.code}
        kept: tuple[Quarantined, ...] = ()
        raw: tuple[RawDocument, ...] = ()
        if codes:
            rows = [row for row in self.history.reversals(invoice) if self.history.line[row] in codes]
            rejected = self._kept(rows, invoice, codes=codes)
            kept, raw = rejected.kept, rejected.raw
        position = invoice.position
        progress = HistoryProgress(self.digest, position, dict(self.counts))
        note = NoteHistory(self.channel, f"{self.digest}:{position}:reversal", progress, taken, kept, raw)
        self._alone(Envelope(note), list(effects_of(taken, self.rules, _moment(invoice))), position)

    def _taken(self, invoice: Invoice) -> ReversalTaken | None:
        found = self._document(REVERSAL, reversal_key(self.channel, invoice.name))
        return found.body if found is not None and isinstance(found.body, ReversalTaken) else None

    def _alone(self, note: Envelope[Any], envelopes: Sequence[Envelope[Any]], position: Position) -> None:
        done = self._must([note, *envelopes])
        for receipt in done:
            self._count(receipt)
        self._schedule_filled(done, position[0])

    def _order(self, id: OrderId) -> Order | None:
        try:
            return self.kernel.order(id)
        except NotFound:
            return None

    # What it all comes to

    def _count(self, receipt: Receipt[Any]) -> None:
        counts, free = self.counts, None if receipt.duplicate else self.free
        for _, _, events in receipt.appended:
            for event in events:
                kind = type(event)
                if kind is OrderAllocated:
                    units = 0
                    for leg in event.legs:  # type: ignore[attr-defined]
                        units += leg[3]
                        if free is not None:
                            free[leg[1]] = free.get(leg[1], 0) - leg[3]
                    if event.waiting == "backordered":  # type: ignore[attr-defined]
                        counts["filled"] = counts.get("filled", 0) + units
                    continue
                self._tally(event)
                if free is not None and kind not in (ParcelShipped, LinesBackordered):
                    for posting in postings_of(event):
                        change = (posting.target_bucket == "available") - (posting.source_bucket == "available")
                        if change:
                            free[posting.sku] = free.get(posting.sku, 0) + change * posting.quantity

    def _tally(self, event: Event) -> None:
        match event:
            case LinesBackordered(lines):
                self._plus("backordered", sum(line.quantity for line in lines))
            case ParcelShipped():
                self._plus("shipments", 1)
                self._plus("shipped", sum(moved.quantity for moved in event.contents))
                self._plus("shipped", sum(line.quantity for line in event.services))
            case StockReceived():
                self._plus("receipts", 1)
                self._plus("received", sum(line.quantity for line in event.lines))
            case LinesCancelled():
                self._plus("cancelled_waiting", sum(line.quantity for line in event.backordered))
            case ReturnReceived():
                self._plus("returns", 1)
            case StockAdjusted():
                self._plus("adjustments", 1)
            case _:
                pass

    def _plus(self, name: str, units: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + units

    # The store

    def _progress_at(self, position: Position) -> Envelope[Any]:
        progress = HistoryProgress(self.digest, position, dict(self.counts))
        return Envelope(NoteHistory(self.channel, f"{self.digest}:{position}", progress))

    def _note(self, position: Position, *, complete: bool) -> None:
        progress = HistoryProgress(self.digest, position, dict(self.counts), complete)
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


def _first_of(results: Iterable[Receipt[Any] | Rejected]) -> list[Receipt[Any]]:
    done: list[Receipt[Any]] = []
    for result in results:
        if isinstance(result, Rejected):
            raise result
        done.append(result)
    return done


def _moment(invoice: Invoice) -> Any:
    if invoice.moment is None:
        raise BrokenRule("A document without a time is not replayed.", invoice=invoice.name)
    return invoice.moment


def micros_of_days(rules: HistoryRules) -> int:
    """From order to shipment, in microseconds."""
    return rules.shipped_after_days * 86_400_000_000


def run_import(
    *, url: str, channel: str, map_path: Path | None, source: Path | None, generate: int | None, seed: int,
    progress: Progress,
) -> ImportAccount:  # fmt: skip
    """Replay a history into the store at `url`, and account for every line of it.

    From the file `source`, read by an installed `channel` of that kind with the settings in `map_path`, or of
    `generate` documents made up from `seed`. Killed at any moment and started again it goes on where it was, and comes
    to the same. `progress(what, done, total)` is called on the way. Raises ConfigurationError, NotFound for a file that
    is not there, StoreError.
    """
    rules, rows = _source(channel, map_path, source, generate, seed)
    history = read_history(rows.rows(), rules, lambda done: progress("reading", done, 0))
    progress("reading", len(history), len(history))
    with Kernel.open(url, plugins=discover()) as kernel:
        replay = Replay(kernel, channel, history, rows, progress)
        replay.run()
        return account_of(kernel, channel, history, replay.documents, replay.counts, progress)


def _source(
    channel: str, map_path: Path | None, source: Path | None, generate: int | None, seed: int
) -> tuple[HistoryRules, Source]:
    if (source is None) is (generate is None):
        raise ConfigurationError("Give either a file or a number of documents to generate.")
    if generate is not None:
        if generate < 1:
            raise ConfigurationError("At least one document is generated.")
        return SAMPLE_RULES, Sample(generate, seed)
    assert source is not None  # noqa: S101  # one of the two is given
    if map_path is None:
        raise ConfigurationError("A column map says how the file is written.", hint="Add --map MAP.toml.")
    for path in (map_path, source):
        if not path.is_file():
            raise NotFound(f"There is no file {path}.", kind="file", name=str(path))
    try:
        settings = tomllib.loads(map_path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{map_path} is not TOML: {error}.") from None
    kinds = Plugins(discover()).channel_kinds()
    if channel not in kinds:
        known = did_you_mean(channel, kinds) or f"Installed kinds: {', '.join(sorted(kinds)) or 'none'}."
        raise ConfigurationError(f"There is no kind of channel {channel!r}.", kind=channel, hint=known)
    made = kinds[channel].make(channel, settings)
    if not isinstance(made, RowSource):
        raise ConfigurationError(f"Channel {channel!r} does not read files row by row.", kind=channel)
    return HistoryRules.from_settings(settings), File(source, made)
