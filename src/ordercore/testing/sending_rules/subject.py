"""What notifiers and suppliers have in common under test: operations that send, and what their answers come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from email import message_from_bytes
from email.policy import default
from typing import Any, ClassVar, Final

import pytest

from ordercore.errors import AdapterError, AnswerLost, ConfigurationError, Throttled, TransientFailure
from ordercore.ports import (
    Declined,
    HttpRequest,
    HttpResponse,
    MailAccepted,
    MailRefused,
    MailRequest,
    Request,
    Response,
)
from ordercore.testing.suite import Suite
from ordercore.testing.transports import Answer, RecordedTransport, run
from ordercore.testing.watch import watching

INSTANCE: Final = "account"
STATUSES: Final = (300, 302, 307, 400, 401, 403, 404, 409, 418, 422, 451, 500, 501, 502, 504)
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,63}\Z")


def _yes(request: Request) -> Response:
    return HttpResponse(200) if isinstance(request, HttpRequest) else MailAccepted()


def _no(request: Request) -> Response:
    return HttpResponse(422) if isinstance(request, HttpRequest) else MailRefused(550, "RCPT")


class SendingSubject(Suite):
    """What a subclass of a suite says about an adapter that sends."""

    kind: ClassVar[Any]
    """The kind as the plugin registers it."""
    settings: ClassVar[Mapping[str, object]] = {}
    """Settings of one account."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """What stands in `settings` and may be shown to nobody: tokens, keys, addresses of people."""
    varying: ClassVar[tuple[str, ...]] = ("webhook-timestamp", "webhook-signature", "date", "authorization")
    """Headers of HTTP requests that may differ from one attempt to the next."""

    def made(self) -> Any:
        """An account with the settings, fresh. Override it if it takes more than the kind."""
        return self.kind.make(INSTANCE, self.settings)

    def taken(self, request: Request) -> Response:
        """Override this: how the other side answers when it takes something over. By default 200, and yes to mail."""
        return _yes(request)

    def refused(self, request: Request) -> Response:
        """Override this: how it says no for good. By default 422, and 550 to mail."""
        return _no(request)

    # What rules use

    def sent(self, operation: Any, answer: Callable[[Request], Answer] | None = None) -> tuple[Any, list[Request]]:
        """What an operation comes to, and every request of it; answered as when it is taken."""
        transport = RecordedTransport(otherwise=answer or self.taken)
        return run(operation, transport), transport.sent

    def content(self, requests: Iterable[Request]) -> list[object]:
        """Requests without what may vary from attempt to attempt."""
        return [self._content(request) for request in requests]

    def _content(self, request: Request) -> object:
        if isinstance(request, MailRequest):
            return request
        headers = {name: value for name, value in request.headers.items() if name not in self.varying}
        return request.method, request.url, headers, request.body

    def check_shape(self, requests: Iterable[Request], like: Iterable[Request]) -> None:
        """No text has left its place: the same headers and recipients as for plain text, each on its line."""
        for request, other in zip(requests, like, strict=True):
            assert shape(request) == shape(other), "text from outside changed the headers or the recipients"

    def check_pure(self, make: Callable[[], Any], what: str) -> None:
        """Making the request reaches for no clock, no chance, no file and no network."""
        next(make())  # modules are loaded late
        with watching() as watched:
            next(make())
        watched.assert_pure(what)

    def check_no(self, operation: Any) -> Declined:
        """A no for good is `Declined`, with problems that say why."""
        result, _ = self.sent(operation, self.refused)
        assert isinstance(result, Declined), f"a no for good came to {type(result).__name__}"
        assert result.problems, "a no without a reason"
        assert all(_CODE.match(problem.code) for problem in result.problems)
        return result

    def check_not_arrived(self, make: Callable[[], Any]) -> None:
        """What certainly did not arrive is said as it is, so that it is tried again."""
        for error in (TransientFailure("down"), Throttled("later", retry_after_seconds=7)):
            with pytest.raises(type(error)):
                self.sent(make(), lambda _, error=error: error)  # type: ignore[misc]  # bound now

    def check_lost(self, make: Callable[[], Any]) -> None:
        """What may have arrived is said as it is, whichever request it was, and nothing is sent after it."""
        _, requests = self.sent(make())
        for nth in range(len(requests)):
            transport = RecordedTransport(
                [*(self.taken(one) for one in requests[:nth]), AnswerLost("gone")], otherwise=self.taken
            )
            with pytest.raises(AnswerLost):
                run(make(), transport)
            assert len(transport.sent) == nth + 1, "something was sent after an answer was lost"

    def check_only_success_is_success(self, make: Callable[[], Any]) -> None:
        """Nothing but a yes is taken for one."""
        for number in STATUSES:
            self._check_not_yes(make(), number, lambda r, n=number: _status(r, n))  # type: ignore[misc]  # bound now

    def _check_not_yes(self, operation: Any, number: int, answer: Callable[[Request], Response]) -> None:
        try:
            result, _ = self.sent(operation, answer)
        except AdapterError:
            return
        assert isinstance(result, Declined), f"the answer {number} came to {type(result).__name__}"

    def check_kind(self, flags: Iterable[str]) -> None:
        """The flags say what the kind and its accounts declare."""
        declared = {name for name in flags if getattr(self, name)}
        assert self.made().capabilities == declared
        assert self.kind.capabilities == declared
        assert self.kind.api_version == 1

    def check_settings(self) -> None:
        """Names that are no codes and settings that nobody knows are refused, without showing a secret."""
        assert self.made().instance == INSTANCE
        assert self.kind.make("other-1", self.settings).instance == "other-1"
        for name in ("", "a/b", "../shop", "a b", "x" * 65):
            with pytest.raises(ConfigurationError):
                self.kind.make(name, self.settings)
        with pytest.raises(ConfigurationError, match="settign"):
            self.kind.make(INSTANCE, {**self.settings, "settign": "x"})
        for name in self.settings:
            for wrong in (7, [7], {"a": 7}):
                with pytest.raises(ConfigurationError) as refused:
                    self.kind.make(INSTANCE, {**self.settings, name: wrong, "settign": "x"})
                self.check_silent(str(refused.value), f"a refusal of the setting {name}")

    def check_silent(self, text: str, what: str) -> None:
        """No secret stands in it."""
        for secret in self.secrets:
            assert secret not in text, f"{what} shows what should be secret"


def _status(request: Request, number: int) -> Response:
    if isinstance(request, HttpRequest):
        return HttpResponse(number)
    return MailRefused(500 + number % 55, "message")


def shape(request: Request) -> object:
    """Where a request goes and which headers it has, with none of what they say."""
    if isinstance(request, HttpRequest):
        for name, value in request.headers.items():
            assert not set("\r\n\0") & set(name + value), f"the header {name} has a line break"
        return request.method, request.url, sorted(request.headers)
    message = message_from_bytes(request.message, policy=default)
    parts = [part.get_content_type() for part in message.walk()]
    return request.sender, request.recipients, sorted(message.keys()), parts
