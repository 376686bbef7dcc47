"""What a piece of code that should be pure reached for: the clock, chance, the network, files.

A profile function of this thread sees every call of a function written in C, by whatever name it was imported.
"""

from __future__ import annotations

import _socket
import builtins
import hmac
import os
import random
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from types import FrameType, ModuleType
from typing import Any, Final
from unittest.mock import patch

from attrs import define, field

_CLOCK: Final = frozenset(
    "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns sleep".split()
)
_TODAY: Final = frozenset(("now", "utcnow", "today"))
_CHANCE: Final = frozenset(("random", "getrandbits"))
_ALLOWED: Final = ("importlib", "_frozen_importlib", "zoneinfo", "encodings", "logging", "linecache", "hypothesis")
"""Modules that may look at files or the clock: what is loaded late, time zones, log records, what watches the test."""


@define
class Watched:
    """What was called while watching, such as `the clock (datetime.now)`; and whether digests were compared."""

    reached: list[str] = field(factory=list)
    compared: bool = False

    def assert_pure(self, what: str) -> None:
        """Fail if the clock, chance, the network or a file was reached for."""
        assert not self.reached, f"{what} is not pure: it reached for {', '.join(dict.fromkeys(self.reached))}"


class NetworkDeniedError(OSError):
    """Raised where the code under test opens a socket."""


def _deny(*_: object, **__: object) -> None:
    raise NetworkDeniedError("The network is denied here: what is under test must not use it.")


@contextmanager
def watching() -> Iterator[Watched]:
    """Watch this thread, with sockets denied. What was there before (a tracer, a profiler) is put back."""
    watched = Watched()
    before = sys.getprofile()
    with patch.object(socket, "socket", _deny), patch.object(socket, "create_connection", _deny):
        sys.setprofile(_profile(watched))
        try:
            yield watched
        except NetworkDeniedError:
            watched.reached.append("the network (socket)")
        finally:
            sys.setprofile(before)


def _profile(watched: Watched) -> Callable[[FrameType, str, Any], None]:
    def profile(frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call":
            if called is hmac.compare_digest:
                watched.compared = True
            elif (name := _forbidden(called)) and not frame.f_globals.get("__name__", "").startswith(_ALLOWED):
                watched.reached.append(name)
        elif event == "call" and frame.f_code is _deny.__code__:
            watched.reached.append("the network (socket)")

    return profile


def _forbidden(called: Any) -> str:
    """What this function of C reaches for; empty if for nothing."""
    name, owner = called.__name__, called.__self__
    if called is builtins.open:
        return "a file (open)"
    if called is os.urandom or (isinstance(owner, random.Random) and name in _CHANCE):
        return f"chance ({name})"
    if isinstance(owner, type) and issubclass(owner, date) and name in _TODAY:
        return f"the clock ({owner.__name__}.{name})"
    if isinstance(owner, _socket.socket) or (owner is _socket and name.startswith("get")):
        return f"the network ({name})"
    if isinstance(owner, ModuleType) and owner is time and name in _CLOCK:
        return f"the clock (time.{name})"
    return ""
