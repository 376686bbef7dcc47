"""Queries can read the facts and nothing else; what they give, and what they are told when they are wrong."""

from datetime import date, datetime

import pytest

from ordercore import Kernel
from ordercore.errors import ConfigurationError, InvalidReport
from ordercore.report import TABLES, Facts, Session, built_in, follow
from ordercore.report.definition import Definition, parsed

REPORTS = {report.name: report for report in built_in()}


def report(query, finding="", name="mine"):
    source = f'title = "Mine"\nquery = """\n{query}"""\nfinding = """\n{finding}"""\n'
    return parsed(source.encode(), name, f"{name}.toml")


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('{outside}')",
        "select * from read_text('{outside}')",
        "select * from '{outside}'",
        "from glob('{outside}*')",
        "attach '{outside}' as other",
        "copy (select 1) to '{outside}.csv'",
        "set threads = 1",
        "install httpfs",
        "load httpfs",
        "select * from read_csv('https://example.com/x.csv')",
        "delete from orders",
        "drop table facts.main.orders",
        "create table x as select 1",
        "select 1; select 2",
        "select 1; drop table facts.main.orders",
        "pragma database_list",
        "pragma enable_external_access",
        "set lock_configuration = false",
        "reset enable_external_access",
        "call enable_logging()",
        "export database '{outside}'",
        "explain analyze select 1",
        "detach facts",
        "select getenv('HOME')",
        "select * from read_blob('{outside}')",
        "select * from read_parquet('{outside}')",
        "select * from sniff_csv('{outside}')",
        "select * from query('attach ''{outside}'' as other')",
        "select * from query_table('{outside}')",
        "select * from duckdb_secrets()",
        "select * from duckdb_extensions()",
        "select * from sqlite_scan('{outside}', 'x')",
        "select * from enable_logging()",
        "with gone as (delete from waits returning *) select * from gone",
        "with more as (insert into stock select * from stock returning *) select * from more",
        "with more as (update stock set on_hand = 0 returning *) select * from more",
        "select 170141183460469231731687303715884105727 as too_much",
        "",
    ],
)
def test_a_query_can_do_nothing_but_read_the_facts(session, tmp_path, query):
    outside = tmp_path / "outside.txt"
    outside.write_text("what nobody sees")
    before = session.run(report("select * from stock order by all", name="before")).rows
    with pytest.raises(InvalidReport) as refused:
        session.run(report(query.format(outside=outside)))
    assert "nobody sees" not in str(refused.value)
    assert not (tmp_path / "outside.txt.csv").exists()
    assert session.run(report("select count(*) as n from orders", name="after")).rows == ((3,),)
    assert session.run(report("select * from stock order by all", name="still")).rows == before != ()


@pytest.mark.parametrize(
    ("query", "line", "said"),
    [
        ("select order_id,\n  plced_at\nfrom orders", 4, "Did you mean 'placed_at'?"),
        ("select *\n\nfrom ordrs", 5, 'Did you mean "orders"?'),
        ("select count(*\nfrom orders", 3, "syntax error"),
        ("select\n mony(total, currency) from orders", 4, "mony"),
        ("select 'a'::integer", 3, "Could not convert"),
    ],
)
def test_a_mistake_in_a_query_is_named_with_the_line_of_its_file(session, query, line, said):
    with pytest.raises(InvalidReport) as refused:
        session.run(report(query))
    assert (refused.value.path, refused.value.report) == ("mine.toml", "mine")
    assert abs(refused.value.line - line) <= (said == "syntax error")
    assert said in str(refused.value)


def test_a_finding_is_one_text_made_of_the_rows(session):
    mine = report("select 3 as n", "select concat(n, ' things') from result")
    session.run(mine)
    assert session.finding(mine) == "3 things"
    for finding in ("select 1, 2", "select unnest([1, 2])", "select n from results", "drop view result"):
        with pytest.raises(InvalidReport) as refused:
            session.finding(report("select 3 as n", finding))
        assert refused.value.line == 5


def test_without_rows_there_is_nothing_to_find(session):
    mine = report("select 1 as n where false", "select n from result")
    session.run(mine)
    assert session.finding(mine) == ""


def test_sums_of_integers_stay_integers_and_money_is_exact(session):
    rows = session.run(report("select sum(total) as total, major(sum(total), 'EUR') as euros from orders"))
    total, euros = rows.rows[0]
    assert isinstance(total, int)
    assert euros * 100 == total


@pytest.mark.parametrize(("currency", "units"), [("EUR", "123.4500"), ("JPY", "12345.0000"), ("KWD", "12.3450")])
def test_amounts_have_the_digits_of_their_currency(session, currency, units):
    rows = session.run(report(f"select major(12345, '{currency}') as major, amount(12345, '{currency}') as text"))
    assert (str(rows.rows[0][0]), rows.rows[0][1].replace(",", "")) == (units, units[: units.index(".") + 1
            + {"EUR": 2, "JPY": 0, "KWD": 3}[currency]].rstrip("."))  # fmt: skip


def test_the_period_is_all_there_is_unless_it_is_said(facts):
    with Session(facts) as all_of_it:
        assert (all_of_it.period.since, all_of_it.period.until) == (date(2026, 3, 2), date(2026, 3, 8))
        assert all_of_it.period.zone == "UTC"
        assert str(all_of_it.period) == "2 March 2026 to 8 March 2026"
    with Session(facts, since=date(2026, 3, 3), until=date(2026, 3, 3), zone="Asia/Tokyo") as one_day:
        assert one_day.period.start == datetime.fromisoformat("2026-03-02T15:00")
        assert one_day.period.end == datetime.fromisoformat("2026-03-03T15:00")
        assert one_day.run(REPORTS["months"]).column("orders") == [1]
        assert one_day.period.as_of < one_day.period.end


def test_what_happened_after_the_period_is_not_known_in_it(facts):
    with Session(facts, until=date(2026, 3, 4)) as early:
        assert early.duck.execute("select sum(waiting) from waits").fetchall() == [(7,)]
        assert early.run(REPORTS["returns"]).rows == ()
        assert early.duck.execute("select on_hand from stock where sku = 'TEA'").fetchall() == [(6,)]


@pytest.mark.parametrize("zone", ["Europe/Lodnon", "../etc/passwd", "x'; drop table"])
def test_a_time_zone_is_an_iana_name(facts, zone):
    with pytest.raises(ConfigurationError):
        Session(facts, zone=zone)


def test_a_period_without_a_day_says_what_there_is(facts):
    with pytest.raises(InvalidReport, match="2026-03-02 to 2026-03-08"):
        Session(facts, since=date(2026, 4, 1))


def test_an_empty_log_gives_empty_reports(path):
    with Facts(path, TABLES) as empty:
        assert follow(Kernel(), empty) == 0
    with Session(path) as session:
        for one in built_in():
            rows = session.run(one)
            assert one.figures or rows.rows == () or one.name == "returns", one.name


def test_days_are_local_and_months_too(facts):
    with Session(facts, zone="Pacific/Auckland") as session:
        days = session.run(report("select day_of(timestamp '2026-03-02 12:00:00') as day"))
        assert days.rows[0][0] == date(2026, 3, 3)


def test_definitions_made_by_hand_work_as_those_of_files(session):
    rows = session.run(Definition("by_hand", "", "By hand", "select 1 as one"))
    assert (rows.columns, rows.rows, rows.count) == (("one",), ((1,),), 1)
