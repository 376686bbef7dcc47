"""C3 nothing is lost or changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ordercore.ports import OrderRequest
from ordercore.testing.channel_rules.sample import Facts, LineSample, OrderSample
from ordercore.testing.channel_rules.subject import ChannelSubject, orders_of, tree
from ordercore.testing.person import PERSON
from ordercore.values import Address, Money

BEYOND_FLOAT = 2**53 + 1
"""The first whole number that a float of 64 bits does not have."""


def facts_of(order: OrderRequest) -> Facts:
    """What an order says, in the terms of a sample."""
    goods = [line for line in order.lines if line.kind == "item"]
    total = order.stated_total or Money(order.total, order.currency)
    country = order.ship_to.country if order.ship_to else ""
    units = sum((line.quantity.value for line in goods), Decimal(0))
    return Facts(order.external_id, len(goods), units, order.currency, total.decimal, country)


class FidelityRules(ChannelSubject):
    """C3."""

    def orders(self) -> SearchStrategy[OrderSample]:
        """Orders that any channel can say."""
        quantities: SearchStrategy[Decimal] = st.integers(1, 1_000).map(Decimal)
        if self.fractions:
            quantities |= st.integers(1, 10**6).map(lambda units: Decimal(units).scaleb(-3))
        prices = st.integers(0, 10**7).map(lambda cents: Decimal(cents).scaleb(-2))
        skus = st.sampled_from(["TEA", "CUP", "007", "1E5", "null", "TEA 100 g", "茶-1", "tea"])
        titles = st.sampled_from(["", "Tea", "Grüner Tee", "茶叶", "O'Tea 5%"])
        line = st.builds(LineSample, st.just(""), skus, quantities, prices, titles)

        def numbered(lines: list[LineSample], first: int) -> tuple[LineSample, ...]:
            return tuple(
                LineSample(self.id(first + n), one.sku, one.quantity, one.price, one.title)
                for n, one in enumerate(lines)
            )

        lines = st.builds(numbered, st.lists(line, min_size=1, max_size=5), st.integers(1, 2**60))
        times = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001  # bounds have no zone
            lambda time: time.replace(microsecond=0)
        )
        return st.builds(
            lambda number, lines, at: self.order(order=self.id(number), lines=lines, placed_at=at, updated_at=at),
            st.integers(1, 2**60), lines, times,
        )  # fmt: skip

    def test_c3_1_a_sample_says_what_its_author_says(self) -> None:
        assert self.samples(), "a channel is proven on documents of its platform: samples() has none"
        for sample in self.samples():
            decoded = self.read(sample.document)
            assert decoded is not None
            assert decoded.rejected == (), sample.name
            told = {facts.order: facts for facts in map(facts_of, orders_of(decoded))}
            assert told == {facts.order: facts for facts in sample.orders}, sample.name
            others = {item.subject.value for item in decoded.items} - told.keys()
            assert others >= set(sample.cancelled), sample.name

    def test_c3_2_an_order_that_was_written_is_read_as_it_was_written(self) -> None:
        @settings(max_examples=self.examples, deadline=None, database=None)
        @given(self.orders())
        def check(wanted: OrderSample) -> None:
            (order,) = self.read_whole([wanted])
            assert (order.external_id, order.currency) == (wanted.order, wanted.currency)
            assert order.placed_at == wanted.placed_at
            goods = [line for line in order.lines if line.kind == "item"]
            assert len(goods) == len(wanted.lines), f"{len(wanted.lines)} lines were written, {len(goods)} read"
            for line, written in zip(goods, wanted.lines, strict=True):
                assert (line.line_key, line.quantity.value) == (written.line_id, written.quantity)
                assert line.unit_price is not None
                assert line.unit_price.decimal == written.price
                assert written.sku in [ref.value for ref in line.items], f"{written.sku!r} became {line.items}"

        check()

    def test_c3_3_there_is_no_float_in_what_is_read(self) -> None:
        for document in [*(sample.document for sample in self.samples()), self.document([self.order()])]:
            decoded = self.read(document)
            floats = [part for part in tree(decoded) if isinstance(part, float)]
            assert not floats, f"floats lose units and cents: {floats}"

    def test_c3_4_ids_of_any_size_are_kept(self) -> None:
        for number in (BEYOND_FLOAT, 820_982_911_946_154_509, 2**63 - 25):
            wanted = self.one_line(line_id=self.id(number))
            (order,) = self.read_whole([self.order(order=self.id(number), lines=wanted.lines)])
            assert (order.external_id, order.lines[0].line_key) == (self.id(number), self.id(number))

    def test_c3_5_leading_zeros_are_kept(self) -> None:
        (order,) = self.read_whole([self.one_line(sku="0042")])
        assert "0042" in [ref.value for ref in order.lines[0].items]
        if self.text_ids:
            (order,) = self.read_whole([self.order(order="000123", lines=self.one_line(line_id="007").lines)])
            assert (order.external_id, order.lines[0].line_key) == ("000123", "007")

    def test_c3_6_amounts_beyond_a_float_are_exact(self) -> None:
        price = Decimal(BEYOND_FLOAT).scaleb(-2)
        (order,) = self.read_whole([self.one_line(price=price)])
        assert order.lines[0].unit_price is not None
        assert order.lines[0].unit_price.decimal == price
        assert order.total == BEYOND_FLOAT

    def test_c3_7_currencies_have_the_digits_that_they_have(self) -> None:
        for currency, price, minor in (("JPY", "1250", 1250), ("BHD", "1.255", 1255), ("EUR", "12.50", 1250)):
            (order,) = self.read_whole([self.order(currency=currency, lines=self.one_line(price=Decimal(price)).lines)])
            assert (order.currency, order.total) == (currency, minor)

    def test_c3_8_times_are_aware_and_the_same_instant(self) -> None:
        for zone in (UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30))):
            at = datetime(2026, 3, 1, 23, 45, tzinfo=zone)
            (order,) = self.read_whole([self.order(placed_at=at)])
            assert order.placed_at is not None
            assert order.placed_at.tzinfo is not None, "a time without a zone is no instant"
            assert order.placed_at == at

    def test_c3_9_text_of_any_script_is_kept(self) -> None:
        title = "Grüner Tee 绿茶 чай 🍵"
        (order,) = self.read_whole([self.one_line(title=title, sku="绿茶")])
        assert order.lines[0].title in ("", title)
        assert "绿茶" in [ref.value for ref in order.lines[0].items]

    def test_c3_10_where_it_goes_is_kept(self) -> None:
        self.needs("addresses")
        people: list[Callable[[], Address]] = [
            lambda: PERSON, lambda: Address("CN", "王小明", ("长安街 1 号",), "北京", "", "100000", "+86 10 0000", "w@example.com"),
        ]  # fmt: skip
        for make in people:
            wanted = make()
            (order,) = self.read_whole([self.order(ship_to=wanted)])
            read = order.ship_to
            assert read is not None, "the address was lost"
            for name in ("country", "name", "lines", "city", "postal_code"):
                assert getattr(read, name) == getattr(wanted, name), f"{name} of the address was changed"

    def test_c3_11_an_order_comes_to_the_total_that_it_states(self) -> None:
        self.needs("totals")
        (order,) = self.read_whole([self.order()])
        assert order.stated_total is not None
        assert order.stated_total.amount == order.total == 2750

    def test_c3_12_a_line_says_where_it_stands(self) -> None:
        (order,) = self.read_whole([self.order()])
        paths = [line.path for line in order.lines]
        assert all(paths), "a problem found later could not say where"
        assert len(set(paths)) == len(paths)
