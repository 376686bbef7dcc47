import json
from datetime import timedelta

import pytest
from attrs import evolve

from ordercore.errors import AnswerLost, ConfigurationError, TransientFailure
from ordercore.notifiers import NOTIFIERS, WebhookNotifier, verify_webhook
from ordercore.ports import Declined, Delivered, HttpResponse
from ordercore.testing import RecordedTransport
from ordercore.testing.transports import run

SECRET = "whsec_bm90IGEgc2VjcmV0LCBub3QgYSBzZWNyZXQ="
URL = "https://erp.example/hooks"


def notifier(**settings):
    return WebhookNotifier("erp", **{"url": URL, "secrets": [SECRET], "kinds": ["order.*"], **settings})


def post(notice, *answers, now=None, **settings):
    transport = RecordedTransport(answers)
    result = run(notifier(**settings).deliver(notice, key="k", now=now or notice.occurred_at), transport)
    return result, transport.sent[0]


def test_a_delivery_is_a_signed_cloud_event(notice):
    result, request = post(notice, source="/tenants/acme")
    assert result == Delivered()
    assert (request.method, request.url) == ("POST", URL)
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    assert verify_webhook(request.headers, request.body, [SECRET], now=notice.occurred_at) == "evt_1"
    assert json.loads(request.body) == {
        "specversion": "1.0",
        "id": "evt_1",
        "source": "/tenants/acme",
        "type": "org.ordercore.order.placed.v1",
        "subject": "order/web:1001",
        "time": "2026-01-05T09:00:00Z",
        "datacontenttype": "application/json",
        "sequence": "0000000001",
        "partitionkey": "order/web:1001",
        "data": {
            "title": "Order web:1001: placed, 12.50 EUR",
            "text": ["2 x TEA", "over web"],
            "facts": {"total": 1250, "currency": "EUR"},
        },
    }


def test_a_later_attempt_has_the_same_body_and_id_and_a_fresh_signature(notice):
    later = notice.occurred_at + timedelta(days=2)
    (_, first), (_, second) = post(notice), post(notice, now=later)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert verify_webhook(second.headers, second.body, [SECRET], now=later)


def test_sequences_sort_as_text(notice):
    made = [json.loads(post(evolve(notice, sequence=n))[1].body)["sequence"] for n in (2, 10, 9)]
    assert sorted(made) == [made[0], made[2], made[1]]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_2xx_is_taken(notice, status):
    assert post(notice, HttpResponse(status))[0] == Delivered()


@pytest.mark.parametrize(("status", "code"), [(410, "gone"), (413, "too_large")])
def test_some_answers_are_a_no_for_good(notice, status, code):
    result, _ = post(notice, HttpResponse(status))
    assert isinstance(result, Declined)
    assert [problem.code for problem in result.problems] == [code]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 409, 425])
def test_other_answers_may_pass(notice, status):
    with pytest.raises(TransientFailure):
        post(notice, HttpResponse(status))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_5xx_leaves_open_whether_it_arrived(notice, status):
    with pytest.raises(AnswerLost):
        post(notice, HttpResponse(status))


def test_secrets_and_urls_are_in_no_repr():
    assert SECRET[6:] not in repr(notifier())
    assert "hooks" not in repr(notifier())


def test_patterns_say_what_it_is_told_of():
    webhook = notifier(kinds=["order.*", "alert.raised"])
    assert [kind for kind in ("order.placed", "alert.raised", "alert.resolved", "stock.received") if webhook.wants(kind)] == [
        "order.placed", "alert.raised"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "settings", [{"secrets": []}, {"secrets": ["whsec_x"]}, {"kinds": []}, {"kinds": ["Order Placed"]}]
)
def test_settings_that_cannot_work_are_refused(settings):
    with pytest.raises(ConfigurationError):
        notifier(**settings)


def test_it_is_made_from_settings():
    kind = NOTIFIERS["webhook"]
    made = kind.make("erp", {"url": URL, "secrets": [SECRET], "kinds": ["*"], "source": "/tenants/acme"})
    assert (made.instance, made.source, made.capabilities) == ("erp", "/tenants/acme", kind.capabilities)
    with pytest.raises(ConfigurationError, match="secrets"):
        kind.make("erp", {"url": URL, "secret": SECRET, "kinds": ["*"]})
    with pytest.raises(ConfigurationError, match="must be set"):
        kind.make("erp", {"url": URL, "kinds": ["*"]})
    for wrong in ({"timeout_seconds": 0}, {"url": 7}, {"secrets": [7]}):
        with pytest.raises(ConfigurationError):
            kind.make("erp", {"url": URL, "secrets": [SECRET], "kinds": ["*"], **wrong})
