"""`ordercore archive`, `ordercore restore` and `ordercore verify --archive`."""

from datetime import UTC, datetime

import pytest

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.order import ConfirmDelivery
from ordercore.stock import Received
from ordercore.testing import ManualClock
from ordercore.wiring.open import open_store


@pytest.fixture
def old_shop(tmp_path, monkeypatch):
    """Two orders, closed long ago, and one that is open."""
    monkeypatch.delenv("ORDERCORE_STORE", raising=False)
    address = f"sqlite:///{tmp_path / 'old.db'}"
    with Kernel(open_store(address), clock=ManualClock(datetime(2020, 1, 2, tzinfo=UTC))) as kernel:
        goods = [Received("TEA", 10)]
        for command in (PutItem("TEA"), PutLocation("WH1"), ReceiveStock("WH1", goods, "supplier", "GR-1")):
            kernel.handle(command)
        for number in (1, 2):
            id = kernel.handle(PlaceOrder("web", str(number), "EUR", [Line("TEA", 2, "3.50")])).order_id
            kernel.handle(Ship(id, carrier="Post", tracking=f"P-{number}"))
            (parcel,) = kernel.order(id).parcels
            kernel.handle(ConfirmDelivery(id, parcel))
        kernel.handle(PlaceOrder("web", "3", "EUR", [Line("TEA", 1, "3.50")]))
    return address


def test_closed_orders_leave_and_come_back(run, old_shop, tmp_path):
    folder = tmp_path / "archive"
    status, out, _ = run("archive", "--store", old_shop, "--archive", folder, "--older-than", "30d")
    assert status == 0
    assert "archived: 2 orders, 3 streams" in out
    assert run("order", "--store", old_shop, "web:1")[0] == 1
    assert run("order", "--store", old_shop, "--archive", folder, "web:1")[0] == 0
    status, out, _ = run("verify", "--store", old_shop, "--archive", folder)
    assert (status, out.splitlines()[-1]) == (0, "clean")
    status, out, _ = run("archive", "--store", old_shop, "--archive", folder, "--list")
    assert "streams: 3" in out
    assert run("restore", "--store", old_shop, "--archive", folder, "web:1")[0] == 0
    assert run("order", "--store", old_shop, "web:1")[0] == 0
    assert run("restore", "--store", old_shop, "--archive", folder, "--segment", out.split()[0])[0] == 0
    status, out, _ = run("verify", "--store", old_shop, "--archive", folder)
    assert (status, out.splitlines()[-1]) == (0, "clean")
    assert run("archive", "--store", old_shop, "--archive", folder, "--list")[1] == ""


def test_a_segment_that_is_gone_is_a_breach(run, old_shop, tmp_path):
    folder = tmp_path / "archive"
    assert run("archive", "--store", old_shop, "--archive", folder)[0] == 0
    next(folder.glob("*.segment")).unlink()
    status, out, _ = run("verify", "--store", old_shop, "--archive", folder)
    assert status == 1
    assert "archive: segment" in out
    assert run("restore", "--store", old_shop, "--archive", folder, "web:1")[0] == 1


def test_the_folder_may_stand_in_the_file(run, old_shop, tmp_path):
    (tmp_path / "shop.toml").write_text('store = "sqlite:///old.db"\narchive = "away"\n')
    status, out, _ = run("archive", "--config", tmp_path / "shop.toml")
    assert status == 0
    assert "2 orders" in out
    assert list((tmp_path / "away").glob("*.segment"))
    assert run("order", "--config", tmp_path / "shop.toml", "web:1")[0] == 0


def test_wrong_usage_is_said(run, old_shop, tmp_path):
    folder = tmp_path / "archive"
    assert run("restore", "--store", old_shop, "--archive", folder)[0] == 2
    status, _, error = run("archive", "--store", old_shop)
    assert status == 2
    assert "--archive DIR" in error
    assert run("archive", "--store", old_shop, "--archive", folder, "--older-than", "soon")[0] == 2
