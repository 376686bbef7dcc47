"""One write transaction: ids and events, counters, documents and timers, positions last."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from ordercore.store.batch import RequireUnits
from ordercore.store.posting import COLUMN
from ordercore.store.result import Committed
from ordercore.store.sqlite.lent import AnySession
from ordercore.store.sqlite.rows import Writing
from ordercore.store.sqlite.work import (
    END_OF_STREAM,
    NEW_STREAM,
    NEXT_DOCUMENT,
    NEXT_OF_STREAM,
    ONLY_HEAD,
    TOLERANT,
    WITHOUT_EVENTS,
    Parameters,
    Work,
    after_head,
)

HEAD: Final = (
    "select version + count - 1 from ordercore_log where tenant = ? and stream = ? order by version desc limit 1"
)
COUNTER: Final = "select value from ordercore_counter where tenant = ? and name = ?"
_BUMP: Final = (
    "insert into ordercore_counter (tenant, name, value) values (?, ?, ?)"
    " on conflict do update set value = value + excluded.value"
)


def head_of(session: AnySession, tenant: str, stream: str) -> int:
    """How many events a stream has; less than 0 if it is archived."""
    row = session.execute(HEAD, (tenant, stream)).fetchone()
    return row[0] if row is not None else 0


def counter_of(session: AnySession, tenant: str, name: str) -> int:
    """The value of a counter."""
    row = session.execute(COUNTER, (tenant, name)).fetchone()
    return row[0] if row is not None else 0


def units_of(rows: Writing, require: RequireUnits) -> int:
    """What the bucket of a requirement holds now."""
    return rows.row(require.key)[COLUMN[require.bucket]]


def apply(session: AnySession, rows: Writing, works: Sequence[Work]) -> list[Committed] | None:
    """Write all batches of one tenant; None as soon as one of them cannot be: then the caller undoes everything.

    Each sees what those before it did; the hot rows are locked last and for the shortest time.
    """
    last = _write_log(session, works)
    if last is None or not _write_counters(session, rows, works) or not _write_others(session, works):
        return None
    if not rows.apply(works):
        return None
    if len(works) == 1:
        return [works[0].result(last)]
    results, position = [], last - sum(work.count for work in works)
    for work in works:
        position += work.count
        results.append(work.result(position))
    return results


def _run(session: AnySession, statements: Sequence[tuple[str, Parameters]]) -> bool:
    """Execute in order, neighbours of the same text together; False if one changed nothing although it had to."""
    start, end = 0, len(statements)
    while start < end:
        statement = statements[start][0]
        stop = start + 1
        while stop < end and statements[stop][0] is statement:
            stop += 1
        if stop - start == 1:
            session.execute(statement, statements[start][1])
        else:
            session.executemany(statement, [parameters for _, parameters in statements[start:stop]])
        if session.cursor.rowcount != stop - start and statement not in TOLERANT:
            return False
        start = stop
    return True


def _write_log(session: AnySession, works: Sequence[Work]) -> int | None:
    """The position of the last row, 0 if there is none; None if an id or a version of a stream is taken."""
    if len(works) == 1 and works[0].plain and works[0].count == 1:
        session.execute(*works[0].logs[0])
        return session.cursor.lastrowid if session.cursor.rowcount == 1 else None
    statements: list[tuple[str, Parameters]] = []
    for work in works:
        if work.empty is not None:
            # Before all others: the positions of the log are counted back from the last insert.
            session.execute(WITHOUT_EVENTS, work.empty)
            if session.cursor.rowcount != 1:
                return None
    for work in works:
        if work.plain:
            statements += work.logs
        elif not _run(session, statements) or not _write_at_heads(session, work):
            return None
        else:
            statements = []
    if not _run(session, statements):
        return None
    return session.last_position() if any(work.count for work in works) else 0


def _write_at_heads(session: AnySession, work: Work) -> bool:
    tenant = work.batch.tenant
    for number, (statement, parameters) in enumerate(work.logs):
        if statement is ONLY_HEAD:
            _, stream, expected = parameters
            head = work.versions[number] = head_of(session, tenant, stream)
            if head < 0:
                return False
            if expected is not None and expected != head:
                return False
        elif statement is END_OF_STREAM:
            head = head_of(session, tenant, parameters[4])
            if head < 0:
                return False
            work.versions[number] = head + parameters[6]
            row = (*parameters[:5], head + 1, *parameters[6:])
            if not _run(session, [(NEXT_OF_STREAM, after_head(row)) if head else (NEW_STREAM, row)]):
                return False
        elif not _run(session, [(statement, parameters)]):
            return False
    return True


def _write_counters(session: AnySession, rows: Writing, works: Sequence[Work]) -> bool:
    bumps: dict[str, int] = {}
    for work in works:
        batch = work.batch
        for require in batch.requires:
            if isinstance(require, RequireUnits):
                # In a group another batch may change the row first: only one by one can that be seen.
                if len(works) > 1 or units_of(rows, require) != require.units:
                    return False
                continue
            name = require.counter
            if counter_of(session, batch.tenant, name) + bumps.get(name, 0) != require.value:
                return False
        for bump in batch.bumps:
            bumps[bump.counter] = bumps.get(bump.counter, 0) + 1
    if bumps:
        tenant = works[0].batch.tenant
        session.executemany(_BUMP, [(tenant, name, times) for name, times in bumps.items()])
    return True


def _write_others(session: AnySession, works: Sequence[Work]) -> bool:
    if len(works) == 1:
        return _run(session, works[0].others)
    statements = [each for work in works for each in work.others]
    targets = {parameters[3:6] if text is NEXT_DOCUMENT else parameters[:3] for text, parameters in statements}
    if len(targets) == len(statements):
        statements.sort(key=itemgetter(0))  # nothing is written twice, so that like goes with like
    return _run(session, statements)
