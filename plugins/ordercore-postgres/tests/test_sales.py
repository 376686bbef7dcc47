"""Eight processes with a kernel each want more than there is: all of it is sold, and nothing twice."""

from functools import partial

import pytest

from ordercore.testing.shoppers import sell_out_to_shoppers
from ordercore_postgres.store import PostgresStore

TEN = [f"SKU{number}" for number in range(10)]


def sale_over(databases, skus, stock, lines):
    with databases.fresh() as address:
        return sell_out_to_shoppers(partial(PostgresStore, address, migrate=True), 8, skus, stock, lines)


@pytest.mark.parametrize(("skus", "stock", "lines"), [(["TEA"], 60, 1), (TEN, 20, 3)], ids=["hot", "ten"])
def test_eight_shoppers_sell_what_there_is(ordercore_postgres_databases, record_property, skus, stock, lines):
    sale = sale_over(ordercore_postgres_databases, skus, stock, lines)
    record_property("figures", f"PostgreSQL, 8 shoppers, {len(skus)} SKUs, {lines} lines: {sale}")


@pytest.mark.slow
@pytest.mark.every_postgres
@pytest.mark.parametrize(("skus", "stock", "lines"), [(["TEA"], 4_000, 1), (TEN, 1_200, 3)], ids=["hot", "ten"])
def test_a_long_sale_on_a_durable_server(
    ordercore_postgres_launch, ordercore_postgres_major, record_property, skus, stock, lines
):
    sale = sale_over(ordercore_postgres_launch(durable=True).databases, skus, stock, lines)
    named = f"PostgreSQL {ordercore_postgres_major} (durable), 8 shoppers, {len(skus)} SKUs, {lines} lines"
    record_property("figures", f"{named}: {sale}")
