"""Suppliers that are wrong in one way each, with the suite on every one; run by `test_broken_plugins.py`.

What they do otherwise is right, so that they fail for their defect alone. `caught_by` are the rules that must fail,
`perhaps` those that may, by chance; all others must pass. `says` is in the message of the first.
"""

import json
import random
from typing import ClassVar

from attrs import evolve
from json_supplier import JsonRules

from ordercore.ports import Declined, DocumentSent, HttpRequest, Problem, SupplierKind
from ordercore.testing.supplier import CAPABILITIES, URL, MemorySupplier, make


class Broken(JsonRules):
    """The suite as for the supplier that is right."""

    broken: type[MemorySupplier]
    caught_by: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    says = ""
    capabilities: ClassVar = CAPABILITIES

    def __init_subclass__(cls):
        cls.kind = SupplierKind(
            "memory", lambda name, settings: opened(cls.broken, make(name, settings)), cls.capabilities
        )


def opened(cls, right):
    return cls(right.instance, right.word)


class RoundsQuantities(MemorySupplier):
    """Quantities go through a float, to whole units."""

    def send(self, document, *, key):
        lines = [
            evolve(one, quantity=evolve(one.quantity, value=round(float(one.quantity.value)))) for one in document.lines
        ]
        return (yield from super().send(evolve(document, lines=tuple(lines)), key=key))


class TestRoundsQuantities(Broken):
    broken = RoundsQuantities
    caught_by = ("u1_2",)


class NumbersItself(MemorySupplier):
    """The document has a number drawn at random."""

    def send(self, document, *, key):
        numbered = evolve(document, note=str(random.random()))
        return (yield from super().send(numbered, key=key))


class TestNumbersItself(Broken):
    broken = NumbersItself
    caught_by = ("u1_1", "u1_6")


class ForgetsReminders(MemorySupplier):
    """A reminder looks like a second order, under the key of the first."""

    def send(self, document, *, key):
        return (yield from super().send(evolve(document, reminder=0, number="PO-7"), key="the only one"))


class TestForgetsReminders(Broken):
    broken = ForgetsReminders
    caught_by = ("u1_3", "u1_1", "u3_1")


class GluesText(MemorySupplier):
    """JSON put together by hand: a quote in a title ends it."""

    def send(self, document, *, key):
        body = json.dumps(
            {"number": "", "lines": [[one.line, "", str(one.quantity.value), ""] for one in document.lines]}
        )
        titles = "|".join(one.title for one in document.lines)
        yield HttpRequest("POST", URL, {"idempotency-key": key, "x-titles": titles}, body.encode())
        return DocumentSent(key)


class TestGluesText(Broken):
    broken = GluesText
    caught_by = ("u1_4", "u2_2", "u2_5", "u7_2")
    says = "line break"


class TakesNoForYes(MemorySupplier):
    """A no is taken for a yes."""

    def send(self, document, *, key):
        result = yield from super().send(document, key=key)
        return DocumentSent(key) if isinstance(result, Declined) else result


class TestTakesNoForYes(Broken):
    broken = TakesNoForYes
    caught_by = ("u2_2", "u2_5", "u7_2")
    says = "a no for good came to DocumentSent"


class FindsEverything(MemorySupplier):
    """Asked for an order, it always has it."""

    def find(self, key):
        yield HttpRequest("GET", URL, {"idempotency-key": key})
        return DocumentSent(key)


class TestFindsEverything(Broken):
    broken = FindsEverything
    caught_by = ("u3_1",)


class DoesNotSay(MemorySupplier):
    """It cannot be asked, and says that there is none: an order would be sent twice."""

    capabilities = frozenset(("send", "acknowledge"))

    def find(self, key):
        yield HttpRequest("GET", URL, {"idempotency-key": key})
        return None


class TestDoesNotSay(Broken):
    broken = DoesNotSay
    query = False
    capabilities: ClassVar = frozenset(("send", "acknowledge"))
    caught_by = ("u3_2",)
    says = "DID NOT RAISE"


class LosesLines(MemorySupplier):
    """Of an answer with many lines the last is lost."""

    def decode(self, transmission):
        decoded = super().decode(transmission)
        items = [
            evolve(one, intent=evolve(one.intent, lines=one.intent.lines[:3])) for one in decoded.items
        ]  # fmt: skip
        return evolve(decoded, items=tuple(items))


class TestLosesLines(Broken):
    broken = LosesLines
    caught_by = ("u4_1",)


class OneLineSpoilsAll(MemorySupplier):
    """One line that does not read takes the answer with it."""

    def decode(self, transmission):
        decoded = super().decode(transmission)
        return evolve(decoded, items=()) if decoded.rejected else decoded


class TestOneLineSpoilsAll(Broken):
    broken = OneLineSpoilsAll
    caught_by = ("u4_3",)
    says = "took the others with it"


class DropsInSilence(MemorySupplier):
    """What does not read is left out, and nobody is told."""

    def decode(self, transmission):
        return evolve(super().decode(transmission), problems=())


class TestDropsInSilence(Broken):
    broken = DropsInSilence
    caught_by = ("u4_3",)
    perhaps = ("u4_4",)
    says = "in silence"


class Falls(MemorySupplier):
    """Rubbish raises whatever the JSON library raises."""

    def decode(self, transmission):
        json.loads(transmission.body)
        return super().decode(transmission)


class TestFalls(Broken):
    broken = Falls
    caught_by = ("u4_4",)
    says = "that is no problem"


class TrustsAnybody(MemorySupplier):
    """Who sent it is not looked at."""

    def verify(self, transmission, *, now):
        pass


class TestTrustsAnybody(Broken):
    broken = TrustsAnybody
    caught_by = ("u5_2",)
    says = "DID NOT RAISE"


class QuotesTheAddress(MemorySupplier):
    """A no says where the goods were to go."""

    def send(self, document, *, key):
        result = yield from super().send(document, key=key)
        if isinstance(result, Declined):
            where = document.deliver_to.name if document.deliver_to else ""
            return Declined((Problem("declined", "reject", "", f"Nothing goes to {where}."),))
        return result


class TestQuotesTheAddress(Broken):
    broken = QuotesTheAddress
    caught_by = ("u7_2",)
    says = "where the goods go"
