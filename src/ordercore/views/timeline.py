"""What happened to an order, a purchase or an alert, oldest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final, Self, SupportsIndex, overload

from attrs import frozen

from ordercore.alerts.state import alert_stream
from ordercore.errors import NotFound
from ordercore.message import Event
from ordercore.order import events as e
from ordercore.order import stream_of
from ordercore.readable import Table, as_html, as_rich, as_text, brief, columns
from ordercore.readable.words import counted, in_words, moment
from ordercore.store import ReadLog
from ordercore.supply.state import purchase_stream
from ordercore.values import OrderId, Stream
from ordercore.views.order_words import describe_order
from ordercore.views.reading import Reading, ask, at_end
from ordercore.views.supply_words import describe_alert, describe_purchase

_PURCHASE: Final = purchase_stream("")
_ALERT: Final = alert_stream("")


@frozen
class TimelineEntry:
    """One event of an order's story, in words, with who and when: in the world, and in the books."""

    version: int
    effective_at: datetime
    recorded_at: datetime
    actor: str
    event: Event
    text: str

    def __repr__(self) -> str:
        """`<TimelineEntry 3: 2026-03-02 09:12 UTC, ParcelShipped>`; the text may quote what a person wrote."""
        return brief("TimelineEntry", str(self.version), f"{moment(self.effective_at)} UTC", type(self.event).__name__)


class Timeline(tuple[TimelineEntry, ...]):  # noqa: SLOT001  # a tuple cannot have slots
    """What happened to an order, oldest first: a tuple of entries that can be shown; a slice of it is one too."""

    order: OrderId

    def __new__(cls, entries: Iterable[TimelineEntry] = (), order: str = "") -> Self:
        """Entries of an order."""
        made = super().__new__(cls, entries)
        made.order = OrderId(order)
        return made

    @overload
    def __getitem__(self, at: SupportsIndex, /) -> TimelineEntry: ...
    @overload
    def __getitem__(self, at: slice, /) -> Timeline: ...
    def __getitem__(self, at: SupportsIndex | slice, /) -> TimelineEntry | Timeline:
        """An entry, or a stretch of the timeline."""
        return Timeline(super().__getitem__(at), self.order) if isinstance(at, slice) else super().__getitem__(at)

    __str__ = as_text
    __rich__ = as_rich
    _repr_html_ = as_html

    def tables(self) -> tuple[Table, ...]:
        """When it was true in the world, who said so, and what happened."""
        rows = tuple((moment(one.effective_at), one.actor, in_words(one.text)) for one in self)
        return (Table(f"What happened to {self.order}", columns("=when (UTC)", "=who", "what happened"), rows),)

    def __repr__(self) -> str:
        """`<Timeline web:1001: 6 entries, 2026-03-02 09:12 to 2026-03-05 14:00 UTC>`."""
        span = f"{moment(self[0].effective_at)} to {moment(self[-1].effective_at)} UTC" if self else ""
        return brief("Timeline", self.order, counted(len(self), "entry", "entries"), span)


def timeline(name: str) -> Reading[Timeline]:
    """What happened to an order, to `purchase/<number>` or to `alert/<name>`, oldest first. Raises NotFound."""
    kind = "purchase" if name.startswith(_PURCHASE) else "alert" if name.startswith(_ALERT) else "order"
    asked = ReadLog(stream_of(OrderId(name)) if kind == "order" else Stream(name))
    records = (yield from ask(asked, at_end(asked.stream))).of(asked)
    if not records:
        raise NotFound.named(kind, name if kind == "order" else name.partition("/")[2])
    describe = _SENTENCES[kind]([r.event for r in records])
    entries = (
        TimelineEntry(r.version, r.effective_at, r.recorded_at, r.actor, r.event, describe(r.event)) for r in records
    )
    return Timeline(entries, name)


def _of_order(events: Iterable[Event]) -> Callable[[Event], str]:
    """An order's amounts are in its own currency, which its first event says."""
    currency = next((one.currency for one in events if isinstance(one, (e.OrderPlaced, e.OrderAdopted))), "")
    return partial(describe_order, currency=currency)


_SENTENCES: Final[Mapping[str, Callable[[Iterable[Event]], Callable[[Event], str]]]] = {
    "order": _of_order,
    "purchase": lambda _: describe_purchase,
    "alert": lambda _: describe_alert,
}
