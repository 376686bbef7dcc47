"""`flush`, and a `TransactionTestCase` after each test, empty a database: the tables of ordercore are emptied too."""

from __future__ import annotations

from django.db import connections, transaction

from ordercore_django.kernels import forget
from ordercore_django.schema import make_anew
from ordercore_django.stores import VENDORS


def flushed(*, using: str, **given: object) -> None:
    """After a flush, which says no plan; after migrations only kernels are made anew."""
    forget(using)
    wrapper = connections[using]
    if "plan" in given or wrapper.vendor not in VENDORS:
        return
    with wrapper.cursor() as cursor:
        there = "ordercore_schema" in wrapper.introspection.table_names(cursor)
    if there:
        with transaction.atomic(using=using), wrapper.cursor() as cursor:
            make_anew(wrapper.vendor, cursor.execute)
