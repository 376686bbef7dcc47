"""K1 what it says it can do, K2 rates, K3 bookings, K6 taking back, K7 handing over."""

from __future__ import annotations

import re
from typing import get_args

from ordercore.ports import Booking, CarrierCapability, Declined, LabelDocument, Manifest, RateQuote
from ordercore.testing.carrier_rules.subject import INSTANCE, CarrierSubject
from ordercore.testing.transports import run
from ordercore.testing.watch import watching
from ordercore.values import Money, text_of

_BEGINS = {"application/pdf": b"%PDF-", "application/zpl": b"^XA", "image/png": b"\x89PNG\r\n\x1a\n"}
_CODE = re.compile(r"[a-z][a-z0-9_]{1,63}\Z")


class BookingRules(CarrierSubject):
    """K1 to K3, K6, K7."""

    def test_k1_1_it_has_the_name_of_its_instance(self) -> None:
        assert self.make_carrier().instance == INSTANCE

    def test_k1_2_what_it_declares_is_what_it_registers_and_what_the_suite_was_told(self) -> None:
        capabilities = self.make_carrier().capabilities
        assert capabilities == self.kind.capabilities
        assert "book" in capabilities
        for name in set(get_args(CarrierCapability)) - {"book"}:
            assert (name in capabilities) is getattr(self, name), (
                f"{name} is declared in one place and not in the other"
            )

    def test_k1_3_what_it_does_not_declare_it_does_not_do(self) -> None:
        carrier, desk = self.make_carrier(), self.desk()
        for capability, operation in self.operations(carrier):
            if capability not in carrier.capabilities:
                with self.unsupported():
                    run(operation, desk)

    def test_k2_1_quotes_come_cheapest_first_in_one_currency(self) -> None:
        self.needs("rate")
        quotes = run(self.make_carrier().rate(self.asked()), self.desk())
        assert isinstance(quotes, tuple) and quotes  # noqa: PT018  # one rule
        costs = [quote.cost for quote in quotes if isinstance(quote, RateQuote)]
        assert [cost.amount for cost in costs] == sorted(cost.amount for cost in costs)
        assert len({cost.currency for cost in costs}) == 1
        assert all(type(cost.amount) is int and cost.amount >= 0 for cost in costs)

    def test_k2_2_what_can_be_booked_is_quoted(self) -> None:
        self.needs("rate")
        carrier, desk = self.make_carrier(), self.desk()
        quotes = run(carrier.rate(self.asked()), desk)
        assert isinstance(quotes, tuple)
        assert self.service in [quote.service for quote in quotes]

    def test_k3_1_a_booking_has_a_reference_and_a_number_and_names_the_service(self) -> None:
        booking = self.book(self.make_carrier(), self.desk())
        for name in ("reference", "tracking"):
            assert text_of(getattr(booking, name), what=name, empty=False)
        assert booking.service == self.service
        assert booking.cost is None or (isinstance(booking.cost, Money) and booking.cost.amount >= 0)

    def test_k3_2_a_label_is_what_its_media_type_says(self) -> None:
        for label in self.book(self.make_carrier(), self.desk()).labels:
            assert isinstance(label, LabelDocument)
            assert label.media_type in _BEGINS, f"{label.media_type} is no type of a label"
            assert label.content.startswith(_BEGINS[label.media_type]), f"this is no {label.media_type}"
            if label.media_type == "application/zpl":
                text = label.content.decode()
                assert text.rstrip().endswith("^XZ")
                assert text.count("^XA") == text.count("^XZ")

    def test_k3_3_a_label_carries_the_number(self) -> None:
        booking = self.book(self.make_carrier(), self.desk())
        for label in booking.labels:
            if label.media_type == "application/zpl":
                assert booking.tracking.encode() in label.content or booking.reference.encode() in label.content

    def test_k3_4_another_key_is_another_booking(self) -> None:
        carrier, desk = self.make_carrier(), self.desk()
        made = [self.book(carrier, desk, f"key-{n}") for n in range(20)]
        assert len({booking.reference for booking in made}) == len(made)
        assert len({booking.tracking for booking in made}) == len(made)

    def test_k3_5_an_estimate_has_aware_times_and_does_not_end_before_it_begins(self) -> None:
        eta = self.book(self.make_carrier(), self.desk()).eta
        if eta is not None:
            assert eta.earliest.utcoffset() is not None
            assert eta.latest.utcoffset() is not None
            assert eta.earliest <= eta.latest

    def test_k3_6_the_same_key_gives_the_same_booking(self) -> None:
        self.needs("idempotent")
        carrier, desk = self.make_carrier(), self.desk()
        first = self.book(carrier, desk)
        assert self.book(carrier, desk) == first
        assert self.book(self.make_carrier(), desk) == first, "what a fresh carrier makes of the key is another booking"

    def test_k3_7_a_booking_is_found_by_its_key(self) -> None:
        self.needs("query")
        carrier, desk = self.make_carrier(), self.desk()
        assert run(carrier.find("key-1"), desk) is None
        made = self.book(carrier, desk)
        found = run(self.make_carrier().find("key-1"), desk)
        assert isinstance(found, Booking)
        assert (found.reference, found.tracking) == (made.reference, made.tracking)
        assert run(carrier.find("key-2"), desk) is None

    def test_k3_8_what_it_does_not_take_is_declined_with_why(self) -> None:
        for request in self.impossible():
            answer = self.answered(self.make_carrier(), request)
            assert isinstance(answer, Declined), f"{answer!r} is no no"
            assert answer.problems, "a no without a reason"
            for problem in answer.problems:
                assert _CODE.match(problem.code)
                assert problem.severity == "reject"
                assert problem.message

    def test_k3_9_nothing_is_reached_for_but_what_is_asked_of_the_transport(self) -> None:
        carrier, desk = self.make_carrier(), self.desk()
        self.book(carrier, desk, "key-0")  # fonts and modules are loaded late
        operation = carrier.book(self.request(), key="key-1")
        with watching() as watched:
            next(operation, None)
        watched.assert_pure("book")
        operation.close()

    def test_k6_1_a_booking_is_taken_back_and_once_more_is_no_other_answer(self) -> None:
        self.needs("void")
        carrier, desk = self.make_carrier(), self.desk()
        booking = self.book(carrier, desk)
        assert run(carrier.void(booking.reference, key="key-2"), desk) is None
        assert run(carrier.void(booking.reference, key="key-2"), desk) is None

    def test_k7_1_a_manifest_lists_what_is_handed_over_and_only_that(self) -> None:
        self.needs("manifest")
        carrier, desk = self.make_carrier(), self.desk()
        references = tuple(self.book(carrier, desk, f"key-{n}").reference for n in range(3))
        made = run(carrier.manifest(references, key="key-m"), desk)
        assert isinstance(made, Manifest)
        assert made.bookings == references
        assert text_of(made.reference, what="reference", empty=False)

    def test_k7_2_the_same_key_gives_the_same_manifest(self) -> None:
        self.needs("manifest")
        carrier, desk = self.make_carrier(), self.desk()
        reference = self.book(carrier, desk).reference
        first = run(carrier.manifest((reference,), key="key-m"), desk)
        assert run(carrier.manifest((reference,), key="key-m"), desk) == first
