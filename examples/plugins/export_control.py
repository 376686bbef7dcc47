"""Export control: an order to a listed country is shipped only after the export desk has released its hold.

Three parts that need each other. A reaction puts the hold `export` on every such order, so that it waits where everybody
can see it, and notes `export-cleared` (a hold that blocks nothing) when it is released. The guard refuses to hand the goods
over without that note: also in the moment before the hold is there, and when somebody has switched the reaction off. Only
the desk may release the hold, and nobody writes the note by hand.

    ordercore orders --store sqlite:///shop.db --plugins-dir examples/plugins
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from ordercore.hooks import Refusal, hookimpl
from ordercore.message import Command, Context, Envelope, Recorded
from ordercore.order import AddHold, Order, PackParcel, PickLines, ReleaseHold, ReleaseOrder, Ship
from ordercore.order.events import HoldReleased, OrderAdopted, OrderPlaced
from ordercore.projection import reaction_key
from ordercore.values import OrderId

ORDERCORE_API = 1

LISTED: Final = frozenset(("XA", "XB"))
"""Codes that ISO 3166 leaves to its users; put your list here."""
HOLD: Final = "export"
CLEARED: Final = "export-cleared"
DESK: Final = "export-desk"
"""Who may release the hold: actors of this name, or of `export-desk/<person>`."""
REACTION: Final = "export-control"


class Holds:
    """Put the hold on, and note that it was released. Each once, however often the log is read."""

    name = REACTION

    def react(self, records: Sequence[Recorded]) -> Iterable[Envelope[Any]]:
        """What follows from these records."""
        for record in records:
            command = self.answer(record)
            if command is not None:
                yield Envelope(command, key=reaction_key(self.name, record))

    def answer(self, record: Recorded) -> AddHold | None:
        """The hold that this record calls for."""
        order = OrderId(record.stream.removeprefix("order/"))
        match record.event:
            case OrderPlaced() | OrderAdopted() as placed if placed.destination.country in LISTED:
                return AddHold(order, HOLD, kind="compliance", blocks=("release", "pick", "pack", "ship"))
            case HoldReleased(hold) if hold == HOLD:
                return AddHold(order, CLEARED, kind="compliance", blocks=())
        return None


@hookimpl
def ordercore_register_projections() -> Iterable[Holds]:
    """The reaction."""
    return [Holds()]


@hookimpl
def ordercore_guard(command: Command[Any], state: object, context: Context) -> Refusal | None:
    """Nothing leaves for a listed country without the note, and the note is nobody's to write."""
    match command:
        case ReleaseHold(hold=hold) if hold == HOLD and context.actor.partition("/")[0] != DESK:
            return Refusal("not_the_export_desk", "Only the export desk releases an export hold.")
        case AddHold(hold=hold) if hold == CLEARED and context.actor != f"reaction:{REACTION}":
            return Refusal("not_by_hand", "That an order is cleared is noted when its export hold is released.")
        case ReleaseOrder() | PickLines() | PackParcel() | Ship() if isinstance(state, Order):
            return _cleared(state)
    return None


def _cleared(order: Order) -> Refusal | None:
    country = order.head.destination.country
    if country not in LISTED or any(hold.hold == CLEARED for hold in order.holds):
        return None
    return Refusal("export_hold", f"Orders to {country} are shipped after the export desk released the hold {HOLD!r}.")
