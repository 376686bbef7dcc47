"""A kernel that lives through the transactions of a host, with their rollbacks, is as good as a new one."""

from contextlib import closing

from hypothesis import given

from ordercore.testing.hosted import SCENARIOS, Hosted
from ordercore.testing.sqlite_host import SQLiteHost, host_database


@given(SCENARIOS)
def test_what_the_host_took_back_is_forgotten_on_sqlite(tmp_path_factory, scenario):
    path = tmp_path_factory.mktemp("host") / "host.db"
    host_database(path)
    with closing(SQLiteHost(path)) as host, closing(SQLiteHost(path)) as other:
        Hosted(host, other).run(scenario)
