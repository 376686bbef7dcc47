"""Rates, bookings, numbers, voids, manifests: the same always comes to the same."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import reportlab
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import NotSupported
from ordercore.ports import BookingRequest, Declined, ParcelFacts, RateQuery
from ordercore.testing.transports import RecordedTransport, run
from ordercore.values import Address, Money
from ordercore_tablecarrier import Table, TableCarrier, is_number, number_of
from ordercore_tablecarrier.labels import lines_of

TABLE = Path(__file__).with_name("table.toml")
FROM = Address("DE", "Warehouse 4", ("Dock 2",), "Berlin", postal_code="10115")
TO = Address("NL", "Jo ^XZ~Bloggs_", ("High Street 1",), "Utrecht", postal_code="3511")
REQUEST = BookingRequest(FROM, TO, ParcelFacts(640, reference="shop:1/P1"), "standard", date(2026, 11, 26))


def done(op):
    transport = RecordedTransport()
    value = run(op, transport)
    assert transport.sent == []
    return value


def book(carrier, key="k1", **fields):
    return done(carrier.book(evolve(REQUEST, **fields), key=key))


def query(country="DE", grams=640, service=""):
    return RateQuery(FROM, Address(country), ParcelFacts(grams), date(2026, 11, 26), service)


def test_rates_come_cheapest_first_with_their_zone_and_days(carrier):
    standard, express = done(carrier.rate(query()))
    assert (standard.service, standard.cost, standard.zone) == ("standard", Money(390, "EUR"), "home")
    assert (express.service, express.cost) == ("express", Money(990, "EUR"))
    # Thursday: one working day later is Friday, two is Monday.
    assert standard.eta.earliest == datetime(2026, 11, 27, tzinfo=UTC)
    assert standard.eta.latest == datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)


def test_only_the_service_that_was_asked_for(carrier):
    (quote,) = done(carrier.rate(query(service="express")))
    assert quote.service == "express"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (query(grams=40_000), "too_heavy"),
        (query("JP", 40_000), "too_heavy"),
        (query("NL", service="express"), "not_served"),
    ],
)
def test_what_nobody_takes_is_declined_with_why(carrier, asked, code):
    answer = done(carrier.rate(asked))
    assert isinstance(answer, Declined)
    assert answer.problems[0].code == code


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"service": "pigeon"}, "unknown_service", "service"),
        ({"parcel": ParcelFacts(31_501)}, "too_heavy", "parcel.weight_grams"),
        ({"recipient": Address("JP"), "service": "express"}, "not_served", "service"),
    ],
    ids=["service", "weight", "zone"],
)
def test_a_booking_that_cannot_be_is_declined_with_why(carrier, fields, code, path):
    answer = book(carrier, **fields)
    assert isinstance(answer, Declined)
    assert [(problem.code, problem.path) for problem in answer.problems] == [(code, path)]


def test_a_country_outside_every_zone_is_declined(settings):
    zones = {"home": ["DE"]}
    services = {"standard": {"rates": [{"up_to_grams": 1_000, "home": "3.90"}]}}
    carrier = TableCarrier("post", Table.of({**settings, "zones": zones, "services": services}))
    assert book(carrier).problems[0].code == "not_served"


def test_the_same_key_gives_the_same_booking_to_the_last_byte(carrier, settings):
    again = TableCarrier("post", Table.of(settings))
    assert book(carrier) == book(again)


def test_another_key_or_account_gives_another_number(carrier, settings):
    other = TableCarrier("other", Table.of(settings))
    assert len({book(carrier).tracking, book(carrier, "k2").tracking, book(other).tracking}) == 3


def test_a_booking_says_what_it_costs_and_when_it_arrives(carrier):
    booking = book(carrier)
    assert (booking.cost, booking.service, booking.eta.earliest.date()) == (
        Money(790, "EUR"),
        "standard",
        date(2026, 11, 30),
    )
    assert [label.media_type for label in booking.labels] == ["application/zpl", "application/pdf"]


def test_it_remembers_nothing_and_says_so(carrier):
    assert "query" not in carrier.capabilities
    assert "idempotent" in carrier.capabilities
    with pytest.raises(NotSupported):
        next(carrier.find("k1"))


def test_a_void_is_asked_of_nobody(carrier):
    assert done(carrier.void(book(carrier).reference, key="v")) is None
    assert done(carrier.void("PP123", key="v")).problems[0].code == "unknown_booking"


def test_a_manifest_lists_what_is_handed_over(carrier):
    numbers = [book(carrier, f"k{n}").reference for n in range(120)]
    made = done(carrier.manifest(numbers, key="m"))
    assert made.bookings == tuple(numbers)
    assert made.document.content.startswith(b"%PDF")
    assert done(carrier.manifest(numbers, key="m")) == made
    assert done(carrier.manifest([], key="m")).problems[0].code == "nothing_to_hand_over"
    assert done(carrier.manifest([numbers[0], "x"], key="m")).problems[0].path == "references[1]"


# Numbers


def test_numbers_do_not_repeat():
    numbers = Counter(number_of("PP", "post", str(n)) for n in range(20_000))
    assert max(numbers.values()) == 1
    assert all(re.fullmatch(r"PP[0-9A-Z]{17}", number) for number in numbers)


@given(st.text(max_size=40), st.integers(2, 18), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_one_wrong_character_is_noticed(key, at, letter):
    number = number_of("PP", "post", key)
    assert is_number(number, "PP")
    wrong = number[:at] + letter + number[at + 1 :]
    assert is_number(wrong, "PP") is (wrong == number)


@given(st.text(max_size=40), st.integers(2, 17))
def test_two_neighbors_that_changed_places_are_noticed(key, at):
    number = number_of("PP", "post", key)
    wrong = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert is_number(wrong, "PP") is (wrong == number)


@pytest.mark.parametrize("text", ["", "PP", "XX" + "0" * 17, "pp", "PP" + "é" * 17])
def test_what_is_no_number_is_told_apart(text):
    assert not is_number(text, "PP")


# Labels


def test_zpl_holds_the_number_as_code_128_and_no_command_of_an_address(carrier):
    text = book(carrier).labels[0].content.decode()
    assert text.startswith("^XA")
    assert text.endswith("^XZ")
    assert text.count("^XA") == text.count("^XZ") == 1
    assert f"^BCN,200,N,N,N,A^FH_^FD{book(carrier).tracking}^FS" in text
    assert "Jo _5EXZ_7EBloggs_5F" in text
    assert "^CI28" in text


@given(st.text(max_size=30))
def test_whatever_a_name_is_the_label_is_one_label(name):
    carrier = TableCarrier("post", Table.read(TABLE))
    zpl, pdf = book(carrier, recipient=Address("NL", name)).labels
    text = zpl.content.decode()
    assert text.count("^XA") == text.count("^XZ") == 1
    assert pdf.content.startswith(b"%PDF")
    assert pdf.content.rstrip().endswith(b"%%EOF")


def test_the_font_of_the_table_goes_into_the_pdf(settings):
    font = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    carrier = TableCarrier("post", Table.of({**settings, "carrier": {**settings["carrier"], "font": str(font)}}))
    pdf = book(carrier, recipient=Address("NL", "Łukasz Żółć")).labels[1].content
    assert b"/FontFile2" in pdf
    assert b"STSong" not in pdf
    assert (
        b"STSong"
        in book(carrier=TableCarrier("post", Table.of(settings)), recipient=Address("CN", "王")).labels[1].content
    )


def test_an_address_is_written_a_line_each_and_only_what_there_is():
    assert lines_of(TO) == ["Jo ^XZ~Bloggs_", "High Street 1", "3511 Utrecht", "NL"]
    assert lines_of(Address("NL")) == ["NL"]
