"""Channels that are wrong in one way each, with the suite on every one; run by `test_broken_plugins.py`.

What they do otherwise is right, so that they fail for their defect alone. `caught_by` are the rules that must fail,
`perhaps` those that may, by chance; all others must pass. `says` is in the message of the first.
"""

import hmac
import itertools
import json
import logging
import socket
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

from attrs import evolve

from ordercore.errors import AuthenticationFailed
from ordercore.ports import (
    ChannelKind,
    Decoded,
    Ignore,
    OrderRow,
    RequestCancel,
    SubmitOrder,
)
from ordercore.testing.channel_suite import ChannelSuite, Document, Facts, Sample
from ordercore.testing.memory_channel import CAPABILITIES, SIGNATURE, MemoryChannel, make, sign
from ordercore.values import Quantity


class Broken(ChannelSuite):
    """The suite as for the channel that is right."""

    push = file = many = cancels = totals = addresses = text_ids = fractions = delimited = True
    secret = "not a real secret"
    settings: ClassVar = {"secret": secret}
    examples = 15
    broken: type[MemoryChannel]
    caught_by: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    says = ""

    def __init_subclass__(cls):
        cls.kind = ChannelKind("broken", lambda name, settings: cls.open(make(name, settings)), CAPABILITIES)
        if "c4_18" not in cls.caught_by:
            # Ten thousand lines are a second of CPU each time.
            cls.test_c4_18_ten_thousand_lines_are_read_within_bounds_of_time_and_memory = None
            cls.test_c4_19_more_lines_than_an_order_may_have_are_refused = None

    @classmethod
    def open(cls, right):
        return cls.broken(right.instance, right.secret)

    def samples(self):
        body = MemoryChannel().delivery([("TEA", 2, "1.50"), ("CUP", 1, "0.25")]).body
        facts = Facts("1001", 2, 3, "EUR", "3.25")
        gone = MemoryChannel().cancellation("1002").body
        return [
            Sample("an order", Document(body, "application/json"), (facts,)),
            Sample("a cancellation", Document(gone, "application/json"), cancelled=("1002",)),
        ]

    def document(self, orders):
        return Document(MemoryChannel().write(orders), "application/json")

    def sign(self, document, secret, at):
        return {SIGNATURE: sign(document.body, secret)}


def with_orders(decoded, change):
    """What was decoded, with every order changed."""
    items = tuple(
        evolve(item, intent=SubmitOrder(change(item.intent.order))) if isinstance(item.intent, SubmitOrder) else item
        for item in decoded.items
    )
    return evolve(decoded, items=items)


def with_lines(decoded, change):
    """What was decoded, with every line changed, and without a stated total."""
    return with_orders(decoded, lambda order: evolve(order, lines=tuple(map(change, order.lines)), stated_total=None))


class AcceptsUnsigned(MemoryChannel):
    """Checks a signature if there is one."""

    def verify(self, transmission, *, now):
        if SIGNATURE in transmission.headers:
            super().verify(transmission, now=now)


class TestAcceptsUnsigned(Broken):
    broken = AcceptsUnsigned
    caught_by = ("c1_4", "c6_8")
    says = "without any header passed"


class ComparesLetterByLetter(MemoryChannel):
    """Compares signatures with `==`, which is the quicker the earlier they differ."""

    def verify(self, transmission, *, now):
        if transmission.headers.get(SIGNATURE) != sign(transmission.body, self.secret):
            raise AuthenticationFailed("The signature does not fit.")


class TestComparesLetterByLetter(Broken):
    broken = ComparesLetterByLetter
    caught_by = ("c1_7",)
    says = "hmac.compare_digest"


class SignsTheContent(MemoryChannel):
    """Signs what the JSON says, not the bytes."""

    def verify(self, transmission, *, now):
        try:
            body = json.dumps(json.loads(transmission.body), ensure_ascii=False).encode()
        except ValueError:
            raise AuthenticationFailed("The delivery is not JSON.") from None
        super().verify(evolve(transmission, body=body), now=now)


class TestSignsTheContent(Broken):
    broken = SignsTheContent
    caught_by = ("c1_6",)
    says = "in other bytes passed"


class RaisesOnRubbish(MemoryChannel):
    """Trusts the sender to send text as a signature."""

    def verify(self, transmission, *, now):
        transmission.headers.get(SIGNATURE, "").encode("ascii")
        super().verify(transmission, now=now)


class TestRaisesOnRubbish(Broken):
    broken = RaisesOnRubbish
    caught_by = ("c1_4",)
    says = "raised UnicodeEncodeError"


class ForgetsTheTime(MemoryChannel):
    """Signs the time of a delivery with it, and never looks at it."""

    def verify(self, transmission, *, now):
        time = transmission.headers.get("x-time", "").encode("utf-8", "replace")
        super().verify(evolve(transmission, body=time + b"." + transmission.body), now=now)


class TestForgetsTheTime(Broken):
    timestamped = True
    broken = ForgetsTheTime
    caught_by = ("c1_8",)
    says = "away passed"

    def sign(self, document, secret, at):
        return stamped(document.body, secret, at)


def stamped(body, secret, at):
    """Headers with the time of signing, which is signed too."""
    time = str(int(at.timestamp()))
    return {"X-Time": time, SIGNATURE: sign(f"{time}.".encode() + body, secret)}


class CountsDeliveries(MemoryChannel):
    """Numbers what it reads."""

    numbers = itertools.count()

    def decode(self, transmission):
        decoded = super().decode(transmission)
        return evolve(decoded, items=tuple(evolve(one, key=f"{one.key}{next(self.numbers)}") for one in decoded.items))


class TestCountsDeliveries(Broken):
    broken = CountsDeliveries
    caught_by = ("c2_1", "c2_2", "c2_4")


class LooksAtTheClock(MemoryChannel):
    """Takes the time of reading where the document has none."""

    def decode(self, transmission):
        now = datetime.now(UTC)
        return with_orders(super().decode(transmission), lambda order: evolve(order, placed_at=order.placed_at or now))


class TestLooksAtTheClock(Broken):
    broken = LooksAtTheClock
    caught_by = ("c2_3",)
    says = "the clock .datetime.now"


class AsksTheNetwork(MemoryChannel):
    """Looks something up while it reads."""

    def decode(self, transmission):
        socket.socket().close()
        return super().decode(transmission)


class TestAsksTheNetwork(Broken):
    broken = AsksTheNetwork
    caught_by = ("c2_3",)
    says = "NetworkDenied"


class NewOrderPerDelivery(MemoryChannel):
    """Takes the id of the delivery for a part of the id of the order."""

    def decode(self, transmission):
        return with_orders(
            super().decode(transmission),
            lambda order: evolve(order, external_id=f"{order.external_id}{transmission.transport_id}"),
        )


class TestNewOrderPerDelivery(Broken):
    broken = NewOrderPerDelivery
    caught_by = ("c2_5", "c6_2", "c6_3", "c6_4", "c6_5")


class FloatWeight(MemoryChannel):
    """Keeps the value of the order as a number that is almost the same."""

    def decode(self, transmission):
        return with_orders(
            super().decode(transmission), lambda order: evolve(order, attributes={"value": float(order.total) / 100})
        )


class TestFloatWeight(Broken):
    broken = FloatWeight
    caught_by = ("c3_3", "c6_1", "c6_2", "c6_4", "c6_5")  # the kernel takes no float either
    says = "floats lose"


class DropsALine(MemoryChannel):
    """Leaves the last of several lines out."""

    def decode(self, transmission):
        return with_orders(
            super().decode(transmission),
            lambda order: evolve(order, lines=order.lines[:-1] or order.lines, stated_total=None),
        )


class TestDropsALine(Broken):
    broken = DropsALine
    caught_by = ("c3_1", "c3_2", "c3_11")


class LosesZeros(MemoryChannel):
    """Takes names of items for numbers."""

    def decode(self, transmission):
        def plain(line):
            return evolve(line, items=tuple(evolve(one, value=one.value.lstrip("0")) for one in line.items))

        decoded = super().decode(transmission)
        return with_orders(decoded, lambda order: evolve(order, lines=tuple(map(plain, order.lines))))


class TestLosesZeros(Broken):
    broken = LosesZeros
    caught_by = ("c3_5", "c3_2")
    says = "0042"


class RoundsIds(MemoryChannel):
    """Takes ids for floats, as a spreadsheet does."""

    def decode(self, transmission):
        def rounded(id):
            return f"{int(float(id)):08d}" if id.isdigit() else id

        return with_orders(
            super().decode(transmission),
            lambda order: evolve(
                order, lines=tuple(evolve(line, line_key=rounded(line.line_key)) for line in order.lines)
            ),
        )


class TestRoundsIds(Broken):
    broken = RoundsIds
    caught_by = ("c3_4",)
    perhaps = ("c3_1", "c3_2", "c3_5")


class TruncatesFractions(MemoryChannel):
    """Takes quantities for whole numbers."""

    def decode(self, transmission):
        def whole(line):
            return evolve(line, quantity=Quantity(Decimal(int(line.quantity.value) or 1), ""))

        return with_lines(super().decode(transmission), whole)


class TestTruncatesFractions(Broken):
    broken = TruncatesFractions
    caught_by = ("c4_10", "c3_2", "c3_11")


class TakesNoTotal(MemoryChannel):
    """Does not compare what the lines come to with what the order says."""

    def _intent(self, order, path):
        return super()._intent(evolve(order, stated_total=None), path)


class TestTakesNoTotal(Broken):
    broken = TakesNoTotal
    caught_by = ("c4_15", "c3_11")
    says = "a wrong total was taken"


class GuessesLetters(MemoryChannel):
    """Puts a mark where a byte is no letter."""

    def decode(self, transmission):
        return super().decode(evolve(transmission, body=transmission.body.decode("utf-8", "replace").encode()))


class TestGuessesLetters(Broken):
    broken = GuessesLetters
    caught_by = ("c4_4",)
    says = "letters were guessed"


class RaisesKeyError(MemoryChannel):
    """Takes for granted that an order has a currency."""

    def decode(self, transmission):
        decoded = super().decode(transmission)
        if not decoded.rejected and b'"orders": [{' in transmission.body:
            for one in json.loads(transmission.body)["orders"]:
                one["currency"]
        return decoded


class TestRaisesKeyError(Broken):
    broken = RaisesKeyError
    caught_by = ("c4_6", "c7_1", "c7_3")
    perhaps = ("c4_5",)
    says = "raised KeyError"


class LetsTheLastNameWin(MemoryChannel):
    """Reads JSON as the standard library does."""

    def decode(self, transmission):
        try:
            body = json.dumps(json.loads(transmission.body), ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            body = transmission.body
        return super().decode(evolve(transmission, body=body))


class TestLetsTheLastNameWin(Broken):
    broken = LetsTheLastNameWin
    caught_by = ("c4_8",)
    says = "twice was taken"


class SwallowsTheRest(MemoryChannel):
    """Says nothing about documents that it cannot read."""

    def decode(self, transmission):
        return evolve(super().decode(transmission), problems=())


class TestSwallowsTheRest(Broken):
    broken = SwallowsTheRest
    caught_by = ("c4_1", "c4_6", "c4_11", "c4_12", "c4_13", "c4_14", "c4_15", "c4_17", "c4_9", "c5_4")
    perhaps = ("c4_4", "c4_5", "c4_8", "c4_16", "c5_1", "c4_3", "c7_1")
    says = "neither an item nor a problem"


class Hoards(MemoryChannel):
    """Keeps room for more than there is."""

    def decode(self, transmission):
        room = bytearray(250_000_000 if len(transmission.body) > 500_000 else 0)
        return super().decode(transmission) if room is not None else None


class TestHoards(Broken):
    broken = Hoards
    caught_by = ("c4_18",)
    says = "MB"


class AllOrNothing(MemoryChannel):
    """Refuses a document for one of its orders."""

    def decode(self, transmission):
        decoded = super().decode(transmission)
        return Decoded((), decoded.problems) if decoded.rejected else decoded


class TestAllOrNothing(Broken):
    broken = AllOrNothing
    caught_by = ("c5_1",)


class OneKeyForAll(MemoryChannel):
    """Gives every order of a delivery the id of the delivery."""

    def decode(self, transmission):
        decoded, key = super().decode(transmission), transmission.transport_id
        return evolve(decoded, items=tuple(evolve(one, key=key or one.key) for one in decoded.items))


class TestOneKeyForAll(Broken):
    broken = OneKeyForAll
    caught_by = ("c5_3",)
    says = "cannot be told apart"


class IgnoresCancellations(MemoryChannel):
    """Understands that an order is cancelled, and does nothing."""

    def decode(self, transmission):
        decoded = super().decode(transmission)
        items = (
            evolve(one, intent=Ignore("cancelled")) if isinstance(one.intent, RequestCancel) else one
            for one in decoded.items
        )
        return evolve(decoded, items=tuple(items))


class TestIgnoresCancellations(Broken):
    broken = IgnoresCancellations
    caught_by = ("c6_6",)
    says = "still open"


class QuotesThePerson(MemoryChannel):
    """Tells the whole order in a problem."""

    def decode(self, transmission):
        decoded = super().decode(transmission)
        text = transmission.body[:2_000].decode("utf-8", "ignore")
        return evolve(
            decoded, problems=tuple(evolve(one, message=f"{one.message} In: {text}") for one in decoded.problems)
        )


class TestQuotesThePerson(Broken):
    broken = QuotesThePerson
    caught_by = ("c7_1",)
    says = "shows 'Quendolina'"


class LogsTheBody(MemoryChannel):
    """Logs what came in."""

    def decode(self, transmission):
        logging.getLogger("broken").debug("came in: %r", transmission.body)
        return super().decode(transmission)


class TestLogsTheBody(Broken):
    broken = LogsTheBody
    caught_by = ("c7_3",)
    says = "a log or the output shows"


class ShowsItsSecret(MemoryChannel):
    """Has a repr with everything in it."""

    def __repr__(self):
        return f"ShowsItsSecret({self.secret!r})"


class TestShowsItsSecret(Broken):
    broken = ShowsItsSecret
    caught_by = ("c7_4",)
    says = "shows 'not a real secret'"


class TellsTheSignature(MemoryChannel):
    """Helps with the signature that it would have taken."""

    def verify(self, transmission, *, now):
        wanted = sign(transmission.body, self.secret)
        if not hmac.compare_digest(wanted, transmission.headers.get(SIGNATURE, "").encode("ascii", "replace").decode()):
            raise AuthenticationFailed(f"Expected {wanted}.")


class TestTellsTheSignature(Broken):
    broken = TellsTheSignature
    caught_by = ("c7_5",)
    says = "a refusal shows"


class ReadsItAll(MemoryChannel):
    """Reads a file to its end before the first row."""

    def rows(self, file):
        lines = [(order, line) for order in json.loads(file.read())["orders"] for line in order["lines"]]
        for n, (order, line) in enumerate(lines):
            price = (
                self.decode(self.delivery([("X", 1, line.get("price", "1.00"))]))
                .items[0]
                .intent.order.lines[0]
                .unit_price
            )
            yield OrderRow(
                n + 1, order["order"], line["sku"], Decimal(line.get("quantity", 1)), price, "EUR", None, "", "", "", False, {}
            )  # fmt: skip


class TestReadsItAll(Broken):
    rows = True
    broken = ReadsItAll
    caught_by = ("c8_2", "c8_3", "c8_5")
    says = "would fill the memory"


class SaysLessThanItCan(MemoryChannel):
    """Declares no files."""

    @property
    def capabilities(self):
        return frozenset(("push",))


class TestSaysLessThanItCan(Broken):
    broken = SaysLessThanItCan
    caught_by = ("c9_1",)


class Renamed(MemoryChannel):
    """Is called as it likes."""


class TestRenamed(Broken):
    broken = Renamed
    caught_by = ("c9_2",)

    @classmethod
    def open(cls, right):
        return cls.broken("shop", right.secret)


class TestTakesAnySetting(Broken):
    """Ignores settings that it does not know."""

    broken = MemoryChannel
    caught_by = ("c9_3", "c9_5")
    says = "DID NOT RAISE"

    def __init_subclass__(cls):
        """Nothing: this is the class that is run."""


TestTakesAnySetting.kind = ChannelKind(
    "broken", lambda name, settings: make(name, {"secret": Broken.secret}), CAPABILITIES
)
