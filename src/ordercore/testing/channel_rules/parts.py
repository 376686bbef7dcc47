"""C5 one bad order takes no other with it."""

from __future__ import annotations

from decimal import Decimal

from ordercore.ports import Decoded
from ordercore.testing.channel_rules.sample import LineSample, OrderSample
from ordercore.testing.channel_rules.subject import ChannelSubject, assert_sound, orders_of


class PartsRules(ChannelSubject):
    """C5."""

    def three(self) -> list[OrderSample]:
        """Three orders, the second of which cannot be right: one of its lines has a quantity below zero."""
        lines = (LineSample(self.id(1), "TEA", Decimal(-1)), LineSample(self.id(2), "CUP"))
        return [self.order(1), self.order(2, lines=lines), self.order(3)]

    def test_c5_1_of_three_orders_two_are_read_and_one_is_a_problem(self) -> None:
        self.needs("many")
        first, bad, third = self.three()
        decoded = self.read(self.document([first, bad, third]))
        assert_sound(decoded, "three orders")
        assert isinstance(decoded, Decoded)
        assert [order.external_id for order in orders_of(decoded)] == [first.order, third.order]
        assert [problem.subject for problem in decoded.rejected] == [bad.order] * len(decoded.rejected)
        assert decoded.rejected, "the second order was dropped in silence"

    def test_c5_2_an_order_says_the_same_alone_and_among_others(self) -> None:
        self.needs("many")
        first, _, third = self.three()
        together = self.read_whole([first, third])
        alone = [*self.read_whole([first]), *self.read_whole([third])]
        assert [_said(order) for order in together] == [_said(order) for order in alone]

    def test_c5_3_every_item_has_a_key_of_its_own(self) -> None:
        self.needs("many")
        decoded = self.make_channel().decode(
            self.signed(self.document([self.order(n) for n in (1, 2, 3)]), "one-delivery")
        )
        keys = [item.key for item in decoded.items]
        assert len(set(keys)) == len(keys) == 3, f"items that cannot be told apart: {keys}"

    def test_c5_4_every_bad_order_is_named(self) -> None:
        self.needs("many")
        bad = [self.order(n, lines=(LineSample(self.id(n), "TEA", Decimal(0)),)) for n in (1, 2, 3)]
        decoded = self.read(self.document(bad))
        assert isinstance(decoded, Decoded)
        assert {problem.subject for problem in decoded.rejected} == {order.order for order in bad}


def _said(order: object) -> object:
    """Everything but where in the document it stood."""
    return [
        (getattr(order, name), [(line.line_key, line.items, line.quantity, line.unit_price) for line in order.lines])  # type: ignore[attr-defined]
        for name in ("external_id", "currency", "placed_at", "ship_to", "stated_total")
    ]
