"""A reader that follows writers who take their time and change their minds, in transactions of their own.

A transaction that got its place in the log early and commits late is what a cursor over a plain sequence misses: beside
eight writers, a quarter of all events.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, Protocol

from attrs import frozen

from ordercore.store import Batch, Pending, Store
from ordercore.testing.racers import Seen, tail
from ordercore.testing.races import race_processes
from ordercore.testing.sample_events import Noted, append, batch, sample_codec

SLOW: Final = 0.2
GIVEN_UP: Final = 0.05
"""The shares of the transactions that stay open for a while, and of those that are rolled back in the end."""
SLOW_SECONDS: Final = 0.01
EVENTS: Final = 4
"""Of one transaction, in two streams."""


class Host(Protocol):
    """A connection of an application: the store writes into its transactions."""

    def store(self) -> Store: ...

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


@frozen
class Tailed:
    """What following came to: everything was read once and in order, or it had failed."""

    events: int
    rolled_back: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.events} events by writers of whom {SLOW:.0%} were slow, read as they came in {self.seconds:.0f} s: "
            f"missed 0, doubled 0; {self.rolled_back} transactions rolled back"
        )


def follow_slow_writers(
    factory: Callable[[], Store], open_host: Callable[[], Host], *, writers: int, transactions: int
) -> Tailed:
    """Let processes write so many transactions each while another reads the log.

    Raises AssertionError if what was read is not what was committed, each event once and each stream in order.
    """
    began = time.monotonic()
    read, *written = race_processes(factory, writers + 1, _write_or_tail, open_host, writers, transactions)
    committed = [seen for each in written for seen in each]
    assert len(set(read)) == len(read), f"{len(read) - len(set(read))} events were read twice"
    missed = set(committed) - set(read)
    assert not missed, f"{len(missed)} of {len(committed)} events were missed, such as {sorted(missed)[:3]}"
    assert set(read) == set(committed), "something was read that was rolled back"
    latest: dict[str, int] = {}
    for stream, version, _ in read:
        assert version == latest.get(stream, 0) + 1, f"{stream} {version} came after {latest.get(stream, 0)}"
        latest[stream] = version
    begun = writers * transactions
    return Tailed(len(read), begun - (len(committed) - writers) // EVENTS, time.monotonic() - began)


def _write_or_tail(store: Store, number: int, open_host: Callable[[], Host], writers: int, transactions: int) -> Seen:
    """Racer 0 reads, the others write; what was read or committed."""
    if number == 0:
        return tail(store, {f"done/{writer}" for writer in range(1, writers + 1)}, limit=500, give_up_seconds=600)
    host = open_host()
    store = host.store()
    store.use_codec(sample_codec())
    chance, seen = random.Random(number), Seen()  # noqa: S311  # chance by a seed
    for turn in range(transactions):
        asked = _two_streams(f"{number}.{turn}", number)
        host.begin()
        result = store.commit(asked)
        assert isinstance(result, Pending), result
        if chance.random() < SLOW:
            time.sleep(chance.uniform(0, SLOW_SECONDS))
        if chance.random() < GIVEN_UP:
            host.rollback()
        else:
            host.commit()
            seen += [
                (str(each.stream), version, str(asked.command_id))
                for each in asked.appends
                for version in range(result.versions[each.stream] - 1, result.versions[each.stream] + 1)
            ]
    host.begin()
    store.commit(batch(f"done.{number}", append(f"done/{number}", 0, Noted("done"))))
    host.commit()
    host.close()
    return [*seen, (f"done/{number}", 1, f"done.{number}")]


def _two_streams(name: str, number: int) -> Batch:
    events = Noted(name), Noted("more")
    return batch(name, append(f"note/{name}", 0, *events), append(f"log/{number}", None, *events))
