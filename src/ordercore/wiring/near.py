"""What a name that is not there may have meant: a few bounded reads, made only once something is refused.

An item is looked for where names that begin like the misspelt one stand (at most `SEEKS * EACH` are read), and under
names that are one slip away (at most `SLIPS`), so it is found in a large catalog too. An order is looked for among the
newest of each status, and under its external id with the channels that those have; alerts, purchases and suppliers
are looked for among the newest. Measured: 2 ms for an item among 20,000, 0.2 ms for an order, in SQLite. Commands of
`handle_many` are refused without: a bulk of unknown names must cost no reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeVar

from ordercore.engine import Calls
from ordercore.engine.calls import StoreRead
from ordercore.errors import NotFound, StoreError, did_you_mean, hinted
from ordercore.flows.alerts import ALERT
from ordercore.flows.record import SUMMARY
from ordercore.lifecycle import ORDER
from ordercore.store import ReadDocument, ReadDocuments, Snapshot
from ordercore.supply.documents import PURCHASE, SUPPLIER

T = TypeVar("T")

EACH: Final = 40
"""Documents of one seek."""

SEEKS: Final = 8
SLIPS: Final = 100
CHANNELS: Final = 8
_ITEM: Final = "item"


def suggesting(calls: Calls[T], tenant: str) -> Calls[T]:
    """The same calls; a NotFound that ends them without a hint gets the nearest names there are."""
    try:
        return (yield from calls)
    except NotFound as error:
        missing = error
    look, name = _LOOKS.get(str(missing.fields.get("kind"))), missing.fields.get("name")
    if look is not None and not missing.hint and isinstance(name, str) and name.isprintable():
        with suppress(StoreError):  # then what was asked for is still not there
            hinted(missing, (yield from look(name, tenant)))
    raise missing


def _item(name: str, tenant: str) -> Calls[str]:
    halves = (name[:-1], name[: len(name) // 2], name[:1], "")
    starts = list(dict.fromkeys(form for half in halves for form in (half, half.upper(), half.lower())))[:SEEKS]
    # Items have no tag, and are sorted by their key alone: each of these is a seek in an index.
    asked = [ReadDocuments(_ITEM, "", ("", start) if start else None, EACH) for start in (*starts, "")]
    slips = [ReadDocument(_ITEM, slip) for slip in slips_of(name)[:SLIPS]]
    snapshot: Snapshot = yield StoreRead((*asked, *slips), tenant)
    known = {document.key for query in asked for document in snapshot.of(query)}
    known.update(found.key for query in slips if (found := snapshot.of(query)) is not None)
    return did_you_mean(name, known) if known else "There are no items yet: PutItem defines one."


def slips_of(name: str) -> list[str]:
    """What may have been meant: letters that look alike, two that changed places, one too many."""
    cuts = [(name[:at], name[at:]) for at in range(len(name))]
    alike = [left + twin + right[1:] for left, right in cuts for twin in _ALIKE.get(right[0], "")]
    swapped = [left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1]
    shorter = [left + right[1:] for left, right in cuts if len(name) > 1]
    return list(dict.fromkeys(one for one in (*alike, *swapped, *shorter) if one != name))


_ALIKE: Final[Mapping[str, str]] = {
    "0": "O", "O": "0", "o": "0", "1": "Il", "I": "1l", "l": "1I", "5": "S", "S": "5", "8": "B", "B": "8",
    "-": "_ .", "_": "-", " ": "-", ".": "-",
}  # fmt: skip


def _order(name: str, tenant: str) -> Calls[str]:
    asked = [ReadDocuments(SUMMARY, status, None, EACH, newest_first=True) for status in ORDER.states]
    snapshot: Snapshot = yield StoreRead(tuple(asked), tenant)
    newest = [document.key for query in asked for document in snapshot.of(query)]
    if not newest:
        return "There are no orders yet: PlaceOrder places one."
    external = name.rpartition(":")[2]
    channels = list(dict.fromkeys(key.partition(":")[0] for key in newest))[:CHANNELS]
    guesses = {f"{channel}:{external}": ReadDocument(SUMMARY, f"{channel}:{external}") for channel in channels}
    guessed: Snapshot = yield StoreRead(tuple(guesses.values()), tenant)
    found = [key for key, query in guesses.items() if guessed.of(query) is not None]
    if found:
        return f"Did you mean {' or '.join(map(repr, found[:3]))}?"
    return did_you_mean(name, newest)


def _newest_of(kind: str, otherwise: str) -> Callable[[str, str], Calls[str]]:
    def look(name: str, tenant: str) -> Calls[str]:
        query = ReadDocuments(kind, None, None, EACH, newest_first=True)
        snapshot: Snapshot = yield StoreRead((query,), tenant)
        return did_you_mean(name, [document.key for document in snapshot.of(query)]) or otherwise

    return look


_LOOKS: Final[Mapping[str, Callable[[str, str], Calls[str]]]] = {
    "item": _item,
    "order": _order,
    "alert": _newest_of(ALERT, "kernel.alerts(None) lists them all."),
    "purchase": _newest_of(PURCHASE, "kernel.purchases() lists them."),
    "supplier": _newest_of(SUPPLIER, "PutSupplier adds suppliers."),
}  # fmt: skip
