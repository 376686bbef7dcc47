"""The picture of the README: what it shows is what the command prints, and it loads nothing from elsewhere."""

import re
import sys
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ordercore.cli.orders import everything
from ordercore.readable.plain import text_of

ROOT = Path(__file__).parent.parent.parent
PICTURE = ROOT / "docs" / "pictures" / "order.svg"


@pytest.fixture(scope="module")
def pictures():
    sys.path.insert(0, str(ROOT / ".ci"))
    try:
        yield import_module("pictures")
    finally:
        sys.path.remove(str(ROOT / ".ci"))


def test_the_picture_has_every_word_of_the_order(pictures):
    drawn = "".join(ET.parse(PICTURE).getroot().itertext()).replace("\xa0", " ")
    for word in set(re.findall(r"[\w:,.]+", text_of(everything(pictures.shop(), pictures.ORDER)))) - {""}:
        assert word.strip("-") in drawn, word


def test_the_picture_loads_nothing_and_runs_nothing():
    text = PICTURE.read_text()
    assert re.findall(r"https?:[^\"' <]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"@font-face|@import|<script|<image|href|url\((?!#)", text)


def test_the_readme_shows_the_picture_with_words_for_those_who_do_not_see_it():
    assert re.search(r"!\[[^\]]{20,}\]\(docs/pictures/order\.svg\)", (ROOT / "README.md").read_text())
