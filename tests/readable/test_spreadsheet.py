"""No cell of text is run by a spreadsheet, and what was guarded comes back as it was."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from ordercore.readable import guarded, unguarded
from ordercore.readable.spreadsheet import FORMULA

BEGINNINGS = st.sampled_from(["", *FORMULA, "'"])
TEXTS = st.builds(str.__add__, BEGINNINGS, st.text())


@given(TEXTS)
def test_no_cell_of_text_begins_as_a_formula_does(text):
    safe = guarded(text)
    assert not safe.startswith(FORMULA)
    assert safe in (text, f"'{text}")
    assert (safe == text) is not text.startswith(FORMULA)


@given(TEXTS.filter(lambda text: not text.startswith("'")))
def test_what_was_guarded_comes_back_as_it_was(text):
    assert unguarded(guarded(text)) == text


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), min_size=1, max_size=3)
    )
)
def test_a_sheet_reads_back_as_it_was_but_for_the_apostrophes(rows):
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows([guarded(cell) for cell in row] for row in rows)
    read = list(csv.reader(io.StringIO(sheet.getvalue(), newline="")))
    assert read == [[guarded(cell) for cell in row] for row in rows]
