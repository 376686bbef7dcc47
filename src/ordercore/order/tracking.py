"""What carriers say of a parcel: facts in a set, folded to one status, and the estimate beside the promise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, NamedTuple, get_args

from ordercore.errors import At, InvalidCommand
from ordercore.order.fields import one_of
from ordercore.values import Eta, EtaPrecision, EtaSource, instant_of

IncidentReason = Literal[
    "",
    "carrier_damaged",
    "carrier_lost",
    "carrier_missed",
    "carrier_delay",
    "consignee_absent",
    "consignee_refused",
    "consignee_address",
    "consignee_no_access",
    "customs_documents",
    "customs_duties",
    "customs_inspection",
    "retailer_not_ready",
    "retailer_packaging",
    "weather",
    "other",
]
"""Why something went wrong, by who has to do with it: carrier, consignee, customs, retailer."""

REASONS: Final[tuple[str, ...]] = get_args(IncidentReason)
TERMINAL: Final = frozenset(("delivered", "return_to_sender", "cancelled"))
"""Statuses after which nothing is expected: only a correction leads away from them."""

_PROGRESS: Final = (
    "unknown", "pending", "info_received", "picked_up", "in_transit", "delivery_delayed", "customs_hold", "on_hold",
    "out_for_delivery", "delivery_failed", "ready_for_pickup", "cancelled", "return_to_sender", "delivered",
)  # fmt: skip
"""Of facts of one instant the one that is further on counts."""


class TrackingFact(NamedTuple):
    """One thing a carrier said; equal facts are one. `correction`: what was said before is wrong, terminal or not."""

    occurred_at: datetime
    status: str
    raw_code: str = ""
    location: str = ""
    reason: str = ""
    text: str = ""
    correction: bool = False

    @property
    def identity(self) -> tuple[datetime, str, str, str, bool]:
        """What makes a repeat a repeat: the carrier's wording may change."""
        return (self.occurred_at, self.status, self.raw_code, self.location, self.correction)


def in_order(facts: Iterable[TrackingFact]) -> tuple[TrackingFact, ...]:
    """Facts as they happened, whenever they were reported."""
    return tuple(sorted(facts, key=lambda fact: (fact.occurred_at, _rank(fact.status), fact)))


def current(facts: Iterable[TrackingFact]) -> TrackingFact | None:
    """The fact that counts: the latest, but what is terminal stays until a correction. `unknown` says nothing new.

    A fold over facts in the order they happened, so that late, repeated and reordered reports come to the same.
    """
    found: TrackingFact | None = None
    for fact in in_order(facts):
        if fact.correction or found is None or (found.status not in TERMINAL and fact.status != "unknown"):
            found = fact
    return found


def _rank(status: str) -> int:
    return _PROGRESS.index(status) if status in _PROGRESS else 0


def checked_eta(eta: Eta, path: str) -> Eta:
    """An estimate with aware times in UTC whose end is not before its beginning. Raises InvalidCommand."""
    if not isinstance(eta, Eta):
        raise InvalidCommand(f"{path} is an Eta.", path=path, hint="Eta(earliest, latest), aware datetimes.")
    with At(path):
        earliest = instant_of(eta.earliest, what=f"{path}.earliest")
        latest = instant_of(eta.latest, what=f"{path}.latest")
        as_of = instant_of(eta.as_of, what=f"{path}.as_of") if eta.as_of is not None else None
    if latest < earliest:
        raise InvalidCommand(f"{path} ends before it begins.", path=path, hint="The earliest time comes first.")
    precision = one_of(eta.precision, get_args(EtaPrecision), f"{path}.precision")
    source = one_of(eta.source, get_args(EtaSource), f"{path}.source")
    return Eta(earliest, latest, precision, source, as_of)  # type: ignore[arg-type]  # one of each


def with_eta(etas: tuple[Eta, ...], eta: Eta | None) -> tuple[Eta, ...]:
    """The history with one more estimate: by the time it was made, a repeat once, so that late ones do not rewind."""
    if eta is None or eta in etas:
        return etas
    return tuple(sorted((*etas, eta), key=lambda one: one.as_of or one.earliest))
