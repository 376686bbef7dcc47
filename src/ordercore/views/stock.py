"""Stock of a SKU, place by place and bucket by bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve, frozen

from ordercore.errors import NotFound
from ordercore.flows.catalog import ReadCatalog
from ordercore.flows.record import WAITING
from ordercore.order import WaitingLine
from ordercore.readable import Cell, Span, Table, as_html, as_rich, as_text, brief, columns
from ordercore.readable.words import counted, location, present, units
from ordercore.store import BUCKETS, ReadDocuments, ReadPositions, Row, RowKey
from ordercore.supply.documents import INCOMING, IncomingLine
from ordercore.values import Place, Sku
from ordercore.views.expected import MOST, Expected, hand_out
from ordercore.views.reading import Reading, ask, existing

WAITING_MOST: Final = 200
"""Lines of a queue that a look at stock shows: it costs the same however many wait."""


@frozen
class LotRow:
    """One lot at a place: units per bucket; `available` is its stock less what is claimed of it."""

    lot: str
    buckets: Mapping[str, int]


@frozen
class StockRow:
    """One owner's stock of a SKU at one place, in smallest units."""

    place: Place
    owner: str
    buckets: Mapping[str, int]
    lots: tuple[LotRow, ...] = ()

    @property
    def on_hand(self) -> int:
        """What a picker can count there: the sum of all buckets."""
        return sum(self.buckets.values())

    @property
    def available(self) -> int:
        """What is free."""
        return self.buckets.get("available", 0)


@frozen
class StockView:
    """All stock of a SKU, and the units of order lines that wait for it."""

    sku: Sku
    name: str
    unit: str
    scale: int
    rows: tuple[StockRow, ...]
    incoming: tuple[IncomingLine, ...] = ()
    """What is still to come of purchases, earliest first; what nobody has approved yet among it."""
    waiting: tuple[Expected, ...] = ()
    """The first `WAITING_MOST` that wait, in the order of the queue, and when they may expect it."""

    __str__ = as_text
    __rich__ = as_rich
    _repr_html_ = as_html

    def tables(self) -> tuple[Table, ...]:
        """A row for each place, and under it one for each lot there; a column for each bucket that holds anything."""
        return (stock_table(self), *incoming_tables(self))

    def __repr__(self) -> str:
        """`<StockView TEA: 10 on hand, 8 free, 2 places>`."""
        there, free = units(self.on_hand, self.scale), units(self.available, self.scale)
        return brief("StockView", self.sku, f"{there} on hand", f"{free} free", counted(len(self.rows), "place"))

    @property
    def on_hand(self) -> int:
        """Units at all places."""
        return sum(row.on_hand for row in self.rows)

    @property
    def available(self) -> int:
        """Free units at all locations."""
        return sum(row.available for row in self.rows if row.place.startswith("loc/"))


def stock_table(view: StockView, lots: Mapping[str, str] | None = None) -> Table:
    """Stock of a SKU; `lots` has the text for a lot, such as when it expires."""
    title = (
        Span(view.sku, "strong"),
        f" {view.name}" if view.name else "",
        f", in {view.unit}" if view.unit != "unit" else "",
    )
    there, free = units(view.on_hand, view.scale), units(view.available, view.scale)
    return evolve(
        places_table((view,), lots=lots) if view.rows else Table(),
        title=title,
        notes=(f"{there} on hand, {free} free.",),
    )


def incoming_tables(view: StockView) -> Iterator[Table]:
    """What is still to come, where there is anything."""
    if view.incoming:
        rows = tuple(
            (
                units(one.quantity, view.scale), one.location, one.purchase,
                str(one.expected_on or "") if one.approved else "not approved yet",
            )
            for one in view.incoming
        )  # fmt: skip
        yield Table("Still to come:", columns(">units", "to", "=purchase", "expected"), rows)


def places_table(views: Sequence[StockView], *, sku: bool = False, lots: Mapping[str, str] | None = None) -> Table:
    """Places and lots of one SKU or, with `sku`, the places of several; `lots` has the text for a lot."""
    rows = [row for view in views for row in view.rows]
    buckets = present((row.buckets for row in rows), BUCKETS)
    lotted = not sku and any(row.lots for row in rows)
    heads = (
        *(("sku",) if sku else ()),
        "place",
        *(("lot",) if lotted else ()),
        ">on hand",
        *(f">{one}" for one in buckets),
    )
    lines: list[tuple[Cell, ...]] = []
    for view in views:
        for n, row in enumerate(view.rows):
            named = (
                *((view.sku if not n else "",) if sku else ()),
                location(row.place) + (f" of {row.owner}" if row.owner else ""),
            )
            lines.append((*named, *(("",) if lotted else ()), *_held(row.buckets, buckets, view.scale)))
            for lot in row.lots if lotted else ():
                cells = ((lots or {}).get(lot.lot, lot.lot), *_held(lot.buckets, buckets, view.scale))
                lines.append((*("" for _ in named), *(Span(cell, "dim") for cell in cells)))
    return Table(columns=columns(*heads), rows=tuple(lines))


def _held(held: Mapping[str, int], buckets: Sequence[str], scale: int) -> tuple[str, ...]:
    """Units in sum and in each bucket, nothing for none."""
    return (units(sum(held.values()), scale), *(units(held[name], scale) if held.get(name) else "" for name in buckets))


def available(sku: Sku) -> Reading[int]:
    """Free units of one SKU at all locations: its rows alone. Raises NotFound for an unknown one."""
    existing(sku)
    catalog, positions = ReadCatalog((sku,)), ReadPositions((sku,))
    snapshot = yield from ask(catalog, positions)
    if sku not in snapshot.of(catalog).items:
        raise NotFound.named("item", sku)
    at = BUCKETS.index("available")
    rows = snapshot.of(positions).items()
    return sum(row[at] for (_, place, lot, _), row in rows if not lot and place.startswith("loc/"))


def stock(sku: Sku) -> Reading[StockView]:
    """Stock of one SKU. Raises NotFound for an unknown one."""
    existing(sku)
    catalog, positions = ReadCatalog((sku,)), ReadPositions((sku,))
    incoming, waiting = ReadDocuments(INCOMING, sku, limit=MOST), ReadDocuments(WAITING, sku, limit=WAITING_MOST)
    snapshot = yield from ask(catalog, positions, incoming, waiting)
    item = snapshot.of(catalog).items.get(sku)
    if item is None:
        raise NotFound.named("item", sku)
    coming = tuple(one.body for one in snapshot.of(incoming) if isinstance(one.body, IncomingLine))
    queue = [one.body for one in snapshot.of(waiting) if isinstance(one.body, WaitingLine)]
    rows = _rows(snapshot.of(positions))
    return StockView(sku, item.name, item.unit, item.scale, rows, coming, hand_out(queue, coming))


def _rows(found: Mapping[RowKey, Row]) -> tuple[StockRow, ...]:
    lots: dict[tuple[Place, str], list[LotRow]] = {}
    for (_, place, lot, owner), row in sorted(found.items()):
        if lot and any(row):
            lots.setdefault((place, owner), []).append(LotRow(lot, _named(row)))
    return tuple(
        StockRow(place, owner, _named(row), tuple(lots.get((place, owner), ())))
        for (_, place, lot, owner), row in sorted(found.items())
        if not lot and any(row)
    )


def _named(row: Row) -> dict[str, int]:
    return {bucket: units for bucket, units in zip(BUCKETS, row, strict=True) if units}
