"""What holds for every test: how hard hypothesis tries, and how much CPU time a suite may use."""

import os
import sys
import textwrap
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", max_examples=40, deadline=None, print_blob=True)
settings.register_profile("ci", max_examples=100, deadline=None, print_blob=True, derandomize=True, database=None)
settings.register_profile(
    "nightly", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
settings.load_profile(PROFILE)

# A suite is a folder of tests: `tests` itself, a folder in it, or the tests of a plugin. The
# budgets are generous: to exceed one is not noise but a test that became slow (mark it `slow`).
BUDGET_CPU_SECONDS = {
    "plugins/ordercore-postgres/tests": 150,  # the whole contract, on two versions, both sorts of driver
    "tests": 120,  # every block of every page, some of them on a server
    "tests/cli": 60,
    "tests/codec": 60,
    "tests/examples": 60,  # servers, a notebook, databases
    "tests/faults": 60,  # servers that are killed
    "tests/properties": 90,
    "tests/report": 240,  # of which half are the real order lines, where they are
    "tests/scaffold": 60,  # each kind of plugin is made and runs its whole suite
    "tests/sourcing": 60,
    "tests/testing": 120,  # forty stores that are wrong, some of which only several processes find out
    "(servers)": 240,  # those of PostgreSQL that many tests share; a child's time counts when it ends
    "(servers, slow tests too)": 3_600,
}
BUDGET_OF_OTHERS = 30
SERVERS, SERVERS_OF_ALL = "(servers)", "(servers, slow tests too)"
HANDED_OVER = "ordercore_cpu_seconds"
DEAR_SECONDS = 10

# Begun first, so that at the end of a parallel run no process is still at a long test while the others have nothing.
LONGEST_FIRST = (
    "tests/properties/test_shop.py",
    "tests/report/test_books.py",
    "tests/scaffold/test_scaffold.py",
    "tests/test_examples.py",
    "tests/test_benchmarks.py",
)

MOST_WORKERS = 12
"""Of pytest-xdist: each also starts a PostgreSQL of each version."""


def suite_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).parts
    return "/".join(parts[:3] if parts[0] == "plugins" else parts[:2] if len(parts) > 2 else parts[:1])


def cpu_seconds() -> float:
    """This process and the children that it waited for; other work on the machine does not count."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


class CpuBudget:
    """Sums the CPU time of each suite, prints it, and fails a run that used more than it may.

    With pytest-xdist each worker sums its own tests and hands that over; the run that started them sums all.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.dear: dict[str, float] = {}
        """Single tests that used more than that; told, so that the dear one is found."""
        self.apart = 0.0
        """What ended with the last test, and was not its own."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        before = cpu_seconds() - self.apart
        try:
            return (yield)
        finally:
            if item.get_closest_marker("slow") is None:
                spent = cpu_seconds() - self.apart - before
                self.spent[suite_of(item.path, self.root)] += spent
                if spent > DEAR_SECONDS:
                    self.dear[item.nodeid] = spent

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """After the last test of a process ends what was there for all of them: nobody's test used that time."""
        before = cpu_seconds()
        try:
            return (yield)
        finally:
            if nextitem is None:
                slow = any(each.get_closest_marker("slow") for each in item.session.items)
                self.apart = cpu_seconds() - before
                self.spent[SERVERS_OF_ALL if slow else SERVERS] += self.apart

    def exceeded(self) -> bool:
        # The nightly profile tries so often that no budget holds.
        return PROFILE != "nightly" and any(spent > budget_of(suite) for suite, spent in self.spent.items())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        spent, dear = getattr(node, "workeroutput", {}).get(HANDED_OVER, ({}, {}))
        self.dear |= dear
        for suite, seconds in spent.items():
            self.spent[suite] += seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if (handed_over := getattr(session.config, "workeroutput", None)) is not None:
            handed_over[HANDED_OVER] = (dict(self.spent), self.dear)
        elif exitstatus == pytest.ExitCode.OK and self.exceeded():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("CPU time", sep="-")
        for suite, spent in sorted(self.spent.items()):
            within = spent <= budget_of(suite)
            line = f"suite {suite}: {spent:.1f} s of {budget_of(suite)} s budget"
            terminalreporter.write_line(line if within else f"{line}: TOO MUCH", red=not within)
        for test, spent in sorted(self.dear.items(), key=lambda pair: -pair[1]):
            terminalreporter.write_line(f"test {test}: {spent:.1f} s")


class Figures:
    """Shows at the end what tests measured or counted: `record_property("figures", "...")`."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        reports = [report for each in terminalreporter.stats.values() for report in each if hasattr(report, "when")]
        told = [(report, text) for report in reports for name, text in report.user_properties if name == "figures"]
        if told:
            terminalreporter.section("Figures", sep="-")
        # A report of each phase of a test has the same properties.
        for text in sorted({str(text) for _, text in told}):
            terminalreporter.write_line(text)


class Plant:
    """Plugins that a test plants: distributions with an entry point, as pip leaves them, and files in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def distribution(self, name: str, text: str | None, *, version: str = "1.2", entry: str = "") -> None:
        """The module `name` of the distribution `acme-<name>`; without a text there is no module."""
        if text is not None:
            (self.path / f"{name}.py").write_text(textwrap.dedent(text))
        about = self.path / f"acme_{name}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: {version}\n")
        (about / "entry_points.txt").write_text(f"[ordercore]\n{name} = {entry or name}\n")
        sys.modules.pop(name, None)

    def file(self, name: str, text: str, folder: str = "plugins") -> Path:
        """A plugin of one file; the folder that it lies in."""
        (self.path / folder).mkdir(exist_ok=True)
        (self.path / folder / f"{name}.py").write_text(textwrap.dedent(text))
        return self.path / folder


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    monkeypatch.syspath_prepend(tmp_path)
    return Plant(tmp_path)


def budget_of(suite: str) -> int:
    return BUDGET_CPU_SECONDS.get(suite, BUDGET_OF_OTHERS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One for each core that this process may use; by itself pytest-xdist takes two threads of one core for one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    order = {config.rootpath / name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


def pytest_configure(config: pytest.Config) -> None:
    # Tables are as wide as the terminal; what a test sees must not depend on who runs it (pytest-xdist sets it).
    os.environ.pop("COLUMNS", None)
    # Registered by hand: the hooks of a conftest file see only the tests beside it.
    config.pluginmanager.register(CpuBudget(config.rootpath), "ordercore-cpu-budget")
    config.pluginmanager.register(Figures(), "ordercore-figures")
