"""Decisions on goods that come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

from ordercore.errors import At, ExceedsQuantity, InvalidCommand, TransitionRefused
from ordercore.message import Event
from ordercore.order import commands as c
from ordercore.order import events as e
from ordercore.order.contents import AT_MOST, WorkFacts
from ordercore.order.fields import code_at, one_of, text_at, units_at
from ordercore.order.lines import LineState
from ordercore.order.returns import ReturnedUnits
from ordercore.order.state import Order
from ordercore.store import location_place
from ordercore.values import LineId

DISPOSITIONS: Final[tuple[str, ...]] = get_args(c.Disposition)


def take_back(order: Order, command: c.ReceiveReturn, facts: WorkFacts) -> Sequence[Event]:
    """Units that came back; never more than were shipped, never twice under one return id."""
    return_id = code_at(command.return_id, "return_id")
    if return_id in order.returned:
        raise TransitionRefused.of("return", "received", "ReceiveReturn", (), "A further parcel has its own return id.")
    if not command.lines:
        raise InvalidCommand(
            "A return has at least one line.", path="lines", hint="Such as ReturnedLine(line, quantity)."
        )
    back: dict[LineId, int] = {}
    contents: list[ReturnedUnits] = []
    for n, unit in enumerate(command.lines):
        with At(f"lines[{n}].line"):
            line = order.line(unit.line)
        quantity = units_at(unit.quantity, f"lines[{n}].quantity")
        back[line.facts.line] = back.get(line.facts.line, 0) + quantity
        there = line.shipped - line.lost - line.returned
        if back[line.facts.line] > there:
            with At(f"lines[{n}].quantity"):
                raise ExceedsQuantity.of("shipped and not returned", unit.line, back[line.facts.line], there, AT_MOST)
        disposition = one_of(unit.disposition, DISPOSITIONS, f"lines[{n}].disposition")
        lot = _returned_lot(unit, line, n, facts)
        if not line.facts.tracked:
            disposition = "keep_by_customer"
        contents.append(ReturnedUnits(line.facts.line, line.facts.sku, quantity, disposition, lot))
    place = location_place(command.location)
    return [e.ReturnReceived(return_id, place, tuple(contents), text_at(command.reason, "reason"))]


def _returned_lot(unit: c.ReturnedLine, line: LineState, n: int, facts: WorkFacts) -> str:
    """The lot of goods that have lots, and of no others: rows of a lot are part of a pool that has lots."""
    path, sku = f"lines[{n}].lot", line.facts.sku
    if sku in facts.lot_skus:
        if unit.lot:
            return code_at(unit.lot, path)
        if unit.disposition != "keep_by_customer":
            raise InvalidCommand(
                f"{path} is required: {sku} has lots.",
                path=path,
                hint="It stands on the goods; without them: keep_by_customer.",
            )
    elif unit.lot:
        raise InvalidCommand(f"{path}: {sku} has no lots.", path=path, hint="Leave it out.")
    return ""
