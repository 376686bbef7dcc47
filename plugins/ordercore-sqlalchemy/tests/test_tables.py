"""The tables as metadata: what autogenerate compares is there, and nothing is ever made or dropped from it."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, inspect, select, text

from ordercore.errors import BrokenRule, ConfigurationError
from ordercore.store.migrations import Migration
from ordercore_sqlalchemy import (
    create_tables,
    drop_tables,
    include_name,
    include_object,
    migrations_for,
    ordercore_metadata,
    tables,
)


@pytest.fixture
def migrated(engine):
    with engine.begin() as connection:
        create_tables(connection)
    return engine


def differences(engine, metadata, **options):
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": False} | options
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def hosts():
    metadata = MetaData()
    Table("invoice", metadata, Column("id", Integer, primary_key=True))
    return metadata


def test_with_the_metadata_autogenerate_finds_nothing_to_do(migrated):
    assert differences(migrated, ordercore_metadata(migrated.dialect.name)) == []


def test_beside_the_tables_of_the_host_only_those_of_the_host_are_made(migrated):
    both = [hosts(), ordercore_metadata(migrated.dialect.name)]
    assert [change[0] for change in differences(migrated, both)] == ["add_table"]
    into_one = ordercore_metadata(migrated.dialect.name, hosts())
    assert [(change[0], change[1].name) for change in differences(migrated, into_one)] == [("add_table", "invoice")]


@pytest.mark.parametrize("options", [{"include_name": include_name}, {"include_object": include_object}])
def test_with_a_filter_autogenerate_drops_none_of_them_either(migrated, options):
    with migrated.begin() as connection:
        hosts().create_all(connection)
    assert differences(migrated, hosts(), **options) == []
    assert {change[0] for change in differences(migrated, hosts())} >= {"remove_table"}


def test_the_metadata_names_every_table_column_and_key_that_is_there(migrated):
    metadata, there = ordercore_metadata(migrated.dialect.name), inspect(migrated)
    assert sorted(metadata.tables) == sorted(there.get_table_names())
    for table in metadata.tables.values():
        assert [column.name for column in table.columns] == [one["name"] for one in there.get_columns(table.name)]
        assert [column.nullable for column in table.columns] == [
            one["nullable"] for one in there.get_columns(table.name)
        ]
        key = there.get_pk_constraint(table.name)["constrained_columns"]
        assert [column.name for column in table.primary_key] == key


def test_a_host_may_query_them(migrated):
    schema = ordercore_metadata(migrated.dialect.name).tables["ordercore_schema"]
    with migrated.connect() as connection:
        newest = migrations_for(migrated.dialect.name)[-1]
        assert connection.execute(select(schema)).one() == (newest.number, newest.compatible)


def test_create_all_refuses_to_make_them_and_leaves_them_be_where_they_are(engine):
    metadata = ordercore_metadata(engine.dialect.name, hosts())
    with pytest.raises(ConfigurationError, match="create_tables"), engine.begin() as connection:
        metadata.create_all(connection)
    with engine.begin() as connection:
        create_tables(connection)
        metadata.create_all(connection)
    assert "invoice" in inspect(engine).get_table_names()


def test_making_the_tables_twice_is_fine_and_dropping_them_leaves_those_of_the_host(migrated):
    with migrated.begin() as connection:
        hosts().create_all(connection)
        create_tables(connection)
    with migrated.begin() as connection:
        drop_tables(connection)
    assert inspect(migrated).get_table_names() == ["invoice"]
    with migrated.begin() as connection:
        drop_tables(connection)


def test_a_transaction_that_is_rolled_back_leaves_no_table(ordercore_postgres_address, postgresql_address):
    from sqlalchemy import create_engine

    engine = create_engine(postgresql_address)
    with engine.connect() as connection:
        create_tables(connection)
        connection.rollback()
    assert inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize("dialect", ["mysql", "postgres"])
def test_a_dialect_without_a_store_is_refused_by_name(dialect):
    with pytest.raises(ConfigurationError, match=dialect):
        ordercore_metadata(dialect)


def test_what_a_later_migration_does_to_the_tables_is_read_too(monkeypatch):
    steps = (
        "create table ordercore_a (n integer primary key, m text not null check (m <> ','), unique (n, m))",
        "create unique index ordercore_a_m on ordercore_a (m desc) where m <> ''",
        "create function f() returns integer as $$ begin create table x (y integer); end $$ language plpgsql",
        "insert into ordercore_a values (1, 'x')",
        "alter table ordercore_a add column o blob",
        "create table ordercore_b (n integer, primary key (n))",
        "create index ordercore_b_n on ordercore_b (n)",
        "drop index ordercore_b_n",
        "create table ordercore_c (n integer)",
        "drop table ordercore_c",
    )
    written = (Migration(1, "", 1, ";\n\n".join(steps), ""),)
    monkeypatch.setattr(tables, "migrations_for", lambda dialect: written)
    metadata = ordercore_metadata("sqlite")
    assert sorted(metadata.tables) == ["ordercore_a", "ordercore_b"]
    a, b = metadata.tables.values()
    assert [(column.name, str(column.type), column.nullable) for column in a.columns] == [
        ("n", "INTEGER", True), ("m", "TEXT", False), ("o", "BLOB", True),
    ]  # fmt: skip
    assert [(index.name, index.unique, list(index.columns)) for index in a.indexes] == [
        ("ordercore_a_m", True, [a.c.m])
    ]
    assert (list(b.primary_key), b.indexes) == ([b.c.n], set())


@pytest.mark.parametrize(
    "statement",
    [
        "alter table ordercore_a rename to b",
        "create table ordercore_a as select 1",
        "create table ordercore_a (n no_type)",
    ],
)
def test_a_statement_that_cannot_be_read_is_no_table_that_is_half_right(monkeypatch, statement):
    monkeypatch.setattr(tables, "migrations_for", lambda dialect: (Migration(1, "", 1, statement, ""),))
    with pytest.raises(BrokenRule, match="can be read from"):
        ordercore_metadata("sqlite")


def test_a_colon_or_a_percent_sign_in_a_statement_is_what_it_is(engine):
    from ordercore_sqlalchemy.statements import run

    with engine.begin() as connection:
        run(connection.execute, ["create table odd (x text)", "insert into odd values ('a:b::c:=d %s %% %(x)s')"])
        assert connection.execute(text("select x from odd")).scalar_one() == "a:b::c:=d %s %% %(x)s"
