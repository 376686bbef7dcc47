"""A store on `django.db.connections[alias]`: in the transaction that Django has open, or in one of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, cast

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ordercore.errors import ConfigurationError, MissingExtra
from ordercore.store import Batch, CommitResult, Committed, Store
from ordercore.store.sqlite import SQLiteStore

MIGRATE: Final = "Run: python manage.py migrate ordercore"
VENDORS: Final = ("sqlite", "postgresql")


def django_store(alias: str = "default", *, on_commit: Callable[[], object] | None = None) -> Store:
    """A store on the connection that Django has for this alias in each thread; safe to share.

    Inside `transaction.atomic()` it is part of that transaction; otherwise each command has one of its own. `on_commit`
    is called once after each commit that wrote something. Raises ConfigurationError for other databases than SQLite and
    PostgreSQL, MissingExtra without ordercore-postgres.
    """

    def lend() -> Any:
        wrapper = connections[alias]
        wrapper.ensure_connection()
        return wrapper.connection

    def is_open() -> bool:
        return in_transaction(connections[alias])

    def wrote() -> None:
        after_commit(alias, on_commit)

    vendor = connections[alias].vendor
    if vendor == "sqlite":
        store: Any = SQLiteStore.borrowing(lend, in_transaction=is_open, wrote=wrote, migrate=MIGRATE)
    elif vendor == "postgresql":
        store = _postgres().borrowing(lend, in_transaction=is_open, wrote=wrote, migrate=MIGRATE)
    else:
        raise ConfigurationError(
            f"ordercore has no store for {vendor}.", alias=alias, vendor=vendor,
            hint="Give it a database of its own in DATABASES, SQLite or PostgreSQL, and name that in ORDERCORE['DATABASE'].",
        )  # fmt: skip
    return cast(Store, _Waking(store, wrote))


def _postgres() -> Any:
    try:
        from ordercore_postgres import PostgresStore  # an extra
    except ImportError as error:
        raise MissingExtra(
            "PostgreSQL needs ordercore-postgres.", hint="Type: pip install 'ordercore-django[postgres]'"
        ) from error
    return PostgresStore


def in_transaction(wrapper: BaseDatabaseWrapper) -> bool:
    """Whether a transaction of the application is open. As for `durable=True`, blocks of a test case do not count."""
    if wrapper.in_atomic_block:
        return not getattr(wrapper.atomic_blocks[-1], "_from_testcase", False)
    return not wrapper.get_autocommit()


def after_commit(alias: str, call: Callable[[], object] | None) -> None:
    """Once after the commit of what is open now, at once where nothing is; what it raises is logged, never lost upon you."""
    if call is None:
        return
    wrapper = connections[alias]
    if not in_transaction(wrapper):
        # At once; in a test case when its callbacks are captured, each by itself.
        transaction.on_commit(partial(call), using=alias, robust=True)
    elif not any(entry[1] is call and entry[0] <= set(wrapper.savepoint_ids) for entry in wrapper.run_on_commit):
        transaction.on_commit(call, using=alias, robust=True)


class _Waking:
    """The store, which also tells of what it committed by itself: where Django has no transaction open."""

    def __init__(self, store: Store, wrote: Callable[[], None]) -> None:
        self._store = store
        self._wrote = wrote

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, batch: Batch) -> CommitResult:
        """Commit; tell of it."""
        return self._told([self._store.commit(batch)])[0]

    def commit_many(self, batches: Sequence[Batch]) -> list[CommitResult]:
        """Commit; tell of it once."""
        return self._told(self._store.commit_many(batches))

    def _told(self, results: list[CommitResult]) -> list[CommitResult]:
        if any(isinstance(result, Committed) and result.settled for result in results):
            self._wrote()
        return results
