"""The tables: which version is there, and how the numbered files bring it up to date."""

from __future__ import annotations

from typing import Final

from ordercore.errors import SchemaVersion, StoreError
from ordercore.store.migrations import migrations_of, not_newer, upgrading
from ordercore_postgres.steps import Ask, MadeMeanwhile, Operation

MIGRATIONS: Final = migrations_of("ordercore_postgres.migrations")
VERSION: Final = MIGRATIONS[-1].number

_THERE: Final = "select to_regclass('ordercore_schema') is not null"
_VERSION: Final = "select version, compatible from ordercore_schema"
# Rows of the present epoch whose transaction is one that this server has not begun yet: it is another server.
_RESTORED: Final = """with recursive tenants as (
    (select tenant, 1 as n from ordercore_log order by tenant limit 1) union all
    select (select l.tenant from ordercore_log l where l.tenant > t.tenant order by l.tenant limit 1), t.n + 1
    from tenants t where t.tenant is not null and t.n < 100
) select exists (
    select 1 from tenants t cross join lateral (
        select l.epoch, l.xid from ordercore_log l where l.tenant = t.tenant and l.stream is not null
        order by l.epoch desc, l.xid desc, l.pos desc limit 1
    ) l where l.epoch = (select epoch from ordercore_epoch) and l.xid >= pg_snapshot_xmax(pg_current_snapshot())
)"""
_NEXT_EPOCH: Final = "update ordercore_epoch set epoch = epoch + 1"
_LOCK: Final = "lock table ordercore_schema in exclusive mode"


def migrate_hint(shown: str) -> str:
    """What to type."""
    return f"Type: ordercore migrate --store {shown} (the owner of the schema must), or let Alembic or Django do it."


def check(shown: str, migrate: str = "") -> Operation[None]:
    """Whether this release can work with the tables. Raises SchemaVersion; `migrate`: what makes them, if not the command."""
    version, compatible = yield from _version()
    not_newer(shown, version, compatible, VERSION)
    if version < VERSION:
        raise SchemaVersion(
            f"{shown} has {f'schema {version}' if version else 'no tables of ordercore'}; this release needs {VERSION}.",
            found=version, known=VERSION, hint=migrate or migrate_hint(shown),
        )  # fmt: skip
    rows = yield Ask(_RESTORED)
    if rows[0][0]:
        raise restored(shown)


def restored(shown: str) -> StoreError:
    """What is written now would come to stand before what followers have seen, and they would skip it."""
    address = shown if "://" in shown else "postgresql://..."
    return StoreError(
        f"{shown} was restored from a dump, or is a copy: transaction ids of its log are of another server.",
        reason="restored", hint=f"Type once: ordercore migrate --store {address} --after-restore",
    )  # fmt: skip


def begin_epoch() -> Operation[None]:
    """After a dump was restored: cursors of the other server stay what they are, and all that is written comes behind them."""
    yield Ask(_NEXT_EPOCH, writes=True)


def _version() -> Operation[tuple[int, int]]:
    rows = yield Ask(_THERE)
    if not rows[0][0]:
        return 0, 0
    rows = yield Ask(_VERSION)
    return (rows[0][0], rows[0][1]) if rows else (0, 0)


def migrate(shown: str) -> Operation[tuple[int, int]]:
    """Make the tables, or what they lack, in one transaction; (version before, version after).

    Safe when several do it at once: whoever comes second waits for the first, and finds it done.
    """
    while True:
        try:
            yield Ask("begin")
            before, compatible = yield from _version()
            if before:
                yield Ask(_LOCK)
                before, compatible = yield from _version()
            not_newer(shown, before, compatible, VERSION)
            for statement in upgrading(MIGRATIONS, before):
                yield Ask(statement)
            yield Ask("commit")
        except MadeMeanwhile:
            yield Ask("rollback")
        else:
            return before, max(before, VERSION)
