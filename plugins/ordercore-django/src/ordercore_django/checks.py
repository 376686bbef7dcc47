"""System checks: what would go wrong is said by `manage.py check`, and `check --database default`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from ordercore.errors import MissingExtra, did_you_mean
from ordercore_django.conf import configuration
from ordercore_django.schema import files_of
from ordercore_django.stores import VENDORS


@checks.register(checks.Tags.compatibility)
def check_settings(app_configs: Sequence[AppConfig] | None, **given: Any) -> list[checks.CheckMessage]:
    """`settings.ORDERCORE`, and whether its database is one that ordercore can use, without connecting to it."""
    try:
        alias = configuration().database
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="ordercore.E001")]
    if alias not in connections.settings:
        hint = did_you_mean(alias, connections.settings)
        return [
            checks.Error(f"ORDERCORE['DATABASE'] is {alias!r}, which DATABASES lacks.", hint=hint, id="ordercore.E002")
        ]
    return list(_of_database(alias))


def _of_database(alias: str) -> Iterable[checks.CheckMessage]:
    wrapper = connections[alias]
    settings, options = wrapper.settings_dict, wrapper.settings_dict["OPTIONS"]
    if wrapper.vendor not in VENDORS:
        yield checks.Error(
            f"ordercore has no store for {wrapper.vendor}.", id="ordercore.E003",
            hint="Name an SQLite or PostgreSQL database in ORDERCORE['DATABASE'].",
        )  # fmt: skip
        return
    try:
        files_of(wrapper.vendor)
    except MissingExtra as error:
        yield checks.Error(error.message, hint=error.hint, id="ordercore.E004")
    if settings["ATOMIC_REQUESTS"]:
        yield checks.Info(
            "ATOMIC_REQUESTS: rows of stock that a request took stay locked until its response.", id="ordercore.I001",
            hint="Place orders late in a request, or use @transaction.non_atomic_requests where a view waits for others.",
        )  # fmt: skip
    if not settings["AUTOCOMMIT"]:
        yield checks.Warning(
            "AUTOCOMMIT is off: nothing is committed before your code does, and work() cannot run on this connection.",
            id="ordercore.W001",
        )
    if wrapper.vendor == "sqlite" and options.get("transaction_mode", "DEFERRED") not in ("IMMEDIATE", "EXCLUSIVE"):
        yield checks.Info(
            "On SQLite a transaction that reads before it writes must be run again when another wrote meanwhile.",
            hint='Set OPTIONS = {"transaction_mode": "IMMEDIATE"}.', id="ordercore.I002",
        )  # fmt: skip
    level = options.get("isolation_level")
    if wrapper.vendor == "postgresql" and level is not None and int(level) > 1 and int(level) != 2:
        yield checks.Warning(
            "Under this isolation level transactions fail when they meet others: RetryTransaction.", id="ordercore.W002",
            hint="Run a failed transaction again, or use READ COMMITTED, under which ordercore sells nothing twice either.",
        )  # fmt: skip


@checks.register(checks.Tags.database)
def check_migrations(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **given: Any
) -> list[checks.CheckMessage]:
    """Whether the tables are there and up to date."""
    try:
        alias = configuration().database
    except ImproperlyConfigured:
        return []
    if alias not in (databases or ()):
        return []
    executor = MigrationExecutor(connections[alias])
    targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "ordercore"]
    missing = [
        migration.name for migration, _ in executor.migration_plan(targets) if migration.app_label == "ordercore"
    ]
    if not missing:
        return []
    database = "" if alias == DEFAULT_DB_ALIAS else f" --database {alias}"
    hint = f"Run: python manage.py migrate ordercore{database}"
    what = f"{len(missing)} migrations of ordercore were not run: {', '.join(missing)}."
    return [checks.Warning(what, hint=hint, id="ordercore.W003")]
