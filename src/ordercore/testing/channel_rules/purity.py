"""C2 the same bytes, the same value."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ordercore.ports import Decoded, Inbound, Transmission
from ordercore.testing.channel_rules.sample import Document
from ordercore.testing.channel_rules.subject import INSTANCE, ChannelSubject, orders_of
from ordercore.testing.watch import watching


class PurityRules(ChannelSubject):
    """C2."""

    def some(self) -> list[Document]:
        """A handful of documents, samples and written ones."""
        return [sample.document for sample in self.samples()] + [self.document([self.order(n)]) for n in (1, 2)]

    def test_c2_1_decoding_twice_gives_equal_values(self) -> None:
        for document in self.some():
            channel = self.make_channel()
            assert self.read(document, channel) == self.read(document, channel)

    def test_c2_2_what_was_decoded_before_changes_nothing(self) -> None:
        documents = self.some()
        fresh = [self.read(document) for document in documents]
        channel, other = self.make_channel(), self.make_channel()
        for document in reversed(documents):
            self.read(document, other)
        assert [self.read(document, channel) for document in documents] == fresh, "a channel remembers what it read"
        assert [self.read(document, other) for document in documents] == fresh, "a channel remembers what it read"

    def test_c2_3_decoding_reaches_for_no_clock_no_chance_no_file_and_no_network(self) -> None:
        for document in self.some():
            channel = self.make_channel()
            self.read(document, channel)  # time zones and modules are loaded late
            with watching() as watched:
                self.read(document, channel)
            watched.assert_pure("decode")

    def test_c2_4_threads_do_not_disturb_each_other(self) -> None:
        documents, channel = self.some() * 8, self.make_channel()
        alone = [self.read(document) for document in documents]
        with ThreadPoolExecutor(4) as threads:
            together = list(threads.map(lambda document: self.read(document, channel), documents))
        assert together == alone

    def test_c2_5_neither_when_nor_how_it_came_is_part_of_what_it_says(self) -> None:
        for document in self.some():
            plain = self.read(document)
            marked = self.make_channel().decode(
                Transmission(INSTANCE, document.media_type, document.body, document.headers, None, "another-delivery")
            )
            assert plain is not None
            assert orders_of(marked) == orders_of(plain)

    def test_c2_6_an_item_names_its_instance_and_its_order(self) -> None:
        decoded = self.read(self.document([self.order()]))
        assert isinstance(decoded, Decoded)
        (item,) = decoded.items
        assert isinstance(item, Inbound)
        assert (item.subject.instance, item.subject.kind) == (INSTANCE, "order")
        assert [(order.instance, order.external_id) for order in orders_of(decoded)] == [(INSTANCE, item.subject.value)]
        assert item.key
