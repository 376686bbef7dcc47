"""What should be pure is watched, by whatever name it reaches for the clock, chance, a file or the network."""

import random
import secrets
import socket
import sys
import time
import uuid
from contextlib import suppress
from datetime import UTC, date, datetime
from hmac import compare_digest

import pytest

from ordercore.testing.watch import NetworkDeniedError, watching

KEPT = socket.socket


@pytest.mark.parametrize(
    ("reach", "named"),
    [
        (time.time, "time.time"),
        (time.monotonic_ns, "monotonic_ns"),
        (lambda: datetime.now(UTC), "datetime.now"),
        (date.today, "date.today"),
        (random.random, "chance"),
        (uuid.uuid4, "chance"),
        (secrets.token_hex, "chance"),
        (lambda: random.Random(1).shuffle([1, 2, 3]), "chance"),
        (lambda: open(__file__).close(), "a file"),  # noqa: PTH123
    ],
)
def test_what_is_reached_for_is_named(reach, named):
    with watching() as watched:
        reach()
    with pytest.raises(AssertionError, match=named):
        watched.assert_pure("it")


def test_sockets_are_denied():
    for open_one in (lambda: socket.create_connection(("localhost", 9)), lambda: socket.socket()):  # noqa: PLW0108
        with watching() as watched, pytest.raises(NetworkDeniedError):
            open_one()
        with pytest.raises(AssertionError, match="network"):
            watched.assert_pure("it")


def test_a_socket_that_was_imported_by_name_is_seen_when_it_is_used():
    with KEPT() as one, watching() as watched:
        one.settimeout(0.1)
        with suppress(OSError):
            one.bind(("127.0.0.1", 0))
    with pytest.raises(AssertionError, match="network"):
        watched.assert_pure("it")


def test_a_denial_that_is_not_caught_ends_the_watch_and_is_remembered():
    with watching() as watched:
        socket.socket()
    assert watched.reached


def test_what_is_pure_is_left_alone_and_the_profiler_is_put_back():
    before = sys.getprofile()
    with watching() as watched:
        assert sorted([datetime(2026, 1, 5, tzinfo=UTC).isoformat(), "x"])
    watched.assert_pure("it")
    assert not watched.compared
    assert sys.getprofile() is before


def test_a_comparison_in_constant_time_is_seen_under_any_name():
    with watching() as watched:
        compare_digest(b"a", b"b")
    assert watched.compared
