"""Transports for tests: one that answers from a script and remembers, one that fails in every way a network can."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal

from attrs import define, field

from ordercore.errors import AnswerLost, Throttled, TransientFailure
from ordercore.ports import HttpRequest, HttpResponse, MailAccepted, Op, Request, Response, Transport
from ordercore.ports.operation import T

Answer = Response | Exception
Fault = Literal["none", "unreached", "throttled", "lost_before", "lost_after", "killed"]
"""What goes wrong with one request.

`unreached`, `throttled`: it did not arrive, and the sender knows. `lost_before`: it did not arrive, `lost_after`: it
arrived; the sender cannot tell these two apart. `killed`: it arrived, and the sender's process ends there and then.
"""


class Killed(BaseException):
    """The process was killed, as far as the code under test can tell: nothing catches it, nothing runs after it."""


def _usual(request: Request) -> Answer:
    return HttpResponse(200) if isinstance(request, HttpRequest) else MailAccepted()


@define
class RecordedTransport:
    """Answers from a script, in order, then as `otherwise` says: 200 to HTTP and yes to mail. `sent` is what arrived.

    An answer that is an exception is raised. Safe to share between threads.
    """

    answers: Iterable[Answer] = ()
    otherwise: Callable[[Request], Answer] = _usual
    sent: list[Request] = field(factory=list)
    _script: deque[Answer] = field(init=False)
    _lock: threading.Lock = field(init=False, factory=threading.Lock)

    def __attrs_post_init__(self) -> None:
        """Begin with the first answer."""
        self._script = deque(self.answers)

    def send(self, request: Request) -> Response:
        """The next answer."""
        with self._lock:
            self.sent.append(request)
            answer = self._script.popleft() if self._script else self.otherwise(request)
        if isinstance(answer, Exception):
            raise answer
        return answer


@define
class FaultyTransport:
    """Hands requests on to another transport, with one fault of the list for each; when it ends, all goes well.

    A list of names shrinks well, so hypothesis finds the shortest story that does harm::

        @given(st.lists(st.sampled_from(get_args(Fault))))
        def test_nothing_is_sent_twice(faults):
            transport = FaultyTransport(RecordedTransport(), faults)

    `sends` counts what it was asked to send, `faults` holds what is still to come.
    """

    to: Transport
    faults: Iterable[Fault] = ()
    sends: int = 0

    def __attrs_post_init__(self) -> None:
        """Begin with the first fault."""
        self.faults = deque(self.faults)

    def send(self, request: Request) -> Response:
        """Send it, or not, and say so, or not. Raises TransientFailure, Throttled, AnswerLost, Killed."""
        self.sends += 1
        faults: deque[Fault] = self.faults  # type: ignore[assignment]  # made one when it began
        match faults.popleft() if faults else "none":
            case "unreached":
                raise TransientFailure("The server cannot be reached.")
            case "throttled":
                raise Throttled("Too many requests.", retry_after_seconds=1)
            case "lost_before":
                raise AnswerLost("The request was sent, and no answer came.")
            case fault:
                answer = self.to.send(request)
        if fault == "lost_after":
            raise AnswerLost("The request was sent, and no answer came.")
        if fault == "killed":
            raise Killed
        return answer


def run(op: Op[T], transport: Transport) -> T:
    """Drive an operation to its end with a transport, as a kernel would; what the transport raises is raised in it."""
    try:
        request = next(op)
        while True:
            try:
                response = transport.send(request)
            except Exception as error:  # noqa: BLE001  # the operation may know what to do about it
                request = op.throw(error)
            else:
                request = op.send(response)
    except StopIteration as end:
        value: T = end.value
        return value
