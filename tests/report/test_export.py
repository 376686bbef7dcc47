"""Tables go out as CSV without formulas, Parquet and Arrow; what is a number stays one."""

import csv
from datetime import date
from decimal import Decimal

import duckdb
import nanoarrow
import nanoarrow.ipc
import pytest

from ordercore.report import built_in
from ordercore.report.definition import parsed
from ordercore.report.export import exported

QUERY = """select * from (values ('=HYPERLINK("x")', -5, 1.50::decimal(9, 2), date '2026-03-02', -0.5::double),
('红茶, "green"', 7, 2.25, date '2026-03-03', null)) as t("=name", units, value, day, share)"""


@pytest.fixture
def files(session, tmp_path):
    report = parsed(f"title = 'Mine'\nquery = '''{QUERY}'''\n".encode(), "mine", "mine.toml")
    session.run(report)
    return exported(session, report, tmp_path / "tables")


def test_csv_has_its_formulas_escaped_and_its_numbers_not(files):
    with files[0].open(newline="", encoding="utf-8") as file:
        head, first, second = csv.reader(file)
    assert head == ["'=name", "units", "value", "day", "share"]
    assert first == ['\'=HYPERLINK("x")', "-5", "1.50", "2026-03-02", "-0.5"]
    assert second == ['红茶, "green"', "7", "2.25", "2026-03-03", ""]


def test_parquet_and_arrow_have_the_values_themselves(files):
    expected = [
        ('=HYPERLINK("x")', -5, Decimal("1.50"), date(2026, 3, 2), -0.5),
        ('红茶, "green"', 7, Decimal("2.25"), date(2026, 3, 3), None),
    ]
    assert duckdb.execute("from read_parquet($1)", [str(files[1])]).fetchall() == expected
    with nanoarrow.ipc.InputStream.from_path(str(files[2])) as stream:
        rows = nanoarrow.ArrayStream(stream).read_all().to_pylist()
    assert [tuple(row.values()) for row in rows] == expected


def test_any_library_that_takes_an_arrow_stream_can_take_a_result(session):
    report = built_in()[1]
    rows = session.run(report)
    taken = nanoarrow.ArrayStream(session.result(report)).read_all()
    assert len(taken) == rows.count


def test_every_report_can_be_exported(session, tmp_path):
    for report in built_in():
        rows = session.run(report)
        sheet, *_ = exported(session, report, tmp_path / "tables")
        with sheet.open(newline="", encoding="utf-8") as file:
            assert len(list(csv.reader(file))) == rows.count + 1
