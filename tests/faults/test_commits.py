"""The connection is cut around a commit: before it arrives, or after it was answered."""

import pytest

from ordercore.errors import OutcomeUnknown
from ordercore.kernel import Kernel
from ordercore.store import Unknown
from ordercore.testing import an_order, assert_consistent, place
from ordercore.testing.sample_events import delivery, receive, sample_codec

COMMIT = b"ordercore_commit"


@pytest.fixture
def behind(postgres_shop, wire):
    """A kernel that reaches its server over a wire that can be cut."""
    from ordercore_postgres import PostgresStore

    kernel = Kernel(PostgresStore(wire.address, retry_seconds=2), clock=postgres_shop.clock)
    yield kernel
    kernel.close()


def test_a_connection_lost_after_the_commit_is_resolved_by_the_id_of_the_command(postgres_shop, wire, behind):
    wire.arm("after", COMMIT)
    order = place(behind, {"TEA": 2}, external_id="lost")
    assert (wire.cuts, wire.cut) == (1, None)
    kernel = postgres_shop.open()
    assert kernel.order(order).status == "confirmed"
    assert kernel.available("TEA") == 98
    assert_consistent(kernel)


def test_a_connection_lost_before_the_commit_is_unknown_and_the_same_key_does_it(postgres_shop, wire, behind):
    wire.arm("before", COMMIT)
    with pytest.raises(OutcomeUnknown):
        place(behind, {"TEA": 2}, external_id="lost")
    assert postgres_shop.open().available("TEA") == 100
    for _ in range(2):
        place(behind, {"TEA": 2}, external_id="lost")
    kernel = postgres_shop.open()
    assert (len(kernel.orders()), kernel.available("TEA")) == (1, 98)
    assert_consistent(kernel)


@pytest.mark.parametrize(("cut", "stored"), [("before", 0), ("after", 1)])
def test_the_store_itself_says_that_it_does_not_know(postgres_shop, wire, cut, stored):
    from ordercore_postgres import PostgresStore

    store = PostgresStore(wire.address, retry_seconds=2)
    store.use_codec(sample_codec())
    wire.arm(cut, COMMIT)
    assert isinstance(store.commit(delivery("a", receive("TEA", 1))), Unknown)
    assert len(postgres_shop.execute("select 1 from ordercore_log where command = 'a'")) == stored
    assert (store.outcome("a") is not None) is bool(stored)
    store.close()


def test_a_group_that_was_cut_off_is_resolved_one_by_one(postgres_shop, wire, behind):
    wire.arm("after", COMMIT)
    receipts = behind.handle_many([an_order({"TEA": 1}, external_id=f"{number}") for number in range(5)])
    assert [receipt.order_id for receipt in receipts] == [f"shop:{number}" for number in range(5)]
    kernel = postgres_shop.open()
    assert (len(kernel.orders()), kernel.available("TEA")) == (5, 95)
    assert_consistent(kernel)


def test_who_cannot_ask_either_is_told_to_send_the_same_key_again(postgres_shop, wire, behind):
    wire.arm("after", COMMIT)
    wire.refusing = True  # nobody gets through any more
    with pytest.raises(OutcomeUnknown) as caught:
        place(behind, {"TEA": 1}, external_id="1")
    assert "same key" in caught.value.hint
    kernel = postgres_shop.open()
    place(kernel, {"TEA": 1}, external_id="1")
    assert (len(kernel.orders()), kernel.available("TEA")) == (1, 99)
