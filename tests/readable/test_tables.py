"""One description, three renderings: nothing is lost, nothing from outside does harm, columns stand under each other."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ordercore.readable import Column, Span, Table, columns, spans
from ordercore.readable.html import TONES, html_of
from ordercore.readable.plain import text_of, width_of
from ordercore.readable.terminal import STYLES, group_of

WORDS = st.text(max_size=12)
CELLS = st.one_of(
    WORDS, st.builds(Span, WORDS, st.sampled_from(["", *TONES])), st.tuples(WORDS, st.builds(Span, WORDS))
)


@st.composite
def tables(draw):
    wide = draw(st.integers(1, 4))
    row = st.tuples(*[CELLS] * wide)
    return Table(
        draw(CELLS),
        tuple(Column(draw(WORDS), draw(st.booleans())) for _ in range(wide)),
        tuple(draw(st.lists(row, max_size=4))),
        lead=tuple(draw(st.lists(CELLS, max_size=2))),
        foot=draw(st.one_of(st.just(()), row)),
        notes=tuple(draw(st.lists(CELLS, max_size=2))),
    )


class Reader(HTMLParser):
    """The elements of a page, their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@given(st.lists(tables(), max_size=3))
def test_html_has_only_elements_of_tables_whatever_the_text(found):
    page = Reader(html_of(found))
    assert page.open == []
    assert set(page.tags) <= {
        "div",
        "p",
        "table",
        "caption",
        "strong",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "span",
    }
    assert {name for name, _ in page.attributes} <= {"style", "scope"}
    assert {value for name, value in page.attributes if name == "scope"} <= {"col"}


@given(st.text(alphabet="<>&\"'/ scriptonlad=", max_size=40))
def test_text_from_outside_is_escaped_in_html_and_reads_the_same(text):
    page = html_of(
        [Table(text, columns("a"), ((text,), (Span(text, "bad"),)), lead=(text,), foot=(text,), notes=(text,))]
    )
    assert "".join(Reader(page).texts) == text * 2 + "a" + text * 4


def test_html_asks_for_nothing_from_elsewhere():
    page = html_of([Table("t", columns("a", ">b"), (("1", Span("2", "bad")),), notes=("n",))])
    assert not re.search(r"<script|<link|<style|@import|url\(|src=|href=|https?:", page)


@pytest.mark.parametrize("style", [style for style in TONES.values() if style.startswith("color:")])
def test_tones_read_on_white_and_on_black(style):
    # WCAG 2.2, relative luminance and contrast ratio.
    parts = [int(style[-6:][at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    shine = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert min(1.05 / (shine + 0.05), (shine + 0.05) / 0.05) >= 4.5


@given(st.lists(st.tuples(*[st.text(alphabet="ab 茶杯ア한é́", max_size=8)] * 3), min_size=1, max_size=5))
def test_columns_of_plain_text_are_aligned_with_wide_characters(rows):
    lines = text_of([Table("", columns("one", ">two", "三"), tuple(rows))]).split("\n")
    first, second = (len(part) for part in lines[1].split("  ")[:2])
    for line, (one, two, three) in zip(lines[2:], rows, strict=True):
        right = " " * (second - width_of(two)) + two
        assert line == (one + " " * (first - width_of(one)) + "  " + right + "  " + three).rstrip()


@given(st.text(alphabet="aZ0 茶杯テア한국ｱＡ—", max_size=30))
def test_a_character_is_as_wide_as_terminals_draw_it(text):
    assert width_of(text) == cell_len(text)


@given(tables())
def test_terminal_and_plain_text_say_the_same_words(table):
    console = Console(width=10_000, color_system=None, markup=False, highlight=False)
    with console.capture() as printed:
        console.print(group_of([table]))
    ours, theirs = (re.sub(r"[-─\s]", "", text) for text in (text_of([table]), printed.get()))
    assert ours == theirs


@given(CELLS)
def test_nothing_that_moves_a_cursor_is_left_in_a_cell(cell):
    assert all(span.text.isprintable() for span in spans(cell))


def test_every_tone_has_a_style():
    assert TONES.keys() | {""} == STYLES.keys()


def test_marks_of_headings_say_which_side_and_whether_cells_are_broken():
    assert columns("a", ">b", "=c") == (Column("a"), Column("b", True, True), Column("c", False, True))


def test_a_table_without_columns_is_its_lines():
    assert text_of([Table("title", notes=("note",)), Table("other")]) == "title\nnote\n\nother"


def test_rich_is_not_loaded_before_something_is_shown_by_it():
    program = (
        "import sys; from ordercore import Kernel, PutItem; k = Kernel(); k.handle(PutItem('TEA'));"
        "repr(k.stock('TEA')); str(k.stock('TEA')); k.stock('TEA')._repr_html_(); sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
