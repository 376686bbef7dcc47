"""K4 answers that are lost or unclear, K5 the whole way through a kernel, K8 reports, K9 privacy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore.catalog import PutItem, PutLocation
from ordercore.errors import AdapterError, AnswerLost, AuthenticationFailed, ProtocolViolation, TransientFailure
from ordercore.kernel import Kernel
from ordercore.order import BookParcel, Ship
from ordercore.order.events import ParcelBooked
from ordercore.ports import Booking, Carrier, Declined, HttpResponse, Op, Request, Response, TrackingUpdate, Transport
from ordercore.testing.builders import given_stock, place
from ordercore.testing.carrier_rules.subject import INSTANCE, NOW, CarrierSubject, told
from ordercore.testing.clock import ManualClock
from ordercore.testing.person import PERSON, PERSONAL
from ordercore.testing.transports import Fault, FaultyTransport, run
from ordercore.values import OrderId

_UNCLEAR = (
    HttpResponse(500), HttpResponse(503, body=b"<html>maintenance</html>"), HttpResponse(200, body=b"{"), HttpResponse(302),
)  # fmt: skip
FAULTS: tuple[Fault, ...] = ("none", "unreached", "throttled", "lost_before", "lost_after")


class AnswerRules(CarrierSubject):
    """K4, K5, K8, K9."""

    def _each_answer(self, make: Callable[[Carrier], Op[Any]], answer: Response | Exception) -> Iterator[object]:
        """What the operation comes to when its first, second, ... request is answered like this."""
        for n in range(10):
            transport = _Nth(self.desk(), n, answer)
            try:
                found: object = run(make(self.make_carrier()), transport)
            except Exception as error:  # noqa: BLE001  # looked at by the rule
                found = error
            if not transport.met:
                return
            yield _AskedAgain(found) if isinstance(found, Booking) and transport.after else found

    def test_k4_1_of_a_lost_answer_nothing_is_made(self) -> None:
        """Neither a booking nor a no: AnswerLost goes on to whoever can look into it."""
        for found in self._each_answer(self._booked, AnswerLost("no answer")):
            assert not isinstance(found, Declined), "a lost answer was taken for a no"
            assert isinstance(found, (AnswerLost, _AskedAgain)), f"{found!r} of a lost answer"

    def test_k4_2_what_did_not_arrive_is_said_to_have_not(self) -> None:
        for found in self._each_answer(self._booked, TransientFailure("unreachable")):
            assert isinstance(found, (TransientFailure, _AskedAgain)), f"{found!r} of a request that did not arrive"

    @pytest.mark.parametrize("answer", _UNCLEAR, ids=lambda answer: f"{answer.status}-{len(answer.body)}")
    def test_k4_3_an_unclear_answer_is_neither_a_booking_nor_a_no(self, answer: HttpResponse) -> None:
        for found in self._each_answer(self._booked, answer):
            assert isinstance(found, AdapterError), f"{found!r} of an answer that says nothing"
            if answer.status == 200:
                assert not isinstance(found, TransientFailure), "it was taken, and is said not to have arrived"

    @pytest.mark.parametrize(
        "answer",
        [*_UNCLEAR, AnswerLost("no answer"), TransientFailure("unreachable")],
        ids=lambda answer: getattr(answer, "code", str(getattr(answer, "status", ""))),
    )
    def test_k4_4_none_means_that_there_certainly_is_no_booking(self, answer: Response | Exception) -> None:
        self.needs("query")
        for found in self._each_answer(lambda carrier: carrier.find("key-1"), answer):
            assert isinstance(found, AdapterError), f"{found!r} of an answer that says nothing"

    def _booked(self, carrier: Carrier) -> Op[Any]:
        return carrier.book(self.request(), key="key-1")

    def test_k5_1_whatever_is_lost_a_parcel_is_booked_once(self) -> None:
        if not (self.query or self.idempotent):
            pytest.skip("the carrier declares neither query nor idempotent: a person looks into what is lost")

        @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
        @given(st.lists(st.sampled_from(FAULTS), max_size=5))
        def any_faults(faults: list[Fault]) -> None:
            desk = _Once(self.desk())
            booking = self._through_a_kernel(FaultyTransport(desk, faults))
            if self.query:
                assert desk.posts.count(True) <= 1, "it was booked twice"
                found = run(self.make_carrier().find(desk.key), desk) if desk.key else None
                assert found is None or found.reference == booking.reference
            assert booking.tracking

        any_faults()

    def _through_a_kernel(self, transport: Transport) -> ParcelBooked:
        clock = ManualClock(NOW)
        with Kernel(clock=clock, carriers={INSTANCE: self.make_carrier()}, transport=transport) as shop:
            shop.handle(PutItem("TEA"))
            shop.handle(PutLocation("WH1", country="DE"))
            given_stock(shop, {"WH1": {"TEA": 1}})
            order = place(shop, {"TEA": 1}, ship_to=PERSON, external_id="1")
            shop.handle(Ship(order))
            shop.handle(BookParcel(order, "P1", INSTANCE, self.service, 500), key="book")
            for _ in range(12):
                clock.advance(hours=2)
                shop.work(until_idle=True)
            return _booking(shop, order)

    def _facts(self) -> list[TrackingUpdate]:
        number = self.book(self.make_carrier(), self.desk()).tracking
        return [
            TrackingUpdate(number, "in_transit", NOW, location="Ghent"),
            TrackingUpdate(number, "delivered", NOW.replace(hour=15), location="Uttersford"),
        ]

    def test_k8_1_a_signed_report_says_what_was_put_into_it(self) -> None:
        self.needs("track_push")
        facts, carrier = self._facts(), self.make_carrier()
        transmission = self.report(facts)
        carrier.verify(transmission, now=NOW)
        decoded = carrier.decode(transmission)
        found = [item.intent for item in decoded.items]
        assert [(f.tracking, f.status, f.occurred_at) for f in found if isinstance(f, TrackingUpdate)] == [
            (f.tracking, f.status, f.occurred_at) for f in facts
        ]
        assert decoded.rejected == ()
        assert carrier.decode(transmission) == decoded

    def test_k8_2_a_report_that_was_changed_or_not_signed_does_not_pass(self) -> None:
        self.needs("track_push")
        transmission = self.report(self._facts())
        for wrong in (
            evolve(transmission, body=transmission.body.replace(b"Ghent", b"Ghant")), evolve(transmission, headers={}),
        ):  # fmt: skip
            with pytest.raises(AuthenticationFailed):
                self.make_carrier().verify(wrong, now=NOW)

    def test_k8_3_a_report_that_was_cut_off_is_a_problem_and_no_crash(self) -> None:
        self.needs("track_push")
        transmission = self.report(self._facts())
        for length in range(0, len(transmission.body), max(1, len(transmission.body) // 16)):
            try:
                self.make_carrier().decode(evolve(transmission, body=transmission.body[:length]))
            except ProtocolViolation:
                continue

    def test_k9_1_who_gets_the_parcel_is_in_no_message_and_in_no_number(self) -> None:
        carrier = self.make_carrier()
        booking = self.book(carrier, self.desk())
        said = [repr(booking), booking.reference, booking.tracking, repr(carrier)]
        for request in self.impossible():
            answer = self.answered(carrier, request)
            said.append(told(answer) if isinstance(answer, Declined) else str(answer))
        said += [str(found) for answer in _UNCLEAR for found in self._each_answer(self._booked, answer)]
        leaked = [word for word in PERSONAL for text in said if word.casefold() in text.casefold()]
        assert leaked == [], f"personal data in what it says: {leaked}"


@frozen
class _AskedAgain:
    """A booking that was made although a request failed: what was sent afterwards found or made it."""

    booking: Booking


class _Nth:
    """A transport that answers its nth request with something else."""

    def __init__(self, to: Transport, n: int, answer: Response | Exception) -> None:
        self._to, self._left, self._answer = to, n, answer
        self.met = False
        self.after = 0

    def send(self, request: Request) -> Response:
        self._left -= 1
        self.after += self.met
        if self._left >= 0 or self.met:
            return self._to.send(request)
        self.met = True
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class _Once:
    """Remembers the key of a booking and how often one arrived that was new to the desk."""

    def __init__(self, to: Transport) -> None:
        self._to = to
        self.posts: list[bool] = []
        self.key = ""

    def send(self, request: Request) -> Response:
        response = self._to.send(request)
        if getattr(request, "method", "") == "POST" and isinstance(response, HttpResponse) and response.status == 201:
            self.posts.append(True)
            self.key = getattr(request, "headers", {}).get("idempotency-key", "")
        return response


def _booking(shop: Kernel, order: OrderId) -> ParcelBooked:
    events = [entry.event for entry in shop.timeline(order) if isinstance(entry.event, ParcelBooked)]
    assert len(events) == 1, f"booked {len(events)} times"
    assert shop.effects() == (), "something is uncertain that could be found out"
    return events[0]
