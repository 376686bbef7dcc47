"""The channel of the kit is a real one: it passes the suite."""

from typing import ClassVar

from ordercore.testing.channel_suite import ChannelSuite, Document, Facts, Sample
from ordercore.testing.memory_channel import KIND, SIGNATURE, MemoryChannel, sign


class TestMemoryChannel(ChannelSuite):
    push = file = many = cancels = totals = addresses = text_ids = fractions = delimited = True
    kind = KIND
    secret = "not a real secret"
    settings: ClassVar = {"secret": secret}

    def samples(self):
        body = MemoryChannel().delivery([("TEA", 2, "1.50"), ("CUP", 1, "0.25")]).body
        facts = Facts("1001", 2, 3, "EUR", "3.25")
        cancelled = MemoryChannel().cancellation("1002").body
        return [
            Sample("an order", Document(body, "application/json"), (facts,)),
            Sample("a cancellation", Document(cancelled, "application/json"), cancelled=("1002",)),
        ]

    def document(self, orders):
        return Document(MemoryChannel().write(orders), "application/json")

    def sign(self, document, secret, at):
        return {SIGNATURE: sign(document.body, secret)}
