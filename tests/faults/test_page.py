"""Every fault has a paragraph, a typed result and tests, and the page that lists them says so truly."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import ordercore.errors
import ordercore.store

ROOT = Path(__file__).parents[2]
FAULTS = (
    "Database down", "Disk full", "Read-only", "Wrong schema version", "Newer event version", "Corrupted row",
    "Clock going backwards", "Two relays on one cursor",
    "A follower that cannot take a record", "A worker killed", "Connection lost at commit", "Transaction-pooling proxy",
    "Statement timeout", "Host rollback", "Nested atomic", "SERIALIZABLE host",
)  # fmt: skip
TEST = re.compile(r"^- `([\w./-]+\.py)::(test_\w+)`$", re.MULTILINE)


def sections():
    found = re.split(r"^## (.+)\n", (ROOT / "docs/faults.md").read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


@cache
def tests_of(path):
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_page_has_every_fault_once():
    assert tuple(sections()) == FAULTS


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_a_paragraph_and_tests_that_are_there(fault):
    text = sections()[fault]
    named = TEST.findall(text)
    assert named
    assert [(path, name) for path, name in named if name not in tests_of(path)] == []
    assert text.count("\n- ") == len(named), "each item of the list is a test"
    prose = text.split("\n- `", maxsplit=1)[0].strip()
    assert len(prose.split()) > 30


@pytest.mark.parametrize(
    "fault",
    sorted(set(FAULTS) - {"Clock going backwards", "Transaction-pooling proxy", "Nested atomic", "A worker killed"}),
)
def test_a_fault_has_a_typed_result(fault):
    """The four left out change no answer: they are about what does not happen."""
    known = {*vars(ordercore.errors), *vars(ordercore.store)}
    told = set(re.findall(r"`([A-Z]\w+)`", sections()[fault]))
    assert told & known
    assert told - known <= {"SERIALIZABLE"}


def test_no_test_of_faults_is_missing_on_the_page():
    told = {name for text in sections().values() for _, name in TEST.findall(text)}
    here = {
        name
        for path in Path(__file__).parent.glob("test_*.py")
        if path.stem not in ("test_page", "test_every_call")
        for name in tests_of(path)
    }
    assert {name for name in here if name.startswith("test_")} - told == set()
