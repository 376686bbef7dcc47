"""The notifiers that come with ordercore keep the rules for all."""

from typing import ClassVar

from ordercore.notifiers import NOTIFIERS
from ordercore.ports import HttpResponse
from ordercore.testing import NotifierSuite

SECRET = "whsec_bm90IGEgc2VjcmV0LCBub3QgYSBzZWNyZXQ="


class TestEmail(NotifierSuite):
    kind = NOTIFIERS["email"]
    settings: ClassVar = {"sender": "shop@example.com", "recipients": ["ops@example.com"], "kinds": ["order.placed"]}
    secrets = ("shop@example.com", "ops@example.com")


class TestWebhook(NotifierSuite):
    kind = NOTIFIERS["webhook"]
    settings: ClassVar = {"url": "https://erp.example/hooks/k3y", "secrets": [SECRET], "kinds": ["order.placed"]}
    secrets = (SECRET, SECRET[6:], "k3y")
    idempotent = True

    def refused(self, request):
        return HttpResponse(410)
