import pytest
from psycopg.conninfo import conninfo_to_dict

from ordercore_postgres.address import parsed


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql:///shop", {"dbname": "shop"}),
        ("postgresql:///shop?prepare=0", {"dbname": "shop"}),
        ("postgresql:///shop?host=/run/pg&port=5433", {"dbname": "shop", "host": "/run/pg", "port": "5433"}),
        ("postgresql://jo@db/shop", {"user": "jo", "host": "db", "dbname": "shop"}),
        ("postgres://a:1,b:2/shop", {"host": "a,b", "port": "1,2", "dbname": "shop"}),
    ],
)
def test_an_address_means_what_it_means_to_libpq(url, found):
    known = conninfo_to_dict(parsed(url).conninfo)
    assert {name: known.get(name) for name in ("user", "host", "port", "dbname") if name in known} == found


def test_without_a_host_it_is_shown_with_three_slashes():
    assert parsed("postgresql:///shop").shown == "postgresql:///shop"
