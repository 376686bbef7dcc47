"""Taking a transmission in: decode, judge, place or cancel, or keep it for a person. Nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final, TypeVar, get_args

from attrs import define, evolve, field

from ordercore.engine import Calls, Engine, Task
from ordercore.errors import Erased, Insufficient, NotFound, ProtocolViolation, Rejected, StoreError, did_you_mean
from ordercore.flow import Decision, Flow, attempt, read
from ordercore.flows.catalog import CatalogView, ReadCatalog
from ordercore.flows.head import order_id
from ordercore.flows.keys import tracking_fact_key
from ordercore.flows.orders import flow_order
from ordercore.flows.place import flow_place_order
from ordercore.flows.purchases import flow_purchase, load_purchase
from ordercore.flows.record import TRACKED, goes_under, tracking_key
from ordercore.flows.shop import Shop
from ordercore.intake import (
    ItemMapping,
    Quarantined,
    QuarantineStatus,
    RawDocument,
    Seen,
    document_id,
    judge,
    quarantine,
    restore,
    seen_key,
    skus_of,
    to_place_order,
)
from ordercore.message import Command, Context
from ordercore.order import CancelLines, PlaceOrder, RecordTracking
from ordercore.order.summary import TrackedOrder
from ordercore.ports import (
    Carrier,
    Channel,
    Clock,
    ConfirmPurchase,
    Decoded,
    Inbound,
    OrderRequest,
    Problem,
    RequestCancel,
    Severity,
    SubmitOrder,
    Supplier,
    TrackingUpdate,
    Transmission,
)
from ordercore.store import Document, PutDocument, ReadDocument, ReadDocuments
from ordercore.supply import AcknowledgePurchase, AnsweredLine
from ordercore.values import CommandId, OrderId, Sku, instant_of
from ordercore.views.orders import order as order_of
from ordercore.views.reading import Reading, ask, known_status
from ordercore.wiring.report import IntakeReport

SEEN: Final = "seen"
QUARANTINE: Final = "quarantine"
RAW: Final = "raw"
JUDGED_MOST: Final = 10
"""How often a document is judged again because what was seen of its order has changed meanwhile."""

R = TypeVar("R")
Source = Channel | Carrier | Supplier
"""Who sends documents: all of them prove their sender and decode."""


class _OutdatedError(Exception):
    """A document that a decision rests on has changed since it was read: judge again."""


@define
class _Tally:
    """What a transmission has come to so far."""

    accepted: list[OrderId] = field(factory=list)
    unchanged: list[str] = field(factory=list)
    stale: list[str] = field(factory=list)
    ignored: list[str] = field(factory=list)
    problems: list[Problem] = field(factory=list)

    def add(self, other: _Tally) -> None:
        """What one more item came to."""
        self.accepted += other.accepted
        self.unchanged += other.unchanged
        self.stale += other.stale
        self.ignored += other.ignored
        self.problems += other.problems


class Receiver:
    """Channels by instance, and what is done with what they bring."""

    def __init__(
        self, engine: Engine, shop: Shop, clock: Clock, channels: Mapping[str, Source], mapping: ItemMapping
    ) -> None:
        """`channels`: suppliers that answer by documents among them; `mapping`: the host's names of items."""
        self._engine = engine
        self._shop = shop
        self._clock = clock
        self._channels = dict(channels)
        self._mapping = mapping

    def receive(self, transmission: Transmission, *, replay: bool = False) -> Calls[IntakeReport]:
        """Verify, decode, and act on each item. Raises AuthenticationFailed, and NotFound for an unknown instance."""
        channel = self._channel(transmission.instance)
        if not replay:
            channel.verify(transmission, now=self._clock.now())
        try:
            decoded = channel.decode(transmission)
        except ProtocolViolation as error:
            decoded = Decoded((), (Problem("protocol_violation", "reject", "", error.message),))
        except Exception as error:  # noqa: BLE001  # a defect of a channel must not lose the document
            decoded = Decoded((), (_internal(error),))
        tally = _Tally(problems=list(decoded.problems))
        for inbound in decoded.items:
            yield from self._take(transmission.instance, inbound, tally)
        kept = ""
        rejected = tuple(problem for problem in tally.problems if problem.severity != "warning")
        if rejected:
            kept = document_id(transmission)
            yield from self._keep(transmission, rejected)
        elif replay:
            yield from self._done(document_id(transmission))
        return IntakeReport(
            tuple(tally.accepted), tuple(tally.unchanged), tuple(tally.stale), tuple(tally.ignored), kept,
            tuple(tally.problems),
        )  # fmt: skip

    def stored(self, document: str) -> Reading[Transmission]:
        """A quarantined transmission, to be decoded again. Raises NotFound."""
        asked, raw = ReadDocument(QUARANTINE, document), ReadDocument(RAW, document)
        snapshot = yield from ask(asked, raw)
        found, body = snapshot.of(asked), snapshot.of(raw)
        if found is not None and isinstance(found.body, Quarantined) and found.body.status == "erased":
            raise Erased(
                f"The bytes of {document[:80]!r} were erased.", kind="quarantined document", name=document[:80],
                hint="They were about one order, whose person was erased. Ask the sender for it if it is needed.",
            )  # fmt: skip
        if found is None or body is None:
            raise NotFound(
                f"There is no quarantined document {document[:80]!r}.",
                kind="quarantined document",
                name=document[:80],
                hint="`kernel.quarantine()` lists them with their ids.",
            )
        assert isinstance(found.body, Quarantined) and isinstance(body.body, RawDocument)  # noqa: S101,PT018
        return restore(found.body, body.body)

    def _channel(self, instance: str) -> Source:
        try:
            return self._channels[instance]
        except KeyError:
            raise NotFound(
                f"There is no channel {instance!r}.", kind="channel", name=instance,
                hint=did_you_mean(instance, self._channels) or "Pass it as Kernel(channels={...}).",
            ) from None  # fmt: skip

    def _take(self, instance: str, inbound: Inbound, tally: _Tally) -> Calls[None]:
        """One item, again when another delivery about its order was quicker; a defect is a problem of this item."""
        subject = inbound.subject.value
        for _ in range(JUDGED_MOST):
            part = _Tally()
            try:
                yield from self._judge(instance, inbound, part)
            except _OutdatedError:
                continue
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001  # one item must not lose the others, nor the document
                part = _Tally(problems=[_internal(error, inbound.path, subject)])
            tally.add(part)
            return
        text = "Other deliveries about this order kept coming in; try again."
        tally.problems.append(Problem("conflict", "retry", inbound.path, text, subject=subject))

    def _judge(self, instance: str, inbound: Inbound, tally: _Tally) -> Calls[None]:
        subject = inbound.subject.value
        if isinstance(inbound.intent, TrackingUpdate):
            yield from self._track(instance, inbound.intent, inbound, tally)
            return
        if isinstance(inbound.intent, ConfirmPurchase):
            yield from self._answered(instance, inbound.intent, inbound, tally)
            return
        found = yield from self._engine.look(_document(SEEN, seen_key(instance, subject)))
        verdict = judge(inbound, found.body if found is not None and isinstance(found.body, Seen) else None)
        put = None
        if verdict.seen is not None:
            put = PutDocument(SEEN, seen_key(instance, subject), verdict.seen, _revision(found))
        tally.problems += verdict.problems
        intent = inbound.intent
        if verdict.outcome == "place" and isinstance(intent, SubmitOrder):
            yield from self._place(intent.order, inbound, put, tally)
            return
        if verdict.outcome == "cancel" and isinstance(intent, RequestCancel):
            yield from self._cancel(instance, intent, inbound, put, tally)
            return
        if verdict.outcome in ("unchanged", "stale", "ignored"):
            getattr(tally, verdict.outcome).append(subject)
        if put is not None:
            yield from self._write(f"seen:{put.key}:{inbound.key}:{inbound.version}:{put.expected}", (put,))

    def _place(self, request: OrderRequest, inbound: Inbound, put: PutDocument | None, tally: _Tally) -> Calls[None]:
        asked = skus_of(request, self._mapping)
        view = yield from self._engine.look(_catalog(asked))
        converted = to_place_order(request, {sku: view.items[sku] for sku in asked if sku in view.items}, self._mapping)
        tally.problems += converted.problems
        command = converted.command
        if command is None:
            return
        shop = self._shop

        def begin(context: Context) -> Flow[OrderId]:
            return _with(put, flow_place_order(command, context, shop))

        yield from self._run(command, f"place:{command.channel}:{command.external_id}", begin, inbound, tally)

    def _cancel(
        self, instance: str, intent: RequestCancel, inbound: Inbound, put: PutDocument | None, tally: _Tally
    ) -> Calls[None]:
        quantities = None
        if intent.lines:
            order = order_id(instance, intent.external_id)
            tally.problems.append(
                Problem("change_proposed", "reject", inbound.path, f"Units of {order} are to be cancelled; a person decides.",
                        subject=intent.external_id)
            )  # fmt: skip
            return
        command = CancelLines(order_id(instance, intent.external_id), quantities, intent.reason)
        shop = self._shop

        def begin(context: Context) -> Flow[OrderId]:
            return _with(put, flow_order(command, context, shop))

        yield from self._run(command, f"cancel:{instance}:{intent.external_id}", begin, inbound, tally)

    def _answered(self, instance: str, intent: ConfirmPurchase, inbound: Inbound, tally: _Tally) -> Calls[None]:
        """A supplier answers a purchase; the same answer once more is a repeat."""
        lines = [
            AnsweredLine(line.line, line.answer, line.quantity, line.confirmed_on, line.unit_price)
            for line in intent.lines
        ]
        command, shop = AcknowledgePurchase(intent.number, lines, intent.reference), self._shop
        key = f"acknowledged:{instance}:{inbound.key}:{sha256(repr(intent).encode()).hexdigest()[:16]}"

        def begin(context: Context) -> Flow[str]:
            # What it did not get is not there for a supplier, so that it can neither answer nor look for it.
            known = yield from load_purchase(intent.number)
            if known.supplier.instance != instance:
                raise NotFound.named("purchase", intent.number)
            return (yield from flow_purchase(command, context, shop))

        yield from self._run(command, key, begin, inbound, tally)

    def _track(self, instance: str, update: TrackingUpdate, inbound: Inbound, tally: _Tally) -> Calls[None]:
        """A fact of every parcel that goes under the number; of an unknown number, one for a person.

        No document of what was seen is needed: equal facts are one, in whatever order they come.
        """
        order, parcels = yield from self._parcels_under(instance, update.tracking)
        if not parcels:
            text = f"No parcel goes under {update.tracking[:64]!r}; replay it when one does."
            tally.problems.append(
                Problem("unknown_tracking", "reject", inbound.path, text, update.tracking[:64], inbound.subject.value)
            )
        shop = self._shop
        for parcel in parcels:
            command = RecordTracking(
                order, parcel, update.status, update.occurred_at, update.raw_code, update.location, update.reason,
                update.text, update.eta, update.correction,
            )  # fmt: skip
            begin = partial(flow_order, command, shop=shop)
            yield from self._run(command, tracking_fact_key(command), begin, inbound, tally, update.occurred_at)

    def _parcels_under(self, carrier: str, tracking: str) -> Calls[tuple[OrderId, tuple[str, ...]]]:
        """Whose parcels go under a number now: it may have been taken back or put right since it was noted."""
        found = yield from self._engine.look(_document(TRACKED, tracking_key(carrier, tracking)))
        if found is None or not isinstance(found.body, TrackedOrder):
            return OrderId(""), ()
        order = yield from self._engine.look(order_of(found.body.order))
        return order.id, tuple(name for name, one in order.parcels.items() if goes_under(one, carrier, tracking))

    def _run(
        self,
        command: PlaceOrder | CancelLines | RecordTracking | AcknowledgePurchase,
        key: str,
        begin: Callable[[Context], Flow[Any]],
        inbound: Inbound,
        tally: _Tally,
        happened: datetime | None = None,
    ) -> Calls[None]:
        now = self._clock.now()
        # What a channel says happened earlier takes effect when it comes in: stock received since then is no less there.
        # What a carrier says moves no stock, so it counts from when it happened.
        answers = isinstance(command, AcknowledgePurchase)
        port = "supplier" if answers else "carrier" if happened is not None else "channel"
        when = now if happened is None else min(instant_of(happened, what="occurred_at"), now)
        context = Context(CommandId(key), now, when, f"{port}:{inbound.subject.instance}", inbound.key)
        task: Task[Any] = Task(command, context, lambda: begin(context), not answers, None, self._shop.policies.replans)
        try:
            receipt = yield from self._engine.run(task)
        except Rejected as error:
            severity: Severity = "retry" if isinstance(error, Insufficient) else "reject"
            subject = inbound.subject.value
            tally.problems.append(Problem(error.code, severity, inbound.path, str(error), subject=subject))
            return
        tally.accepted.append(receipt.result)

    def _keep(self, transmission: Transmission, problems: tuple[Problem, ...]) -> Calls[None]:
        kept, raw = quarantine(transmission, problems)
        found = yield from self._engine.look(_document(QUARANTINE, kept.document))
        known = found.body if found is not None and isinstance(found.body, Quarantined) else None
        if known is not None and (known.status, known.problems) == (kept.status, kept.problems):
            return
        documents = (
            PutDocument(QUARANTINE, kept.document, kept, None, kept.status, _sort(kept)),
            PutDocument(RAW, raw.document, raw),
        )
        # The revision, because the same problems may come back after others.
        yield from self._write(f"quarantine:{kept.document}:{_revision(found)}:{hash_of(problems)}", documents)

    def _done(self, document: str) -> Calls[None]:
        found = yield from self._engine.look(_document(QUARANTINE, document))
        if found is not None and isinstance(found.body, Quarantined) and found.body.status == "open":
            after = found.body.replayed()
            put = PutDocument(QUARANTINE, document, after, found.revision, after.status, found.sort)
            try:
                yield from self._write(f"replayed:{document}:{found.revision}", (put,))
            except _OutdatedError:
                # It came in again meanwhile, and whoever took it in has said what is wrong with it now.
                return

    def _write(self, key: str, documents: tuple[PutDocument, ...]) -> Calls[None]:
        now = self._clock.now()
        context = Context(CommandId(key), now, now, "intake")
        command = Note(key)

        def writing() -> Flow[str]:
            yield from read()
            return Decision("", documents=documents[1:])

        yield from self._engine.run(Task(command, context, lambda: _with(documents[0], writing())))


@define(frozen=True)
class Note(Command[str]):
    """Intake wrote something down; what identifies its batch."""

    key: str


def hash_of(problems: tuple[Problem, ...]) -> str:
    """A short name for the same problems."""
    return sha256(repr(problems).encode()).hexdigest()[:16]


def _sort(kept: Quarantined) -> str:
    return kept.received_at.isoformat() if kept.received_at else ""


def _internal(error: Exception, path: str = "", subject: str = "") -> Problem:
    """A defect, not of the document: its kind alone, for its text may quote the document."""
    text = f"{type(error).__name__} in ordercore or a plugin; replay the document when that is put right."
    return Problem("internal_error", "retry", path, text, subject=subject)


def _revision(found: Document | None) -> int:
    return found.revision if found is not None else 0


def _document(kind: str, key: str) -> Reading[Document | None]:
    asked = ReadDocument(kind, key)
    return (yield from ask(asked)).of(asked)


def _catalog(skus: tuple[Sku, ...]) -> Reading[CatalogView]:
    asked = ReadCatalog(skus)
    return (yield from ask(asked)).of(asked)


def _with(put: PutDocument | None, flow: Flow[R]) -> Generator[Any, Any, Decision[R]]:
    """The flow's decision and a document, written as long as that has the revision that was read.

    Raises _OutdatedError when it has another: deciding the same again would conflict again.
    """
    again = put is not None and put.expected is not None and (yield from attempt())
    if put is not None and again and _revision((yield from _document(put.kind, put.key))) != put.expected:
        raise _OutdatedError
    decision = yield from flow
    return decision if put is None else evolve(decision, documents=(*decision.documents, put))


def quarantined(status: str | None = "open", *, limit: int = 100) -> Reading[tuple[Quarantined, ...]]:
    """Documents kept for a person, oldest first; `status` None: also those that were replayed. Raises NotFound."""
    known_status(status, get_args(QuarantineStatus), "a document in quarantine")
    asked = ReadDocuments(QUARANTINE, status, None, limit)
    found = (yield from ask(asked)).of(asked)
    return tuple(document.body for document in found if isinstance(document.body, Quarantined))
