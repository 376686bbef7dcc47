"""Given events, when a command, then events or a refusal: decisions of one area, without a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Generic, Literal, Self, TypeVar

from ordercore.errors import Rejected
from ordercore.message import Command, Context, Event
from ordercore.order import Order, OrderLine, WorkFacts, decide, evolve_order
from ordercore.order.events import LinesBackordered, OrderAllocated, OrderPlaced
from ordercore.order.lines import LineQuantity
from ordercore.plan import Leg
from ordercore.store import location_place
from ordercore.values import CommandId, LineId, OrderId, Sku

S = TypeVar("S")
Waiting = Literal["unallocated", "backordered"]

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONTEXT: Final = Context(CommandId("c1"), NOW, NOW)


class Story(Generic[S]):
    """One thing in the making: what happened to it (`events`), what it is by now (`state`), what is asked of it.

    Give it the two functions of an area: `decide(state, command, context)` answers events or raises a Rejected,
    `evolve(state, event)` answers the state after it, None being the state before the first::

        story = Story(decide, evolve).given(CartOpened("C1"))
        story.when(AddToCart("C1", "TEA"))
        story.then(AddedToCart("C1", "TEA"))
        story.refused("cart_closed", AddToCart("C9", "TEA"), cart="C9")
    """

    def __init__(
        self,
        decide: Callable[[S, Any, Context], Sequence[Event]],
        evolve: Callable[[S | None, Any], S],
        *,
        context: Context = CONTEXT,
    ) -> None:
        """Nothing has happened yet."""
        self.context = context
        self.events: list[Event] = []
        self.state: S | None = None
        self._decide = decide
        self._evolve = evolve
        self._last: tuple[Event, ...] = ()

    def given(self, *events: Event) -> Self:
        """These happened."""
        for event in events:
            self.state = self._evolve(self.state, event)
            self.events.append(event)
        return self

    def when(self, command: Command[Any]) -> tuple[Event, ...]:
        """Decide, and go on from there; the events. Raises what the decision raises."""
        self._last = tuple(self._decided(command))
        self.given(*self._last)
        return self._last

    def then(self, *events: Event) -> Self:
        """The last command came to exactly these."""
        assert self._last == events, f"expected {events}, but it came to {self._last}"
        return self

    def refused(self, code: str | type[Rejected], command: Command[Any], **fields: object) -> Rejected:
        """The command is refused with this code (or class), and these fields among others; nothing has changed.

        The error, for what else there is to say about it.
        """
        before, code = self.state, code if isinstance(code, str) else code.code
        error = self._refusal(command)
        assert error.code == code, f"refused with {error.code!r}, not {code!r}: {error}"
        told = {name: getattr(error, name) for name in fields}
        assert told == fields, f"{code} says {told}, not {fields}"
        assert self.state is before
        return error

    def _refusal(self, command: Command[Any]) -> Rejected:
        try:
            decided = tuple(self._decided(command))
        except Rejected as error:
            return error
        raise AssertionError(f"not refused: {type(command).__name__} came to {decided}")

    def _decided(self, command: Command[Any]) -> Sequence[Event]:
        if self.state is None:
            raise AssertionError("Nothing has happened yet: begin with given(...).")
        return self._decide(self.state, command, self.context)


class OrderStory(Story[Order]):
    """A story of one order, with short words for how orders usually get to where a test begins.

    `steps` are what each location does before goods leave it; WH1 ships at once, WH2 picks and packs first.
    """

    def __init__(self, steps: dict[str, tuple[str, ...]] | None = None, *, context: Context = CONTEXT) -> None:
        """No order yet."""
        known = steps or {"WH1": ("ship",), "WH2": ("pick", "pack", "ship")}
        self.facts = WorkFacts({location_place(code): kinds for code, kinds in known.items()})
        super().__init__(
            lambda order, command, context: decide(order, command, context, self.facts),
            lambda order, event: evolve_order(order, event, OrderId("shop:1")),
            context=context,
        )

    @property
    def order(self) -> Order:
        """The order as it stands; there must be one."""
        assert self.state is not None
        return self.state

    def placed(self, *lines: tuple[str, str, int], confirmed: bool = True) -> Self:
        """Placed, with lines (id, sku, units) at 1.00 each; a SKU in small letters moves no stock, MILK has lots."""
        made = tuple(
            OrderLine(LineId(id), Sku(sku), units, 100, 2, 100 * units, tracked=sku.isupper(), lots=sku == "MILK")
            for id, sku, units in lines
        )
        total = sum(line.total for line in made)
        return self.given(OrderPlaced("shop", "1", "EUR", made, total, NOW, confirmed=confirmed))

    def allocated(self, line: str, units: int, location: str = "WH1", waiting: Waiting = "unallocated") -> Self:
        """Units of a line are reserved at a location; they were waiting as `unallocated` or `backordered`."""
        sku = self.order.line(line).facts.sku
        leg = Leg(LineId(line), sku, location_place(location), units)
        return self.given(OrderAllocated((leg,), "nearest", 1, waiting))

    def waits(self, line: str, units: int) -> Self:
        """Units of a line wait for supply."""
        return self.given(LinesBackordered((LineQuantity(LineId(line), units),)))

    def line(self, id: str) -> dict[str, int]:
        """Where the units of a line stand: counters that are not zero, and claims by bucket."""
        line = self.order.line(id)
        found = {name: getattr(line, name) for name in line._fields[1:9] if getattr(line, name)}
        for claim in line.claims:
            found[claim.bucket] = found.get(claim.bucket, 0) + claim.quantity
        return found
