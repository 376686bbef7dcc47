"""Carriers that are wrong in one way each, and the rules that catch them; run by `test_broken_plugins.py`."""

import json
from typing import ClassVar

from attrs import evolve

from ordercore.codec import dump
from ordercore.errors import AdapterError, AnswerLost
from ordercore.ports import Booking, CarrierKind, Declined, LabelDocument, Problem, Transmission
from ordercore.testing.carrier import ALL, MemoryCarrier
from ordercore.testing.carrier_suite import CarrierSuite
from ordercore.testing.outside import CarrierDesk

IDEMPOTENT = ("rate", "book", "idempotent", "void", "manifest", "track_push")


def kind(carrier, capabilities=ALL):
    return CarrierKind("broken", lambda instance, _: carrier(instance, capabilities), capabilities)


class Broken(CarrierSuite):
    rate = query = void = manifest = track_push = True
    service = "standard"
    broken = MemoryCarrier
    caught_by: ClassVar = ()
    perhaps: ClassVar = ()

    def desk(self):
        return CarrierDesk(idempotent=self.idempotent)

    def report(self, updates):
        body = json.dumps({"events": [dump(one) for one in updates]}).encode()
        return Transmission("parcels", "application/json", body, {"x-signature": MemoryCarrier.sign(body)})


class Guessing(MemoryCarrier):
    """Takes a lost answer for a no."""

    def book(self, request, *, key):
        try:
            return (yield from super().book(request, key=key))
        except AnswerLost:
            return Declined((Problem("lost", "reject", "", "No answer."),))


class TestGuessing(Broken):
    broken = Guessing
    kind = kind(Guessing)
    caught_by = ("k4_1", "k4_3", "k5_1")


class Optimistic(MemoryCarrier):
    """Makes a booking up when the answer is lost."""

    def book(self, request, *, key):
        try:
            return (yield from super().book(request, key=key))
        except AdapterError:
            return Booking("MC1", "MC1", request.service)


class TestOptimistic(Broken):
    broken = Optimistic
    kind = kind(Optimistic)
    caught_by = ("k4_1", "k4_2", "k4_3", "k5_1")


class Forgetful(MemoryCarrier):
    """Takes any trouble with the question for "there is none"."""

    def find(self, key):
        try:
            return (yield from super().find(key))
        except AdapterError:
            return None


class TestForgetful(Broken):
    broken = Forgetful
    kind = kind(Forgetful)
    caught_by = ("k4_4", "k5_1")


class OneNumber(MemoryCarrier):
    """Gives every parcel the same number."""

    def book(self, request, *, key):
        made = yield from super().book(request, key=key)
        return evolve(made, tracking="MC0") if isinstance(made, Booking) else made


class TestOneNumber(Broken):
    broken = OneNumber
    kind = kind(OneNumber)
    caught_by = ("k3_4", "k3_7")


class Mislabeled(MemoryCarrier):
    """Calls ZPL a PDF."""

    def book(self, request, *, key):
        made = yield from super().book(request, key=key)
        return (
            evolve(made, labels=(LabelDocument("application/pdf", made.labels[0].content),))
            if isinstance(made, Booking)
            else made
        )


class TestMislabeled(Broken):
    broken = Mislabeled
    kind = kind(Mislabeled)
    caught_by = ("k3_2",)


class Gossip(MemoryCarrier):
    """Quotes the address when it says no."""

    def book(self, request, *, key):
        made = yield from super().book(request, key=key)
        if isinstance(made, Declined):
            return Declined((evolve(made.problems[0], message=f"Not to {request.recipient.city}."),))
        return made


class TestGossip(Broken):
    broken = Gossip
    kind = kind(Gossip)
    caught_by = ("k9_1",)


class Trusting(MemoryCarrier):
    """Believes whoever reports."""

    def verify(self, transmission, *, now):
        return None


class TestTrusting(Broken):
    broken = Trusting
    kind = kind(Trusting)
    caught_by = ("k8_2",)


class Eager(MemoryCarrier):
    """Takes bookings back without having said that it can."""

    def _require(self, capability):
        return None


class TestEager(Broken):
    manifest = False
    broken = Eager
    kind = kind(Eager, tuple(one for one in ALL if one != "manifest"))
    caught_by = ("k1_3",)


class Unsorted(MemoryCarrier):
    """Quotes the dearest service first."""

    def rate(self, query):
        quotes = yield from super().rate(query)
        return quotes[::-1]


class TestUnsorted(Broken):
    broken = Unsorted
    kind = kind(Unsorted)
    caught_by = ("k2_1",)


class TestBoastful(Broken):
    """Says that repeats are dropped, and they are not."""

    query, idempotent = False, True
    broken = MemoryCarrier
    kind = kind(MemoryCarrier, IDEMPOTENT)
    caught_by = ("k3_6",)

    def desk(self):
        return CarrierDesk(idempotent=False)


class Strict(MemoryCarrier):
    """Raises where it should decline."""

    def book(self, request, *, key):
        made = yield from super().book(request, key=key)
        if isinstance(made, Declined):
            raise AnswerLost("No.")
        return made


class TestStrict(Broken):
    broken = Strict
    kind = kind(Strict)
    caught_by = ("k3_8",)
