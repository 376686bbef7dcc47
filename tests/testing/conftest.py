"""Running a suite on plugins that are wrong on purpose, in a pytest of its own."""

import importlib
import inspect
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest


def load_suites(path):
    """The test classes of a module of broken plugins, which lies beside the tests."""
    sys.path.insert(0, str(path.parent))
    try:
        module = importlib.import_module(path.stem)
    finally:
        sys.path.remove(str(path.parent))
    return [each for name, each in inspect.getmembers(module, inspect.isclass) if name.startswith("Test")]


def run_suites(path, report, wanted=()):
    """(class, test) -> "passed", "skipped" or the message of its failure; of one run over all of the module."""
    # Prepended to the path, the module is found by the racers that are started in other processes.
    options = ["--noconftest", "--import-mode=prepend", "-p", "no:randomly", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", *(wanted or [path])],
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


@pytest.fixture(scope="session")
def suites_of():
    return load_suites


@pytest.fixture(scope="session")
def outcomes_of(tmp_path_factory):
    return lambda path, wanted=(): run_suites(path, tmp_path_factory.mktemp("broken") / "report.xml", wanted)
