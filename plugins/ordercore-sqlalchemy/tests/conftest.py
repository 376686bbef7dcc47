"""Both databases, each test in one of its own."""

import pytest
from sqlalchemy import create_engine


def sqlalchemy_address(address):
    """The address of a PostgreSQL database as SQLAlchemy writes it."""
    return address.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture
def sqlite_address(tmp_path):
    return f"sqlite:///{tmp_path / 'host.db'}"


@pytest.fixture
def postgresql_address(ordercore_postgres_address):
    return sqlalchemy_address(ordercore_postgres_address)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request):
    return request.getfixturevalue(f"{request.param}_address")


@pytest.fixture
def engine(address):
    engine = create_engine(address)
    yield engine
    engine.dispose()
