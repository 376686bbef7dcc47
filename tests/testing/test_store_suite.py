import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import get_args

import pytest

from ordercore.store import Capability
from ordercore.testing import StoreSuite
from ordercore.testing.rules import subject

ROOT = Path(__file__).parents[2]


def test_every_flag_is_a_capability_and_says_what_it_means():
    flags = re.findall(r'^    (\w+): bool = False\n    """.+"""$', inspect.getsource(subject.Subject), re.MULTILINE)
    assert set(flags) == set(get_args(Capability))


def test_a_suite_without_a_factory_says_what_to_override():
    with pytest.raises(NotImplementedError, match="store_factory"):
        StoreSuite.store_factory.__wrapped__(StoreSuite())


def test_the_page_names_each_broken_store_and_the_rules_that_it_fails():
    page = (ROOT / "docs/stores.md").read_text()
    told = re.findall(r"^\| (\S.*\.) \| ((?:S\d+\.\d+(?:, )?)+) \|$", page, re.MULTILINE)
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        suites = importlib.import_module("broken_suites")
    finally:
        sys.path.remove(str(Path(__file__).parent))
    broken = [each for name, each in inspect.getmembers(suites, inspect.isclass) if name.startswith("Test")]
    assert sorted(told) == sorted(
        (
            inspect.getdoc(each.broken).split("\n")[0],
            ", ".join(rule.upper().replace("_", ".") for rule in each.caught_by),
        )
        for each in broken
    )
    assert len(broken) > 30
