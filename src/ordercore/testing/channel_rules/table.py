"""C8 rows: a file of any length, line by line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

from attrs import evolve

from ordercore.ports import BadRow, OrderRow, RowSource
from ordercore.testing.channel_rules.sample import Document
from ordercore.testing.channel_rules.subject import ChannelSubject


class Counted(io.BytesIO):
    """A file that knows how much of it was read."""

    taken = 0

    def readline(self, *arguments: Any) -> bytes:
        line = super().readline(*arguments)
        self.taken += len(line)
        return line

    def read(self, *arguments: Any) -> bytes:
        block = super().read(*arguments)
        self.taken += len(block)
        return block

    def __next__(self) -> bytes:
        line = super().__next__()
        self.taken += len(line)
        return line


class TableRules(ChannelSubject):
    """C8."""

    def rows_of(self, document: Document) -> Iterator[OrderRow | BadRow]:
        """The rows of a document."""
        self.needs("rows")
        channel = self.make_channel()
        assert isinstance(channel, RowSource), "the channel has no rows()"
        try:
            yield from channel.rows(io.BytesIO(document.body))
        except Exception as error:
            raise AssertionError(f"rows raised {type(error).__name__}: that is no problem") from error

    def test_c8_1_rows_say_what_orders_say(self) -> None:
        wanted = [self.order(n) for n in (1, 2)]
        rows = list(self.rows_of(self.document(wanted)))
        told = [(row.order, row.sku, row.quantity, row.unit_price) for row in rows if isinstance(row, OrderRow)]
        orders = self.read_whole(wanted)
        assert told == [
            (order.external_id, line.items[0].value, line.quantity.value, line.unit_price)
            for order in orders
            for line in order.lines
        ]

    def test_c8_2_a_row_comes_before_the_file_is_read_to_its_end(self) -> None:
        self.needs("rows")
        document = self.document([self.long(9_000)])
        file, channel = Counted(document.body), self.make_channel()
        assert isinstance(channel, RowSource)
        list(islice(channel.rows(file), 10))
        assert file.taken <= len(document.body) // 4, "a file of any length would fill the memory"

    def test_c8_3_a_bad_row_is_one_item_with_its_reasons(self) -> None:
        for document in (self.document([self.order()]), *(sample.document for sample in self.samples())):
            for variant in [None, *self.variants(document)]:
                for row in self.rows_of(variant.document if variant else document):
                    assert isinstance(row, OrderRow | BadRow)
                    assert isinstance(row, OrderRow) or row.problems, "a bad row without a reason"

    def test_c8_4_every_row_says_on_which_line_it_stands(self) -> None:
        document = self.document([self.order(n) for n in (1, 2, 3)] if self.many else [self.order()])
        lines = [row.line for row in self.rows_of(document)]
        assert lines == sorted(set(lines))
        assert lines[0] >= 1

    def test_c8_5_damage_is_told_row_by_row(self) -> None:
        document = self.document([self.order(n) for n in (1, 2, 3)] if self.many else [self.order()])
        for part in range(16):
            cut = evolve(document, body=document.body[: len(document.body) * part // 16] + b"\xff\xfe")
            for row in self.rows_of(cut):
                assert isinstance(row, OrderRow | BadRow)
