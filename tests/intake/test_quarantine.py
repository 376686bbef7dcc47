from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.codec import Codec
from ordercore.errors import Corrupted
from ordercore.intake import DOCUMENTS, Seen, document_id, quarantine, restore, seen_key
from ordercore.ports import Problem, SourceVersion, Transmission

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROBLEM = Problem("unmapped_item", "reject", "lines[1].sku", "No item.", subject="1001")


@given(st.binary(max_size=200))
def test_the_bytes_come_back_as_they_were(body):
    sent = Transmission("shop", "text/csv", body, {"X-Topic": "orders"}, NOON, "delivery-1")
    assert restore(*quarantine(sent, (PROBLEM,))) == sent


def test_the_same_bytes_from_the_same_instance_are_one_document():
    sent = Transmission("shop", "text/csv", b"a,b", received_at=NOON)
    assert document_id(sent) == document_id(attrs.evolve(sent, transport_id="again", received_at=None))
    assert document_id(sent) != document_id(attrs.evolve(sent, instance="other"))
    assert document_id(sent) != document_id(attrs.evolve(sent, body=b"a,c"))


def test_no_credential_is_kept():
    headers = {"X-Shop-Hmac-Sha256": "1", "Authorization": "2", "X-Api-Token": "3", "Cookie": "4", "X-Topic": "orders"}
    _, raw = quarantine(Transmission("shop", "text/csv", b"", headers), (PROBLEM,))
    assert raw.headers == {"x-topic": "orders"}


def test_the_repr_of_what_is_kept_shows_nothing_of_the_document():
    _, raw = quarantine(Transmission("shop", "text/csv", b"a person"), (PROBLEM,))
    assert raw.body_base64 not in repr(raw)


def test_a_document_about_one_order_says_which():
    sent = Transmission("shop", "text/csv", b"")
    assert quarantine(sent, (PROBLEM, PROBLEM))[0].subject == "1001"
    assert quarantine(sent, (PROBLEM, attrs.evolve(PROBLEM, subject="1002")))[0].subject == ""


def test_a_replayed_document_stays_visible():
    kept, _ = quarantine(Transmission("shop", "text/csv", b""), (PROBLEM,))
    assert (kept.status, kept.replayed().status) == ("open", "replayed")
    assert kept.replayed().problems == kept.problems


def test_changed_bytes_are_noticed():
    kept, raw = quarantine(Transmission("shop", "text/csv", b"a,b"), (PROBLEM,))
    with pytest.raises(Corrupted):
        restore(kept, attrs.evolve(raw, body_base64=""))


def test_an_order_is_known_by_instance_and_external_id():
    assert seen_key("shop", "10/01") == "shop/10/01"


def test_what_intake_keeps_can_be_stored():
    codec = Codec()
    codec.register(*DOCUMENTS)
    sent = Transmission("shop", "text/csv", b"\xff\x00", {"x-topic": "orders"}, NOON, "delivery-1")
    for kept in (*quarantine(sent, (PROBLEM,)), Seen("sha256:1", SourceVersion(NOON, 7), "{}", cancelled=True), Seen()):
        assert codec.load_document(codec.dump_document(kept)) == kept
