"""Stock in flows: goods come in, turn out otherwise, are counted or change bucket; new supply meets those who wait.

What makes units available fills waiting lines in the same commit, so that nobody waits beside stock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ordercore.errors import Archived, At, TransitionRefused
from ordercore.flow import Decision, Flow, guard, read
from ordercore.flows.catalog import ReadCatalog
from ordercore.flows.shop import Shop
from ordercore.flows.supply import fill
from ordercore.message import Context, Event
from ordercore.stock import decide
from ordercore.stock.commands import AdjustStock, CountStock, MoveStock, OpenBalance, Opening, Received, ReceiveStock
from ordercore.stock.events import LastCount
from ordercore.stock.lines import bucket_of, require_lines
from ordercore.stock.lots import LOT, LotFacts, lot_key
from ordercore.stock.state import count_key
from ordercore.stock.transfer import Goods
from ordercore.store import (
    Append,
    Document,
    Floor,
    PutDocument,
    ReadChange,
    ReadCounter,
    ReadDocument,
    ReadHead,
    ReadPositions,
    Requirement,
    RequireUnits,
    location_place,
    postings_of,
    rows_of,
)
from ordercore.store.archived import ARCHIVE
from ordercore.store.batch import DocumentChange, TimerChange
from ordercore.store.posting import COLUMN, WIDTH
from ordercore.store.scalars import micros_of
from ordercore.values import Place, Sku, Stream, code_of, sku_of, text_of

COUNT: Final = "count"


def freed_by(events: Iterable[Event]) -> dict[Sku, dict[Place, int]]:
    """Units of own stock that these events, net, make available at locations; negative where they take some."""
    freed: dict[Sku, dict[Place, int]] = {}
    for (sku, place, lot, owner), change in rows_of(one for event in events for one in postings_of(event)).items():
        if change[0] and not lot and not owner and place.startswith("loc/"):
            freed.setdefault(sku, {})[place] = change[0]
    return freed


def settle(
    own: Append,
    context: Context,
    shop: Shop,
    *,
    documents: Iterable[DocumentChange] = (),
    requires: Iterable[Requirement] = (),
    floors: tuple[Floor, ...] = (),
    timers: tuple[TimerChange, ...] = (),
    states: Mapping[Stream, object] | None = None,
) -> Flow[str]:
    """The decision on one stream of stock, with whatever its supply fills. The result is the stream's own name."""
    filling = yield from fill(freed_by(own.events), shop)
    return Decision(
        own.stream.partition("/")[2],
        (own, *filling.appends),
        (*documents, *filling.documents),
        (*requires, *filling.requires),
        filling.bumps,
        (*floors, *filling.floors),
        timers,
        {**(states or {}), **filling.states},
    )


def skus_at(texts: Sequence[str], field: str = "lines") -> tuple[Sku, ...]:
    """Distinct SKUs of lines, in order. Raises InvalidCommand with the path of the first that cannot be one."""
    found: dict[Sku, None] = {}
    for n, text in enumerate(texts):
        with At(f"{field}[{n}].sku"):
            found[sku_of(text)] = None
    return tuple(found)


def receipt_id(source: str, external_id: str, context: Context) -> str:
    """The id of a receipt: its sender's, so that it is taken once, or the command's. Raises InvalidCommand."""
    with At("source"):
        if source:
            code_of(source, what="source")
    with At("external_id"):
        text_of(external_id, what="external_id", most=128)
    return f"{source}:{external_id}" if external_id else context.command_id


def flow_receive_stock(command: ReceiveStock, context: Context, shop: Shop) -> Flow[str]:
    """Goods come in; a second receipt of the same source and external id is refused."""
    stream = Stream("receipt/" + receipt_id(command.source, command.external_id, context))
    return (yield from _take_in(command, stream, "receipt", context, shop))


def flow_open_balance(command: OpenBalance, context: Context, shop: Shop) -> Flow[str]:
    """Take over a location's stock, once per location and reference."""
    with At("reference"):
        text_of(command.reference, what="reference", most=128, empty=False)
    with At("location"):
        stream = Stream(f"opening/{code_of(command.location, what='location')}:{command.reference}")
    return (yield from _take_in(command, stream, "opening balance", context, shop))


def _take_in(command: ReceiveStock | OpenBalance, stream: Stream, what: str, context: Context, shop: Shop) -> Flow[str]:
    most = shop.policies.lines_max
    lines: Sequence[Received | Opening] = command.lines
    require_lines(lines, most)
    catalog, head = ReadCatalog(skus_at([line.sku for line in lines])), ReadHead(stream)
    lots = _lot_queries(lines)
    snapshot = yield from read(catalog, head, *lots.values())
    view = snapshot.of(catalog)
    place = view.location(command.location).place
    yield from guard(command, None)
    if snapshot.of(head):
        raise TransitionRefused.of(
            what, "taken in", type(command).__name__, (), "Correct what was taken in by AdjustStock or CountStock."
        )
    event: Event
    if isinstance(command, ReceiveStock):
        event = decide.receive(command, view, place, most)
    else:
        event = decide.open_balance(command, view, place, most)
    found = {goods: snapshot.of(query) for goods, query in lots.items()}
    known = {goods: _facts(document) for goods, document in found.items()}
    facts = decide.lots_after(lines, known, context.effective)
    documents = [_put_lot(one, found[goods]) for goods, one in facts.items()]
    return (yield from settle(Append(stream, 0, (event,)), context, shop, documents=documents, requires=[view.require]))


def flow_adjust_stock(command: AdjustStock, context: Context, shop: Shop) -> Flow[str]:
    """Stock is more or less than the books say."""
    sku = _goods(command.sku, command.lot)
    catalog, lot = ReadCatalog((sku,)), ReadDocument(LOT, lot_key(sku, command.lot))
    snapshot = yield from read(catalog, lot)
    view = snapshot.of(catalog)
    yield from guard(command, None)
    event = decide.adjust(command, view, view.location(command.location).place)
    documents = new_lot(sku, event.lot, snapshot.of(lot), context) if event.change > 0 else ()
    own = Append(Stream("adjustment/" + context.command_id), 0, (event,))
    return (yield from settle(own, context, shop, documents=documents, requires=[view.require]))


def flow_count_stock(command: CountStock, context: Context, shop: Shop) -> Flow[str]:
    """A count is true at its effective time: the difference to the books of that time is posted.

    The books of that time are what the row holds now less what changed it at a later effective time. If the row
    changes before the commit, it is read and worked out again.
    """
    sku = _goods(command.sku, command.lot)
    bucket_of(command.bucket, "bucket")
    with At("location"):
        place = location_place(code_of(command.location, what="location"))
    key = (sku, place, command.lot, "")
    catalog, rows = ReadCatalog((sku,)), ReadPositions((sku,), place)
    later, newest = ReadChange(key, context.effective), ReadDocument(COUNT, count_key(key, command.bucket))
    lot, left = ReadDocument(LOT, lot_key(sku, command.lot)), ReadCounter(ARCHIVE)
    snapshot = yield from read(catalog, rows, later, newest, lot, left)
    if micros_of(context.effective) <= snapshot.of(left):
        raise Archived(
            "What moved since that moment is partly archived, so that the books of it cannot be told.",
            position=context.effective.isoformat(), hint="Count again: a count of today needs no old books.",
        )  # fmt: skip
    view = snapshot.of(catalog)
    view.location(command.location)
    yield from guard(command, None)
    column = COLUMN[command.bucket]
    units = snapshot.of(rows).get(key, NOTHING)[column]
    expected = units - snapshot.of(later)[column]
    found = snapshot.of(newest)
    last = found.body if found is not None and isinstance(found.body, LastCount) else None
    event = decide.count(command, view, place, expected, last, context)
    put = PutDocument(
        COUNT, count_key(key, event.bucket), LastCount(context.effective, event.counted, expected),
        found.revision if found is not None else 0, sku,
    )  # fmt: skip
    own = Append(Stream("count/" + context.command_id), 0, (event,))
    documents = (put, *(new_lot(sku, event.lot, snapshot.of(lot), context) if event.counted else ()))
    requires = (view.require, RequireUnits(sku, place, event.bucket, units, event.lot))
    return (yield from settle(own, context, shop, documents=documents, requires=requires))


def flow_move_stock(command: MoveStock, context: Context, shop: Shop) -> Flow[str]:
    """Units change bucket at one location, or are scrapped."""
    with At("sku"):
        catalog = ReadCatalog((sku_of(command.sku),))
    view = (yield from read(catalog)).of(catalog)
    yield from guard(command, None)
    event = decide.move(command, view, view.location(command.location).place)
    own = Append(Stream("move/" + context.command_id), 0, (event,))
    return (yield from settle(own, context, shop, requires=[view.require]))


NOTHING: Final = (0,) * WIDTH


def _goods(sku: str, lot: str) -> Sku:
    with At("lot"):
        if lot:
            code_of(lot, what="lot")
    with At("sku"):
        return sku_of(sku)


def _lot_queries(lines: Sequence[Received | Opening]) -> dict[Goods, ReadDocument]:
    queries: dict[Goods, ReadDocument] = {}
    for n, line in enumerate(lines):
        goods = (Sku(line.sku), line.lot)
        if line.lot and goods not in queries:
            with At(f"lines[{n}].lot"):
                queries[goods] = ReadDocument(LOT, lot_key(goods[0], code_of(line.lot, what=f"lines[{n}].lot")))
    return queries


def _facts(document: Document | None) -> LotFacts | None:
    return document.body if document is not None and isinstance(document.body, LotFacts) else None


def _put_lot(facts: LotFacts, found: Document | None) -> PutDocument:
    revision = found.revision if found is not None else 0
    return PutDocument(LOT, lot_key(facts.sku, facts.lot), facts, revision, facts.sku, facts.sort)


def new_lot(sku: Sku, lot: str, found: Document | None, context: Context) -> tuple[PutDocument, ...]:
    """Units of a lot that nobody received turned up: from now on it is known."""
    if not lot or found is not None:
        return ()
    return (_put_lot(LotFacts(sku, lot, context.effective), None),)
