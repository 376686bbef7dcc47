"""Each command on a small shop: what it prints, what it says when it cannot, and how it exits."""

import re
import sqlite3
import subprocess
import sys

import pytest
from click.testing import CliRunner

from ordercore import __version__
from ordercore.cli.app import commands

COMMANDS = (
    "alerts", "archive", "demo", "erase", "import", "migrate", "order", "orders", "purchases", "quarantine", "restore",
    "stock", "verify", "why",
)  # fmt: skip


def test_help_names_every_command():
    result = CliRunner().invoke(commands, ["--help"])
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.output for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_its_store(name):
    result = CliRunner().invoke(commands, [name, "--help"])
    assert result.exit_code == 0
    assert "--store URL" in result.output
    assert ("ORDERCORE_STORE" in result.output) is (name != "demo")


def test_the_version_is_that_of_the_package(run):
    assert run("--version") == (0, f"ordercore {__version__}\n", "")


def test_orders_come_by_the_time_of_placing(run, url):
    status, out, err = run("orders", "--store", url)
    assert (status, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["web:1", "web:2"]
    assert "11.90 EUR" in out
    assert "2026-03-02 09:00" in out
    assert "backordered" in out


def test_a_page_of_orders_says_how_to_get_the_next(run, url):
    _, first, _ = run("orders", "--store", url, "--limit", 1)
    assert "web:1" in first
    assert "web:2" not in first
    assert "--after web:1" in first
    _, second, _ = run("orders", "--store", url, "--limit", 1, "--after", "web:1")
    assert "web:2" in second
    assert "--after" not in second
    _, newest, _ = run("orders", "--store", url, "--limit", 1, "--newest")
    assert "web:2" in newest
    assert "--after web:2" in newest


def test_orders_are_filtered_by_status(run, url):
    assert "web:1" in run("orders", "--store", url, "--status", "confirmed")[1]
    assert run("orders", "--store", url, "--status", "cancelled")[1] == "No orders with status cancelled.\n"


def test_the_store_may_stand_in_the_environment(run, url, monkeypatch):
    monkeypatch.setenv("ORDERCORE_STORE", url)
    assert "web:1" in run("orders")[1]
    assert "Nothing is in quarantine." in run("quarantine")[1]


def test_an_order_shows_every_axis_where_its_units_stand_its_parcels_its_reasons_and_its_story(run, url):
    status, out, _ = run("order", "web:1", "--store", url)
    assert status == 0
    assert re.search(r"^order confirmed   fulfillment \w.*   payment none   returns none$", out, re.MULTILINE)
    assert "2 with the carrier" in out
    assert "1 done" in out
    assert "Post P-1" in out
    assert "nearest (version 1)" in out
    assert "no_stock: 0 there, 2 needed" in out
    assert "parcel P1 shipped from WH1 with Post P-1: 2 TEA" in out
    _, waits, _ = run("order", "web:2", "--store", url)
    assert "8 reserved at WH1, 4 waiting for supply" in waits


def test_stock_shows_places_buckets_lots_and_lines_that_wait(run, url):
    status, out, _ = run("stock", "TEA", "HERB", "KG", "postage", "--store", url)
    assert status == 0
    tea, waiting, herb, kg, postage = out.split("\n\n")
    assert re.search(r"^WH1 +8 +8$", tea, re.MULTILINE)
    assert "8 on hand, 0 free." in tea
    assert "Lines that wait" in waiting
    assert "web:2" in waiting
    assert "L-1, expires 2027-01-31" in herb
    assert "4 on hand, 4 free." in herb
    assert "2.500 on hand, 2.500 free." in kg
    assert "in kg" in kg
    assert "has no stock" in postage


def test_why_shows_each_movement_with_the_balance_after_it(run, url):
    status, out, _ = run("why", "TEA", "WH1", "--store", url)
    assert status == 0
    balances = re.findall(r"(?:available|reserved) +(\d+) +(\d+) ", out)
    assert balances == [("10", "10"), ("10", "8"), ("8", "8"), ("8", "0")]
    _, last, _ = run("why", "TEA", "WH1", "--last", 1, "--store", url)
    assert "3 earlier movements" in last
    assert "web:2" in last
    assert "receipt/" not in last
    assert run("why", "HERB", "WH2", "--store", url)[1] == "HERB never moved at WH2.\n"


def test_why_explains_the_sourcing_of_an_order(run, url):
    status, out, _ = run("why", "web:2", "--store", url)
    assert status == 0
    assert "chosen: 8 for line 1" in out
    assert "4 missing for line 1" in out


def test_verify_counts_what_it_checked(run, url):
    status, out, _ = run("verify", "--store", url)
    assert (status, out.splitlines()[-1]) == (0, "clean")
    assert "orders: 2\nitems: 4\nstock rows that hold units: 3, of lots: 1\n" in out


def test_verify_lists_every_breach_and_fails(run, url):
    with sqlite3.connect(url.removeprefix("sqlite:///")) as file:
        file.execute(
            "update ordercore_position set available = available + 1, reserved = reserved - 1 where reserved > 0"
        )
    status, out, _ = run("verify", "--store", url)
    assert status == 1
    assert "row: TEA at loc/WH1: available: expected 0, found 1" in out
    assert "claims: TEA at loc/WH1: reserved: expected 8, found 7" in out
    assert out.endswith("3 breaches\n")


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (("stock", "TAE"), "not_found", "Did you mean 'TEA'?"),
        (("stock", "tea"), "not_found", "Did you mean 'TEA'?"),
        (("why", "HERBS", "WH1"), "not_found", "Did you mean 'HERB'?"),
        (("why", "TEA", "WH3"), "not_found", "Did you mean 'WH"),
        (("order", "2"), "not_found", "Did you mean 'web:2'?"),
        (("why", "wbe:1"), "not_found", "Did you mean 'web:1'"),
        (("orders", "--after", "web:11"), "not_found", "Did you mean 'web:1'"),
        (("quarantine", "show", "beef"), "not_found", "Nothing is in quarantine."),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest_name(run, url, arguments, code, hint):
    status, out, err = run(*arguments, "--store", url)
    assert (status, out) == (1, "")
    assert f"error [{code}] There is no " in err
    assert f"hint: {hint}" in err
    assert f"see: docs/reference/errors.md#{code}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("ordr",), "'order'"),
        (("quarantine", "lst"), "'list'"),
        (("orders", "--statsu", "placed"), "--status"),
        (("orders", "--status", "shipped"), "'placed', 'confirmed', 'completed', 'cancelled'"),
        (("orders",), "ORDERCORE_STORE"),
        (("orders", "--store", "shop.db"), "Write sqlite:///shop.db"),
        (("orders", "--store", "sqlit:///shop.db"), "'sqlite'"),
        (("quarantine",), "--store"),
        (("quarantine", "list"), "--store"),
        (("stock", "--store", "memory://"), "SKU"),
    ],
)
def test_wrong_usage_exits_with_two_and_says_what_is_right(run, monkeypatch, arguments, told):
    monkeypatch.delenv("ORDERCORE_STORE", raising=False)
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_to_look_into_a_store_that_is_not_there_does_not_make_it(run, tmp_path):
    status, _, err = run("orders", "--store", f"sqlite:///{tmp_path / 'none.db'}")
    assert status == 1
    assert "There is no file" in err
    assert "ordercore import" in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_is_refused_without_a_traceback(run, tmp_path):
    (tmp_path / "notes.db").write_text("these are notes, not a database, and there are a few more of them " * 20)
    status, _, err = run("verify", "--store", f"sqlite:///{tmp_path / 'notes.db'}")
    assert status == 1
    assert err.startswith("error [")
    assert "Traceback" not in err


def test_tables_in_a_pipe_have_no_colour_and_a_hundred_columns(url):
    program = [sys.executable, "-m", "ordercore", "order", "web:1", "--store", url]
    done = subprocess.run(program, capture_output=True, text=True, check=True, env={"PYTHONUTF8": "1"})
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_a_terminal_without_unicode_gets_question_marks_instead_of_an_error(url):
    program = [sys.executable, "-m", "ordercore", "orders", "--store", url]
    done = subprocess.run(
        program, capture_output=True, check=True, env={"PYTHONIOENCODING": "ascii:strict", "PYTHONCOERCECLOCALE": "0"}
    )
    assert b"web:1" in done.stdout


def test_a_reader_that_has_seen_enough_is_no_error(url):
    program = f"{sys.executable} -m ordercore orders --store {url} | true"
    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize(
    ("hidden", "named"), [(("click",), "click"), (("rich",), "rich"), (("click", "rich"), "click and rich")]
)
def test_without_the_extra_it_says_what_to_install(hidden, named):
    program = f"import sys; sys.modules.update(dict.fromkeys({hidden!r})); from ordercore.__main__ import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"needs {named}." in done.stderr
    assert 'pip install "ordercore[cli]"' in done.stderr
