"""An end to a request as a whole: the timeout of a client holds for each read, and whoever sends a byte at a time resets it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

_OPENED: Final = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class Deadline:
    """Hangs up when the time is over; whoever is reading then finds the connection at its end.

    `trace` is what httpx calls with each step of a request (its extension `trace`): so the connection is known as soon
    as there is one.
    """

    def __init__(self, seconds: float) -> None:
        """From the beginning of the block on."""
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._stream: Any = None
        self.over = False

    def trace(self, step: str, info: Mapping[str, Any]) -> None:
        """A step of the request."""
        if step in _OPENED:
            with self._lock:
                self._stream = info["return_value"]
                late = self.over
            if late:
                self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            self.over = True
            stream = self._stream
        found = stream.get_extra_info("socket") if stream is not None else None
        if isinstance(found, socket.socket):
            with suppress(OSError):
                # Not of TLS, which would wait for an answer: of what is below it.
                socket.socket.shutdown(found, socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        """Begin."""
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """It is over, in time or not."""
        self._timer.cancel()
