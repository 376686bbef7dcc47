"""Copies that are stopped at any step, and killed: the next call goes on, and nothing is missing or doubled."""

from functools import partial
from itertools import count

import pytest

from ordercore.store.copying import COPY, copy
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.store.transfer import DocumentRow
from ordercore.testing.crash import kill
from ordercore.testing.rules.transfer import all_rows, fill, placeless
from ordercore.testing.sample_events import Noted, append, batch, delivery, receive, sample_codec

KINDS = ("memory", "sqlite")


@pytest.fixture
def opened(tmp_path):
    """Stores by kind, each time another one."""
    stores, numbers = [], count()

    def store(kind):
        made = MemoryStore() if kind == "memory" else SQLiteStore(tmp_path / f"{next(numbers)}.db")
        made.use_codec(sample_codec())
        stores.append(made)
        return made

    yield store
    for each in stores:
        each.close()


class Stopped(Exception):
    """The process that copied is gone."""


class Stopping:
    """A target whose nth change is the last, whether it was made or not."""

    capabilities = frozenset(("transfer",))

    def __init__(self, store, nth, *, made):
        self.store, self.left, self.made = store, nth, made
        self.export = store.export

    def _change(self, change, *given, **named):
        self.left -= 1
        if self.left >= 0 or self.made:
            change(*given, **named)
        if self.left < 0:
            raise Stopped

    def take(self, rows, **named):
        self._change(self.store.take, rows, **named)

    def clear(self, **named):
        self._change(self.store.clear, **named)

    def rebuild(self, **named):
        self._change(self.store.rebuild, **named)


def copied(store):
    """What it holds besides how far the copy came."""
    return placeless([row for row in all_rows(store) if not (isinstance(row, DocumentRow) and row.kind == COPY)])


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("target", KINDS)
def test_a_copy_that_was_stopped_at_any_step_is_finished_by_the_next_call(opened, source, target):
    there = opened(source)
    fill(there)
    steps = 0
    for nth in count():
        here, stopped = opened(target), False
        try:
            copy(there, Stopping(here, nth, made=bool(nth % 2)), sample_codec(), page=2)
        except Stopped:
            stopped = True
        done = copy(there, here, sample_codec(), page=2)
        assert done.differences == ()
        assert copied(here) == copied(there)
        assert here.verify() == ()
        if not stopped:
            break
        steps += 1
    assert steps > 10


def test_what_the_source_got_since_follows_and_what_it_lost_is_gone(opened):
    there, here = opened("sqlite"), opened("sqlite")
    fill(there)
    copy(there, here, sample_codec())
    there.commit(batch("late", append("order/late", 0, Noted("late"))))
    there.clear()
    done = copy(there, here, sample_codec())
    assert (done.new_rows, done.differences) == (1, ())
    assert copied(here) == copied(there)


def test_an_empty_tenant_is_copied_and_may_grow(opened):
    there, here = opened("memory"), opened("sqlite")
    assert copy(there, here, sample_codec()).differences == ()
    there.commit(delivery("in", receive("TEA", 3)))
    assert copy(there, here, sample_codec()).new_rows == 1


def copy_until_killed(source, target, pipe):
    """Copy, saying how far it is."""
    there, here = source(), target()
    for store in (there, here):
        store.use_codec(sample_codec())
    copy(there, here, sample_codec(), page=5, tell=lambda what, done, total: pipe.send_bytes(b"step"))


@pytest.mark.parametrize("number", range(5))
def test_kill_9_in_the_middle_loses_nothing(tmp_path, number):
    source, target = partial(SQLiteStore, tmp_path / "from.db"), partial(SQLiteStore, tmp_path / "to.db")
    there = source()
    there.use_codec(sample_codec())
    fill(there)
    there.commit_many([delivery(f"r{n}", receive("CUP", 1)) for n in range(600)])
    steps = kill(copy_until_killed, (source, target), number)
    here = target()
    here.use_codec(sample_codec())
    with here.export() as export:
        already = export.counts().log
    done = copy(there, here, sample_codec(), page=50)
    assert steps
    assert done.counts.log == 607
    assert done.new_rows == 607 - already
    assert done.differences == ()
    assert here.verify() == ()
    for store in (there, here):
        store.close()
