"""What an error says to a machine, and how much it may cost to say what was meant."""

import ast
import pickle
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ordercore import errors
from ordercore.errors import (
    Insufficient,
    InvalidCommand,
    InvalidInput,
    NotFound,
    OrdercoreError,
    Rejected,
    TransitionRefused,
    did_you_mean,
    hinted,
    nearest,
)

ROOT = Path(__file__).parent.parent


def test_problem_details_say_what_happened_where_it_is_documented_and_with_which_facts():
    assert InvalidCommand("No.", hint="Yes.", path="lines", allowed=("a", "b")).as_problem() == {
        "type": "docs/reference/errors.md#invalid_command",
        "title": "invalid_command",
        "status": 422,
        "detail": "No.",
        "hint": "Yes.",
        "path": "lines",
        "allowed": ["a", "b"],
    }


def test_a_field_does_not_take_the_place_of_a_standard_member():
    body = InvalidCommand("No.", type="cart", title="Dr", status="soft", detail="more").as_problem()
    assert (body["type"], body["title"], body["status"], body["detail"]) == (
        "docs/reference/errors.md#invalid_command",
        "invalid_command",
        422,
        "No.",
    )


def test_problem_details_of_a_shortage_name_line_sku_and_units():
    body = Insufficient([("1", "TEA", 3), ("2", "CUP", 1)], found_by="planning").as_problem()
    assert body["shortages"] == [
        {"line": "1", "sku": "TEA", "missing": 3},
        {"line": "2", "sku": "CUP", "missing": 1},
    ]
    assert body["found_by"] == "planning"


@pytest.mark.parametrize(
    "error",
    [
        NotFound.named("item", "TAE", ["TEA"]),
        TransitionRefused.of("cart", "expired", "extend", ()),
        Insufficient([("1", "TEA", 3)], found_by="commit"),
        InvalidInput([("json", "lines[0]", "Not a number.")]),
    ],
    ids=lambda error: error.code,
)
def test_an_error_travels_between_processes_whole(error):
    again: OrdercoreError = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.as_problem()) == (type(error), str(error), error.as_problem())


def test_the_nearest_known_names_are_offered():
    assert did_you_mean("TAE", ["TEA", "CUP"]) == "Did you mean 'TEA'?"
    assert did_you_mean("SKU-04x21", [f"SKU-{n:05d}" for n in range(5000)]).startswith("Did you mean 'SKU-")
    assert did_you_mean("XYZ", ["TEA"]) == ""


def test_a_large_catalog_is_looked_through_quickly():
    names = [f"SKU-{n:05d}" for n in range(10_000)]
    begun = time.process_time()
    assert did_you_mean("SKU-1234", names)
    did_you_mean("9" * 100_000, names)
    assert time.process_time() - begun < 0.1


def printed(error):
    console = Console(width=200, color_system=None, markup=False, highlight=False)
    with console.capture() as out:
        console.print(error, soft_wrap=True)
    return out.get()


def test_words_that_differ_in_case_alone_come_first():
    assert did_you_mean("tea", ["TEA", "Tee"]) == "Did you mean 'TEA'?"


def test_a_short_choice_is_listed_where_nothing_is_near():
    assert nearest("blue", ["soft", "firm"]) == "One of firm, soft."
    assert nearest("sfot", ["soft", "firm"]) == "Did you mean 'soft'?"
    assert nearest("blue", [f"SKU-{n:03d}" for n in range(100)]) == ""


def test_a_terminal_shows_code_message_facts_hint_and_where_to_read_on():
    assert printed(NotFound.named("item", "TAE", ["TEA"])).splitlines() == [
        "error [not_found] There is no item 'TAE'.",
        "  kind=item, name=TAE",
        "  hint: Did you mean 'TEA'?",
        "  see: docs/reference/errors.md#not_found",
    ]


def test_a_terminal_shows_each_problem_of_an_input_on_its_own_line():
    shown = printed(InvalidInput([("missing_field", "lines", "Required."), ("unknown_field", "sku", "No such field.")]))
    assert shown.startswith("error [invalid_input] 2 problems.\n")
    assert "\n  lines: Required.\n  sku: No such field.\n" in shown


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_shown_error_moves_no_cursor_and_takes_nothing_for_markup(text, hint):
    shown = printed(InvalidCommand(f"[bold]{text}", hint=hint, value=text))
    assert all(line.isprintable() for line in shown.split("\n"))
    assert "[bold]" in shown


def test_a_hint_is_given_once_and_stays_when_the_error_travels():
    error = hinted(NotFound.named("item", "TAE"), "Did you mean 'TEA'?")
    assert str(error) == "There is no item 'TAE'. Did you mean 'TEA'?"
    assert hinted(error, "Other.").hint == "Did you mean 'TEA'?"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


CODES = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, OrdercoreError)]


@pytest.mark.parametrize("cls", CODES, ids=lambda cls: cls.code)
def test_every_code_links_to_a_heading_that_is_there(cls):
    error = cls.__new__(cls)
    OrdercoreError.__init__(error, "No.")
    page, anchor = error.doc.split("#")
    headings = [line.removeprefix("## ") for line in (ROOT / page).read_text().splitlines() if line.startswith("## ")]
    assert anchor in headings


def test_an_error_of_a_plugin_links_to_the_class_it_was_made_from():
    class Embargoed(Rejected):
        code = "acme_embargoed"

    assert Embargoed("No.").doc == "docs/reference/errors.md#rejected"
    assert Embargoed("No.").as_problem()["title"] == "acme_embargoed"


RAISED = {cls.__name__: cls for cls in CODES if issubclass(cls, Rejected)}
AREAS = (
    "alerts",
    "catalog",
    "effects",
    "notices",
    "planning",
    "supply",
    "notifiers",
    "order",
    "stock",
    "flows",
    "views",
    "sourcing",
    "supply",
    "intake",
    "values.py",
    "kernel.py",
    "aio.py",
)
OWN_HINT = {"named", "of"}
"""Constructors that make a hint of what they are given."""
PERSONAL = {"customer", "ship_to", "address", "email", "phone", "postal_code", "note", "city"}


SETTLED = {cls.__name__: cls for cls in CODES if issubclass(cls, errors.ConfigurationError | errors.NotSupported)}
"""What a host or the author of a plugin reads: only they can do something about it."""


def made(kinds, folders):
    """Every call that makes one of these errors: (where, class, call)."""
    for path in folders:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call):
                    function = node.func
                    owner = function.value if isinstance(function, ast.Attribute) else function
                    if isinstance(owner, ast.Name) and owner.id in kinds:
                        yield f"{file.relative_to(ROOT)}:{node.lineno}", kinds[owner.id], node


def refusals():
    """Every call that makes a Rejected, in what commands and reads go through."""
    return made(RAISED, [ROOT / "src" / "ordercore" / area for area in AREAS])


def test_there_are_refusals_to_look_at():
    assert len(list(refusals())) > 100


def test_every_refusal_has_a_code_of_its_own():
    assert [where for where, cls, _ in refusals() if cls is Rejected] == []


# What is not there is looked for, once it is refused, by ordercore.wiring.near.
SUGGESTED = {"NotFound(f'{path}: there is no item {sku!r}.', kind='item', name=str(sku)[:64], path=path)"}


def teaches(node):
    by_itself = isinstance(node.func, ast.Attribute) and node.func.attr in OWN_HINT
    return (
        by_itself or any(keyword.arg in ("hint", None) for keyword in node.keywords) or ast.unparse(node) in SUGGESTED
    )


def test_every_refusal_teaches():
    assert [where for where, _, node in refusals() if not teaches(node)] == []


def test_whoever_wires_it_up_is_taught_too():
    folders = [ROOT / "src", *sorted((ROOT / "plugins").glob("*/src"))]
    assert [where for where, _, node in made(SETTLED, folders) if not teaches(node)] == []


def test_no_refusal_quotes_a_person():
    def quoted(node):
        return {
            name
            for part in ast.walk(node)
            if isinstance(part, ast.FormattedValue)
            for inner in ast.walk(part.value)
            for name in [getattr(inner, "attr", getattr(inner, "id", ""))]
        }

    assert [(where, quoted(node) & PERSONAL) for where, _, node in refusals() if quoted(node) & PERSONAL] == []


def test_an_error_without_a_hint_of_its_own_says_what_usually_helps():
    assert "same key" in errors.StoreBusy("Busy.").hint
    assert str(errors.Corrupted("It does not read.")).startswith("It does not read. Restore a backup")
    assert errors.Corrupted("It does not read.", hint="Look at it.").hint == "Look at it."
