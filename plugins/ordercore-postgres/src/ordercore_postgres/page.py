"""A page of the log: rows behind a cursor that nothing can come before any more, and how many lie behind them."""

from __future__ import annotations

from typing import Any, Final

from ordercore.store.archived import ARCHIVE, before_archive
from ordercore.store.result import Page
from ordercore.values import Cursor
from ordercore_postgres.cursors import cursor_of, position_of
from ordercore_postgres.question import EPOCH, N1, N2, POS, SECTION, XID, A, section
from ordercore_postgres.reading import RECORDED, Reading
from ordercore_postgres.steps import Rows

COUNTED_LAG: Final = 1000
"""Up to so many rows behind they are counted; further away it is the distance in the numbering, holes included."""

_BEHIND: Final = "l.tenant = %(t)s and l.stream is not null and l.count > 0 and (l.epoch, l.xid, l.pos) > "
# A row counts when no transaction is open that is as old as the one that wrote it: any that comes to light later stands
# behind it. Rows of an earlier epoch were committed before the database was restored.
_SETTLED: Final = (
    "(l.epoch < (select max(epoch) from ordercore_epoch) or l.xid < pg_snapshot_xmin(pg_current_snapshot())"
    " or (%(own)s and l.xid = pg_current_xact_id_if_assigned()))"
)
_RECORDS: Final = section(0, "from page l order by l.epoch, l.xid, l.pos", **RECORDED)
_LAG: Final = section(
    1, "from counted, last l", n1="counted.behind",
    n2=f"case when counted.behind > {COUNTED_LAG} then (select last_value from ordercore_log_position) - l.pos end",
    epoch="l.epoch", xid="l.xid::text::bigint", pos="l.pos",
    a=f"(select c.cursor from ordercore_consumer c where c.tenant = %(t)s and c.name = '{ARCHIVE}')",
)  # fmt: skip
PAGE: Final = f"""with page as (
    select * from (
        select l.*, sum(l.count) over (order by l.epoch, l.xid, l.pos) - l.count as before
        from (
            select * from ordercore_log l where {_BEHIND}(%(epoch)s, %(xid)s::xid8, %(pos)s) and {_SETTLED}
            order by l.epoch, l.xid, l.pos limit %(limit)s
        ) l
    ) l where l.before < %(limit)s
), last as (
    select epoch, xid, pos from page union all select %(epoch)s, %(xid)s::xid8, %(pos)s
    order by epoch desc, xid desc, pos desc limit 1
), counted as (
    select count(*) as behind from (
        select 1 from last s join ordercore_log l on {_BEHIND}(s.epoch, s.xid, s.pos)
            and (%(own)s or l.xid is distinct from pg_current_xact_id_if_assigned()) limit {COUNTED_LAG + 1}
    ) few
)
{_RECORDS} union all {_LAG}"""


def page_parameters(after: Cursor | None, limit: int, tenant: str, *, own: bool) -> dict[str, Any]:
    """Of PAGE; `own`: what this transaction wrote counts, too. Raises InvalidCommand for a cursor of another store."""
    epoch, xid, pos = position_of(after)
    return {"t": tenant, "epoch": epoch, "xid": str(xid), "pos": pos, "limit": max(limit, 0), "own": own}


def page_of(reading: Reading, after: Cursor | None, rows: Rows, *, hot: bool) -> Page:
    """The page that these rows are; its `lag` counts what is committed but held back by an open transaction, too.

    Raises Archived where rows behind the cursor have left, unless `hot`.
    """
    last = next(row for row in rows if row[SECTION])
    if not hot and last[A] is not None and (after or "") < last[A]:
        raise before_archive(after)
    records = tuple(reading.records([row for row in rows if not row[SECTION]]))
    lag = last[N1] if last[N2] is None else max(last[N2], COUNTED_LAG)
    cursor = cursor_of(last[EPOCH], last[XID], last[POS]) if last[EPOCH] else after
    return Page(records, cursor, lag)
