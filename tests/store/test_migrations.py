"""Numbered SQL files: read in order, run forwards and back, never half described."""

import sqlite3

import pytest

from ordercore.errors import BrokenRule
from ordercore.store.migrations import Migration, downgrading, migrations_of, pending, upgrading
from ordercore.store.sqlite.schema import MIGRATIONS

THREE = tuple(
    Migration(number, f"step{number}", compatible, f"create table t{number} (x integer);", f"drop table t{number};")
    for number, compatible in ((1, 1), (2, 1), (3, 3))
)
FIRST = Migration(
    1, "tables", 1, "create table ordercore_schema (version integer, compatible integer);\n\n" + THREE[0].text,
    "drop table ordercore_schema;\n\n" + THREE[0].undo_text,
)  # fmt: skip
CHAIN = (FIRST, *THREE[1:])


@pytest.fixture
def database():
    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        yield connection
    connection.close()


def tables(database):
    return sorted(name for (name,) in database.execute("select name from sqlite_master where type = 'table'"))


def run(database, statements):
    for statement in statements:
        database.execute(statement)


def test_each_step_up_writes_the_version_and_what_it_is_compatible_with(database):
    for to, compatible in ((1, 1), (2, 1), (3, 3)):
        run(database, upgrading(CHAIN, to - 1, to))
        assert database.execute("select version, compatible from ordercore_schema").fetchall() == [(to, compatible)]


@pytest.mark.parametrize("to", [0, 1, 2])
def test_all_the_way_up_and_back_to_any_version_is_the_same_as_going_only_there(database, to):
    run(database, upgrading(CHAIN))
    run(database, downgrading(CHAIN, 3, to))
    there = sqlite3.connect(":memory:", isolation_level=None)
    run(there, upgrading(CHAIN, 0, to))
    assert tables(database) == tables(there)
    if to:
        state = "select * from ordercore_schema"
        assert database.execute(state).fetchall() == there.execute(state).fetchall()
    there.close()


def test_nothing_is_to_be_done_where_the_schema_is_already(database):
    assert upgrading(CHAIN, 3) == downgrading(CHAIN, 3, 3) == ()
    assert [migration.number for migration in pending(CHAIN, 1)] == [2, 3]


def test_taking_back_the_tables_of_the_store_leaves_nothing_of_them(database):
    database.execute("create table shop (x)")
    run(database, upgrading(MIGRATIONS))
    assert len(tables(database)) > 5
    run(database, downgrading(MIGRATIONS, MIGRATIONS[-1].number))
    assert tables(database) == ["shop"]


def test_a_statement_ends_before_an_empty_line_so_that_a_function_may_hold_others():
    text = "-- compatible: 1\ncreate function f() as $$\n  a;\n  -- why\n  b;\n$$;\n\ncreate table t (x);\n"
    assert Migration(1, "", 1, text, "").statements == (
        "create function f() as $$\n  a;\n  b;\n$$",
        "create table t (x)",
    )


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"0001_a.sql": "select 1;", "0001_a.down.sql": ""}, "0001_a.sql does not begin with"),
        ({"0001_a.sql": "-- compatible: 1\n"}, "has no 0001_a.down.sql"),
        ({"0002_a.sql": "-- compatible: 1\n", "0002_a.down.sql": ""}, "not numbered without gaps"),
    ],
)
def test_a_folder_that_cannot_be_run_is_refused(tmp_path, monkeypatch, files, complaint):
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / f"planted_{abs(hash(complaint))}"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, text in files.items():
        (package / name).write_text(text)
    with pytest.raises(BrokenRule, match=complaint):
        migrations_of(package.name)
