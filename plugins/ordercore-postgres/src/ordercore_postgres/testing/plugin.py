"""The pytest plugin: pytest loads it wherever this distribution is installed, so it imports nothing heavy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pluggy import HookimplMarker

if TYPE_CHECKING:
    import pytest

hookimpl: Final = HookimplMarker("pytest")

# The fixtures import what they give when a test asks for it.
pytest_plugins: Final = ("ordercore_postgres.testing.fixtures",)

MAJOR: Final = "ordercore_postgres_major"
"""The fixture that everything here comes from; who asks for it, by whatever way, needs PostgreSQL."""


def pytest_configure(config: pytest.Config) -> None:
    """The two marks."""
    config.addinivalue_line("markers", "postgres: needs PostgreSQL; set by itself on tests that ask for its fixtures")
    config.addinivalue_line("markers", "every_postgres: runs on each major version of PostgreSQL that is found")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each version, or for the newest one."""
    if MAJOR in metafunc.fixturenames:
        found = majors()
        chosen = found if metafunc.definition.get_closest_marker("every_postgres") else found[:1]
        # Indirect: one and the same fixture with or without a parameter, so that what stands on it is made anew for another.
        metafunc.parametrize(MAJOR, chosen, ids=lambda major: f"pg{major or ''}", scope="session", indirect=True)


def majors() -> tuple[int, ...]:
    """Newest first; (0,) for a server that somebody else runs, or if there is none: tests fail then, none is left out."""
    from ordercore_postgres.testing.binaries import ADDRESS_VARIABLE, NoPostgres, found_binaries

    if os.environ.get(ADDRESS_VARIABLE):
        return (0,)
    try:
        return tuple(each.major for each in found_binaries()) or (0,)
    except NoPostgres:
        return (0,)


@hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL, before `-m` chooses by marks."""
    for item in items:
        if MAJOR in getattr(item, "fixturenames", ()):
            item.add_marker("postgres")
