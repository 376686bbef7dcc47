"""How things are written: units, changes, text from outside."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ordercore.cli import show


@given(st.integers(-(10**12), 10**12), st.integers(0, 9))
def test_units_are_written_exactly(quantity, scale):
    assert Decimal(show.units(quantity, scale).replace(",", "")) == Decimal(quantity).scaleb(-scale)


@given(st.integers(-(10**9), 10**9).filter(bool), st.integers(0, 3))
def test_a_change_always_has_its_sign(quantity, scale):
    assert show.signed(quantity, scale)[0] == ("+" if quantity > 0 else "-")


@given(st.text())
def test_text_from_outside_stays_on_one_line_and_moves_no_cursor(text):
    assert show.clean(text).isprintable()


@given(st.text(alphabet="[]/bold red\\:", max_size=30))
def test_text_from_outside_is_never_taken_for_markup(text):
    listing = show.table("text")
    listing.add_row(text)
    console = show.console()
    with console.capture() as printed:
        console.print(listing, width=80)
    assert text.strip() in printed.get()


def test_a_number_column_is_never_broken():
    listing = show.table(">number", "text")
    listing.add_row("1,234,567", "a long text that does not fit beside it")
    console = Console(width=30, file=None)
    with console.capture() as printed:
        console.print(listing)
    assert "1,234,567" in printed.get()
