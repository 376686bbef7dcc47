"""The kit is proven on stores that are wrong: each is caught by the rules that it names."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ordercore.testing import StoreSuite

BROKEN = Path(__file__).with_name("broken_suites.py")
UNAFFECTED = "s10_3"  # reading a stream: no defect touches it, so a broken store is not just a heap of rubble


def load():
    sys.path.insert(0, str(BROKEN.parent))
    try:
        module = importlib.import_module(BROKEN.stem)
    finally:
        sys.path.remove(str(BROKEN.parent))
    return [each for name, each in inspect.getmembers(module, inspect.isclass) if name.startswith("Test")]


SUITES = load()


def rule_test(rule):
    (name,) = [name for name in dir(StoreSuite) if name.startswith(f"test_{rule}_")]
    return name


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """(class, test) -> "passed", "skipped" or the message of its failure; of one run over all broken stores."""
    report = tmp_path_factory.mktemp("broken") / "report.xml"
    wanted = [
        f"{BROKEN}::{each.__name__}::{rule_test(rule)}" for each in SUITES for rule in (*each.caught_by, UNAFFECTED)
    ]
    # Prepended to the path, the module is found by the racers that are started in other processes.
    options = ["--noconftest", "--import-mode=prepend", "-p", "no:randomly", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", *wanted],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return {
        (case.get("classname").rpartition(".")[2], case.get("name")): next(
            ("skipped" if child.tag == "skipped" else f"{child.tag}: {child.get('message')}" for child in case),
            "passed",
        )
        for case in ET.parse(report).iter("testcase")
    }


@pytest.mark.parametrize(
    ("suite", "rule"),
    [(each.__name__, rule) for each in SUITES for rule in each.caught_by],
)
def test_a_broken_store_is_caught(outcomes, suite, rule):
    outcome = outcomes[suite, rule_test(rule)]
    assert outcome.startswith(("failure: AssertionError", "failure: assert")), outcome


@pytest.mark.parametrize("suite", [each.__name__ for each in SUITES])
def test_a_broken_store_is_right_otherwise(outcomes, suite):
    assert outcomes[suite, rule_test(UNAFFECTED)] == "passed"


@pytest.mark.parametrize("suite", SUITES, ids=lambda each: each.__name__)
def test_a_broken_store_says_what_is_wrong_with_it_and_what_catches_it(suite):
    assert suite.broken.__doc__
    assert suite.caught_by
