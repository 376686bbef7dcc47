"""Every suite of the kit and the page that numbers its rules say the same."""

import inspect
import re
from pathlib import Path

import pytest

from ordercore.testing import CarrierSuite, ChannelSuite, NotifierSuite, StoreSuite, StrategySuite, SupplierSuite
from ordercore.testing.suite import Suite

ROOT = Path(__file__).parents[2]
SUITES = {
    "S": StoreSuite,
    "C": ChannelSuite,
    "P": StrategySuite,
    "K": CarrierSuite,
    "N": NotifierSuite,
    "U": SupplierSuite,
}
"""The letter of its rules, and the suite."""

EACH = pytest.mark.parametrize(("letter", "suite"), SUITES.items(), ids=[each.__name__ for each in SUITES.values()])


def rules_of_the_page(letter, suite):
    found = re.findall(rf"^- \*\*{letter}(\d+)\.(\d+)\*\* ", (ROOT / suite.page).read_text(), re.MULTILINE)
    return [(int(group), int(rule)) for group, rule in found]


def rules_of_the_suite(letter, suite):
    names = [name for name, _ in inspect.getmembers(suite, inspect.isfunction) if name.startswith("test_")]
    found = [re.match(rf"test_{letter.lower()}(\d+)_(\d+)_", name).groups() for name in names]
    return [(int(group), int(rule)) for group, rule in found]


@EACH
def test_every_rule_of_the_page_has_one_test_and_every_test_a_rule(letter, suite):
    assert sorted(rules_of_the_suite(letter, suite)) == sorted(rules_of_the_page(letter, suite))
    assert len(set(rules_of_the_page(letter, suite))) == len(rules_of_the_page(letter, suite)) > 0


@EACH
def test_rules_are_numbered_in_the_order_of_the_page_without_gaps(letter, suite):
    rules, page = rules_of_the_page(letter, suite), (ROOT / suite.page).read_text()
    groups = [int(number) for number in re.findall(rf"^##+ {letter}(\d+) ", page, re.MULTILINE)]
    assert groups == list(range(1, max(groups) + 1))
    assert rules == [
        (group, rule) for group in groups for rule in range(1, sum(each == group for each, _ in rules) + 1)
    ]


@EACH
def test_every_flag_is_false_by_default_says_what_it_means_and_stands_on_the_page(letter, suite):
    source = "\n".join(inspect.getsource(each) for each in suite.__mro__ if issubclass(each, Suite))
    flags = re.findall(r'^    (\w+): bool = False\n    """.+', source, re.MULTILINE)
    assert sorted(flags) == sorted(re.findall(r"^    (\w+): bool\b", source, re.MULTILINE))
    page = (ROOT / suite.page).read_text()
    assert [flag for flag in flags if f"`{flag}`" not in page] == []


@EACH
def test_a_suite_says_what_it_tests(letter, suite):
    assert suite.plugin in suite.__name__.lower()
    assert suite.page
