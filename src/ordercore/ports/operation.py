"""Operations: what an adapter wants sent, as values; somebody else sends it and hands back the answer.

An adapter never opens a connection. Its methods are generators that yield requests, are sent the responses, and
return what it came to, so that every adapter is tested from files and serves synchronous and asynchronous hosts::

    def book(self, request, *, key):
        response = yield HttpRequest("POST", self.url, headers={"idempotency-key": key}, body=...)
        return Booked(...) if response.status == 201 else Declined((Problem(...),))
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Protocol, TypeVar

from attrs import field, frozen

from ordercore.ports.transmission import Problem

T = TypeVar("T")


def _lowered(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@frozen
class HttpRequest:
    """An HTTP request to be sent as it is. Headers and body may carry credentials and personal data: not in the repr."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False, converter=_lowered)
    body: bytes = field(default=b"", repr=False)
    timeout_seconds: int = 30


@frozen
class HttpResponse:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False, converter=_lowered)
    body: bytes = field(default=b"", repr=False)


@frozen
class MailRequest:
    """A finished message (RFC 5322 bytes) and its envelope, for a mail server."""

    sender: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    message: bytes = field(repr=False)
    message_id: str = ""


@frozen
class MailAccepted:
    """The mail server took the message over for every recipient."""


@frozen
class MailRefused:
    """The mail server took it over for nobody, and will not: its reply code (5xx, RFC 5321 4.2) and to which command.

    One recipient that is refused refuses all, so that trying again never sends a message twice to the others.
    """

    code: int
    at: str = ""


Request = HttpRequest | MailRequest
Response = HttpResponse | MailAccepted | MailRefused
Op = Generator[Request, Response, T]
"""An operation in progress: yields requests, is sent responses, returns what it came to."""


@frozen
class Declined:
    """The other side understood and said no: sending it again would not help. `problems` say why."""

    problems: tuple[Problem, ...]


class Transport(Protocol):
    """What sends requests for a kernel; the host gives it, and with it decides what may be reached."""

    def send(self, request: Request) -> Response:
        """Send one request and return the answer, whatever its status.

        Raises TransientFailure (or Throttled) if it certainly did not arrive, AnswerLost if it may have arrived,
        NotSupported for a request that it does not send: of another kind, or to where it may not go.
        """
        ...
