"""The kit is proven on plugins that are wrong: each fails the rules that it names, for the reason that it names."""

import fcntl
import importlib
import inspect
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

HERE = Path(__file__).parent
UNAFFECTED = {
    "broken_suites": "s10_3",
    "broken_channels": "c6_7",
    "broken_strategies": "p3_7",
    "broken_carriers": "k1_1",
    "broken_notifiers": "n4_1",
    "broken_suppliers": "u6_1",
}
"""Modules of broken plugins, and a rule of theirs that no defect touches: a broken plugin is no heap of rubble."""
WHOLE = ("broken_channels", "broken_strategies", "broken_carriers", "broken_notifiers", "broken_suppliers")
"""Modules whose suites run whole, too: what is not named to fail must pass. Stores are raced, which takes too long."""
PROGRAM = """
import sys, pytest

class Quick:
    # The same examples each time, and none made smaller: that something is found is what counts here.
    def pytest_configure(self):
        from hypothesis import Phase, settings
        settings.register_profile("quick", phases=[Phase.generate], derandomize=True, database=None, deadline=None,
                                  report_multiple_bugs=False)
        settings.load_profile("quick")

sys.exit(pytest.main(sys.argv[1:], plugins=[Quick()]))
"""
ASSERTED = ("failure: AssertionError", "failure: assert", "failure: Failed: DID NOT RAISE")


def load(module):
    sys.path.insert(0, str(HERE))
    try:
        found = importlib.import_module(module)
    finally:
        sys.path.remove(str(HERE))
    return [each for name, each in inspect.getmembers(found, inspect.isclass) if name.startswith("Test")]


SUITES = [(module, each) for module in UNAFFECTED for each in load(module)]
EACH = pytest.mark.parametrize(
    ("module", "suite"), SUITES, ids=[f"{module}-{each.__name__}" for module, each in SUITES]
)


def rule_test(suite, rule):
    (name,) = [name for name in dir(suite) if name.startswith(f"test_{rule}_")]
    return name


def rule_of(name):
    return re.match(r"test_([a-z]\d+_\d+)_", name).group(1)


def named(module):
    """What must fail of each suite of a module, and what must not."""
    return [
        f"{HERE / module}.py::{each.__name__}::{rule_test(each, rule)}"
        for home, each in SUITES
        if home == module
        for rule in (*each.caught_by, UNAFFECTED[module])
    ]


@pytest.fixture(scope="module")
def outcomes_of(tmp_path_factory):
    """(class, rule) -> "passed", "skipped" or the message of its failure; of one run over a module."""

    @cache
    def run(module, *, whole=False):
        # One run for all processes of pytest-xdist: who comes later waits for it.
        shared = tmp_path_factory.getbasetemp()
        shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared
        report = shared / f"broken-{module}-{'whole' if whole else 'named'}.xml"
        # Prepended to the path, the module is found by the racers that are started in other processes.
        options = ["--noconftest", "--import-mode=prepend", "-p", "no:randomly", "-p", "no:cacheprovider", "-q"]
        wanted = [f"{HERE / module}.py"] if whole else named(module)
        with report.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not report.exists():
                done = subprocess.run(
                    [sys.executable, "-c", PROGRAM, *options, f"--junitxml={report}", *wanted],
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=600,
                )
                assert report.exists(), done.stdout + done.stderr
        found = {}
        for case in ET.parse(report).iter("testcase"):
            name = case.get("classname").rpartition(".")[2], rule_of(case.get("name"))
            said = ("skipped" if child.tag == "skipped" else f"{child.tag}: {child.get('message')}" for child in case)
            # What fails twice, in the rule itself and in the look that ends each test, is told twice: the first counts.
            found.setdefault(name, next(said, "passed"))
        return found

    return run


@EACH
def test_a_broken_plugin_is_caught_for_its_reason(outcomes_of, module, suite):
    found = [outcomes_of(module)[suite.__name__, rule] for rule in suite.caught_by]
    assert [outcome for outcome in found if not outcome.startswith(ASSERTED)] == []
    assert re.search(getattr(suite, "says", ""), found[0]), found[0]


@EACH
def test_a_broken_plugin_is_right_otherwise(outcomes_of, module, suite):
    assert outcomes_of(module)[suite.__name__, UNAFFECTED[module]] == "passed"


@pytest.mark.slow
@pytest.mark.parametrize(("module", "suite"), [one for one in SUITES if one[0] in WHOLE], ids=str)
def test_a_broken_plugin_fails_nothing_but_what_it_names(outcomes_of, module, suite):
    outcomes = {rule: said for (cls, rule), said in outcomes_of(module, whole=True).items() if cls == suite.__name__}
    failed = {rule for rule, said in outcomes.items() if said not in ("passed", "skipped")}
    assert failed - set(suite.perhaps) == set(suite.caught_by)


@EACH
def test_a_broken_plugin_says_what_is_wrong_with_it_and_what_catches_it(module, suite):
    assert suite.caught_by
    assert suite.__doc__ != inspect.getdoc(suite.__base__) or suite.broken.__doc__
    assert suite.broken.__doc__
