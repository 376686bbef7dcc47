"""The page needs nothing else, the pictures are pictures, and the same store gives the same bytes."""

import re
import struct
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from ordercore import Kernel, Line, PlaceOrder, PutItem
from ordercore.errors import InvalidReport
from ordercore.hooks import hookimpl
from ordercore.report import built_in, write_report

from .conftest import trade

CHARTS = {report.name for report in built_in() if report.chart is not None}


def size_of(path):
    """Width and height of a PNG."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


class Parts(HTMLParser):
    """Tags with their attributes, tables by section, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.words, self.void = [], [], [], {"meta", "link", "br", "img", "input"}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The report of that shop, written once for all tests that look at it."""
    kernel, folder = Kernel(), tmp_path_factory.mktemp("report")
    trade(kernel)
    return write_report(kernel, folder / "out", tables=folder / "tables")


def test_the_page_takes_nothing_from_elsewhere(written):
    text = written.page.read_text("utf-8")
    page = Parts(text)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "img", "object", "embed", "image"}
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "data"):
            assert attributes.get(name, "#").startswith("#"), (tag, attributes)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_links_lead_to_sections_and_ids_are_there_once(written):
    page = Parts(written.page.read_text("utf-8"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["href"][1:] for tag, attributes in page.tags if tag == "a"} <= set(ids)


def test_every_report_is_on_the_page_with_its_definition(written):
    text = " ".join(" ".join(Parts(written.page.read_text("utf-8")).words).split())
    for report in built_in():
        assert report.figures or report.title in text
        assert " ".join(report.definition.split()) in text
    assert "红茶 Tea" in text
    assert "太小 too small" in text
    assert "Every SKU on hand was ordered within the last 90 days." in text  # an empty report says so


def test_numbers_have_separators_and_stand_at_the_right(written):
    text = written.page.read_text("utf-8")
    assert re.search(r'<td class="number">4,000</td>', text)  # yen have no decimal digits
    assert re.search(r'<td class="number">138\.90</td>', text)


def test_there_is_a_picture_of_the_whole_and_one_of_each_chart(written):
    width, height = size_of(written.picture)
    assert width == 1920
    assert height > 2_000
    assert {path.stem for path in written.charts} == CHARTS - {"alerts", "dead_skus"}  # nothing to draw there
    for path in written.charts:
        wide, high = size_of(path)
        assert 1_300 < wide < 1_800, path.name
        assert high > 150, path.name


def test_the_same_store_gives_the_same_bytes(shop, written, tmp_path):
    again = write_report(shop, tmp_path / "again", tables=tmp_path / "tables_again")
    for one, other in zip(
        (written.page, written.picture, *written.charts, *written.tables),
        (again.page, again.picture, *again.charts, *again.tables), strict=True,
    ):  # fmt: skip
        assert one.read_bytes() == other.read_bytes(), one.name


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_wherever_the_machine_is(tmp_path, zone):
    program = (
        "import sys; from pathlib import Path; from ordercore import Kernel; from ordercore.report import write_report\n"
        "with Kernel.open(sys.argv[1]) as kernel:\n    write_report(kernel, Path(sys.argv[2]), only=['orders', 'months'])"
    )
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with Kernel.open(url) as kernel:
        trade(kernel)
        here = write_report(kernel, tmp_path / "here", only=["orders", "months"])
    run = [sys.executable, "-c", program, url, str(tmp_path / "there")]
    subprocess.run(run, check=True, env={"TZ": zone, "PATH": "/usr/bin:/bin"})
    assert (tmp_path / "there" / "report.html").read_bytes() == here.page.read_bytes()


def test_an_empty_store_gives_a_page_that_says_so(tmp_path):
    written = write_report(Kernel(), tmp_path)
    assert "No order was placed in the period." in written.page.read_text("utf-8")
    assert written.charts == ()
    assert size_of(written.picture)[0] == 1920


def test_what_stands_in_the_data_is_never_markup(tmp_path):
    kernel = Kernel()
    kernel.handle(PutItem("A&B", "<script>alert(1)</script>\"'&amp;"))
    kernel.handle(PlaceOrder("web", "1", "EUR", [Line("A&B", 1, "3.50")], shortage="backorder"))
    written = write_report(kernel, tmp_path)
    page = Parts(written.page.read_text("utf-8"))
    assert not {tag for tag, _ in page.tags} & {"script", "b"}
    assert page.open == []


def test_a_report_of_ones_own_is_shown_and_exported_like_the_others(shop, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "countries.toml").write_text(
        'title = "Orders by channel"\nquery = "select channel, count(*) as orders from orders group by channel"\n'
        'finding = "select concat(channel, \' leads\') from result"\n[columns.orders]\nlabel = "Placed"\n'
        'format = "count"\n[chart]\nmark = "bar"\n[chart.encoding]\ny = { field = "channel", type = "nominal" }\n'
        'x = { field = "orders", type = "quantitative" }\n'
    )
    written = write_report(shop, tmp_path, custom=[folder], only=["countries"], tables=tmp_path / "tables")
    assert "web leads" in written.page.read_text("utf-8")
    assert [path.name for path in written.charts] == ["countries.png"]
    assert (tmp_path / "tables" / "countries.csv").read_text() == "channel,orders\nweb,3\n"


def test_a_plugin_brings_its_reports_with_it(tmp_path):
    class Plugin:
        @hookimpl
        def ordercore_register_reports(self):
            return [tmp_path / "brought"]

    (tmp_path / "brought").mkdir()
    (tmp_path / "brought" / "channels.toml").write_text('title = "Brought"\nquery = "select 1 as one"\n')
    written = write_report(Kernel(plugins=[Plugin()]), tmp_path)
    assert "Brought" in written.page.read_text("utf-8")


def test_a_column_that_the_query_does_not_give_is_named(shop, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "one.toml").write_text('title = "a"\nquery = "select 1 as one"\n[columns.two]\nlabel = "Two"\n')
    with pytest.raises(InvalidReport, match="two is described"):
        write_report(shop, tmp_path, custom=[folder])


@pytest.mark.parametrize("package", ["duckdb", "altair", "vl_convert", "jinja2", "nanoarrow", "noto_cjk_sans_otc"])
def test_without_its_extra_a_report_says_what_to_install(package):
    program = f"import sys\nsys.modules[{package!r}] = None\nimport ordercore.report"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "MissingExtra" in done.stderr
    assert 'pip install "ordercore[report]"' in done.stderr
