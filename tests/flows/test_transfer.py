import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore.errors import ExceedsQuantity, Insufficient, InvalidCommand, NotFound, TransitionRefused
from ordercore.order import Line, PlaceOrder
from ordercore.stock import Received, ReceiveStock, ReceiveTransfer, SendTransfer, TransferLine


@pytest.fixture
def stocked(bench):
    bench(ReceiveStock("WH1", [Received("TEA", 10), Received("MILK", 4, "L1"), Received("MILK", 4, "L2")]))
    return bench


def send(sku="TEA", quantity=5, lot="", name="T1"):
    return SendTransfer(name, "WH1", "WH2", [TransferLine(sku, quantity, lot)])


def arrive(sku="TEA", quantity=5, lot="", **more):
    return ReceiveTransfer("T1", [TransferLine(sku, quantity, lot)], **more)


def test_units_under_way_stand_at_the_place_of_the_transfer(stocked):
    assert stocked(send())[0] == "T1"
    assert stocked.units("TEA") == {"available": 5}
    assert stocked.units("TEA", "transfer/T1") == {"available": 5}
    stocked(arrive(quantity=2))
    stocked(arrive(quantity=3))
    assert stocked.units("TEA", "transfer/T1") == {}
    assert stocked.units("TEA", "loc/WH2") == {"available": 5}


def test_lots_travel_unchanged(stocked):
    stocked(send("MILK", 3, "L2"))
    with pytest.raises(ExceedsQuantity):
        stocked(arrive("MILK", 3, "L1"))
    stocked(arrive("MILK", 3, "L2"))
    assert stocked.units("MILK", "loc/WH2", "L2") == {"available": 3}
    assert stocked.units("MILK", "loc/WH2", "L1") == {}


def test_what_never_arrives_is_written_off_with_a_reason(stocked):
    stocked(send())
    stocked(arrive(quantity=3, missing=[TransferLine("TEA", 2)], reason="fell off"))
    assert stocked.units("TEA", "transfer/T1") == {}
    assert stocked.units("TEA", "loc/WH2") == {"available": 3}
    with pytest.raises(TransitionRefused):
        stocked(arrive(quantity=1))


def test_only_available_units_are_sent(stocked):
    stocked(PlaceOrder("shop", "1001", "EUR", [Line("TEA", 8, "1.00", location="WH1")]))
    with pytest.raises(Insufficient):
        stocked(send(quantity=3))
    assert stocked.units("TEA") == {"available": 2, "reserved": 8}


def test_what_is_under_way_is_sold_by_nobody(stocked):
    stocked(send(quantity=10))
    with pytest.raises(Insufficient):
        stocked(PlaceOrder("shop", "1001", "EUR", [Line("TEA", 1, "1.00")]))


def test_what_arrives_fills_waiting_lines_and_what_leaves_does_not(stocked):
    stocked(PlaceOrder("shop", "1001", "EUR", [Line("TEA", 4, "1.00", location="WH2")], shortage="backorder"))
    assert len(stocked(send())[1]) == 1
    stocked(arrive(quantity=3))
    assert stocked.units("TEA", "loc/WH2") == {"reserved": 3}
    stocked(arrive(quantity=2))
    assert stocked.units("TEA", "loc/WH2") == {"available": 1, "reserved": 4}


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("transfer", SendTransfer("\ud800", "WH1", "WH2", [TransferLine("TEA", 1)])),
        ("transfer", ReceiveTransfer("a/b", [TransferLine("TEA", 1)])),
        ("transfer", ReceiveTransfer("T9", [TransferLine("TEA", 1)])),
        ("source", SendTransfer("T1", "WH9", "WH2", [TransferLine("TEA", 1)])),
        ("target", SendTransfer("T1", "WH1", "WH9", [TransferLine("TEA", 1)])),
        ("target", SendTransfer("T1", "WH1", "WH1", [TransferLine("TEA", 1)])),
        ("lines", SendTransfer("T1", "WH1", "WH2", [])),
        ("lines[0].sku", SendTransfer("T1", "WH1", "WH2", [TransferLine("\ud800", 1)])),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(stocked, path, command):
    with pytest.raises((InvalidCommand, NotFound)) as caught:
        stocked(command)
    assert caught.value.path == path


def test_a_transfer_is_sent_once(stocked):
    stocked(send())
    with pytest.raises(TransitionRefused):
        stocked(send(quantity=1))
    assert stocked.units("TEA") == {"available": 5}


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(any), max_size=4))
def test_no_unit_is_made_or_lost_on_the_way(bench, parts):
    name = f"T{bench.sent}"
    before = bench.units("CUP", "loc/WH2").get("available", 0)
    bench(ReceiveStock("WH1", [Received("CUP", 8)]))
    bench(send("CUP", 8, name=name))
    written_off = 0
    for arrived, missing in parts:
        lines = [TransferLine("CUP", arrived)] if arrived else []
        lost = [TransferLine("CUP", missing)] if missing else []
        try:
            bench(ReceiveTransfer(name, lines, lost, "why"))
            written_off += missing
        except (ExceedsQuantity, TransitionRefused):
            continue
    under_way = bench.units("CUP", f"transfer/{name}").get("available", 0)
    received = bench.units("CUP", "loc/WH2").get("available", 0) - before
    assert received + under_way + written_off == 8
