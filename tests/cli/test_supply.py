"""`ordercore alerts` and `ordercore purchases`: from a crossing to goods, by hand."""

import pytest

from ordercore import Kernel
from ordercore.catalog import PutStockLevels
from ordercore.policies import Policies
from ordercore.stock import AdjustStock
from ordercore.supply import PutSupplier, PutSupply


@pytest.fixture
def low(url):
    """Eight teas are left where an alert is raised at ten; a purchase waits for approval."""
    with Kernel.open(url, policies=Policies(replenish="order")) as kernel:
        kernel.handle(PutSupplier("ACME", "EUR", "Acme"))
        kernel.handle(PutSupply("TEA", "ACME", "T-1", "2.50", pack=12))
        kernel.handle(PutStockLevels("TEA", "WH1", 10, 40, owner="buying"))
        kernel.handle(AdjustStock("WH1", "TEA", 1, "found"))
        kernel.work(until_idle=True)
    return url


def test_alerts_are_listed_with_what_is_projected(run, low):
    status, out, err = run("alerts", "--store", low)
    assert (status, err) == (0, "")
    for shown in ("WH1:TEA", "open", "buying", "ACME-1"):
        assert shown in out
    assert run("alerts", "list", "--store", low, "--owner", "nobody")[1] == "Nothing runs low.\n"


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [
        (("acknowledge",), "acknowledged"), (("snooze", "--hours", "8"), "snoozed"), (("resolve", "--note", "sold out"), "resolved"),
    ],
)  # fmt: skip
def test_a_person_takes_care_of_an_alert(run, low, asked, becomes):
    status, out, err = run("alerts", asked[0], "--store", low, *asked[1:], "WH1:TEA")
    assert (status, err) == (0, "")
    assert becomes in out


def test_an_alert_is_assigned(run, low):
    assert "warehouse" in run("alerts", "assign", "--store", low, "WH1:TEA", "warehouse")[1]


def test_an_alert_that_is_not_there_is_refused(run, low):
    status, out, err = run("alerts", "acknowledge", "--store", low, "WH9:TEA")
    assert (status, out) == (1, "")
    assert "WH9:TEA" in err


def test_a_purchase_is_shown_with_its_arithmetic_and_its_story(run, low):
    assert "ACME-1" in run("purchases", "--store", low)[1]
    status, out, err = run("purchases", "show", "--store", low, "ACME-1")
    assert (status, err) == (0, "")
    assert "48 = 40 up to - 0 free + 3 waiting, rounded up to packs of 12" in " ".join(out.split())
    assert "every purchase from ACME is approved by a person" in " ".join(out.split())


def test_a_purchase_is_approved_sent_answered_and_received(run, low):
    for arguments, becomes in (
        (("approve", "ACME-1"), "approved"), (("sent", "--reference", "phone", "ACME-1"), "sent"),
        (("acknowledge", "ACME-1"), "acknowledged"), (("receive", "--note", "DN-1", "ACME-1", "TEA=12"), "partially received"),
        (("receive", "--note", "DN-2", "ACME-1", "TEA=36"), "received"),
    ):  # fmt: skip
        status, out, err = run("purchases", arguments[0], "--store", low, *arguments[1:])
        assert (status, err) == (0, "")
        assert becomes in out
    assert "Nothing is on order." in run("purchases", "list", "--store", low, "--status", "sent")[1]


def test_a_line_that_is_none_is_wrong_usage(run, low):
    status, _, err = run("purchases", "receive", "--store", low, "ACME-1", "TEA")
    assert status == 2
    assert "SKU=UNITS" in err


@pytest.mark.parametrize(("asked", "becomes"), [("reject", "rejected"), ("cancel", "cancelled")])
def test_a_purchase_is_given_up(run, low, asked, becomes):
    assert becomes in run("purchases", asked, "--store", low, "--reason", "too dear", "ACME-1")[1]


def test_who_waits_sees_when_it_is_expected(run, low):
    run("purchases", "approve", "--store", low, "ACME-1")
    assert "(ACME-1)" in run("stock", "--store", low, "TEA")[1]
    assert "ACME-1" in run("order", "--store", low, "web:2")[1]
