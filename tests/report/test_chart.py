"""Charts are checked before they are drawn; Chinese labels have glyphs in pictures."""

import re
from datetime import date, datetime
from decimal import Decimal

import pytest

from ordercore.errors import InvalidReport
from ordercore.report.chart import PALETTE, chart_of, drawn, picture, picture_of, plain, sized, width_of
from ordercore.report.definition import MOST_ROWS, built_in, parsed
from ordercore.report.fonts import FAMILY, uncovered
from ordercore.report.session import Rows

ROWS = Rows(("item", "units"), (("TEA", 3), ("CUP", 5)), 2)
BEGIN = 'title = "Mine"\nquery = "select 1"\n[chart]\n'
BAR = BEGIN + 'mark = "bar"\n[chart.encoding]\n'
X = 'x = { field = "units", type = "quantitative" }\n'


def chart(text, rows=ROWS):
    return chart_of(parsed(text.encode(), "mine", "mine.toml"), rows)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (BAR + 'x = { field = "untis", type = "quantitative" }\n', 6, "Did you mean 'units'?"),
        (BAR + 'x = { field = "price", type = "quantitative" }\n', 6, "The query gives item, units."),
        (BAR + X + '[[chart.transform]]\nfold = ["units", "skus"]\n', 8, "'skus'"),
        (BAR + 'x = { field = "units", type = "quantitive" }\n', 6, "Did you mean 'quantitative'"),
        (BAR + 'x = { feild = "units", type = "quantitative" }\n', 6, "Did you mean 'field'?"),
        (BEGIN + 'mark = "bra"\n', 4, "Did you mean 'bar'"),
        (BEGIN + 'mark = "bar"\nencodng = 1\n', 3, "Did you mean 'encoding'"),
        (BEGIN + "[chart.encoding]\n" + X, 3, "'mark' is a required property"),
    ],
)
def test_a_mistake_in_a_chart_is_named_with_its_line(text, line, said):
    with pytest.raises(InvalidReport) as refused:
        chart(text)
    assert said in str(refused.value)
    assert refused.value.line == line


@pytest.mark.parametrize(
    "part",
    [
        'mark = "image"\n[chart.encoding]\nurl = { value = "http://example.com/x.png" }\n',
        'mark = { type = "image", url = "file:///etc/passwd" }\n',
        'mark = "bar"\n[chart.encoding]\nhref = { field = "item", type = "nominal" }\n',
        'mark = "bar"\n[[chart.transform]]\nlookup = "item"\nfrom = { key = "a", data = { url = "http://example.com/x" } }\n',
    ],
)
def test_a_chart_takes_nothing_from_outside(part):
    with pytest.raises(InvalidReport, match="nothing from outside"):
        chart(BEGIN + part)


COUNTS = BAR + 'y = { field = "item", type = "nominal" }\n' + X.replace(" }", ", axis = { tickMinStep = 1 } }")


@pytest.mark.parametrize(
    ("units", "labels"), [((1, 1), ["0", "1"]), ((2, 1), ["0", "1", "2"]), ((0.5, 1.5), ["0.0", "0.5", "1.0", "1.5"])]
)
def test_an_axis_of_counts_has_whole_numbers_alone(units, labels):
    rows = Rows(("item", "units"), tuple((f"item {n}", one) for n, one in enumerate(units)), len(units))
    svg = drawn(sized(chart(COUNTS, rows), 500), "counts").svg
    assert re.findall(r">(\d+(?:\.\d+)?)</text>", svg) == labels


def test_an_axis_of_counts_is_whole_if_a_transform_makes_it():
    text = BEGIN + 'mark = "bar"\ntransform = [{ fold = ["units"], as = ["what", "number"] }]\n[chart.encoding]\n'
    text += X.replace("units", "number").replace(" }", ", axis = { tickMinStep = 1 } }")
    assert "labelExpr" in chart(text)["encoding"]["x"]["axis"]
    halves = Rows(("item", "units"), (("TEA", 0.5),), 1)
    assert "labelExpr" not in chart(text, halves)["encoding"]["x"]["axis"]


@pytest.mark.parametrize(("months", "most"), [(1, 56), (3, 56), (24, 30)])
def test_a_bar_of_a_month_is_no_wider_than_it_needs(months, most):
    (report,) = (one for one in built_in() if one.name == "months")
    columns = ("month", "currency", "orders", "units", "value", "per_order", "return_share")
    rows = tuple((date(2024 + n // 12, n % 12 + 1, 1), "EUR", 1, 1, Decimal(100 + n), 1, 0) for n in range(months))
    svg = drawn(sized(chart_of(report, Rows(columns, rows, months)), 568), "months").svg
    bars = re.findall(r'<path aria-label="[^"]*" [^>]*?aria-roledescription="bar" d="M([\d.]+),[\d.]+h([\d.]+)v', svg)
    assert len(bars) == months
    assert all(0 < float(width) <= most for _, width in bars)


def test_fields_that_a_transform_makes_are_known():
    made = chart(BAR + X + 'y = { field = "double", type = "quantitative" }\n[[chart.transform]]\n'
                 'calculate = "2 * datum.units"\nas = "double"\n')  # fmt: skip
    assert "<svg" in drawn(sized(made, 300), "mine").svg


def test_false_leaves_out_what_null_would_for_toml_has_none():
    made = chart(BAR + X + 'color = { field = "item", type = "nominal", legend = false }\n')
    assert made["encoding"]["color"]["legend"] is None
    assert "role-legend" not in drawn(sized(made, 300), "mine").svg


def test_a_chart_without_rows_is_checked_and_not_drawn():
    assert chart(BAR + X, Rows(("item", "units"), (), 0)) is None
    with pytest.raises(InvalidReport):
        chart(BAR + 'x = { field = "price" }\n', Rows(("item", "units"), (), 0))


def test_more_rows_than_can_be_seen_are_refused():
    with pytest.raises(InvalidReport, match="Aggregate in the query"):
        chart(BAR + X, Rows(("item", "units"), (("TEA", 1),), MOST_ROWS + 1))


def test_a_chart_may_have_the_first_rows_alone():
    many = Rows(("item", "units"), (("TEA", 3), ("CUP", 5)), MOST_ROWS + 1)
    made = chart("chart_rows = 1\n" + BAR + X, many)
    assert made["data"]["values"] == [{"item": "TEA", "units": 3}]


@pytest.mark.parametrize("width", [300, 326, 560, 760])
def test_a_chart_is_about_as_wide_as_its_place(width):
    drawing = drawn(sized(chart(BAR + X + 'y = { field = "item", type = "nominal" }\n'), width), "mine")
    assert abs(drawing.width - width) < 70


def test_ids_of_two_charts_on_a_page_do_not_meet_and_marks_say_what_they_are():
    spec = sized(chart(BAR + X + 'y = { field = "item", type = "nominal" }\n'), 300)
    one, two = drawn(spec, "one").svg, drawn(spec, "two").svg
    assert not set(re.findall(r'id="([^"]+)"', one)) & set(re.findall(r'id="([^"]+)"', two))
    assert re.search(r"<title>[^<]*units: 3", one)


def test_colours_can_be_told_apart_without_seeing_colours():
    """Each neighbour differs in lightness (ITU-R BT.601) or is one of Okabe and Ito's, told apart by design."""
    assert set(PALETTE) <= {
        "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
    }  # fmt: skip
    assert len(set(PALETTE)) == len(PALETTE)


def svg(text, family=FAMILY):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="60" height="40" fill="white"/>'
        f'<text x="5" y="28" font-family="{family}" font-size="24">{text}</text></svg>'
    )


def test_chinese_characters_have_glyphs_of_their_own_in_a_picture():
    """Without a font every character is the same box: two that differ would give the same picture."""
    pictures = {letter: picture_of(svg(letter)) for letter in ("茶", "红", "한", "あ", "\U000f1234")}
    assert len(set(pictures.values())) == 5
    assert picture_of(svg("")) not in pictures.values()
    assert max(len(pictures[letter]) for letter in "茶红") > len(pictures["\U000f1234"]) + 100


def test_labels_of_a_chart_have_them_too():
    def pictured(label):
        rows = Rows(("item", "units"), ((label, 3),), 1)
        return picture(sized(chart(BAR + X + 'y = { field = "item", type = "nominal" }\n', rows), 300))

    assert pictured("红茶") != pictured("绿茶")


def test_scripts_that_no_font_of_ours_has_are_named():
    assert uncovered("Tea 茶 한 あ é Ω Ж 12 €") == ()
    assert uncovered("ชา شاي") == ("Arabic", "Thai")


def test_wide_letters_count_twice():
    assert width_of("tea 茶") == 6


def test_times_are_drawn_in_utc_wherever_the_machine_is():
    made = chart(BAR + 'x = { field = "item", type = "temporal", timeUnit = "yearmonth" }\n')
    assert made["encoding"]["x"] == {
        "field": "item", "type": "temporal", "timeUnit": "utcyearmonth", "scale": {"type": "utc"}
    }  # fmt: skip


def test_values_are_as_a_chart_takes_them():
    assert plain(date(2026, 3, 2)) == "2026-03-02"
    assert plain(datetime.fromisoformat("2026-03-02T09:00")) == "2026-03-02T09:00:00Z"
    assert plain(Decimal("1.50")) == 1.5
    assert plain("x") == "x"
