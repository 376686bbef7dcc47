"""The same facts made durable in PostgreSQL by hand: by one function per commit, and statement by statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg
from twins import ACTOR, AT, LOCATIONS, SKUS, Facts, Wish, facts_of

_FUNCTIONS = Path(__file__).with_name("twin_postgres.sql")
_JOURNAL = (
    "insert into twin_journal (command, fingerprint, stream, version, recorded, actor, events)"
    " values (%s, %s, %s, 1, %s, %s, %s) on conflict do nothing"
)
_SUMMARY = "insert into twin_summary values (%s, 1, 'allocated', %s, %s)"
_MOVE = "update twin_balance set available = available - %s, reserved = reserved + %s where id = %s and available >= %s"
_WITH = """
with wish as materialized (select %s::jsonb as w), journal as (
    insert into twin_journal (command, fingerprint, stream, version, recorded, actor, events)
    select w->>'command', decode(w->>'fingerprint', 'hex'), w->>'stream', 1, (w->>'recorded')::timestamptz, w->>'actor',
        w->>'events'
    from wish on conflict do nothing returning position
), summary as (
    insert into twin_summary select w->>'stream', 1, 'allocated', (w->>'recorded')::timestamptz, w->>'body' from wish
), asked as materialized (
    select m.id, m.units from wish, jsonb_to_recordset(w->'moves') as m (id integer, units integer)
), moved as (
    update twin_balance b set available = b.available - a.units, reserved = b.reserved + a.units
    from asked a where b.id = a.id and b.available >= a.units returning 1
)
select 1 / ((select count(*) from journal) = 1 and (select count(*) from moved) = (select count(*) from asked))::integer
"""
"""The division undoes it. It says nothing of the order in which it locks, and sees nothing of what it writes."""


def prepare(address: str, units: int = 1_000_000) -> None:
    """Tables and functions in an empty database, and so many units of each SKU at each location."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_FUNCTIONS.read_bytes())
        connection.execute(
            "insert into twin_balance (id, available) select n, %s from generate_series(0, %s) as n",
            (units, SKUS * LOCATIONS - 1),
        )
        connection.execute("vacuum analyze twin_balance")


class EqualFactsPostgres:
    """Command id and fingerprint, two events, guarded balances, the order's summary: one round trip per commit."""

    COUNTS = (
        "select (select count(*) from twin_summary), (select count(*) from twin_journal),"
        " (select sum(reserved) from twin_balance)"
    )
    """Summaries, rows of the journal, units reserved."""

    def __init__(self, address: str) -> None:
        self.connection = psycopg.connect(address, autocommit=True)

    def place(self, wish: Wish) -> None:
        """One order, allocated to the locations it names, durable when it returns."""
        self.connection.execute("select twin_place(%s::jsonb)", (json.dumps(_row(facts_of(wish))),))

    def place_at_once(self, wish: Wish) -> None:
        """The same by one statement of `with` clauses instead of a function."""
        self.connection.execute(_WITH, (json.dumps(_row(facts_of(wish))),), prepare=True)

    def place_many(self, wishes: Iterable[Wish]) -> None:
        """All of them in one commit."""
        rows = json.dumps([_row(facts_of(wish)) for wish in wishes])
        self.connection.execute("select twin_place_many(%s::jsonb)", (rows,))

    def place_step_by_step(self, wish: Wish) -> None:
        """One order as it is often written: a statement for each row, begin and commit around them."""
        facts = facts_of(wish)
        with self.connection.transaction():
            execute = self.connection.execute
            journal = (facts.command, facts.digest, facts.stream, AT, ACTOR, facts.events)
            if execute(_JOURNAL, journal).rowcount != 1:
                raise RuntimeError("repeated")
            execute(_SUMMARY, (facts.stream, AT, facts.body))
            for balance, units in facts.moves:
                if execute(_MOVE, (units, units, balance, units)).rowcount != 1:
                    raise RuntimeError("insufficient")

    def counted(self) -> Sequence[int]:
        """What COUNTS finds."""
        return self.connection.execute(self.COUNTS).fetchone() or ()


def _row(facts: Facts) -> dict[str, object]:
    return {
        "command": facts.command, "fingerprint": facts.digest.hex(), "stream": facts.stream, "recorded": AT,
        "actor": ACTOR, "events": facts.events, "body": facts.body,
        "moves": [{"id": balance, "units": units} for balance, units in facts.moves],
    }  # fmt: skip
