"""The pytest plugin of ordercore: pytest loads it wherever ordercore is installed, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from pluggy import HookimplMarker

if TYPE_CHECKING:
    import pytest

hookimpl: Final = HookimplMarker("pytest")
"""pytest's own marker, without pytest: this module says what it has, and brings nothing in."""

# pytest imports what is named here by itself; the fixtures there import what they give when a test asks for it.
pytest_plugins: Final = ("ordercore.testing.kernel_fixtures",)

_HELP: Final = "events of each kernel that a failing test shows; 0: none (default: 12)"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--ordercore-history N`, and `ordercore_history = N` in the ini file."""
    parser.getgroup("ordercore").addoption("--ordercore-history", type=int, default=None, metavar="N", help=_HELP)
    parser.addini("ordercore_history", _HELP, default="12")


@hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last events of the kernels of a test that failed."""
    report = yield
    if report.failed and call.when == "call":
        _show_history(item, report)
    return report


def _show_history(item: pytest.Item, report: pytest.TestReport) -> None:
    given = item.config.getoption("--ordercore-history")
    most = given if given is not None else int(item.config.getini("ordercore_history"))
    if most > 0:
        from ordercore.testing.history import sections

        report.sections.extend(sections(getattr(item, "funcargs", {}), most))
