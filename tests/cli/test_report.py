"""`ordercore report`: where it writes, what it says, and how it refuses."""

import csv

import pytest

from ordercore import Kernel, PutItem
from ordercore.cli.report import report_command


@pytest.fixture
def asked(run, url, tmp_path):
    def call(*more):
        return run("report", "--store", url, "--out", tmp_path / "out", *more)

    return call


def test_it_writes_a_page_and_pictures_and_says_where(asked, tmp_path):
    status, out, err = asked("--only", "orders", "--only", "figures")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "events followed: 13 new, 13 in all",
        f"page: {tmp_path / 'out' / 'report.html'}",
        f"picture: {tmp_path / 'out' / 'report.png'}, and 1 chart in {tmp_path / 'out' / 'charts'}",
    ]
    assert "2 orders with 14 units" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert asked("--only", "orders")[1].startswith("events followed: 0 new, 13 in all")


def test_a_period_and_a_time_zone_can_be_said(asked, tmp_path):
    status, _, _ = asked(
        "--since", "2026-03-02", "--until", "2026-03-02", "--time-zone", "Europe/Rome", "--only", "orders"
    )
    assert status == 0
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "2 March 2026" in page
    assert "Europe/Rome" in page


def test_tables_go_into_a_folder(asked, tmp_path):
    status, out, _ = asked("--only", "top_skus", "--tables", tmp_path / "tables")
    assert status == 0
    assert "tables: 3 files in " in out
    with (tmp_path / "tables" / "top_skus.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["sku"] == "TEA"


def test_reports_of_ones_own_come_from_a_folder(asked, tmp_path):
    (tmp_path / "mine.toml").write_text('title = "Mine"\nquery = "select count(*) as n from orders"\n')
    assert asked("--custom", tmp_path, "--only", "mine")[0] == 0
    assert "Mine" in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("--only", "oders"), 2, "Did you mean 'orders'"),
        (("--since", "yesterday"), 2, "--since"),
        (("--since", "2030-01-01"), 2, "There are facts from 2026-03-02"),
        (("--time-zone", "Rome"), 2, "is not an IANA time zone"),
        (("--custom", "."), 2, "has no report"),
    ],
)
def test_what_cannot_be_done_says_why(asked, tmp_path, monkeypatch, arguments, status, told):
    monkeypatch.chdir(tmp_path)
    code, out, err = asked(*arguments)
    assert (code, out) == (status, "")
    assert told in err


def test_facts_of_another_store_are_kept_until_they_are_given_up(asked, run, tmp_path):
    asked("--only", "orders")
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with Kernel.open(other) as kernel:
        kernel.handle(PutItem("TEA"))
    again = ("report", "--store", other, "--out", tmp_path / "out", "--only", "orders")
    status, _, err = run(*again)
    assert status == 2
    assert "another store" in err
    assert "--rebuild" in err
    assert run(*again, "--rebuild")[0] == 0
    assert run(*again, "--facts", tmp_path / "f.duckdb")[0] == 0


def test_a_store_is_only_read(asked, url):
    with Kernel.open(url) as kernel:
        before = kernel.log().cursor
    asked("--only", "orders")
    with Kernel.open(url) as kernel:
        assert kernel.log(before).records == ()


def test_every_option_is_described():
    assert all(option.help for option in report_command.params)
