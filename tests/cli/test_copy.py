"""`ordercore copy`."""

import pytest

from ordercore import Kernel, PutItem, ReceiveStock
from ordercore.stock import Received


@pytest.fixture
def target(tmp_path):
    return f"sqlite:///{tmp_path / 'copy.db'}"


def test_a_copy_is_equal_and_goes_on_working(run, url, target):
    status, out, _ = run("copy", url, target)
    assert (status, out.splitlines()[-1]) == (0, "equal, and the books of the target are right")
    with Kernel.open(url) as source, Kernel.open(target) as copied:
        assert copied.orders() == source.orders()
        assert copied.stock("TEA") == source.stock("TEA")
        assert [record.event for record in copied.log().records] == [record.event for record in source.log().records]
        assert [one.event for one in copied.why("TEA", "WH1").movements] == [
            one.event for one in source.why("TEA", "WH1").movements
        ]
        repeat = ReceiveStock("WH1", (Received("TEA", 9),), "supplier", "GR-2")
        assert copied.handle(repeat).duplicate is False
        assert copied.verify() == ()


def test_a_second_call_takes_what_the_source_got_since(run, url, target):
    assert run("copy", url, target)[0] == 0
    with Kernel.open(url) as source:
        source.handle(PutItem("NEW"))
    status, out, _ = run("copy", url, target)
    assert status == 0
    assert "(1 new)" in out
    assert run("copy", url, target, "--verify-only")[0] == 0


def test_a_target_that_holds_something_else_is_refused(run, url, target):
    with Kernel.open(target) as other:
        other.handle(PutItem("OTHER"))
    status, _, error = run("copy", url, target)
    assert status == 1
    assert "holds something already" in error
    with Kernel.open(target) as other:
        assert len(other.log().records) == 1


def test_a_copy_that_was_written_to_since_is_refused(run, url, target):
    assert run("copy", url, target)[0] == 0
    with Kernel.open(target) as copied:
        copied.handle(PutItem("NEW"))
    status, _, error = run("copy", url, target)
    assert status == 1
    assert "written to since" in error


def test_a_copy_of_another_store_is_refused(run, url, target, tmp_path):
    assert run("copy", url, target)[0] == 0
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with Kernel.open(other) as kernel:
        kernel.handle(PutItem("OTHER"))
    status, _, error = run("copy", other, target)
    assert status == 1
    assert "a copy of another store" in error


def test_what_differs_is_named(run, url, target):
    assert run("copy", url, target)[0] == 0
    with Kernel.open(url) as source:
        source.handle(PutItem("NEW"))
    status, out, _ = run("copy", url, target, "--verify-only")
    assert status == 1
    assert "copy: log: expected" in out
    assert "copy: stock" not in out


def test_only_the_tenant_that_was_asked_for_is_copied(run, tmp_path, target):
    from ordercore.wiring.open import open_store

    source = f"sqlite:///{tmp_path / 'two.db'}"
    for tenant in ("a", "b"):
        with Kernel(open_store(source), tenant=tenant) as kernel:
            kernel.handle(PutItem(f"ITEM-{tenant}"))
    assert run("copy", source, target, "--tenant", "b")[0] == 0
    with Kernel(open_store(target), tenant="b") as copied:
        assert len(copied.log().records) == 1
        assert copied.store.tenants() == ("b",)
    assert run("copy", source, target)[0] == 0
    with Kernel(open_store(target), tenant="a") as copied:
        assert copied.store.tenants() == ("a", "b")


def test_a_source_that_is_not_there_is_not_made(run, tmp_path, target):
    status, _, error = run("copy", f"sqlite:///{tmp_path / 'none.db'}", target)
    assert status == 1
    assert "There is no file" in error
    assert not (tmp_path / "none.db").exists()
