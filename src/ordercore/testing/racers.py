"""What racers do: functions of (store, number of the racer, ...), started by `ordercore.testing.races`.

Each gives back what it saw; the rules in `rules/concurrency.py` compare that with what the store holds afterwards.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal

from ordercore.message import Event
from ordercore.store import (
    Append,
    Batch,
    CommitResult,
    Committed,
    Conflicted,
    Duplicate,
    PutDocument,
    ReadCounter,
    ReadDocument,
    ReadHead,
    ReadPositions,
    ReadStream,
    Require,
    Short,
    Store,
)
from ordercore.testing.sample_events import (
    HERE,
    NOW,
    THERE,
    Move,
    Moved,
    Noted,
    Sheet,
    append,
    batch,
    moved,
    order,
    release,
    reserve,
    ship,
)
from ordercore.values import Cursor, Sku, Stream

GIVE_UP_SECONDS: Final = 60
SILENT_SECONDS: Final = 15
"""How long a reader waits for what nobody shows it."""
LATE_SECONDS: Final = 4


def won(result: CommitResult, *, lost: type[CommitResult] | tuple[type[CommitResult], ...] = Short) -> bool:
    """Whether it was committed; anything but that and the kind of refusal that the race is about is a failure."""
    if not isinstance(result, Committed):
        assert isinstance(result, lost), result
        return False
    return True


def let_others_run() -> None:
    """Between what was read and what is written, as a decision takes time; threads would seldom stop just there."""
    time.sleep(0)


def take_last_unit(store: Store, number: int, skus: Sequence[str]) -> list[str]:
    """Try to reserve one unit of each SKU; the SKUs that were got."""
    return [sku for sku in skus if won(store.commit(order(f"{sku}.{number}", reserve(sku, 1, "1"))))]


def sell_out(store: Store, number: int, attempts: int, group: int) -> int:
    """Try to reserve a unit so many times, odd racers in groups; how many were got."""
    batches = [order(f"{number}.{attempt}", reserve("TEA", 1, "1")) for attempt in range(attempts)]
    if number % 2 == 0:
        return sum(won(store.commit(each)) for each in batches)
    groups = [batches[start : start + group] for start in range(0, attempts, group)]
    return sum(won(result) for each in groups for result in store.commit_many(each))


def claimed(events: Sequence[Event]) -> list[int]:
    """What the claimant of an order holds after each of its events."""
    held, history = 0, []
    for event in events:
        if isinstance(event, Moved):
            for move in event.moves:
                held += move.quantity * ((move.target_bucket == "reserved") - (move.source_bucket == "reserved"))
            history.append(held)
    return history


def fight_for_claims(store: Store, number: int, attempts: int, orders: int) -> int:
    """Reserve, release and ship on a few shared orders, at most what each one holds; how many were committed."""
    chance = random.Random(number)  # noqa: S311  # chance by a seed
    done = 0
    for attempt in range(attempts):
        stream = f"order/{chance.randrange(orders)}"
        query = ReadStream(Stream(stream))
        head = store.read([query]).of(query)
        held = ([0, *claimed(head.events)])[-1]
        kind = chance.choice((ship, release)) if held > 0 and chance.random() < 0.6 else reserve
        quantity = chance.randint(1, 3) if kind is reserve else held
        asked = order(f"{number}.{attempt}", kind("TEA", quantity, "1"), stream=stream, expected=head.version)
        let_others_run()
        done += won(store.commit(asked), lost=(Short, Conflicted))
    return done


def empty_the_shelves(store: Store, number: int, skus: Sequence[str], stock: int) -> Counter[str]:
    """Orders of three shuffled lines until every SKU is gone, leaving out what was short; units got by SKU."""
    chance = random.Random(number)  # noqa: S311  # chance by a seed
    left, got = list(skus), Counter[str]()
    attempt = 0
    while left:
        lines = chance.sample(left, min(3, len(left)))
        attempt += 1
        result = store.commit(order(f"{number}.{attempt}", *(reserve(sku, 1, sku) for sku in lines)))
        if won(result):
            got.update(lines)
            assert max(got.values()) <= stock, "one racer alone got more than there was"
        elif isinstance(result, Short):
            # Nobody brings any more in, so what is short once is gone for good.
            missing = {str(shortage.sku) for shortage in result.shortages}
            left = [sku for sku in left if sku not in missing]
    return got


def cross(store: Store, number: int, rounds: int, skus: Sequence[str], crossed: bool) -> float:
    """Sell some of every SKU in each round, in orders and in groups; where `crossed`, odd racers begin at the other end.

    Seconds that it took. Whoever is much later than the others gives up, so that a store without an order of its own
    fails in reasonable time.
    """
    mine = list(reversed(skus)) if crossed and number % 2 else list(skus)
    begun = time.monotonic()
    for turn in range(rounds):
        name = f"{crossed}.{number}.{turn}"
        won(store.commit(order(name, *(reserve(sku, 1, sku) for sku in mine))))
        group = [order(f"{name}.{sku}", reserve(sku, 1, sku)) for sku in mine]
        assert all(won(result) for result in store.commit_many(group))
        if time.monotonic() - begun > LATE_SECONDS:
            break
    return time.monotonic() - begun


def follow_together(store: Store, number: int, limit: int) -> int:
    """Follow the log as one of several workers of the same follower, and count each record; pages that were taken."""
    taken, turn = 0, 0
    until = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < until:
        stands = store.cursor_of("counting")
        page = store.read_all(stands, limit)
        if not page.records:
            break
        turn += 1
        told = batch(f"{number}.{turn}", bumps=[f"told/{record.command_id}" for record in page.records])
        let_others_run()
        taken += won(store.checkpoint("counting", stands, page.cursor, told), lost=Conflicted)
    return taken


Seen = list[tuple[str, int, str]]
"""(stream, version, command id) of each record of the log, in its order."""


def write_or_tail(store: Store, number: int, writers: int, batches: int) -> Seen:
    """Racer 0 reads the log while the others write it, with refusals in between; what was read or committed."""
    if number == 0:
        return tail(store, {f"done/{writer}" for writer in range(1, writers + 1)})
    written: Seen = []
    asked = [_to_tail(number, turn) for turn in range(batches)]
    size = 1 if number % 2 else 8
    for start in range(0, batches, size):
        chunk = asked[start : start + size]
        results = store.commit_many(chunk) if size > 1 else [store.commit(chunk[0])]
        written += [seen for each, result in zip(chunk, results, strict=True) for seen in _seen(each, result)]
    last = batch(f"done.{number}", append(f"done/{number}", 0, Noted("done")))
    return written + _seen(last, store.commit(last))


def _to_tail(number: int, turn: int) -> Batch:
    """Two streams of one batch; every third one is refused after its events were written.

    Those of the first writer take their time: they have many streams and documents, so that others overtake them.
    """
    name = f"{number}.{turn}"
    events = Noted(name), moved(reserve("NOWHERE", 1, "1")) if turn % 3 == 2 else Noted("more")
    slow = range(40) if number == 1 else ()
    more = [append(f"note/{name}.{part}", 0, Noted(name)) for part in slow]
    sheets = [PutDocument("sheet", f"{name}.{part}", Sheet(name)) for part in slow]
    streams = append(f"note/{name}", 0, *events), *more, append(f"log/{number}", None, Noted(name))
    return batch(name, *streams, documents=sheets)


def _seen(each: Batch, result: CommitResult) -> Seen:
    if not won(result) or not isinstance(result, Committed):
        return []

    def versions(appended: Append) -> range:
        last = result.versions[appended.stream]
        return range(last - len(appended.events) + 1, last + 1)

    return [(a.stream, version, each.command_id) for a in each.appends for version in versions(a)]


def tail(store: Store, last: set[str], *, limit: int = 50, give_up_seconds: int = SILENT_SECONDS) -> Seen:
    """Follow the log from its beginning until each of the `last` streams was seen and nothing more comes, or nothing at all."""
    seen: Seen = []
    cursor: Cursor | None = None
    waiting, until = set(last), time.monotonic() + give_up_seconds
    while time.monotonic() < until:
        page = store.read_all(cursor, limit)
        seen += [(record.stream, record.version, record.command_id) for record in page.records]
        waiting -= {record.stream for record in page.records}
        if page.records:
            cursor, until = page.cursor, time.monotonic() + give_up_seconds
        elif not waiting:
            break
        else:
            time.sleep(0.002)
    return seen


def see_to_timers(store: Store, number: int, limit: int, timers: int) -> tuple[list[str], list[int]]:
    """Lease due timers in small portions and see to them; the keys that were acknowledged, and all fences."""
    keys: list[str] = []
    fences: list[int] = []
    while leases := store.lease_due(f"worker {number}", NOW, timedelta(hours=1), limit):
        fences += [lease.fence for lease in leases]
        assert len(fences) <= timers, "one worker alone leased more timers than there are"
        keys += [lease.key for lease in leases if store.ack(lease)]
    return keys, fences


def repeat_commands(store: Store, _number: int, commands: int) -> list[tuple[Literal["first", "again"], Cursor | None]]:
    """Send the same commands as everybody else; for each, who was first and where it stands in the log."""
    told: list[tuple[Literal["first", "again"], Cursor | None]] = []
    for command in range(commands):
        result = store.commit(order(f"{command}", reserve("TEA", 1, "1")))
        if won(result, lost=Duplicate) and isinstance(result, Committed):
            told.append(("first", result.position))
        elif isinstance(result, Duplicate):
            told.append(("again", result.first.position))
    return told


def write_what_was_seen(store: Store, number: int, attempts: int) -> list[int]:
    """Append to one stream at the version just read; the versions that were written."""
    mine = []
    for attempt in range(attempts):
        query = ReadHead(Stream("order/1"))
        seen = store.read([query]).of(query)
        let_others_run()
        if won(store.commit(batch(f"{number}.{attempt}", append("order/1", seen, Noted("x")))), lost=Conflicted):
            mine.append(seen + 1)
    return mine


def count_up(store: Store, number: int, attempts: int) -> int:
    """Read a number in a document and write the next one, at its revision or under a counter; how often it was won."""
    done = 0
    for attempt in range(attempts):
        document, counter = ReadDocument("sheet", "1"), ReadCounter("turn")
        snapshot = store.read([document, counter])
        held, turn = snapshot.of(document), snapshot.of(counter)
        seen = held.body.number if held is not None and isinstance(held.body, Sheet) else 0
        revision = held.revision if held is not None else 0
        by_revision = attempt % 2 == 0
        asked = batch(
            f"{number}.{attempt}",
            documents=[PutDocument("sheet", "1", Sheet("count", seen + 1), revision if by_revision else None)],
            requires=[] if by_revision else [Require("turn", turn)],
            bumps=["turn"],
        )
        let_others_run()
        done += won(store.commit(asked), lost=Conflicted)
    return done


def move_or_look(store: Store, number: int, attempts: int) -> int:
    """Racer 0 looks whether all units are somewhere while the others carry them about; how often it looked or moved."""
    done = 0
    for attempt in range(attempts):
        stream, positions = ReadStream(Stream(f"carry/{number}")), ReadPositions((Sku("TEA"),))
        document, counter = ReadDocument("sheet", "1"), ReadCounter("moves")
        if number == 0:
            snapshot = store.read([document, positions, counter, stream])
            total = sum(sum(row) for row in snapshot.of(positions).values())
            held = snapshot.of(document)
            revision = held.revision if held is not None else 0
            assert (total, revision) == (100, snapshot.of(counter)), "a read saw half of a commit"
            done += 1
        else:
            there, back = (HERE, THERE) if chance_of(number, attempt) else (THERE, HERE)
            move = Move("TEA", 1 + attempt % 5, there, "available", back, "available")
            put = PutDocument("sheet", "1", Sheet("carried", attempt))
            carried = append(f"carry/{number}", None, moved(move))
            asked = batch(f"{number}.{attempt}", carried, documents=[put], bumps=["moves"])
            done += won(store.commit(asked))
    return done


def chance_of(number: int, attempt: int) -> bool:
    """A coin that falls the same way in every run."""
    return random.Random(1000 * number + attempt).random() < 0.5  # noqa: S311  # chance by a seed
