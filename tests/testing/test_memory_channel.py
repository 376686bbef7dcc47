"""The channel of the kit is a real one: it passes the suite."""

from typing import ClassVar

from attrs import evolve

from ordercore.errors import AuthenticationFailed
from ordercore.ports import ChannelKind
from ordercore.testing.channel_rules.authentication import AuthenticationRules
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


class Stamped(MemoryChannel):
    """Signs the time as well, and takes a delivery for five minutes."""

    def verify(self, transmission, *, now):
        time = transmission.headers.get("x-time", "")
        signed = evolve(transmission, body=time.encode("utf-8", "replace") + b"." + transmission.body)
        super().verify(signed, now=now)
        if not time.isascii() or not time.isdigit() or abs(now.timestamp() - int(time)) > 300:
            raise AuthenticationFailed("The delivery is too old, or of the future.")


class TestTimestampedSignatures(AuthenticationRules):
    push = timestamped = True
    kind = ChannelKind("stamped", lambda instance, settings: Stamped(instance, settings["secret"]), {"push"})
    secret = "not a real secret"
    settings: ClassVar = {"secret": secret}
    samples, document = TestMemoryChannel.samples, TestMemoryChannel.document

    def sign(self, document, secret, at):
        time = str(int(at.timestamp()))
        return {"X-Time": time, SIGNATURE: sign(f"{time}.".encode() + document.body, secret)}
