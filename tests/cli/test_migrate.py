"""`ordercore migrate`."""

import sqlite3
from contextlib import closing

from ordercore.store.sqlite import schema


def test_a_new_file_gets_its_tables(run, tmp_path):
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert run("migrate", "--store", url) == (0, f"tables made: schema {schema.VERSION}\n", "")
    assert run("migrate", "--store", url) == (0, f"up to date: schema {schema.VERSION}\n", "")


def test_tables_of_a_newer_release_are_refused(run, url):
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("update ordercore_schema set version = 99, compatible = 99")
    status, _, error = run("migrate", "--store", url)
    assert status == 1
    assert "schema 99" in error


def test_a_store_without_tables_has_nothing_to_migrate(run):
    status, _, error = run("migrate", "--store", "memory://")
    assert status == 2
    assert "no tables" in error
