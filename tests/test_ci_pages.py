"""The programs that make the pages: pictures in which nothing collides, links that still lead where they led."""

import itertools
import sys
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ordercore.lifecycle import LIFECYCLES, Lifecycle, Transition

CI = Path(__file__).parent.parent / ".ci"
sys.path.insert(0, str(CI))
diagrams = import_module("diagrams")
pages = import_module("pages")
sys.path.remove(str(CI))

SVG = "{http://www.w3.org/2000/svg}"
WIDEST_LETTERS = 0.6  # of the size of the letters: what system fonts take on average, with a reserve

machines = pytest.mark.parametrize("machine", LIFECYCLES, ids=lambda machine: machine.name)


def words(machine):
    return " ".join(text.text for text in ET.fromstring(diagrams.svg(machine)).iter(f"{SVG}text"))


@machines
def test_a_picture_shows_every_state_and_every_command(machine):
    shown = words(machine)
    assert all(state in shown for state in machine.states)
    assert all(row.command in shown for row in machine.transitions)


@machines
def test_cards_lie_below_each_other_and_hold_their_rows(machine):
    cards = list(diagrams.cards(machine))
    for upper, lower in itertools.pairwise(cards):
        assert upper.y + upper.height < lower.y
    for card in cards:
        ends = [row.y + diagrams.LINE * (len(row.lines) - 1) for row in card.rows]
        assert all(card.y + diagrams.HEAD <= row.y for row in card.rows)
        assert all(end < card.y + card.height for end in ends)
        assert all(end < row.y for end, row in zip(ends, card.rows[1:], strict=False))


@machines
def test_no_line_of_text_is_wider_than_its_card(machine):
    for card in diagrams.cards(machine):
        for line in (line for row in card.rows for line in row.lines):
            assert len(line) * 14.5 * WIDEST_LETTERS < diagrams.CARD + diagrams.LANE


@machines
def test_every_state_that_is_reached_has_an_arrow_into_it(machine):
    drawing = ET.fromstring(diagrams.svg(machine))
    reached = {target for row in machine.transitions for target in row.targets if target != row.state}
    tips = [path for path in drawing.iter(f"{SVG}path") if path.get("fill")]
    assert len(tips) == len(reached)


def test_names_with_marks_are_no_markup():
    machine = Lifecycle("a <b>", "x&y", ("x&y", "z"), (Transition("x&y", "Go<", ("z",)),))
    assert "x&y" in words(machine)
    assert "Go<" in words(machine)


def test_a_page_that_is_included_keeps_its_links():
    text = pages.expanded(pages.DOCS / "plugins" / "csv.md")
    assert "](../index.md)" in text  # ../../README.md of its own folder
    assert pages.INCLUDE.search(text) is None


def test_links_to_a_page_that_is_included_elsewhere_lead_there():
    text = pages.expanded(pages.DOCS / "index.md")
    assert "](tutorial.md)" in text
    assert "](changes.md)" in text  # CHANGELOG.md in the README
    assert "](../LICENSE)" in text


def test_the_index_names_every_page_once():
    listed = [page for _, section in pages.sections() for page in section]
    assert len(listed) == len(set(listed))
    contents = pages.with_contents((pages.DOCS / "index.md").read_text())
    assert "*" not in contents
    assert all(str(page.relative_to(pages.DOCS).with_suffix("")) in contents for page in listed[1:])


def test_every_page_has_a_heading_and_a_first_sentence():
    for _, section in pages.sections():
        for page in section:
            title, summary = pages.title_and_summary(page)
            assert title, page
            assert len(summary.split()) > 2, (page, summary)
            assert not summary.startswith(("#", "|", "!")), page


def test_the_full_text_holds_every_page_under_its_path():
    text = pages.llms_full()
    for _, section in pages.sections():
        for page in section:
            assert f"<!-- {page.relative_to(pages.DOCS).as_posix()} -->" in text
    assert "{toctree}" not in text
