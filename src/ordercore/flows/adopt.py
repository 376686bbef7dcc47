"""Taking over a running shop: orders as they stand, checked by the same identities."""

from __future__ import annotations

from ordercore.errors import InvalidCommand
from ordercore.flow import Decision, Flow, guard, read
from ordercore.flows.catalog import CatalogView, ReadCatalog, skus_of
from ordercore.flows.head import check_head, identity
from ordercore.flows.lines import line_at, line_name
from ordercore.flows.record import PERSON, change
from ordercore.flows.shop import Shop
from ordercore.flows.supply import supply_counter
from ordercore.message import Context
from ordercore.order import AdoptedLine, AdoptOrder, Line, OrderLine
from ordercore.order.events import AdoptedCounters, OrderAdopted
from ordercore.order.lines import Claim
from ordercore.store import PutDocument, ReadCounter, Require
from ordercore.values import (
    MAX_MINOR,
    Destination,
    LineId,
    OrderId,
    exponent_of,
    instant_of,
    units_of,
)


def flow_adopt_order(command: AdoptOrder, context: Context, shop: Shop) -> Flow[OrderId]:
    """Take an order over: its counters as given, its reserved units out of available stock."""
    id = identity(command.channel, command.external_id)
    if not command.lines or len(command.lines) > shop.policies.lines_max:
        raise InvalidCommand(
            f"An order has 1 to {shop.policies.lines_max} lines.",
            path="lines",
            hint="Split the order, or raise Policies(lines_max=...).",
        )
    check_head(command.currency, command.customer, command.ship_to, command.priority)
    skus = skus_of([line.sku for line in command.lines])
    catalog, counters = ReadCatalog(skus), {sku: ReadCounter(supply_counter(sku)) for sku in skus}
    snapshot = yield from read(catalog, *counters.values())
    view = snapshot.of(catalog)
    yield from guard(command, None)
    exponent = exponent_of(command.currency)
    lines: list[OrderLine] = []
    names: set[str] = set()
    states: list[AdoptedCounters] = []
    for n, line in enumerate(command.lines):
        item = view.item(line.sku, path=f"lines[{n}].sku")
        name = line_name(line.line_id, n, names)
        names.add(name)
        wanted = Line(line.sku, line.quantity, line.unit_price, name, line.discount, line.tax)
        lines.append(line_at(n, wanted, item, name, command.currency, exponent))
        states.append(_counters(line, name, n, view, tracked=item.tracked))
    total = sum(line.total for line in lines)
    if total > MAX_MINOR:
        raise InvalidCommand(
            "The order's total is out of range.", path="lines", hint="A total has at most 2**62 minor units."
        )
    address = command.ship_to
    event = OrderAdopted(
        command.channel, command.external_id, command.currency, instant_of(command.placed_at, what="placed_at"),
        tuple(lines), tuple(states), total, command.customer,
        Destination(address.country, address.region, address.point, id) if address else Destination(), command.priority,
    )  # fmt: skip
    changed = change(id, None, 0, (event,))
    documents = [*changed.documents]
    if address is not None:
        documents.append(PutDocument(PERSON, id, address))
    waiting = {line.sku for line, state in zip(lines, states, strict=True) if state.backordered}
    requires = [view.require, *(Require(supply_counter(sku), snapshot.of(counters[sku])) for sku in sorted(waiting))]
    return Decision(
        id, (changed.append,), tuple(documents), tuple(requires), changed.bumps,
        states={changed.append.stream: changed.order},
    )  # fmt: skip


def _counters(line: AdoptedLine, name: LineId, n: int, view: CatalogView, *, tracked: bool) -> AdoptedCounters:
    """Where the units of the line stand; more than were ordered, or in places that do not fit, is refused."""
    given = {
        what: units_of(getattr(line, what), what=f"lines[{n}].{what}", least=0)
        for what in ("cancelled", "backordered", "shipped", "delivered", "returned")
    }
    claims = tuple(
        Claim(
            view.location(code, path=f"lines[{n}].reserved").place,
            "reserved",
            units_of(units, what=f"reserved[{code}]"),
        )
        for code, units in line.reserved.items()
    )
    placed = given["cancelled"] + given["backordered"] + given["shipped"] + sum(claim.quantity for claim in claims)
    if placed > line.quantity or given["delivered"] > given["shipped"] or given["returned"] > given["shipped"]:
        raise InvalidCommand(
            f"lines[{n}]: more units stand somewhere than were ordered, delivered or shipped.", path=f"lines[{n}]",
            hint="cancelled + backordered + shipped + reserved <= quantity; delivered and returned <= shipped.",
        )  # fmt: skip
    if not tracked and (claims or given["backordered"]):
        raise InvalidCommand(
            f"lines[{n}]: {line.sku} has no stock to reserve or wait for.",
            path=f"lines[{n}].{'reserved' if claims else 'backordered'}",
            hint="It is not tracked: leave these counters out.",
        )
    return AdoptedCounters(
        name, given["cancelled"], given["backordered"], given["shipped"], given["delivered"], given["returned"], claims
    )
