from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import BrokenRule, ExceedsQuantity, InvalidCommand, NotFound, TransitionRefused
from ordercore.stock import ReceiveTransfer, SendTransfer, TransferLine
from ordercore.stock.decide import arrive, send
from ordercore.stock.transfer import TransferReceived, TransferSent, TransferUnits, fold_transfer
from ordercore.store import postings_of

HERE, THERE, WAY = "loc/WH1", "loc/WH2", "transfer/T1"


def sent(*units):
    event = TransferSent("T1", HERE, THERE, tuple(TransferUnits(*one) for one in units))
    return fold_transfer(None, [event], "transfer/T1")


def after(transfer, command):
    return fold_transfer(transfer, [arrive(transfer, command, 100)], "transfer/T1")


def test_lines_of_the_same_goods_leave_together(items):
    lines = [TransferLine("TEA", 2), TransferLine("MILK", 1, "L1"), TransferLine("TEA", 3)]
    event = send(None, SendTransfer("T1", "WH1", "WH2", lines), items, HERE, THERE, 100)
    assert event == TransferSent("T1", HERE, THERE, (TransferUnits("TEA", 5), TransferUnits("MILK", 1, "L1")))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("lines[0].sku", TransferLine("POSTAGE", 1)),
        ("lines[0].sku", TransferLine("COFEE", 1)),
        ("lines[0].quantity", TransferLine("TEA", 0)),
        ("lines[0].lot", TransferLine("MILK", 1)),
        ("lines[0].lot", TransferLine("TEA", 1, "L1")),
    ],
)
def test_a_line_that_cannot_be_sent_is_refused_with_its_path(items, path, line):
    with pytest.raises((InvalidCommand, NotFound)) as caught:
        send(None, SendTransfer("T1", "WH1", "WH2", [line]), items, HERE, THERE, 100)
    assert caught.value.path == path


def test_a_transfer_goes_to_another_location(items):
    with pytest.raises(InvalidCommand) as caught:
        send(None, SendTransfer("T1", "WH1", "WH1", [TransferLine("TEA", 1)]), items, HERE, HERE, 100)
    assert caught.value.path == "target"


def test_a_transfer_is_sent_once(items):
    with pytest.raises(TransitionRefused) as caught:
        send(sent(("TEA", 1)), SendTransfer("T1", "WH1", "WH2", [TransferLine("TEA", 1)]), items, HERE, THERE, 100)
    assert caught.value.allowed == ("ReceiveTransfer",)


def test_a_transfer_arrives_in_parts():
    transfer = sent(("TEA", 5))
    assert transfer.status == "in_transit"
    transfer = after(transfer, ReceiveTransfer("T1", [TransferLine("TEA", 2)]))
    assert transfer.status == "partially_received"
    transfer = after(transfer, ReceiveTransfer("T1", [TransferLine("TEA", 3)]))
    assert transfer.status == "received"
    with pytest.raises(TransitionRefused):
        arrive(transfer, ReceiveTransfer("T1", [TransferLine("TEA", 1)]), 100)


def test_what_arrives_and_what_is_missing_share_what_is_in_transit():
    lines, missing = [TransferLine("TEA", 2), TransferLine("TEA", 1)], [TransferLine("TEA", 3)]
    with pytest.raises(ExceedsQuantity) as caught:
        arrive(sent(("TEA", 5)), ReceiveTransfer("T1", lines, missing, "lost"), 100)
    assert (caught.value.asked, caught.value.there, caught.value.path) == (6, 5, "lines[0].quantity")


def test_goods_that_were_not_sent_do_not_arrive():
    with pytest.raises(ExceedsQuantity) as caught:
        arrive(sent(("MILK", 5, "L1")), ReceiveTransfer("T1", [TransferLine("MILK", 5, "L2")]), 100)
    assert (caught.value.line, caught.value.there) == ("MILK/L2", 0)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("lines", ReceiveTransfer("T1", [])),
        ("reason", ReceiveTransfer("T1", [], [TransferLine("TEA", 1)])),
        ("lines[0].quantity", ReceiveTransfer("T1", [TransferLine("TEA", -1)])),
        ("missing[0].quantity", ReceiveTransfer("T1", [], [TransferLine("TEA", True)], "lost")),
    ],
)
def test_an_arrival_that_cannot_be_is_refused_with_its_path(path, command):
    with pytest.raises(InvalidCommand) as caught:
        arrive(sent(("TEA", 5)), command, 100)
    assert caught.value.path == path


def test_events_that_do_not_add_up_are_a_defect():
    event = TransferReceived("T1", THERE, (TransferUnits("TEA", 6),))
    with pytest.raises(BrokenRule, match="TEA"):
        fold_transfer(sent(("TEA", 5)), [event], "transfer/T1")
    with pytest.raises(BrokenRule, match="cannot begin"):
        fold_transfer(None, [event], "transfer/T1")


GOODS = [("TEA", ""), ("MILK", "L1"), ("MILK", "L2")]
some_goods = st.dictionaries(st.sampled_from(GOODS), st.integers(1, 20))


def lines_of(units):
    return [TransferLine(sku, quantity, lot) for (sku, lot), quantity in units.items()]


@given(shipped=some_goods.filter(bool), steps=st.lists(st.tuples(some_goods, some_goods), max_size=6))
def test_sent_is_received_and_in_transit_and_missing(shipped, steps):
    transfer = sent(*((sku, quantity, lot) for (sku, lot), quantity in shipped.items()))
    stands = Counter({(WAY, *goods): quantity for goods, quantity in shipped.items()})
    for arrived, missing in steps:
        try:
            event = arrive(transfer, ReceiveTransfer("T1", lines_of(arrived), lines_of(missing), "why"), 100)
        except (ExceedsQuantity, TransitionRefused, InvalidCommand):
            continue
        for one in postings_of(event):
            stands[one.source, one.sku, one.lot] -= one.quantity
            stands[one.target, one.sku, one.lot] += one.quantity
        transfer = fold_transfer(transfer, [event], "transfer/T1")
    for goods, quantity in shipped.items():
        progress = transfer.goods[goods]
        assert progress.sent == quantity == progress.received + progress.in_transit + progress.missing
        figures = (progress.in_transit, progress.received, progress.missing)
        assert figures == (stands[WAY, *goods], stands[THERE, *goods], stands["count", *goods])
        assert min(figures) >= 0
