"""A report's file that cannot be used says where, what is wrong there, and what was meant."""

from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from ordercore.errors import ConfigurationError, InvalidReport
from ordercore.report import built_in, from_folder
from ordercore.report.definition import FORMATS, merged, parsed

ROOT = Path(__file__).parents[2]
GOOD = 'title = "Customs"\nquery = "select 1 as one"\n'


def wrong(text, name="customs"):
    with pytest.raises(InvalidReport) as refused:
        parsed(text.encode() if isinstance(text, str) else text, name, "mine/customs.toml")
    assert isinstance(refused.value, ConfigurationError)
    assert refused.value.path == "mine/customs.toml"
    return refused.value


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('title = "a"\nquery = "select\n', 2, "not TOML"),
        ('title = "a"\ntitle = "b"\n', 2, "not TOML"),
        ('title = "a"\nqeury = "select 1"\n', 2, "Did you mean 'query'?"),
        ('query = "select 1"\n', 0, "has no title"),
        ('title = "a"\n', 0, "has no query"),
        (GOOD + 'rows = "many"\n', 3, "rows is a whole number"),
        (GOOD + "rows = true\n", 3, "rows is a whole number"),
        (GOOD + "figures = 1\n", 3, "figures is true or false"),
        (GOOD + "\n[columns.one]\nlable = 'One'\n", 5, "Did you mean 'label'?"),
        (GOOD + "[columns.one]\nformat = 'mony'\n", 4, "Did you mean 'money'"),
        (GOOD + "[columns]\none = 'One'\n", 4, "columns.one is a table"),
        (GOOD + "[columns.one]\ndigits = 'two'\n", 4, "columns.one.digits is a whole number"),
        (GOOD + "[chart]\nmark = 'bar'\n[chart.data]\nurl = 'x'\n", 5, "its data is what the query gives"),
    ],
)
def test_a_mistake_is_named_with_its_line(text, line, said):
    error = wrong(text)
    assert error.line == line
    assert said in str(error)
    assert error.message.startswith("mine/customs.toml" + (f", line {line}: " if line else ": "))


def test_a_file_that_is_not_utf_8_says_in_which_line():
    assert wrong(b'title = "a"\nquery = "\xff"\n').line == 2


@pytest.mark.parametrize("name", ["Customs", "1st", "a-b", "", "a" * 49, 'x"; drop'])
def test_a_name_is_one_that_tables_can_have(name):
    assert "lower case" in str(wrong(GOOD, name))


def test_a_folder_gives_its_reports_in_their_order(tmp_path):
    (tmp_path / "zebra.toml").write_text(GOOD + "position = 1\n")
    (tmp_path / "ant.toml").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("no report")
    assert [report.name for report in from_folder(tmp_path)] == ["zebra", "ant"]


def test_a_folder_without_reports_is_a_mistake(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InvalidReport):
            from_folder(folder)


def test_a_later_report_takes_the_place_of_an_earlier_one_of_its_name():
    mine = parsed(GOOD.encode(), "orders", "orders.toml")
    found = {report.name: report for report in merged([built_in(), (mine,)])}
    assert found["orders"] is mine
    assert len(found) == len(built_in())


def test_only_what_is_asked_for_and_a_misspelt_name_has_a_hint():
    assert [report.name for report in merged([built_in()], ["returns", "orders"])] == ["orders", "returns"]
    with pytest.raises(InvalidReport, match="Did you mean 'returns'"):
        merged([built_in()], ["retruns"])


def test_every_report_that_comes_with_ordercore_says_what_its_figures_mean():
    reports = built_in()
    assert len(reports) >= 12
    for report in reports:
        assert report.title
        assert len(report.definition) > 60, report.name
        assert report.finding or report.figures, report.name
        assert all(column.label or column.hidden for column in report.columns.values()), report.name
        assert {column.format for column in report.columns.values()} <= set(FORMATS)


def test_the_wheel_has_every_report_template_and_script():
    packed = {Path(file.distribution_path).name for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    folder = ROOT / "src" / "ordercore" / "report"
    wanted = {path.name for path in folder.rglob("*") if path.suffix in {".toml", ".sql", ".j2", ".css"}}
    assert {"orders.toml", "prepared.sql", "page.html.j2", "style.css"} <= wanted <= packed
