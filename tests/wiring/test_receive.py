"""Taking documents in: whoever else is at work meanwhile, and whatever breaks, nothing is lost."""

import pytest

from ordercore import Kernel, PutItem
from ordercore.errors import NotFound
from ordercore.wiring import receive

from .conftest import Lines, Raises, document, furnished


def rival(shop):
    return Kernel(shop.store.store, channels={"web": Lines()}, clock=shop.core.clock)


def test_a_cancellation_that_comes_in_while_its_order_does_is_not_lost(shop):
    other = rival(shop)
    shop.store.before_commit = [lambda: other.receive("web", document("cancel 1"))]
    assert shop.receive("web", document("place 1 TEA 2")).stale == ("1",)
    with pytest.raises(NotFound):
        shop.order("web:1")
    assert shop.receive("web", document("place 1 TEA 2")).stale == ("1",)


def test_an_order_that_comes_in_while_its_cancellation_does_is_cancelled(shop):
    other = rival(shop)
    shop.store.before_commit = [lambda: other.receive("web", document("place 1 TEA 2"))]
    assert shop.receive("web", document("cancel 1")).accepted == ("web:1",)
    assert shop.order("web:1").status == "cancelled"


def test_one_delivery_twice_at_the_same_moment_is_one_order(shop):
    other = rival(shop)
    shop.store.before_commit = [lambda: other.receive("web", document("place 1 TEA 2"))]
    report = shop.receive("web", document("place 1 TEA 2"))
    assert (report.accepted, report.problems) == (("web:1",), ())
    assert shop.available("TEA") == 3


def test_an_order_that_is_judged_over_and_over_is_kept_for_later(shop, monkeypatch):
    monkeypatch.setattr(receive, "JUDGED_MOST", 1)
    other = rival(shop)
    shop.store.before_commit = [lambda: other.receive("web", document("cancel 1"))]
    report = shop.receive("web", document("place 1 TEA 2"))
    assert [(one.code, one.severity) for one in report.problems] == [("conflict", "retry")]
    assert report.quarantined


def test_a_kept_document_shows_the_problem_it_has_now(shop):
    order = document("place 1 TEA 9")
    for active, code in ((True, "insufficient"), (False, "inactive_item"), (True, "insufficient")):
        shop.handle(PutItem("TEA", active=active))
        shop.receive("web", order)
        assert [one.code for kept in shop.quarantine() for one in kept.problems] == [code]


def test_the_same_problem_again_writes_nothing(shop):
    kept = shop.receive("web", document("place 1 TEA 9")).quarantined
    before = shop.quarantine()
    assert shop.receive("web", document("place 1 TEA 9")).quarantined == kept
    assert shop.quarantine() == before


def test_a_defect_loses_neither_the_document_nor_the_other_orders_of_it():
    plugin = Raises()
    shop = furnished(plugins=[plugin], strategy="raises")
    shop.handle(PutItem("BAD"))
    shop.handle(PutItem("POST", tracking="none"))
    report = shop.receive("web", document("place 1 BAD 1", "place 2 POST 1"))
    assert report.accepted == ("web:2",)
    (problem,) = shop.quarantine()[0].problems
    assert (problem.code, problem.severity, problem.subject) == ("internal_error", "retry", "1")
    assert "jane" not in problem.message
    plugin.broken = False
    assert [one.code for one in shop.replay(report.quarantined).problems] == ["insufficient"]


def test_a_channel_with_a_defect_does_not_lose_the_document():
    shop = furnished()
    report = shop.receive("web", document("place 1"))
    assert [one.code for one in report.problems] == ["internal_error"]
    assert [kept.document for kept in shop.quarantine()] == [report.quarantined]
