"""ordercore in SQLAlchemy: inside your Session or AsyncSession, beside your tables, among your Alembic revisions."""

from typing import Final

from ordercore_sqlalchemy.dialect import migrations_for
from ordercore_sqlalchemy.tables import create_tables, drop_tables, include_name, include_object, ordercore_metadata

__all__ = [
    "ORDERCORE_API",
    "create_tables",
    "drop_tables",
    "include_name",
    "include_object",
    "migrations_for",
    "ordercore_metadata",
]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""
