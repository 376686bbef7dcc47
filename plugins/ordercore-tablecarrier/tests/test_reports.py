"""Reports of tracking: who sent them, what they say, and what is wrong with the rest."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import AuthenticationFailed, ProtocolViolation
from ordercore.ports import Decoded, Eta, Transmission
from ordercore_tablecarrier import Table, TableCarrier, number_of, sign

TABLE = Path(__file__).with_name("table.toml")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NUMBER = number_of("PP", "post", "k1")
EVENT = {
    "number": NUMBER,
    "code": "IN_TRANSIT",
    "at": "2026-11-22T10:15:00+01:00",
    "place": "Leipzig",
    "text": "Sorted",
}


def sent(body, headers=None):
    return Transmission(
        "post", "application/json", body if isinstance(body, bytes) else json.dumps(body).encode(), headers or {}
    )


def decoded(carrier, *events):
    return carrier.decode(sent({"events": list(events)}))


def test_a_report_is_read_with_all_that_the_carrier_says(carrier):
    found = decoded(carrier, EVENT)
    (item,) = found.items
    update = item.intent
    assert found.problems == ()
    assert (update.tracking, update.status, update.raw_code) == (NUMBER, "in_transit", "IN_TRANSIT")
    assert (update.location, update.text) == ("Leipzig", "Sorted")
    assert update.occurred_at == datetime(2026, 11, 22, 9, 15, tzinfo=UTC)


def test_an_estimate_and_a_reason_come_along(carrier):
    eta = {"earliest": "2026-11-24T08:00:00Z", "latest": "2026-11-24T18:00:00Z"}
    event = {**EVENT, "code": "DELIVERY_FAILED", "reason": "consignee_absent", "eta": eta, "correction": True}
    update = decoded(carrier, event).items[0].intent
    assert update.eta == Eta(datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 24, 18, tzinfo=UTC))
    assert (update.reason, update.correction) == ("consignee_absent", True)


def test_an_unknown_code_is_kept_and_counts_as_unknown(carrier):
    found = decoded(carrier, {**EVENT, "code": "X77"})
    assert (found.items[0].intent.status, found.items[0].intent.raw_code) == ("unknown", "X77")
    assert [(problem.code, problem.severity) for problem in found.problems] == [("unknown_code", "warning")]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"number": NUMBER[:-1] + "x"}, "events[1].number"),
        ({"number": 5}, "events[1].number"),
        ({"at": "yesterday"}, "events[1].at"),
        ({"at": "2026-11-22T10:15:00"}, "events[1].at"),
        ({"at": None}, "events[1].at"),
        ({"code": ""}, "events[1].code"),
        ({"text": "two\nlines"}, "events[1].text"),
        ({"correction": "yes"}, "events[1].correction"),
        ({"eta": "soon"}, "events[1].eta"),
        ({"eta": {"earliest": "2026-11-24T08:00:00Z"}}, "events[1].eta.latest"),
        ({"eta": {"earliest": "2026-11-24T08:00:00Z", "latest": "2026-11-23T08:00:00Z"}}, "events[1].eta"),
    ],
    ids=str,
)
def test_one_bad_event_does_not_hold_up_the_others(carrier, change, path):
    found = decoded(carrier, EVENT, {**EVENT, **change}, EVENT)
    assert len(found.items) == 2
    assert [(problem.path, problem.severity) for problem in found.problems] == [(path, "reject")]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events": 5}', b'{"events": [1}', b"\xff\xfe"])
def test_what_is_no_report_is_a_violation(carrier, body):
    with pytest.raises(ProtocolViolation):
        carrier.decode(sent(body))


LEAVES = st.none() | st.integers() | st.text(max_size=5)
KEYS = st.sampled_from([*EVENT, "events", "eta"])
REPORTS = st.recursive(LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(KEYS, some, max_size=4))


@given(st.binary(max_size=200) | REPORTS)
def test_whatever_comes_it_is_decoded_or_a_violation(what):
    carrier = TableCarrier("post", Table.read(TABLE))
    with suppress(ProtocolViolation):
        assert isinstance(carrier.decode(sent(what)), Decoded)


def test_a_signed_report_passes_whatever_the_case_of_its_header(carrier):
    body = json.dumps({"events": []}).encode()
    for header in ("X-Signature", "x-signature", "X-SIGNATURE"):
        carrier.verify(sent(body, {header: sign(body, "s3cret")}), now=NOW)
        with pytest.raises(AuthenticationFailed):
            carrier.verify(sent(body, {header: sign(body + b" ", "s3cret")}), now=NOW)


@pytest.mark.parametrize("headers", [{}, {"x-signature": ""}, {"x-signature": "sha256=00"}, {"x-signature": "ключ"}])
def test_an_unsigned_report_does_not_pass(carrier, headers):
    with pytest.raises(AuthenticationFailed):
        carrier.verify(sent(b"{}", headers), now=NOW)


def test_one_changed_byte_does_not_pass(carrier):
    with pytest.raises(AuthenticationFailed):
        carrier.verify(sent(b'{"events": [] }', {"x-signature": sign(b'{"events": []}', "s3cret")}), now=NOW)


def test_without_a_secret_nothing_passes(settings):
    carrier = TableCarrier("post", Table.of({**settings, "carrier": {"currency": "EUR"}}))
    with pytest.raises(AuthenticationFailed):
        carrier.verify(sent(b"{}", {"x-signature": sign(b"{}", "")}), now=NOW)
