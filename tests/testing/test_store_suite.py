import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from ordercore.store import Capability
from ordercore.testing import StoreSuite
from ordercore.testing.rules import subject

PAGE = Path(__file__).parents[2] / "docs" / "stores.md"


def rules_of_the_page():
    return re.findall(r"^- \*\*S(\d+)\.(\d+)\*\* ", PAGE.read_text(), re.MULTILINE)


def rules_of_the_suite():
    names = [name for name, _ in inspect.getmembers(StoreSuite, inspect.isfunction) if name.startswith("test_")]
    return [re.match(r"test_s(\d+)_(\d+)_", name).groups() for name in names]


def test_every_rule_of_the_page_has_one_test_and_every_test_a_rule():
    assert sorted(rules_of_the_suite()) == sorted(rules_of_the_page())
    assert len(set(rules_of_the_page())) == len(rules_of_the_page())


def test_rules_are_numbered_in_the_order_of_the_page_without_gaps():
    rules = [(int(group), int(rule)) for group, rule in rules_of_the_page()]
    groups = [int(number) for number in re.findall(r"^## S(\d+) ", PAGE.read_text(), re.MULTILINE)]
    assert groups == list(range(1, max(groups) + 1))
    assert rules == [
        (group, rule) for group in groups for rule in range(1, sum(each == group for each, _ in rules) + 1)
    ]


def test_every_flag_is_a_capability_and_says_what_it_means():
    flags = re.findall(r'^    (\w+): bool = False\n    """.+"""$', inspect.getsource(subject.Subject), re.MULTILINE)
    assert set(flags) == set(get_args(Capability))


def test_a_suite_without_a_factory_says_what_to_override():
    with pytest.raises(NotImplementedError, match="store_factory"):
        StoreSuite.store_factory.__wrapped__(StoreSuite())
