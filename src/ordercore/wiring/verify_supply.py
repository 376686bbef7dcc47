"""Whether lists of alerts and purchases, and what is still to come by SKU, are what their streams say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import evolve

from ordercore.alerts import events as e
from ordercore.alerts.state import Alert, alert_stream, fold_alert
from ordercore.alerts.summary import AlertSummary
from ordercore.engine import Calls, StoreRead
from ordercore.errors import BrokenRule
from ordercore.flows import alerts as flows
from ordercore.flows.alerts import ALERT, CROSSING
from ordercore.flows.purchases import incoming_of, summary_of
from ordercore.store import (
    Breach,
    Document,
    Page,
    PutDocument,
    Query,
    ReadDocument,
    ReadDocuments,
    ReadHead,
    ReadStream,
    Snapshot,
)
from ordercore.store.archived import read_hot
from ordercore.supply.documents import INCOMING, PURCHASE, IncomingLine
from ordercore.supply.state import Purchase, fold_purchase, purchase_stream
from ordercore.values import Cursor, Stream

_ALERT: Final = alert_stream("")
_PURCHASE: Final = purchase_stream("")


def verify_supply(tenant: str) -> Calls[tuple[Breach, ...]]:
    """Every breach. A stream and its documents are read in one snapshot, so what others do meanwhile is none."""
    streams = yield from _streams(tenant)
    found: list[Breach] = []
    for stream in sorted(streams):
        found += yield from (_of_alert if stream.startswith(_ALERT) else _of_purchase)(stream, tenant)
    found += yield from _strays(streams, tenant)
    return tuple(found)


def _streams(tenant: str) -> Calls[set[Stream]]:
    found: set[Stream] = set()
    cursor: Cursor | None = None
    while True:
        page: Page = yield _log(cursor, tenant)
        if not page.records:
            return found
        found |= {record.stream for record in page.records if record.stream.startswith((_ALERT, _PURCHASE))}
        cursor = page.cursor


def _log(after: Cursor | None, tenant: str) -> Any:
    return lambda store: read_hot(store, after, 2_000, tenant)


def _of_alert(stream: Stream, tenant: str) -> Calls[list[Breach]]:
    id = stream.removeprefix(_ALERT)
    events, listed, waits = ReadStream(stream), ReadDocument(ALERT, id), ReadDocument(CROSSING, id)
    snapshot: Snapshot = yield StoreRead((events, listed, waits), tenant)
    try:
        alert = fold_alert(None, snapshot.of(events).events, stream)
    except BrokenRule as error:
        return [Breach("alert", stream, "one open at a time", error.message)]
    return list(_alert_compared(stream, alert, snapshot.of(listed), snapshot.of(waits)))


def _alert_compared(
    stream: Stream, alert: Alert | None, stands: Document | None, waits: Document | None
) -> Iterator[Breach]:
    """Its line in lists, but for the figures, which are those of the last look; and whether it waits for a purchase."""
    body = getattr(stands, "body", None)
    if alert is not None and isinstance(body, AlertSummary) and stands is not None:
        look = e.Finding(body.balance, body.shortfall, body.at_risk, body.at_risk_count)
        wanted = flows.listed(evolve(alert, finding=look))
        if _said(wanted) != _said(stands):
            yield Breach("alert", stream, str(wanted.body), str(body))
    elif alert is not None or stands is not None:
        yield Breach("alert", stream, alert.status if alert is not None else "none", "none" if body is None else "one")
    open_for = (
        alert is not None and bool(alert.raised.sku) and not (alert.resolved or alert.covered)
        and alert.answered < alert.crossing
    )  # fmt: skip
    crossing = _said(flows.crossing_of(alert)) if alert is not None and open_for else None
    found = _said(waits) if waits is not None else None
    if crossing != found:
        yield Breach("crossing", stream, str(crossing[0]) if crossing else "none", str(found[0]) if found else "none")


def _of_purchase(stream: Stream, tenant: str) -> Calls[list[Breach]]:
    events, listed = ReadStream(stream), ReadDocument(PURCHASE, stream.removeprefix(_PURCHASE))
    first: Snapshot = yield StoreRead((events,), tenant)
    try:
        known = fold_purchase(None, first.of(events).events, stream)
    except BrokenRule as error:
        return [Breach("purchase", stream, "lines that add up", error.message)]
    skus = sorted({line.facts.sku for line in known.lines.values()}) if known is not None else []
    coming = [ReadDocuments(INCOMING, sku, limit=100_000) for sku in skus]
    queries: tuple[Query[Any], ...] = (events, listed, *coming)
    snapshot: Snapshot = yield StoreRead(queries, tenant)
    purchase = fold_purchase(None, snapshot.of(events).events, stream)
    if purchase is None:
        return []
    own = [
        one
        for query in coming
        for one in snapshot.of(query)
        if isinstance(one.body, IncomingLine) and one.body.purchase == purchase.id
    ]
    return list(_compared(stream, purchase, snapshot.of(listed), own))


def _compared(stream: Stream, purchase: Purchase, listed: Document | None, own: Iterable[Document]) -> Iterator[Breach]:
    wanted = summary_of(purchase)
    if listed is None or (listed.body, listed.tag) != (wanted.body, wanted.tag):
        yield Breach("purchase", stream, purchase.status, listed.tag if listed is not None else "none")
    expected = {put.key: _said(put) for put in incoming_of(purchase).values()}
    stands = {one.key: _said(one) for one in own}
    for key in sorted(expected.keys() | stands.keys()):
        if expected.get(key) != stands.get(key):
            yield Breach("incoming", key, str(expected.get(key, "none")), str(stands.get(key, "none")))


def _said(one: Document | PutDocument) -> tuple[object, str, str]:
    return one.body, one.tag, one.sort


def _strays(streams: set[Stream], tenant: str) -> Calls[list[Breach]]:
    """Documents of streams that there are not."""
    found: list[Breach] = []
    for kind, prefix in ((ALERT, _ALERT), (CROSSING, _ALERT), (PURCHASE, _PURCHASE)):
        query = ReadDocuments(kind, limit=100_000)
        snapshot: Snapshot = yield StoreRead((query,), tenant)
        known = {stream.removeprefix(prefix) for stream in streams if stream.startswith(prefix)}
        for key in (one.key for one in snapshot.of(query) if one.key not in known):
            head, again = ReadHead(Stream(prefix + key)), ReadDocument(kind, key)
            look: Snapshot = yield StoreRead((head, again), tenant)
            if not look.of(head) and look.of(again) is not None:
                found.append(Breach(kind, key, "none", "a document"))
    return found
