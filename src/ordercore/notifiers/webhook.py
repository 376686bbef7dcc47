"""Signed webhooks: a notice as a CloudEvent, posted to a URL. Source: the Standard Webhooks specification."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from attrs import field, frozen

from ordercore.errors import AnswerLost, ConfigurationError, ProtocolViolation, TransientFailure
from ordercore.notices.state import GONE
from ordercore.notifiers.cloudevent import cloud_event
from ordercore.notifiers.kinds import Patterns, patterns
from ordercore.notifiers.signature import key_of, sign_webhook
from ordercore.ports import Declined, Delivered, HttpRequest, HttpResponse, Notice, NotifierCapability, Op, Problem

CAPABILITIES: Final[frozenset[NotifierCapability]] = frozenset(("idempotent",))


def _secrets(given: Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@frozen
class WebhookNotifier:
    """One receiver. It drops repeats by `webhook-id`, so what may have arrived is sent again.

    `secrets` (`whsec_...`): every one of them signs, the newest first. `kinds` are patterns of event names,
    `source` says whose events they are (a path such as `/tenants/acme`).
    """

    instance: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False, converter=_secrets)
    kinds: Patterns = field(converter=patterns)
    source: str = "/ordercore"
    timeout_seconds: int = 15

    def __attrs_post_init__(self) -> None:
        """Raises ConfigurationError for secrets that do not read."""
        if not self.secrets:
            raise ConfigurationError(
                "A webhook needs at least one secret to sign with.",
                hint='Such as secrets = ["whsec_..."]: it signs what is sent.',
            )
        for secret in self.secrets:
            key_of(secret)

    @property
    def capabilities(self) -> frozenset[NotifierCapability]:
        """Receivers drop repeats."""
        return CAPABILITIES

    def wants(self, kind: str) -> bool:
        """Whether a pattern of `kinds` matches."""
        return self.kinds.match(kind)

    def deliver(self, notice: Notice, *, key: str, now: datetime) -> Op[Delivered | Declined]:
        """Post it. Raises TransientFailure for a status that may pass, AnswerLost for one that leaves it open."""
        body = cloud_event(notice, source=self.source)
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            **sign_webhook(self.secrets, notice.id, body, now=now),
        }
        response = yield HttpRequest("POST", self.url, headers, body, self.timeout_seconds)
        if not isinstance(response, HttpResponse):
            raise ProtocolViolation("A request by HTTP was not answered by HTTP.")
        return _answer(response.status)


def _answer(status: int) -> Delivered | Declined:
    """2xx: taken. 410: never again. Redirects are not followed, so they are failures, as every other status is."""
    if 200 <= status < 300:
        return Delivered()
    if status == 410:
        return Declined((Problem(GONE, "reject", "", "The receiver wants to be told nothing more (410)."),))
    if status == 413:
        return Declined((Problem("too_large", "reject", "", "The receiver does not take as much (413)."),))
    if status >= 500:
        raise AnswerLost(f"The receiver answered {status}.", status=status)
    raise TransientFailure(f"The receiver answered {status}.", status=status)
