"""Following: exactly once however often it is interrupted, and never two logs in one file."""

import signal
import subprocess
import sys
import textwrap
import threading

import duckdb
import pytest

from ordercore import Kernel, Line, PlaceOrder, PutItem
from ordercore.errors import ConfigurationError, StoreError
from ordercore.report import TABLES, Facts, follow
from ordercore.report.facts import facts_of, removed
from ordercore.report.facts.follow import AREAS, RULES

from .conftest import trade


def contents(path):
    """Every table, sorted, and how far the file is."""
    with duckdb.connect(str(path), read_only=True) as duck:
        found = {t.name: sorted(duck.execute(f"from {t.name}").fetchall(), key=repr) for t in TABLES}
        return found | {"followed": duck.execute("from followed").fetchall()}


def followed(kernel, path):
    with Facts(path, TABLES) as facts:
        return follow(kernel, facts)


def test_the_second_time_nothing_is_new(shop, path):
    assert followed(shop, path) > 20
    before = contents(path)
    assert followed(shop, path) == 0
    assert contents(path) == before


def test_what_came_since_is_added_and_the_result_is_that_of_one_run(shop, path, tmp_path):
    followed(shop, path)
    shop.handle(PutItem("TEA", "Another name"))
    shop.handle(PlaceOrder("web", "9", "EUR", [Line("TEA", 1, "3.50")]))
    assert followed(shop, path) == 3
    followed(shop, tmp_path / "at_once.duckdb")
    assert contents(path) == contents(tmp_path / "at_once.duckdb")


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_it_makes_no_difference_how_long_a_stretch_is(shop, path, tmp_path, monkeypatch, rows):
    followed(shop, path)
    monkeypatch.setattr(sys.modules[follow.__module__], "PAGE", rows)
    followed(shop, tmp_path / "bits.duckdb")
    assert contents(path) == contents(tmp_path / "bits.duckdb")


@pytest.mark.parametrize("fails_at", [1, 3, 8, 20])
def test_a_stretch_that_fails_leaves_nothing_of_itself(shop, path, tmp_path, monkeypatch, fails_at):
    monkeypatch.setattr(sys.modules[follow.__module__], "PAGE", 4)
    loads, load = [], Facts._load

    def failing(self, table, rows):
        loads.append(table.name)
        if len(loads) == fails_at:
            raise OSError("disk full")
        load(self, table, rows)

    monkeypatch.setattr(Facts, "_load", failing)
    with pytest.raises(OSError, match="disk full"):
        followed(shop, path)
    followed(shop, path)
    followed(shop, tmp_path / "clean.duckdb")
    assert contents(path) == contents(tmp_path / "clean.duckdb")


KILLED = """
import os, signal, sys
from pathlib import Path
from ordercore import Kernel
from ordercore.report import TABLES, Facts, follow
sys.modules[follow.__module__].PAGE = 3
load, loads = Facts._load, []
def killing(self, table, rows):
    load(self, table, rows)
    loads.append(table)
    if len(loads) == {after}:
        os.kill(os.getpid(), signal.SIGKILL)
Facts._load = killing
with Kernel.open(sys.argv[1]) as kernel, Facts(Path(sys.argv[2]), TABLES) as facts:
    follow(kernel, facts)
"""


@pytest.mark.parametrize("after", [2, 11])
def test_a_killed_run_goes_on_where_it_was(path, tmp_path, after):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with Kernel.open(url) as kernel:
        trade(kernel)
    program = [sys.executable, "-c", textwrap.dedent(KILLED.format(after=after)), url, str(path)]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    with Kernel.open(url) as kernel:
        followed(kernel, path)
        followed(kernel, tmp_path / "clean.duckdb")
    assert contents(path) == contents(tmp_path / "clean.duckdb")


def test_facts_of_another_store_are_never_mixed_in(shop, path):
    followed(shop, path)
    other = Kernel()
    other.handle(PutItem("TEA"))
    before = contents(path)
    with pytest.raises(ConfigurationError, match="another store") as refused:
        followed(other, path)
    assert "--rebuild" in refused.value.hint
    assert contents(path) == before


def test_nor_are_those_of_an_empty_store(shop, path):
    followed(shop, path)
    with pytest.raises(ConfigurationError, match="another store"):
        followed(Kernel(), path)


def test_a_store_that_was_put_back_and_went_another_way_is_noticed(path):
    """The same beginning, another end: as after restoring a backup."""
    from ordercore.testing import CountedIds, ManualClock

    def beginning():
        kernel = Kernel(clock=ManualClock(), ids=CountedIds())
        kernel.handle(PutItem("TEA"))
        return kernel

    one, two = beginning(), beginning()
    followed(one, path)
    assert followed(two, path) == 0  # the same log so far
    one.handle(PutItem("CUP"))
    followed(one, path)
    with pytest.raises(ConfigurationError, match="rebuilt"):
        followed(two, path)
    two.handle(PutItem("POT"))
    with pytest.raises(ConfigurationError, match="rebuilt"):
        followed(two, path)


def test_another_tenant_is_another_log(path):
    from ordercore.store.memory import MemoryStore

    store = MemoryStore()
    for tenant in ("a", "b"):
        Kernel(store, tenant=tenant).handle(PutItem("TEA"))
    followed(Kernel(store, tenant="a"), path)
    with pytest.raises(ConfigurationError):
        followed(Kernel(store, tenant="b"), path)


def test_a_file_of_something_else_is_left_alone(path, tmp_path):
    with duckdb.connect(str(path)) as duck:
        duck.execute("create table mine as select 1 as one").fetchall()
    with pytest.raises(StoreError, match="something else") as refused:
        Facts(path, TABLES)
    assert refused.value.reason == "foreign_file"
    (tmp_path / "text").write_text("not a database, but long enough to be looked at as if it were one" * 100)
    with pytest.raises(StoreError, match="no file of facts"):
        Facts(tmp_path / "text", TABLES)


def test_a_file_that_another_process_writes_is_busy(path):
    program = (
        "import sys\nfrom pathlib import Path\nfrom ordercore.report import TABLES, Facts\n"
        "with Facts(Path(sys.argv[1]), TABLES):\n    print('open', flush=True)\n    sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    stop = threading.Timer(20, other.kill)
    stop.start()
    try:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(StoreError, match="another process") as refused:
            Facts(path, TABLES)
        assert refused.value.reason == "busy"
    finally:
        other.communicate()
        stop.cancel()


def test_tables_of_another_release_are_filled_again(shop, path):
    followed(shop, path)
    before = contents(path)
    with Facts(path, TABLES[:2]) as older:
        assert older.mark is None
    assert followed(shop, path) > 0
    assert contents(path) == before


def test_removing_a_file_removes_what_lies_beside_it(path):
    path.write_bytes(b"")
    path.with_name("facts.duckdb.wal").write_bytes(b"")
    removed(path)
    removed(path)
    assert list(path.parent.iterdir()) == []


def test_each_area_declares_tables_and_rules_and_no_name_twice():
    names = [table.name for area in AREAS for table in area.TABLES]
    assert len(names) == len(set(names)) == len(TABLES)
    assert sum(len(area.RULES) for area in AREAS) == len(RULES)
    assert all(table.doc and table.columns for table in TABLES)


def test_rows_have_a_value_for_every_column(shop):
    rows = facts_of(shop.log(limit=1000).records)
    for table in TABLES:
        for row in rows[table.name]:
            assert len(row) == len(table.columns), (table.name, row)
            assert None not in row


def test_texts_come_back_as_they_were(path):
    kernel = Kernel()
    names = ["", 'a "quoted" name', "comma, name", "'", "\\N", "NULL", "=1+1", "红茶", "a  b", "é"]
    for n, name in enumerate(names):
        kernel.handle(PutItem(f"S{n}", name))
    followed(kernel, path)
    assert {row[1] for row in contents(path)["items"]} == set(names)
