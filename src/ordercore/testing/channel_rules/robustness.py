"""C4 whatever comes: problems, or a ProtocolViolation, and nothing else; within a bound of time and memory."""

from __future__ import annotations

import time
import tracemalloc
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore.ports import MAX_LINES, Decoded
from ordercore.testing.channel_rules.sample import Document, LineSample
from ordercore.testing.channel_rules.subject import (
    ChannelSubject,
    assert_refused,
    assert_sound,
    orders_of,
    tree,
)
from ordercore.testing.channel_rules.variants import hostile
from ordercore.values import MAX_QUANTITY

SECONDS_OF_ANYTHING = 2.0
"""CPU time that a hostile body of a megabyte may take."""


class RobustnessRules(ChannelSubject):
    """C4."""

    def documents(self) -> list[tuple[str, Document]]:
        """Samples by name, and a written one."""
        return [(one.name, one.document) for one in self.samples()] + [("an order", self.document([self.order()]))]

    def test_c4_1_a_document_cut_off_anywhere_is_read_or_a_problem(self) -> None:
        for name, document in self.documents():
            for part in range(16):
                cut = evolve(document, body=document.body[: len(document.body) * part // 16])
                assert_sound(self.read(cut, what=f"{name} cut off at {part}/16"), f"{name} cut off at {part}/16")

    def test_c4_2_a_document_that_was_cut_off_is_not_taken_for_a_whole_one(self) -> None:
        self.needs("delimited")
        for name, document in self.documents():
            body = document.body.rstrip()
            for end in {len(body) * part // 16 for part in range(16)} | {len(body) - 1}:
                cut = self.read(evolve(document, body=body[:end]))
                assert cut is None or not orders_of(cut), f"{name} cut off after {end} of {len(body)} bytes was taken"

    def test_c4_3_a_byte_order_mark_and_other_line_ends_change_nothing_or_are_a_problem(self) -> None:
        for name, document in self.documents():
            whole = self.read(document)
            body = document.body.replace(b"\r\n", b"\n")
            changed = {
                "a byte order mark": b"\xef\xbb\xbf" + document.body,
                "CRLF": body.replace(b"\n", b"\r\n"),
                "LF": body,
            }
            for what, other in changed.items():
                decoded = self.read(evolve(document, body=other), what=f"{name} with {what}")
                assert_sound(decoded, f"{name} with {what}")
                if decoded is not None and not decoded.rejected:
                    assert whole is not None
                    assert orders_of(decoded) == orders_of(whole), f"{name} with {what} says something else"

    def test_c4_4_bytes_of_another_encoding_are_never_guessed(self) -> None:
        document = self.document([self.one_line(title="Café", sku="CAFÉ")])
        body = document.body.replace("é".encode(), b"\xe9").replace("É".encode(), b"\xc9")
        if body == document.body:
            pytest.skip("the channel writes no letter beyond ASCII as UTF-8")
        decoded = self.read(evolve(document, body=body), what="Latin-1")
        assert_sound(decoded, "Latin-1")
        texts = [part for part in tree(decoded) if isinstance(part, str)]
        assert not any("\ufffd" in text or "Ã" in text for text in texts), "letters were guessed, wrongly"
        assert decoded is None or decoded.rejected, "bytes of no known encoding were read without a word"

    def test_c4_5_damaged_bytes_are_read_or_a_problem(self) -> None:
        document = self.document([self.order()])
        size = len(document.body)
        edits = st.lists(st.tuples(st.integers(0, size - 1), st.binary(max_size=4)), min_size=1, max_size=4)

        @settings(max_examples=self.examples * 4, deadline=None, database=None)
        @given(edits)
        def check(made: list[tuple[int, bytes]]) -> None:
            body = bytearray(document.body)
            for place, new in made:
                body[place : place + len(new)] = new
            assert_sound(self.read(evolve(document, body=bytes(body)), what=f"bytes at {made}"), f"bytes at {made}")

        check()

    def test_c4_6_anything_odd_in_any_place_is_read_or_a_problem(self) -> None:
        channel, seen = self.make_channel(), 0
        for _, document in self.documents():
            for variant in self.variants(document):
                if variant.how == "odd":
                    seen += 1
                    assert_sound(self.read(variant.document, channel, variant.name), variant.name)
        if not seen:
            pytest.skip("the suite cannot take this media type apart: variants() is not overridden")

    def test_c4_7_what_nobody_knows_is_ignored(self) -> None:
        document, seen = self.document([self.order()]), 0
        whole = self.read(document)
        for variant in self.variants(document):
            if variant.how == "extra":
                seen += 1
                decoded = self.read(variant.document, what=variant.name)
                assert decoded is not None
                assert whole is not None
                assert orders_of(decoded) == orders_of(whole), f"{variant.name}: the platform may add what it likes"
        if not seen:
            pytest.skip("the suite cannot take this media type apart: variants() is not overridden")

    def test_c4_8_a_name_that_stands_twice_is_a_problem(self) -> None:
        document, seen = self.document([self.order()]), 0
        for variant in self.variants(document):
            if variant.how == "twice":
                seen += 1
                assert_refused(self.read(variant.document, what=variant.name), variant.name)
        if not seen:
            pytest.skip("the suite cannot take this media type apart: variants() is not overridden")

    def test_c4_9_an_order_without_lines_is_a_problem(self) -> None:
        decoded = self.read(self.document([self.order(lines=())]))
        assert_sound(decoded, "an order without lines")
        assert decoded is None or not orders_of(decoded), "an order without lines was taken"
        # An empty page is an answer like any other: there need not be a problem.
        nothing = self.read(self.document([]), what="a document without orders")
        assert nothing is None or not orders_of(nothing), "a document without orders has one"

    def test_c4_10_a_fraction_is_kept_as_it_is_or_refused(self) -> None:
        wanted = self.one_line(quantity=Decimal("1.25"), price=Decimal("4.00"))
        decoded = self.read(self.document([wanted]))
        if not self.fractions:
            assert_refused(decoded, "a quantity of 1.25")
            return
        assert decoded is not None
        assert [line.quantity.value for order in orders_of(decoded) for line in order.lines] == [Decimal("1.25")]

    def test_c4_11_quantities_that_cannot_be_are_refused(self) -> None:
        for quantity in (0, -1, MAX_QUANTITY + 1):
            wanted = self.one_line(quantity=Decimal(quantity), price=Decimal(0))
            assert_refused(self.read(self.document([wanted])), f"a quantity of {quantity}")

    def test_c4_12_a_line_id_that_stands_twice_is_refused(self) -> None:
        lines = (LineSample(self.id(1), "TEA"), LineSample(self.id(1), "CUP"))
        assert_refused(self.read(self.document([self.order(lines=lines)])), "a line id that stands twice")

    def test_c4_13_a_currency_that_does_not_exist_is_refused(self) -> None:
        for currency in ("EUX", "eur", "€", ""):
            wanted = self.order(currency=currency, lines=self.one_line().lines)
            decoded = self.read(self.document([wanted]))
            assert_sound(decoded, f"currency {currency!r}")
            assert decoded is None or all(order.currency == "EUR" for order in orders_of(decoded)), currency
            if currency:
                assert_refused(decoded, f"currency {currency!r}")

    def test_c4_14_a_price_below_zero_is_refused(self) -> None:
        assert_refused(self.read(self.document([self.one_line(price=Decimal("-1.00"))])), "a price of -1.00")

    def test_c4_15_a_total_that_the_lines_do_not_come_to_is_refused(self) -> None:
        self.needs("totals")
        decoded = self.read(self.document([self.order(stated_total=Decimal("27.51"))]))
        assert_refused(decoded, "a wrong total")
        assert decoded is None or "total_mismatch" in [problem.code for problem in decoded.problems]

    def test_c4_16_marks_that_nobody_sees_reach_no_label(self) -> None:
        for mark in ("\x00", "\x07", "\u202e", "\u200b", "\r\n"):
            decoded = self.read(self.document([self.one_line(title=f"Te{mark}a")]), what=f"title with {mark!r}")
            assert_sound(decoded, f"a title with {mark!r}")
            for order in orders_of(decoded) if decoded is not None else ():
                assert mark not in order.lines[0].title, f"{mark!r} came through in a title"

    def test_c4_17_bodies_that_were_made_to_hurt_cost_little(self) -> None:
        for name, document in hostile(self.document([self.order()])):
            started = time.process_time()
            decoded = self.read(document, what=name)
            spent = time.process_time() - started
            assert spent < SECONDS_OF_ANYTHING, f"{name} took {spent:.1f} s of CPU time"
            assert_sound(decoded, name)
            assert decoded is None or not orders_of(decoded), name

    def test_c4_18_ten_thousand_lines_are_read_within_bounds_of_time_and_memory(self) -> None:
        document = self.document([self.long(MAX_LINES)])
        channel = self.make_channel()
        started = time.process_time()
        decoded = self.read(document, channel)
        spent = time.process_time() - started
        assert isinstance(decoded, Decoded)
        assert [len(order.lines) for order in orders_of(decoded)] == [MAX_LINES], decoded.problems[:3]
        bound = self.seconds_at_10_000_lines
        assert spent < bound, f"ten thousand lines took {spent:.1f} s of CPU time, of {bound} s"
        del decoded
        tracemalloc.start()
        try:
            self.read(document, channel)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        megabytes = most / 1_000_000
        assert megabytes < self.megabytes_at_10_000_lines, f"ten thousand lines took {megabytes:.0f} MB"

    def test_c4_19_more_lines_than_an_order_may_have_are_refused(self) -> None:
        assert_refused(self.read(self.document([self.long(MAX_LINES + 1)])), f"{MAX_LINES + 1} lines")
