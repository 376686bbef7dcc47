"""The fixtures: `ordercore_postgres_address`, `_schema`, `_databases`, `_launch` and `_major`.

Prefixed, as those of ordercore itself, because a host's own fixture would silently replace one of the same name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ordercore_postgres.testing.databases import Databases
    from ordercore_postgres.testing.server import PostgresServer


@pytest.fixture(scope="session")
def ordercore_postgres_major(request: pytest.FixtureRequest) -> int:
    """The major version of the test's server; 0 for one that somebody else runs.

    Set for each test by the plugin; the newest where a fixture asks for it only at run time (`getfixturevalue`).
    """
    from ordercore_postgres.testing.plugin import majors

    asked: int | None = getattr(request, "param", None)
    return majors()[0] if asked is None else asked


@pytest.fixture(scope="session")
def _ordercore_postgres_servers() -> Iterator[dict[int, PostgresServer]]:
    """Started when they are first asked for; one of a version for each process that runs tests.

    A transaction that a test leaves open holds back the followers of a whole server: tests in other processes have their own.
    """
    servers: dict[int, PostgresServer] = {}
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture(scope="session")
def ordercore_postgres_databases(
    ordercore_postgres_major: int, _ordercore_postgres_servers: dict[int, PostgresServer]
) -> Databases:
    """The databases of a server of the test's version, started by itself, or of the one of ORDERCORE_TEST_PG."""
    from ordercore_postgres.testing.binaries import ADDRESS_VARIABLE
    from ordercore_postgres.testing.databases import Databases

    if address := os.environ.get(ADDRESS_VARIABLE):
        return Databases(address)
    if ordercore_postgres_major not in _ordercore_postgres_servers:
        _ordercore_postgres_servers[ordercore_postgres_major] = _started(ordercore_postgres_major)
    return _ordercore_postgres_servers[ordercore_postgres_major].databases


@pytest.fixture
def ordercore_postgres_address(ordercore_postgres_databases: Databases) -> Iterator[str]:
    """The address of an empty database, of this test alone; dropped afterwards."""
    with ordercore_postgres_databases.fresh() as address:
        yield address


@pytest.fixture(scope="module")
def _ordercore_postgres_module_database(ordercore_postgres_databases: Databases) -> Iterator[str]:
    with ordercore_postgres_databases.fresh() as address:
        yield address


@pytest.fixture
def ordercore_postgres_schema(_ordercore_postgres_module_database: str) -> Iterator[str]:
    """The address of an empty schema, first in the search path, in a database of the module: quicker than a database."""
    from ordercore_postgres.testing.databases import Databases

    with Databases(_ordercore_postgres_module_database).fresh_schema() as address:
        yield address


@pytest.fixture
def ordercore_postgres_launch(ordercore_postgres_major: int) -> Iterator[Callable[..., PostgresServer]]:
    """Starts servers of the test's own, to be killed or set up in other ways: any argument of `PostgresServer`."""
    launched: list[PostgresServer] = []

    def launch(**options: Any) -> PostgresServer:
        server = _started(ordercore_postgres_major, **options)
        launched.append(server)
        return server

    yield launch
    for server in launched:
        server.close()


def _started(major: int, **options: Any) -> PostgresServer:
    from ordercore_postgres.testing.binaries import NoPostgres, found_binaries
    from ordercore_postgres.testing.server import PostgresServer

    try:
        found = found_binaries()
        chosen = next((each for each in found if each.major == major), next(iter(found), None))
        return PostgresServer(chosen, **options).start()
    except NoPostgres as error:
        pytest.fail(str(error), pytrace=False)
