"""Double entry: what an event moves from one bucket at a place to another, and which rows that touches.

An account is a bucket at a place. Places with a slash (`loc/WH1`, `transfer/T1`, `quota/shopify@WH1`) hold
quantity and have a row per (sku, place, lot, owner); places outside (`supplier`, `customer`, `scrap`, ...) have none.
Nobody authors a posting beside an event: `postings_of(event)` is the only source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import singledispatch
from typing import Final, Literal, NamedTuple, get_args

from ordercore.errors import BrokenRule
from ordercore.message import Event
from ordercore.values import LocationCode, Place, Sku

Bucket = Literal[
    "available",
    "soft_reserved",
    "reserved",
    "released",
    "picked",
    "packed",
    "quality_control",
    "quarantine",
    "damaged",
    "returns_inbound",
]
BUCKETS: Final[tuple[Bucket, ...]] = get_args(Bucket)
"""Columns of a row, in order. All >= 0 at all times."""

COLUMN: Final[Mapping[str, int]] = {bucket: n for n, bucket in enumerate(BUCKETS)}
CLAIMED: Final = frozenset(("soft_reserved", "reserved", "released", "picked", "packed"))
"""Buckets whose units are kept for a claimant."""
PHYSICAL: Final = frozenset(BUCKETS)
OUTSIDE: Final = frozenset(
    ("supplier", "customer", "carrier", "scrap", "count", "unexplained", "production", "opening")
)

RowKey = tuple[Sku, Place, str, str]
"""(sku, place, lot, owner); lot "" is the pool row, owner "" the host's own goods."""
Row = tuple[int, ...]
"""One int per bucket, in the order of BUCKETS."""

WIDTH: Final = len(BUCKETS)


class Posting(NamedTuple):
    """`quantity` units of `sku` from (`source`, `source_bucket`) to (`target`, `target_bucket`).

    Outside places carry an empty bucket. `claimant` is the line for whom a claimed bucket is entered or left
    (the batch knows the stream). `narrowing`: a claim on the pool becomes a claim on `lot`; the pool row stays.
    """

    sku: Sku
    quantity: int
    source: Place
    source_bucket: str
    target: Place
    target_bucket: str
    lot: str = ""
    owner: str = ""
    claimant: str = ""
    narrowing: bool = False


def location_place(code: LocationCode | str) -> Place:
    """The place that is a location."""
    return Place("loc/" + code)


def has_row(place: str) -> bool:
    """Whether quantity at this place is held in a row."""
    return "/" in place


@singledispatch
def postings_of(event: Event) -> Iterable[Posting]:
    """The stock effect of an event: total, pure, registered in the event's own module. No rule, no event."""
    raise BrokenRule(f"{type(event).__name__} has no posting rule.", event=type(event).__name__)


def _nothing(event: Event) -> Iterable[Posting]:
    return ()


def without_postings(*kinds: type[Event]) -> None:
    """Declare that these events move no stock."""
    for kind in kinds:
        postings_of.register(kind, _nothing)


_RULES: dict[type[Event], Callable[[Event], Iterable[Posting]]] = {}


def posting_rule(kind: type[Event]) -> Callable[[Event], Iterable[Posting]]:
    """The rule for one class of event; remembered, for singledispatch alone costs a microsecond an event."""
    rule = _RULES.get(kind)
    if rule is None:
        rule = postings_of.dispatch(kind)
        if rule is not postings_of.dispatch(object):
            _RULES[kind] = rule
    return rule


def postings_in(events: Iterable[Event]) -> list[Posting]:
    """The stock effects of events, in their order."""
    return [posting for event in events for posting in posting_rule(type(event))(event)]


def rows_of(postings: Iterable[Posting]) -> dict[RowKey, list[int]]:
    """Net change per row and bucket.

    A plain posting touches the pool row; one that names a lot touches pool and lot; a narrowing the lot alone:
    the unit was claimed from the pool before, now the lot says which. Rows whose changes cancel out are dropped.
    """
    rows: dict[RowKey, list[int]] = {}
    add_postings(rows, postings)
    return rows


def add_postings(rows: dict[RowKey, list[int]], postings: Iterable[Posting]) -> None:
    """Add the changes of postings to the rows they touch; this runs for every unit that ever moves."""
    cancelling = False
    for sku, quantity, source, source_bucket, target, target_bucket, lot, owner, _, narrowing in postings:
        for name in ("", lot) if lot else _POOL:
            if narrowing and not name:
                continue
            row: list[int] | None = None
            if source_bucket:
                key = (sku, source, name, owner)
                row = rows.get(key)
                if row is None:
                    row = rows[key] = [0] * WIDTH
                else:
                    cancelling = True
                row[COLUMN[source_bucket]] -= quantity
            if target_bucket:
                if row is None or target != source:
                    key = (sku, target, name, owner)
                    row = rows.get(key)
                    if row is None:
                        row = rows[key] = [0] * WIDTH
                    else:
                        cancelling = True
                elif target_bucket == source_bucket:
                    cancelling = True
                row[COLUMN[target_bucket]] += quantity
    if cancelling:
        for key in [key for key, row in rows.items() if not any(row)]:
            del rows[key]


_POOL: Final = ("",)
