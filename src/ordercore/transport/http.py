"""HTTP by httpx (extra `[http]`): an answer, certainly not arrived, or not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from time import time
from typing import TYPE_CHECKING, Any, Final

from ordercore.errors import AnswerLost, MissingExtra, NotSupported, Throttled, TransientFailure
from ordercore.ports import HttpRequest, HttpResponse, Request
from ordercore.transport.deadline import Deadline
from ordercore.transport.reach import Reach, Target

if TYPE_CHECKING:
    import httpx

MOST_BYTES: Final = 10_000_000
LONGEST_WAIT: Final = 7 * 24 * 3600
"""Seconds: no server is believed when it asks for more patience than a week."""


class HttpTransport:
    """Requests to hosts that `reach` allows, by default any public one over https.

    No redirect is followed, no proxy or credential of the environment is used, and an answer of more than
    `most_bytes` is not read to its end. A request may take `timeout_seconds` as a whole, however slowly it is answered.
    One connection per request: on one that is kept, a server that hung up cannot be told from one that was asked.
    `context`: what certificates are checked with, as httpx takes it in `verify`.
    """

    def __init__(
        self, reach: Reach | None = None, *, most_bytes: int = MOST_BYTES, context: Any = True,
        clock: Callable[[], float] = time,
    ) -> None:  # fmt: skip
        """Raises MissingExtra without httpx."""
        try:
            import httpx
        except ImportError:
            raise MissingExtra.of("http", "HttpTransport") from None
        self._httpx = httpx
        self._reach = reach or Reach()
        self._most_bytes = most_bytes
        self._context = context
        self._clock = clock

    @cached_property
    def _client(self) -> httpx.Client:
        # Made at the first request: what a kernel is given may not connect before.
        limits = self._httpx.Limits(max_keepalive_connections=0)
        return self._httpx.Client(verify=self._context, trust_env=False, follow_redirects=False, limits=limits)

    def send(self, request: Request) -> HttpResponse:
        """Send one request. Raises TransientFailure, Throttled, AnswerLost, NotSupported.

        429, and 503 that says when again, are Throttled; every other status is an answer.
        """
        if not isinstance(request, HttpRequest):
            raise NotSupported(
                "This transport sends HTTP only.", capability="mail", hint="Give it as Routes(mail=...)."
            )
        _check(request)
        response = self._answer(request, self._reach.target(request.url))
        wait = _wait(response, self._clock)
        if response.status == 429 or (response.status == 503 and wait is not None):
            raise Throttled(f"The server answered {response.status}.", retry_after_seconds=wait, status=response.status)
        return response

    def _answer(self, request: HttpRequest, target: Target) -> HttpResponse:
        httpx = self._httpx
        deadline = Deadline(request.timeout_seconds)
        extensions = {"sni_hostname": target.host, "trace": deadline.trace}
        try:
            with deadline, self._client.stream(
                request.method, _to_address(httpx.URL(request.url), target), headers=_headers(request, target),
                content=request.body, timeout=request.timeout_seconds, extensions=extensions,
            ) as answer:  # fmt: skip
                return HttpResponse(answer.status_code, dict(answer.headers.items()), self._body(answer, deadline))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TransientFailure("The server cannot be reached.", failure=type(error).__name__) from None
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
            raise NotSupported(
                "The request cannot be sent.",
                capability="http",
                failure=type(error).__name__,
                hint="Look at its URL and method.",
            ) from None
        except httpx.HTTPError as error:
            raise AnswerLost("The request was sent, and no answer came.", failure=type(error).__name__) from None

    def _body(self, answer: httpx.Response, deadline: Deadline) -> bytes:
        """The bytes as they come, never unpacked: a small answer must not become a large one."""
        body = bytearray()
        for part in answer.iter_raw():
            body += part
            if len(body) > self._most_bytes:
                raise AnswerLost(f"The answer has more than {self._most_bytes} bytes.", failure="too_large")
        if deadline.over:
            raise AnswerLost("The answer did not come to its end in time.", failure="too_slow")
        return bytes(body)

    def close(self) -> None:
        """Let go of what the client holds."""
        self._client.close()


def _check(request: HttpRequest) -> None:
    texts = (request.method, *request.headers, *request.headers.values())
    if not request.method.isalpha() or any(_breaks_out(text) for text in texts):
        raise NotSupported(
            "A method or header has characters that would begin another.",
            capability="http",
            hint="One line of clean text for each.",
        )


def _breaks_out(text: str) -> bool:
    return any(letter in text for letter in "\r\n\0")


def _to_address(url: httpx.URL, target: Target) -> httpx.URL:
    """The URL with the address that was checked in place of the name."""
    return url.copy_with(host=target.address, port=target.port)


def _headers(request: HttpRequest, target: Target) -> dict[str, str]:
    usual = 443 if target.scheme == "https" else 80
    host = f"[{target.host}]" if ":" in target.host else target.host
    fixed = {"host": host if target.port == usual else f"{host}:{target.port}", "accept-encoding": "identity"}
    return {"user-agent": "ordercore", **request.headers, **fixed}


def _wait(response: HttpResponse, clock: Callable[[], float]) -> int | None:
    """Seconds from Retry-After, given in seconds or as a date (RFC 9110 10.2.3); None if it says nothing usable."""
    said = response.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit() and len(said) < 10:
        return min(int(said), LONGEST_WAIT)
    try:
        at: datetime = parsedate_to_datetime(said)
        return max(0, min(round(at.timestamp() - clock()), LONGEST_WAIT))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
