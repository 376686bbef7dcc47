"""A store that fails in every way; and that a kernel over it neither loses nor doubles what it acknowledged."""

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore import Kernel, PutItem, Ship
from ordercore.errors import ConfigurationError, Conflict, OutcomeUnknown, Rejected, StoreBusy, StoreError
from ordercore.message import Receipt
from ordercore.order import CancelLines
from ordercore.store.memory import MemoryStore
from ordercore.testing import FaultyStore, ManualClock, StoreSuite, an_order, assert_consistent, given_stock, strategies
from ordercore.testing.faulty_store import FAULTS, drawn


class TestWithoutFaults(StoreSuite):
    """With no faults it is the store that it stands before."""

    global_order = group_commit = fencing = True

    @pytest.fixture
    def store_factory(self):
        return lambda: FaultyStore(MemoryStore())


def shop(faults, clock=None):
    """A kernel in good order, over a store that fails from now on."""
    clock = clock or ManualClock()
    store = FaultyStore(MemoryStore(), clock=clock)
    kernel = Kernel(store, clock=clock)
    given_stock(kernel, {"WH1": {"TEA": 20}, "WH2": {"TEA": 3}})
    store._script = iter(faults)
    store.met.clear()
    return kernel


ORDER = an_order([("TEA", 2)])


@pytest.mark.parametrize(("fault", "error", "there"), [
    ("reject", StoreBusy, False), ("unknown_before", OutcomeUnknown, False),
])  # fmt: skip
def test_what_was_not_written_is_said_and_may_be_sent_again(fault, error, there):
    kernel = shop([fault])
    with pytest.raises(error):
        kernel.handle(ORDER)
    assert len(kernel.orders()) == there
    assert not kernel.handle(ORDER).duplicate
    assert kernel.store.met == [fault, "none"]
    assert_consistent(kernel)


def test_what_was_written_before_the_connection_was_lost_is_found_by_asking():
    kernel = shop(["unknown_after"])
    receipt = kernel.handle(ORDER)
    assert kernel.store.met == ["unknown_after"]
    assert kernel.order(receipt.result).total == 200
    assert kernel.handle(ORDER).duplicate
    assert_consistent(kernel)


def test_a_conflict_is_decided_again():
    kernel = shop(["none", "conflict"])
    receipt = kernel.handle(ORDER)
    kernel.handle(Ship(receipt.result))
    assert kernel.store.met == ["none", "conflict", "none"]
    assert kernel.available("TEA") == 21


def test_conflicts_without_end_are_a_refusal():
    kernel = shop(["none", *["conflict"] * 100])
    receipt = kernel.handle(ORDER)
    with pytest.raises(Conflict):
        kernel.handle(Ship(receipt.result))
    assert_consistent(kernel)


def test_a_delay_moves_the_clock_and_nobody_sleeps():
    clock = ManualClock()
    kernel = shop(["delay"], clock)
    before = clock.now()
    kernel.handle(ORDER)
    assert (clock.now() - before).total_seconds() == 30


def test_each_of_a_group_meets_a_fault_of_its_own():
    kernel = shop(["unknown_after", "reject", "none"])
    orders = [an_order([("TEA", 1)], external_id=str(n)) for n in range(3)]
    results = kernel.handle_many(orders, group=10)
    assert all(isinstance(result, Receipt) for result in results)
    assert kernel.available("TEA") == 20
    assert_consistent(kernel)


@pytest.mark.parametrize("faults", [["rejct"], ["delay"]])
def test_a_script_that_cannot_work_is_refused(faults):
    with pytest.raises(ConfigurationError, match=r"Did you mean 'reject'|needs a clock"):
        FaultyStore(MemoryStore(), faults)


def test_drawn_faults_are_the_same_for_the_same_seed():
    first, again, other = (list(islice(drawn(seed), 200)) for seed in (1, 1, 2))
    assert first == again != other
    assert set(first) == set(FAULTS)
    assert 20 < sum(fault != "none" for fault in first) < 100


# Nothing is lost, nothing is doubled

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(1, 6)), st.tuples(st.just("ship"), st.integers(0, 5)),
        st.tuples(st.just("cancel"), st.integers(0, 5)), st.tuples(st.just("put"), st.integers(0, 3)),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def command_of(step, n):
    match step:
        case ("place", units):
            return an_order([("TEA", units)], external_id=str(n))
        case ("ship", which):
            return Ship(f"shop:{which}")
        case ("cancel", which):
            return CancelLines(f"shop:{which}")
        case ("put", stock):
            return PutItem("TEA", safety_stock=stock)


def send(kernel, command, key):
    """As a client does it: again under the same key until there is an answer. None: it was refused."""
    for _ in range(100):
        try:
            return kernel.handle(command, key=key)
        except StoreError:
            continue
        except Rejected:
            return None
    raise AssertionError("no answer")


def books(kernel):
    stock = sorted((row.place, row.buckets) for row in kernel.stock("TEA").rows)
    return stock, {row.id: kernel.order(row.id).status for row in kernel.orders()}


@given(STEPS, strategies.store_faults())
def test_what_was_acknowledged_is_there_once_whatever_the_store_does(steps, faults):
    kernel, right = shop(faults), shop([])
    for n, step in enumerate(steps):
        command, key = command_of(step, n), f"c{n}"
        answer = send(kernel, command, key)
        if answer is not None:
            # What was acknowledged happens where nothing fails, too, and comes to the same.
            assert right.handle(command, key=key).result == answer.result
            assert send(kernel, command, key).duplicate or not answer.appended
    records = kernel.log().records
    times = Counter((record.stream, record.version) for record in records)
    assert set(times.values()) <= {1}
    assert len(records) == len(right.log().records)
    assert books(kernel) == books(right)
    assert kernel.verify() == ()
    assert_consistent(kernel)
